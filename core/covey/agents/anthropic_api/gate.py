"""The gate: what all sessions that share a credential pass through, each time that they ask the API for something.

    turn = gate.turn()
    async with turn:                      # waits for its place; who has waited longest goes first
        response = ...                    # one request, to the end of its stream
        gate.learn(response.headers)      # it was accepted; once for each request that was
    # refused with 429 or 529:            gate.refused(status, headers), inside the block
    # failed for anything but its key:    gate.not_refused(), inside the block
    # the same request again:             enter the same `turn` again: it keeps its place

There is one for each credential in a process, so that a hundred sessions back off as one. Running turns always finish;
only new ones wait. Turns pass one at a time until the API has answered one: a key that is refused is refused once. Who
is in the block when `CredentialStoppedError` comes out of it closes the gate: everybody who waits gets that error at
once, and nobody passes any more. A closed gate stays so; whoever is called again asks `gate_for` for one, and gets
another.

No I/O here. The event loop only wakes it; what time it is says the clock.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from covey.agents.anthropic_api.limit_headers import allowances, seconds_to_wait
from covey.agents.anthropic_api.pace import Pace
from covey.agents.base import CredentialStoppedError
from covey.clock import Clock, SystemClock
from covey.model.credential import GateState
from covey.model.status import FailureCause
from covey.text.words import period

LONGEST_WAIT_SECONDS = 300.0
"""The gate obeys no wait that is longer: then the credential is stopped, and resumed when the time has come."""
LONGEST_KNOWN_SECONDS = 7 * 86_400.0
"""Whoever says that it takes longer than this is not believed to know."""
TOO_MANY_REQUESTS = 429
_SECOND = timedelta(seconds=1)
SOONEST_SECONDS = 0.001
"""The gate is woken no sooner than this: a timer may come a moment early."""


class Gate:
    """One credential's gate; made by `gate_for`."""

    def __init__(self, credential: str, clock: Clock) -> None:
        self._credential = credential
        self._clock = clock
        self._pace = Pace()
        self._numbers = itertools.count()
        self._queue: list[tuple[int, asyncio.Future[None]]] = []
        self._at_work = 0
        self._is_proven = False
        self._timer: asyncio.TimerHandle | None = None
        self._closed: CredentialStoppedError | None = None
        self._told_until: datetime | None = None

    def turn(self) -> "Turn":
        """A turn; its place is that of this moment, however often it is entered."""
        return Turn(self, next(self._numbers))

    @property
    def is_closed(self) -> bool:
        """Nobody passes any more."""
        return self._closed is not None

    def learn(self, headers: Mapping[str, str]) -> None:
        """A request was accepted; what its answer's headers tell of limits."""
        now = self._clock.monotonic()
        self._is_proven = True
        self._pace.accepted(now)
        self._pace.told(now, allowances(headers, self._clock.now()))
        self._serve()

    def not_refused(self) -> None:
        """A request failed, and not because of its credential: nobody has to wait for one that is accepted."""
        self._is_proven = True
        self._serve()

    def refused(self, status: int, headers: Mapping[str, str]) -> None:
        """A request was refused, for its rate (429) or because the API is overloaded (529 and its likes).

        Raises:
            CredentialStoppedError: it is to be waited for longer than the gate waits.
        """
        now, wall = self._clock.monotonic(), self._clock.now()
        self._is_proven = True  # it counts requests of a credential that it knows
        seconds = seconds_to_wait(headers, wall)
        kept = None if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)
        self._pace.refused(now, self._at_work, kept, too_fast=status == TOO_MANY_REQUESTS)
        self._pace.told(now, allowances(headers, wall))
        if seconds is not None and seconds > LONGEST_WAIT_SECONDS:
            known = seconds <= LONGEST_KNOWN_SECONDS
            raise CredentialStoppedError(
                FailureCause.RATE_LIMIT,
                f"the API refuses requests ({status})" + (f" for the next {period(seconds)}" if known else ""),
                wall + timedelta(seconds=seconds) if known else None,
            )

    def close(self, error: CredentialStoppedError) -> None:
        """Let nobody pass any more: who waits, and who comes, gets this error."""
        self._closed = self._closed or error
        self._serve()

    def state(self) -> GateState:
        """How it stands, for people; times are in whole seconds."""
        return GateState(
            credential=self._credential,
            allowed=self._pace.allowed if self._is_proven else 1,
            at_work=self._at_work,
            waiting=sum(not place.done() for _, place in self._queue),
            until=self._cools_until(),
        )

    def _cools_until(self) -> datetime | None:
        """When the cool-down is over by the wall clock: the same moment however often it is told, unless it changes.

        Read from two clocks, one after the other, it differs by a little each time.
        """
        wait = self._pace.cooling_until - self._clock.monotonic()
        if wait <= 0:
            self._told_until = None
            return None
        exact = self._clock.now() + timedelta(seconds=wait)
        if self._told_until is None or abs(exact - self._told_until) > _SECOND:
            self._told_until = (exact + _SECOND / 2).replace(microsecond=0)
        return self._told_until

    async def pass_through(self, number: int) -> None:
        """Wait until the turn of this number may begin; `left` has to be called when it has ended.

        Raises:
            CredentialStoppedError: the gate is closed.
        """
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (number, place))
        self._serve()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.left()
            raise

    def left(self) -> None:
        """A turn has ended."""
        self._at_work -= 1
        self._pace.ended(self._at_work)
        self._serve()

    def _serve(self) -> None:
        """Let everybody pass who may, in their order; come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            if self._queue[0][1].done():
                heapq.heappop(self._queue)
            elif self._closed is not None:
                heapq.heappop(self._queue)[1].set_exception(self._closed.again())
            elif self._at_work and not self._is_proven:
                return
            else:
                wait = self._pace.wait(self._clock.monotonic(), self._at_work)
                if wait > 0:
                    self._wake_in(wait)
                    return
                self._at_work += 1
                self._pace.began(self._clock.monotonic())
                heapq.heappop(self._queue)[1].set_result(None)

    def _wake_in(self, seconds: float) -> None:
        if math.isfinite(seconds):
            self._timer = asyncio.get_running_loop().call_later(max(seconds, SOONEST_SECONDS), self._serve)


class Turn:
    """A place at a gate: one request that is made within the block, and again where it is to be repeated."""

    def __init__(self, gate: Gate, number: int) -> None:
        self._gate = gate
        self._number = number

    async def __aenter__(self) -> Self:
        """Wait until the request may be made.

        Raises:
            CredentialStoppedError: the credential was stopped meanwhile.
        """
        await self._gate.pass_through(self._number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """The request has ended."""
        if isinstance(error, CredentialStoppedError):
            self._gate.close(error)
        self._gate.left()


class Gates:
    """The gates of a process, by the names of their credentials and the addresses at which they are used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gates: dict[tuple[str, str | None], Gate] = {}

    def gate_for(self, credential: str, base_url: str | None = None) -> Gate:
        """The gate of a credential that is open: another one, once the last has been closed."""
        key = (credential, base_url)
        gate = self._gates.get(key)
        if gate is None or gate.is_closed:
            gate = self._gates[key] = Gate(credential, self._clock)
        return gate

    def states(self) -> tuple[GateState, ...]:
        """How all of them stand."""
        return tuple(gate.state() for gate in self._gates.values())


_OF_THIS_PROCESS = Gates(SystemClock())

gate_for = _OF_THIS_PROCESS.gate_for
"""The gate of a credential in this process; ask anew for each piece of work."""
gate_states = _OF_THIS_PROCESS.states
"""How the gates of this process stand."""
