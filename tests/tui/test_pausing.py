"""A paused run on the monitor: what its rows show, what the lines around them say, and what the keys do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from covey.client.requests import Wish
from covey.model import events as e
from covey.model.control import Action
from covey.model.credential import CredentialPause
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.retries import Repeat, retry_digest
from covey.model.session import Session, about
from covey.model.status import FailureCause, Phase, Status
from covey_tui.view.alert import alert
from covey_tui.view.board import Board
from covey_tui.view.detail.summary import summary_lines
from covey_tui.view.dialogs import insist, retry_many
from covey_tui.view.keys import allowed, label_of, pointless, why_not
from covey_tui.view.needs import Needs
from covey_tui.view.notices import Notices
from covey_tui.view.spans import Ground
from covey_tui.view.summary import summary
from covey_tui.view.words import status_word
from tests.tui import pictures
from tests.tui.pictures import NOW, board, budget_spent, complete, failed, family, running, waiting
from tests.tui.reading import text
from tests.tui.test_monitor_screen import BILLING, TO_TAX_RULE
from tests.tui.test_monitor_screen import hand as at_the_screen

DECIDED = {"by": "ana", "decision_id": "d1"}


def at_work(pause: Pause | None = None) -> Board:
    """One run: a session that runs, one between two steps, one that waits, one that is complete."""
    rows = [
        ("Invoice", 64, running("ValidateDesign")),
        ("LineItem", 64, {**running("ValidateDesign"), "pending": None}),
        ("Payment", None, {}),
        ("Ledger", 12, complete()),
    ]
    return board(family("Billing", 252, {**waiting(), "paused": pause}, rows))


def pausing(made: Board, mode: PauseMode = PauseMode.SOFT, kind: PauseKind = PauseKind.HUMAN) -> e.RunPaused:
    root = made.session(made.roots()[0])
    return e.RunPaused(at=NOW, **about(root), kind=kind, mode=mode, cause="six of a kind", **DECIDED)


def resuming(made: Board) -> e.RunResumed:
    return e.RunResumed(at=NOW, **about(made.session(made.roots()[0])), **DECIDED)


def phases(made: Board) -> list[Phase | None]:
    """Those of the root and its children."""
    root = made.roots()[0]
    return [made.session(key).phase for key in (root, *made.children(root))]


SOFT = [Phase.PAUSED, Phase.RUNNING, Phase.RUNNING, Phase.PAUSED, None]
HARD = [Phase.PAUSED, Phase.PAUSING, Phase.PAUSED, Phase.PAUSED, None]


class TestRows:
    """A pause is the root's, and its rows follow."""

    @pytest.mark.parametrize(("mode", "expected"), [(PauseMode.SOFT, SOFT), (PauseMode.HARD, HARD)])
    def test_all_rows_of_the_run_follow_its_pause_and_its_end(
        self, mode: PauseMode, expected: list[Phase | None]
    ) -> None:
        made = at_work()
        before = phases(made)
        change = made.fold([pausing(made, mode)])
        assert phases(made) == expected
        complete_one = made.children(made.roots()[0])[-1]
        assert complete_one not in change.changed
        assert made.tally().of("paused") == expected[1:].count(Phase.PAUSED)
        made.fold([resuming(made)])
        assert phases(made) == before
        assert made.tally().of("paused", "pausing") == 0

    def test_a_run_that_ends_is_paused_no_more(self) -> None:
        made = at_work()
        made.fold([pausing(made)])
        root = made.session(made.roots()[0])
        made.fold([e.SessionCancelled(at=NOW, **about(root), reason="enough", **DECIDED)])
        assert Phase.PAUSED not in phases(made)
        assert made.tally().of("paused") == 0

    def test_rows_that_are_loaded_show_it_too(self) -> None:
        pause = Pause(kind=PauseKind.HUMAN, mode=PauseMode.HARD, cause="", since=NOW, by="ana")
        assert phases(at_work(pause)) == HARD

    def test_what_starts_to_wait_meanwhile_is_shown_as_paused(self) -> None:
        made = at_work()
        made.fold([pausing(made)])
        invoice = made.stored[made.children(made.roots()[0])[0]]
        died = e.SessionFailed(at=NOW, **about(replace(invoice, pending=None)), cause=FailureCause.CRASH, reason="no")
        done = e.ResultRecorded(
            at=NOW, **about(invoice), interaction_id=invoice.pending or "", step="ValidateDesign", status="ok"
        )
        again = e.SessionRetried(
            at=NOW, run_id=invoice.run_id, session_id=invoice.id, attempt=2, agent="offline", **DECIDED
        )
        made.fold([done, died, again])
        assert made.session(invoice.id).phase is Phase.PAUSED
        assert made.decided_on(invoice.id).phase is Phase.QUEUED

    def test_without_an_engine_what_waits_is_paused_and_not_inferred(self) -> None:
        made = at_work()
        made.fold([pausing(made)])
        root = made.roots()[0]
        made.infer([replace(made.stored[root], phase=Phase.INTERRUPTED)])
        assert made.session(root).phase is Phase.PAUSED
        assert not made.is_inferred(root)

    @pytest.mark.parametrize(("mode", "words"), [(PauseMode.SOFT, "paused"), (PauseMode.HARD, "pausing")])
    def test_words(self, mode: PauseMode, words: str) -> None:
        made = at_work()
        made.fold([pausing(made, mode)])
        found = {status_word(made, made.session(key), NOW).text for key in made.children(made.roots()[0])}
        assert words in found


