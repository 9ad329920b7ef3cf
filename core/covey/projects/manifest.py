"""The project that a `covey.toml` declares: its contexts and components, checked against one another.

Here the declarations of `covey.config` become a project. Where the manifest comes from is told by the importers;
components become records only with a project's id, which the caller has.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from covey.config.locations import Lines
from covey.config.manifest import MANIFEST, Manifest, read_manifest
from covey.config.settings import AgentKinds, ContextTable, Settings, composed
from covey.errors import ConfigError, UsageError
from covey.model.component import Component
from covey.model.ids import id_for
from covey.projects.crosschecks import cross_check
from covey.projects.paths import PathRules
from covey.text.quoting import did_you_mean, listed, quoted, visible

CONTEXT_TYPE = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredComponent:
    """A component as the manifest declares it."""

    name: str
    module: str
    type: str
    description: str
    priority: int | None
    depends_on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredContext:
    """A context as the manifest declares it, with its components in the order of the file."""

    name: str
    module: str
    description: str
    depends_on: tuple[str, ...]
    components: tuple[DeclaredComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredProject:
    """A project whose manifest is in order. `root` is absolute, with its links followed; `lines` are the manifest's."""

    root: Path
    name: str
    settings: Settings
    rules: PathRules
    contexts: tuple[DeclaredContext, ...]
    lines: Lines

    @property
    def home(self) -> Path:
        """The same as its root: only what is bound to a session's own workspace tells the two apart."""
        return self.root

    def components(self, project_id: str) -> tuple[Component, ...]:
        """Every context, each followed by its components; the same manifest always gives the same ids."""
        return tuple(component for context in self.contexts for component in _records(context, project_id))


def load_project(root: Path, agent_kinds: AgentKinds) -> DeclaredProject:
    """The project at `root`.

    Raises:
        UsageError: There is no manifest.
        ConfigError: The manifest cannot be read, or has mistakes: all of them.
    """
    root = Path(os.path.realpath(root))
    reading = read_manifest(root, agent_kinds)
    rules = PathRules(root, reading.project, reading.paths) if reading.project and reading.paths else None
    mistakes = [*reading.mistakes, *cross_check(reading, rules)]
    name = reading.project.name if reading.project else None
    if mistakes or reading.manifest is None or rules is None:
        raise ConfigError(tuple(mistakes))
    return DeclaredProject(
        root=root,
        name=name or directory_name(root),
        settings=reading.manifest.settings,
        rules=rules,
        contexts=_contexts(reading.manifest),
        lines=reading.lines,
    )


def directory_name(root: Path) -> str:
    """The name of a project that has none of its own: its directory's."""
    return composed(visible(root.name)).strip() or "project"


def find_contexts(declared: DeclaredProject, names: tuple[str, ...]) -> tuple[DeclaredContext, ...]:
    """The contexts that somebody means, each once, in the order in which they were asked for.

    A context is meant by its module or its name, or by an ending of one that no other context shares; what is exact
    wins over an ending, and a module over a name.

    Raises:
        UsageError: A name means none, or more than one; says which were near, or which were meant.
    """
    return tuple(dict.fromkeys(_find_context(declared, composed(name)) for name in names))


def _find_context(declared: DeclaredProject, name: str) -> DeclaredContext:
    contexts = declared.contexts
    known = [text for context in contexts for text in (context.name, context.module)]
    if not contexts:
        raise UsageError(
            f"no context {quoted(name)}: {MANIFEST} declares none; add a [[context]], or run: covey init --force"
        )
    ways = (
        [context for context in contexts if context.module == name],
        [context for context in contexts if context.name == name],
        [context for context in contexts if context.module.endswith(f".{name}")],
        [context for context in contexts if name.strip() and context.name.endswith(name)],
        [context for context in contexts if name.strip() and context.module.endswith(name)],
    )
    found = next((matches for matches in ways if matches), [])
    if not found:
        hint = did_you_mean(name, known) or f"; there are {listed(context.name for context in contexts)}"
        raise UsageError(f"no context {quoted(name)}{hint}")
    if len(found) > 1:
        candidates = listed(context.module for context in found)
        raise UsageError(f"{quoted(name)} could be any of the contexts {candidates}; say more of its module")
    return found[0]


def _contexts(manifest: Manifest) -> tuple[DeclaredContext, ...]:
    return tuple(_context(table) for table in manifest.contexts)


def _context(table: ContextTable) -> DeclaredContext:
    return DeclaredContext(
        name=table.name,
        module=table.module,
        description=table.description,
        depends_on=tuple(dict.fromkeys(table.depends_on)),
        components=tuple(
            DeclaredComponent(
                name=component.name,
                module=component.module,
                type=component.type,
                description=component.description,
                priority=component.priority,
                depends_on=tuple(dict.fromkeys(component.depends_on)),
            )
            for component in table.component
        ),
    )


def _records(context: DeclaredContext, project_id: str) -> tuple[Component, ...]:
    parent = Component(
        id=id_for(project_id, context.module),
        project_id=project_id,
        name=context.name,
        module_name=context.module,
        type=CONTEXT_TYPE,
        description=context.description,
        dependencies=context.depends_on,
    )
    children = (
        Component(
            id=id_for(project_id, component.module),
            project_id=project_id,
            name=component.name,
            module_name=component.module,
            type=component.type,
            description=component.description,
            priority=component.priority,
            parent_component_id=parent.id,
            dependencies=component.depends_on,
        )
        for component in context.components
    )
    return (parent, *children)
