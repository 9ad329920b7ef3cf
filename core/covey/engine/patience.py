"""When an engine that nothing moves may leave. One that works for a command leaves with it; one of its own lingers."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from covey.clock import Clock

FIRST_ORDER_SECONDS = 10.0
"""How long an engine of its own waits for the order (or the request) that it was started for."""


class Patience(Protocol):
    """Asked about once a second, and whenever something has moved."""

    async def is_over(self, *, at_rest: bool, all_ended: bool) -> bool:
        """The engine may leave; `at_rest`: nothing can go on by itself, `all_ended`: all its runs have."""
        ...


class OfCommand:
    """An engine inside a `covey run`: over when nothing can go on, or with `stay` when all has ended."""

    def __init__(self, *, stay: bool) -> None:
        self._stay = stay

    async def is_over(self, *, at_rest: bool, all_ended: bool) -> bool:
        """Nothing can go on without a human, and none is to be waited for."""
        return at_rest and (all_ended or not self._stay)


class OfProcess:
    """An engine of its own: over when all has ended, or all is blocked and nobody has watched for a while.

    `since` is the clock's monotonic time of its beginning; `begun` tells whether it has had anything to do yet,
    `watched` whether somebody watches, `idle_exit` the seconds.
    """

    def __init__(
        self,
        clock: Clock,
        since: float,
        begun: Callable[[], bool],
        watched: Callable[[], Awaitable[bool]],
        idle_exit: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._begun = begun
        self._watched = watched
        self._idle_exit = idle_exit
        self._since = since
        self.reason = ""

    async def is_over(self, *, at_rest: bool, all_ended: bool) -> bool:
        """All has ended, or nothing has moved for so long that nobody seems to care."""
        if not at_rest:
            self._since = self._clock.monotonic()
            return False
        if not self._begun():
            self.reason = "nothing was asked of it"
            return self._passed() >= FIRST_ORDER_SECONDS
        if all_ended:
            self.reason = "all its runs have ended"
            return True
        if await self._watched():
            self._since = self._clock.monotonic()
        self.reason = "its runs are blocked, and nobody watches"
        return self._passed() >= self._idle_exit()

    def _passed(self) -> float:
        return self._clock.monotonic() - self._since
