"""What a change of the board says of rows that look as before: nothing of theirs needs painting."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings

from covey.model import events as e
from covey.model.command import CommandKind, ResultStatus
from covey.model.status import ExecutionMode
from covey_tui.view.board import Board
from covey_tui.view.columns import columns
from covey_tui.view.tree_line import Row, tree_line
from tests.model.strategies import RUN, at, logs

NOW = at(0) + timedelta(days=1)


def drawn(board: Board) -> dict[str, object]:
    """The rows of all sessions."""
    parts = columns(160)
    return {key: tree_line(board, board.session(key), Row(1, None), parts, NOW) for key in board.under(None)}


class TestAlike:
    """A session that is said to look alike has the row that it had; so have all but those above one that counts."""

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(logs())
    def test_all_other_rows_are_as_before(self, log: list[e.AnyEvent]) -> None:
        board = Board("shop")
        board.fold(
            [e.RunStarted(at=at(0), run_id=RUN, session_id=RUN, attempt=1, project_root="/", workflow="d", context="S")]
        )
        for event in log:
            before = drawn(board)
            change = board.fold([event])
            above = {session.id for key in change.counted for session in board.above(key)}
            otherwise = {key for key, row in drawn(board).items() if before.get(key) != row}
            assert otherwise <= (change.changed - change.alike) | above

    def test_a_result_leaves_the_row_alone(self) -> None:
        about: dict[str, Any] = {"at": at(1), "run_id": RUN, "session_id": RUN, "attempt": 1}
        board = Board("shop")
        board.fold([e.RunStarted(**about, project_root="/", workflow="d", context="S")])
        board.fold([_root(about), e.SessionStarted(**about)])
        issued = board.fold([e.CommandIssued(**about, interaction_id="i", step="Write", command=CommandKind.AGENT)])
        recorded = board.fold([e.ResultRecorded(**about, interaction_id="i", step="Write", status=ResultStatus.OK)])
        assert (issued.changed, issued.alike) == ({RUN}, frozenset())
        assert (recorded.changed, recorded.alike) == ({RUN}, {RUN})

    def test_what_waits_for_an_answer_has_another_row_after_each_event_for_its_time_moves_with_them(self) -> None:
        about: dict[str, Any] = {"at": at(1), "run_id": RUN, "session_id": RUN, "attempt": 1}
        board = Board("shop")
        board.fold([e.RunStarted(**about, project_root="/", workflow="d", context="S")])
        board.fold([_root(about), e.SessionStarted(**about)])
        board.fold([e.CommandIssued(**about, interaction_id="i", step="Write", command=CommandKind.AGENT)])
        board.fold([e.QuestionAsked(**about, question_id="q", question="Cents?")])
        told = board.fold([e.SessionReconfigured(**{**about, "at": at(9)}, agent="", model=None)])
        assert (told.changed, told.alike) == ({RUN}, frozenset())


def _root(about: dict[str, Any]) -> e.SessionCreated:
    return e.SessionCreated(
        **about,
        project_id="p",
        parent_id=None,
        type="ContextDesign",
        component_id="c",
        component="Shop",
        module="shop",
        execution_mode=ExecutionMode.AUTO,
        agent="none",
        environment="local",
    )
