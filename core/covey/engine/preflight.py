"""Preflight: what would keep every session of a run from working is said before any of them starts."""

import os
from collections.abc import Iterable
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.errors import UsageError
from covey.model.component import Component
from covey.projects.manifest import DeclaredProject
from covey.projects.paths import ArtifactKind


def preflight(project: DeclaredProject, registry: AgentRegistry, agents: Iterable[str], wanted: set[str]) -> None:
    """Check the agents, and that the documents of the `wanted` modules (a context's review) can be written.

    Raises:
        UsageError: everything that is not in order, each with what to do.
    """
    problems = [problem for agent in dict.fromkeys(agents) for problem in agent_problems(project, registry, agent)]
    components = [component for component in project.components("") if component.module_name in wanted]
    problems.extend(_directory_problems(project, components))
    if problems:
        raise UsageError("nothing was started:\n" + "\n".join(f"  {problem}" for problem in problems))


def agent_problems(project: DeclaredProject, registry: AgentRegistry, agent: str) -> tuple[str, ...]:
    """What keeps an agent from working; empty when it is usable."""
    try:
        configured = project.settings.agent(agent)
        usable = registry.create(configured.kind, configured.options)
    except UsageError as error:
        return (str(error),)
    return tuple(f"agent {agent}: {problem}" for problem in usable.preflight(project.root))


def _directory_problems(project: DeclaredProject, components: Iterable[Component]) -> Iterable[str]:
    paths = {os.path.dirname(project.rules.path(_written(each), each)) for each in components}  # noqa: PTH120
    directories = {project.root / path for path in paths}
    for nearest in sorted({_nearest(directory) for directory in directories}):
        if not nearest.is_dir():
            yield f"{nearest} is in the way: documents are to be written below it, but it is no directory"
        elif not os.access(nearest, os.W_OK | os.X_OK):
            yield f"{nearest} cannot be written: give yourself the right to, or set [paths] design in covey.toml"


def _written(component: Component) -> ArtifactKind:
    return ArtifactKind.REVIEW if component.parent_component_id is None else ArtifactKind.DESIGN


def _nearest(directory: Path) -> Path:
    return next(each for each in (directory, *directory.parents) if os.path.lexists(each))
