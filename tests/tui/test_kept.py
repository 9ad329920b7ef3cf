"""Widgets that keep their lines: only what has changed is painted again."""

from collections import Counter

from rich.segment import Segment
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from covey_tui.painted import PaintedApp
from covey_tui.widgets.kept import KeptLines


class Numbered(KeptLines, Widget):
    """Four lines, each of which counts how often it was painted."""

    DEFAULT_CSS = "Numbered { height: 4; }"

    def __init__(self) -> None:
        super().__init__()
        self.painted: Counter[int] = Counter()

    def render_line(self, y: int) -> Strip:
        self.painted[y] += 1
        return Strip([Segment(f"line {y}, time {self.painted[y]}")])


class Host(PaintedApp):
    """One such widget above another."""

    def compose(self) -> ComposeResult:
        yield Numbered()
        yield Numbered()

    def lines(self) -> list[str]:
        return ["".join(each.text for each in strip).rstrip() for strip in self.screen._compositor.render_strips()]


class TestKeptLines:
    """A line is painted again when something says that it has changed, and only then."""

    async def test_one_line(self) -> None:
        async with Host().run_test(size=(40, 8)) as pilot:
            first, second = pilot.app.query(Numbered)
            await pilot.pause(0)
            first.painted.clear()
            second.painted.clear()
            first.refresh(Region(0, 2, 40, 1))
            await pilot.pause(0)
            assert isinstance(pilot.app, Host)
            assert pilot.app.lines()[2] == "line 2, time 1"
            assert (first.painted, second.painted) == (Counter({2: 1}), Counter())

    async def test_all_of_them(self) -> None:
        async with Host().run_test(size=(40, 8)) as pilot:
            first, second = pilot.app.query(Numbered)
            await pilot.pause(0)
            first.painted.clear()
            second.painted.clear()
            first.refresh()
            await pilot.pause(0)
            assert isinstance(pilot.app, Host)
            assert pilot.app.lines()[:4] == [f"line {y}, time 1" for y in range(4)]
            assert not second.painted

    async def test_another_width(self) -> None:
        async with Host().run_test(size=(40, 8)) as pilot:
            first = pilot.app.query(Numbered).first()
            await pilot.pause(0)
            first.painted.clear()
            await pilot.resize_terminal(30, 8)
            await pilot.pause(0)
            assert set(first.painted) == set(range(4))

    async def test_another_theme(self) -> None:
        async with Host().run_test(size=(40, 8)) as pilot:
            first = pilot.app.query(Numbered).first()
            await pilot.pause(0)
            first.painted.clear()
            pilot.app.theme = "covey-light"
            await pilot.pause(0)
            await pilot.pause(0)
            assert set(first.painted) == set(range(4))
