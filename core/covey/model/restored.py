"""What a session is once a decision about it has been undone: the part of the reducer that is about that alone.

A session that had ended gets its end back, with the attempt that it had then. One that was active gets a new attempt,
since its work was ended with the decision.
"""

from typing import TYPE_CHECKING, Any

from covey.model.status import ArtifactState, Phase, Status

if TYPE_CHECKING:
    from covey.model.events import DecisionUndone
    from covey.model.session import Session


def restored_fields(event: "DecisionUndone") -> dict[str, Any]:
    """The fields of the session that the event sets."""
    return {
        "status": event.status,
        "phase": Phase.QUEUED if event.status is Status.ACTIVE else None,
        "attempt": event.attempt,
        "error_message": event.error_message,
        "failure_cause": event.failure_cause,
        "skip_reason": event.skip_reason,
        "decision_id": event.earlier_decision_id,
        "decided_by": event.earlier_decided_by,
        "step": event.step,
        "command": event.command,
        "pending": None,
        "question": None,
        "question_id": None,
        "needs_human": None,
        "note": event.note,
        "conversation": event.conversation,
        "agent": event.agent,
        "model": event.model,
        "artifact": event.artifact,
        "kept": event.kept,
        "started_at": event.started_at,
        "finished_at": event.finished_at,
        "repeat": event.repeat,
        "state": event.state,
    }


def objection(session: "Session", event: "DecisionUndone") -> str | None:
    """Why the event cannot be about the session as it is; None when nothing stands against it."""
    if session.decision_id != event.decision_id:
        return f"it was not decided on by {event.decision_id}"
    if not _attempt_fits(session, event):
        return f"attempt {event.attempt} does not follow from attempt {session.attempt}"
    if not _holds_together(session, event):
        return f"it cannot have been {event.status} like that"
    return None


def _attempt_fits(session: "Session", event: "DecisionUndone") -> bool:
    attempt = event.attempt or 0
    if event.status is Status.ACTIVE:
        return attempt == session.attempt + 1
    # What has ended and was retried has an attempt more by now.
    newest = session.attempt - 1 if session.status is Status.ACTIVE else session.attempt
    return 1 <= attempt <= newest


def _holds_together(session: "Session", event: "DecisionUndone") -> bool:
    """What the event restores is a session as `covey.model.reducer` can bring it about."""
    gone = event.artifact is ArtifactState.MISSING
    well = event.error_message is None and event.failure_cause is None
    there = session.artifact_path is None or event.artifact is not ArtifactState.UNKNOWN
    allowed = {
        Status.ACTIVE: well and not gone and event.step is None,
        Status.COMPLETE: well and there,
        Status.FAILED: event.error_message is not None and event.failure_cause is not None and not gone,
        Status.CANCELLED: event.earlier_decision_id is not None and event.earlier_decided_by is not None and not gone,
        Status.SKIPPED: True,
    }[event.status]
    ended = event.status is not Status.ACTIVE
    skipped = event.status is Status.SKIPPED
    return allowed and (event.finished_at is not None) == ended and (event.skip_reason is not None) == skipped
