"""Pauses as the engine keeps them: which runs are held, and the sessions that stand still until theirs goes on.

The pause itself is on the root's row (`covey.model.pause`); this is what the local runtime does about it. A session
that works in a slot waits for its next one, in the queue; what never takes a slot waits at a gate of its own.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from covey.engine.slots import Place, Slots
from covey.model.pause import PauseMode
from covey.model.session import Session


class _Gate(NamedTuple):
    """Somebody who stands still while the run is paused at all, or only while it is so in a mode."""

    run_number: int
    modes: frozenset[PauseMode]
    opened: asyncio.Event


STARTS = frozenset(PauseMode)
"""In these modes nothing starts."""
STEPS = frozenset({PauseMode.HARD})
"""In these modes nothing takes another step."""


def run_number(root: Session) -> int:
    """A run's number: older ones are lower, and no two have the same."""
    return round(root.inserted_at.timestamp() * 1_000_000)


class Pauses:
    """Holds runs, and lets them go; `asks_for` tells of a session that it waits for a human to see to a credential."""

    def __init__(self, slots: Slots, asks_for: Callable[[str], bool]) -> None:
        self._asks_for = asks_for
        self.is_closing = False
        self._slots = slots
        self._modes: dict[int, PauseMode] = {}
        self._gates: dict[str, _Gate] = {}
        self._queued: dict[str, int] = {}

    def know(self, sessions: Iterable[Session]) -> None:
        """Learn from the rows of roots which runs are paused now; other sessions say nothing about it."""
        for session in sessions:
            if session.session_id is None:
                self._set(run_number(session), session.paused.mode if session.paused else None)

    def holds(self, number: int, modes: frozenset[PauseMode] = STARTS) -> bool:
        """A run is paused in one of these modes."""
        return self.is_closing or self._modes.get(number) in modes

    def close(self) -> None:
        """Let nothing begin any more, neither sessions nor steps, of whichever run: the engine is going to leave."""
        self.is_closing = True

    def is_standing_still(self, session_id: str) -> bool:
        """The session waits for the end of its run's pause, or for its credential, and for nothing that moves."""
        gate = self._gates.get(session_id)
        if gate is not None:
            return not gate.opened.is_set()
        held = self.is_closing or self._queued.get(session_id) in self._modes or self._asks_for(session_id)
        return held and self._slots.is_waiting(session_id)

    async def acquire(self, session_id: str, at: Place) -> bool:
        """Wait for a slot, as long as the run is paused and after that; False when the session was withdrawn."""
        self._queued[session_id] = at.run_number
        try:
            return await self._slots.acquire(session_id, at)
        finally:
            del self._queued[session_id]

    async def passed(self, session_id: str, number: int, modes: frozenset[PauseMode]) -> None:
        """Stand still for as long as the run is paused in one of these modes, or until withdrawn."""
        if not self.holds(number, modes):
            return
        gate = self._gates[session_id] = _Gate(number, modes, asyncio.Event())
        try:
            await gate.opened.wait()
        finally:
            del self._gates[session_id]

    def withdraw(self, session_id: str) -> None:
        """Let a session that stands still, or waits for a slot, go on."""
        self._slots.withdraw(session_id)
        gate = self._gates.get(session_id)
        if gate is not None:
            gate.opened.set()

    def _set(self, number: int, mode: PauseMode | None) -> None:
        if self._modes.get(number) is mode:
            return
        if mode is None:
            del self._modes[number]
            self._slots.let_go(number)
        else:
            self._modes[number] = mode
            self._slots.hold(number)
        for gate in self._gates.values():
            if gate.run_number == number and mode not in gate.modes:
                gate.opened.set()
