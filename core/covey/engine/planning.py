"""What a `covey run` comes to, before anything is started: a new run, an unfinished one adopted, or nothing to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from covey.artifacts.documents import is_documented, is_reviewed
from covey.artifacts.presence import look_at
from covey.errors import UsageError
from covey.model.component import Component
from covey.model.outcome import How
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import SATISFIED, Status
from covey.projects.manifest import DeclaredContext, DeclaredProject
from covey.projects.paths import ArtifactKind
from covey.steps.tested import findings_of, subject_of
from covey.store.reads import Reads
from covey.text.quoting import did_you_mean, quoted
from covey.text.words import plural
from covey.workflows.registry import ARTIFACTS, ROOTS


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one context; `root` is that of its newest run, if there is one."""

    context: DeclaredContext
    how: How
    root: Session | None

    @property
    def adopted(self) -> Session | None:
        """The root of the unfinished run that is gone on with."""
        return self.root if self.how is How.ADOPTED else None


class Due(NamedTuple):
    """What is left to do of a context: components without a file that passes, and reviews of its documents."""

    components: int
    reviews: int

    def words(self) -> str:
        """In a few words: `3 components to work on`; where every document is there, `the review to write`."""
        return f"{plural(self.components, 'component')} to work on" if self.components else "the review to write"


NOTHING_DUE = Due(0, 0)


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
        how = _how(context, root, overwrite=overwrite)
        if how is How.NOTHING_TO_DO and reads and scope and root:
            run = await reads.run(scope, root.id)
            if not all_satisfied(project, context, ARTIFACTS[workflow], run):
                how = How.STARTED
        planned.append(Planned(context, how, root))
    return tuple(planned)


def _how(context: DeclaredContext, root: Session | None, *, overwrite: bool) -> How:
    """What becomes of a context, by the root of its newest run; with nothing to do, its files have to be looked at."""
    if root is not None and root.status is Status.ACTIVE:
        if overwrite:
            key = root.id[:8]
            raise UsageError(
                f"{context.name} has an unfinished run ({key}): "
                f"--overwrite is for new runs; finish it, or end it with: covey cancel {key}"
            )
        return How.ADOPTED
    is_complete = root is not None and root.status is Status.COMPLETE
    return How.NOTHING_TO_DO if is_complete and not overwrite else How.STARTED


def left_to_do(
    project: DeclaredProject, context: DeclaredContext, kind: ArtifactKind, run: Sequence[Session], *, overwrite: bool
) -> Due:
    """What is left to do of a context, as far as can be told without running anything.

    In a run that goes on, what has been skipped or reviewed stays so; a new one tries skipped components again.
    """
    modules = {component.module for component in context.components}
    wanted = [component for component in project.components("") if component.module_name in modules]
    designs = kind is ArtifactKind.DESIGN
    if overwrite:
        return Due(len(wanted), int(designs))
    going_on = run if run and run[0].status is Status.ACTIVE else ()
    skipped = {session.artifact_path for session in going_on if session.status is Status.SKIPPED}
    passing = zip(wanted, _satisfied(project, wanted, kind, run), strict=True)
    components = sum(not passes and project.rules.path(kind, each) not in skipped for each, passes in passing)
    if not designs:
        return Due(components, 0)
    review = project.rules.path_of(ArtifactKind.REVIEW, context.module, context.name)
    if any(session.artifact_path == review and session.status in SATISFIED for session in going_on):
        return Due(components, 0)
    return Due(components, int(components > 0 or not is_reviewed(project, context)))


def all_satisfied(
    project: DeclaredProject, context: DeclaredContext, kind: ArtifactKind, run: Sequence[Session]
) -> bool:
    """Every component of the context has its file, and it passes, as far as can be told without running anything.

    Documents have to be reviewed, too. Tests and code pass while neither has changed since the tests were found in
    order, in one of the run's sessions.
    """
    modules = {component.module for component in context.components}
    wanted = [component for component in project.components("") if component.module_name in modules]
    reviewed = kind is not ArtifactKind.DESIGN or is_reviewed(project, context)
    return reviewed and all(_satisfied(project, wanted, kind, run))


def _satisfied(
    project: DeclaredProject, wanted: Sequence[Component], kind: ArtifactKind, run: Sequence[Session]
) -> Iterator[bool]:
    """Whether each of these components has its file, and it passes."""
    known = frozenset(component.module_name for component in project.components(""))
    tested = {session.module: session for session in run if session.artifact_path is not None}
    for component in wanted:
        if kind is ArtifactKind.DESIGN:
            yield is_documented(project, component, known)
        else:
            yield _is_tested(project, component, kind, tested.get(component.module_name))


def _is_tested(project: DeclaredProject, component: Component, kind: ArtifactKind, session: Session | None) -> bool:
    path = project.rules.path(kind, component)
    if session is None or session.artifact_path != path or not look_at(project.root, path).present:
        return False
    return findings_of(session, subject_of(project, session, kind)) == ()
