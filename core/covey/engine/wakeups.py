"""Wake-ups: a counter per session, so that none is ever lost and a thousand at once cost one.

A session is woken by its own controls, by status changes of its children, and by their artifacts; nothing else.
"""

import asyncio
from collections import defaultdict

from covey.model import events as e
from covey.store.base import Committed

_ENDS = frozenset({e.SessionCompleted, e.SessionFailed, e.SessionCancelled, e.SessionSkipped})
_GOES_ON = frozenset({e.SessionRetried, e.DecisionUndone, e.SessionInterrupted})
"""After these a child may have to be started; one that was interrupted and waited for a human may do so no more."""
_OF_THE_PARENT = _ENDS | _GOES_ON | {e.ArtifactFound, e.ArtifactMissing}
_OF_ITSELF = frozenset({e.SessionCancelled, e.SessionSkipped, e.SessionRetried, e.DecisionUndone, e.SessionUnblocked})


class Wakeups:
    """Counters of wake-ups, and those who wait for them to move."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._waiting: dict[str, tuple[int, asyncio.Event]] = {}
        self._ended: defaultdict[str, set[str]] = defaultdict(set)
        self._goes_on: set[str] = set()

    def ticket(self, session_id: str) -> int:
        """The number of wake-ups so far."""
        return self._counts[session_id]

    async def changed(self, session_id: str, ticket: int) -> None:
        """Wait for a wake-up that is newer than the ticket."""
        moved = asyncio.Event()
        self._waiting[session_id] = (ticket, moved)
        try:
            while self._counts[session_id] <= ticket:
                moved.clear()
                await moved.wait()
        finally:
            self._waiting.pop(session_id, None)

    def ended(self, session_id: str) -> set[str] | None:
        """The children that have ended since this was asked last; None where one may have to be started as well."""
        ended = self._ended.pop(session_id, set())
        if session_id in self._goes_on:
            self._goes_on.discard(session_id)
            return None
        return ended

    def at_rest(self, session_id: str) -> bool:
        """The session waits, and nothing has happened that it does not know of."""
        waiting = self._waiting.get(session_id)
        return waiting is not None and self._counts[session_id] <= waiting[0]

    def wake(self, session_id: str) -> None:
        """Count one wake-up."""
        self._counts[session_id] += 1
        waiting = self._waiting.get(session_id)
        if waiting is not None:
            waiting[1].set()

    def tell(self, committed: Committed) -> None:
        """Wake whoever the events concern."""
        for entry in committed.entries:
            kind = type(entry.event)
            if kind not in _OF_ITSELF and kind not in _OF_THE_PARENT:
                continue
            session = committed.sessions.get(entry.event.session_id or "")
            if session is None:
                continue
            if kind in _OF_ITSELF:
                self._goes_on.add(session.id)
                self.wake(session.id)
            if session.session_id is not None and kind in _OF_THE_PARENT:
                if kind in _ENDS:
                    self._ended[session.session_id].add(session.id)
                elif kind in _GOES_ON:
                    self._goes_on.add(session.session_id)
                self.wake(session.session_id)
