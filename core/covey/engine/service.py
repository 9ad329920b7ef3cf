"""The engine as a whole: it holds the project's lock, goes on with what is there, and leaves in good order."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from importlib.metadata import version

from covey.agents.registry import AgentRegistry
from covey.clock import Clock, SystemClock
from covey.config.state_dir import state_directory
from covey.engine.controls import Controls
from covey.engine.executor import Executor
from covey.engine.local import LocalRuntime
from covey.engine.lookout import Lookout
from covey.engine.planning import How, Planned, plan_runs
from covey.engine.preflight import agent_problems, preflight
from covey.engine.recovery import interrupt, recover
from covey.engine.runs import (
    STOPPED,
    Begun,
    Left,
    RunOptions,
    adopt_run,
    result_of,
    start_run,
    stop_run,
)
from covey.engine.runtime import Running
from covey.engine.slots import Slots
from covey.engine.turns import Bench
from covey.errors import StoreError, UsageError
from covey.model import events as e
from covey.model.control import ControlRequest
from covey.model.ids import new_id
from covey.model.scope import Project, Scope
from covey.model.session import Session, is_terminal
from covey.model.status import Status
from covey.projects.manifest import DeclaredContext, DeclaredProject, load_project
from covey.steps.base import Tools
from covey.store.base import Committed, Operation
from covey.store.connection import database_path
from covey.store.feed import ChangeFeed, change_feed
from covey.store.sqlite import EngineStore, local_user, open_engine_store
from covey.workflows.registry import WORKFLOWS
from covey.workflows.workflow import Workflow

VERSION = version("covey")
COLLECTOR_THRESHOLDS = (50_000, 20, 100)
PULSE_SECONDS = 1.0
"""How often the engine makes sure that its database is still the one on disk."""


class Engine:
    """One engine of one project; made by `open_engine`."""

    def __init__(
        self,
        project: DeclaredProject,
        registry: AgentRegistry,
        *,
        clock: Clock,
        workflows: Mapping[str, Workflow],
        store: EngineStore,
        project_id: str,
    ) -> None:
        self._registry = registry
        self._moved = asyncio.Event()
        self._roots: dict[str, Session] = {}
        self._begun: list[Begun] = []
        self._stopping: str | None = None
        self._broken: StoreError | None = None
        self._manifest_stamp = _stamp(project)
        self._project = project
        scope = Scope(project=_record(project, project_id), user=local_user())
        self._bench = Bench(scope, store, workflows, _tools(project, store, clock, project_id))
        self._slots = Slots(project.settings.run.max_sessions)
        self._executor = Executor(registry)
        self.runtime = LocalRuntime(self._bench, self._executor, self._slots, self._moved.set)
        self._controls = Controls(self._bench, self.runtime, self._objection, self._wake_root)
        self._lookout = Lookout(self._bench)
        self._database = str(database_path(project.root / ".covey"))
        self._inode = 0
        self._open = False
        self._closed = False
        self.first_seq = 0

    # Beginning.

    async def begin(
        self, workflow: str, contexts: Sequence[DeclaredContext], options: RunOptions | None = None
    ) -> tuple[Begun, ...]:
        """Start a run for each context, adopt its unfinished one, or see that there is nothing to do.

        Raises:
            UsageError: an unknown workflow, a context without components, an agent that cannot work, documents that
                cannot be written; nothing was started.
        """
        options = options or RunOptions()
        store, scope = self._bench.store, self._bench.scope
        planned = await plan_runs(store, scope, self._project, workflow, contexts, overwrite=options.overwrite)
        due = [each for each in planned if each.how is not How.NOTHING_TO_DO]
        agents = [options.agent or self._agent_of(each) for each in due]
        wanted = {component.module for each in due for component in each.context.components}
        preflight(self._project, self._registry, agents, wanted)
        self._slots.resize(options.max_sessions or self._project.settings.run.max_sessions)
        begun = [await self._begin(each, workflow, options) for each in planned]
        self._begun.extend(begun)
        self._moved.set()
        return tuple(begun)

    def _agent_of(self, planned: Planned) -> str:
        adopted = planned.root if planned.how is How.ADOPTED else None
        return adopted.agent if adopted is not None else self._project.settings.run.agent

    async def _begin(self, planned: Planned, workflow: str, options: RunOptions) -> Begun:
        root = planned.root
        if planned.how is How.NOTHING_TO_DO:
            return Begun(planned.context.name, root.id if root else None, planned.how)
        if root is None or planned.how is How.STARTED:
            root = await start_run(self._bench, planned.context, workflow, options)
        else:
            await adopt_run(self._bench, root, options)
        self._start(root)
        return Begun(planned.context.name, root.id, planned.how)

    def _start(self, root: Session) -> None:
        self._roots.setdefault(root.id, root)
        running = Running(root.id, self._roots[root.id].attempt)
        self.runtime.start_root(running, round(root.inserted_at.timestamp() * 1_000_000))

    async def _wake_root(self, root: Session) -> None:
        """Let the loop of a root run that a request has set going, once this engine works."""
        if not self._open or self.runtime.runs(root.id):
            return
        await adopt_run(self._bench, self._roots[root.id], RunOptions())
        self._start(root)

    # Going on.

    def committed(self, committed: Committed) -> None:
        """Learn what was written: wake sessions, watch files, see runs end."""
        for session in committed.sessions.values():
            if session.session_id is None:
                self._roots[session.id] = session
        self.runtime.wakeups.tell(committed)
        self._lookout.know(committed.sessions.values())
        self._moved.set()

    async def until_left(self, *, stay: bool = False) -> Left:
        """Run until all begun runs have ended, or (without `stay`) nothing can go on without a human.

        A stop, a database that cannot be written and a project root that is gone end it with exit code 130; the runs
        can be adopted then.
        """
        while True:
            self._moved.clear()
            broken = self._what_broke()
            if broken is not None:
                return await self._leave_broken(broken)
            if self._stopping is not None:
                return await self._leave_stopped(self._stopping)
            if self.runtime.at_rest() and (not stay or self._all_ended()) and await self._retired():
                return await result_of(self._bench, self._begun)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PULSE_SECONDS):
                    await self._moved.wait()

    def stop(self, reason: str) -> None:
        """End all work gracefully for now; said twice, at once."""
        if self._stopping is not None:
            self.runtime.hurry()
        self._stopping = self._stopping or reason
        self._moved.set()

    def _all_ended(self) -> bool:
        keys = [begun.run_id for begun in self._begun if begun.how is not How.NOTHING_TO_DO]
        return all(is_terminal(self._roots[key]) for key in keys if key is not None)

    def _what_broke(self) -> str | None:
        error = self._broken or self.runtime.broken
        if error is not None:
            return str(error)
        try:
            same = os.stat(self._database).st_ino == self._inode  # noqa: PTH116 - the inode of the very path
        except OSError:
            same = False
        return None if same else f"{self._project.root} or its database is gone; nothing more can be stored"

    async def _retired(self) -> bool:
        """No request waits, and none will be taken any more."""
        if await self._bench.store.retire():
            return True
        await self._controls.drain()
        return False

    async def _leave_broken(self, reason: str) -> Left:
        """What cannot be written any more can often still be read."""
        try:
            return await result_of(self._bench, self._begun, stopped=reason)
        except StoreError:
            return Left(STOPPED, {status.value: 0 for status in Status}, reason)

    async def _leave_stopped(self, reason: str) -> Left:
        await self._bench.store.retire(leave_requests=True)
        await self.runtime.end_all()
        await interrupt(self._bench, reason)
        for begun in self._begun:
            root = self._roots.get(begun.run_id or "")
            if root is not None and root.status is Status.ACTIVE:
                await stop_run(self._bench, root, reason)
        return await result_of(self._bench, self._begun, stopped=reason)

    # Opening and closing.

    async def open(self) -> None:
        """Take over what is there, before any loop runs: a dead engine's work, the inbox, and the files on disk."""
        store, clock = self._bench.store, self._bench.tools.clock
        self._inode = os.stat(database_path(state_directory(self._project.root))).st_ino  # noqa: PTH116
        self.first_seq = await store.last_seq()
        await store.declare(self._bench.scope.project, tuple(self._bench.tools.components.values()))
        started = e.EngineStarted(at=clock.now(), pid=os.getpid(), epoch=store.row.epoch, version=VERSION)
        await store.append(Operation(events=(started,)))
        await recover(self._bench, self._project.settings.run.cancel_grace)
        self._roots.update({root.id: root for root in await store.roots(self._bench.scope)})
        self._lookout.know(await store.files_to_watch(self._bench.scope))
        await self._lookout.look()
        await self._controls.drain()
        self._open = True

    async def keep_going(self, feed: ChangeFeed) -> None:
        """Take requests and look at files, for as long as the engine lives."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guarded(self._take_requests(feed)))
            tasks.create_task(self._guarded(self._lookout.keep_looking()))

    async def close(self, feed: ChangeFeed) -> None:
        """End what still works, and say so in the log while it can be written."""
        await self.runtime.end_all()
        self._closed = True
        feed.wake()
        self._lookout.end()
        try:
            await interrupt(self._bench, "its engine left")
            reason = self._stopping or self._what_broke() or "all runs were left"
            stopped = e.EngineStopped(at=self._bench.tools.clock.now(), pid=os.getpid(), reason=reason)
            await self._bench.store.append(Operation(events=(stopped,)))
        except StoreError as error:
            self._broken = self._broken or error

    async def _take_requests(self, feed: ChangeFeed) -> None:
        while not self._closed:
            await self._controls.drain()
            await feed.changed()

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """What cannot be stored ends the engine, in `until_left`."""
        try:
            await work
        except* StoreError as errors:
            self._broken = self._broken or _first(errors)
            self._moved.set()

    async def _objection(self, request: ControlRequest) -> str | None:
        """What stands against a retry: a manifest with mistakes, or an agent that cannot work. It is read anew here."""
        try:
            await self._read_anew()
        except UsageError as error:
            return str(error)
        problems = agent_problems(self._project, self._registry, request.agent) if request.agent else ()
        return "; ".join(problems) or None

    async def _read_anew(self) -> None:
        stamp = _stamp(self._project)
        if stamp == self._manifest_stamp:
            return
        project = load_project(self._project.root, self._registry)
        self._project, self._manifest_stamp = project, stamp
        store, clock, key = self._bench.store, self._bench.tools.clock, self._bench.scope.project.id
        self._bench.tools = _tools(project, store, clock, key)
        await store.declare(_record(project, key), tuple(self._bench.tools.components.values()))


@contextlib.asynccontextmanager
async def open_engine(
    project: DeclaredProject,
    registry: AgentRegistry,
    clock: Clock | None = None,
    workflows: Mapping[str, Workflow] = WORKFLOWS,
) -> AsyncIterator[Engine]:
    """Be the project's engine for the length of the block.

    Raises:
        EngineRunningError: another engine is at work.
        StoreError: the database cannot be used.
        UsageError: the project root cannot be written.
    """
    clock = clock or SystemClock()
    engines: list[Engine] = []

    def on_commit(committed: Committed) -> None:
        for engine in engines:
            engine.committed(committed)

    async with open_engine_store(project.root, clock=clock, version=VERSION, on_commit=on_commit) as store:
        known = await store.project()
        engine = Engine(
            project,
            registry,
            clock=clock,
            workflows=workflows,
            store=store,
            project_id=known.id if known else new_id(),
        )
        engines.append(engine)
        await engine.open()
        with _collector_at_ease():
            async with change_feed(database_path(project.root / ".covey")) as feed, _alongside(engine, feed):
                yield engine


@contextlib.contextmanager
def _collector_at_ease() -> Iterator[None]:
    """Let the garbage collector look less often while an engine works.

    Its records are frozen and hold no cycles; at Python's default it spends a tenth of the engine's time on them.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextlib.asynccontextmanager
