"""Slots: how many sessions of the whole project work at once, and who is next.

The queue is in order of priority, then of the age of the run, then of spawn order. Sessions that wait for children
never take a slot, so one slot is enough for any depth.
"""

import asyncio
import heapq
import itertools
from typing import NamedTuple


class Place(NamedTuple):
    """A place in the queue; the lowest is served first."""

    no_priority: bool
    minus_priority: int
    run_number: int
    position: int


def place(priority: int | None, run_number: int, position: int) -> Place:
    """The place of a session: highest priority first, none last, older runs first, then spawn order."""
    return Place(priority is None, -(priority or 0), run_number, position)


class Slots:
    """A limited number of slots with an ordered queue; a waiting session can be withdrawn."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: int | None = None
        self._at_work = 0
        self._order = itertools.count()
        self._queue: list[tuple[Place, int, asyncio.Future[bool]]] = []
        self._waiting: dict[str, asyncio.Future[bool]] = {}

    @property
    def limit(self) -> int:
        """How many sessions may work at once."""
        return self._limit

    @property
    def held(self) -> int | None:
        """How many may work at once for now, where that is fewer than the limit; None where nothing is held back."""
        return self._held if self._held is not None and self._held < self._limit else None

    @property
    def at_work(self) -> int:
        """How many have a slot."""
        return self._at_work

    def hold(self, most: int | None) -> None:
        """Let fewer work at once than the limit says, whatever it is set to; None: as many as it says."""
        self._held = most
        self._serve()

    async def acquire(self, session_id: str, at: Place) -> bool:
        """Wait for a slot; False when the session was withdrawn meanwhile (then there is nothing to release)."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (at, next(self._order), turn))
        self._waiting[session_id] = turn
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.release()
            raise
        finally:
            self._waiting.pop(session_id, None)

    def resize(self, limit: int) -> None:
        """Change the number of slots; fewer never end a session that has one."""
        self._limit = limit
        self._serve()

    def release(self) -> None:
        """Give a slot back."""
        self._at_work -= 1
        self._serve()

    def withdraw(self, session_id: str) -> None:
        """Let a session that waits for a slot go on without one."""
        turn = self._waiting.get(session_id)
        if turn is not None and not turn.done():
            turn.set_result(False)

    def _serve(self) -> None:
        while self._at_work < (self.held or self._limit) and self._queue:
            _, _, turn = heapq.heappop(self._queue)
            if not turn.done():
                self._at_work += 1
                turn.set_result(True)
