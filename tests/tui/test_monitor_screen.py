"""The monitor's screen under the hand: every key does what `?` says it does, and nothing else."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from covey.client.beginning import Beginning
from covey.client.requests import Wish
from covey.client.snapshot import EngineState
from covey.model.control import Action
from covey.model.credential import CredentialPause
from covey.model.session import Session
from covey.model.status import FailureCause
from covey_tui.screens.dialog import Dialog
from covey_tui.screens.help import HelpScreen
from covey_tui.screens.intervention import InterventionScreen
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.spans import span
from covey_tui.widgets.detail import Tab
from covey_tui.widgets.lines import Bar
from tests.tui import pictures
from tests.tui.gallery import Gallery, settled

BILLING, CATALOG = "id-run-billing", "id-run-catalog"
INVOICE, PAYMENT, TAX_RULE, LEDGER = (f"id-billing-{name}" for name in ("invoice", "payment", "taxrule", "ledger"))
IMPORT = "id-catalog-importadapter"
TO_PAYMENT, TO_TAX_RULE = ("j",) * 3, ("j",) * 4


class Hand:
    """A person at the screen: presses keys, and sees what there is."""

    def __init__(self, app: Gallery, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def monitor(self) -> MonitorScreen:
        return self.app.monitor

    @property
    def cursor(self) -> str | None:
        return self.monitor.sessions.cursor

    @property
    def rows(self) -> Sequence[str]:
        """The names of the rows that the tree shows."""
        return [self.app.board.session(key).component for key in self.monitor.sessions.rows.ids]

    @property
    def lines(self) -> list[str]:
        """The screen as text, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in line).rstrip() for line in strips]

    @property
    def footer(self) -> str:
        return self.lines[-1].strip()

    @property
    def asked(self) -> list[tuple[tuple[str, ...], Wish]]:
        return self.app.link.asked

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await settled(self.pilot)

    async def write(self, text: str) -> None:
        await self.pilot.press(*("space" if sign == " " else sign for sign in text))
        await settled(self.pilot)

    async def start_on(self, session_id: str) -> None:
        self.monitor.sessions.go_to(session_id)
        await settled(self.pilot)

    def shows(self, *texts: str) -> bool:
        return all(any(text in line for line in self.lines) for text in texts)


@asynccontextmanager
async def hand(
    *keys: str,
    sessions: Callable[[], Iterable[Session]] = pictures.shop,
    size: tuple[int, int] = (100, 30),
    credentials: Iterable[CredentialPause] = (),
    beginning: Beginning | None = None,
) -> AsyncIterator[Hand]:
    """The screen over these sessions, or where nothing was ever run, after some keys; `credentials` are paused."""
    sessions = sessions if beginning is None else tuple
    app = Gallery(pictures.board(sessions(), credentials=credentials), beginning=beginning)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        person = Hand(app, pilot)
        await person.press(*keys)
        yield person


class TestMoving:
    """The cursor goes where it is sent, and the detail with it."""

    async def test_cursor(self) -> None:
        wanted = {
            ("down", "down"): "id-billing-lineitem",
            ("j", "j", "k"): INVOICE,
            ("G",): "id-catalog-legacysync",
            ("end", "home"): BILLING,
            ("G", "g"): BILLING,
            ("pagedown", "pageup"): BILLING,
            ("j", "left"): BILLING,
            ("right",): INVOICE,
            ("n",): TAX_RULE,
            ("n", "n", "n"): IMPORT,
            ("n", "n", "n", "n"): TAX_RULE,
            ("N",): IMPORT,
        }
        found, shown = {}, {}
        async with hand() as person:
            for keys in wanted:
                await person.start_on(BILLING)
                await person.press(*keys)
                found[keys], shown[keys] = person.cursor, person.monitor.detail.session_id
        assert found == shown == wanted

    @pytest.mark.parametrize(("fold", "unfold"), [("space", "space"), ("left", "right")])
    async def test_folding(self, fold: str, unfold: str) -> None:
        async with hand(fold) as person:
            assert person.rows[:2] == ["Billing", "Catalog"]
            await person.press(unfold)
            assert person.rows[:2] == ["Billing", "Invoice"]
            assert person.cursor == BILLING

    async def test_nothing_needs_anybody(self) -> None:
        async with hand("n", sessions=pictures.finished) as person:
            assert "Nothing needs you." in person.footer
            assert person.cursor == BILLING

    async def test_a_click_goes_to_a_row(self) -> None:
        async with hand() as person:
            at = next(y for y, line in enumerate(person.lines) if "Ledger" in line)
            await person.pilot.click(offset=(12, at))
            await settled(person.pilot)
            assert person.cursor == LEDGER

    async def test_t_puts_first_what_needs_somebody(self) -> None:
        async with hand("t") as person:
            assert person.rows[1:3] == ["TaxRule", "Ledger"]
            assert person.shows("needs you first    status")
            await person.press("t")
            assert person.rows[1:3] == ["Invoice", "LineItem"]
            assert person.shows("session            status")