class TestLines:
    """The alert line says when it is safe to stop; a person's own pause rings for nobody."""

    def said(self, made: Board) -> tuple[str, Ground]:
        line, ground = alert(made, Needs(made), 98)
        return "".join(text for text, _ in line).strip(), ground

    def test_while_something_works(self) -> None:
        made = at_work()
        made.fold([pausing(made, PauseMode.HARD)])
        text, ground = self.said(made)
        assert text.startswith("‖ Paused by ana   1 session is still at work   ")
        assert text.endswith("p resume")
        assert ground is Ground.SURFACE

    def test_when_nothing_works(self) -> None:
        made = board(family("Billing", 252, waiting(), [("Payment", None, {})]))
        made.fold([pausing(made)])
        assert "nothing is at work: it is safe to stop" in self.said(made)[0]
        told = summary_lines(made, made.session(made.roots()[0]), NOW, 60)
        assert "Nothing is at work: it is safe to stop." in text(told).splitlines()

    def test_the_summary_says_it_beside_the_needs_of_others(self) -> None:
        made = board(pictures.paused("Billing"))
        top = "".join(text for text, _ in summary(made, NOW, 98)[0])
        assert "1 of 2 paused" in top
        made = at_work()
        made.fold([pausing(made)])
        assert "paused   2 of 8 slots" in "".join(text for text, _ in summary(made, NOW, 98)[0])

    def test_somebody_chose_it(self) -> None:
        made = at_work()
        needs = Needs(made)
        notices = Notices(needs)
        change = made.fold([pausing(made)])
        needs.apply(change)
        assert (len(needs), notices.news(change)) == (0, ())

    def test_repeated_failures_ask_once_and_again_after_a_resume(self) -> None:
        made = at_work()
        needs = Needs(made)
        notices = Notices(needs)
        root = made.roots()[0]
        rung = []
        later = [replace(pausing(made, kind=PauseKind.REPEATED_FAILURES), at=NOW + timedelta(hours=n)) for n in (0, 1)]
        for event in (later[0], resuming(made), later[1]):
            change = made.fold([event])
            needs.apply(change)
            rung.append(notices.news(change))
        assert rung == [(root,), (), (root,)]
        (group,) = needs.groups()
        assert (group.cause.key, group.ids) == ("repeated_failures", (root,))
        assert needs.member(root).reason == "six of a kind"
        assert needs.retried_together() == ()


class TestRetryingAll:
    """A run that waits for a decision is not retried with what failed: it is resumed."""

    @pytest.mark.parametrize(
        ("rows", "credentials", "causes"),
        [
            (pictures.failing_again, (), {"repeated_failures", "agent_error"}),
            (pictures.budget_spent, (), {"budget_spent"}),
            (pictures.without_credential, (pictures.REFUSED,), {"credential"}),
        ],
    )
    def test_paused_runs_are_left_out(
        self, rows: Callable[[], list[Session]], credentials: tuple[CredentialPause, ...], causes: set[str]
    ) -> None:
        made = board(rows(), credentials=credentials)
        needs = Needs(made)
        assert set(needs.counts()) == causes
        assert made.needs_human(made.roots()[0])
        for under in (None, *made.roots()):
            assert not set(needs.retried_together(under)) & set(made.roots())
        failures = [key for key, row in made.stored.items() if row.status is Status.FAILED]
        assert list(needs.retried_together()) == failures

    def test_nor_one_whose_price_is_missing(self) -> None:
        made = board(replace(row, paused=row.paused and replace(row.paused, limit=None)) for row in budget_spent())
        assert set(Needs(made).counts()) == {"price_missing"}
        assert Needs(made).retried_together() == ()


