"""What follows from a result: the limits, the ends of sessions and runs. One function for each; no I/O.

`max_tries` and `max_revisions` are counted here over the attempt's tries, and nowhere else.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from covey.config.settings import RunTable
from covey.model import events as e
from covey.model.command import CommandKind, Result, ResultStatus, Try
from covey.model.decision import cancelled, failure_decision
from covey.model.outcome import exit_code
from covey.model.session import Session, about
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from covey.workflows.workflow import Workflow

ENGINE = "covey"
"""Who decided, where no human did."""


def consequences(
    workflow: Workflow, limits: RunTable, session: Session, *, tries: Sequence[Try], result: Result, at: datetime
) -> tuple[e.AnyEvent, ...]:
    """The events that follow from a result; `tries` includes the try that it completes."""
    step = tries[-1].step
    if result.status is ResultStatus.OK and step == workflow.final:
        return _completed(session, tries, at)
    if result.status is not ResultStatus.ERROR:
        return ()
    if step in workflow.loops:
        return _blocked(session, result, at) if result.data.get("kind") == "needs_human" else ()
    # An agent that ended well without its file ends its session: asking the same again would be paid again.
    # One without money would ask for some again.
    by_agent, cause = tries[-1].command is CommandKind.AGENT, _cause(result)
    is_over = cause is FailureCause.BUDGET or (by_agent and cause is FailureCause.MISSING_FILE)
    if not is_over and _may_try_again(workflow, limits, tries):
        return ()
    return (failed(session, cause, result.error_message or "failed without a reason", at),)


def failed(session: Session, cause: FailureCause, reason: str, at: datetime) -> e.SessionFailed:
    """The event that ends a session with an error."""
    return e.SessionFailed(at=at, **about(session), cause=cause, reason=reason)


def cancel_below(parent: Session, below: Iterable[Session], at: datetime) -> tuple[e.AnyEvent, ...]:
    """A parent that fails cancels what is active below it, children before their parents."""
    reason = f"its parent {parent.component} failed"
    decision = failure_decision(parent)
    active = [session for session in below if session.status is Status.ACTIVE]
    return tuple(cancelled(session, reason, decision, ENGINE, at) for session in reversed(active))


def run_finished(
    events: Iterable[e.AnyEvent], root: Session, below: Iterable[Session], at: datetime
) -> tuple[e.AnyEvent, ...]:
    """`run_finished`, if these events end the root of a run."""
    tree = SessionTree([root, *below])
    tree.fold(events)
    ended = tree.sessions[root.id]
    if ended.status is Status.ACTIVE or root.status is not Status.ACTIVE:
        return ()
    counts = tree.counts(root.id)
    code = exit_code(ended, counts)
    return (e.RunFinished(at=at, **about(root), exit_code=code, counts=counts),)


def unblocked(session: Session, at: datetime) -> tuple[e.AnyEvent, ...]:
    """The event that lets a blocked session look again; none for one that is not blocked."""
    return (e.SessionUnblocked(at=at, **about(session)),) if session.phase is Phase.BLOCKED else ()


def revived(session: Session, at: datetime) -> tuple[e.AnyEvent, ...]:
    """The event by which a stalled session is at work again, as a result shows; none for one that is not stalled."""
    return (e.SessionRevived(at=at, **about(session)),) if session.phase is Phase.STALLED else ()


def found_if_unknown(session: Session, at: datetime) -> tuple[e.AnyEvent, ...]:
    """`artifact_found`, unless the log knows already."""
    if session.artifact_path is None or session.artifact is ArtifactState.PRESENT:
        return ()
    return (e.ArtifactFound(at=at, **about(session), path=session.artifact_path),)


def missing_by_verdict(result: Result, children: Iterable[Session], at: datetime) -> tuple[e.AnyEvent, ...]:
    """`artifact_missing` for the files that a parent has just not found, where the log still takes them for present."""
    facts = result.data.get("missing_files")
    paths = {fact.get("path") for fact in facts if isinstance(fact, dict)} if isinstance(facts, list) else set()
    return tuple(
        e.ArtifactMissing(at=at, **about(child), path=child.artifact_path)
        for child in children
        if child.artifact_path is not None and child.artifact_path in paths and child.artifact is ArtifactState.PRESENT
    )


def _completed(session: Session, tries: Sequence[Try], at: datetime) -> tuple[e.AnyEvent, ...]:
    worked = any(each.command is CommandKind.AGENT for each in tries)
    kept = session.artifact_path is not None and not worked
    return (*found_if_unknown(session, at), e.SessionCompleted(at=at, **about(session), kept=kept))


def _blocked(session: Session, result: Result, at: datetime) -> tuple[e.AnyEvent, ...]:
    reason = result.error_message or ""
    return (e.SessionBlocked(at=at, **about(session), reason=reason, needs_human=result.data),)


def _may_try_again(workflow: Workflow, limits: RunTable, tries: Sequence[Try]) -> bool:
    """The step may be tried again (or its revising step may follow) within this attempt."""
    step = tries[-1].step
    revising = workflow.rounds.get(step)
    if revising is not None:
        return sum(each.step == revising for each in tries) < limits.max_revisions
    errors = sum(each.step == step and each.status is ResultStatus.ERROR for each in tries)
    # A last step that errs ends its session: what it found missing does not come by asking again.
    return step != workflow.final and errors < limits.max_tries


def _cause(result: Result) -> FailureCause:
    return FailureCause(str(result.data.get("cause", FailureCause.AGENT_ERROR)))
