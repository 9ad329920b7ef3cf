"""What follows from a result: the limits, the ends of sessions and runs, as pure functions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from covey.config.settings import RunTable
from covey.engine.consequences import (
    ENGINE,
    cancel_below,
    consequences,
    exit_code,
    found_if_unknown,
    missing_by_verdict,
    run_finished,
    unblocked,
)
from covey.model import events as e
from covey.model.command import CommandKind, Result, ResultStatus, Try
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Phase, Status
from covey.workflows.registry import COMPONENT_DESIGN, CONTEXT_COMPONENTS_DESIGN, ERROR, OK, WARNING

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPAWN = "SpawnComponentDesignSessions"
LIMITS = RunTable()


def session(key: str = "root", parent: str | None = None, **fields: Any) -> Session:
    own: dict[str, Any] = {
        "id": key,
        "project_id": "p",
        "run_id": "root",
        "session_id": parent,
        "type": "ContextComponentsDesignSessions" if parent is None else "ComponentDesignSessions",
        "component_id": key,
        "component": key.title(),
        "module": key,
        "phase": Phase.RUNNING if fields.get("status", Status.ACTIVE) is Status.ACTIVE else None,
        "execution_mode": ExecutionMode.AGENTIC if parent else ExecutionMode.AUTO,
        "agent": "offline",
        "environment": "local",
        "artifact_path": None if parent is None else f"{key}.md",
        "inserted_at": NOW,
        "updated_at": NOW,
    }
    return Session(**{**own, **fields})


CHILD = session("child", "root")


def tried(*steps: str, kind: CommandKind = CommandKind.CHECK, status: ResultStatus = OK) -> tuple[Try, ...]:
    """Tries of these steps, the newest with this kind and status, all before it well."""
    *before, last = steps
    return (
        *(Try(interaction_id=each, step=each, command=CommandKind.CHECK, status=OK) for each in before),
        Try(interaction_id="newest", step=last, command=kind, status=status),
    )


def result(status: ResultStatus = OK, error: str | None = None, **data: Any) -> Result:
    return Result(id="r", status=status, error_message=error, data=data, timestamp=NOW)


def errors(step: str, count: int) -> tuple[Try, ...]:
    """A step that was tried `count` times and never went well."""
    return tuple(
        Try(interaction_id=str(number), step=step, command=CommandKind.AGENT, status=ERROR) for number in range(count)
    )


def rounds(count: int) -> tuple[Try, ...]:
    """ValidateDesign has failed, and has failed again after each of `count` revisions."""
    first = Try(interaction_id="v", step="ValidateDesign", command=CommandKind.CHECK, status=ERROR)
    revised = Try(interaction_id="r", step="ReviseDesign", command=CommandKind.AGENT, status=OK)
    return (first, *((revised, first) * count))


class TestTheLastStep:
    """Only it ends a session well; when it errs, the session fails at once."""

    def test_a_parent_completes(self) -> None:
        events = consequences(
            CONTEXT_COMPONENTS_DESIGN, LIMITS, session(), tries=tried("Finalize"), result=result(), at=NOW
        )

        assert events == (e.SessionCompleted(at=NOW, run_id="root", session_id="root", attempt=1, kept=False),)

    @pytest.mark.parametrize("state", [ArtifactState.UNKNOWN, ArtifactState.MISSING])
    def test_a_child_completes_with_its_file_found(self, state: ArtifactState) -> None:
        child = session("child", "root", artifact=state)

        events = consequences(COMPONENT_DESIGN, LIMITS, child, tries=tried("Finalize"), result=result(), at=NOW)

        assert [type(event) for event in events] == [e.ArtifactFound, e.SessionCompleted]

    def test_kept_when_no_agent_ran(self) -> None:
        tries = tried("Initialize", "ValidateDesign", "Finalize")

        *_, completed = consequences(COMPONENT_DESIGN, LIMITS, CHILD, tries=tries, result=result(), at=NOW)

        assert isinstance(completed, e.SessionCompleted)
        assert completed.kept

    def test_not_kept_when_an_agent_ran(self) -> None:
        tries = (*tried("GenerateComponentDesign", kind=CommandKind.AGENT), *tried("ValidateDesign", "Finalize"))

        *_, completed = consequences(COMPONENT_DESIGN, LIMITS, CHILD, tries=tries, result=result(), at=NOW)

        assert isinstance(completed, e.SessionCompleted)
        assert not completed.kept

    def test_it_is_not_tried_again(self) -> None:
        given = result(ERROR, "gone", cause="missing_file")
        limits = RunTable(max_tries=5)

        events = consequences(
            COMPONENT_DESIGN, limits, CHILD, tries=tried("Finalize", status=ERROR), result=given, at=NOW
        )

        assert events == (
            e.SessionFailed(
                at=NOW,
                run_id="root",
                session_id="child",
                attempt=1,
                cause=FailureCause.MISSING_FILE,
                reason="gone",
            ),
        )


class TestLimits:
    """`max_tries` and `max_revisions` are counted over the attempt's tries."""

    @pytest.mark.parametrize(
        ("max_tries", "tries", "fails"), [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False)]
    )
    def test_tries_of_a_step_that_errs(self, max_tries: int, tries: int, *, fails: bool) -> None:
        limits = RunTable(max_tries=max_tries)

        events = consequences(
            COMPONENT_DESIGN,
            limits,
            CHILD,
            tries=errors("GenerateComponentDesign", tries),
            result=result(ERROR, "exit 3", cause="timeout"),
            at=NOW,
        )

        assert [(type(event), event.cause, event.reason) for event in events if isinstance(event, e.SessionFailed)] == (
            [(e.SessionFailed, FailureCause.TIMEOUT, "exit 3")] if fails else []
        )
        assert len(events) == fails

    def test_tries_of_other_steps_do_not_count(self) -> None:
        tries = (*errors("GenerateComponentDesign", 1), *errors("ReviseDesign", 1))

        given = result(ERROR, "exit 3")
        events = consequences(COMPONENT_DESIGN, RunTable(max_tries=2), CHILD, tries=tries, result=given, at=NOW)

        assert events == ()

    @pytest.mark.parametrize(
        ("max_revisions", "revised", "fails"), [(3, 2, False), (3, 3, True), (0, 0, True), (1, 0, False), (1, 1, True)]
    )
    def test_rounds_of_validate_and_revise(self, max_revisions: int, revised: int, *, fails: bool) -> None:
        given = result(ERROR, "it is empty", cause="check_failed")

        events = consequences(
            COMPONENT_DESIGN, RunTable(max_revisions=max_revisions), CHILD, tries=rounds(revised), result=given, at=NOW
        )

        assert [(event.cause, event.reason) for event in events if isinstance(event, e.SessionFailed)] == (
            [(FailureCause.CHECK_FAILED, "it is empty")] if fails else []
        )
        assert len(events) == fails

    def test_rounds_are_not_counted_as_tries(self) -> None:
        given = result(ERROR, "it is empty", cause="check_failed")

        events = consequences(
            COMPONENT_DESIGN, RunTable(max_tries=1, max_revisions=9), CHILD, tries=rounds(8), result=given, at=NOW
        )

        assert events == ()

    def test_the_validation_loop_of_a_parent_has_no_limit(self) -> None:
        given = result(ERROR, "Child sessions still running: A", kind="waiting")

        events = consequences(
            CONTEXT_COMPONENTS_DESIGN, LIMITS, session(), tries=errors(SPAWN, 50), result=given, at=NOW
        )

        assert events == ()

    def test_a_failure_that_says_nothing(self) -> None:
        events = consequences(
            COMPONENT_DESIGN, LIMITS, CHILD, tries=errors("GenerateComponentDesign", 1), result=result(ERROR), at=NOW
        )

        failure = events[0]
        assert isinstance(failure, e.SessionFailed)
        assert (failure.cause, failure.reason) == (FailureCause.AGENT_ERROR, "failed without a reason")

    @pytest.mark.parametrize("status", [OK, WARNING])
    def test_no_error_no_consequence(self, status: ResultStatus) -> None:
        tries = tried("GenerateComponentDesign", status=status)

        assert consequences(COMPONENT_DESIGN, LIMITS, CHILD, tries=tries, result=result(status), at=NOW) == ()


