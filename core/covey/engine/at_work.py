"""The runs that an engine works on: begun for its command, begun for others, woken by requests, or ended for now."""

from collections.abc import Callable, Mapping, Sequence

from covey.agents.registry import AgentRegistry
from covey.engine.grants import Call, granted
from covey.engine.local import LocalRuntime
from covey.engine.pauses import run_number
from covey.engine.planning import Planned, plan_runs
from covey.engine.preflight import hindrances, refuse
from covey.engine.records import Manifest
from covey.engine.recovery import interrupt
from covey.engine.runs import RunOptions, adopt_run, call_of, result_of, start_run, stop_run
from covey.engine.runtime import Running
from covey.engine.slots import Slots
from covey.engine.turns import Bench
from covey.model import events as e
from covey.model.budget import Budget
from covey.model.order import RunOrder
from covey.model.outcome import Begun, How, Left
from covey.model.session import Session, is_terminal
from covey.projects.manifest import DeclaredContext, find_contexts
from covey.store.base import Committed, Operation


class RunsAtWork:
    """Begins, wakes and ends runs. `roots` are those of all runs as they stand; `is_open` once requests may wake them.

    Those in `called` were begun by the engine's own command, which they decide about; an engine of its own has none.
    """

    def __init__(
        self,
        bench: Bench,
        manifest: Manifest,
        registry: AgentRegistry,
        runtime: LocalRuntime,
        *,
        slots: Slots,
        moved: Callable[[], None],
    ) -> None:
        self.roots: dict[str, Session] = {}
        self.called: list[Begun] = []
        self.is_open = False
        self._bench = bench
        self._manifest = manifest
        self._registry = registry
        self._runtime = runtime
        self._slots = slots
        self._moved = moved
        self._ours: dict[str, None] = {}
        self._woken: dict[str, None] = {}
        self._ended: dict[str, str] = {}
        self._stopping: set[str] = set()

    def know(self, committed: Committed) -> None:
        """Learn how roots stand now."""
        self.roots.update({each.id: each for each in committed.sessions.values() if each.session_id is None})

    # Beginning.

    async def begin_ordered(self, order: RunOrder) -> tuple[Begun, ...]:
        """Begin what another program asks for; returns once the runs are under way.

        Raises:
            UsageError: the manifest has mistakes, or what `begin` raises; nothing was started.
        """
        await self._manifest.read_anew(self._bench)
        contexts = find_contexts(self._manifest.project, order.contexts)
        options = RunOptions(
            agent=order.agent,
            model=order.model,
            overwrite=order.overwrite,
            budget_usd=order.budget_usd,
            budget_tokens=order.budget_tokens,
        )
        begun = await self.begin(order.workflow, contexts, options, slots=order.max_sessions, by=order.requested_by)
        for each in begun:
            if each.run_id is not None and each.how is not How.NOTHING_TO_DO:
                await self._runtime.turns.started(Running(each.run_id, self.roots[each.run_id].attempt))
        return begun

    async def begin(
        self, workflow: str, contexts: Sequence[DeclaredContext], options: RunOptions, *, slots: int | None, by: str
    ) -> tuple[Begun, ...]:
        """Start a run for each context, adopt its unfinished one, or see that there is nothing to do.

        Raises:
            UsageError: an unknown workflow, a context without components, an agent that cannot work, files that cannot
                be written, tests that cannot be run, no repository for what asks for one; nothing was started.
        """
        store, project = self._bench.store, self._manifest.project
        planned = await plan_runs(store, self._bench.scope, project, workflow, contexts, overwrite=options.overwrite)
        due = [each for each in planned if each.how is not How.NOTHING_TO_DO]
        call = call_of(project.settings.run, options, by)
        adopted = [each.adopted for each in due if each.adopted is not None]
        budgets, problems = await granted(call, adopted, self._runtime.holds.budgets)
        limits = [*budgets.values(), *([call.budget(None)] if len(adopted) < len(due) else [])]
        found = await hindrances(project, self._registry, workflow, due, options, budgets=limits)
        refuse([*found, *problems])
        if slots is not None:
            await self.set_slots(slots, by)
        begun = [await self._begin(each, workflow, options, call, budgets) for each in planned]
        self._moved()
        return tuple(begun)

    async def set_slots(self, slots: int, by: str) -> bool:
        """Let so many sessions work at the same time; whether it was another number before."""
        if slots == self._slots.limit:
            return False
        self._slots.resize(slots)
        await self._bench.store.note_slots(slots)
        changed = e.SlotsChanged(at=self._bench.tools.clock.now(), slots=slots, by=by)
        await self._bench.store.append(Operation(events=(changed,)))
        return True

    async def _begin(
        self, planned: Planned, workflow: str, options: RunOptions, call: Call, budgets: Mapping[str, Budget | None]
    ) -> Begun:
        root = planned.root
        if planned.how is How.NOTHING_TO_DO:
            return Begun(planned.context.name, root.id if root else None, planned.how)
        if root is None or planned.how is How.STARTED:
            root = await start_run(self._bench, planned.context, workflow, options, call)
        else:
            await adopt_run(self._bench, root, options, call, budgets[root.id])
        self._start(root)
        return Begun(planned.context.name, root.id, planned.how)

    def _start(self, root: Session) -> None:
        self.roots.setdefault(root.id, root)
        self._ours[root.id] = None
        self._ended.pop(root.id, None)
        self._runtime.start_root(Running(root.id, self.roots[root.id].attempt), run_number(root))

    # Going on.

    async def wake(self, root: Session) -> None:
        """Let the loop of a root run that a request has set going, once this engine works and has stopped it."""
        if not self.is_open or root.id in self._stopping:
            self._woken[root.id] = None
        elif not self._runtime.runs(root.id):
            await adopt_run(self._bench, self.roots[root.id], RunOptions())
            self._start(root)

    async def adopt_woken(self) -> None:
        """Go on with the runs that requests have set going which had waited for this engine."""
        for key in self._woken:
            if not is_terminal(self.roots[key]):
                await self.wake(self.roots[key])
        self._woken.clear()

    @property
    def any_begun(self) -> bool:
        """There was a run to work on."""
        return bool(self._ours or self._ended)

    def all_ended(self) -> bool:
        """All runs that the engine was called for have ended; one of its own is called for whatever it runs."""
        called = [each.run_id for each in self.called if each.how is not How.NOTHING_TO_DO] or [*self._ours]
        return all(key in self._ended or is_terminal(self.roots[key]) for key in called if key is not None)

    # Ending.

    async def stop_run(self, run_id: str, reason: str) -> bool:
        """End the work of one run for now; False when this engine does not work on it."""
        root = self.roots.get(run_id)
        if root is None or run_id not in self._ours or is_terminal(root):
            return False
        self._woken.pop(run_id, None)
        self._stopping.add(run_id)
        try:
            await self._runtime.end_run(run_number(root))
            await interrupt(self._bench, reason, run_id)
            if is_terminal(self.roots[run_id]):
                return False
            await stop_run(self._bench, self.roots[run_id], reason)
        finally:
            self._stopping.remove(run_id)
        del self._ours[run_id]
        self._ended[run_id] = reason
        if run_id in self._woken:  # by a request that came meanwhile
            del self._woken[run_id]
            await self.wake(root)
        self._moved()
        return True

    async def stop_all(self, reason: str) -> tuple[str, ...]:
        """End the work of all runs for now; those that were not at their end. Requests wake none any more."""
        self.is_open = False
        await self._runtime.end_all()
        await interrupt(self._bench, reason)
        active = tuple(key for key in self._ours if not is_terminal(self.roots[key]))
        for key in active:
            await stop_run(self._bench, self.roots[key], reason)
        return active

    async def result(self, stopped: str | None = None) -> Left:
        """What the runs that the engine was called for come to."""
        ended = [self._ended[each.run_id] for each in self.called if each.run_id in self._ended]
        return await result_of(self._bench, self.called, stopped=stopped or next(iter(ended), None))
