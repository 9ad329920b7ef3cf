"""The manifest as an engine has it: read anew at each run and retry, with what is stored and worked with of it."""

from msgspec.structs import replace

from covey.agents.registry import AgentRegistry
from covey.clock import Clock
from covey.engine.preflight import agent_problems
from covey.engine.turns import Bench
from covey.errors import UsageError
from covey.model.control import ControlRequest
from covey.model.scope import Project
from covey.projects.manifest import DeclaredProject, load_project
from covey.steps.base import Tools
from covey.store.sqlite import EngineStore


def project_record(project: DeclaredProject, project_id: str) -> Project:
    """The project as it is stored."""
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
        "commands": settings.commands.model_dump(mode="json"),
        "run": settings.run.model_dump(mode="json"),
        "design": settings.design.model_dump(mode="json"),
    }


def tools_of(project: DeclaredProject, store: EngineStore, clock: Clock, project_id: str) -> Tools:
    """What steps work with."""
    components = {component.id: component for component in project.components(project_id)}
    known = frozenset(component.module_name for component in components.values())
    return Tools(store, clock, project.root, project.settings, project.rules, components, known)


class Manifest:
    """The project as it was declared last."""

    def __init__(self, project: DeclaredProject, registry: AgentRegistry) -> None:
        self.project = project
        self._registry = registry
        self._stamp = _stamp(project)

    async def read_anew(self, bench: Bench) -> None:
        """Take up what has changed in the file.

        Raises:
            UsageError: it has mistakes now, or is gone; nothing was taken up.
        """
        stamp = _stamp(self.project)
        if stamp == self._stamp:
            return
        project = load_project(self.project.root, self._registry)
        self.project, self._stamp = project, stamp
        record = project_record(project, bench.scope.project.id)
        bench.scope = replace(bench.scope, project=record)
        bench.tools = tools_of(project, bench.store, bench.tools.clock, record.id)
        await bench.store.declare(record, tuple(bench.tools.components.values()))

    async def objection(self, bench: Bench, request: ControlRequest) -> str | None:
        """What stands against a retry or resume: mistakes in the manifest, read anew, or an agent that cannot work."""
        try:
            await self.read_anew(bench)
        except UsageError as error:
            return str(error)
        problems = agent_problems(self.project, self._registry, request.agent, request.model) if request.agent else ()
        return "; ".join(problems) or None


def _stamp(project: DeclaredProject) -> tuple[int, int]:
    """What tells one state of the file from another; zeros where it is gone."""
    try:
        found = (project.root / "covey.toml").stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
