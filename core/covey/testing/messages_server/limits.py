"""A rate limit as the API has it: a bucket of requests that fills continuously, told in headers with each answer."""

import math
from dataclasses import dataclass, field
from datetime import timedelta

from covey.clock import Clock, SystemClock
from covey.errors import ScriptError
from covey.testing.messages_server.faults import Refusal, moment, rate_limited


@dataclass(slots=True)
class RateLimit:
    """`requests` in `seconds`, of which `burst` may come at once (all of them, unless it is said).

    A bucket that fills continuously, by the clock that is given: with a `FakeClock`, only as the test lets time pass.
    A request that finds it empty gets 429 with `retry-after`, which is whole seconds as the API's own where the limit
    is per minute, and exact where it is faster.
    """

    requests: int
    seconds: float = 60.0
    burst: int | None = None
    clock: Clock = field(default_factory=SystemClock)
    _level: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a full bucket.

        Raises:
            ScriptError: a limit that lets nothing through.
        """
        if self.requests < 1 or self.seconds <= 0 or (self.burst is not None and self.burst < 1):
            raise ScriptError(
                f"A rate limit of {self.requests} requests in {self.seconds} s (burst {self.burst}) "
                "lets nothing through; each has to be more than 0."
            )
        self._level = float(self._most)
        self._seen = self.clock.monotonic()

    @property
    def _most(self) -> int:
        return self.requests if self.burst is None else self.burst

    @property
    def _pause(self) -> float:
        """Seconds in which one request is added."""
        return self.seconds / self.requests

    def take(self) -> Refusal | None:
        """Let one request through, or refuse it."""
        now = self.clock.monotonic()
        self._level = min(self._most, self._level + (now - self._seen) / self._pause)
        self._seen = now
        if self._level < 1:
            return rate_limited(self._wait(), headers=self.headers())
        self._level -= 1
        return None

    def _wait(self) -> float:
        exact = (1 - self._level) * self._pause
        return math.ceil(exact) if self._pause >= 1 else math.ceil(exact * 1000) / 1000

    def headers(self) -> dict[str, str]:
        """What the API tells with each answer: the limit, what is left of it, and when it is whole again."""
        full = self.clock.now() + timedelta(seconds=(self._most - self._level) * self._pause)
        return {
            "anthropic-ratelimit-requests-limit": str(self.requests),
            "anthropic-ratelimit-requests-remaining": str(int(self._level)),
            "anthropic-ratelimit-requests-reset": moment(full),
        }
