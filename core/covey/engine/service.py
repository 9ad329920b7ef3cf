"""The engine as a whole: it holds the project's lock, goes on with what is there, and leaves in good order."""

import asyncio
import contextlib
import functools
import gc
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TypeGuard

from covey.agents.registry import AgentRegistry
from covey.clock import Clock, SystemClock
from covey.config.state_dir import state_directory
from covey.engine.at_work import RunsAtWork
from covey.engine.controls import Controls
from covey.engine.executor import Executor
from covey.engine.guard import Guard
from covey.engine.leftovers import Leftovers
from covey.engine.local import LocalRuntime
from covey.engine.lookout import Lookout
from covey.engine.machine import Machine
from covey.engine.orders import Hands, Orders
from covey.engine.patience import OfCommand, Patience
from covey.engine.records import Manifest, project_record, tools_of
from covey.engine.recovery import Found, interrupt, recover
from covey.engine.runs import RunOptions
from covey.engine.slots import Slots
from covey.engine.turns import Bench
from covey.engine.work import CLEANUP_SECONDS
from covey.errors import CoveyError, StoreError, first_of
from covey.model import events as e
from covey.model.ids import new_id
from covey.model.outcome import STOPPED, Begun, Left
from covey.model.scope import Scope
from covey.model.session import is_terminal
from covey.model.status import Status
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.store.base import Committed, Operation
from covey.store.connection import database_path
from covey.store.crash_reports import error_in_words
from covey.store.feed import ChangeFeed, change_feed
from covey.store.sqlite import EngineStore, local_user, open_engine_store
from covey.workflows.registry import WORKFLOWS
from covey.workflows.workflow import Workflow

