"""Widgets that keep their lines: only what has changed is painted again."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pyte
import pytest
from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from covey_tui.painted import PaintedApp
from covey_tui.view.spans import span
from covey_tui.widgets.kept import KeptLines, PromptScreen
from covey_tui.widgets.lines import Lines


class Numbered(KeptLines, Widget):
    """Four lines, each of which counts how often it was painted."""

    DEFAULT_CSS = "Numbered { height: 4; }"

    def __init__(self) -> None:
        super().__init__()
        self.painted: Counter[int] = Counter()
        self.is_broken = False

    def render_line(self, y: int) -> Strip:
        if self.is_broken:
            raise ZeroDivisionError
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


class LongHost(PaintedApp):
    """Lines of which few are seen."""

    def compose(self) -> ComposeResult:
        yield Lines()


class TestKeptScroll:
    """The scrollbar stands where the lines do."""

    async def test_of_lines_that_were_scrolled_before_it_was_shown(self) -> None:
        async with LongHost().run_test(size=(40, 8)) as pilot:
            lines = pilot.app.screen.query_one(Lines)
            await pilot.pause()
            lines.show([(span(f"line {number}"),) for number in range(20)])
            lines.scroll_to(y=12, animate=False, force=True, immediate=True)
            assert not lines.show_vertical_scrollbar
            await pilot.pause()
            assert (lines.scroll_y, lines.vertical_scrollbar.position) == (12, 12)


class Notice(Static):
    """Something that lies over lines."""

    DEFAULT_CSS = "Notice { layer: over; dock: top; offset: 4 1; width: 6; height: 2; }"


class Prompt(PromptScreen, Screen[None]):
    """Two such widgets, and something before the first of them."""

    CSS = "Prompt { layers: under over; } Numbered { layer: under; }"

    def compose(self) -> ComposeResult:
        yield Numbered()
        yield Numbered()
        yield Notice("------\n------")


class PromptHost(PaintedApp):
    """Its screen, and a terminal that reads all that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = pyte.Screen(40, 9)
        self._stream = pyte.Stream(self.terminal)
        self.written: list[str] = []

    def get_default_screen(self) -> Screen[None]:
        return Prompt()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate):
            self.written.append(renderable.render_segments(self.console))
            self._stream.feed(self.written[-1].replace("\n", "\r\n"))

    def composed(self) -> list[str]:
        """The lines as Textual puts them together."""
        return ["".join(each.text for each in strip) for strip in self.screen._compositor.render_strips()]


class Stage:
    """What a test sees of it."""

    def __init__(self, pilot: Pilot[int], app: PromptHost) -> None:
        self.app, self._pilot = app, pilot
        self.first, self.second = app.screen.query(Numbered)

    def rested(self, *, long_ago: bool = True) -> None:
        """The screen was painted last long ago, or just now."""
        assert isinstance(self.app.screen, Prompt)
        self.app.screen._painted_at = 0.0 if long_ago else time.monotonic() + 3600
        self.app.written.clear()
        self.second.painted.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(1_000):
            if condition():
                return
            await self._pilot.pause(0)
        raise AssertionError("it never came to that")


@asynccontextmanager
async def prompt_host() -> AsyncIterator[Stage]:
    app = PromptHost()
    async with app.run_test(size=(40, 9)) as pilot:
        stage = Stage(pilot, app)
        await stage.until(lambda: bool(app.written))
        await pilot.pause()  # whatever a new screen paints twice
        stage.rested()
        yield stage


class TestPromptScreen:
    """Lines are written as soon as what has changed them is done, and as they are where nothing lies over them."""

    async def test_without_waiting_and_nothing_else(self) -> None:
        async with prompt_host() as stage:
            stage.second.refresh(Region(0, 1, 40, 1))
            stage.second.refresh(Region(0, 3, 40, 1))
            await asyncio.sleep(0)
            (written,) = stage.app.written
            assert sorted(part[:3] for part in written.split("\x1b[") if "H" in part[:4]) == ["6;1", "8;1"]
            assert written.count("line") == 2
            assert stage.app.terminal.display == stage.app.composed()
            assert stage.second.painted == Counter({1: 1, 3: 1})

    async def test_what_lies_over_a_line_stays_there(self) -> None:
        async with prompt_host() as stage:
            stage.first.refresh(Region(0, 0, 40, 4))
            await asyncio.sleep(0)
            assert stage.app.terminal.display == stage.app.composed()
            assert [line[:12] for line in stage.app.terminal.display[:4]] == [
                "line 0, time",
                "line------me",
                "line------me",
                "line 3, time",
            ]

    async def test_a_part_of_a_line(self) -> None:
        async with prompt_host() as stage:
            stage.second.refresh(Region(5, 2, 3, 1))
            await asyncio.sleep(0)
            assert len(stage.app.written) == 1
            assert stage.app.written[0].count("\x1b[7;6H") == 1
            assert stage.app.terminal.display == stage.app.composed()

    async def test_with_something_that_is_no_lines(self) -> None:
        async with prompt_host() as stage:
            stage.app.screen.query_one(Notice).update("======")
            stage.second.refresh(Region(0, 0, 40, 1))
            await stage.until(lambda: "line======me" in stage.app.terminal.display[1])
            assert stage.app.terminal.display == stage.app.composed()

    async def test_under_another_screen_nothing_is_painted(self) -> None:
        async with prompt_host() as stage:
            await stage.app.push_screen(Screen())
            stage.second.painted.clear()
            stage.second.refresh(Region(0, 0, 40, 1))
            await asyncio.sleep(0)
            assert not stage.second.painted

    async def test_what_has_gone_from_its_screen_is_told_in_vain(self) -> None:
        async with prompt_host() as stage:
            over = Prompt()
            await stage.app.push_screen(over)
            (first, _) = over.query(Numbered)
            await stage.app.pop_screen()
            await stage.second.remove()
            for gone in (first, stage.second):
                gone.painted.clear()
                gone.refresh(Region(0, 0, 40, 1))
            await asyncio.sleep(0)
            assert not first.painted + stage.second.painted
            assert stage.app.is_running

    async def test_what_was_painted_just_now_waits_for_its_turn(self) -> None:
        async with prompt_host() as stage:
            stage.rested(long_ago=False)
            stage.second.refresh(Region(0, 1, 40, 1))
            await asyncio.sleep(0)
            assert not stage.second.painted
            await stage.until(lambda: bool(stage.app.written))
            assert stage.second.painted == Counter({1: 1})

    async def test_a_part_and_the_whole_are_written_together(self) -> None:
        async with prompt_host() as stage:
            stage.second.refresh(Region(0, 1, 40, 1))
            stage.second.refresh()
            await asyncio.sleep(0)
            assert not stage.app.written
            await stage.until(lambda: bool(stage.app.written))
            assert stage.second.painted == Counter(range(4))
            assert stage.app.terminal.display == stage.app.composed()

    async def test_what_cannot_be_painted_ends_the_app_with_its_reason(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await _break()


async def _break() -> None:
    async with prompt_host() as stage:
        stage.second.is_broken = True
        stage.second.refresh(Region(0, 0, 40, 1))
        await stage.until(lambda: not stage.app.is_running)