class TestTimes:
    """Times go on once a second, all in the same frame."""

    async def test_a_key_moves_no_time_and_a_second_moves_all(self) -> None:
        async with hand(*TO_PAYMENT) as person:
            assert times_of_payment(person.lines) == ("4m12s", "1m38s", "1m38s")
            person.app.now += timedelta(seconds=7)
            await person.press("k", "j", "2", "1")
            assert times_of_payment(person.lines) == ("4m12s", "1m38s", "1m38s")
            person.monitor.tick()
            await settled(person.pilot)
            assert times_of_payment(person.lines) == ("4m19s", "1m45s", "1m45s")


def times_of_payment(lines: Sequence[str]) -> tuple[str, str, str]:
    """The times of all runs, of the row, and of its detail."""
    (row,) = [line for line in lines if line.startswith("▌●     Payment")]
    return lines[0].split()[-1], row.split()[4], lines[4].split()[-1]


class TestTop:
    """The top follows what happens, not more often than anybody reads it; numbers do not keep a need waiting."""

    async def test_after_many_changes_the_next_one_waits(self) -> None:
        async with hand(size=(160, 40)) as person:
            person.monitor._numbers._shown.extend([time.monotonic() + 1] * 5)
            used = replace(person.app.board.session(INVOICE), usage={"input": 987_654})
            await self.comes_later(person, person.monitor._bars.summary, used)

    async def test_after_many_needs_the_next_one_waits(self) -> None:
        async with hand(size=(160, 40)) as person:
            person.monitor._news._shown.extend([time.monotonic() + 1] * 5)
            failed = replace(person.app.board.session(INVOICE), **pictures.failed(FailureCause.CRASH, "it broke"))
            await self.comes_later(person, person.monitor._bars.alert, failed)

    async def comes_later(self, person: Hand, bar: Bar, session: Session) -> None:
        before = _text(bar)
        person.monitor.changed(person.app.board.infer([session]))
        assert _text(bar) == before
        for _ in range(200):
            if _text(bar) != before:
                return
            await person.pilot.pause(0.05)
        raise AssertionError(before)

    async def test_a_need_does_not_wait(self) -> None:
        async with hand(size=(160, 40)) as person:
            bars = person.monitor._bars
            person.monitor._numbers._shown.extend([time.monotonic() + 3600] * 5)
            failed = replace(person.app.board.session(INVOICE), **pictures.failed(FailureCause.CRASH, "it broke"))
            before = _text(bars.alert)
            person.monitor.changed(person.app.board.infer([failed]))
            assert _text(bars.alert) != before


def _text(bar: Bar) -> str:
    return "".join(bar.render_line(y).text for y in range(bar.size.height))


class TestHeads:
    """The words above the columns are those of the columns that there are."""

    async def test_the_column_of_costs_comes_with_the_first_price(self) -> None:
        async with hand(size=(250, 40)) as person:
            assert not person.shows("cost")
            priced = replace(person.app.board.session(INVOICE), cost_usd=0.5)
            person.monitor.changed(person.app.board.infer([priced]))
            await settled(person.pilot)
            assert person.shows("tokens    cost")


