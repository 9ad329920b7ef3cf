"""All workflows by name, and the words by which `covey run` knows those that can be a run's root."""

from collections.abc import Mapping

from covey.model.command import ResultStatus
from covey.projects.paths import ArtifactKind
from covey.steps.execute_review import ExecuteReview
from covey.steps.finalize import FinalizeDesign, FinalizeParent
from covey.steps.generate_design import GenerateComponentDesign
from covey.steps.initialize import InitializeChild, InitializeParent
from covey.steps.revise_design import ReviseDesign
from covey.steps.spawn import DESIGN, REVIEW_TYPE, SpawnStep
from covey.steps.spawn_review import SpawnReviewSession
from covey.steps.validate_design import ValidateDesign
from covey.workflows.workflow import Workflow

OK, ERROR, WARNING = ResultStatus.OK, ResultStatus.ERROR, ResultStatus.WARNING

CONTEXT_COMPONENTS_DESIGN = Workflow(
    name="ContextComponentsDesignSessions",
    steps={
        "Initialize": InitializeParent,
        "SpawnComponentDesignSessions": lambda tools: SpawnStep(tools, DESIGN),
        "SpawnReviewSession": SpawnReviewSession,
        "Finalize": FinalizeParent,
    },
    transitions={
        ("Initialize", OK): "SpawnComponentDesignSessions",
        ("SpawnComponentDesignSessions", OK): "SpawnReviewSession",
        ("SpawnReviewSession", OK): "Finalize",
        ("Finalize", WARNING): "SpawnComponentDesignSessions",
    },
    final="Finalize",
    loops=frozenset({"SpawnComponentDesignSessions", "SpawnReviewSession"}),
)

COMPONENT_DESIGN = Workflow(
    name="ComponentDesignSessions",
    steps={
        "Initialize": InitializeChild,
        "GenerateComponentDesign": GenerateComponentDesign,
        "ValidateDesign": ValidateDesign,
        "ReviseDesign": ReviseDesign,
        "Finalize": FinalizeDesign,
    },
    transitions={
        ("Initialize", OK): "GenerateComponentDesign",
        ("Initialize", WARNING): "ValidateDesign",
        ("GenerateComponentDesign", OK): "ValidateDesign",
        ("ValidateDesign", OK): "Finalize",
        ("ValidateDesign", ERROR): "ReviseDesign",
        ("ReviseDesign", OK): "ValidateDesign",
    },
    final="Finalize",
    rounds={"ValidateDesign": "ReviseDesign"},
    artifact=ArtifactKind.DESIGN,
)

COMPONENT_DESIGN_REVIEW = Workflow(
    name=REVIEW_TYPE,
    steps={"ExecuteReview": ExecuteReview, "Finalize": lambda tools: FinalizeDesign(tools, ArtifactKind.REVIEW)},
    transitions={("ExecuteReview", OK): "Finalize"},
    final="Finalize",
    artifact=ArtifactKind.REVIEW,
)

WORKFLOWS: Mapping[str, Workflow] = {
    workflow.name: workflow for workflow in (CONTEXT_COMPONENTS_DESIGN, COMPONENT_DESIGN, COMPONENT_DESIGN_REVIEW)
}

ROOTS: Mapping[str, str] = {"design": CONTEXT_COMPONENTS_DESIGN.name}
"""From the command line's word to the type of a run's root."""


def word_of(root_type: str) -> str:
    """The command line's word for the type of a run's root; the type itself where it has none."""
    return next((word for word, name in ROOTS.items() if name == root_type), root_type)
