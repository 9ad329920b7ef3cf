"""The detail's pane on a screen, over a source that answers when the test lets it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace
from textual.app import ComposeResult
from textual.pilot import Pilot

from covey.client.artifact import Artifact
from covey.model.command import ResultStatus, TranscriptKind
from covey.model.status import Phase, Status
from covey_tui.painted import PaintedApp
from covey_tui.view.board import Board, Change
from covey_tui.view.detail.transcript import CAP
from covey_tui.widgets.detail import DetailPane, Tab
from covey_tui.widgets.detail_contents import LARGE
from tests.tui.detail.source import FakeSource, interaction, payment, row
from tests.tui.pictures import NOW, board, complete, family, running, shop, waiting

PAYMENT, TAX, LEDGER, ROOT = "id-billing-payment", "id-billing-taxrule", "id-billing-ledger", "id-run-billing"
PATH = "docs/design/shop/billing/payment.md"
OUTPUT = TranscriptKind.OUTPUT


class Host(PaintedApp):
    """A screen with nothing but the detail."""

    CSS = "DetailPane { width: 46; }"
    AUTO_FOCUS = None

    def __init__(self, shown: Board, source: FakeSource) -> None:
        super().__init__()
        self.pane = DetailPane(shown, source, NOW)
        self.pane.inset = 2

    def compose(self) -> ComposeResult:
        yield self.pane


class Stage:
    """What a test sees of the screen, and how it waits."""

    def __init__(self, pilot: Pilot[int], pane: DetailPane) -> None:
        self.pilot = pilot
        self.pane = pane

    async def settled(self) -> None:
        await self.pilot.pause(0)
        while not self.pane.is_answered:
            await self.pilot.pause(0)
        await self.pilot.pause(0)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            await self.pilot.pause(0)
        raise AssertionError("it never came to that:\n" + "\n".join(self.screen()))

    async def press(self, *keys: str) -> None:
        self.pane.take_focus()
        await self.pilot.pause(0)
        await self.pilot.press(*keys)
        await self.settled()

    def screen(self) -> list[str]:
        """The lines of the pane as they are painted, without the scrollbar."""
        lines = []
        for y in range(24):
            strip = self.pilot.app.screen._compositor.render_strips()[y]
            lines.append("".join(segment.text for segment in strip)[:45].rstrip())
        return lines


@asynccontextmanager
async def opened(source: FakeSource, key: str = PAYMENT, shown: Board | None = None) -> AsyncIterator[Stage]:
    host = Host(shown or board(), source)
    async with host.run_test(size=(100, 24)) as pilot:
        stage = Stage(pilot, host.pane)
        host.pane.show(key)
        await stage.settled()
        yield stage


@asynccontextmanager
async def opened_while_closed(source: FakeSource, shown: Board | None = None) -> AsyncIterator[Stage]:
    """The stage of a source that does not answer yet."""
    host = Host(shown or board(), source)
    async with host.run_test(size=(100, 24)) as pilot:
        if shown is None:
            host.pane.show(PAYMENT)
        yield Stage(pilot, host.pane)


class TestShowing:
    """A session is shown with the tab that fits it, or the one last chosen."""

    async def test_a_running_session_shows_its_transcript(self) -> None:
        async with opened(FakeSource(payment())) as stage:
            assert stage.pane.tab is Tab.TRANSCRIPT
            screen = stage.screen()
            assert screen[0].split() == ["Payment", "1m38s"]
            assert screen[1] == "  Transcript  Steps  Artifact  Problem  State"
            assert screen[4] == "  I'll read the context's design first, then"
            assert screen[7] == "  › read    docs/design/shop/billing.md"

    async def test_a_failure_shows_its_problem(self) -> None:
        async with opened(FakeSource(), TAX) as stage:
            assert stage.pane.tab is Tab.PROBLEM
            assert stage.screen()[3] == "  ✗ failed: agent"

    async def test_the_chosen_tab_stays(self) -> None:
        async with opened(FakeSource(payment())) as stage:
            stage.pane.choose(5)
            await stage.settled()
            stage.pane.show(TAX)
            await stage.settled()
            assert stage.pane.tab is Tab.STATE
            known, key = (line.split() for line in stage.screen()[3:5])
            assert known[:3] == ["known", "by", "log,"]
            assert key == ["id", TAX]
            stage.pane.choose(1)
            stage.pane.show(ROOT)
            assert stage.pane.tab is Tab.SUMMARY

    async def test_marks_stand_in_for_the_session(self) -> None:
        async with opened(FakeSource()) as stage:
            stage.pane.show(TAX, (TAX, LEDGER))
            await stage.settled()
            screen = stage.screen()
            assert screen[0].split() == ["2", "marked", "3m48s"]
            assert screen[2:4] == ["  TaxRule", "  Ledger"]
            stage.pane.show(TAX)
            await stage.settled()
            assert stage.screen()[3] == "  ✗ failed: agent"

    async def test_nothing(self) -> None:
        async with opened(FakeSource(payment())) as stage:
            stage.pane.show(None)
            await stage.settled()
            assert not any(stage.screen())

    async def test_the_peek_has_one_line_of_head(self) -> None:
        async with opened(FakeSource(), TAX) as stage:
            stage.pane.styles.width = 80
            stage.pane.inset = 1
            stage.pane.compact = True
            await stage.until(
                lambda: (
                    stage.screen()[1:4]
                    == [
                        " ✗ failed: agent",
                        " The agent exited with code 1: no such model.",
                        " Expected  docs/design/shop/billing/tax_rule.",
                    ]
                )
            )
            assert stage.screen()[0].startswith(" TaxRule  attempt 2")

    async def test_the_focus_is_seen_in_the_head(self) -> None:
        async with opened(FakeSource(), TAX) as stage:
            stage.pane.take_focus()
            await stage.settled()
            assert stage.screen()[0].startswith("▌ TaxRule")
            stage.pane.choose(Tab.STEPS)
            await stage.settled()
            assert stage.screen()[0].startswith("▌ TaxRule")
            stage.pilot.app.screen.set_focus(None)
            await stage.settled()
            assert stage.screen()[0].startswith("  TaxRule")


class TestAsking:
    """One question at a time; what comes too late is not shown."""

    async def test_an_answer_for_another_session_is_dropped(self) -> None:
        source = FakeSource(payment())
        source.gate.clear()
        async with opened_while_closed(source) as stage:
            await stage.until(lambda: source.asked["last row"] == 1)
            stage.pane.show("id-catalog-variant")
            await stage.until(lambda: source.asked["last row"] == 2)
            source.gate.set()
            await stage.settled()
            assert stage.screen()[3] == "  Nothing said yet."

    async def test_what_cannot_be_read_is_said(self) -> None:
        source = FakeSource(payment())
        source.broken = True
        async with opened(source) as stage:
            assert stage.screen()[3] == "  This could not be read: the database is"
            source.broken = False
            stage.pane.tick(NOW)
            await stage.settled()
            assert stage.screen()[4].startswith("  I'll read")

    async def test_a_question_during_an_answer_is_asked_once_more(self) -> None:
        source = FakeSource(payment()[:3])
        async with opened(source) as stage:
            source.gate.clear()
            before = source.asked["transcript"]
            for _ in range(5):
                stage.pane.ask()
            await stage.until(lambda: source.asked["transcript"] == before + 1)
            source.rows = payment()
            stage.pane.ask()
            source.gate.set()
            await stage.settled()
            assert any("Validate design" in line for line in stage.screen())


class TestChanges:
    """What is shown follows the board and the time."""

    async def test_the_time_goes_on_and_asks_for_more(self) -> None:
        source = FakeSource(payment()[:3])
        async with opened(source) as stage:
            source.rows = payment()
            stage.pane.tick(NOW + timedelta(seconds=2))
            await stage.settled()
            assert stage.screen()[0].split() == ["Payment", "1m40s"]
            assert any("Validate design" in line for line in stage.screen())

    async def test_a_change_elsewhere_asks_for_nothing(self) -> None:
        source = FakeSource(payment())
        async with opened(source) as stage:
            before = source.asked.total()
            stage.pane.apply(Change(frozenset({TAX})))
            await stage.settled()
            assert source.asked.total() == before

    async def test_another_attempt_begins_anew(self) -> None:
        source = FakeSource([*payment(), row(1, OUTPUT, "again\n", attempt=2)])
        shown = board()
        async with opened(source, shown=shown) as stage:
            rows = [replace(each, attempt=2) if each.id == PAYMENT else each for each in shop()]
            shown.load(rows, {})
            stage.pane.apply(Change(frozenset({PAYMENT})))
            await stage.settled()
            assert stage.screen()[4:6] == ["  again", ""]

    async def test_what_needs_nobody_any_more_shows_its_transcript_unless_the_problem_was_chosen(self) -> None:
        skipped = [replace(each, status=Status.SKIPPED) if each.id == TAX else each for each in shop()]
        for chosen, then in ((None, Tab.TRANSCRIPT), (Tab.PROBLEM, Tab.PROBLEM)):
            shown = board()
            async with opened(FakeSource(), TAX, shown=shown) as stage:
                if chosen is not None:
                    stage.pane.choose(chosen)
                assert stage.pane.tab is Tab.PROBLEM
                shown.load(skipped, {})
                stage.pane.apply(Change(frozenset({TAX})))
                await stage.settled()
                assert stage.pane.tab is then

    async def test_another_attempt_of_what_had_failed_shows_its_transcript(self) -> None:
        shown = board()
        async with opened(FakeSource(), TAX, shown=shown) as stage:
            assert stage.pane.tab is Tab.PROBLEM
            again = running("GenerateComponentDesign") | {"status": Status.ACTIVE, "attempt": 3, "error_message": None}
            shown.load([replace(each, **again) if each.id == TAX else each for each in shop()], {})
            stage.pane.apply(Change(frozenset({TAX})))
            await stage.settled()
            assert stage.pane.tab is Tab.TRANSCRIPT
            assert stage.screen()[3] == "  Nothing said yet."

    async def test_a_queued_session_says_so(self) -> None:
        async with opened(FakeSource(), "id-billing-creditnote") as stage:
            assert stage.screen()[3] == "  Not started yet: it is next."

    async def test_the_tab_stays_under_ones_eyes(self) -> None:
        shown = board()
        async with opened(FakeSource(payment()), shown=shown) as stage:
            rows = [replace(each, phase=Phase.INTERRUPTED) if each.id == PAYMENT else each for each in shop()]
            shown.load(rows, {})
            stage.pane.apply(Change(frozenset({PAYMENT})))
            assert stage.pane.tab is Tab.TRANSCRIPT


def numbered(count: int, begin: int = 1) -> list:
    return [row(n, OUTPUT, f"line {n}\n") for n in range(begin, begin + count)]


class Counting(Board):
    """A board that counts how many sessions were looked at."""

    looks = 0

    def needs_human(self, session_id: str) -> bool:
        self.looks += 1
        return super().needs_human(session_id)


class TestLargeParent:
    """What lies below a parent of many thousands takes longer than a frame to look at."""

    NAMES = tuple(f"Part{number:04}" for number in range(LARGE + 1))

    @pytest.fixture
    def shown(self) -> Counting:
        """A board on which all parts are at work."""
        shown = Counting()
        parts = [(name, 9, running("ValidateDesign")) for name in self.NAMES]
        shown.load(family("Billing", 9, waiting(), parts), ())
        return shown

    async def test_it_is_looked_at_between_frames(self, shown: Counting) -> None:
        async with opened_while_closed(FakeSource(), shown) as stage:
            stage.pane.show(shown.roots()[0])
            assert shown.looks < 3
            assert "Waits for" not in "".join(stage.screen())
            await stage.settled()
            assert shown.looks > LARGE
            screen = stage.screen()
            assert screen[3] == f"  ◌ waiting   0 of {LARGE + 1} complete"
            assert screen[5:7] == ["  Waits for", "  ● Part0000              validate design"]
            assert screen[11] == f"  and {LARGE - 4} more"

    async def test_what_came_right_after_it_was_looked_at_is_looked_at_too(self, shown: Counting) -> None:
        async with opened_while_closed(FakeSource(), shown) as stage:
            stage.pane.show(shown.roots()[0])
            await stage.settled()
            assert "kept" not in "".join(stage.screen())
            kept = [(name, 9, complete(kept=True)) for name in self.NAMES]
            shown.load(list(family("Billing", 9, complete(), kept)), ())
            stage.pane.apply(Change(frozenset(shown.stored)))
            await stage.settled()
            assert stage.screen()[4] == f"  {LARGE + 1} kept, none skipped, no file missing"


class TestFollowing:
    """A transcript follows its end until somebody scrolls up."""

    async def test_it_shows_the_end_as_it_grows(self) -> None:
        source = FakeSource(numbered(100))
        async with opened(source) as stage:
            assert stage.screen()[23] == "  line 100"
            source.rows += numbered(50, 101)
            stage.pane.ask()
            await stage.settled()
            assert stage.screen()[23] == "  line 150"

    async def test_scrolled_up_it_counts_what_comes(self) -> None:
        source = FakeSource(numbered(100))
        async with opened(source) as stage:
            await stage.press("pageup")
            top = stage.screen()[3]
            source.rows += numbered(24, 101)
            stage.pane.ask()
            await stage.settled()
            assert stage.screen()[3] == top
            assert stage.screen()[23] == "  24 new lines   G follow"
            await stage.press("G")
            assert stage.screen()[23] == "  line 124"

    async def test_scrolling_to_the_end_follows_again(self) -> None:
        source = FakeSource(numbered(100))
        async with opened(source) as stage:
            await stage.press("up", "up", "down", "down")
            source.rows += numbered(1, 101)
            stage.pane.ask()
            await stage.settled()
            assert stage.screen()[23] == "  line 101"

    async def test_only_the_last_part_is_asked_for_and_home_brings_the_rest(self) -> None:
        source = FakeSource(numbered(2_000))
        async with opened(source) as stage:
            assert source.asked["transcript"] == 4  # three pages of 200, and one that is empty
            await stage.press("home")
            assert stage.screen()[3:5] == ["  older lines: Home loads them", "  line 1501"]
            await stage.press("home")
            await stage.settled()
            assert "  line 1501" in stage.screen()
            await stage.press("home")
            assert stage.screen()[4] == "  line 1001"

    async def test_far_more_than_is_held(self) -> None:
        source = FakeSource(numbered(10))
        async with opened(source) as stage:
            source.rows += numbered(2 * CAP, 11)
            stage.pane.ask()
            await stage.settled()
            assert stage.screen()[23] == f"  line {2 * CAP + 10}"
            assert len(stage.pane._content.lines) == CAP + 1

    async def test_another_width_wraps_anew_and_still_follows(self) -> None:
        source = FakeSource([row(n, OUTPUT, f"{n} " + "word " * 20 + "\n") for n in range(1, 60)])
        async with opened(source) as stage:
            stage.pane.styles.width = 80
            await stage.settled()
            await stage.until(lambda: stage.screen()[23].strip().endswith("word"))
            assert len(stage.pane._content.lines) == 59 * 2 + 1


class TestSteps:
    """A cursor goes over the interactions; Enter unfolds."""

    async def test_unfolding(self) -> None:
        source = FakeSource()
        source.steps = [
            interaction("a", "Initialize", ResultStatus.OK, took=0),
            interaction("b", "GenerateComponentDesign", ResultStatus.ERROR, error_message="no such model", code=1),
        ]
        async with opened(source) as stage:
            stage.pane.choose(2)
            await stage.settled()
            await stage.press("enter")
            assert stage.screen()[5].startswith("▌ ✗ Generate design   41s")
            assert stage.screen()[6:9] == ["    command       agent", "    exit code     1", "    no such model"]
            await stage.press("up", "down", "enter")
            assert stage.screen()[6] == ""


class TestArtifact:
    """The file, and its difference."""

    async def test_a_document_and_its_diff(self) -> None:
        source = FakeSource()
        source.files[PATH] = Artifact(
            PATH, present=True, text="# Payment\n\nTakes *money*.\n", size=20, modified_at=NOW
        )
        source.diffs[PATH] = "@@ -1 +1 @@\n-old\n+new"
        async with opened(source) as stage:
            stage.pane.toggle_diff()
            await stage.settled()
            assert stage.pane.tab is Tab.ARTIFACT
            assert stage.screen()[5:8] == ["  Payment", "", "  Takes money."]
            stage.pane.toggle_diff()
            await stage.settled()
            assert stage.screen()[5:8] == ["  @@ -1 +1 @@", "  -old", "  +new"]
            stage.pane.toggle_diff()
            await stage.settled()
            assert stage.screen()[5] == "  Payment"

    async def test_a_file_that_is_not_there(self) -> None:
        async with opened(FakeSource()) as stage:
            stage.pane.choose(3)
            await stage.settled()
            assert stage.screen()[3] == "  Not written yet:"

    async def test_a_root_has_none(self) -> None:
        async with opened(FakeSource(), ROOT) as stage:
            stage.pane.choose(3)
            await stage.settled()
            assert stage.screen()[3] == "  This session has no file of its own."


class TestSearch:
    """A search goes to the next line that has the text, and round the end."""

    async def test_in_a_transcript(self) -> None:
        source = FakeSource(numbered(300))
        async with opened(source) as stage:
            assert stage.pane.search("LINE 12")
            await stage.settled()
            assert "  line 12" in stage.screen()
            assert stage.pane.search("line 12")
            await stage.settled()
            assert "  line 120" in stage.screen()
            assert not stage.pane.search("no such line")
            assert not stage.pane.search("")
