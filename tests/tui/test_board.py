"""What the monitor knows: sums that follow every event, whatever its order, and what stands over the log."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from covey.model import events as e
from covey.model.session import about, state_of
from covey.model.status import ArtifactState, Phase, Status
from covey_tui.view.board import Board
from covey_tui.view.tally import CLOSED, Tally, tokens_of
from tests.model.strategies import RUN, at, created, logs
from tests.tui.pictures import board, family, gone, running, session, shop, waiting


def begun(log: list[e.AnyEvent]) -> list[e.AnyEvent]:
    started = e.RunStarted(
        at=at(0), run_id=RUN, session_id=RUN, attempt=1, project_root="/", workflow="design", context="Shop"
    )
    return [started, *log]


def counted(board: Board, key: str | None) -> Tally:
    """The sums below a session, counted from scratch."""
    below = [board.session(each) for each in board.under(key)]
    counting = [each for each in below if each.session_id is not None]
    states = Counter(state_of(each) for each in counting)
    costs = [each.cost_usd for each in counting if each.cost_usd is not None]
    needing = [each for each in below if board.needs_human(each.id) and not closed_between(board, each.id, key)]
    return Tally(
        states=dict(states),
        needs=len(needing),
        tokens=sum(tokens_of(each) for each in counting),
        cost_usd=sum(costs) if costs else None,
        attempts=sum(each.attempt for each in counting),
    )


def closed_between(board: Board, key: str, top: str | None) -> bool:
    for above in board.above(key):
        if above.id == top:
            return False
        if above.status in CLOSED:
            return True
    return False


UNHURRIED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Drawing a whole log is what takes time: few are drawn, and of each one everything is looked at."""


class TestSums:
    """A parent's sums are those of all below it."""

    @UNHURRIED
    @given(logs())
    def test_they_follow_every_event_as_if_counted_from_scratch(self, log: list[e.AnyEvent]) -> None:
        shown = Board("shop")
        for event in begun(log):
            shown.fold([event])
        for key in [None, *shown.under(None)]:
            if key is None or not any(above.status in CLOSED for above in [shown.session(key), *shown.above(key)]):
                assert shown.tally(key) == counted(shown, key)

    @UNHURRIED
    @given(logs())
    def test_they_are_the_same_however_many_events_come_at_once(self, log: list[e.AnyEvent]) -> None:
        singly = Board("shop")
        events = begun(log)
        for event in events:
            singly.fold([event])
        for size in range(2, 13):
            together = Board("shop")
            for place in range(0, len(events), size):
                together.fold(events[place : place + size])
            assert all(together.tally(key) == singly.tally(key) for key in [None, *singly.under(None)])

    @UNHURRIED
    @given(logs())
    def test_rows_loaded_give_what_their_events_gave(self, log: list[e.AnyEvent]) -> None:
        folded, loaded = Board("shop"), Board("shop")
        folded.fold(begun(log))
        loaded.load(folded.stored.values(), begun([])[:1])
        assert list(loaded.under(None)) == list(folded.under(None))
        assert all(loaded.tally(key) == folded.tally(key) for key in [None, *loaded.under(None)])

    def test_the_roots_are_left_out(self) -> None:
        tally = board().tally()
        assert (tally.total, tally.done, tally.needs) == (14, 7, 3)
        assert tally.states == {
            "complete": 6,
            "running": 3,
            "failed": 2,
            "file_missing": 1,
            "queued": 1,
            "skipped": 1,
        }

    def test_nobody_is_needed_below_what_was_given_up(self) -> None:
        shown = board(family("Billing", 9, waiting(), [("Ledger", 3, gone())]))
        assert shown.tally("id-run-billing").needs == 1
        root = shown.session("id-run-billing")
        shown.fold([e.SessionCancelled(at=at(1), **about(root), reason="x", decision_id="d", by="ana")])
        assert shown.tally().needs == 0
        assert not shown.needs_human("id-billing-ledger")


class TestWhichRuns:
    """What is shown, and what is left to others."""

    def test_a_run_that_begins_is_shown(self) -> None:
        shown = board()
        change = shown.fold(begun([created(RUN), created("child", RUN)]))
        assert change.created == (RUN, "child")
        assert shown.workflows[RUN] == "design"

    def test_a_monitor_on_one_run_shows_no_other(self) -> None:
        shown = Board("shop", only_run="id-run-billing")
        shown.load([row for row in shop() if row.run_id == "id-run-billing"], ())
        assert not shown.fold(begun([created(RUN)])).changed
        assert RUN not in shown

    def test_an_older_run_that_goes_on_is_news(self) -> None:
        adopted = e.RunAdopted(
            at=at(1), run_id="old", session_id="old", attempt=1, project_root="/", workflow="design", context="Old"
        )
        assert board().fold([adopted]).foreign
        assert not Board("shop", only_run="id-run-billing").fold([adopted]).foreign


class TestInferring:
    """What the disk says while no engine lives stands over the log, and is told apart."""

    def test_it_is_seen_and_counted_until_it_is_taken_back(self) -> None:
        shown = board()
        invoice = shown.session("id-billing-invoice")
        lost = replace(invoice, artifact=ArtifactState.MISSING)
        assert shown.infer([lost]).changed == {invoice.id}
        assert shown.is_inferred(invoice.id)
        assert shown.tally("id-run-billing").states["file_missing"] == 2
        assert shown.infer([lost]).changed == frozenset()
        assert shown.infer([]).changed == {invoice.id}
        assert shown.session(invoice.id) == invoice
        assert shown.tally("id-run-billing").states["file_missing"] == 1

    def test_an_event_of_the_session_takes_it_back(self) -> None:
        shown = board([session("Shop", None, 3, **running("Initialize"))])
        root = shown.session("id-run-shop")
        shown.infer([replace(root, phase=Phase.INTERRUPTED)])
        shown.fold([e.SessionInterrupted(at=at(1), **about(root), reason="its engine died")])
        assert not shown.is_inferred(root.id)
        assert shown.session(root.id).phase is Phase.INTERRUPTED


class TestNeeds:
    """Whether a session needs a human for its own sake."""

    def test_a_blocked_parent_only_for_a_reason_of_its_own(self) -> None:
        def blocked(**verdict: object) -> Board:
            parent = {**waiting(), "phase": Phase.BLOCKED, "needs_human": verdict}
            return board(family("Billing", 9, parent, [("Ledger", 3, gone())]))

        assert not blocked(missing_files=[{"component": "Ledger"}]).needs_human("id-run-billing")
        assert blocked(not_created=[{"component": "Other"}]).needs_human("id-run-billing")
        assert blocked(skipped=["Ledger"]).needs_human("id-run-billing")

    def test_a_run_that_was_cancelled_needs_nobody(self) -> None:
        shown = board([session("Billing", None, 3, status=Status.CANCELLED, phase=None)])
        assert shown.tally().needs == 0
