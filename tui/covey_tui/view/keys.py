"""When a key does something, and how it is called then; what it does is told in `covey.config.keys`. Pure.

Whether something can be done to a session is what the engine would decide (`covey.model.decision.decide`), so a key
that the screen offers is one that the engine takes, and what the screen says against it are the engine's words.
"""

from collections.abc import Sequence

from covey.client.ui import ALL_KEYS
from covey.model.control import CONTROLS, DONE, Action, ControlRequest, Standing
from covey.model.decision import Decision, decide
from covey.model.session import Session, is_terminal, standing
from covey.model.status import Phase
from covey.text.cells import cut
from covey.text.sanitise import SafeText
from covey_tui.view.board import Board
from covey_tui.view.dialogs import AGENT_AT_WORK
from covey_tui.view.money import is_spent
from covey_tui.view.stopped import can_resume
from covey_tui.view.words import name_of

_NAME = 40
ACTIONS: dict[str, Action] = {
    "session.retry": Action.RETRY,
    "session.retry_note": Action.RETRY,
    "session.skip": Action.SKIP,
    "session.cancel": Action.CANCEL,
    "session.message": Action.MESSAGE,
}
OF_ONE = frozenset({"session.message"})
"""The keys that are about the session under the cursor alone, whatever is marked."""
PAUSES = frozenset({"run.pause", "run.pause_hard"})
SLOTS = {"engine.slots_up": 1, "engine.slots_down": -1}
"""By how much each changes the slots."""
ASKED = frozenset(ACTIONS) | {"session.kill"} | PAUSES | frozenset(SLOTS)
"""The keys by which something is asked of the engine, for a session or for its run."""
_WITHOUT_SESSIONS = frozenset({"view.copy", "view.back", "view.commands", "view.help"})
"""Of the keys that change what is shown, those that do something where nothing was ever run."""
_ANY_MESSAGE = "something"
"""Whether anything can be said does not depend on what it is."""
_COUNTED = 500
"""A decision costs some 20 µs, and the footer is painted at every move of the cursor."""
_NO_SESSION = SafeText("There is no session here yet.")
_NO_SLOTS = SafeText("No engine is at work, and slots are the engine's.")
_LEAST = SafeText("One slot is the least; a pause starts nothing.")


def label_of(board: Board, binding: str, session_id: str | None) -> str:
    """How a key is called here and now."""
    if session_id is None or session_id not in board:
        return ALL_KEYS[binding].label
    return label_about(binding, _subject(board, binding, session_id))


def label_about(binding: str, subject: Session) -> str:
    """How a key is called where it is about this session; the subject of a pause is its run's root.

    The key that pauses a run resumes a paused one, with a higher budget where it is spent; what asks is answered. A
    blocked parent that is retried makes no new attempt; what is at work is cancelled first, if somebody says yes.
    """
    if binding == "session.retry" and standing(subject) is Standing.BLOCKED:
        return "look again"
    if binding == "session.retry" and subject.phase in AGENT_AT_WORK:
        return f"{ALL_KEYS[binding].label}…"
    if binding == "session.message" and subject.phase is Phase.ASKING:
        return "answer…"
    if binding == "run.pause" and can_resume(subject):
        return "raise the budget…" if is_spent(subject) else "resume"
    return ALL_KEYS[binding].label


def label_of_marked(binding: str, subjects: Sequence[Session]) -> str:
    """How a key is called that is about so many marked ones; two or more ask first, one as it does unmarked."""
    label = label_about(binding, subjects[0]) if len(subjects) == 1 else f"{ALL_KEYS[binding].label.removesuffix('…')}…"
    return f"{label.removesuffix('…')} {len(subjects)}{'…' if label.endswith('…') else ''}"


def retry_all_label(count: int) -> str:
    """How the key is called that retries all so many which failed or lost their file."""
    return f"retry all {count}…" if count > 1 else "retry what failed…"


def _subject(board: Board, binding: str, session_id: str) -> Session:
    return board.root_of(session_id) if binding in PAUSES else board.session(session_id)


def asked_of_run(binding: str, root: Session) -> tuple[Action, bool]:
    """What a key asks of a run, and whether it is to be hard: the same key that pauses resumes what is paused."""
    if binding == "run.pause_hard":
        return Action.PAUSE, True
    return (Action.RESUME if can_resume(root) else Action.PAUSE), False


