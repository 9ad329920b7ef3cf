"""The orchestrators: every row of every table, and how the newest completed try is found."""

import pytest

from covey.errors import NotFoundError
from covey.model.command import CommandKind, ResultStatus, Try
from covey.projects.paths import ArtifactKind
from covey.workflows.registry import (
    ARTIFACTS,
    COMPONENT_DESIGN,
    CONTEXT_COMPONENTS_DESIGN,
    ERROR,
    OK,
    ROOTS,
    WARNING,
    WORKFLOWS,
    word_of,
)
from covey.workflows.workflow import Workflow, is_complete, newest_completed, next_step

PENDING = None
FIRST = {"ComponentDesignReviewSessions": "ExecuteReview"}
"""The first steps of workflows that do not begin with Initialize."""

TABLES: dict[str, dict[str, tuple[str | None, str | None, str | None]]] = {
    # step: what follows ok, error, warning; None is the end
    "ContextComponentsDesignSessions": {
        "Initialize": ("SpawnComponentDesignSessions", "Initialize", "Initialize"),
        "SpawnComponentDesignSessions": (
            "SpawnReviewSession",
            "SpawnComponentDesignSessions",
            "SpawnComponentDesignSessions",
        ),
        "SpawnReviewSession": ("Finalize", "SpawnReviewSession", "SpawnReviewSession"),
        "Finalize": (None, "Finalize", "SpawnComponentDesignSessions"),
    },
    "ContextTestingSessions": {
        "Initialize": ("SpawnComponentTestingSessions", "Initialize", "Initialize"),
        "SpawnComponentTestingSessions": ("Finalize", "SpawnComponentTestingSessions", "SpawnComponentTestingSessions"),
        "Finalize": (None, "Finalize", "SpawnComponentTestingSessions"),
    },
    "ContextCodingSessions": {
        "Initialize": ("SpawnComponentCodingSessions", "Initialize", "Initialize"),
        "SpawnComponentCodingSessions": ("Finalize", "SpawnComponentCodingSessions", "SpawnComponentCodingSessions"),
        "Finalize": (None, "Finalize", "SpawnComponentCodingSessions"),
    },
    "ComponentDesignSessions": {
        "Initialize": ("GenerateComponentDesign", "Initialize", "ValidateDesign"),
        "GenerateComponentDesign": ("ValidateDesign", "GenerateComponentDesign", "GenerateComponentDesign"),
        "ValidateDesign": ("Finalize", "ReviseDesign", "ValidateDesign"),
        "ReviseDesign": ("ValidateDesign", "ReviseDesign", "ReviseDesign"),
        "Finalize": (None, "Finalize", "Finalize"),
    },
    "ComponentTestSessions": {
        "Initialize": ("GenerateTestsAndFixtures", "Initialize", "RunTests"),
        "GenerateTestsAndFixtures": ("RunTests", "GenerateTestsAndFixtures", "GenerateTestsAndFixtures"),
        "RunTests": ("Finalize", "FixTestFailures", "RunTests"),
        "FixTestFailures": ("RunTests", "FixTestFailures", "FixTestFailures"),
        "Finalize": (None, "Finalize", "Finalize"),
    },
    "ComponentCodingSessions": {
        "Initialize": ("GenerateImplementation", "Initialize", "RunTests"),
        "GenerateImplementation": ("RunTests", "GenerateImplementation", "GenerateImplementation"),
        "RunTests": ("Finalize", "FixTestFailures", "RunTests"),
        "FixTestFailures": ("RunTests", "FixTestFailures", "FixTestFailures"),
        "Finalize": (None, "Finalize", "Finalize"),
    },
    "ComponentDesignReviewSessions": {
        "ExecuteReview": ("Finalize", "ExecuteReview", "ExecuteReview"),
        "Finalize": (None, "Finalize", "Finalize"),
    },
}
ROWS = [
    pytest.param(WORKFLOWS[name], step, status, following, id=f"{name}: {step} {status}")
    for name, table in TABLES.items()
    for step, row in table.items()
    for status, following in zip((OK, ERROR, WARNING), row, strict=True)
]


def tried(*steps: tuple[str, ResultStatus | None]) -> tuple[Try, ...]:
    """Tries of these steps with these results, oldest first."""
    return tuple(
        Try(interaction_id=str(number), step=step, command=CommandKind.CHECK, status=status)
        for number, (step, status) in enumerate(steps)
    )


