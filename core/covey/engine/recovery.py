"""What a dead engine left behind: processes are ended, temporary files removed, sessions marked, work taken over."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from covey.engine.leftovers import Leftovers, released
from covey.engine.shell import remove_leftovers
from covey.engine.turns import Bench, error_result
from covey.errors import IllegalEventError, StaleOperationError
from covey.model import events as e
from covey.model.command import CommandKind, Interaction
from covey.model.session import Session, about, undecided
from covey.model.status import AT_WORK, Phase, Status
from covey.store.base import Completion, Operation
from covey.text.glyphs import step_words
from covey.text.sanitise import sanitise_line
from covey.text.words import TOOK_OVER, found_active

log = logging.getLogger(__name__)

DIED = "its engine died"
_GOES_ON = AT_WORK | {Phase.WAITING}
_WAS_AT_WORK = _GOES_ON | {Phase.INTERRUPTED, Phase.ASKING}


@dataclass(frozen=True, slots=True)
class Found:
    """How the sessions stood that were active as an engine began; `died`: the one before did not leave in good order.

    Once their run is gone on with, `resumed` go on at the step that was interrupted and `adopted`, which had nothing at
    work, with their next; `waiting` wait for a human, each with the reason, and `asking` for an answer.
    """

    died: bool = False
    resumed: tuple[Session, ...] = ()
    adopted: tuple[Session, ...] = ()
    waiting: tuple[tuple[Session, str], ...] = ()
    asking: tuple[Session, ...] = ()

    def tell(self) -> None:
        """Tell the engine's log."""
        if not (self.died or self.resumed or self.waiting or self.asking):
            return
        began = TOOK_OVER if self.died else "goes on with what was left"
        waiting = len(self.waiting) + len(self.asking)
        log.info("%s: %s", began, found_active(len(self.resumed), len(self.adopted), waiting))
        for session in self.resumed:
            log.info("%s resumes at %s", sanitise_line(session.component), step_words(session.step or ""))
        for session, reason in self.waiting:
            log.warning("%s waits for you: %s", sanitise_line(session.component), reason)
        for session in self.asking:
            log.warning("%s asks you: %s", sanitise_line(session.component), sanitise_line(session.question or ""))


async def recover(bench: Bench, leftovers: Leftovers, grace_seconds: float, open_sessions: Iterable[Session]) -> Found:
    """Bring the store to where an engine can go on, and say what was found; harmless where all was in good order."""
    store = bench.store
    last = await store.entries((await store.last_seq()) - 1, 1)
    await leftovers.end_all(grace_seconds)
    sessions = {session.id: session for session in open_sessions}
    await _clear_away(bench, sessions.values())
    await leftovers.forget_decided(sessions)
    found = _found(sessions.values(), leftovers, died=bool(last) and not isinstance(last[0].event, e.EngineStopped))
    await store.append(Operation(events=(_started(bench, found),)))
    await store.take_over()
    unsafe = {session.id: reason for session, reason in found.waiting}
    await _settle_all(bench, sessions.values(), DIED, unsafe)
    await _close_abandoned(bench, DIED)
    for session in sessions.values():
        if undecided(session) and session.id not in unsafe:
            await _append(bench, released(bench, session))
    return found


def _started(bench: Bench, found: Found) -> e.EngineStarted:
    row = bench.store.row
    return e.EngineStarted(
        at=bench.tools.clock.now(),
        pid=row.pid,
        epoch=row.epoch,
        version=row.version,
        died=found.died,
        resumed=len(found.resumed),
        adopted=len(found.adopted),
        waiting=len(found.waiting) + len(found.asking),
    )


def _found(sessions: Iterable[Session], leftovers: Leftovers, *, died: bool) -> Found:
    resumed, adopted, asking, waiting = list[Session](), list[Session](), list[Session](), list[tuple[Session, str]]()
    for session in sessions:
        if session.status is not Status.ACTIVE:
            continue
        was_at_work = session.phase in _WAS_AT_WORK or session.pending is not None
        unsafe = leftovers.why_not(session) if was_at_work else None
        if unsafe is not None:
            waiting.append((session, unsafe))
        elif session.phase is Phase.ASKING:
            asking.append(session)
        elif session.pending is not None and session.command is not CommandKind.SPAWN_SESSIONS:
            resumed.append(session)
        else:
            adopted.append(session)
    return Found(died, tuple(resumed), tuple(adopted), tuple(waiting), tuple(asking))


async def interrupt(bench: Bench, reason: str, run_id: str | None = None) -> None:
    """Mark what works (of one run, or of all) as interrupted, and close what no session waits for any more."""
    sessions = await bench.store.open_sessions(bench.scope)
    concerned = [session for session in sessions if run_id in {None, session.run_id}]
    await asyncio.gather(_settle_all(bench, concerned, reason, {}), _close_abandoned(bench, reason, run_id))


async def _settle_all(bench: Bench, sessions: Iterable[Session], reason: str, unsafe: Mapping[str, str]) -> None:
    """Mark what works as interrupted; `unsafe` says, by session, why one does not go on by itself."""
    concerned = [session for session in sessions if _has_to_be_told(session, unsafe.get(session.id))]
    operations = (_interrupted(bench, session, reason, unsafe.get(session.id)) for session in concerned)
    await asyncio.gather(*(_append(bench, operation) for operation in operations))


def _has_to_be_told(session: Session, unsafe: str | None) -> bool:
    is_news = session.phase in _GOES_ON or (unsafe is not None and unsafe != undecided(session))
    return session.status is Status.ACTIVE and is_news


async def _close_abandoned(bench: Bench, reason: str, run_id: str | None = None) -> None:
    for session, interaction in await bench.store.abandoned(bench.scope):
        if run_id in {None, session.run_id}:
            event, completion = closed(session, interaction, reason, bench.tools.clock.now())
            await _append(bench, Operation(events=(event,), completed=(completion,)))


def closed(
    session: Session, interaction: Interaction, reason: str, at: datetime
) -> tuple[e.ResultRecorded, Completion]:
    """The end of an interaction that nobody works on and no session waits for: a late result."""
    result = error_result(reason, at)
    event = e.ResultRecorded(
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


def _interrupted(bench: Bench, session: Session, reason: str, unsafe: str | None) -> Operation:
    event = e.SessionInterrupted(at=bench.tools.clock.now(), **about(session), reason=reason, needs_human=unsafe)
    return Operation(events=(event,), versions={session.id: session.version})


async def _clear_away(bench: Bench, sessions: Iterable[Session]) -> None:
    """Remove temporary files, in the project and wherever these sessions work."""
    for root in {bench.tools.home, *(bench.tools.within(session).root for session in sessions)}:
        await asyncio.to_thread(remove_leftovers, root)
