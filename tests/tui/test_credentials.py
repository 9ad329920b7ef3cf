"""A credential that is paused, on the monitor: at the root of each run that waits for it, and once."""

import sys
from collections.abc import Callable
from types import FrameType

from msgspec.structs import replace

from covey.client.requests import Wish
from covey.model import events as e
from covey.model.control import Action
from covey.model.credential import CredentialPause
from covey.model.session import about
from covey.model.status import Phase
from covey_tui.view.alert import alert
from covey_tui.view.board import Board
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.summary import summary_lines
from covey_tui.view.footer import Situation, footer
from covey_tui.view.intervention import verbs
from covey_tui.view.keys import allowed, asked_of_run, label_of
from covey_tui.view.needs import Needs
from covey_tui.view.notices import Notices
from covey_tui.view.spans import Ground, Role, Tone
from covey_tui.view.summary import summary
from tests.tui import pictures
from tests.tui.pictures import COOLING, LIMITED, NOW, REFUSED, board, family, waiting
from tests.tui.reading import text
from tests.tui.test_monitor_screen import BILLING, CATALOG, TO_PAYMENT
from tests.tui.test_monitor_screen import hand as at_the_screen


def pausing(pause: CredentialPause = REFUSED) -> e.CredentialPaused:
    return e.CredentialPaused(
        at=pause.since,
        credential=pause.credential,
        cause=pause.cause,
        reason=pause.reason,
        agents=pause.agents,
        resets_at=pause.resets_at,
        by_itself=pause.by_itself,
        by="covey",
    )


RESUMING = e.CredentialResumed(at=NOW, credential=REFUSED.credential, by="ana")


def named(made: Board, name: str) -> str:
    return next(key for key, session in made.stored.items() if session.component == name)


class TestBoard:
    """What stands still is shown as paused, and its run asks."""

    def test_who_works_with_it_stands_still_and_others_do_not(self) -> None:
        rows = [replace(row, agent="free") if row.component == "LegacySync" else row for row in pictures.at_work()]
        made = board(rows)
        before = {key: made.session(key).phase for key in made.stored}
        made.fold([pausing()])
        assert made.session(named(made, "CreditNote")).phase is Phase.PAUSED
        assert made.session(named(made, "Payment")).phase is Phase.RUNNING  # its turn is under way
        assert made.session(named(made, "LegacySync")).phase is Phase.QUEUED
        billing, catalog = made.roots()
        assert made.needs_human(billing)
        assert not made.needs_human(catalog)
        assert [made.session(root).phase for root in (billing, catalog)] == [Phase.PAUSED, Phase.WAITING]
        assert made.tally().needs == 1
        made.fold([RESUMING])
        assert {key: made.session(key).phase for key in made.stored} == before
        assert made.tally().needs == 0

    def test_one_that_begins_to_stand_still_makes_its_run_ask_and_the_last_one_lets_it_be(self) -> None:
        rows = [row for row in pictures.at_work() if row.component in {"Billing", "Payment"}]
        made = board(rows)
        made.fold([pausing()])
        (root,) = made.roots()
        assert not made.needs_human(root)
        payment = made.stored[named(made, "Payment")]
        made.fold([e.SessionInterrupted(at=NOW, **about(payment), reason="the credential is paused")])
        assert made.session(payment.id).phase is Phase.PAUSED
        assert made.needs_human(root)
        skipped = e.SessionSkipped(at=NOW, **about(payment), reason="enough", decision_id="d", by="ana")
        made.fold([skipped])
        assert not made.needs_human(root)
        assert made.tally().needs == 0

    def test_rows_that_are_loaded_show_it_too(self) -> None:
        made = board(pictures.without_credential(), credentials=[REFUSED])
        assert made.session(named(made, "Payment")).phase is Phase.PAUSED
        assert made.tally().needs == 2

    def test_without_an_engine_it_is_no_less_so(self) -> None:
        made = board(pictures.at_work(), credentials=[REFUSED])
        payment = made.stored[named(made, "Payment")]
        root = made.stored[payment.run_id]
        made.infer([replace(each, phase=Phase.INTERRUPTED) for each in (payment, root)])
        assert made.session(payment.id).phase is made.session(root.id).phase is Phase.PAUSED
        assert not made.is_inferred(root.id)
        made.infer([])
        assert made.session(payment.id).phase is Phase.RUNNING

    def test_one_that_ends_by_itself_asks_nobody(self) -> None:
        made = board(pictures.without_credential(), credentials=[LIMITED])
        assert made.session(named(made, "Payment")).phase is Phase.PAUSED
        assert made.tally().needs == 0


class Name(str):
    """The name of a credential that is looked up by calls that can be counted."""

    __slots__ = ()

    def __hash__(self) -> int:
        return super().__hash__()


class TestCost:
    """However many sessions stand still for a credential, a refresh costs the same, and so does a change of one."""

    def calls(self, count: int) -> int:
        """The calls that a change of one session and all that is painted after it take."""
        key = replace(REFUSED, credential=Name(REFUSED.credential))
        rows = [(f"C{number:04}", None, {}) for number in range(count)]
        made = board(family("Billing", 252, waiting(), rows), credentials=[key])
        needs = Needs(made)
        root = made.roots()[0]
        one = made.stored[made.children(root)[-1]]

        def refresh() -> None:
            change = made.fold([e.SessionReconfigured(at=NOW, **about(one), agent="free", model=None)])
            needs.apply(change)
            for shown in (alert(made, needs, 98), summary(made, NOW, 98)):
                assert shown
            footer(made, Situation(root), lambda binding: binding, 200)
            assert allowed(made, "run.pause", root)
            assert made.tally().of("paused") == count - 1

        return profiled(refresh)

    def test_a_refresh(self) -> None:
        self.calls(100)  # what is remembered from now on is so for both
        assert self.calls(500) == self.calls(100)

    def test_the_last_one_that_goes_on_lets_its_run_be(self) -> None:
        made = board(pictures.without_credential(), credentials=[REFUSED])
        assert len(made.stopped.examples(made.roots()[0])) == 1
        made.fold([RESUMING])
        assert made.stopped.examples(made.roots()[0]) == []
        assert made.stopped.all_that_ask() == []


