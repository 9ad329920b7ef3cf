"""`covey run`: hand runs to the project's engine and open the monitor, or follow them; or be that engine ourselves.

With a terminal (or `--detach`) the engine is a process of its own. `--headless` is the engine as long as no other one
lives; beside a living one it hands its runs over and follows them.
"""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covey.agents.registry import AgentRegistry
from covey.cli.budgets import check_budget
from covey.cli.declared import declared_project
from covey.cli.following import Followed, at_work, place
from covey.cli.frontend import find_monitor, on_a_terminal
from covey.cli.numbers import Whole
from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out, complain
from covey.cli.picture import INDENT, advice_lines, branch_lines, heading, needs_lines
from covey.cli.printer import Listener, Printer
from covey.cli.signals import StopSignals
from covey.client.engine import run_order
from covey.client.estimate import Estimate, Kind, estimate, estimated, fan_out
from covey.client.place import is_here
from covey.client.resuming import resuming
from covey.client.snapshot import RunView, attach
from covey.config.state_dir import STATE_DIRECTORY
from covey.engine.deadline import Deadline
from covey.engine.patience import OfCommand
from covey.engine.planning import NOTHING_DUE, Due, Planned, left_to_do, plan_runs
from covey.engine.preflight import hindrances, refuse
from covey.engine.runs import RunOptions, call_of, works_with
from covey.engine.service import Engine, at_leisure, open_engine
from covey.errors import EngineRunningError, StoreError, UsageError
from covey.model.order import RunOrder
from covey.model.outcome import ALL_IN_ORDER, NOTHING_TO_DO, STOPPED, Begun, How, Left
from covey.model.session import Session
from covey.model.status import Status
from covey.projects.manifest import DeclaredContext, DeclaredProject, find_contexts
from covey.store.last_engine import bad_end
from covey.store.sqlite import Viewer, local_user, open_viewer
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import short_id
from covey.workflows.registry import ARTIFACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `covey run` was asked for."""

    project: DeclaredProject
    registry: AgentRegistry
    workflow: str
    contexts: tuple[DeclaredContext, ...]
    options: RunOptions
    stay: bool = False


def run(
    workflow: str,
    /,
    *contexts: str,
    every: Annotated[bool, Parameter(name="--all")] = False,
    agent: str | None = None,
    model: str | None = None,
    max_sessions: Whole = None,
    budget_usd: float | None = None,
    budget_tokens: Whole = None,
    headless: bool = False,
    stay: bool = False,
    detach: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Run a workflow for some contexts, or go on with their unfinished runs.

    With a terminal it opens the monitor on them; leaving that does not stop the work.

    Args:
        workflow: Which: design, test or code.
        contexts: Contexts by name or module, or by an unambiguous ending of one.
        every: All contexts.
        agent: The agent, by its name in covey.toml; default: the one of [run].
        model: The model that the agent is told to use.
        max_sessions: How many sessions work at the same time.
        budget_usd: What all these runs together may spend, in US dollars; then they pause, and a human is asked.
        budget_tokens: The same in tokens, of all kinds together.
        headless: Open no monitor, print one line a change; so it is without a terminal, too.
        stay: With --headless: do not leave when a human is needed; wait for requests and files.
        detach: Leave as soon as the runs have begun; print their ids.
        overwrite: Do everything anew in a new run; what was there is kept in .covey/replaced.
        dry_run: Say what would be run; start nothing.
        json: The events, one object a line.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    if max_sessions is not None and max_sessions < 1:
        raise UsageError(f"--max-sessions takes a number from 1 on, not {max_sessions}")
    check_budget(budget_usd, budget_tokens)
    registry = AgentRegistry()
    declared = declared_project(project, registry)
    if agent is not None:
        declared.settings.agent(agent)
    order = Order(
        project=declared,
        registry=registry,
        workflow=workflow,
        contexts=_contexts(declared, contexts, every=every),
        options=RunOptions(
            agent=agent,
            model=model,
            max_sessions=max_sessions,
            overwrite=overwrite,
            budget_usd=budget_usd,
            budget_tokens=budget_tokens,
        ),
        stay=stay,
    )
    out = Out(asked_json=json)
    if dry_run:
        return asyncio.run(_foretell(order, out))
    # Where that directory cannot be made, the engine says so.
    if not (declared.root / STATE_DIRECTORY).exists() and os.access(declared.root, os.W_OK | os.X_OK):
        asyncio.run(_refuse_without_a_trace(order))
    ended = asyncio.run(bad_end(declared.root))
    if ended is not None:
        complain(str(ended))
    if detach:
        return _detach(order, out)
    if on_a_terminal() and not headless and not json:
        return _on_the_monitor(order)
    with Deadline() as deadline:
        return asyncio.run(carry_out(order, out, on_stop=deadline.leave_within))


def _contexts(declared: DeclaredProject, names: Sequence[str], *, every: bool) -> tuple[DeclaredContext, ...]:
    if every and names:
        raise UsageError("name contexts, or give --all; not both")
    if names:
        return find_contexts(declared, tuple(names))
    if not every:
        raise UsageError("which contexts? name them (see: covey contexts), or give --all")
    if not declared.contexts:
        raise UsageError("covey.toml declares no contexts; add a [[context]], or run: covey init --force")
    return declared.contexts


async def _refuse_without_a_trace(order: Order) -> None:
    """Where nothing was ever run, what would not begin is refused before an engine makes its directory there."""
    overwrite = order.options.overwrite
    planned = await plan_runs(None, None, order.project, order.workflow, order.contexts, overwrite=overwrite)
    refuse(await _hindrances(order, planned))


async def _hindrances(order: Order, planned: Sequence[Planned]) -> list[str]:
    """What would keep these runs from working, with the budgets that they would have."""
    project, options = order.project, order.options
    due = [each for each in planned if each.how is not How.NOTHING_TO_DO]
    call = call_of(project.settings.run, options, local_user())
    budgets = [call.budget(each.adopted) for each in due]
    return await hindrances(project, order.registry, order.workflow, due, options, budgets=budgets)


def _detach(order: Order, out: Out) -> int:
    """Begin the runs in an engine of its own, and leave it to it."""
    begun = asyncio.run(place(order.project.root, ordered(order))).begun
    for each in begun:
        if out.asked_json:
            out.json({"context": each.context, "run_id": each.run_id, "how": each.how})
        elif each.how is How.NOTHING_TO_DO:
            complain(f"{sanitise_line(each.context)}: {ALL_IN_ORDER}")
        else:
            out.text(each.run_id or "")
    return 0 if at_work(begun) else NOTHING_TO_DO


def _on_the_monitor(order: Order) -> int:
    """Begin the runs in an engine of its own, and show them."""
    monitor = find_monitor()
    begun = asyncio.run(place(order.project.root, ordered(order))).begun
    runs = at_work(begun)
    for each in begun:
        if each.how is How.NOTHING_TO_DO:
            complain(f"{sanitise_line(each.context)}: {ALL_IN_ORDER}")
    if not runs:
        return NOTHING_TO_DO
    return monitor()(order.project.root, next(iter(runs)) if len(runs) == 1 else None, read_only=False)


def ordered(order: Order) -> RunOrder:
    """The same as an order for an engine; it gets names of variables that agents may need, never their values."""
    agents = order.project.settings.agents.values()
    names = {name for agent in agents for name in getattr(agent.options, "env", ())}
    return run_order(
        order.workflow,
        tuple(context.module for context in order.contexts),
        agent=order.options.agent,
        model=order.options.model,
        max_sessions=order.options.max_sessions,
        overwrite=order.options.overwrite,
        budget_usd=order.options.budget_usd,
        budget_tokens=order.options.budget_tokens,
        credentials=tuple(sorted(names)),
    )


async def _foretell(order: Order, out: Out) -> int:
    """What `covey run` would do, what it would take, and what it lacks; starts nothing and writes nothing."""
    async with open_viewer(order.project.root) as viewer:
        planned = await plan_runs(
            viewer,
            viewer.scope if viewer else None,
            order.project,
            order.workflow,
            order.contexts,
            overwrite=order.options.overwrite,
        )
        for each in planned:
            adopted = each.root if each.how is not How.STARTED else None
            due = NOTHING_DUE if each.how is How.NOTHING_TO_DO else await _due(order, each, viewer)
            found = await estimate(viewer, _fan_out(order, adopted, due)) if any(due) else None
            if out.asked_json:
                out.json(_foretold_json(each, adopted, due, found))
                continue
            said = f" {short_id(adopted.id)}" if adopted else ""
            work = f"; {due.words()}, {estimated(found)}" if any(due) else ""
            out.text(f"{sanitise_line(each.context.name)}: {_FORETOLD[each.how]}{said}{work}")
    against = await _hindrances(order, planned)
    if against:
        complain("as things stand, this would be refused:\n" + "\n".join(f"  {each}" for each in against))
    return 0


async def _due(order: Order, planned: Planned, viewer: Viewer | None) -> Due:
    """What is left to do of a context."""
    kind, root = ARTIFACTS[order.workflow], planned.root
    run = await viewer.run(viewer.scope, root.id) if viewer is not None and root is not None else ()
    return left_to_do(order.project, planned.context, kind, run, overwrite=order.options.overwrite)


def _fan_out(order: Order, adopted: Session | None, due: Due) -> Counter[Kind]:
    """The sessions that would work, with the agent and the model that they would have."""
    options, run = order.options, order.project.settings.run
    if adopted is None:
        return fan_out(order.workflow, *works_with(run, options), *due)
    model = options.model or (None if options.agent else adopted.model)
    return fan_out(order.workflow, options.agent or adopted.agent, model, *due)


def _foretold_json(planned: Planned, adopted: Session | None, due: Due, found: Estimate | None) -> dict[str, object]:
    return {
        "context": planned.context.name,
        "run_id": adopted.id if adopted else None,
        "how": planned.how,
        "components": due.components,
        "reviews": due.reviews,
        "estimate": None if found is None else {"tokens": found.tokens, "cost_usd": found.usd, "by": found.seen},
    }


_FORETOLD = {
    How.STARTED: "a new run would start",
    How.ADOPTED: "it would go on with run",
    How.NOTHING_TO_DO: "nothing to do, as the last run left it:",
}


async def carry_out(
    order: Order, out: Out, listener: Listener | None = None, on_stop: Callable[[float], None] = at_leisure
) -> int:
    """Be the engine until the runs are left, or hand them to the one that is at work and follow; the exit code.

    `on_stop` is told how many seconds the end of an engine in here may take.

    Raises:
        StoreError: the database cannot be used.
        UsageError: what keeps the runs from starting.
    """
    try:
        return await _be_the_engine(order, out, listener, on_stop)
    except EngineRunningError:
        return await _follow(order, out, listener)


async def _follow(order: Order, out: Out, listener: Listener | None) -> int:
    """Hand the runs to the engine that is at work, and print them as if it were ours."""
    followed = Followed(order.project.root, ordered(order), out, stay=order.stay, listener=listener)
    left = await followed.to_the_end()
    if followed.was_interrupted:
        complain(left.reason or "")
        if out.asked_json:
            out.json(_run_left(left))
        return left.exit_code
    await tell_how_it_was_left(order, followed.begun, left, followed.printer.finished, out)
    return left.exit_code


async def _be_the_engine(order: Order, out: Out, listener: Listener | None, on_stop: Callable[[float], None]) -> int:
    signals, begun = StopSignals(), list[Begun]()
    with signals.heard():
        printer = Printer(order.project.root, out, listener=listener)
        try:
            async with printer.at_work():
                left = await _work(order, printer, signals, begun, on_stop)
        except asyncio.CancelledError:
            if signals.reason is None:
                raise
            left = Left(STOPPED, {status.value: 0 for status in Status}, signals.reason)
        except StoreError as error:
            if not begun:
                raise
            left = Left(STOPPED, {status.value: 0 for status in Status}, str(error))
        await tell_how_it_was_left(order, begun, left, printer.finished, out)
    return left.exit_code


async def _work(
    order: Order, printer: Printer, signals: StopSignals, begun: list[Begun], on_stop: Callable[[float], None]
) -> Left:
    try:
        async with open_engine(order.project, order.registry) as engine:
            engine.on_stop = on_stop
            begun.extend(await begin(engine, order, printer, signals))
            return await engine.until_left(OfCommand(stay=order.stay))
    finally:
        signals.work_is_over()


async def begin(engine: Engine, order: Order, printer: Printer, signals: StopSignals) -> tuple[Begun, ...]:
    """Begin the runs, print them, and let signals stop them."""
    begun = await engine.begin(order.workflow, order.contexts, order.options)
    signals.stop_with(engine.stop)
    await printer.begin(engine.first_seq, at_work(begun))
    return begun


async def tell_how_it_was_left(order: Order, begun: Sequence[Begun], left: Left, finished: set[str], out: Out) -> None:
    """The last word: for programs `run_left` where runs have not finished, for people how each of them stands."""
    if left.exit_code == STOPPED and left.reason:
        complain(f"{left.reason}; go on with: {await _goes_on(order, begun)}")
    if out.asked_json:
        if left.exit_code == STOPPED or not begun or not at_work(begun) or not at_work(begun) <= finished:
            await asyncio.to_thread(out.json, _run_left(left))
        return
    for each in begun:
        if each.how is How.NOTHING_TO_DO:
            out.text(f"{sanitise_line(each.context)}: {ALL_IN_ORDER}")
            continue
        view = await _view(order.project.root, each.run_id)
        if view is not None:
            await asyncio.to_thread(_summarise, view, out)


async def _goes_on(order: Order, begun: Sequence[Begun]) -> str:
    """The command that goes on with what was stopped: of runs that are all paused, the first one's resume."""
    root, resumes = order.project.root, list[tuple[str, str] | None]()
    with contextlib.suppress(StoreError):  # which is told of as the runs are
        views = [await _attached(root, each.run_id) for each in begun if each.how is not How.NOTHING_TO_DO]
        resumes = [None if view is None else resuming(view) for view in views]
    if resumes and resumes[0] is not None and None not in resumes:
        return resumes[0][0]
    return f"covey run {order.workflow} {' '.join(context.module for context in order.contexts)}"


def _run_left(left: Left) -> dict[str, object]:
    return {"event": "run_left", "exit_code": left.exit_code, "counts": left.counts, "reason": left.reason}


async def _view(root: Path, run_id: str | None) -> RunView | None:
    try:
        return await _attached(root, run_id)
    except StoreError as error:
        complain(str(error))
        return None


async def _attached(root: Path, run_id: str | None) -> RunView | None:
    async with open_viewer(root) as viewer:
        return None if viewer is None or run_id is None else await attach(viewer, root, run_id)


def _summarise(view: RunView, out: Out) -> None:
    out.wrapped(INDENT, SafeText(""), heading(view, out.glyphs), *branch_lines(view), *needs_lines(view, out.glyphs))
    out.text(*advice_lines(view, is_here=is_here(view.project_root)))