VERSION = version("covey")
COLLECTOR_THRESHOLDS = (50_000, 20, 100)
LEAVE_SECONDS = CLEANUP_SECONDS + 8.0
"""How long leaving may take once the agents' grace is over; then a program leaves in any case (`on_stop`)."""
LAST_SECONDS = 3.0
"""How long a program may take to end once its engine has left something behind that does not end."""
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
        machine: Machine,
    ) -> None:
        self._moved = asyncio.Event()
        self._ordered = asyncio.Event()
        self._stopping: str | None = None
        self._leaving: str | None = None
        self._broken: StoreError | None = None
        self._project = project
        manifest = Manifest(project, registry)
        scope = Scope(project=project_record(project, project_id), user=local_user())
        self._bench = Bench(scope, store, workflows, tools_of(project, store, clock, project_id))
        self._slots = Slots(project.settings.run.max_sessions)
        self.runtime = LocalRuntime(self._bench, Executor(registry), self._slots, self._moved.set)
        self.runs = RunsAtWork(self._bench, manifest, registry, self.runtime, slots=self._slots, moved=self._moved.set)
        objection = functools.partial(manifest.objection, self._bench)
        self._controls = Controls(self._bench, self.runtime, objection, self.runs.wake)
        hands = Hands(self.runs.begin_ordered, self.runs.stop_run, self.stop, self.stop_gently, self.runs.set_slots)
        self._orders = Orders(store, hands)
        self._guard = Guard(store, self._slots, self.runtime.sentry, machine)
        self._lookout = Lookout(self._bench, machine, self._guard.watches)
        self._leftovers = Leftovers(self._bench, machine)
        self.found = Found()
        self.on_stop: Callable[[float], None] = at_leisure
        self._database = str(database_path(project.root / ".covey"))
        self._inode = 0
        self._closed = False
        self.first_seq = 0

    # Beginning.

    async def begin(
        self, workflow: str, contexts: Sequence[DeclaredContext], options: RunOptions | None = None
    ) -> tuple[Begun, ...]:
        """Start a run for each context, adopt its unfinished one, or see that there is nothing to do.

        Raises:
            UsageError: an unknown workflow, a context without components, an agent that cannot work, files that cannot
                be written, tests that cannot be run, no repository for what asks for one; nothing was started.
        """
        options = options or RunOptions()
        begun = await self.runs.begin(
            workflow, contexts, options, slots=options.max_sessions, by=self._bench.scope.user
        )
        self.runs.called.extend(begun)
        return begun

    # Going on.

    def committed(self, committed: Committed) -> None:
        """Learn what was written: wake sessions, watch files, see runs end."""
        self.runs.know(committed)
        self.runtime.holds.know(committed)
        self.runtime.failures.know(entry.event for entry in committed.entries)
        self.runtime.wakeups.tell(committed)
        self._lookout.know(committed.sessions.values())
        self._moved.set()

    async def until_left(self, patience: Patience | None = None) -> Left:
        """Run until the patience is over: by default until nothing can go on without a human.

        A stop, a database that cannot be written and a project root that is gone end it with exit code 130; the runs
        can be adopted then.
        """
        patience = patience or OfCommand(stay=False)
        while True:
            self._moved.clear()
            broken = self._what_broke()
            if broken is not None:
                return await self._leave_broken(broken)
            if self._leaving is not None and self.runtime.at_rest():
                self.stop(self._leaving)
            if self._stopping is not None:
                return await self._leave_stopped(self._stopping)
            over = await patience.is_over(at_rest=self.runtime.at_rest(), all_ended=self.runs.all_ended())
            if over and self.runtime.at_rest() and await self._retired():
                return await self.runs.result()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PULSE_SECONDS):
                    await self._moved.wait()

    def stop(self, reason: str) -> None:
        """End all work gracefully for now; said twice, at once."""
        if self._stopping is not None:
            self.runtime.hurry()
        grace = 0.0 if self._stopping is not None else self._bench.tools.settings.run.cancel_grace
        self.on_stop(grace + LEAVE_SECONDS)
        self._stopping = self._stopping or reason
        self._moved.set()

    def stop_gently(self, reason: str) -> None:
        """Begin no turn any more, and end all work once none is under way."""
        self._leaving = self._leaving or reason
        self.runtime.holds.pauses.close()
        self._moved.set()

    def has_begun(self) -> bool:
        """Something was asked of it: by an order, or by a request that has set a run going."""
        return self._orders.taken > 0 or self.runs.any_begun

    async def is_watched(self) -> bool:
        """Somebody watches at this moment."""
        return await self._bench.store.watched(self._bench.tools.clock.now())

    def idle_exit(self) -> float:
        """After how many seconds without anything to do it may leave."""
        return self._bench.tools.settings.run.idle_exit

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
        """No request waits, and none will be taken any more; what is being decided may turn out to be work."""
        if self._controls.busy or self._orders.busy:
            return False
        if await self._bench.store.retire():
            return True
        await self._controls.drain()
        await self._orders.drain()
        return False

    async def _leave_broken(self, reason: str) -> Left:
        """What cannot be written any more can often still be read."""
        try:
            return await self.runs.result(stopped=reason)
        except StoreError:
            return Left(STOPPED, {status.value: 0 for status in Status}, reason)

    async def _leave_stopped(self, reason: str) -> Left:
        await self._bench.store.retire(leave_requests=True)
        await self._orders.left(await self.runs.stop_all(reason))
        return await self.runs.result(stopped=reason)

    # Opening and closing.

    async def open(self) -> None:
        """Take over what is there, before any loop runs: a dead engine's work, the inbox, and the files on disk."""
        store = self._bench.store
        self._inode = os.stat(database_path(state_directory(self._project.root))).st_ino  # noqa: PTH116
        self.first_seq = await store.last_seq()
        await store.declare(self._bench.scope.project, tuple(self._bench.tools.components.values()))
        sessions = await store.open_sessions(self._bench.scope)
        self.found = await recover(self._bench, self._leftovers, self._project.settings.run.cancel_grace, sessions)
        self.found.tell()
        self.runs.roots.update({root.id: root for root in await store.roots(self._bench.scope)})
        self.runtime.holds.pauses.know(self.runs.roots.values())
        self.runtime.holds.budgets.know(self.runs.roots.values())
        self._lookout.know(await store.files_to_watch(self._bench.scope))
        await self._lookout.look()
        await self.runtime.holds.credentials.open(sessions)
        await self._orders.take_over()
        await self._controls.drain()
        await self.runtime.holds.credentials.compare()
        await store.note_slots(self._slots.limit)
        await self._guard.look()
        self.runs.is_open = True

    async def keep_going(self, feed: ChangeFeed) -> None:
        """Take requests, look at files, and watch over who is at work, for as long as the engine lives."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guarded(self._take_requests(feed)))
            tasks.create_task(self._guarded(self._take_orders()))
            tasks.create_task(self._guarded(self._lookout.keep_looking()))
            tasks.create_task(self._guarded(self.runtime.vitals.keep_watch()))
            tasks.create_task(self._guarded(self._leftovers.keep_looking()))
            tasks.create_task(self._guarded(self._guard.keep_looking()))
            tasks.create_task(self._guarded(self.runtime.holds.credentials.keep_looking()))

    def doing(self) -> str:
        """What it is at work on, for whoever reads the report of its crash."""
        runs = [
            f"{root.id} ({root.type} of {root.module})" for root in self.runs.roots.values() if not is_terminal(root)
        ]
        return f"engine of epoch {self._bench.store.row.epoch}, unfinished runs: {', '.join(runs) or 'none'}"

    async def close(self, feed: ChangeFeed, failure: BaseException | None = None) -> None:
        """End what still works, and say so in the log while it can be written; `failure` is what ended it."""
        await self.runtime.end_all()
        self.runtime.sentry.dismiss()
        self._closed = True
        self._ordered.set()
        feed.wake()
        self._lookout.end()
        self.runtime.vitals.end()
        self._leftovers.end()
        self._guard.end()
        self.runtime.holds.credentials.end()
        try:
            await interrupt(self._bench, "its engine left")
            crash = f"it crashed: {error_in_words(failure).partition(':')[0]}" if _is_crash(failure) else None
            reason = crash or self._stopping or self._what_broke() or "all runs were left"
            stopped = e.EngineStopped(at=self._bench.tools.clock.now(), pid=os.getpid(), reason=reason)
            await self._bench.store.append(Operation(events=(stopped,)))
        except StoreError as error:
            self._broken = self._broken or error

        if self.runtime.left_behind:
            self.on_stop(LAST_SECONDS)

    async def _take_requests(self, feed: ChangeFeed) -> None:
        while not self._closed:
            await self._controls.drain()
            self._ordered.set()
            await feed.changed()

    async def _take_orders(self) -> None:
        """Beside the requests, so that a run which takes its time to stop holds none of them up."""
        while not self._closed:
            await self._ordered.wait()
            self._ordered.clear()
            if not self._closed:
                await self._orders.drain()

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """What cannot be stored ends the engine, in `until_left`."""
        try:
            await work
        except* StoreError as errors:
            self._broken = self._broken or first_of(errors)
            self._moved.set()


def at_leisure(_: float) -> None:
    """An engine inside a program that goes on after it has no deadline."""


@contextlib.asynccontextmanager
async def open_engine(
    project: DeclaredProject,
    registry: AgentRegistry,
    clock: Clock | None = None,
    workflows: Mapping[str, Workflow] = WORKFLOWS,
    machine: Machine | None = None,
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
            machine=machine or Machine(),
        )
        engines.append(engine)
        with _collector_at_ease(), _noted(engine):
            await engine.open()
            gc.freeze()
            async with change_feed(database_path(project.root / ".covey")) as feed, _alongside(engine, feed):
                yield engine


@contextlib.contextmanager
def _collector_at_ease() -> Iterator[None]:
    """Let the garbage collector look less often while an engine works.

    Its records are frozen and hold no cycles; at Python's default it spends a tenth of the engine's time on them.
    """
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextlib.contextmanager
def _noted(engine: Engine) -> Iterator[None]:
    """Have an unexpected error carry along what the engine was at work on."""
    try:
        yield
    except Exception as error:
        if _is_crash(error):
            error.add_note(engine.doing())
        raise


def _is_crash(error: BaseException | None) -> TypeGuard[Exception]:
    return isinstance(error, Exception) and not isinstance(error, CoveyError)


@contextlib.asynccontextmanager
async def _alongside(engine: Engine, feed: ChangeFeed) -> AsyncIterator[None]:
    """Keep the engine going while the block runs, and close it however the block ends."""
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as tasks:
        going = tasks.create_task(engine.keep_going(feed))
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - raised again below, once the engine is closed
            failure = error
        if going.done() and not going.cancelled():  # its error has ended the block
            failure = going.exception() or failure
        await engine.close(feed, failure)
    if failure is not None:
        raise failure
