"""Slots: how many sessions of the whole project work at once, and who is next.

The queue is in order of priority, then of the age of the run, then of spawn order. Sessions that wait for children
never take a slot, so one slot is enough for any depth. While a run is held its sessions keep their places, and those
of other runs are served; so does a single session that stands still, and one whose older attempt still has its slot.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
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


class _Waiting(NamedTuple):
    """Somebody in the queue; of two at the same place the first to come is served first."""

    at: Place
    number: int
    session_id: str
    turn: asyncio.Future[bool]


class Slots:
    """A limited number of slots with an ordered queue; a waiting session can be withdrawn, a run can be held.

    `stands_still` tells of a session in the queue that it is not to be served for now; once that may have changed,
    `look_again` has to be called.
    """

    def __init__(self, limit: int) -> None:
        self.stands_still: Callable[[str], bool] = _nobody
        self._aside: list[_Waiting] = []
        self._limit = limit
        self._cap: int | None = None
        self._at_work: set[str] = set()
        self._after: dict[str, list[_Waiting]] = {}
        self._order = itertools.count()
        self._queue: list[_Waiting] = []
        self._held: dict[int, list[_Waiting]] = {}
        self._waiting: dict[str, asyncio.Future[bool]] = {}

    @property
    def limit(self) -> int:
        """How many sessions may work at once."""
        return self._limit

    @property
    def capped(self) -> int | None:
        """How many may work at once for now, where that is fewer than the limit; None where nothing is held back."""
        return self._cap if self._cap is not None and self._cap < self._limit else None

    @property
    def at_work(self) -> int:
        """How many have a slot."""
        return len(self._at_work)

    def cap(self, most: int | None) -> None:
        """Let fewer work at once than the limit says, whatever it is set to; None: as many as it says."""
        self._cap = most
        self._serve()

    async def acquire(self, session_id: str, at: Place) -> bool:
        """Wait for a slot; False when the session was withdrawn meanwhile (then there is nothing to release)."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Waiting(at, next(self._order), session_id, turn))
        self._waiting[session_id] = turn
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.release(session_id)
            raise
        finally:
            if self._waiting.get(session_id) is turn:
                del self._waiting[session_id]

    def is_waiting(self, session_id: str) -> bool:
        """The session waits for a slot, and nobody has given it one."""
        turn = self._waiting.get(session_id)
        return turn is not None and not turn.done()

    def release(self, session_id: str) -> None:
        """Give a session's slot back; its next attempt may get it, if that is the first in the queue."""
        self._at_work.remove(session_id)
        for waiting in self._after.pop(session_id, ()):
            heapq.heappush(self._queue, waiting)
        self._serve()

    def resize(self, limit: int) -> None:
        """Change the number of slots; fewer never end a session that has one."""
        self._limit = limit
        self._serve()

    def withdraw(self, session_id: str) -> None:
        """Let a session that waits for a slot go on without one."""
        turn = self._waiting.get(session_id)
        if turn is not None and not turn.done():
            turn.set_result(False)

    def hold(self, run_number: int) -> None:
        """Serve no session of a run, for now."""
        self._held.setdefault(run_number, [])

    def let_go(self, run_number: int) -> None:
        """Serve the sessions of a run again, at the places that they had."""
        for waiting in self._held.pop(run_number, ()):
            heapq.heappush(self._queue, waiting)
        self._serve()

    def look_again(self) -> None:
        """Serve those who stood still, at the places that they had, unless they still do."""
        for waiting in self._aside:
            heapq.heappush(self._queue, waiting)
        self._aside.clear()
        self._serve()

    def _serve(self) -> None:
        while len(self._at_work) < (self.capped or self._limit) and self._queue:
            waiting = heapq.heappop(self._queue)
            if waiting.at.run_number in self._held:
                self._held[waiting.at.run_number].append(waiting)
            elif waiting.turn.done():
                continue
            elif waiting.session_id in self._at_work:
                self._after.setdefault(waiting.session_id, []).append(waiting)
            elif self.stands_still(waiting.session_id):
                self._aside.append(waiting)
            else:
                self._at_work.add(waiting.session_id)
                waiting.turn.set_result(True)


def _nobody(_: str) -> bool:
    return False
