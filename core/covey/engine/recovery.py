"""What a dead engine left behind: processes are ended, temporary files removed, sessions marked, work taken over."""

import asyncio
from datetime import datetime

from covey.engine.shell import remove_leftovers
from covey.engine.turns import Bench, error_result
from covey.errors import IllegalEventError, StaleOperationError
from covey.model.command import Interaction
from covey.model.events import ResultRecorded, SessionInterrupted
from covey.model.session import Session, about
from covey.model.status import Phase, Status
from covey.store.base import Completion, Operation
from covey.workspace.processes import Grace, ProcessRecord, end_recorded

DIED = "its engine died"
_WORKING = frozenset({Phase.RUNNING, Phase.WAITING})


async def recover(bench: Bench, grace_seconds: float) -> None:
    """Bring the store to where an engine can go on; harmless where the last engine left in good order."""
    await _end_processes(bench, grace_seconds)
    await _clear_away(bench)
    await bench.store.take_over()
    await interrupt(bench, DIED)


async def interrupt(bench: Bench, reason: str, run_id: str | None = None) -> None:
    """Mark what works (of one run, or of all) as interrupted, and close what no session waits for any more."""
    sessions = await bench.store.open_sessions(bench.scope)
    working = [each for each in sessions if each.status is Status.ACTIVE and each.phase in _WORKING]
    abandoned = await bench.store.abandoned(bench.scope)
    operations = [
        *(_interrupted(bench, each, reason) for each in working if run_id in {None, each.run_id}),
        *(
            Operation(events=(event,), completed=(completion,))
            for session, interaction in abandoned
            if run_id in {None, session.run_id}
            for event, completion in [closed(session, interaction, reason, bench.tools.clock.now())]
        ),
    ]
    await asyncio.gather(*(_append(bench, operation) for operation in operations))


def closed(session: Session, interaction: Interaction, reason: str, at: datetime) -> tuple[ResultRecorded, Completion]:
    """The end of an interaction that nobody works on and no session waits for: a late result."""
    result = error_result(reason, at)
    event = ResultRecorded(
        at=at,
        run_id=session.run_id,
        session_id=session.id,
        attempt=interaction.attempt,
        interaction_id=interaction.id,
        step=interaction.step,
        status=result.status,
        late=True,
    )
    return event, Completion(interaction.id, result, at, late=True)


async def _append(bench: Bench, operation: Operation) -> None:
    try:
        await bench.store.append(operation)
    except (StaleOperationError, IllegalEventError):
        return  # it ended by itself meanwhile: nothing is left to be marked


def _interrupted(bench: Bench, session: Session, reason: str) -> Operation:
    event = SessionInterrupted(
        at=bench.tools.clock.now(),
        **about(session),
        reason=reason,
    )
    return Operation(events=(event,), versions={session.id: session.version})


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