class TestBlocked:
    """A verdict that needs a human blocks the parent, with its lists."""

    def test_it_carries_the_verdict(self) -> None:
        given = result(
            ERROR, "Child sessions failed: A (reason: it broke)", kind="needs_human", failed=[{"component": "A"}]
        )

        events = consequences(
            CONTEXT_COMPONENTS_DESIGN, LIMITS, session(), tries=tried(SPAWN, status=ERROR), result=given, at=NOW
        )

        assert events == (
            e.SessionBlocked(
                at=NOW,
                run_id="root",
                session_id="root",
                attempt=1,
                reason="Child sessions failed: A (reason: it broke)",
                needs_human={"kind": "needs_human", "failed": [{"component": "A"}]},
            ),
        )

    def test_only_a_blocked_one_is_unblocked(self) -> None:
        assert unblocked(session(), NOW) == ()
        assert [type(event) for event in unblocked(session(phase=Phase.BLOCKED), NOW)] == [e.SessionUnblocked]


class TestArtifacts:
    """The log learns of files as verdicts see them."""

    @pytest.mark.parametrize(
        ("child", "expected"),
        [
            (session("a", "root"), ["a.md"]),
            (session("a", "root", artifact=ArtifactState.MISSING), ["a.md"]),
            (session("a", "root", artifact=ArtifactState.PRESENT), []),
            (session("a", "root", artifact_path=None), []),
        ],
        ids=["unknown", "missing", "known", "no file of its own"],
    )
    def test_found_if_unknown(self, child: Session, expected: list[str]) -> None:
        events = found_if_unknown(child, NOW)

        assert [event.path for event in events if isinstance(event, e.ArtifactFound)] == expected
        assert len(events) == len(expected)

    def test_missing_by_verdict(self) -> None:
        children = [
            session("a", "root", status=Status.COMPLETE, artifact=ArtifactState.PRESENT),
            session("b", "root", status=Status.COMPLETE, artifact=ArtifactState.MISSING),
            session("c", "root", status=Status.COMPLETE, artifact=ArtifactState.PRESENT),
        ]
        given = result(ERROR, "two are gone", missing_files=[{"path": "a.md"}, {"path": "b.md"}])

        events = missing_by_verdict(given, children, NOW)

        assert events == (e.ArtifactMissing(at=NOW, run_id="root", session_id="a", attempt=1, path="a.md"),)

    def test_a_result_without_files(self) -> None:
        child = session("a", "root", status=Status.COMPLETE, artifact=ArtifactState.PRESENT)

        assert missing_by_verdict(result(), [child], NOW) == ()


