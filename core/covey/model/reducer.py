"""`apply`: the one reducer that serves the store, the engine and every viewer.

A session's life:

    (none) ──created──▶ queued ──started──▶ running ⇄ waiting ⇄ blocked        status: active
                          ▲                    │
                          │       interrupted ◀┤ ──started──▶ running    (or it waits for a human's decision)
                          │           stalled ◀┤ ──revived──▶ running
                          │            asking ◀┘ ──answered──▶ queued   (and paused at a turn ──▶ queued)
                          │                    │
                 retried, undone    ┌──────────┼───────────┬────────────┐
                          │         ▼          ▼           ▼            ▼
                          └───── complete    failed    cancelled     skipped    status: TERMINAL

`LEGAL` is that picture as a table: for each event, the statuses and (while active) the phases in which it is legal.
Whoever changes behaviour edits the table and the function beside it. An illegal event raises `IllegalEventError` and
changes nothing. A session's `version` counts the events applied, so it tells whether a decision was made on this row.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.command import CommandKind
from covey.model.message import Message
from covey.model.pause import Pause, PauseMode
from covey.model.restored import objection, restored_fields
from covey.model.retries import Repeat, counted, failure_digest, retry_digest
from covey.model.session import Session, undecided
from covey.model.status import TERMINAL, ArtifactState, FailureCause, Phase, Status


def apply(session: Session | None, event: e.AnyEvent) -> Session | None:
    """The session after the event.

    Events of runs, requests and the engine change no session: they give back what came in.

    Raises:
        IllegalEventError: the table does not allow the event; the session is as it was.
    """
    kind = type(event)
    if kind in _TOUCHES_NOTHING:
        return session
    if isinstance(event, e.SessionCreated):
        return _created(session, event)
    if session is None:
        raise IllegalEventError(f"{_name(event)}: there is no session {event.session_id}")
    rule = LEGAL[kind]
    if event.attempt != session.attempt and not _may_be_of_another_attempt(event):
        raise IllegalEventError(f"{_name(event)}: session {session.id} is at attempt {session.attempt}")
    if session.status not in rule.statuses:
        raise IllegalEventError(f"{_name(event)}: session {session.id} is {session.status}")
    if rule.phases is not None and session.status is Status.ACTIVE and session.phase not in rule.phases:
        raise IllegalEventError(f"{_name(event)}: session {session.id} is {session.phase}")
    return rule.change(session, event)


def _may_be_of_another_attempt(event: e.AnyEvent) -> bool:
    is_late = isinstance(event, e.ResultRecorded) and event.late
    return is_late or isinstance(event, e.SessionRetried | e.DecisionUndone | e.UsageRecorded)


def _name(event: e.AnyEvent) -> str:
    return str(event.__struct_config__.tag)


def _require(condition: bool, session: Session, event: e.AnyEvent, reason: str) -> None:  # noqa: FBT001 - an assertion
    if not condition:
        raise IllegalEventError(f"{_name(event)}: session {session.id}: {reason}")


def _created(session: Session | None, event: e.SessionCreated) -> Session:
    if session is not None or event.session_id is None or event.run_id is None:
        raise IllegalEventError(f"session_created: session {event.session_id} exists already or has no id")
    return Session(
        id=event.session_id,
        project_id=event.project_id,
        run_id=event.run_id,
        session_id=event.parent_id,
        type=event.type,
        component_id=event.component_id,
        component=event.component,
        module=event.module,
        position=event.position,
        execution_mode=event.execution_mode,
        agent=event.agent,
        model=event.model,
        environment=event.environment,
        state=event.state,
        artifact_path=event.artifact_path,
        inserted_at=event.at,
        updated_at=event.at,
    )


def _next(session: Session, event: e.AnyEvent, **changes: Any) -> Session:
    return replace(session, version=session.version + 1, updated_at=event.at, **changes)


def _phase_of(command: CommandKind | None) -> Phase:
    return Phase.WAITING if command is CommandKind.SPAWN_SESSIONS else Phase.RUNNING


def _started(session: Session, event: e.SessionStarted) -> Session:
    _require(undecided(session) is None, session, event, "a human has to decide about it")
    phase = _phase_of(session.command) if session.pending else Phase.RUNNING
    started_at = session.started_at or event.at
    return _next(session, event, phase=phase, started_at=started_at, abilities=event.abilities)


def _command_issued(session: Session, event: e.CommandIssued) -> Session:
    _require(session.pending is None, session, event, "its last command has no result yet")
    return _next(
        session,
        event,
        step=event.step,
        command=event.command,
        pending=event.interaction_id,
        phase=_phase_of(event.command),
    )


_WITHOUT_COMMAND: dict[Phase | None, Phase | None] = {
    Phase.CANCELLING: None,
    Phase.STALLED: Phase.RUNNING,
    Phase.ASKING: Phase.RUNNING,
}
"""The phases that an open command alone keeps up, and what they become without it."""


def _result_recorded(session: Session, event: e.ResultRecorded) -> Session:
    if event.late:
        if session.pending != event.interaction_id:
            return _next(session, event)
        phase = _WITHOUT_COMMAND.get(session.phase, session.phase)
        return _next(session, event, pending=None, phase=phase, stalled_since=None, **_nothing_asked(session))
    _require(session.status is Status.ACTIVE, session, event, "it has ended: the result is late")
    _require(session.pending == event.interaction_id, session, event, "the interaction is not its pending one")
    _require(session.phase is not Phase.STALLED, session, event, "a result is a sign of life, and it is stalled")
    state = session.state
    if event.updates:
        new: Any = event.updates.get("state")
        _require(len(event.updates) == 1 and isinstance(new, dict), session, event, "a result updates only the state")
        state = {**state, **new}
    # An agent that has ended waits for nothing any more: neither for an answer, nor to go on with one.
    phase = Phase.RUNNING if session.phase in {Phase.ASKING, Phase.QUEUED} else session.phase
    return _next(session, event, pending=None, phase=phase, state=state, **_nothing_asked(session))


def _nothing_asked(session: Session) -> dict[str, Any]:
    """The fields of a session that asks nothing; an answer that it still waited for is nobody's any more."""
    if not (session.messages or session.question or session.question_id):
        return {}
    messages = tuple(message for message in session.messages if message.question is None)
    return {"question": None, "question_id": None, "messages": messages}