class TestDetail:
    """The tabs by number and by letter; Tab goes to the other pane, Enter into the detail."""

    async def test_tabs(self) -> None:
        wanted = {
            ("2",): Tab.STEPS,
            ("1",): Tab.TRANSCRIPT,
            ("4",): Tab.PROBLEM,
            ("3",): Tab.ARTIFACT,
            ("5",): Tab.STATE,
            ("5", "l"): Tab.TRANSCRIPT,
            ("d",): Tab.ARTIFACT,
        }
        found = {}
        async with hand(*TO_PAYMENT) as person:
            for keys in wanted:
                await person.press(*keys)
                found[keys] = person.monitor.detail.tab
        assert found == wanted

    async def test_d_twice_shows_what_has_changed(self) -> None:
        async with hand("j", "d") as person:
            assert person.shows("What a customer owes.")
            assert person.footer.startswith("d diff   o open file")
            await person.press("d")
            assert not person.shows("What a customer owes.")
            assert person.footer.startswith("d file   o open file")
            await person.press("tab")
            assert person.footer.startswith("Esc tree   1–5 tabs   d file   o open file")

    async def test_the_panes_change_the_focus(self) -> None:
        async with hand(*TO_PAYMENT, "tab") as person:
            assert person.monitor.detail.has_focus_within
            await person.press("tab")
            assert person.monitor.sessions.has_focus
            await person.press("enter")
            assert person.monitor.detail.has_focus_within
            await person.press("escape")
            assert person.monitor.sessions.has_focus

    async def test_the_footer_is_that_of_the_pane_that_has_the_focus(self) -> None:
        async with hand("tab") as person:
            assert person.footer.startswith("Esc tree   1–5 tabs   x cancel…   R retry all 2…   / search")
            await person.press("escape")
            assert person.footer.startswith("x cancel…   R retry all 2…   Space fold")
            await person.pilot.click(offset=(80, 12))
            await settled(person.pilot)
            assert person.footer.startswith("Esc tree")

    async def test_the_keys_work_from_the_detail(self) -> None:
        async with hand(*TO_TAX_RULE, "tab", "r") as person:
            assert [ids for ids, _ in person.asked] == [(TAX_RULE,)]

    async def test_enter_in_a_narrow_screen_gives_it_all_of_it(self) -> None:
        async with hand(*TO_TAX_RULE, "enter", size=(80, 24)) as person:
            assert person.monitor.detail.region.width == 80
            assert not person.monitor.sessions.region.height
            assert person.footer.startswith("Esc tree")
            await person.press("tab")
            assert person.monitor.detail.has_focus_within
            await person.press("escape")
            assert person.monitor.sessions.has_focus
            assert person.monitor.sessions.region.width == 80


class TestNarrowing:
    """`!`, `f` and `/` show fewer rows, and say so above them."""

    async def test_only_problems(self) -> None:
        async with hand("exclamation_mark") as person:
            assert person.rows == ["Billing", "TaxRule", "Ledger", "Catalog", "ImportAdapter"]
            assert person.shows("only problems")
            await person.press("exclamation_mark")
            assert len(person.rows) == 16

    async def test_a_narrow_screen_says_so_as_well(self) -> None:
        async with hand(size=(80, 24)) as person:
            assert not person.shows("session", "status")
            for key, said in (("exclamation_mark", "only problems  5 of 16 shown"), ("t", "needs you first")):
                await person.press(key)
                assert person.shows(said)
                assert person.rows[1] == "TaxRule"
                await person.press(key)
                assert not person.shows(said)

    async def test_one_status_after_the_other_and_round(self) -> None:
        async with hand("f") as person:
            seen = []
            while len(person.rows) < 16:
                seen.append([name for name in person.rows if name not in {"Billing", "Catalog"}])
                await person.press("f")
            assert seen[0] == ["Payment", "PriceList", "Variant"]
            assert ["TaxRule", "ImportAdapter"] in seen
            assert ["Ledger"] in seen
            assert seen[-1] == ["LegacySync"]
            assert len(seen) == 6, "no status that nobody is in"

    async def test_a_search_narrows_as_it_is_typed_and_enter_keeps_it(self) -> None:
        async with hand("slash", "l", "i") as person:
            before = person.rows
            await person.press("n")
            assert (len(before), person.rows) == (4, ["Billing", "LineItem"])
            await person.press("enter")
            assert person.rows == ["Billing", "LineItem"]
            assert person.monitor.sessions.has_focus
            assert person.shows("/lin")
            await person.press("escape")
            assert len(person.rows) == 16

    async def test_while_one_types_the_footer_has_no_other_keys(self) -> None:
        async with hand("slash") as person:
            assert person.lines[-2].strip() == "Enter keep these   Esc show all"
            assert person.lines[-1].strip() == "part of a name"
            await person.press("escape", "tab", "slash")
            assert person.lines[-2].strip() == "Enter find it   Esc leave"
            assert person.lines[-1].strip() == "text to find here"
            await person.press("escape")
            assert person.footer.startswith("Esc tree")

    async def test_the_footer_says_what_esc_does_in_the_detail(self) -> None:
        async with hand("exclamation_mark", "tab") as person:
            assert person.footer.startswith("Esc show all   1–5 tabs")
            await person.press("escape")
            assert len(person.rows) == 16
            assert person.footer.startswith("Esc tree   1–5 tabs")

    async def test_esc_gives_a_search_up(self) -> None:
        async with hand("slash", *"lin", "escape") as person:
            assert len(person.rows) == 16
            assert person.monitor.sessions.has_focus

    async def test_in_a_search_letters_are_letters(self) -> None:
        async with hand(*TO_TAX_RULE, "slash", *"rxsRQq") as person:
            assert person.monitor.looking.filter is not None
            assert person.shows("rxsRQq")
            assert person.asked == []
            assert person.app.screen is person.monitor

    async def test_what_finds_nothing(self) -> None:
        async with hand("slash", *"zzz", "enter") as person:
            assert person.rows == []
            assert person.cursor is None
            await person.press("r", "x", "n", "enter", "escape")
            assert len(person.rows) == 16
            assert person.asked == []

    async def test_n_leaves_a_filter_that_hides_what_needs_somebody(self) -> None:
        async with hand("slash", *"lin", "enter", "n") as person:
            assert person.cursor == TAX_RULE


