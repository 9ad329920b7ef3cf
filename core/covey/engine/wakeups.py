"""Wake-ups: a counter per session, so that none is ever lost and a thousand at once cost one.

A session is woken by its own controls, by status changes of its children, and by their artifacts; nothing else.
"""

import asyncio
from collections import defaultdict

from covey.model import events as e
from covey.store.base import Committed

_OF_THE_PARENT = frozenset(
    {
        e.SessionCompleted,
        e.SessionFailed,
        e.SessionCancelled,
        e.SessionSkipped,
        e.SessionRetried,
        e.DecisionUndone,
        e.SessionInterrupted,  # one that waited for a human may do so no more
        e.ArtifactFound,
        e.ArtifactMissing,
    }
)
_OF_ITSELF = frozenset({e.SessionCancelled, e.SessionSkipped, e.SessionRetried, e.DecisionUndone, e.SessionUnblocked})


class Wakeups:
    """Counters of wake-ups, and those who wait for them to move."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._waiting: dict[str, tuple[int, asyncio.Event]] = {}

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
                self.wake(session.id)
            if session.session_id is not None and kind in _OF_THE_PARENT:
                self.wake(session.session_id)
