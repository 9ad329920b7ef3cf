"""The contexts that a project declares, their components in spawn order, and which of their files exist."""

from collections.abc import Iterable, Iterator, Sequence

from covey.artifacts.presence import look_at
from covey.model.component import Component, spawn_order
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.projects.paths import OF_COMPONENT, OF_CONTEXT, ArtifactKind

_ANY_PROJECT = ""  # names and paths do not depend on the project's id


def contexts_json(declared: DeclaredProject, contexts: Sequence[DeclaredContext]) -> list[dict[str, object]]:
    """The contexts as `covey contexts --json` prints them."""
    records = declared.components(_ANY_PROJECT)
    modules = {component.id: component.module_name for component in records}
    own = {component.module_name: component for component in records}
    children: dict[str, list[Component]] = {context.module: [] for context in contexts}
    for component in records:
        above = modules.get(component.parent_component_id or "")
        if above in children:
            children[above].append(component)
    return [
        {
            "context": context.name,
            "module": context.module,
            "artifacts": _artifacts(declared, OF_CONTEXT, own[context.module]),
            "components": [
                _component(declared, component) for component in sorted(children[context.module], key=spawn_order)
            ],
        }
        for context in contexts
    ]


def artifact_paths(declared: DeclaredProject) -> Iterator[str]:
    """The files of all contexts and components, of every kind and whether they exist or not."""
    for component in declared.components(_ANY_PROJECT):
        for kind in ArtifactKind:
            yield declared.rules.path(kind, component)


def _component(declared: DeclaredProject, component: Component) -> dict[str, object]:
    return {
        "component": component.name,
        "module": component.module_name,
        "type": component.type,
        "priority": component.priority,
        "artifacts": _artifacts(declared, OF_COMPONENT, component),
    }


def _artifacts(declared: DeclaredProject, kinds: Iterable[ArtifactKind], component: Component) -> dict[str, object]:
    paths = {kind.value: declared.rules.path(kind, component) for kind in kinds}
    return {kind: {"path": path, "present": look_at(declared.root, path).present} for kind, path in paths.items()}