class TestKeys:
    """What can be asked, and how it is called."""

    def test_the_key_that_pauses_resumes(self) -> None:
        made = at_work()
        child = made.children(made.roots()[0])[0]
        assert (allowed(made, "run.pause", child), label_of(made, "run.pause", child)) == (True, "pause")
        made.fold([pausing(made)])
        assert (allowed(made, "run.pause", child), label_of(made, "run.pause", child)) == (True, "resume")
        assert allowed(made, "run.pause_hard", child), "a soft pause can become hard"
        made.fold([pausing(made, PauseMode.HARD)])
        assert why_not(made, "run.pause_hard", child) == "Billing: it is paused already, by ana."

    def test_a_run_that_has_ended(self) -> None:
        made = board(pictures.finished()[:9])
        root = replace(made.session(made.roots()[0]), **complete())
        ended = board([root])
        assert why_not(ended, "run.pause", root.id) == "Billing cannot be paused: the run is complete."

    def test_slots_are_the_engines(self) -> None:
        made = at_work()
        assert allowed(made, "engine.slots_up", None)
        made.engine = replace_slots(made, 1)
        assert why_not(made, "engine.slots_down", None) == "One slot is the least; a pause starts nothing."
        made.engine = replace_slots(made, None)
        assert why_not(made, "engine.slots_up", None) == "No engine is at work, and slots are the engine's."

    def test_a_paused_session_can_be_skipped_like_one_that_waits(self) -> None:
        made = at_work()
        made.fold([pausing(made)])
        waits = made.children(made.roots()[0])[2]
        assert allowed(made, "session.skip", waits)
        assert "attempt 1 has not started yet" in str(why_not(made, "session.retry", waits))


def replace_slots(made: Board, slots: int | None) -> object:
    return type(made.engine)(alive=True, pid=1, since=NOW, slots=slots)


class TestInsisting:
    """A retry that promises nothing is offered with a question."""

    def failed_twice(self, **changes: object) -> tuple[Board, str]:
        wrong = failed(FailureCause.AGENT_ERROR, "no idea", attempt=3, **changes)
        made = board(family("Billing", 252, waiting(), [("Invoice", 64, wrong)]))
        return made, made.children(made.roots()[0])[0]

    def test_the_same_again(self) -> None:
        alike = Repeat(retry_digest(None, "offline", None, None), "f", 2)
        made, key = self.failed_twice(repeat=alike)
        assert pointless(made, key) == "the same retry failed twice the same way"
        assert pointless(made, key, note="mind X") is None
        assert allowed(made, "session.retry", key), "somebody is asked first"

    def test_too_often(self) -> None:
        made, key = self.failed_twice()
        assert pointless(made, key) is None
        made.retry_limit = 2
        assert str(pointless(made, key)).startswith("it was retried 2 times already")

    def test_the_questions(self) -> None:
        made, key = self.failed_twice()
        asked = insist(made, [key], "the same retry failed twice the same way")
        assert (asked.title, asked.harmless) == ("Retry Invoice all the same?", "Not now")
        assert str(asked.facts[0]).startswith("The same retry failed twice the same way. ")
        assert "or was retried too often" in str(retry_many(made, [key], pointless=1).facts)


class TestHand:
    """At the screen."""

    @pytest.mark.parametrize(
        ("key", "wish"),
        [("p", Wish(action=Action.PAUSE)), ("P", Wish(action=Action.PAUSE, hard=True))],
    )
    async def test_a_pause_is_asked_of_the_run_under_the_cursor(self, key: str, wish: Wish) -> None:
        async with at_the_screen(*TO_TAX_RULE, key) as person:
            assert person.asked == [((BILLING,), wish)]
            assert person.footer.startswith("Paused: Billing")

    async def test_a_paused_run_is_resumed(self) -> None:
        async with at_the_screen("p", sessions=pictures.paused) as person:
            assert person.asked == [((BILLING,), Wish(action=Action.RESUME))]

    async def test_slots(self) -> None:
        async with at_the_screen("+", "-") as person:
            assert person.app.link.slots_asked == [9, 8]
            assert person.footer.startswith("8 slots")

    async def test_slots_by_keys_that_do_not_wait_for_the_answer(self) -> None:
        async with at_the_screen() as person:
            for _ in range(3):
                person.monitor.action_act("engine.slots_up")
            await person.press("j")
            assert person.app.link.slots_asked == [9, 10, 11]
            assert person.footer.startswith("11 slots")

    async def test_a_pointless_retry_asks_first_and_is_forced(self) -> None:
        alike = Repeat(retry_digest(None, "offline", None, None), "f", 2)
        rows = [replace(row, repeat=alike) if row.component == "TaxRule" else row for row in pictures.shop()]
        async with at_the_screen(*TO_TAX_RULE, "r", sessions=lambda: rows) as person:
            assert "Retry TaxRule all the same?" in "\n".join(person.lines)
            assert person.asked == []
            await person.press("y")
            ((_, wish),) = person.asked
            assert wish == Wish(action=Action.RETRY, force=True)

    async def test_the_list_of_needs_resumes_what_asks(self) -> None:
        async with at_the_screen("i", sessions=pictures.failing_again) as person:
            await person.press("G", "p")
            assert person.asked == [((BILLING,), Wish(action=Action.RESUME))]