class TestCancelBelow:
    """A parent that fails takes with it what is active below it."""

    def test_children_before_their_parents(self) -> None:
        below = [
            session("a", "root"),
            session("b", "root", status=Status.COMPLETE),
            session("c", "root", status=Status.FAILED),
            session("d", "a"),
        ]

        events = cancel_below(session(), below, NOW)

        assert [event.session_id for event in events] == ["d", "a"]
        assert {(event.reason, event.by) for event in events if isinstance(event, e.SessionCancelled)} == {
            ("its parent Root failed", ENGINE)
        }

    def test_one_decision_for_all(self) -> None:
        events = cancel_below(session(), [session("a", "root"), session("b", "root")], NOW)

        decisions = {event.decision_id for event in events if isinstance(event, e.SessionCancelled)}
        later = cancel_below(session(attempt=2), [session("a", "root")], NOW)[0]
        assert len(decisions) == 1
        assert isinstance(later, e.SessionCancelled)
        assert later.decision_id not in decisions


class TestRunFinished:
    """A run ends with its root, and its exit code says how."""

    @pytest.mark.parametrize(
        ("children", "code"),
        [
            ([Status.COMPLETE, Status.COMPLETE], 0),
            ([Status.COMPLETE, Status.SKIPPED], 3),
        ],
    )
    def test_a_root_that_completes(self, children: list[Status], code: int) -> None:
        root = session()
        below = [session(str(number), "root", status=status) for number, status in enumerate(children)]
        completed = e.SessionCompleted(at=NOW, run_id="root", session_id="root", attempt=1)

        events = run_finished((completed,), root, below, NOW)

        finished = events[0]
        assert isinstance(finished, e.RunFinished)
        assert finished.exit_code == code
        assert finished.counts == {status.value: children.count(status) for status in Status}

    def test_a_root_that_fails_counts_what_it_cancels(self) -> None:
        root, below = session(), [session("a", "root"), session("b", "root", status=Status.COMPLETE)]
        failure = e.SessionFailed(
            at=NOW, run_id="root", session_id="root", attempt=1, cause=FailureCause.CRASH, reason="it broke"
        )

        events = run_finished((*cancel_below(root, below, NOW), failure), root, below, NOW)

        finished = events[0]
        assert isinstance(finished, e.RunFinished)
        assert finished.exit_code == 1
        assert finished.counts == {"active": 0, "complete": 1, "failed": 0, "cancelled": 1, "skipped": 0}

    def test_a_root_that_goes_on(self) -> None:
        blocked = e.SessionBlocked(
            at=NOW, run_id="root", session_id="root", attempt=1, reason="A failed", needs_human={}
        )

        assert run_finished((blocked,), session(), (), NOW) == ()

    def test_a_root_that_had_ended_already(self) -> None:
        root = session(status=Status.COMPLETE)
        late = e.ResultRecorded(
            at=NOW,
            run_id="root",
            session_id="root",
            attempt=1,
            interaction_id="i",
            step="Finalize",
            status=OK,
            late=True,
        )
        assert apply(root, late) is not None

        assert run_finished((late,), root, (), NOW) == ()

    @pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
    def test_exit_code_of_a_root_that_did_not_complete(self, status: Status) -> None:
        assert exit_code(session(status=status), {status.value: 0 for status in Status}) == 1
