"""A project whose agents do as they are told, and an engine over it: what the engine's tests stand on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.client.requests import Answer, Wish, request_control
from covey.clock import Clock, SystemClock
from covey.engine.machine import Machine
from covey.engine.patience import OfCommand
from covey.engine.runs import RunOptions
from covey.engine.service import Engine, open_engine
from covey.model.control import Action
from covey.model.session import Session, is_terminal
from covey.model.tree import SessionTree
from covey.projects.manifest import find_contexts, load_project
from covey.projects.paths import ArtifactKind
from covey.store.sqlite import Viewer, open_viewer
from covey.testing.agents import scripted, write_least
from covey.workflows.registry import WORKFLOWS
from covey.workflows.workflow import Workflow
from tests.manifests import declared

REVIEW = "Review of Shop"
"""The name of the session that reviews the shop's design."""

MOST_SECONDS = 20.0
"""How long anything is waited for before a test fails; no test's outcome depends on it otherwise."""


async def fail(assignment: Assignment, desk: Desk) -> Outcome:
    return Outcome(ok=False, message="no idea")


async def cancelled_at_once(work: Coroutine[object, object, object]) -> None:
    """Let work go on until it waits for something for the first time, and cancel it there."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


@dataclass
class Bench:
    """A project `shop` in a directory; what its agent does for a session is in `plays`, by the session's name.

    `seen` are the documents that the agent was asked for, `reviews` the reviews.
    """

    root: Path
    components: tuple[str, ...] = ("Alpha", "Beta", "Gamma")
    plays: dict[str, Callable[[Assignment, Desk], Awaitable[Outcome]]] = field(default_factory=dict)
    extra: str = ""
    workflow: str = "design"
    workflows: Mapping[str, Workflow] = field(default_factory=lambda: WORKFLOWS)
    machine: Machine = field(default_factory=Machine)
    clock: Clock = field(default_factory=SystemClock)
    seen: list[Assignment] = field(default_factory=list)
    reviews: list[Assignment] = field(default_factory=list)

    async def _play(self, assignment: Assignment, desk: Desk) -> Outcome:
        is_review = assignment.kind is ArtifactKind.REVIEW
        (self.reviews if is_review else self.seen).append(assignment)
        name = REVIEW if is_review else assignment.component.name
        return await self.plays.get(name, write_least)(assignment, desk)

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"scripted": scripted(self._play)})

    def write_manifest(self) -> None:
        head = "" if "[run]" in self.extra else '[run]\nagent = "scripted"\n'
        (self.root / "covey.toml").write_text(f"{head}{self.extra}\n{declared('Shop', *self.components)}")

    @property
    def review(self) -> Path:
        return self.root / "docs" / "design" / "shop" / "design_review.md"

    def document(self, name: str) -> Path:
        return self.root / "docs" / "design" / "shop" / f"{name.lower()}.md"

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        if not (self.root / "covey.toml").exists():
            self.write_manifest()
        project = load_project(self.root, self.registry)
        async with open_engine(project, self.registry, self.clock, self.workflows, self.machine) as it:
            yield it

    @contextlib.asynccontextmanager
    async def running(self, options: RunOptions | None = None, *, stay: bool = True) -> AsyncIterator["Run"]:
        """A run in an engine that stays until the block ends."""
        async with self.engine() as engine:
            contexts = find_contexts(load_project(self.root, self.registry), ("Shop",))
            begun = (await engine.begin(self.workflow, contexts, options))[0]
            async with asyncio.TaskGroup() as tasks, open_viewer(self.root) as viewer:
                left = tasks.create_task(engine.until_left(OfCommand(stay=stay)))
                assert viewer is not None
                run = Run(self, engine, viewer, begun.run_id or "", left)
                yield run
                if not left.done() and not is_terminal(await run.root()):
                    engine.stop("the test is over")

    async def run(self, options: RunOptions | None = None) -> int:
        """One headless run to its end; the exit code."""
        async with self.running(options, stay=False) as run:
            return (await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)).exit_code

    async def tree(self) -> SessionTree:
        async with open_viewer(self.root) as viewer:
            assert viewer is not None
            return SessionTree(
                [s for root in await viewer.roots(viewer.scope) for s in await viewer.run(viewer.scope, root.id)]
            )

    async def leave(self, session_id: str, action: Action, **wish: object) -> None:
        """Leave a request for the next engine."""
        async with open_viewer(self.root) as viewer:
            assert viewer is not None
            session = await viewer.session(viewer.scope, session_id)
            assert session is not None
            await request_control(viewer, self.root, [session], Wish(action=action, **wish))  # type: ignore[arg-type]

    async def events(self) -> list[object]:
        async with open_viewer(self.root) as viewer:
            assert viewer is not None
            return [line.entry.event for line in await viewer.lines(0)]


@dataclass
class Run:
    """A run that goes on beside the test."""

    bench: Bench
    engine: Engine
    viewer: Viewer
    run_id: str
    left: "asyncio.Task"

    async def root(self) -> Session:
        return await self._session(self.run_id)

    async def child(self, name: str) -> Session:
        run = await self.viewer.run(self.viewer.scope, self.run_id)
        found = [session for session in run if session.component == name and session.id != self.run_id]
        return found[0]

    async def _session(self, key: str) -> Session:
        found = await self.viewer.session(self.viewer.scope, key)
        assert found is not None
        return found

    async def until(self, condition: Callable[[Session], bool], name: str | None = None) -> Session:
        """Wait until the root (or a child) is as wished; woken by the change feed."""
        async with asyncio.timeout(MOST_SECONDS), self.viewer.feed() as feed:
            while True:
                with contextlib.suppress(IndexError):  # it is not created yet
                    session = await (self.child(name) if name else self.root())
                    if condition(session):
                        return session
                await feed.changed()

    async def ask(self, action: Action, name: str | None = None, **wish: object) -> Answer:
        """Leave a request and wait for its decision."""
        session = await (self.child(name) if name else self.root())
        wished = Wish(action=action, **wish)  # type: ignore[arg-type]
        return (await request_control(self.viewer, self.bench.root, [session], wished, wait_seconds=MOST_SECONDS))[0]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