class TestMarks:
    """`v` marks, `V` marks what is shown; the detail sums them up, and actions are about all of them."""

    async def test_the_detail_sums_them_up(self) -> None:
        async with hand(*TO_TAX_RULE, "v", "j", "v") as person:
            assert list(person.monitor.sessions.marks) == [TAX_RULE, LEDGER]
            assert person.shows("2 marked")
            assert "retry 2" in person.footer
            await person.press("v")
            assert list(person.monitor.sessions.marks) == [TAX_RULE]

    async def test_all_that_the_filter_shows(self) -> None:
        async with hand("exclamation_mark", "V") as person:
            assert set(person.monitor.sessions.marks) == {TAX_RULE, LEDGER, IMPORT}
            assert person.shows("3 marked")

    async def test_its_key_is_named_while_there_is_more_to_mark(self) -> None:
        async with hand("exclamation_mark", "j", "v", size=(160, 40)) as person:
            assert "V mark all 3" in person.footer
            await person.press("V")
            assert "V mark all" not in person.footer
            await person.press("v")
            assert "V mark all 3" in person.footer

    async def test_an_action_on_them_asks_once_and_unmarks(self) -> None:
        async with hand("exclamation_mark", "V", "r") as person:
            assert isinstance(person.app.screen, Dialog)
            assert person.shows("Retry 3 sessions?")
            assert person.asked == []
            await person.press("y")
            assert [(set(ids), wish.action) for ids, wish in person.asked] == [
                ({TAX_RULE, LEDGER, IMPORT}, Action.RETRY)
            ]
            assert person.monitor.sessions.marks == {}
            assert not person.shows("3 marked")

    async def test_an_action_on_them_among_what_needs_you_unmarks_there_as_well(self) -> None:
        async with hand("i", "down", "v", "r") as person:
            assert person.asked == [((IMPORT,), Wish(action=Action.RETRY))]
            assert isinstance(person.app.screen, InterventionScreen)
            assert person.app.screen.marked == frozenset()

    async def test_a_question_that_is_left_keeps_them(self) -> None:
        async with hand("exclamation_mark", "V", "r", "escape") as person:
            assert person.asked == []
            assert set(person.monitor.sessions.marks) == {TAX_RULE, LEDGER, IMPORT}


class TestEscape:
    """One layer at a time, from the innermost; and then nothing, least of all the end."""

    async def test_peels(self) -> None:
        async with hand("exclamation_mark", "n", "enter", "v", size=(80, 24)) as person:
            assert (len(person.monitor.sessions.marks), len(person.rows)) == (1, 5)
            await person.press("escape")
            assert (len(person.monitor.sessions.marks), len(person.rows)) == (0, 5)
            assert person.monitor.detail.has_focus_within
            await person.press("escape")
            assert len(person.rows) == 16
            assert person.monitor.detail.has_focus_within
            await person.press("escape")
            assert person.monitor.sessions.has_focus
            await person.press("escape", "escape", "ctrl+c")
            assert person.app.screen is person.monitor
            assert person.app.return_code is None
            assert person.asked == []


