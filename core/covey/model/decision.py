"""What a control request comes to: the fine print of each action, as one pure function.

Undo, which needs the log as well, is in `covey.model.undo`. The engine applies it to the rows of the moment; the
command line asks it about the stored rows when no engine lives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from covey.model import events as e
from covey.model.ability import Ability
from covey.model.budget import Account, Budget, more_than, overrun
from covey.model.command import CommandKind
from covey.model.control import AS_WISHED, CONTROLS, OF_RUNS, Action, ControlRequest, Standing
from covey.model.credential import NONE_PAUSED, CredentialPause, Paused, pauses_of
from covey.model.ids import id_for
from covey.model.message import listening_objection, text_objection
from covey.model.pause import PauseKind, PauseMode
from covey.model.retries import objection, retry_digest
from covey.model.session import Session, about, is_terminal, standing, undecided
from covey.model.status import TERMINAL, Phase, Status


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request comes to: its events, or why there are none. `refused` is not the same as `already as wished`.

    The reason of an undo that changes something is what it undoes, that of a retry what it does not do.
    """

    events: tuple[e.AnyEvent, ...] = ()
    refused: bool = False
    reason: str | None = None

    @property
    def changed(self) -> bool:
        """The request changes something."""
        return bool(self.events)


def decide(  # noqa: PLR0911 - one for each action
    request: ControlRequest,
    session: Session,
    ancestors: Sequence[Session],
    descendants: Sequence[Session],
    at: datetime,
    *,
    retry_limit: int | None = None,
    account: Account = Account(),  # noqa: B008 - it is immutable
    paused: Paused = NONE_PAUSED,
) -> Decision:
    """Decide a request on the rows of the moment.

    `ancestors` are the session's, nearest first; `descendants` are all below it, parents before their children.
    `retry_limit` is how many retries a session gets unless they are forced; None where the settings are not known.
    `account` is what counts against the run's budget, and `paused` are the credentials that are: only a resume is
    decided on them.
    """
    held = pauses_of(paused, descendants) if request.action is Action.RESUME else ()
    without_change = _without_change(request, session, is_held=bool(held))
    if without_change is not None:
        return without_change
    match request.action:
        case Action.RETRY:
            decision = _retry(request, session, ancestors, descendants, at)
            return decision if request.force else _unless_pointless(decision, session, retry_limit)
        case Action.SKIP:
            return _skip(request, session, ancestors, descendants, at)
        case Action.CANCEL:
            return Decision(cancel_all([session, *descendants], request, at))
        case Action.PAUSE:
            return _paused(request, session, at)
        case Action.RESUME:
            credentials = tuple(_credential_resumed(pause, request, at) for pause in held)
            return _resumed(request, session, account, at, credentials)
        case Action.MESSAGE:
            return _message(request, session, at)
        case Action.UNDO:
            return Decision(refused=True, reason="undo is about the last decision of a run, not about a session")


def _credential_resumed(pause: CredentialPause, request: ControlRequest, at: datetime) -> e.CredentialResumed:
    return e.CredentialResumed(at=at, credential=pause.credential, by=request.requested_by)


def _without_change(request: ControlRequest, session: Session, *, is_held: bool) -> Decision | None:
    as_wished = None if is_held else _as_wished(request, session)
    if as_wished is not None:
        return Decision(reason=as_wished)
    ruled_out = _ruled_out(request, session)
    return None if ruled_out is None else Decision(refused=True, reason=ruled_out)


def cancel_all(sessions: Iterable[Session], request: ControlRequest, at: datetime) -> tuple[e.AnyEvent, ...]:
    """Cancel those of the sessions that are active, children before their parents."""
    reason = request.reason or f"cancelled by {request.requested_by}"
    active = [session for session in sessions if session.status is Status.ACTIVE]
    return tuple(cancelled(session, reason, request.decision_id, request.requested_by, at) for session in active[::-1])


def cancelled(session: Session, reason: str, decision_id: str, by: str, at: datetime) -> e.SessionCancelled:
    """The event that cancels one session."""
    return e.SessionCancelled(
        at=at,
        **about(session),
        reason=reason,
        decision_id=decision_id,
        by=by,
    )


def _as_wished(request: ControlRequest, session: Session) -> str | None:
    """Why nothing is left to do; looked at first, so that a doubled request is settled and not refused."""
    if request.action in OF_RUNS:
        return _run_as_wished(request, session)
    now = standing(session)
    if AS_WISHED.get(request.action) is now:
        return f"it is {now} already"
    is_the_new_attempt = session.status is Status.ACTIVE and session.attempt == request.attempt + 1
    if request.action is Action.RETRY and is_the_new_attempt:
        return f"it is at attempt {session.attempt} already"
    return None