def _reconfigured(session: Session, event: e.SessionReconfigured) -> Session:
    return _next(session, event, agent=event.agent, model=event.model)


def _blocked(session: Session, event: e.SessionBlocked) -> Session:
    _require(session.pending is None, session, event, "its last command has no result yet")
    return _next(session, event, phase=Phase.BLOCKED, error_message=event.reason, needs_human=event.needs_human)


def _unblocked(session: Session, event: e.SessionUnblocked) -> Session:
    return _next(session, event, phase=Phase.WAITING, error_message=None, needs_human=None)


def _stalled(session: Session, event: e.SessionStalled) -> Session:
    _require(session.pending is not None, session, event, "it has no command at work")
    return _next(session, event, phase=Phase.STALLED, stalled_since=event.since)


def _revived(session: Session, event: e.SessionRevived) -> Session:
    return _next(session, event, phase=Phase.RUNNING, stalled_since=None)


def _paused_at_turn(session: Session, event: e.SessionPaused) -> Session:
    _require(session.pending is not None, session, event, "it has no command at work")
    return _next(session, event, phase=Phase.QUEUED)


def _asked(session: Session, event: e.QuestionAsked) -> Session:
    _require(session.pending is not None, session, event, "it has no command at work")
    _require(bool(event.question.strip()), session, event, "a question needs words")
    return _next(session, event, phase=Phase.ASKING, question=event.question, question_id=event.question_id)