class TestIntervention:
    """`i` shows what needs somebody; Enter there goes to the row, Esc back to where one was."""

    async def test_enter_goes_to_the_row(self) -> None:
        async with hand("i") as person:
            assert isinstance(person.app.screen, InterventionScreen)
            await person.press("G", "enter")
            assert person.app.screen is person.monitor
            assert person.cursor is not None
            assert person.app.board.needs_human(person.cursor)

    async def test_help_is_there_too_and_leads_back(self) -> None:
        async with hand("i", "question_mark") as person:
            assert isinstance(person.app.screen, HelpScreen)
            await person.press("escape")
            assert isinstance(person.app.screen, InterventionScreen)
            assert person.footer.endswith("? help   q leave")

    async def test_esc_leaves_the_cursor_where_it_was(self) -> None:
        async with hand("j", "i", "escape") as person:
            assert person.app.screen is person.monitor
            assert person.cursor == INVOICE

    async def test_an_action_there_is_about_the_group(self) -> None:
        async with hand("i", "r") as person:
            (asked,) = person.asked
            assert (len(asked[0]), asked[1].action) == (1, Action.RETRY)
            assert isinstance(person.app.screen, InterventionScreen)


class TestActing:
    """What can be done is asked for, with a question where something is given up; what cannot says why."""

    async def test_retry_of_what_failed_needs_no_question(self) -> None:
        async with hand(*TO_TAX_RULE, "r") as person:
            assert person.asked == [((TAX_RULE,), Wish(action=Action.RETRY))]
            assert person.footer.startswith("Retried: TaxRule")

    async def test_retry_of_what_is_complete_says_why_not(self) -> None:
        async with hand("j", "r") as person:
            assert person.asked == []
            assert person.footer.startswith("Invoice cannot be retried: it is complete and its file is in order.")
            assert person.footer.endswith("? help   q leave")

    async def test_retry_of_what_runs_asks(self) -> None:
        async with hand(*TO_PAYMENT, "r") as person:
            assert person.shows("Cancel Payment, then retry it?")
            await person.press("enter")
            assert person.asked == []
            await person.press("r", "y")
            assert person.asked == [((PAYMENT,), Wish(action=Action.RETRY))]

    async def test_retry_all_asks_with_the_count(self) -> None:
        async with hand("R") as person:
            assert person.shows("Retry all 2 that failed under Billing?", "Retry 2 sessions")
            await person.press("y")
            assert person.asked == [((TAX_RULE, LEDGER), Wish(action=Action.RETRY))]

    async def test_retry_all_on_a_leaf_is_about_everything(self) -> None:
        async with hand("j", "R") as person:
            assert person.shows("Retry all 3 that failed under shop?")
            await person.press("n")
            assert person.asked == []

    async def test_retry_all_among_what_needs_you_is_about_everything_wherever_the_tree_stands(self) -> None:
        async with hand("i", "R") as person:
            assert person.shows("R retry all 3…", "Retry all 3 that failed under shop?")

    async def test_a_note_goes_along(self) -> None:
        async with hand(*TO_TAX_RULE, "e") as person:
            await person.write("use small")
            await person.press("enter")
            assert person.asked == [((TAX_RULE,), Wish(action=Action.RETRY, note="use small"))]

    async def test_a_skip_has_its_reason(self) -> None:
        async with hand(*TO_TAX_RULE, "s") as person:
            await person.write("next week")
            await person.press("enter")
            assert person.asked == []
            await person.press("enter")
            assert person.asked == [((TAX_RULE,), Wish(action=Action.SKIP, reason="next week"))]

    async def test_a_run_cannot_be_skipped(self) -> None:
        async with hand("s") as person:
            assert "a run's root cannot be skipped; cancel it instead." in person.footer
            assert person.app.screen is person.monitor

    async def test_the_first_answer_to_a_cancel_is_to_keep_running(self) -> None:
        async with hand(*TO_PAYMENT, "x", "enter") as person:
            assert person.asked == []
            assert person.app.screen is person.monitor
            await person.press("x", "y")
            assert person.asked == [((PAYMENT,), Wish(action=Action.CANCEL))]

    async def test_only_what_is_being_cancelled_is_killed(self) -> None:
        async with hand(*TO_PAYMENT, "X") as person:
            assert person.asked == []
            assert "Payment is not being cancelled; cancel it first." in person.footer

    async def test_undo_is_about_the_run_of_the_row_and_asks_nothing(self) -> None:
        async with hand(*TO_TAX_RULE, "z") as person:
            assert person.asked == [((BILLING,), Wish(action=Action.UNDO))]
            assert person.app.screen is person.monitor
            assert person.footer.startswith("Undone:")

    async def test_undo_where_everything_that_needs_somebody_is_listed(self) -> None:
        async with hand("i", "z") as person:
            assert [wish.action for _, wish in person.asked] == [Action.UNDO]
            assert isinstance(person.app.screen, InterventionScreen)

    async def test_stop_asks(self) -> None:
        async with hand("Q", "escape") as person:
            assert person.app.link.stopped == []
            await person.press("Q", "y")
            assert person.app.link.stopped == [BILLING, CATALOG]
            assert person.footer.startswith("Stopped: 2 runs")

    async def test_stop_where_nothing_runs_says_so(self) -> None:
        async with hand("Q", sessions=pictures.finished) as person:
            assert person.app.screen is person.monitor
            assert "No run is at work." in person.footer

    async def test_retry_all_where_nothing_failed_says_so(self) -> None:
        async with hand("R", sessions=pictures.finished) as person:
            assert person.app.screen is person.monitor
            assert "Nothing here has failed or lost its file." in person.footer

    async def test_a_refusal_is_told(self) -> None:
        async with hand(*TO_TAX_RULE) as person:
            person.app.link.refusal = "this monitor only looks; \x1b[31mopen one without --read-only"
            await person.press("r")
            assert person.footer.startswith("this monitor only looks; ␛[31mopen one without --read-only")


