"""The engine's side of the monitor's benchmark: a process that holds the lock and writes a log, as fast as it is told.

Everything goes through the engine's own store. A working session has some fifty events, as a design session has; the
first rows of the screen work for ever, by being tried again, so that there is always something to paint. It is asked
with one object of JSON a line on standard input, and answers each with one on standard output.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.clock import SystemClock
from covey.model import events as e
from covey.model.command import CommandKind, ResultStatus
from covey.model.ids import new_id
from covey.model.scope import Project
from covey.model.status import ExecutionMode, FailureCause
from covey.store.base import Operation
from covey.store.sqlite import EngineStore, open_engine_store

COMMITS_A_SECOND = 50
AT_WORK, IN_SIGHT = 256, 40
CHILDREN = 100
STEPS = 23
"""Commands of a session: with these, one in fifty of its events is its creation."""
ONE_FAILS_IN = 20
_AT_ONCE = 1_000


class Run:
    """A run that was made up, and the events that its sessions have next."""

    def __init__(self, store: EngineStore, project: Project, sessions: int) -> None:
        self._store, self._project = store, project
        self._random = random.Random(sessions)
        self._root = new_id()
        self._parents = [new_id() for _ in range(max(1, sessions // (CHILDREN + 1)))]
        self._children = sessions - 1 - len(self._parents)
        self._made = 0
        self._owed = 0.0
        self._queued: list[str] = []
        self._working: list[Iterator[e.AnyEvent]] = []

    async def preload(self) -> None:
        """Create all sessions, and let the first of them work, some for longer than others."""
        events = [self._begun(), self._created(self._root, None, "Shop"), *self._at_work(self._root)]
        for number, parent in enumerate(self._parents):
            events += [self._created(parent, self._root, f"Group{number:04}"), *self._at_work(parent)]
        for number in range(self._children):
            events.append(self._spawned(self._parents[min(number // CHILDREN, len(self._parents) - 1)]))
        seen, self._queued = self._queued[:IN_SIGHT], self._queued[IN_SIGHT:]
        self._working = [self._life(key, for_ever=True) for key in seen]
        while self._queued and len(self._working) < AT_WORK:
            self._working.append(self._next())
        for life in self._working:
            events += itertools.islice(life, self._random.randrange(2 * STEPS))
        for start in range(0, len(events), _AT_ONCE):
            await self._store.append(Operation(events=tuple(events[start : start + _AT_ONCE])))

    def events(self, count: int, spawns: float) -> tuple[e.AnyEvent, ...]:
        """So many events, legal as the run stands; of them, the part `spawns` create sessions."""
        self._owed += count * spawns
        events: list[e.AnyEvent] = []
        while len(events) < count:
            if self._owed >= 1:
                self._owed -= 1
                events.append(self._spawned(self._random.choice(self._parents)))
                continue
            place = self._random.randrange(len(self._working))
            event = next(self._working[place], None)
            if event is not None:
                events.append(event)
            elif self._queued:
                self._working[place] = self._next()
            else:
                del self._working[place]
        return tuple(events)

    def _next(self) -> Iterator[e.AnyEvent]:
        """The life of one that waits, wherever in the tree it is."""
        place = self._random.randrange(len(self._queued))
        self._queued[place], self._queued[-1] = self._queued[-1], self._queued[place]
        return self._life(self._queued.pop(), for_ever=False)

    def _life(self, key: str, *, for_ever: bool) -> Iterator[e.AnyEvent]:
        attempt = 1
        while True:
            yield e.SessionStarted(**self._about(key, attempt))
            for step in range(STEPS):
                yield from self._step(key, attempt, f"Step{step}", CommandKind.AGENT)
            again = for_ever or not self._queued
            if not again and self._random.randrange(ONE_FAILS_IN):
                yield e.SessionCompleted(**self._about(key, attempt))
                return
            cause = FailureCause.CHECK_FAILED
            yield e.SessionFailed(**self._about(key, attempt), cause=cause, reason="2 checks failed")
            if not again:
                return
            attempt += 1
            yield e.SessionRetried(**self._about(key, attempt), agent="made up", decision_id=new_id(), by="nobody")

    def _step(self, key: str, attempt: int, step: str, kind: CommandKind) -> Iterator[e.AnyEvent]:
        interaction = new_id()
        yield e.CommandIssued(**self._about(key, attempt), interaction_id=interaction, step=step, command=kind)
        status = ResultStatus.OK
        yield e.ResultRecorded(**self._about(key, attempt), interaction_id=interaction, step=step, status=status)

    def _begun(self) -> e.AnyEvent:
        about = self._about(self._root, 1)
        return e.RunStarted(**about, project_root=self._project.root, workflow="design", context="Shop")

    def _at_work(self, key: str) -> list[e.AnyEvent]:
        """A parent waits for its children."""
        waits = next(self._step(key, 1, "SpawnSessions", CommandKind.SPAWN_SESSIONS))
        return [e.SessionStarted(**self._about(key, 1)), waits]

    def _spawned(self, parent: str) -> e.AnyEvent:
        key, self._made = new_id(), self._made + 1
        self._queued.append(key)
        return self._created(key, parent, f"Component{self._made:06}")

    def _created(self, key: str, parent: str | None, name: str) -> e.AnyEvent:
        return e.SessionCreated(
            **self._about(key, 1),
            project_id=self._project.id,
            parent_id=parent,
            type="ComponentDesign",
            component_id=key,
            component=name,
            module=f"shop.{name.lower()}",
            position=self._made,
            execution_mode=ExecutionMode.AUTO,
            agent="made up",
            environment="local",
        )

    def _about(self, key: str, attempt: int) -> dict[str, Any]:
        return {"at": SystemClock().now(), "run_id": self._root, "session_id": key, "attempt": attempt}


class Stream:
    """Commits events of a run at a rate; `commits` are the last line of each and when it was durable."""

    def __init__(self, store: EngineStore, run: Run, rate: int, spawns: float) -> None:
        self._store, self._run = store, run
        self._count, self._spawns = rate // COMMITS_A_SECOND, spawns
        self._task = asyncio.create_task(self._go())
        self.commits: list[tuple[int, float]] = []
        self._began = time.monotonic()

    async def _go(self) -> None:
        due = time.monotonic()
        while True:
            due += 1 / COMMITS_A_SECOND
            await asyncio.sleep(due - time.monotonic())
            committed = await self._store.append(Operation(events=self._run.events(self._count, self._spawns)))
            self.commits.append((committed.entries[-1].seq, time.monotonic()))

    async def end(self) -> dict[str, object]:
        """What was written, and at which rate it really was."""
        seconds = time.monotonic() - self._began
        self._task.cancel()
        await asyncio.wait([self._task])
        return {"commits": self.commits, "rate": len(self.commits) * self._count / seconds}


async def serve(root: Path, sessions: int) -> None:
    """Make the project, then do what is asked until the input ends."""
    async with open_engine_store(root, clock=SystemClock(), version="0", on_commit=lambda _: None) as store:
        project = Project(id="p", name="bench", root=str(root), preset="python", config={})
        await store.declare(project, ())
        await store.note_slots(AT_WORK)
        run = Run(store, project, sessions)
        await run.preload()
        _answer({"sessions": sessions})
        stream: Stream | None = None
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            if asked["do"] == "stream":
                stream = Stream(store, run, asked["rate"], asked["spawns"])
                _answer({})
            elif asked["do"] == "last" and stream is not None:
                _answer({"seq": stream.commits[-1][0]})
            elif stream is not None:
                _answer(await stream.end())


def _answer(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
