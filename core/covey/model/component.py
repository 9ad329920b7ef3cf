"""A context or one of its components: what the manifest declares and sessions work on."""

import msgspec


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A component of a project; a context is a component that others name as their parent.

    `module_name` is unique in the project; `dependencies` are module names; `priority` None comes last.
    """

    id: str
    project_id: str
    name: str
    module_name: str
    type: str = "module"
    description: str = ""
    priority: int | None = None
    parent_component_id: str | None = None
    dependencies: tuple[str, ...] = ()


def spawn_order(component: Component) -> tuple[bool, int, str, str, str]:
    """The key that sorts the components of a context: priority descending, none last, then by code point."""
    missing = component.priority is None
    return (missing, -(component.priority or 0), component.name, component.module_name, component.id)