def _answered(session: Session, event: e.QuestionAnswered) -> Session:
    _require(session.question_id == event.question_id, session, event, "it asks something else")
    answer = Message(id=event.question_id, text=event.answer, by=event.by, question=session.question)
    messages = (*session.messages, answer)
    return _next(session, event, phase=Phase.QUEUED, question=None, question_id=None, messages=messages)


def _message_sent(session: Session, event: e.MessageSent) -> Session:
    _require(Ability.MESSAGES in session.abilities, session, event, "its agent takes no messages")
    _require(all(each.id != event.message_id for each in session.messages), session, event, "it was sent already")
    message = Message(id=event.message_id, text=event.message, by=event.by)
    return _next(session, event, messages=(*session.messages, message))


def _message_delivered(session: Session, event: e.MessageDelivered) -> Session:
    waiting = {each.id for each in session.messages}
    known = bool(event.message_ids) and waiting.issuperset(event.message_ids)
    _require(known, session, event, "these messages do not wait for it")
    left = tuple(each for each in session.messages if each.id not in event.message_ids)
    return _next(session, event, messages=left)


def _interrupted(session: Session, event: e.SessionInterrupted) -> Session:
    needs_human = {"interrupted": event.needs_human} if event.needs_human else None
    if session.phase is Phase.INTERRUPTED:
        _require(needs_human != session.needs_human, session, event, "it is interrupted, and nothing differs")
    if session.phase is Phase.QUEUED:
        _require(session.pending is not None, session, event, "it has no command at work")
    return _next(
        session,
        event,
        phase=Phase.INTERRUPTED,
        stalled_since=None,
        needs_human=needs_human,
        question=None,
        question_id=None,
    )


def _ended(session: Session, event: e.AnyEvent, status: Status, **changes: Any) -> Session:
    usual = {
        "phase": None,
        "finished_at": event.at,
        "needs_human": None,
        "stalled_since": None,
        "paused": None,
        "repeat": None,
        **_nothing_asked(session),
    }
    return _next(session, event, status=status, **{**usual, **changes})


def _completed(session: Session, event: e.SessionCompleted) -> Session:
    _require(session.pending is None, session, event, "its last command has no result yet")
    there = session.artifact_path is None or session.artifact is ArtifactState.PRESENT
    _require(there, session, event, "its artifact is not there")
    return _ended(session, event, Status.COMPLETE, kept=event.kept, error_message=None, failure_cause=None)


def _failed(session: Session, event: e.SessionFailed) -> Session:
    _require(session.pending is None, session, event, "its last command has no result yet")
    return _ended(
        session,
        event,
        Status.FAILED,
        error_message=event.reason,
        failure_cause=event.cause,
        repeat=_counted(session, event) if session.attempt > 1 else None,
    )


def _counted(session: Session, event: e.SessionFailed) -> Repeat:
    """The retry that ends with this failure."""
    retry = retry_digest(session.note, session.agent, session.model, session.state.get("resume_step"))
    return counted(session.repeat, retry, failure_digest(event.cause, event.reason))


def _cancelled(session: Session, event: e.SessionCancelled) -> Session:
    return _ended(
        session,
        event,
        Status.CANCELLED,
        phase=Phase.CANCELLING if session.pending else None,
        error_message=event.reason,
        decision_id=event.decision_id,
        decided_by=event.by,
    )


def _skipped(session: Session, event: e.SessionSkipped) -> Session:
    # The error of a failed session stays readable beside the reason for skipping it.
    if session.status is Status.COMPLETE:
        _require(session.artifact is ArtifactState.MISSING, session, event, "it is complete and its file is there")
    return _ended(
        session,
        event,
        Status.SKIPPED,
        phase=Phase.CANCELLING if session.pending else None,
        skip_reason=event.reason,
        decision_id=event.decision_id,
        decided_by=event.by,
    )


