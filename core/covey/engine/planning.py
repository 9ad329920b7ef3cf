"""What a `covey run` comes to, before anything is started: a new run, an unfinished one adopted, or nothing to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from covey.artifacts.checks import check_design_file
from covey.artifacts.presence import look_at
from covey.config.settings import REVIEW_SECTIONS
from covey.errors import UsageError
from covey.model.component import Component
from covey.model.outcome import How
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import Status
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.projects.paths import ArtifactKind
from covey.store.reads import Reads
from covey.text.quoting import did_you_mean, quoted
from covey.workflows.registry import ROOTS


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one context; `root` is that of its newest run, if there is one."""

    context: DeclaredContext
    how: How
    root: Session | None


def root_type(workflow: str) -> str:
    """The type of the root session of a workflow, by the command line's word for it.

    Raises:
        UsageError: there is no such workflow.
    """
    if workflow not in ROOTS:
        raise UsageError(
            f"unknown workflow {quoted(workflow)}{did_you_mean(workflow, ROOTS)}; known: {', '.join(ROOTS)}"
        )
    return ROOTS[workflow]


async def plan_runs(
    reads: Reads | None,
    scope: Scope | None,
    project: DeclaredProject,
    workflow: str,
    contexts: Sequence[DeclaredContext],
    *,
    overwrite: bool,
) -> tuple[Planned, ...]:
    """What `covey run` would do for each context; without `reads` and `scope` nothing was ever run here.

    Raises:
        UsageError: an unknown workflow, a context without components, `overwrite` on an unfinished run.
    """
    kind = root_type(workflow)
    empty = [context.name for context in contexts if not context.components]
    if empty:
        raise UsageError(
            f"no components in {', '.join(empty)}: add a [[context.component]] to it in covey.toml, then run again"
        )
    planned: list[Planned] = []
    for context in contexts:
        root = await reads.newest_root(scope, kind, context.module) if reads and scope else None
        planned.append(Planned(context, _how(project, context, root, overwrite=overwrite), root))
    return tuple(planned)


def _how(project: DeclaredProject, context: DeclaredContext, root: Session | None, *, overwrite: bool) -> How:
    if root is not None and root.status is Status.ACTIVE:
        if overwrite:
            raise UsageError(
                f"{context.name} has an unfinished run ({root.id[:8]}): "
                f"--overwrite is for new runs; finish it, or end it with: covey cancel {root.id[:8]}"
            )
        return How.ADOPTED
    if root is None or root.status is not Status.COMPLETE or overwrite:
        return How.STARTED
    return How.NOTHING_TO_DO if all_satisfied(project, context) else How.STARTED


def all_satisfied(project: DeclaredProject, context: DeclaredContext) -> bool:
    """Every component of the context has its document, and it passes; so does the review of them."""
    components = project.components("")
    known = frozenset(component.module_name for component in components)
    modules = {component.module for component in context.components}
    return _is_reviewed(project, context) and all(
        _satisfied(project, component, known) for component in components if component.module_name in modules
    )


def _is_reviewed(project: DeclaredProject, context: DeclaredContext) -> bool:
    path = project.rules.path_of(ArtifactKind.REVIEW, context.module, context.name)
    return _passes(project, path, REVIEW_SECTIONS, frozenset())


def _satisfied(project: DeclaredProject, component: Component, known: frozenset[str]) -> bool:
    path = project.rules.path(ArtifactKind.DESIGN, component)
    return _passes(project, path, project.settings.design.sections_for(component.type), known)


def _passes(project: DeclaredProject, path: str, sections: Sequence[str], known: frozenset[str]) -> bool:
    return look_at(project.root, path).present and not check_design_file(project.root, path, sections, known)