class TestPages:
    """Help and the list of commands come and go; leaving ends with 0."""

    @pytest.mark.parametrize("key", ["question_mark", "f1"])
    async def test_help(self, key: str) -> None:
        async with hand(key) as person:
            assert isinstance(person.app.screen, HelpScreen)
            assert person.shows("try again, with a note to the agent")
            await person.press("escape")
            assert person.app.screen is person.monitor

    async def test_y_copies_the_path(self) -> None:
        async with hand("j", "y") as person:
            assert person.app.clipboard == "docs/design/shop/billing/invoice.md"
            assert person.footer.startswith("Copied: docs/design/shop/billing/invoice.md")

    @pytest.mark.parametrize("key", ["q", "ctrl+q"])
    async def test_leaving(self, key: str) -> None:
        async with hand(key) as person:
            await person.pilot.pause(0)
        assert person.app.return_code == 0


class TestSizes:
    """Whatever the terminal is resized to, all parts have their place and the cursor stays in sight."""

    async def test_from_one_to_the_next(self) -> None:
        async with hand("G") as person:
            for columns, lines in [(160, 45), (80, 24), (60, 15), (250, 80), (100, 30)]:
                await person.pilot.resize_terminal(columns, lines)
                await settled(person.pilot)
                assert person.shows("LegacySync", "covey", "? help   q leave"), (columns, lines)
                assert max(len(line) for line in person.lines) <= columns
                assert person.footer.endswith("? help   q leave")
                assert person.cursor == "id-catalog-legacysync"

    async def test_too_small_says_so_and_comes_back(self) -> None:
        async with hand() as person:
            await person.pilot.resize_terminal(40, 8)
            await settled(person.pilot)
            assert person.shows("this is 40×8")
            assert not person.shows("Billing")
            await person.pilot.resize_terminal(100, 30)
            await settled(person.pilot)
            assert person.shows("Billing", "? help   q leave")
            assert not person.shows("this is")


class TestWhyNot:
    """A key that does nothing says why, to the end of the sentence, on every screen."""

    async def test_on_a_small_screen(self) -> None:
        said = "Ledger cannot be cancelled: it is complete, only its file is missing."
        async with hand(size=(80, 24)) as person:
            await person.start_on(LEDGER)
            await person.press("x")
            assert person.footer == said
            await person.press("i")
            person.monitor.say((span(said),))
            await settled(person.pilot)
            assert person.footer == said

    async def test_among_what_needs_you(self) -> None:
        async with hand("i", "down", "x") as person:
            assert person.footer.startswith("ImportAdapter cannot be cancelled: it is failed.")
            assert person.asked == []


