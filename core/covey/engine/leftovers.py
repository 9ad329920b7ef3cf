"""Processes that the last engine left: they are ended, and what cannot be ended or seen is looked at again and again.

A session whose process may still be at work does not go on by itself: it waits for a human (`needs_human` of
`session_interrupted`), or until the process is seen to be gone.
"""

import asyncio
import contextlib
import logging

from covey.engine.machine import Machine
from covey.engine.rounds import Rounds
from covey.engine.turns import Bench
from covey.errors import IllegalEventError, StaleOperationError
from covey.model import events as e
from covey.model.session import Session, about, undecided
from covey.store.base import Operation, Process
from covey.text.sanitise import sanitise_line
from covey.workspace.process_table import Sight, place_of
from covey.workspace.processes import KILL_SECONDS, Fate, Grace, ProcessRecord, is_left, sight_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often it is looked whether a process that could not be ended has gone."""

_Attempt = tuple[str, int]


class Leftovers:
    """What an engine that has gone left at work, by session and attempt."""

    def __init__(self, bench: Bench, machine: Machine) -> None:
        self._bench = bench
        self._machine = machine
        self._left: dict[_Attempt, list[tuple[Process, Fate]]] = {}
        self._rounds = Rounds(LOOK_SECONDS)

    async def end_all(self, grace_seconds: float) -> None:
        """End every recorded group, all at once; forget those of which nothing is left."""
        processes = await self._bench.store.processes()
        fates = await asyncio.gather(
            *(self._machine.end(_record(each), Grace(seconds=grace_seconds)) for each in processes)
        )
        for process, fate in zip(processes, fates, strict=True):
            if fate in {Fate.SURVIVED, Fate.OUT_OF_SIGHT}:
                self._left.setdefault((process.session_id, process.attempt), []).append((process, fate))
            else:
                await self._bench.store.close_process(process.pid, process.started)

    def why_not(self, session: Session) -> str | None:
        """Why it would not be safe to go on with the present attempt of a session; None where it is."""
        left = self._left.get((session.id, session.attempt))
        return None if left is None else "; ".join(_reason(process, fate) for process, fate in left)

    async def forget_decided(self, sessions: dict[str, Session]) -> None:
        """Forget what cannot be seen from here once its session has gone on by a decision.

        `sessions` are the open ones. Processes that can be seen are kept in mind until they are gone.
        """
        for key, left in list(self._left.items()):
            session = sessions.get(key[0])
            if session is None or session.attempt != key[1]:
                for process, fate in left:
                    if fate is Fate.OUT_OF_SIGHT:
                        await self._bench.store.close_process(process.pid, process.started)
                del self._left[key]

    async def keep_looking(self) -> None:
        """Look by the clock, until ended, for as long as there is something that may go."""
        while self._may_go() and not self._rounds.are_over:
            await self._rounds.next()
            if not self._rounds.are_over:
                await self.look()

    async def look(self) -> None:
        """Let sessions go on whose processes are gone by now."""
        for key, left in list(self._left.items()):
            still = [each for each in left if each[1] is Fate.OUT_OF_SIGHT or is_left(_record(each[0]))]
            for process, _ in (each for each in left if each not in still):
                await self._bench.store.close_process(process.pid, process.started)
            if still:
                self._left[key] = still
                continue
            del self._left[key]
            await self._release(*key)

    def end(self) -> None:
        """Stop looking."""
        self._rounds.end()

    def _may_go(self) -> bool:
        return any(fate is Fate.SURVIVED for left in self._left.values() for _, fate in left)

    async def _release(self, session_id: str, attempt: int) -> None:
        session = await self._bench.store.session(self._bench.scope, session_id)
        if session is None or session.attempt != attempt or not undecided(session):
            return
        log.info("%s goes on: its old process is gone", sanitise_line(session.component))
        with contextlib.suppress(StaleOperationError, IllegalEventError):  # somebody has decided meanwhile
            await self._bench.store.append(released(self._bench, session))


def released(bench: Bench, session: Session) -> Operation:
    """A session that waited for a decision goes on by itself."""
    reason = "its old process is gone"
    event = e.SessionInterrupted(at=bench.tools.clock.now(), **about(session), reason=reason)
    return Operation(events=(event,), versions={session.id: session.version})


def _record(process: Process) -> ProcessRecord:
    return ProcessRecord(pid=process.pid, group=process.group, started=process.started)


def _reason(process: Process, fate: Fate) -> str:
    who = f"its old process (pid {process.pid})"
    if fate is Fate.SURVIVED:
        return f"{who} cannot be ended: it did not die within {KILL_SECONDS:.0f} s of SIGKILL, and may still write"
    record = _record(process)
    if sight_of(record) is Sight.OTHER_HOST:
        host = sanitise_line(place_of(process.started.rpartition(" ")[0]).host)
        return f"{who} was started on the host {host}; whether it is still at work cannot be seen from here"
    return f"{who} was started in another container; whether it is still at work cannot be seen from here"