def _run_as_wished(request: ControlRequest, session: Session) -> str | None:
    pause = session.paused
    if session.session_id is not None:
        return None
    if request.action is Action.RESUME:
        is_at_work = pause is None and session.status is Status.ACTIVE
        return "it is not paused" if is_at_work and _wished_budget(request, session) == session.budget else None
    if pause is None or (request.hard and pause.mode is PauseMode.SOFT):
        return None
    return f"it is paused already, by {pause.by}"


def _ruled_out(request: ControlRequest, session: Session) -> str | None:
    """Why the request came too late, or was never possible."""
    if (request.attempt, request.status) != (session.attempt, session.status):
        was = f"attempt {request.attempt} was {request.status}"
        return f"it changed meanwhile: {was}, now attempt {session.attempt} is {session.status}"
    if request.action in OF_RUNS:
        return _run_ruled_out(request, session)
    now = standing(session)
    if now in CONTROLS[request.action]:
        return None
    if now is Standing.COMPLETE:
        file = " and its file is in order" if session.artifact_path else ""
        return f"cannot {request.action}: it is complete{file}"
    if now is Standing.FILE_MISSING:
        return f"cannot {request.action}: it is complete, only its file is missing"
    return f"cannot {request.action}: it is {now}"


def _run_ruled_out(request: ControlRequest, session: Session) -> str | None:
    if session.session_id is not None:
        return f"cannot {request.action}: it is a session inside a run; name the run"
    if standing(session) in CONTROLS[request.action]:
        return None
    return f"cannot {request.action}: the run is {session.status}"


def _retry(
    request: ControlRequest,
    session: Session,
    ancestors: Sequence[Session],
    descendants: Sequence[Session],
    at: datetime,
) -> Decision:
    if request.resume and request.agent not in {None, session.agent}:
        return Decision(refused=True, reason=_goes_on_alone(request, session))
    stopped = next((above for above in ancestors if is_terminal(above)), None)
    if stopped is not None:
        advice = "use covey run" if stopped.status is Status.COMPLETE else "retry that one"
        return Decision(refused=True, reason=f"its parent is {stopped.status}: {advice}")
    if session.phase is Phase.BLOCKED:
        return Decision((_unblocked(session, at),))
    if session.status is Status.ACTIVE:
        return _restart(request, session, descendants, at)
    return Decision(
        (
            _retried(request, session, at, is_parent=bool(descendants)),
            *(_retried(request, child, at) for child in _ended_with(session, descendants)),
            *_wake_ancestors(ancestors, at),
        ),
        reason=_begins_step_anew(request, session),
    )


def _begins_step_anew(request: ControlRequest, session: Session) -> str | None:
    """What a resume does not do: an agent that cannot continue its conversation begins its step from the start."""
    if not request.resume or session.command is not CommandKind.AGENT or Ability.RESUME in session.abilities:
        return None
    return f"{session.agent} cannot go on in the middle of a step: it begins {session.step} anew"


def _goes_on_alone(request: ControlRequest, session: Session) -> str:
    goes_on = f"--resume goes on with what {session.agent} has begun, which {request.agent} knows nothing of"
    return f"{goes_on}; retry without --resume, or with the same agent"


def _unless_pointless(decision: Decision, session: Session, retry_limit: int | None) -> Decision:
    """The same decision, unless it begins an attempt that promises nothing."""
    for event in decision.events:
        if isinstance(event, e.SessionRetried) and event.session_id == session.id:
            digest = retry_digest(event.note, event.agent, event.model, event.resume_step)
            reason = objection(session.repeat, digest, made=session.attempt - 1, limit=retry_limit)
            return decision if reason is None else Decision(refused=True, reason=reason)
    return decision


def _restart(request: ControlRequest, session: Session, descendants: Sequence[Session], at: datetime) -> Decision:
    if session.phase is Phase.WAITING:
        # A blocked parent's retry leads here, so the same key pressed twice finds its wish fulfilled.
        return Decision(reason="it looks after its children already; retry those that need it")
    if descendants and not undecided(session):
        now = "was interrupted" if session.phase is Phase.INTERRUPTED else "is at work"
        return Decision(refused=True, reason=f"cannot retry: it {now} and has children; retry those")
    if session.phase is Phase.QUEUED and session.pending is None:
        return Decision(reason=f"attempt {session.attempt} has not started yet")
    again = _retried(request, session, at, is_parent=bool(descendants))
    return Decision((*cancel_all([session], request, at), again))


def _retried(request: ControlRequest, session: Session, at: datetime, *, is_parent: bool = False) -> e.SessionRetried:
    resume = request.resume or (is_parent and session.step == "Finalize")
    begins = not (resume and session.step)
    return e.SessionRetried(
        at=at,
        run_id=session.run_id,
        session_id=session.id,
        attempt=session.attempt + 1,
        note=request.note,
        resume_step=session.step if resume else None,
        conversation=session.attempt + 1 if begins else None,
        failure_cause=session.failure_cause,
        agent=request.agent or session.agent,
        model=request.model if request.model or request.agent else session.model,
        decision_id=request.decision_id,
        by=request.requested_by,
    )