def _retried(session: Session, event: e.SessionRetried) -> Session:
    _require(event.attempt == session.attempt + 1, session, event, f"its attempt is {session.attempt}")
    ended_well = session.status is Status.COMPLETE and session.artifact is not ArtifactState.MISSING
    _require(not ended_well, session, event, "it is complete and its file is not missing")
    return _next(
        session,
        event,
        status=Status.ACTIVE,
        phase=Phase.QUEUED,
        attempt=session.attempt + 1,
        agent=event.agent,
        model=event.model,
        state={**session.state, "resume_step": event.resume_step, **_what_went_wrong(session, event)},
        conversation=event.conversation or session.conversation,
        step=None,
        command=None,
        pending=None,
        note=event.note,
        artifact=ArtifactState.UNKNOWN,
        kept=False,
        error_message=None,
        failure_cause=None,
        skip_reason=None,
        decision_id=event.decision_id,
        decided_by=event.by,
        started_at=None,
        finished_at=None,
    )


def _undone(session: Session, event: e.DecisionUndone) -> Session:
    against = objection(session, event)
    _require(against is None, session, event, against or "")
    return _next(session, event, **restored_fields(event))


def _what_went_wrong(session: Session, event: e.SessionRetried) -> dict[str, Any]:
    """What the next prompt carries of the attempt that ended."""
    gone = session.artifact is ArtifactState.MISSING or session.failure_cause is FailureCause.MISSING_FILE
    failure = session.error_message
    if failure is None and gone:
        failure = f"its file {session.artifact_path} is missing"
    found = {"failure": failure, "missing_files": [session.artifact_path] if gone else []}
    # An attempt that nobody failed has no class of failure, and must not keep that of one before it.
    known = event.failure_cause is not None or "failure_cause" in session.state
    return {**found, "failure_cause": event.failure_cause} if known else found


def _used(session: Session, event: e.UsageRecorded) -> Session:
    """What was paid for counts, whatever has become of the session and its attempt since."""
    _require(1 <= (event.attempt or 0) <= session.attempt, session, event, f"its attempt is {session.attempt}")
    _require(all(count >= 0 for count in event.tokens.values()), session, event, "tokens are never taken back")
    usage = {kind: session.usage.get(kind, 0) + event.tokens.get(kind, 0) for kind in {**session.usage, **event.tokens}}
    if event.cost_usd is not None:
        return _next(session, event, usage=usage, cost_usd=(session.cost_usd or 0.0) + event.cost_usd)
    unpriced = {**session.unpriced, event.model: session.unpriced.get(event.model, 0) + sum(event.tokens.values())}
    return _next(session, event, usage=usage, unpriced=unpriced)


def _artifact_found(session: Session, event: e.ArtifactFound) -> Session:
    _require(event.path == session.artifact_path, session, event, "the file is not its artifact")
    _require(session.artifact is not ArtifactState.PRESENT, session, event, "its artifact is known to be there")
    return _next(session, event, artifact=ArtifactState.PRESENT)


def _artifact_missing(session: Session, event: e.ArtifactMissing) -> Session:
    _require(event.path == session.artifact_path, session, event, "the file is not its artifact")
    _require(session.artifact is ArtifactState.PRESENT, session, event, "its artifact is not known to be there")
    return _next(session, event, artifact=ArtifactState.MISSING)


def _run_paused(session: Session, event: e.RunPaused) -> Session:
    _require(session.session_id is None, session, event, "it is no run's root")
    now = session.paused
    goes_further = now is None or (now.mode, event.mode) == (PauseMode.SOFT, PauseMode.HARD)
    _require(goes_further, session, event, "its run is paused already")
    pause = Pause(
        kind=event.kind,
        mode=event.mode,
        cause=event.cause,
        since=event.at,
        by=event.by,
        limit=event.limit,
    )
    return _next(session, event, paused=pause)


