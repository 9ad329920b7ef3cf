"""The fake server as a process of its own, so that its work is not measured as the engine's.

`python tests/benchmarks/fleet_server.py PLAN`, where PLAN is a `Plan` as JSON: prints where it listens, then its counts
as JSON for each line that it reads, until there are none.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.testing.messages_server import (
    Answer,
    FakeMessagesServer,
    RateLimit,
    Reply,
    Request,
    Script,
    Text,
    ToolUse,
    author,
)

_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How the server is: `requests` in `seconds`, none = no limit; each answer takes `turn_seconds`.

    With `deltas` each call of a tool comes after a text of so many deltas, one every `pace` seconds.
    """

    requests: int | None = None
    seconds: float = 60.0
    turn_seconds: float = 1.0
    deltas: int = 0
    pace: float = 0.0187  # with what the server itself needs, 50 a second


@dataclass(frozen=True, slots=True)
class Counts:
    """What has come to the server so far, and how many deltas it has sent."""

    answered: int
    refused: int
    most_at_once: int
    deltas: int


def script(plan: Plan) -> Script:
    """The author, at the plan's speed."""

    def answer(request: Request) -> Answer:
        reply = author(request)
        if not isinstance(reply, Reply):
            return reply
        if plan.deltas and any(isinstance(block, ToolUse) for block in reply.blocks):
            told = Text("twenty characters. \n" * plan.deltas)
            return replace(reply, content=[told, *reply.blocks], delta_size=20, pace=plan.pace)
        deltas = sum(1 + len(str(block)) // reply.delta_size for block in reply.blocks)
        return replace(reply, pace=plan.turn_seconds / deltas)

    return answer


async def serve(plan: Plan) -> None:
    """Serve until standard input ends."""
    limit = None if plan.requests is None else RateLimit(plan.requests, plan.seconds)
    deltas = 0

    async def sleep(seconds: float) -> None:
        nonlocal deltas
        await asyncio.sleep(seconds)
        deltas += 1

    async with FakeMessagesServer(script(plan), rate_limit=limit, sleep=sleep) as server:
        print(server.base_url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            counts = Counts(server.statuses[200], server.statuses[429], server.most_at_once, deltas)
            print(json.dumps(asdict(counts)), flush=True)


class Server:
    """A server process, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process, base_url: str) -> None:
        self._process = process
        self.base_url = base_url

    async def counts(self) -> Counts:
        """What has come to it so far."""
        return Counts(**json.loads(await self._say("\n")))

    async def _say(self, line: str) -> bytes:
        asked, said = self._process.stdin, self._process.stdout
        assert asked is not None
        assert said is not None
        asked.write(line.encode())
        return await said.readline()


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Server]:
    """A server process beside the block."""
    command: Sequence[str] = (sys.executable, __file__, json.dumps(asdict(plan)))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_LINE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        base_url = (await process.stdout.readline()).decode().strip()
        yield Server(process, base_url)
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(Plan(**json.loads(sys.argv[1]))))