class TestFocusInTheDetail:
    """The name's line has the cursor while the detail has the focus, whichever tab it shows."""

    @pytest.mark.parametrize(("size", "name"), [((80, 24), "▌TaxRule"), ((100, 30), "▌ TaxRule")])
    async def test_from_tab_to_tab(self, size: tuple[int, int], name: str) -> None:
        async with hand(*TO_TAX_RULE, "enter", size=size) as person:
            for tab in "1234532154321":
                await person.press(tab)
                assert person.shows(name), tab
            await person.press("escape")
            assert not person.shows(name)


class TestStepsFooter:
    """Enter is named where it unfolds a step, and only there."""

    async def test_in_the_steps_of_a_session_that_has_begun(self) -> None:
        async with hand(*TO_TAX_RULE, "2") as person:
            assert "unfold" not in person.footer
            await person.press("enter")
            assert person.footer.startswith("Esc tree   1–5 tabs   Enter unfold   r retry")
            await person.press("4")
            assert "unfold" not in person.footer


class TestEngine:
    """What can be done with an engine alone is offered while there is one."""

    async def test_slots_are_offered_until_it_goes(self) -> None:
        async with hand() as person:
            assert "+ - slots" in person.footer
            engine = person.app.board.engine
            person.app.board.engine = EngineState()
            person.monitor.engine_changed()
            await settled(person.pilot)
            assert "+ - slots" not in person.footer
            person.app.board.engine = engine
            person.monitor.engine_changed()
            await settled(person.pilot)
            assert "+ - slots" in person.footer


class TestNothingMatches:
    """A search that finds nothing says so, and gives the place back when it is left."""

    async def test_it_says_so_and_the_cursor_comes_back(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            for key in ("j", "j", "j", "slash", *"zzz"):
                await pilot.press(key)
            await settled(pilot)
            tree = app.monitor.sessions
            assert tree.cursor is None
            assert "Nothing matches /zzz.   Esc shows all 16" in tree.render_line(0).text
            await pilot.press("escape")
            await settled(pilot)
            assert tree.cursor == "id-billing-payment"
            assert tree.render_line(len(tree.rows)).text.strip() == ""

    async def test_the_cursor_goes_to_the_next_row_that_is_left(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            for key in ("j", "j", "j", "exclamation_mark"):
                await pilot.press(key)
            await settled(pilot)
            assert app.monitor.sessions.cursor == "id-billing-taxrule"


class TestSearchingTheDetail:
    """`/` searches the pane that has the focus."""

    async def test_the_transcript_is_searched_and_the_tree_stays(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            for key in ("j", "j", "j", "tab", "slash", *"settled", "enter"):
                await pilot.press(key)
            await settled(pilot)
            assert app.monitor.looking.filter is None
            assert app.monitor.detail.has_focus_within
            await pilot.press("slash", *"nowhere", "enter")
            await settled(pilot)
            assert "Nothing here matches nowhere." in app.monitor.query_one("#footer").render_line(0).text


class TestQuickKeys:
    """Keys that come quicker than answers."""

    async def test_the_second_does_not_take_the_first_back(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            app.monitor.sessions.go_to("id-billing-taxrule")
            app.monitor.action_act("session.retry")
            app.monitor.sessions.go_to("id-billing-ledger")
            app.monitor.action_act("session.retry")
            await settled(pilot)
            assert [ids for ids, _ in app.link.asked] == [("id-billing-taxrule",), ("id-billing-ledger",)]

    async def test_a_question_is_asked_once(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            app.monitor.action_act("session.cancel")
            app.monitor.action_act("session.cancel")
            await settled(pilot)
            assert isinstance(app.screen, Dialog)
            await pilot.press("escape")
            await settled(pilot)
            assert app.screen is app.monitor


class TestWordsInTheIntervention:
    """What came of a request is said where it was asked for."""

    async def test_it_is_in_the_footer_of_the_list(self) -> None:
        app = Gallery(pictures.board())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            for key in ("i", "down", "r"):
                await pilot.press(key)
                await settled(pilot)
            assert isinstance(app.screen, InterventionScreen)
            assert "Retried: ImportAdapter" in app.screen.query_one("#footer").render_line(0).text
