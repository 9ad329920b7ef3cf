"""A fleet of sessions that share one limit, in virtual time: with our gate, or each with retries of its own.

By hand, for longer than the tests take: `.venv/bin/python -m tests.agents.anthropic_api.fleet`.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from covey.agents.anthropic_api.gate import Gates
from covey.testing.clock import FakeClock
from covey.testing.messages_server.limits import RateLimit
from tests.agents.anthropic_api.virtual_time import in_virtual_time

WAY_SECONDS = 0.03
"""How long a request is under way until it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """So many sessions with so many turns each, of so many seconds; `told`: answers have headers about limits.

    The server lets `requests` through in a minute, `burst` of them at once.
    """

    sessions: int = 64
    turns: int = 4
    seconds: float = 10.0
    requests: int = 60
    burst: int = 60
    told: bool = True

    @property
    def ideal(self) -> float:
        """Seconds in which it could be done by somebody who knows everything."""
        refill = (self.sessions * self.turns - self.burst) * 60 / self.requests
        return max(refill + self.seconds, self.turns * self.seconds)


class Done(NamedTuple):
    """How a fleet did: how many requests were refused, and how many seconds it took."""

    refused: int
    seconds: float
    most_at_once: int


@dataclass(slots=True)
class Server:
    """The API: its limit, and what came of the requests."""

    fleet: Fleet
    clock: FakeClock
    refused: int = 0
    at_once: int = 0
    most_at_once: int = 0
    limit: RateLimit = field(init=False)
    chance: random.Random = field(default_factory=lambda: random.Random(64))

    def __post_init__(self) -> None:
        self.limit = RateLimit(self.fleet.requests, burst=self.fleet.burst, clock=self.clock)

    async def ask(self) -> tuple[bool, dict[str, str]]:
        """One request, up to the beginning of its answer: whether it was accepted, and the headers."""
        await asyncio.sleep(self.chance.uniform(0.5, 1.5) * WAY_SECONDS)
        refusal = self.limit.take()
        headers = dict(self.limit.headers() if refusal is None else refusal.headers)
        self.refused += refusal is not None
        return refusal is None, headers if self.fleet.told else {}

    async def stream(self) -> None:
        """The rest of an answer."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.fleet.seconds * self.chance.uniform(0.8, 1.2))
        self.at_once -= 1


Way = Callable[[Fleet, Server, FakeClock], Awaitable[None]]


async def _with_gate(fleet: Fleet, server: Server, clock: FakeClock) -> None:
    gate = Gates(clock).gate_for("ANTHROPIC_API_KEY")

    async def session() -> None:
        for _ in range(fleet.turns):
            turn, accepted = gate.turn(), False
            while not accepted:
                async with turn:
                    accepted, headers = await server.ask()
                    if accepted:
                        gate.learn(headers)
                        await server.stream()
                    else:
                        gate.refused(429, headers)

    await asyncio.gather(*(session() for _ in range(fleet.sessions)))


async def _with_retries(fleet: Fleet, server: Server, clock: FakeClock) -> None:
    """As the client library does it: half a second, doubled up to eight, with jitter; or what the header says."""

    async def session() -> None:
        for _ in range(fleet.turns):
            for tries in itertools.count():
                accepted, headers = await server.ask()
                if accepted:
                    await server.stream()
                    break
                wait = min(8.0, 0.5 * 2.0**tries) * server.chance.uniform(0.75, 1.0)
                await asyncio.sleep(float(headers.get("retry-after", wait)))

    await asyncio.gather(*(session() for _ in range(fleet.sessions)))


def with_gate(fleet: Fleet) -> Done:
    """How the fleet does behind one gate."""
    return _run(fleet, _with_gate)


def with_retries(fleet: Fleet) -> Done:
    """How it does where each session retries for itself."""
    return _run(fleet, _with_retries)


def _run(fleet: Fleet, way: Way) -> Done:
    clock = FakeClock()
    server = Server(fleet, clock)
    in_virtual_time(clock, _all(way, fleet, server, clock))
    return Done(server.refused, clock.monotonic(), server.most_at_once)


async def _all(way: Way, fleet: Fleet, server: Server, clock: FakeClock) -> None:
    await way(fleet, server, clock)


def main() -> None:
    """Every kind of fleet, one line each."""
    every = itertools.product((True, False), (1, 5, 60), (0.5, 2.0, 10.0, 30.0), (1, 4, 20), (20, 60, 600))
    for told, burst, seconds, turns, requests in every:
        fleet = Fleet(told=told, burst=burst, seconds=seconds, turns=turns, requests=requests)
        ours, theirs = with_gate(fleet), with_retries(fleet)
        print(  # noqa: T201 - a program of its own
            f"{requests}/min burst {burst} told {told!s:5} {turns}x{seconds}s: "
            f"gate {ours.refused} refused, {ours.seconds / fleet.ideal:.2f} of ideal; "
            f"retries {theirs.refused} refused, {theirs.seconds / fleet.ideal:.2f} of ideal"
        )


if __name__ == "__main__":
    main()