async def _alongside(engine: Engine, feed: ChangeFeed) -> AsyncIterator[None]:
    """Keep the engine going while the block runs, and close it however the block ends."""
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.keep_going(feed))
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - raised again below, once the engine is closed
            failure = error
        await engine.close(feed)
    if failure is not None:
        raise failure


def _record(project: DeclaredProject, project_id: str) -> Project:
    return Project(
        id=project_id,
        name=project.name,
        root=str(project.root),
        preset=project.settings.project.preset,
        config=_settings_record(project),
    )


def _settings_record(project: DeclaredProject) -> dict[str, object]:
    """The settings as JSON, without the tables of agents: what is in those is theirs."""
    settings = project.settings
    return {
        "project": settings.project.model_dump(mode="json"),
        "paths": settings.paths.model_dump(mode="json"),
        "run": settings.run.model_dump(mode="json"),
        "design": settings.design.model_dump(mode="json"),
    }


def _tools(project: DeclaredProject, store: EngineStore, clock: Clock, project_id: str) -> Tools:
    components = {component.id: component for component in project.components(project_id)}
    known = frozenset(component.module_name for component in components.values())
    return Tools(store, clock, project.root, project.settings, project.rules, components, known)


def _stamp(project: DeclaredProject) -> tuple[int, int]:
    try:
        found = (project.root / "covey.toml").stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _first(errors: BaseExceptionGroup[StoreError]) -> StoreError:
    first = errors.exceptions[0]
    return first if isinstance(first, StoreError) else _first(first)
