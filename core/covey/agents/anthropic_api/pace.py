"""The law by which a gate lets requests through: how many at once, how fast, and not before when. Pure.

Four things hold a request back, each learned from what the API answers:

- the **allowances** that it tells of (`anthropic-ratelimit-*`): each is kept here as the bucket that it is over there,
  so that requests slow down to what flows back before the bucket is empty;
- how many are **at once**: additive increase, multiplicative decrease (AIMD, as in TCP's congestion avoidance, RFC
  5681): quickly back to just below where it was refused last, one more for each round from there on;
- the **rate**, likewise, once the API has refused for it: a limit of which no header tells is found so;
- the **cool-down** that is shared by all: nobody asks while it lasts.

Times are monotonic seconds, handed in by the caller.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE = 60.0
FIRST_AT_ONCE = 8.0
"""So many requests are made at once before anything was learned."""
LEAST_COOLING, MOST_COOLING = 1.0, 60.0
"""How long a cool-down is in seconds where the API does not say; it doubles while nothing goes through."""
LONGEST_FILLING = 300.0
"""What takes more seconds than this to fill is no allowance to keep pace with: whoever asks is told when to wait."""
REQUESTS = "requests"

_MOST_DOUBLINGS = 6
"""So often doubled, the least cool-down is longer than the most."""
_FEWER = 0.7
"""What a refusal leaves of how many are at once."""
_SLOWER, _MUCH_SLOWER = 0.9, 0.5
"""What a refusal leaves of the rate; the second where nothing went through since the one before."""
_FASTER, _MUCH_FASTER = 0.003, 0.1
"""By which part the rate grows in a second: near where it was refused, and far from there."""
_NEAR = 0.95
_FIRST_RATE, _HIGHEST_HINT = 0.5, 10.0
"""Requests a second: what is tried at least after the first refusal; the most that a short wait is taken to mean."""
_WHOLE = 0.99
"""What may be left beyond a number that was rounded down."""
_TELLING = 0.1
"""When it is full again says how fast it fills, once so much of it is used: it is told in whole seconds."""
_AS_A_MINUTE = 1.5
"""Within this factor of a minute, it is a minute."""
_SMOOTH = 0.2
"""How much the last request counts in what one is expected to cost."""


class Told(NamedTuple):
    """What an answer tells of an allowance: its limit, how much of it is left, and in how many seconds it is full."""

    limit: float
    remaining: float
    full_in: float | None = None


@dataclass(slots=True)
class Allowance:
    """What the API allows of one kind: `level` is what is left of the limit; `window` seconds fill it from nothing.

    `cost` is what one request takes. Without a word about it, limits are a minute's.
    """

    told: Told
    level: float
    at: float
    cost: float
    window: float = MINUTE

    def flow(self, now: float) -> None:
        """Let come back what has come back since."""
        more = self._refill * max(0.0, now - self.at)
        self.level = min(self.told.limit, self.level + more)
        self.told = self.told._replace(remaining=min(self.told.limit, self.told.remaining + more))
        self.at = now

    def wait(self) -> float:
        """Seconds until there is enough for one more request."""
        return max(0.0, (min(self.cost, self.told.limit) - self.level) / self._refill)

    def tell(self, told: Told, unanswered: int, *, learns: bool) -> None:
        """Learn how much is left; of the requests not yet answered it is not known whether they are counted in.

        `learns`: what one request takes is seen from what the last one took.
        """
        if learns:
            self.cost += _SMOOTH * (max(0.0, self.told.remaining - told.remaining) - self.cost)
        self.told = told
        # It is told in whole numbers: up to one more may be left.
        self.level = min(max(self.level, told.remaining - unanswered * self.cost), told.remaining + _WHOLE)
        used = told.limit - told.remaining
        if told.full_in is not None and 0 < told.full_in <= LONGEST_FILLING and used >= _TELLING * told.limit:
            window = told.full_in * told.limit / used
            self.window = MINUTE if MINUTE / _AS_A_MINUTE <= window <= MINUTE * _AS_A_MINUTE else window

    @property
    def _refill(self) -> float:
        return self.told.limit / self.window


@dataclass(slots=True)
class Pace:
    """Says when the next request may be made, and learns from what became of those that were."""

    at_once: float = FIRST_AT_ONCE
    cooling_until: float = -math.inf
    _refused_at: float = math.inf
    _refused_in_a_row: int = 0
    _rate: float | None = None
    _refused_rate: float = math.inf
    _next: float = -math.inf
    _grown: float = -math.inf
    _unanswered: int = 0
    _accepted: deque[float] = field(default_factory=deque)
    _allowances: dict[str, Allowance] = field(default_factory=dict)

    @property
    def allowed(self) -> int:
        """How many requests may be at work at once."""
        return max(1, int(self.at_once))

    def wait(self, now: float, at_work: int) -> float:
        """Seconds until one more request may be made beside those `at_work`; infinite until one of them has ended."""
        if at_work >= self.allowed:
            return math.inf
        waits = [0.0, self.cooling_until - now, self._next - now]
        for allowance in self._allowances.values():
            allowance.flow(now)
            waits.append(allowance.wait())
        return max(waits)

    def began(self, now: float) -> None:
        """A request is made."""
        self._unanswered += 1
        if self._rate is not None:
            self._next = now + 1 / self._rate
        for allowance in self._allowances.values():
            allowance.flow(now)
            allowance.level -= allowance.cost

    def ended(self, at_work: int) -> None:
        """A request has ended, answered or not; so many are still at work."""
        self._unanswered = min(self._unanswered, at_work)

    def told(self, now: float, kinds: Mapping[str, Told]) -> None:
        """Learn what the API allows of each kind."""
        for kind, told in kinds.items():
            known = self._allowances.get(kind)
            if known is None:
                cost = 1.0 if kind == REQUESTS else 0.0
                known = self._allowances[kind] = Allowance(told, told.remaining, now, cost)
            known.flow(now)
            known.tell(told, self._unanswered, learns=kind != REQUESTS)

    def accepted(self, now: float) -> None:
        """A request was answered."""
        self._answered()
        self._refused_in_a_row = 0
        self._accepted.append(now)
        self.at_once += 1.0 if self.at_once < _NEAR * self._refused_at else 1.0 / self.at_once
        if self._rate is not None:
            self._rate = self._faster(self._rate, now - self._grown)
        self._grown = now

    def refused(self, now: float, at_work: int, seconds: float | None, *, too_fast: bool) -> None:
        """A request was refused, for `seconds` if the API says so; those refused in one go count as one.

        `too_fast`: for the rate, and not because the API is overloaded.
        """
        self._answered()
        if now >= self.cooling_until:
            self._refused_in_a_row += 1
            again = self._refused_in_a_row > 1
            if too_fast:
                self._slow_down(now, seconds, again=again)
            if again or not too_fast:
                self._refused_at = max(1.0, min(self.at_once, at_work))
                self.at_once = max(1.0, self._refused_at * _FEWER)
        doublings = min(self._refused_in_a_row - 1, _MOST_DOUBLINGS)
        guess = min(MOST_COOLING, LEAST_COOLING * 2.0**doublings)
        self.cooling_until = max(self.cooling_until, now + (guess if seconds is None else seconds))

    def _faster(self, rate: float, seconds: float) -> float:
        """The rate after so many seconds more: quickly back to just below where it was refused, slowly beyond."""
        near = _NEAR * self._refused_rate
        if rate < near:
            return min(near, rate * (1 + min(1.0, _MUCH_FASTER * seconds)))
        return rate * (1 + min(1.0, _FASTER * seconds))

    def _slow_down(self, now: float, seconds: float | None, *, again: bool) -> None:
        while self._accepted and self._accepted[0] < now - MINUTE:
            self._accepted.popleft()
        if self._rate is None:
            hinted = min(_HIGHEST_HINT, 1 / seconds) if seconds else 0.0
            self._rate = max(_FIRST_RATE, len(self._accepted) / MINUTE, hinted)
        else:
            self._refused_rate = self._rate
        self._rate = max(1 / MOST_COOLING, self._rate * (_MUCH_SLOWER if again else _SLOWER))
        self._grown = now

    def _answered(self) -> None:
        self._unanswered = max(0, self._unanswered - 1)