def profiled(script: Callable[[], None]) -> int:
    """How many calls of Python functions a script takes."""
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        script()
    finally:
        sys.setprofile(before)
    return count


class TestWords:
    """What is said of it, and where."""

    def test_two_runs_wait_for_one_credential(self) -> None:
        made = board(pictures.without_credential(), credentials=[REFUSED])
        line, ground = alert(made, Needs(made), 100)
        assert "2 need you   1 credential refused: ANTHROPIC_API_KEY" in text([line])
        assert ground is Ground.ALERT
        group = Needs(made).groups()[0]
        assert (group.cause.key, group.ids) == ("credential", tuple(made.roots()))

    def test_the_bell_rings_once_and_again_after_another_refusal(self) -> None:
        made = board(pictures.at_work())
        needs = Needs(made)
        notices = Notices(needs)

        def news(*events: e.AnyEvent) -> tuple[str, ...]:
            change = made.fold(events)
            needs.apply(change)
            return notices.news(change)

        assert len(news(pausing())) == 2
        assert news(pausing(replace(REFUSED, since=REFUSED.since))) == ()
        assert news(RESUMING) == ()
        assert len(news(pausing(replace(REFUSED, since=NOW)))) == 2

    def test_problem_and_summary_say_what_to_do(self) -> None:
        made = board(pictures.without_credential(), credentials=[REFUSED])
        root = made.session(made.roots()[0])
        for lines in (problem_lines(made, root, NOW, 60), summary_lines(made, root, NOW, 60)):
            assert "ANTHROPIC_API_KEY is refused" in text(lines, " ")
            assert "et a new key and run covey resume" in text(lines, " ")
        held = made.session(named(made, "Payment"))
        assert "it waits for a credential" in text(problem_lines(made, held, NOW, 60), " ")

    def test_problem_is_headed_by_why_the_run_is_paused(self) -> None:
        made = board(pictures.without_credential(), credentials=[REFUSED])
        root = made.session(made.roots()[0])
        for peek in (0, 3):
            first, *_ = problem_lines(made, root, NOW, 60, peek=peek)
            assert text([first]) == "‖ Paused: a credential is not accepted"
            assert {piece.tone for piece in first} == {Tone(Role.WARNING, bold=True)}
        assert "waiting" not in text(summary_lines(made, root, NOW, 60)[:1])

    def test_a_spent_budget_comes_before_the_credential_in_its_heading_and_its_keys(self) -> None:
        spent = next(row.paused for row in pictures.budget_spent() if row.paused is not None)
        rows = [replace(row, paused=spent) if row.session_id is None else row for row in pictures.without_credential()]
        made = board(rows, credentials=[REFUSED])
        said = text(problem_lines(made, made.session(made.roots()[0]), NOW, 60))
        assert said.startswith("‖ Paused: the budget is spent")
        assert "p  raise the budget" in said
        assert "resume with the key" not in said

    def test_until_when_it_is_paused(self) -> None:
        made = board(pictures.without_credential(), credentials=[LIMITED])
        line, _ = alert(made, Needs(made), 80, zone=NOW.tzinfo)
        assert "ANTHROPIC_API_KEY is paused until 12:32:30" in text([line])

    def test_a_gate_that_cools_down_is_told_of_at_the_top(self) -> None:
        made = board(pictures.at_work(), gates=(COOLING,))
        assert "paused by rate limit until 12:08:30" in text(summary(made, NOW, 100, zone=NOW.tzinfo))
        made = board(pictures.at_work(), gates=(COOLING,), alive=False)
        assert "paused by rate limit" not in text(summary(made, NOW, 100))  # nobody asks any more
        made = board(pictures.at_work(), gates=(replace(COOLING, until=None),))
        assert "5 at once, 3 requests wait" in text(summary(made, NOW, 100))


def test_the_key_of_pauses_resumes_it() -> None:
    made = board(pictures.without_credential(), credentials=[REFUSED])
    root = made.roots()[0]
    assert label_of(made, "run.pause", root) == "resume"
    assert asked_of_run("run.pause", made.root_of(root)) == (Action.RESUME, False)
    assert allowed(made, "run.pause", root)


def test_the_list_calls_the_key_like_the_footer() -> None:
    made = board(pictures.without_credential(), credentials=[REFUSED])
    needs = Needs(made)
    assert text([verbs("credential", made.roots()[:1], needs, 60)]) == "p resume"
    assert text([verbs("credential", made.roots(), needs, 60)]) == "p resume both", "without a question, as with one"


async def test_at_the_screen_the_key_that_says_resume_resumes() -> None:
    async with at_the_screen(sessions=pictures.without_credential, credentials=[REFUSED]) as person:
        for keys in (("p",), (*TO_PAYMENT, "p"), ("i", "p"), ("j", "j", "p")):
            await person.press(*keys)
        runs = [(BILLING,), (BILLING,), (BILLING, CATALOG), (CATALOG,)]
        assert person.asked == [(each, Wish(action=Action.RESUME)) for each in runs]
