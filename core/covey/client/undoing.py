"""Which decision of a run an undo is about, as whoever asks for it sees the run, and what the stored rows say of it."""

from datetime import datetime

from covey.model.control import ControlRequest
from covey.model.decision import Decision
from covey.model.session import Session
from covey.model.undo import DECISIONS, undo
from covey.store.sqlite import Viewer


async def last_decision(viewer: Viewer, run_id: str) -> str | None:
    """The id of the last decision of a run that is not undone; None when there is none.

    What somebody has asked for and no engine has taken yet comes after all that is in the log.
    """
    waiting = await waiting_of(viewer, run_id)
    taken_back = {request.undoes for request in waiting if request.undoes is not None}
    asked = [request.decision_id for request in waiting if request.action in DECISIONS]
    for decision_id in reversed(asked):
        if decision_id not in taken_back:
            return decision_id
    last = (await viewer.history(viewer.scope, run_id, taken_back)).last
    return last.decision_id if last is not None else None


async def undo_of(viewer: Viewer, request: ControlRequest, at: datetime) -> Decision | None:
    """What an undo comes to on the stored rows; None where it waits for what others have asked for before."""
    run = await viewer.run(viewer.scope, request.session_id)
    if await waiting_of(viewer, request.session_id):
        return None
    return undo(request, run, await viewer.history(viewer.scope, request.session_id), _has_passed, at)


async def waiting_of(viewer: Viewer, run_id: str) -> list[ControlRequest]:
    """The requests about sessions of a run that no engine has taken yet, oldest first."""
    queued = await viewer.queued_controls()
    if not queued:
        return []
    ids = {session.id for session in await viewer.run(viewer.scope, run_id)}
    return [request for request in queued if request.session_id in ids]


def _has_passed(then: Session, now: Session) -> bool:
    from covey.workflows.registry import WORKFLOWS  # noqa: PLC0415 - all steps with it, which few ask about
    from covey.workflows.workflow import has_passed  # noqa: PLC0415 - likewise

    return has_passed(WORKFLOWS.get(now.type), then.step, now.step)