def _run_resumed(session: Session, event: e.RunResumed) -> Session:
    _require(session.paused is not None, session, event, "its run is not paused")
    return _next(session, event, paused=None)


def _budget_set(session: Session, event: e.BudgetSet) -> Session:
    _require(session.session_id is None, session, event, "it is no run's root")
    return _next(session, event, budget=event.budget)


class Rule(NamedTuple):
    """When an event is legal, and what it changes. `phases` None: in any phase; they count while active only."""

    statuses: frozenset[Status]
    phases: frozenset[Phase] | None
    change: Callable[[Session, Any], Session]


_ANY = frozenset(Status)
_ACTIVE = frozenset({Status.ACTIVE})
_WORKING = frozenset({Phase.RUNNING, Phase.WAITING})

LEGAL: dict[type[e.Event], Rule] = {
    e.SessionStarted: Rule(_ACTIVE, frozenset({Phase.QUEUED, Phase.INTERRUPTED}), _started),
    e.CommandIssued: Rule(_ACTIVE, _WORKING, _command_issued),
    e.ResultRecorded: Rule(_ANY, None, _result_recorded),
    e.SessionReconfigured: Rule(_ANY, None, _reconfigured),
    e.SessionBlocked: Rule(_ACTIVE, _WORKING, _blocked),
    e.SessionUnblocked: Rule(_ACTIVE, frozenset({Phase.BLOCKED}), _unblocked),
    e.SessionStalled: Rule(_ACTIVE, frozenset({Phase.RUNNING}), _stalled),
    e.SessionRevived: Rule(_ACTIVE, frozenset({Phase.STALLED}), _revived),
    e.SessionPaused: Rule(_ACTIVE, frozenset({Phase.RUNNING}), _paused_at_turn),
    e.QuestionAsked: Rule(_ACTIVE, frozenset({Phase.RUNNING, Phase.ASKING, Phase.QUEUED}), _asked),
    e.QuestionAnswered: Rule(_ACTIVE, frozenset({Phase.ASKING}), _answered),
    e.MessageSent: Rule(_ACTIVE, None, _message_sent),
    e.MessageDelivered: Rule(_ANY, None, _message_delivered),
    e.SessionInterrupted: Rule(
        _ACTIVE, _WORKING | {Phase.STALLED, Phase.ASKING, Phase.QUEUED, Phase.INTERRUPTED}, _interrupted
    ),
    e.SessionCompleted: Rule(_ACTIVE, _WORKING, _completed),
    e.SessionFailed: Rule(_ACTIVE, None, _failed),
    e.SessionCancelled: Rule(_ACTIVE, None, _cancelled),
    e.SessionSkipped: Rule(_ANY - {Status.SKIPPED}, None, _skipped),
    e.SessionRetried: Rule(TERMINAL, None, _retried),
    e.DecisionUndone: Rule(
        frozenset({Status.ACTIVE, Status.CANCELLED, Status.SKIPPED}), frozenset({Phase.QUEUED}), _undone
    ),
    e.UsageRecorded: Rule(_ANY, None, _used),
    e.ArtifactFound: Rule(_ANY, None, _artifact_found),
    e.ArtifactMissing: Rule(frozenset({Status.COMPLETE}), None, _artifact_missing),
    e.RunPaused: Rule(_ACTIVE, None, _run_paused),
    e.RunResumed: Rule(_ACTIVE, None, _run_resumed),
    e.BudgetSet: Rule(_ACTIVE, None, _budget_set),
}

_TOUCHES_NOTHING = frozenset(
    {
        e.RunStarted,
        e.RunAdopted,
        e.RunStopped,
        e.RunFinished,
        e.ControlRequested,
        e.ControlSettled,
        e.EngineStarted,
        e.EngineStopped,
        e.SlotsChanged,
        e.CredentialPaused,
        e.CredentialResumed,
    }
)
