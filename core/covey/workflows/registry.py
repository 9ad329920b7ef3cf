"""All workflows by name, and the words by which `covey run` knows those that can be a run's root."""

from collections.abc import Mapping

from covey.model.command import ResultStatus
from covey.projects.paths import ArtifactKind
from covey.steps.execute_review import ExecuteReview
from covey.steps.finalize import FinalizeDesign, FinalizeParent, FinalizeTested
from covey.steps.fix_test_failures import FixTestFailures
from covey.steps.generate_design import GenerateComponentDesign
from covey.steps.generate_implementation import GenerateImplementation
from covey.steps.generate_tests import GenerateTestsAndFixtures
from covey.steps.git_work import begins_in_worktree, ends_in_worktree
from covey.steps.initialize import InitializeChild, InitializeParent
from covey.steps.revise_design import ReviseDesign
from covey.steps.run_tests import RunTests
from covey.steps.spawn import CODING, DESIGN, REVIEW_TYPE, TESTING, SpawnConfig, SpawnStep
from covey.steps.spawn_review import SpawnReviewSession
from covey.steps.validate_design import ValidateDesign
from covey.workflows.workflow import StepFactory, Workflow

OK, ERROR, WARNING = ResultStatus.OK, ResultStatus.ERROR, ResultStatus.WARNING


def _parent(name: str, config: SpawnConfig) -> Workflow:
    """A parent's workflow: it spawns, validates until all is in order, and ends."""
    return Workflow(
        name=name,
        steps={
            "Initialize": InitializeParent,
            config.step: lambda tools: SpawnStep(tools, config),
            "Finalize": FinalizeParent,
        },
        transitions={
            ("Initialize", OK): config.step,
            (config.step, OK): "Finalize",
            ("Finalize", WARNING): config.step,
        },
        final="Finalize",
        loops=frozenset({config.step}),
    )


def _tested_child(name: str, kind: ArtifactKind, generate: str, factory: StepFactory) -> Workflow:
    """The workflow of a child whose file is in order when the component's tests say so."""
    return Workflow(
        name=name,
        steps={
            "Initialize": begins_in_worktree(lambda tools: InitializeChild(tools, kind)),
            generate: factory,
            "RunTests": lambda tools: RunTests(tools, kind),
            "FixTestFailures": lambda tools: FixTestFailures(tools, kind),
            "Finalize": ends_in_worktree(lambda tools: FinalizeTested(tools, kind)),
        },
        transitions={
            ("Initialize", OK): generate,
            ("Initialize", WARNING): "RunTests",
            (generate, OK): "RunTests",
            ("RunTests", OK): "Finalize",
            ("RunTests", ERROR): "FixTestFailures",
            ("FixTestFailures", OK): "RunTests",
        },
        final="Finalize",
        rounds={"RunTests": "FixTestFailures"},
        artifact=kind,
    )


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

CONTEXT_TESTING = _parent("ContextTestingSessions", TESTING)
CONTEXT_CODING = _parent("ContextCodingSessions", CODING)

COMPONENT_DESIGN = Workflow(
    name="ComponentDesignSessions",
    steps={
        "Initialize": begins_in_worktree(lambda tools: InitializeChild(tools, ArtifactKind.DESIGN)),
        "GenerateComponentDesign": GenerateComponentDesign,
        "ValidateDesign": ValidateDesign,
        "ReviseDesign": ReviseDesign,
        "Finalize": ends_in_worktree(FinalizeDesign),
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

COMPONENT_TEST = _tested_child(
    "ComponentTestSessions", ArtifactKind.TEST, "GenerateTestsAndFixtures", GenerateTestsAndFixtures
)
COMPONENT_CODING = _tested_child(
    "ComponentCodingSessions", ArtifactKind.CODE, "GenerateImplementation", GenerateImplementation
)

WORKFLOWS: Mapping[str, Workflow] = {
    workflow.name: workflow
    for workflow in (
        CONTEXT_COMPONENTS_DESIGN,
        CONTEXT_TESTING,
        CONTEXT_CODING,
        COMPONENT_DESIGN,
        COMPONENT_DESIGN_REVIEW,
        COMPONENT_TEST,
        COMPONENT_CODING,
    )
}

ROOTS: Mapping[str, str] = {
    "design": CONTEXT_COMPONENTS_DESIGN.name,
    "test": CONTEXT_TESTING.name,
    "code": CONTEXT_CODING.name,
}
"""From the command line's word to the type of a run's root."""

ARTIFACTS: Mapping[str, ArtifactKind] = {
    "design": ArtifactKind.DESIGN,
    "test": ArtifactKind.TEST,
    "code": ArtifactKind.CODE,
}
"""From the command line's word to the kind of file that the run's children leave."""


def word_of(root_type: str) -> str:
    """The command line's word for the type of a run's root; the type itself where it has none."""
    return next((word for word, name in ROOTS.items() if name == root_type), root_type)
