"""The log of decisions and new needs: its page, and the screen that begins where one last looked."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, cast

from covey.client.decisions import END, Happening, Line
from covey.client.watching import Watch
from covey.model.control import Action
from covey.model.scope import Project, Scope
from covey_tui.link import Link
from covey_tui.painted import PaintedApp
from covey_tui.screens.decisions import DecisionsScreen
from covey_tui.view.decisions import NEW, page
from covey_tui.view.spans import Role, room
from tests.client.test_decisions import decided
from tests.model.strategies import at
from tests.tui.gallery import MadeUp, settled

if TYPE_CHECKING:
    from covey.store.feed import ChangeFeed
    from covey.store.sqlite import Viewer


def texts(told: Sequence[Happening], seen: int = 0, cells: int = 120) -> list[str]:
    return ["".join(piece.text for piece in line).rstrip() for line in page(told, seen, cells, UTC).lines]


SKIP = Happening(2, at(1), "skip", "ana", "not needed", names=["Ledger"])
CANCEL = Happening(5, at(65), "cancel", "ben", "", names=[f"C{n}" for n in range(7)])
UNDO = Happening(7, at(70), "undo", "ana", "cancel of 7 sessions", names=["Billing"])
FAILED = Happening(9, at(90_000), "failed", None, "too slow", "timeout", names=["Invoice"])
MISSING = Happening(10, at(90_001), "file_missing", None, "docs/tax.md", names=["Tax"])
REFUSED = Happening(12, at(90_002), "retry", "ana", "too late", refused=True, names=["Tax"])
ALL = [SKIP, CANCEL, UNDO, FAILED, MISSING, REFUSED]


class TestPage:
    def test_who_did_what_when_and_why_under_the_days(self) -> None:
        assert texts(ALL) == [
            "Thursday, 01 January 2026",
            "00:00:01  » Ledger                skipped by ana   not needed",
            "00:01:05  ⊘ 7 sessions            cancelled by ben   C0, C1, C2, C3, C4, and 2 more",
            "00:01:10  ○ Billing               cancel of 7 sessions undone by ana",
            "",
            "Friday, 02 January 2026",
            "01:00:00  ✗ Invoice               failed: timeout   too slow",
            "01:00:01  ▲ Tax                   file missing   docs/tax.md",
            "01:00:02  ◆ Tax                   retry by ana refused   too late",
        ]

    def test_it_begins_where_one_last_looked(self) -> None:
        shown = page(ALL, 7, 100, UTC)
        assert NEW in "".join(piece.text for piece in shown.lines[shown.begins])
        assert "Invoice" in "".join(piece.text for piece in shown.lines[shown.begins + 3])

    def test_who_never_looked_begins_at_the_beginning(self) -> None:
        assert page(ALL, 0, 100, UTC).begins == 0
        assert not any(NEW in text for text in texts(ALL))

    def test_where_nothing_is_new_it_begins_at_the_end(self) -> None:
        shown = page(ALL, 12, 100, UTC)
        assert shown.begins == len(shown.lines)

    def test_nothing_yet(self) -> None:
        assert texts([]) == ["Nothing was decided yet, and nothing has needed you."]

    def test_hostile_text_is_made_visible_and_every_line_fits(self) -> None:
        bad = "\x1b[2J\n" + "A" * 500
        told = [
            Happening(1, at(1), "skip", bad, bad, names=[bad]),
            Happening(2, at(2), "failed", None, bad, "crash", names=[bad]),
        ]
        shown = page(told, 1, 60, UTC)
        assert all("\x1b" not in piece.text and "\n" not in piece.text for line in shown.lines for piece in line)
        assert max(map(room, shown.lines)) <= 60

    def test_a_need_stands_out_and_a_decision_does_not(self) -> None:
        lines = page([FAILED, SKIP], 0, 100, UTC).lines
        failed = next(piece for piece in lines[1] if piece.text.startswith("failed"))
        assert (failed.tone.role, failed.tone.bold) == (Role.ERROR, True)


class Log(MadeUp):
    """A way to a log that is made up, in pages of two decisions."""

    def __init__(self, count: int, seen: int = 0) -> None:
        super().__init__()
        self.lines = [line for n in range(count) for line in decided(2 * n + 1, f"C{n}", Action.SKIP, f"d{n}")]
        self.seen = seen
        self.kept: list[int] = []

    async def happenings(self, before: int = END, after: int = 0) -> Sequence[Line]:
        return [line for line in self.lines if after < line.entry.seq < before][-100:]

    async def last_line(self) -> int:
        return self.lines[-1].entry.seq if self.lines else 0

    def last_looked(self) -> int:
        return self.seen

    def looked(self, seq: int) -> None:
        self.kept.append(seq)


class Host(PaintedApp):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self.wall = DecisionsScreen(log, lambda line: None, zone=UTC)

    def on_mount(self) -> None:
        self.push_screen(self.wall)

    def shows(self, text: str) -> bool:
        rows = self.wall._compositor.render_strips()
        return any(text in "".join(piece.text for piece in row) for row in rows)


class TestLink:
    def test_whoever_only_looks_leaves_no_trace(self, tmp_path: Path) -> None:
        link = Link(tmp_path, read_only=True)
        link.watch = Watch(cast("Viewer", Named()), cast("ChangeFeed", None), tmp_path, None)
        link.looked(7)
        assert list(tmp_path.iterdir()) == []
        assert link.last_looked() == 0
        may_write = Link(tmp_path)
        may_write.watch = link.watch
        may_write.looked(7)
        assert (may_write.last_looked(), link.last_looked()) == (7, 7)

    async def test_where_nothing_was_ever_run_there_is_nothing(self, tmp_path: Path) -> None:
        link = Link(tmp_path)
        link.looked(7)
        assert (await link.happenings(), await link.last_line(), link.last_looked()) == ((), 0, 0)
        assert list(tmp_path.iterdir()) == []


class Named:
    """As much of a viewer as tells whose it is."""

    scope = Scope(project=Project(id="p", name="shop", root="/shop", preset="python", config={}), user="ana")


class TestScreen:
    async def test_it_begins_where_one_last_looked_and_keeps_how_far_one_has_read(self) -> None:
        log = Log(300, seen=500)
        app = Host(log)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            assert app.shows(NEW)
            assert app.shows("C250 ")
            assert not app.shows("C249 ")
            await pilot.press("k", "k")
            await settled(pilot)
            assert app.shows("C249 ")
            await pilot.press("escape")
        assert log.kept == [600]

    async def test_older_ones_come_in_above_without_a_jump(self) -> None:
        app = Host(Log(300, seen=599))
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            assert app.shows("C299 ")
            await pilot.press("g")
            await settled(pilot)
            assert app.shows("C250 ")
            await pilot.press("pageup")
            await settled(pilot)
            assert app.shows("C230 ")
            for _ in range(12):
                await pilot.press("g")
                await settled(pilot)
            assert app.shows("C0 ")

    async def test_what_is_decided_while_it_is_open_comes_at_the_end(self) -> None:
        log = Log(3, seen=6)
        app = Host(log)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            log.lines += decided(7, "Late", Action.CANCEL, "late")
            app.wall._go_on()
            await settled(pilot)
            assert app.shows("Late")
            assert app.shows("cancelled by ana")

    async def test_an_empty_log(self) -> None:
        log = Log(0)
        app = Host(log)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            assert app.shows("Nothing was decided yet")
            await pilot.press("q")
        assert log.kept == []
