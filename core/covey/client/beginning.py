"""What a project could begin with: its contexts, how many components each has, and how many have their document."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covey.client.estimate import Kind
from covey.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from covey.projects.manifest import DeclaredProject


@dataclass(frozen=True, slots=True)
class DeclaredCounts:
    """A context by name and module, with its number of components and of documents that are there."""

    context: str
    module: str
    components: int
    documents: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the manifest declares; `mistake` says why it declares nothing that can be run."""

    project: str
    has_manifest: bool = True
    contexts: tuple[DeclaredCounts, ...] = ()
    mistake: str | None = None


def beginning(project_root: Path) -> Beginning:
    """What the project at this root could begin with; looks at the manifest and at every document's file."""
    # What reads manifests takes long to import, and a screen has to be there before it.
    from covey.agents.registry import AgentRegistry  # noqa: PLC0415
    from covey.projects.manifest import load_project  # noqa: PLC0415

    try:
        declared = load_project(project_root, AgentRegistry())
    except ConfigError as error:
        first, more = str(error.mistakes[0]), len(error.mistakes) - 1
        return Beginning(project_root.name, mistake=f"{first}{f' (and {more} more)' if more else ''}")
    except UsageError:
        return Beginning(project_root.name, has_manifest=False)
    return Beginning(declared.name, contexts=tuple(_counts(declared)))


def designs_of(project_root: Path, modules: tuple[str, ...]) -> Mapping["Kind", int]:
    """The sessions that would write what these contexts lack of designs that pass, and of reviews, by kind."""
    from covey.agents.registry import AgentRegistry  # noqa: PLC0415
    from covey.artifacts.documents import is_documented, is_reviewed  # noqa: PLC0415
    from covey.client.estimate import fan_out  # noqa: PLC0415
    from covey.projects.manifest import load_project  # noqa: PLC0415

    declared = load_project(project_root, AgentRegistry())
    run, wanted = declared.settings.run, Counter[Kind]()
    components = {component.module_name: component for component in declared.components("")}
    for context in declared.contexts:
        if context.module in modules:
            due = [components[each.module] for each in context.components]
            missing = sum(not is_documented(declared, each, components.keys()) for each in due)
            reviews = int(missing > 0 or not is_reviewed(declared, context))
            wanted += fan_out("design", run.agent, run.model, missing, reviews)
    return wanted


def _counts(declared: "DeclaredProject") -> list[DeclaredCounts]:
    from covey.artifacts.presence import look_at  # noqa: PLC0415
    from covey.projects.paths import ArtifactKind  # noqa: PLC0415

    there: dict[str, bool] = {
        component.module_name: look_at(declared.root, declared.rules.path(ArtifactKind.DESIGN, component)).present
        for component in declared.components("")
    }
    return [
        DeclaredCounts(
            context.name,
            context.module,
            len(context.components),
            sum(there.get(component.module, False) for component in context.components),
        )
        for context in declared.contexts
    ]
