"""Where the time comes from: one protocol, so that a test can bring its own.

Deadlines are counted in monotonic time, which knows nothing of wall clocks that are set, and stands still while the
machine sleeps (CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS). `AwakeTime` leaves out as well for how long
this process itself stood still: nobody is to blame for what covey did not see.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; wall time for records, monotonic time for durations and deadlines."""

    def now(self) -> datetime:
        """The present moment in UTC, with microseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment in UTC, with microseconds."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        return time.monotonic()


class AwakeTime:
    """Seconds for which this process was awake: when it was stopped, or got no processor, they do not go on.

    Whoever counts in them asks far more often than once in `longest` seconds; between two questions no more than that
    counts.
    """

    def __init__(self, monotonic: Callable[[], float], longest: float) -> None:
        self._monotonic = monotonic
        self._longest = longest
        self._last = monotonic()
        self._passed = 0.0

    def seconds(self) -> float:
        """Seconds since the beginning."""
        now = self._monotonic()
        gap, self._last = now - self._last, now
        self._passed += min(gap, self._longest)
        return self._passed