def failure_decision(session: Session) -> str:
    """The id of the decision by which a parent that fails cancels its active children."""
    return id_for(session.id, str(session.attempt), "failed")


def _ended_with(session: Session, descendants: Sequence[Session]) -> list[Session]:
    """The descendants that the decision which ended the session cancelled with it, and that are still in its reach.

    What lies below a child that was skipped since stays as it is: no session runs below one that has ended.
    """
    decision = failure_decision(session) if session.status is Status.FAILED else session.decision_id
    reach = {session.id}
    taken = []
    for child in descendants:
        shares_the_decision = decision is not None and child.decision_id == decision
        if child.session_id in reach and child.status is Status.CANCELLED and shares_the_decision:
            reach.add(child.id)
            taken.append(child)
    return taken


def _skip(
    request: ControlRequest,
    session: Session,
    ancestors: Sequence[Session],
    descendants: Sequence[Session],
    at: datetime,
) -> Decision:
    if session.session_id is None:
        return Decision(refused=True, reason="a run's root cannot be skipped; cancel it instead")
    below = cancel_all(descendants, request, at) if session.status not in TERMINAL else ()
    skipped = e.SessionSkipped(
        at=at,
        **about(session),
        reason=request.reason or "",
        decision_id=request.decision_id,
        by=request.requested_by,
    )
    # A skip may be all that a run waited for; one that was stopped while it worked does not go on for it.
    was_stopped = any(above.phase is Phase.INTERRUPTED for above in ancestors)
    return Decision((*below, skipped, *(() if was_stopped else _wake_ancestors(ancestors, at))))


def _message(request: ControlRequest, session: Session, at: datetime) -> Decision:
    """A message to a session that asks is the answer; to another one, it goes to its agent before the next turn."""
    text = request.message or ""
    objection = text_objection(text) or listening_objection(session) or _asked_since(request, session)
    if objection is not None:
        return Decision(refused=True, reason=objection)
    if session.question_id is not None:
        answered = e.QuestionAnswered(
            at=at,
            **about(session),
            question_id=session.question_id,
            answer=text,
            by=request.requested_by,
            decision_id=request.decision_id,
        )
        return Decision((answered,), reason="it is the answer to its question")
    sent = e.MessageSent(
        at=at,
        **about(session),
        message_id=request.id,
        message=text,
        by=request.requested_by,
        decision_id=request.decision_id,
    )
    return Decision((sent,), reason="its agent gets it before its next turn")


def _asked_since(request: ControlRequest, session: Session) -> str | None:
    """Why a message was meant for something else than what it would be now."""
    if request.answers == session.question_id:
        return None
    if session.question is not None:
        return f"it changed meanwhile: it asks by now: {session.question}"
    return "it changed meanwhile: its question does not wait for an answer any more"


def _wake_ancestors(ancestors: Sequence[Session], at: datetime) -> tuple[e.AnyEvent, ...]:
    """What is decided of a child puts blocked parents back to waiting: they look again."""
    return tuple(_unblocked(above, at) for above in ancestors if above.phase is Phase.BLOCKED)


def _unblocked(session: Session, at: datetime) -> e.SessionUnblocked:
    return e.SessionUnblocked(at=at, **about(session))


def _paused(request: ControlRequest, session: Session, at: datetime) -> Decision:
    paused = e.RunPaused(
        at=at,
        **about(session),
        kind=PauseKind.HUMAN,
        mode=PauseMode.HARD if request.hard else PauseMode.SOFT,
        cause=request.reason or f"paused by {request.requested_by}",
        by=request.requested_by,
        decision_id=request.decision_id,
    )
    return Decision((paused,))


def _resumed(
    request: ControlRequest, session: Session, account: Account, at: datetime, credentials: tuple[e.AnyEvent, ...]
) -> Decision:
    """Let the run and its credentials go on, unless its budget is spent by then: it would be paused again at once."""
    budget = _wished_budget(request, session)
    found = overrun(budget, account)
    if found is not None:
        advice = f"; {more_than(found.limit)}" if found.limit else ""
        return Decision(refused=True, reason=f"{found.reason}{advice}")
    by, key = request.requested_by, request.decision_id
    events = credentials
    if budget is not None and budget != session.budget:
        events = (*events, e.BudgetSet(at=at, **about(session), budget=budget, by=by, decision_id=key))
    if session.paused is not None:
        events = (*events, e.RunResumed(at=at, **about(session), by=by, decision_id=key))
    return Decision(events)


def _wished_budget(request: ControlRequest, session: Session) -> Budget | None:
    """What the run may spend once the request is granted; None where nobody sets a limit."""
    if request.budget_usd is None and request.budget_tokens is None:
        return session.budget
    known = session.budget or Budget(id=request.decision_id)
    return known.with_limits(request.budget_usd, request.budget_tokens)
