"""What a workflow is, and the orchestrator: from the newest completed try to the next step, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from covey.errors import NotFoundError
from covey.model.command import ResultStatus, Try
from covey.projects.paths import ArtifactKind
from covey.steps.base import Step, Tools

StepFactory = Callable[[Tools], Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A kind of session.

    `steps` are in order, the first begins and `final` ends it. `transitions` name the step that follows a result;
    what is not listed repeats the step. `loops` are validation loops, which wait for a human and are never counted.
    `rounds` pairs a checking step with the revising one; their rounds are limited by `max_revisions`.
    """

    name: str
    steps: Mapping[str, StepFactory]
    transitions: Mapping[tuple[str, ResultStatus], str]
    final: str
    loops: frozenset[str] = frozenset()
    rounds: Mapping[str, str] = field(default_factory=dict)
    artifact: ArtifactKind | None = None

    @property
    def first(self) -> str:
        """The step that a session begins with."""
        return next(iter(self.steps))

    @property
    def spawns(self) -> bool:
        """Its sessions are parents: they wait for children and never take a slot."""
        return bool(self.loops)


def newest_completed(tries: Sequence[Try]) -> Try | None:
    """The newest try that has a result; a newer one that is pending does not count."""
    return next((each for each in reversed(tries) if each.status is not None), None)


def next_step(workflow: Workflow, tries: Sequence[Try], resume_step: str | None = None) -> str | None:
    """The step that follows, or None when the workflow has come to its end.

    Raises:
        NotFoundError: `invalid_interaction`: the newest completed try is of a step that the workflow does not have.
    """
    newest = newest_completed(tries)
    if newest is None:
        return resume_step if resume_step in workflow.steps else workflow.first
    if newest.step not in workflow.steps or newest.status is None:
        raise NotFoundError("invalid_interaction", f"{workflow.name} has no step {newest.step}")
    if is_complete(workflow, tries):
        return None
    return workflow.transitions.get((newest.step, newest.status), newest.step)


def has_passed(workflow: Workflow | None, then: str | None, now: str | None) -> bool:
    """Whether a parent has gone on beyond the step at which it waited, or was about to wait, for its children.

    `then` and `now` are the steps that it was and is at, None before its first. Of a workflow that is not known, every
    other step counts as beyond.
    """
    if then == now or now is None:
        return False
    if workflow is None or now not in workflow.steps:
        return True
    order = [*workflow.steps]
    begun = order.index(then) if then is not None and then in workflow.steps else 0
    waits_at = next((place for place in range(begun, len(order)) if order[place] in workflow.loops), begun)
    return order.index(now) > waits_at


def is_complete(workflow: Workflow, tries: Sequence[Try]) -> bool:
    """The last step has ended well."""
    newest = newest_completed(tries)
    return newest is not None and newest.step == workflow.final and newest.status is ResultStatus.OK
