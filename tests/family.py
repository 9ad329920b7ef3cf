"""A project in a directory of its own, with its store open as the engine's: what tests of steps and of turns build on.

Sessions come to be, and end, by events through the real store; nothing here writes a row by hand.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from covey.agents.registry import AgentRegistry
from covey.config.settings import CommandsTable, Settings
from covey.model import events as e
from covey.model.command import Interaction, Result, ResultStatus
from covey.model.component import Component
from covey.model.ids import id_for, new_id
from covey.model.scope import Project, Scope
from covey.model.session import Session, about
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Phase
from covey.projects.paths import PathRules
from covey.steps.base import Tools
from covey.store.base import Committed, Operation, Sessions
from covey.store.sqlite import EngineStore, open_engine_store
from covey.testing.clock import FakeClock

PROJECT_ID = "project"
PARENT, CHILD = "ContextComponentsDesignSessions", "ComponentDesignSessions"
VALID = "# It\n\n## Purpose\n\nSells.\n\n## Public API\n\nNone.\n\n## Dependencies\n\nNone.\n"
"""A design document that passes."""


def component(name: str, *, within: str | None = "shop", **fields: Any) -> Component:
    """A component called `name`; its module, and so its file, follow from the name and the context's module."""
    module = name.lower() if within is None else f"{within}.{name.lower()}"
    own: dict[str, Any] = {
        "id": f"id-{module}",
        "project_id": PROJECT_ID,
        "name": name,
        "module_name": module,
        "parent_component_id": None if within is None else f"id-{within}",
    }
    return Component(**{**own, **fields})


SHOP = component("Shop", within=None)


def result(status: ResultStatus = ResultStatus.OK, error: str | None = None, **data: Any) -> Result:
    """What came of a command, as whoever executed it tells."""
    return Result(id=new_id(), status=status, error_message=error, data=data, timestamp=FakeClock().now())


