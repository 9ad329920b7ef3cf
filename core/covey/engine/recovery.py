"""What a dead engine left behind: processes are ended, temporary files removed, sessions marked, work taken over."""

import asyncio

from covey.engine.shell import remove_leftovers
from covey.engine.turns import Bench, error_result
from covey.errors import IllegalEventError, StaleOperationError
from covey.model import events as e
from covey.model.session import Session, about
from covey.model.status import AT_WORK, TERMINAL, Phase, Status
from covey.store.base import Completion, Operation
from covey.workspace.processes import Grace, ProcessRecord, end_recorded

DIED = "its engine died"


async def recover(bench: Bench, grace_seconds: float) -> None:
    """Bring the store to where an engine can go on; harmless where the last engine left in good order."""
    await _end_processes(bench, grace_seconds)
    await _clear_away(bench)
    await bench.store.take_over()
    await interrupt(bench, DIED)


async def interrupt(bench: Bench, reason: str, run_id: str | None = None) -> None:
    """Mark what works (of one run, or of all) as interrupted, and close what is open of sessions that have ended."""
    sessions = await bench.store.open_sessions(bench.scope)
    concerned = [session for session in sessions if run_id in {None, session.run_id}]
    await asyncio.gather(*(_settle(bench, session, reason) for session in concerned))


async def _settle(bench: Bench, session: Session, reason: str) -> None:
    if session.status is Status.ACTIVE and session.phase in AT_WORK | {Phase.WAITING}:
        await _append(bench, _interrupted(bench, session, reason))
    elif session.status in TERMINAL and session.pending is not None:
        await _append(bench, _closed(bench, session, reason))


async def _append(bench: Bench, operation: Operation) -> None:
    try:
        await bench.store.append(operation)
    except (StaleOperationError, IllegalEventError):
        return  # it ended by itself meanwhile: nothing is left to be marked


def _interrupted(bench: Bench, session: Session, reason: str) -> Operation:
    event = e.SessionInterrupted(
        at=bench.tools.clock.now(),
        **about(session),
        reason=reason,
    )
    return Operation(events=(event,), versions={session.id: session.version})


def _closed(bench: Bench, session: Session, reason: str) -> Operation:
    result = error_result(reason, bench.tools.clock.now())
    event = e.ResultRecorded(
        at=result.timestamp,
        **about(session),
        interaction_id=session.pending or "",
        step=session.step or "",
        status=result.status,
        late=True,
    )
    return Operation(
        events=(event,),
        versions={session.id: session.version},
        completed=(Completion(event.interaction_id, result, result.timestamp, late=True),),
    )


async def _clear_away(bench: Bench) -> None:
    """Remove temporary files, in the project and wherever unfinished sessions work."""
    sessions = await bench.store.open_sessions(bench.scope)
    for root in {bench.tools.home, *(bench.tools.within(session).root for session in sessions)}:
        await asyncio.to_thread(remove_leftovers, root)


async def _end_processes(bench: Bench, grace_seconds: float) -> None:
    """End the process groups that a dead engine recorded, before their sessions are tried again."""
    for process in await bench.store.processes():
        record = ProcessRecord(pid=process.pid, group=process.group, started=process.started)
        await end_recorded(record, Grace(seconds=grace_seconds))
        await bench.store.close_process(process.pid, process.started)