class TestTables:
    """Which step follows which result."""

    @pytest.mark.parametrize(("workflow", "step", "status", "following"), ROWS)
    def test_row(self, workflow: Workflow, step: str, status: ResultStatus, following: str | None) -> None:
        assert next_step(workflow, tried((step, status))) == following

    def test_the_rows_above_are_all_there_are(self) -> None:
        assert {name: set(workflow.steps) for name, workflow in WORKFLOWS.items()} == {
            name: set(table) for name, table in TABLES.items()
        }

    @pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
    def test_a_workflow_names_its_own_steps_only(self, workflow: Workflow) -> None:
        named = {step for step, _ in workflow.transitions} | set(workflow.transitions.values())
        named |= {workflow.final, *workflow.loops, *workflow.rounds, *workflow.rounds.values()}
        assert named <= set(workflow.steps)

    @pytest.mark.parametrize(("workflow", "step", "status", "following"), ROWS)
    def test_complete_only_for_the_last_step_with_ok(
        self, workflow: Workflow, step: str, status: ResultStatus, following: str | None
    ) -> None:
        assert is_complete(workflow, tried((step, status))) is (following is None)
        assert (following is None) is ((step, status) == ("Finalize", OK))


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
class TestBeginning:
    """Where a session, or an attempt, begins."""

    def test_no_interaction(self, workflow: Workflow) -> None:
        assert next_step(workflow, ()) == FIRST.get(workflow.name, "Initialize")
        assert not is_complete(workflow, ())

    def test_pending_only(self, workflow: Workflow) -> None:
        tries = tried(("Finalize", PENDING))

        assert newest_completed(tries) is None
        assert next_step(workflow, tries) == FIRST.get(workflow.name, "Initialize")
        assert not is_complete(workflow, tries)

    def test_a_step_to_resume_at(self, workflow: Workflow) -> None:
        assert next_step(workflow, (), "Finalize") == "Finalize"
        assert next_step(workflow, tried((workflow.first, PENDING)), "Finalize") == "Finalize"

    def test_what_was_done_since_goes_before_the_step_to_resume_at(self, workflow: Workflow) -> None:
        assert next_step(workflow, tried((workflow.first, ERROR)), "Finalize") == workflow.first

    def test_an_unknown_step_to_resume_at(self, workflow: Workflow) -> None:
        assert next_step(workflow, (), "Gone") == workflow.first


class TestNewestCompleted:
    """The only input of the orchestrator."""

    def test_the_newest_wins(self) -> None:
        tries = tried(("Initialize", OK), ("GenerateComponentDesign", OK), ("ValidateDesign", ERROR))

        assert newest_completed(tries) == tries[2]
        assert next_step(COMPONENT_DESIGN, tries) == "ReviseDesign"

    def test_a_newer_pending_one_is_ignored(self) -> None:
        tries = tried(("Initialize", OK), ("GenerateComponentDesign", PENDING))

        assert newest_completed(tries) == tries[0]
        assert next_step(COMPONENT_DESIGN, tries) == "GenerateComponentDesign"

    def test_a_newer_pending_one_does_not_hide_the_end(self) -> None:
        tries = tried(("Finalize", OK), ("Finalize", PENDING))

        assert is_complete(CONTEXT_COMPONENTS_DESIGN, tries)
        assert next_step(CONTEXT_COMPONENTS_DESIGN, tries) is None

    def test_an_end_that_was_not_the_last_word(self) -> None:
        tries = tried(("Finalize", OK), ("ValidateDesign", ERROR))

        assert not is_complete(COMPONENT_DESIGN, tries)
        assert next_step(COMPONENT_DESIGN, tries) == "ReviseDesign"

    @pytest.mark.parametrize("status", ResultStatus)
    def test_unknown_step(self, status: ResultStatus) -> None:
        with pytest.raises(NotFoundError) as caught:
            next_step(COMPONENT_DESIGN, tried(("RunTests", status)))

        assert caught.value.code == "invalid_interaction"
        assert str(caught.value) == "ComponentDesignSessions has no step RunTests"


PARENTS = {
    "design": "ContextComponentsDesignSessions",
    "test": "ContextTestingSessions",
    "code": "ContextCodingSessions",
}


def test_only_parents_spawn() -> None:
    assert {name for name, workflow in WORKFLOWS.items() if workflow.spawns} == set(PARENTS.values())


def test_words_of_the_command_line() -> None:
    assert ROOTS == PARENTS
    assert {word_of(name) for name in PARENTS.values()} == {"design", "test", "code"}
    assert word_of("SomethingElse") == "SomethingElse"


@pytest.mark.parametrize(
    ("child", "checking", "revising", "artifact"),
    [
        ("ComponentDesignSessions", "ValidateDesign", "ReviseDesign", ArtifactKind.DESIGN),
        ("ComponentTestSessions", "RunTests", "FixTestFailures", ArtifactKind.TEST),
        ("ComponentCodingSessions", "RunTests", "FixTestFailures", ArtifactKind.CODE),
    ],
)
def test_rounds_that_are_limited(child: str, checking: str, revising: str, artifact: ArtifactKind) -> None:
    assert (WORKFLOWS[child].rounds, WORKFLOWS[child].artifact) == ({checking: revising}, artifact)


def test_the_kind_of_file_that_each_run_leaves() -> None:
    assert ARTIFACTS == {"design": ArtifactKind.DESIGN, "test": ArtifactKind.TEST, "code": ArtifactKind.CODE}
