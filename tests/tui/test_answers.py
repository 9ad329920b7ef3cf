"""What is said in the footer's place once something was asked for."""

import pytest

from covey.client.engine import Stopped
from covey.client.requests import Answer
from covey.model.control import Action, RequestState
from covey.model.status import FailureCause, Phase, Status
from covey_tui.view.answers import stopped, stopping, told, undone
from covey_tui.view.spans import Role
from tests.tui.pictures import board, failed, family, waiting
from tests.tui.reading import text

SETTLED, QUEUED, REFUSED = RequestState.SETTLED, RequestState.QUEUED, RequestState.REFUSED


@pytest.mark.parametrize(
    ("state", "changed", "reason", "said"),
    [
        (SETTLED, True, "skip of Ledger", "Undone: skip of Ledger"),
        (SETTLED, True, "cancel of 3 sessions", "Undone: cancel of 3 sessions"),
        (SETTLED, False, "nothing is left to undo", "Billing: nothing is left to undo"),
        (QUEUED, None, "the engine has not decided yet", "Undo asked for: the engine has not decided yet"),
        (REFUSED, False, "cannot undo the retry of A: A has started", "Cannot undo the retry of A: A has started"),
    ],
)
def test_words(state: RequestState, *, changed: bool | None, reason: str, said: str) -> None:
    made = board()
    root = made.session(made.roots()[0])
    (piece,) = undone(Answer(root.id, Action.UNDO, state, changed, reason), root)
    assert piece.text == said
    assert (piece.tone.role is Role.WARNING) == (state is REFUSED)


def test_a_blocked_parent_is_not_said_to_be_retried() -> None:
    blocked = {"phase": Phase.BLOCKED, "needs_human": {"failed": [{"component": "Invoice"}]}}
    rows = list(family("Billing", 9, {**waiting(), **blocked}, [("Invoice", 3, failed(FailureCause.CRASH, "no"))]))
    answers = [Answer(row.id, Action.RETRY, SETTLED, changed=True, reason=None) for row in rows]
    assert text([told(answers[:1], rows[:1])]) == "Looking again: Billing"
    assert text([told(answers[1:], rows)]) == "Retried: Invoice"
    assert text([told(answers, rows)]) == "Retried: 2 sessions"


def test_what_was_being_cancelled_is_said_to_be_killed() -> None:
    ended = {"status": Status.CANCELLED, "decided_by": "ana"}
    children = [("Invoice", 3, {**ended, "phase": Phase.CANCELLING}), ("Payment", 3, ended)]
    _, *rows = family("Billing", 9, waiting(), children)
    already = [Answer(row.id, Action.CANCEL, SETTLED, changed=False, reason="it is cancelled already") for row in rows]
    assert text([told(already[:1], rows)]) == "Killed: Invoice"
    assert text([told(already[1:], rows)]) == "Payment: it is cancelled already"


def test_a_stop_is_told_as_it_begins_and_once_it_is_done() -> None:
    made = board()
    runs = [made.session(key) for key in made.roots()]
    done, idle = (
        [Stopped(session_id=root.id, changed=changed, reason=reason) for root in runs]
        for changed, reason in ((True, None), (False, "no engine is at work"))
    )
    assert (text([stopping(runs)]), text([stopping(runs[:1])])) == ("Stopping: 2 runs", "Stopping: Billing")
    assert text([stopped(done, runs)]) == "Stopped: 2 runs"
    assert text([stopped([done[0], idle[1]], runs)]) == "Stopped: Billing"
    assert text([stopped(idle, runs)]) == "2 runs: no engine is at work"


def test_hostile_names_are_made_visible() -> None:
    made = board()
    root = made.session(made.roots()[0])
    (piece,) = undone(Answer(root.id, Action.UNDO, SETTLED, changed=True, reason="skip of \x1b[2J"), root)
    assert "\x1b" not in piece.text
