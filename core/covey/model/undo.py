"""Undo: which decision of a run is the last one, and what it takes to have never made it. Pure.

What counts as a decision is a human's retry, skip or cancel with all that it changed; what a parent's failure cancelled
belongs to nobody. Undoing again goes to the decision before; what has been undone is not undone again.

The engine applies it to the rows of the moment; a program asks it about the stored rows when no engine lives.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.control import Action, ControlRequest
from covey.model.decision import Decision
from covey.model.reducer import apply
from covey.model.session import Session, about, is_terminal
from covey.model.status import ArtifactState, Phase, Status

UNDOABLE = frozenset({Action.RETRY, Action.SKIP, Action.CANCEL})
"""What can be undone; of a pause the opposite is at hand."""

DECISIONS = UNDOABLE | {Action.MESSAGE}
"""What counts as a decision; what was said to an agent is not taken back, and nothing before it in its place."""

TOLD_BY: tuple[type[e.Event], ...] = (
    e.ControlRequested,
    e.SessionCancelled,
    e.SessionSkipped,
    e.SessionRetried,
    e.DecisionUndone,
    e.MessageSent,
    e.QuestionAnswered,
)
"""The events of a run that tell of its decisions."""

NOTHING_LEFT = "nothing is left to undo"

HasPassed = Callable[[Session, Session], bool]
"""Whether a parent has gone on beyond the step at which it waited for its children: as it was, and as it is."""

_DECIDES = e.SessionCancelled | e.SessionSkipped | e.SessionRetried
_TELLS = e.MessageSent | e.QuestionAnswered
_SAYS_NOTHING_NEW = (
    e.ArtifactFound,
    e.ArtifactMissing,
    e.SessionReconfigured,
    e.UsageRecorded,
    e.ControlRequested,
    e.ControlSettled,
    e.MessageDelivered,
    e.RunStarted,
    e.RunAdopted,
    e.RunStopped,
    e.RunFinished,
)


class Made(NamedTuple):
    """A decision that somebody made, and the sessions that it changed."""

    decision_id: str
    action: Action
    by: str
    session_ids: tuple[str, ...]


class History(NamedTuple):
    """What an undo is decided on: the last decision of a run, and the events of its sessions and of all parents.

    `undone` are the ids of the decisions that have been undone.
    """

    last: Made | None = None
    undone: frozenset[str] = frozenset()
    events: tuple[e.AnyEvent, ...] = ()


def decisions(events: Iterable[e.AnyEvent], but: Collection[str] = ()) -> History:
    """The last decision that is not undone, by the events (those in `TOLD_BY` are enough) of a run, oldest first.

    `but` are the ids of decisions that are left out.
    """
    asked: dict[str, e.ControlRequested] = {}
    changed: dict[str, dict[str, None]] = {}
    undone: set[str] = set()
    for event in events:
        if isinstance(event, e.ControlRequested):
            if event.action in DECISIONS:
                asked.setdefault(event.decision_id, event)
        elif isinstance(event, e.DecisionUndone):
            undone.add(event.decision_id)
        elif isinstance(event, _DECIDES | _TELLS) and event.decision_id in asked and event.session_id is not None:
            changed.setdefault(event.decision_id, {})[event.session_id] = None
    left = [key for key in changed if key not in undone and key not in but]
    if not left:
        return History(undone=frozenset(undone))
    first = asked[left[-1]]
    return History(Made(left[-1], first.action, first.by, tuple(changed[left[-1]])), frozenset(undone))


def undo(  # noqa: PLR0911 - each a reason of its own
    request: ControlRequest, run: Sequence[Session], history: History, has_passed: HasPassed, at: datetime
) -> Decision:
    """Decide an undo on the rows of the moment: all of a run, its root first. Its reason names what is undone."""
    made = history.last
    if request.undoes is not None and request.undoes in history.undone:
        return Decision(reason="it is undone already")
    if made is None:
        return Decision(reason=NOTHING_LEFT)
    rows = {session.id: session for session in run}
    if made.action is Action.MESSAGE:
        told = f"the message to {_named([rows[key] for key in made.session_ids])}"
        return Decision(refused=True, reason=f"cannot undo {told}: what an agent was told is not taken back")
    what = f"{made.action} of {_named([rows[key] for key in made.session_ids])}"
    if request.undoes not in {None, made.decision_id}:
        return Decision(refused=True, reason=f"another decision has come since: {what}, by {made.by}")
    try:
        past = _Past(made.decision_id, history.events)
    except IllegalEventError:
        return Decision(refused=True, reason=f"cannot undo the {what}: the log does not tell what was before")
    against = _against(made, past, rows, has_passed)
    if against is not None:
        return Decision(refused=True, reason=f"cannot undo the {what}: {against}")
    restored = tuple(past.restored(made, rows[key], request.requested_by, at) for key in made.session_ids)
    again = (*_paused_again(made, past, rows, at), *_look_again(made, rows, at))
    return Decision((*restored, *again), reason=what)


class _Past:
    """What the log tells of the sessions of a decision: as they were before, and what has happened to them since.

    `then` are they and all parents as the decision was made.
    """

    def __init__(self, decision_id: str, events: Iterable[e.AnyEvent]) -> None:
        self.before: dict[str, Session] = {}
        self.since: dict[str, list[e.AnyEvent]] = {}
        self.then: dict[str, Session] = {}
        rows: dict[str, Session] = {}
        for event in events:
            key = event.session_id or ""
            if isinstance(event, _DECIDES) and event.decision_id == decision_id:
                self.then = self.then or dict(rows)
                self.before.setdefault(key, rows[key])
                self.since.setdefault(key, [])
            elif key in self.since:
                self.since[key].append(event)
            after = apply(rows.get(key), event)
            if after is not None:
                rows[key] = after

    def moved(self, session: Session) -> str | None:
        """What has become of a session since the decision, as the end of a sentence; None where that is nothing."""
        events = self.since[session.id]
        undone = {event.decision_id for event in events if isinstance(event, e.DecisionUndone)}
        for event in events:
            if isinstance(event, e.SessionStarted):
                return "has started"
            taken_back = isinstance(event, _DECIDES | e.DecisionUndone) and event.decision_id in undone
            late = isinstance(event, e.ResultRecorded) and event.late
            if not (taken_back or late or isinstance(event, _SAYS_NOTHING_NEW)):
                return f"has changed since, it is {session.phase or session.status}"
        return None

    def restored(self, made: Made, now: Session, by: str, at: datetime) -> e.DecisionUndone:
        """The event that makes a session what it was before."""
        was = self.before[now.id]
        goes_on = was.status is Status.ACTIVE
        reconfigured = any(isinstance(event, e.SessionReconfigured) for event in self.since[now.id])
        runs_with = now if reconfigured else was
        resume = {"resume_step": was.step or was.state.get("resume_step")} if goes_on else {}
        # What is known of the file by now is newer; only a retry forgets it.
        artifact = was.artifact if now.artifact is ArtifactState.UNKNOWN else now.artifact
        return e.DecisionUndone(
            at=at,
            **{**about(now), "attempt": now.attempt + 1 if goes_on else was.attempt},
            decision_id=made.decision_id,
            action=made.action,
            by=by,
            status=was.status,
            error_message=None if goes_on else was.error_message,
            failure_cause=None if goes_on else was.failure_cause,
            skip_reason=was.skip_reason,
            earlier_decision_id=was.decision_id,
            earlier_decided_by=was.decided_by,
            step=None if goes_on else was.step,
            command=None if goes_on else was.command,
            note=was.note,
            conversation=was.conversation,
            agent=runs_with.agent,
            model=runs_with.model,
            artifact=ArtifactState.UNKNOWN if goes_on else artifact,
            kept=was.kept,
            started_at=None if goes_on else was.started_at,
            finished_at=was.finished_at,
            repeat=was.repeat,
            state={**was.state, **resume},
        )


def _against(made: Made, past: _Past, rows: Mapping[str, Session], has_passed: HasPassed) -> str | None:
    """What stands against an undo, as the end of a sentence."""
    for key in made.session_ids:
        moved = past.moved(rows[key])
        if moved is not None:
            return f"{rows[key].component} {moved}"
    for parent in _parents(made, rows):
        then = past.then.get(parent.id)
        if then is None or (is_terminal(parent) and not is_terminal(then)):
            return f"{parent.component} is already {parent.status}"
        if not is_terminal(parent) and not is_terminal(then) and has_passed(then, parent):
            return f"{parent.component} is already at {parent.step}"
    return None


def _paused_again(made: Made, past: _Past, rows: Mapping[str, Session], at: datetime) -> tuple[e.AnyEvent, ...]:
    """A run that stood still before its root was decided on stands still again: nobody has let it go on."""
    was = ((rows[key], past.before[key].paused) for key in made.session_ids)
    return tuple(
        e.RunPaused(
            at=at,
            **{**about(root), "attempt": root.attempt + 1},
            kind=pause.kind,
            mode=pause.mode,
            cause=pause.cause,
            by=pause.by,
            limit=pause.limit,
            decision_id=made.decision_id,
        )
        for root, pause in was
        if pause is not None
    )


def _look_again(made: Made, rows: Mapping[str, Session], at: datetime) -> tuple[e.AnyEvent, ...]:
    """Parents that are blocked validate again."""
    blocked = (parent for parent in _parents(made, rows) if parent.phase is Phase.BLOCKED)
    return tuple(e.SessionUnblocked(at=at, **about(parent)) for parent in blocked)


def _parents(made: Made, rows: Mapping[str, Session]) -> list[Session]:
    """All above the sessions of a decision that are not of it themselves, each once."""
    found: dict[str, Session] = {}
    for key in made.session_ids:
        above = rows[key].session_id
        while above is not None and above not in found:
            found[above] = rows[above]
            above = rows[above].session_id
    own = set(made.session_ids)
    return [parent for key, parent in found.items() if key not in own]


def _named(sessions: Sequence[Session]) -> str:
    """The one of them below which all others are, or how many they are."""
    ids = {session.id for session in sessions}
    tops = [session for session in sessions if session.session_id not in ids]
    if len(tops) > 1:
        return f"{len(sessions)} sessions"
    return f"{tops[0].component}{' and what is under it' if len(sessions) > 1 else ''}"
