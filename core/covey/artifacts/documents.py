"""Whether a project's design documents and their reviews are there and in order, by what its manifest asks of them.

Reads, never writes. Whoever says what a run would do, and whoever does it, ask here.
"""

from collections.abc import Collection, Sequence

from covey.artifacts.checks import check_design_file
from covey.artifacts.presence import look_at
from covey.config.settings import REVIEW_SECTIONS
from covey.model.component import Component
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.projects.paths import ArtifactKind


def is_documented(project: DeclaredProject, component: Component, known: Collection[str]) -> bool:
    """A component has its design document, and it passes; `known` are the names of all modules of the project."""
    path = project.rules.path(ArtifactKind.DESIGN, component)
    return _passes(project, path, project.settings.design.sections_for(component.type), known)


def is_reviewed(project: DeclaredProject, context: DeclaredContext) -> bool:
    """The review of a context's documents is there, and it passes."""
    path = project.rules.path_of(ArtifactKind.REVIEW, context.module, context.name)
    return _passes(project, path, REVIEW_SECTIONS, frozenset())


def _passes(project: DeclaredProject, path: str, sections: Sequence[str], known: Collection[str]) -> bool:
    return look_at(project.root, path).present and not check_design_file(project.root, path, sections, known)
