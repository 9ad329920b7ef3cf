"""Preflight: what would keep every session of a run from working is said before any of them starts."""

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from covey.agents.base import problems_of
from covey.agents.registry import AgentRegistry
from covey.engine.grants import price_problems
from covey.engine.planning import Planned
from covey.engine.runs import RunOptions, works_with
from covey.errors import UsageError
from covey.model.budget import Budget
from covey.model.component import Component
from covey.model.outcome import How
from covey.projects.commands import command_for, pytest_place
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.projects.paths import ArtifactKind
from covey.steps.git_work import repository_problems
from covey.workflows.registry import ARTIFACTS
from covey.workspace.endings import environment, said_of
from covey.workspace.output import Stream
from covey.workspace.processes import (
    Ended,
    Grace,
    ProcessRecord,
    ProgramNotFoundError,
    find_program,
    run_process,
)

_LOOKS_FOR_PYTEST = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pytest') is None)"
_LOOK_SECONDS = 60.0
_ANY_FILE = "test.py"


def refuse(found: Sequence[str]) -> None:
    """Start nothing where anything stands against it.

    Raises:
        UsageError: all of that, each with what to do.
    """
    if found:
        raise UsageError("nothing was started:\n" + "\n".join(f"  {each}" for each in found))


async def hindrances(
    project: DeclaredProject,
    registry: AgentRegistry,
    workflow: str,
    due: Sequence[Planned],
    options: RunOptions,
    *,
    budgets: Sequence[Budget | None],
) -> list[str]:
    """What would keep every session of the runs that are due from working, each with what to do; empty if nothing.

    That is the agents, each with the model that it is to work with, and the price of that where one of these budgets
    needs it; whether the files can be written; what runs tests; and the repository that a new run needs.
    """
    kind, settings = ARTIFACTS[workflow], project.settings
    pairs = dict.fromkeys(works_with(settings.run, options, each.adopted) for each in due)
    wanted = {module for each in due for module in _modules(each.context, kind)}
    components = [component for component in project.components("") if component.module_name in wanted]
    problems = [each for agent, model in pairs for each in agent_problems(project, registry, agent, model)]
    problems += _directory_problems(project, kind, components)
    if kind is not ArtifactKind.DESIGN and components:
        problems += await testing_problems(project)
    if any(each.how is How.STARTED for each in due):
        problems += await repository_problems(project)
    return [*problems, *price_problems(settings, budgets, [*pairs])]


def _modules(context: DeclaredContext, kind: ArtifactKind) -> tuple[str, ...]:
    """The modules that a run on the context writes something for; for the context itself, the review of its design."""
    own = (context.module,) if kind is ArtifactKind.DESIGN else ()
    return (*own, *(component.module for component in context.components))


def agent_problems(project: DeclaredProject, registry: AgentRegistry, agent: str, model: str | None) -> tuple[str, ...]:
    """What keeps an agent from working, with this model or with none; empty when it is usable."""
    try:
        configured = project.settings.agent(agent)
        usable = registry.create(configured.kind, configured.options)
    except UsageError as error:
        return (str(error),)
    return tuple(f"agent {agent}: {problem}" for problem in problems_of(usable, project.root, model))


async def testing_problems(project: DeclaredProject) -> tuple[str, ...]:
    """What keeps the project's tests from being run; empty when they can be."""
    command = command_for(project.root, project.settings, _ANY_FILE)
    try:
        find_program(command[0], project.root, environment())
    except ProgramNotFoundError as error:
        return (f"the tests cannot be run: {error}; install it, or set python or test under [commands] in covey.toml",)
    place = pytest_place(command)
    if place is None or command[place - 1] != "-m" or place < len(("python", "-m")):
        return ()
    python = command[: place - 1]
    problem = await _pytest_problem(project.root, python)
    if problem is None:
        return ()
    called = shlex.join(python)
    advice = f"install it ({called} -m pip install pytest), or set python under [commands] in covey.toml"
    return (f"the tests cannot be run: {called} {problem}; {advice}",)


async def _pytest_problem(root: Path, python: Sequence[str]) -> str | None:
    """Why a Python cannot run pytest; None for one that can. Nothing of the project is imported for it."""

    async def unheard(_: Stream, text: str) -> None:
        """Take no note of it: what matters is in the end of it."""

    try:
        finished = await run_process(
            [*python, "-c", _LOOKS_FOR_PYTEST],
            cwd=root,
            env=environment(),
            ledger=_Unrecorded(),
            on_output=unheard,
            grace=Grace(seconds=1.0),
            timeout=_LOOK_SECONDS,
        )
    except OSError as error:
        return f"could not be run: {error}"
    if finished.ended is Ended.EXITED and finished.code == 0:
        return None
    return f"has no pytest ({said_of(finished, _LOOK_SECONDS)})" if finished.stderr.strip() else "has no pytest"


class _Unrecorded:
    """No ledger: there is no session yet that the process would work for, and it only looks."""

    async def opened(self, record: ProcessRecord) -> None:
        """Keep no record."""

    async def closed(self, record: ProcessRecord) -> None:
        """Nothing was kept."""


def _directory_problems(project: DeclaredProject, kind: ArtifactKind, components: Iterable[Component]) -> Iterable[str]:
    paths = {os.path.dirname(project.rules.path(_written(kind, each), each)) for each in components}  # noqa: PTH120
    directories = {project.root / path for path in paths}
    for nearest in sorted({_nearest(directory) for directory in directories}):
        if not nearest.is_dir():
            yield f"{nearest} is in the way: {_FILES[kind]} to be written below it, but it is no directory"
        elif not os.access(nearest, os.W_OK | os.X_OK):
            yield f"{nearest} cannot be written: give yourself the right to, or set [paths] {kind} in covey.toml"


_FILES = {
    ArtifactKind.DESIGN: "documents are",
    ArtifactKind.TEST: "tests are",
    ArtifactKind.CODE: "code is",
}


def _written(kind: ArtifactKind, component: Component) -> ArtifactKind:
    """What a run for files of a kind writes for a component; for a context that is the review of its documents."""
    return ArtifactKind.REVIEW if component.parent_component_id is None else kind


def _nearest(directory: Path) -> Path:
    return next(each for each in (directory, *directory.parents) if os.path.lexists(each))