@dataclass(slots=True)
class Family:
    """A parent's project: its store, its clock, its directory, and what may happen to its sessions."""

    root: Path
    store: EngineStore
    commits: list[Committed]
    clock: FakeClock = field(default_factory=FakeClock)
    components: dict[str, Component] = field(default_factory=dict)
    registry: AgentRegistry = field(default_factory=AgentRegistry)

    @property
    def scope(self) -> Scope:
        project = Project(id=PROJECT_ID, name="shop", root=str(self.root), preset="python", config={})
        return Scope(project=project, user="ada")

    def tools(self, store: Sessions | None = None, commands: CommandsTable | None = None, **run: Any) -> Tools:
        """What steps work with, over this store or one that stands before it; `run` are keys of `[run]`."""
        settings = Settings(kinds=self.registry, commands=commands or CommandsTable())
        settings = replace(settings, run=settings.run.model_copy(update=run))
        return Tools(
            store=store or self.store,
            clock=self.clock,
            root=self.root,
            settings=settings,
            rules=PathRules(self.root, settings.project, settings.paths),
            components=self.components,
            known_modules=frozenset(each.module_name for each in self.components.values()),
        )

    async def declare(self, *names: str | Component) -> dict[str, Component]:
        """Declare the shop with exactly these components; all of them by name."""
        below = [component(each) if isinstance(each, str) else each for each in names]
        self.components = {each.id: each for each in (SHOP, *below)}
        await self.store.declare(self.scope.project, list(self.components.values()))
        return {each.name: each for each in below}

    def write(self, path: str, text: str = VALID) -> Path:
        """Write a file of the project."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    async def happen(self, *events: e.AnyEvent) -> Committed:
        """Let something happen."""
        return await self.store.append(Operation(events=events))

    async def parent(self, type: str = PARENT, of: Component | None = SHOP, **fields: Any) -> Session:  # noqa: A002
        """A new run's root."""
        return await self._create(new_id(), None, type, of, fields)

    async def child(self, parent: Session, of: Component, type: str = CHILD, **fields: Any) -> Session:  # noqa: A002
        """A child with a file of its own, as the spawn step names it."""
        path = {"artifact_path": f"docs/design/{of.module_name.replace('.', '/')}.md"}
        return await self._create(id_for(parent.id, type, of.id), parent, type, of, {**path, **fields})

    async def _create(
        self,
        key: str,
        parent: Session | None,
        type: str,  # noqa: A002
        of: Component | None,
        fields: dict[str, Any],
    ) -> Session:
        own: dict[str, Any] = {
            "at": self.clock.now(),
            "run_id": parent.run_id if parent else key,
            "session_id": key,
            "attempt": 1,
            "project_id": PROJECT_ID,
            "parent_id": parent.id if parent else None,
            "type": type,
            "component_id": of.id if of else None,
            "component": of.name if of else "",
            "module": of.module_name if of else "",
            "execution_mode": ExecutionMode.AGENTIC if parent else ExecutionMode.AUTO,
            "agent": "offline",
            "environment": "local",
        }
        committed = await self.happen(e.SessionCreated(**{**own, **fields}))
        return committed.sessions[key]

    async def now(self, session: Session) -> Session:
        """The session as it is now."""
        found = await self.store.session(self.scope, session.id)
        assert found is not None
        return found

    async def children(self, parent: Session) -> list[Session]:
        family = await self.store.family(self.scope, parent.id)
        assert family is not None
        return list(family[1:])

    async def interactions(self, session: Session) -> list[Interaction]:
        return list(await self.store.interactions(self.scope, session.id))

    async def log(self) -> list[e.AnyEvent]:
        """All that has happened."""
        return [line.entry.event for line in await self.store.lines(0)]

    async def start(self, session: Session) -> Session:
        session = await self.now(session)
        if session.phase is Phase.QUEUED:
            await self.happen(e.SessionStarted(at=self.clock.now(), **about(session)))
        return await self.now(session)

    async def complete(self, session: Session) -> Session:
        """End a session well; whether its file lies on the disk is another matter."""
        session = await self.start(session)
        if session.artifact_path is not None and session.artifact is not ArtifactState.PRESENT:
            found = e.ArtifactFound(at=self.clock.now(), **about(session), path=session.artifact_path)
            await self.happen(found)
        await self.happen(e.SessionCompleted(at=self.clock.now(), **about(session)))
        return await self.now(session)

    async def fail(self, session: Session, reason: str = "it broke") -> Session:
        await self.happen(failed(session, reason))
        return await self.now(session)

    async def cancel(self, session: Session) -> Session:
        session = await self.now(session)
        event = e.SessionCancelled(
            at=self.clock.now(), **about(session), reason="no longer wanted", decision_id="d1", by="ada"
        )
        await self.happen(event)
        return await self.now(session)

    async def skip(self, session: Session, reason: str = "not needed") -> Session:
        event = e.SessionSkipped(at=self.clock.now(), **about(session), reason=reason, decision_id="d1", by="ada")
        await self.happen(event)
        return await self.now(session)

    async def retry(self, session: Session, note: str | None = None, resume_step: str | None = None) -> Session:
        session = await self.now(session)
        event = e.SessionRetried(
            at=self.clock.now(),
            run_id=session.run_id,
            session_id=session.id,
            attempt=session.attempt + 1,
            note=note,
            resume_step=resume_step,
            agent=session.agent,
            decision_id="d2",
            by="ada",
        )
        await self.happen(event)
        return await self.now(session)


def failed(session: Session, reason: str = "it broke") -> e.SessionFailed:
    """The event that ends a session with an error of its agent."""
    return e.SessionFailed(at=session.updated_at, **about(session), cause=FailureCause.AGENT_ERROR, reason=reason)


class Meanwhile:
    """A store in which something happens just after a parent has been read for the first time."""

    def __init__(self, family: Family, event: e.AnyEvent) -> None:
        self._family = family
        self._event: e.AnyEvent | None = event

    async def family(self, scope: Scope, session_id: str) -> tuple[Session, ...] | None:
        found = await self._family.store.family(scope, session_id)
        event, self._event = self._event, None
        if event is not None:
            await self._family.happen(event)
        return found

    async def component(self, scope: Scope, component_id: str) -> Component | None:
        return await self._family.store.component(scope, component_id)

    async def components_of(self, scope: Scope, component_id: str) -> tuple[Component, ...]:
        return await self._family.store.components_of(scope, component_id)

    async def append(self, operation: Operation) -> Committed:
        return await self._family.store.append(operation)


@asynccontextmanager
async def open_family(root: Path) -> AsyncIterator[Family]:
    """Become the engine of the project at `root`, with the shop and three components declared."""
    clock = FakeClock()
    commits: list[Committed] = []
    async with open_engine_store(root, clock=clock, version="0", on_commit=commits.append) as store:
        family = Family(root=root, store=store, commits=commits, clock=clock)
        await family.declare("Alpha", "Beta", "Gamma")
        yield family


def names(sessions: Iterable[Session]) -> list[str]:
    """The components of sessions, in their order."""
    return [session.component for session in sessions]
