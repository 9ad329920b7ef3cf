"""Runs: how one is started, how an unfinished one is adopted, and what all of them together come to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from covey.config.settings import RunTable
from covey.engine.consequences import unblocked
from covey.engine.grants import Call
from covey.engine.planning import root_type
from covey.engine.turns import Bench
from covey.errors import StaleOperationError
from covey.model import events as e
from covey.model.budget import Budget
from covey.model.ids import id_for, new_id
from covey.model.outcome import IDLE, STOPPED, Begun, How, Left, as_it_stands, together
from covey.model.session import Session, about, is_terminal
from covey.model.status import ExecutionMode, Phase, Status
from covey.model.tree import SessionTree
from covey.projects.manifest import DeclaredContext
from covey.store.base import Operation
from covey.workflows.registry import word_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `covey run` may say beside the manifest."""

    agent: str | None = None
    model: str | None = None
    max_sessions: int | None = None
    overwrite: bool = False
    budget_usd: float | None = None
    budget_tokens: int | None = None


def works_with(settings: RunTable, options: RunOptions, adopted: Session | None = None) -> tuple[str, str | None]:
    """The agent and the model of a run that is started with these options, or adopted."""
    agent = options.agent or (settings.agent if adopted is None else adopted.agent)
    if adopted is not None:
        return agent, options.model or (None if options.agent else adopted.model)
    # the manifest's model is meant for the manifest's agent
    return agent, options.model or (settings.model if agent == settings.agent else None)


def call_of(settings: RunTable, options: RunOptions, by: str) -> Call:
    """What somebody's call of `covey run` may spend."""
    asked = Budget(usd=options.budget_usd, tokens=options.budget_tokens)
    usual = Budget(usd=settings.budget_usd, tokens=settings.budget_tokens)
    return Call(asked=asked, usual=usual, by=by, decision_id=new_id())


async def start_run(bench: Bench, context: DeclaredContext, workflow: str, options: RunOptions, call: Call) -> Session:
    """Store a new run of a workflow on a context; its root session."""
    project, now = bench.scope.project, bench.tools.clock.now()
    key = new_id()
    agent, model = works_with(bench.tools.settings.run, options)
    started = e.RunStarted(
        at=now,
        run_id=key,
        session_id=key,
        attempt=1,
        project_root=str(bench.tools.root),
        workflow=workflow,
        context=context.name,
        settings=bench.scope.project.config,
    )
    created = e.SessionCreated(
        at=now,
        run_id=key,
        session_id=key,
        attempt=1,
        project_id=project.id,
        parent_id=None,
        type=root_type(workflow),
        component_id=id_for(project.id, context.module),
        component=context.name,
        module=context.module,
        execution_mode=ExecutionMode.AUTO,
        agent=agent,
        model=model,
        environment="local",
        state={"overwrite": True} if options.overwrite else {},
    )
    granted = call.events({"run_id": key, "session_id": key, "attempt": 1}, None, call.budget(None), now)
    committed = await bench.store.append(Operation(events=(started, created, *granted)))
    return committed.sessions[key]


async def adopt_run(
    bench: Bench, root: Session, options: RunOptions, call: Call | None = None, budget: Budget | None = None
) -> None:
    """Store that this engine goes on with an unfinished run, which agent holds from here on, and what it may spend.

    What is blocked looks again: who adopts a run sees it waiting from that moment on, and not what blocked it before.
    """
    while True:
        run = await bench.store.run(bench.scope, root.id)
        try:
            await bench.store.append(_adoption(bench, run, options, call, budget))
        except StaleOperationError:
            continue
        return


def _adoption(
    bench: Bench, run: Sequence[Session], options: RunOptions, call: Call | None, budget: Budget | None
) -> Operation:
    now, root = bench.tools.clock.now(), run[0]
    adopted = e.RunAdopted(
        at=now,
        **about(root),
        project_root=str(bench.tools.root),
        workflow=word_of(root.type),
        context=root.component,
        settings=bench.scope.project.config,
    )
    changed: tuple[e.AnyEvent, ...] = ()
    if options.agent or options.model:
        changed = tuple(event for session in run for event in _reconfigured(bench, session, options))
    blocked = [session for session in run if session.phase is Phase.BLOCKED]
    looking = tuple(event for session in blocked for event in unblocked(session, now))
    granted = call.events(about(root), root, budget, now) if call is not None and not is_terminal(root) else ()
    decided_on = [*blocked, root] if granted else blocked
    return Operation(
        events=(adopted, *changed, *looking, *granted),
        versions={session.id: session.version for session in decided_on},
    )


def _reconfigured(bench: Bench, session: Session, options: RunOptions) -> tuple[e.AnyEvent, ...]:
    """Another agent or model holds for what has not started and for retries."""
    if session.status in {Status.COMPLETE, Status.SKIPPED}:
        return ()
    agent, model = works_with(bench.tools.settings.run, options, session)
    return (e.SessionReconfigured(at=bench.tools.clock.now(), **about(session), agent=agent, model=model),)


async def stop_run(bench: Bench, root: Session, reason: str) -> None:
    """Store that a run's work was ended for now; it can be adopted."""
    stopped = e.RunStopped(at=bench.tools.clock.now(), **about(root), reason=reason)
    await bench.store.append(Operation(events=(stopped,)))


async def result_of(bench: Bench, begun: Iterable[Begun], stopped: str | None = None) -> Left:
    """What the runs come to: each as it stands, and the exit code of all together."""
    lefts = [await _left(bench, each) for each in begun]
    if stopped is not None:
        lefts = [IDLE._replace(exit_code=STOPPED, reason=stopped), *(left._replace(reason=None) for left in lefts)]
    return together(lefts)


async def _left(bench: Bench, begun: Begun) -> Left:
    if begun.run_id is None:
        return IDLE
    tree = SessionTree(await bench.store.run(bench.scope, begun.run_id))
    if begun.how is How.NOTHING_TO_DO:
        return IDLE._replace(counts=tree.counts(begun.run_id))
    return as_it_stands(tree, tree.sessions[begun.run_id], await bench.store.credentials())