def able(board: Board, binding: str, session_ids: Sequence[str]) -> list[Session]:
    """Those to which a key does something; of a great many, those for which the table alone allows it."""
    there = [board.session(each) for each in session_ids if each in board]
    if len(there) <= _COUNTED:
        return [each for each in there if allowed(board, binding, each.id)]
    return [each for each in there if standing(each) in CONTROLS[ACTIONS[binding]]]


def allowed(board: Board, binding: str, session_id: str | None) -> bool:
    """Whether a key does something to a session as it stands; keys that change what is shown do if there is any."""
    return why_not(board, binding, session_id) is None


def why_not(board: Board, binding: str, session_id: str | None) -> SafeText | None:
    """Why a key does nothing to a session, as a sentence; None when it does."""
    if binding == "run.stop":
        ended = all(is_terminal(board.session(root)) for root in board.roots())
        return SafeText("No run is at work.") if ended or not board.engine.alive else None
    if binding == "run.undo":
        return None if session_id in board else _NO_SESSION
    if binding in SLOTS:
        return _no_slots(board, SLOTS[binding])
    if not binding.startswith("session.") and binding not in PAUSES:
        in_vain = len(board) == 0 and binding.startswith("view.") and binding not in _WITHOUT_SESSIONS
        return _NO_SESSION if in_vain else None
    if session_id is None or session_id not in board:
        return _NO_SESSION
    session = _subject(board, binding, session_id)
    reason = _reason(board, binding, session)
    return None if reason is None else SafeText(f"{cut(name_of(session), _NAME)}{reason}.")


def _no_slots(board: Board, by: int) -> SafeText | None:
    slots = board.engine.slots if board.engine.alive else None
    if slots is None:
        return _NO_SLOTS
    return _LEAST if slots + by < 1 else None


def pointless(board: Board, session_id: str, note: str | None = None) -> str | None:
    """Why a retry, as it would be asked for, promises nothing and has to be insisted on; None when it does not."""
    decision = _decided(board, board.decided_on(session_id), Action.RETRY, note=note)
    if not decision.refused or not _decided(board, board.decided_on(session_id), Action.RETRY, force=True).changed:
        return None
    return (decision.reason or "").partition("; ")[0]


def _reason(board: Board, binding: str, session: Session) -> str | None:
    """The end of a sentence that begins with the session's name."""
    if binding == "session.open_file":
        return None if session.artifact_path else " has no file of its own"
    if binding == "session.retry_note" and standing(session) is Standing.BLOCKED:
        return " only looks again: no agent would get the note"
    if binding == "session.kill":
        return None if session.phase is Phase.CANCELLING else " is not being cancelled; cancel it first"
    action, hard = asked_of_run(binding, session) if binding in PAUSES else (ACTIONS[binding], False)
    # A retry that has to be insisted on is possible: somebody is asked first.
    decision = _decided(board, board.decided_on(session.id), action, force=True, hard=hard)
    if decision.changed:
        return None
    reason = decision.reason or "nothing would change"
    cannot = f"cannot {action}: "
    done = f"{DONE[action]} anything" if action is Action.MESSAGE else DONE[action]
    return f" cannot be {done}: {reason.removeprefix(cannot)}" if cannot in reason else f": {reason}"


def _decided(
    board: Board, session: Session, action: Action, *, note: str | None = None, force: bool = False, hard: bool = False
) -> Decision:
    """What the engine would decide, asked at this moment."""
    request = ControlRequest(
        id="",
        session_id=session.id,
        action=action,
        attempt=session.attempt,
        status=session.status,
        decision_id="",
        requested_by="",
        requested_at=session.updated_at,
        note=note,
        force=force,
        hard=hard,
        message=_ANY_MESSAGE,
        answers=session.question_id,
    )
    # Of what lies below it only matters here whether there is anything.
    below = [board.session(child) for child in board.children(session.id)[:1]]
    if action is Action.RESUME:
        below += [board.decided_on(key) for key in board.stopped.examples(session.id)]
    above = list(board.above(session.id))
    paused, limit = board.stopped.paused, board.retry_limit
    return decide(request, session, above, below, session.updated_at, retry_limit=limit, paused=paused)
