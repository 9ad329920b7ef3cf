"""What a report tells of a run, whatever it is written as."""

from typing import Any

import pytest

from covey.model import events as e
from covey.model.control import Action
from covey.model.outcome import exit_code
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.reports.facts import Outcome
from covey.reports.findings import FailedTest, Git, changed_outside, failed_tests, git_of

from .runs import blocked, cancelled, complete, facts, failed, gone, later, session, skipped


class TestOutcome:
    """One word for how a run stands, which goes with the exit code of `covey wait`."""

    @pytest.mark.parametrize(
        ("root", "child", "outcome", "code"),
        [
            (complete(), complete(), Outcome.COMPLETE, 0),
            (complete(), gone(), Outcome.COMPLETE, 0),
            (complete(), skipped(), Outcome.COMPLETE_WITH_SKIPPED, 3),
            (failed(), failed(), Outcome.FAILED, 1),
            (cancelled(), cancelled(), Outcome.CANCELLED, 1),
            (blocked(), failed(), Outcome.NEEDS_HUMAN, 6),
            (blocked(), skipped(), Outcome.NEEDS_HUMAN, 6),
            ({"phase": Phase.WAITING}, {}, Outcome.INTERRUPTED, 130),
            ({"phase": Phase.INTERRUPTED}, {"phase": Phase.INTERRUPTED}, Outcome.INTERRUPTED, 130),
        ],
    )
    def test_without_an_engine(self, root: dict[str, Any], child: dict[str, Any], outcome: Outcome, code: int) -> None:
        found = facts(session("a", **child), root=root)
        assert (found.outcome, found.exit_code) == (outcome, code)

    def test_a_run_with_an_engine_goes_on(self) -> None:
        found = facts(session("a"), root={"phase": Phase.WAITING}, engine=True)
        assert (found.outcome, found.exit_code) == (Outcome.RUNNING, None)

    def test_an_ended_run_has_the_code_of_the_table(self) -> None:
        found = facts(session("a", **skipped()))
        assert found.exit_code == exit_code(found.root, found.record.view.tree.counts(found.root.id))


class TestTimes:
    """When a run began and how long it took."""

    def test_an_ended_run_took_until_its_end(self) -> None:
        found = facts(session("a", **complete(5)), root=complete(9))
        assert (found.started_at, found.last_at, found.seconds) == (later(0), later(9), 9)

    def test_any_other_until_its_last_change(self) -> None:
        found = facts(session("a", updated_at=later(7)), session("b"), root={"phase": Phase.WAITING})
        assert (found.last_at, found.seconds) == (later(7), 7)


class TestNeeds:
    """Who needs a human, by cause."""

    def test_each_is_in_one_list(self) -> None:
        check, crash = FailureCause.CHECK_FAILED, FailureCause.CRASH
        found = facts(
            session("a", position=1, **failed(cause=check)),
            session("b", position=2, **failed(cause=crash)),
            session("c", position=3, **failed(cause=check)),
            session("d", position=4, **cancelled()),
            session("e", position=5, **gone()),
            session("f", position=6, **skipped()),
            session("g", position=7, **complete()),
            root=blocked(),
        ).needs
        assert {cause: names(each) for cause, each in found.failed.items()} == {check: ["a", "c"], crash: ["b"]}
        assert (names(found.cancelled), names(found.missing_files)) == (["d"], ["e"])
        assert (found.stuck, found.interrupted, found.not_created) == ((), (), ())

    def test_a_parent_that_is_blocked_by_nothing_of_these_is_stuck(self) -> None:
        found = facts(session("a", **skipped()), root=blocked("All child sessions were skipped")).needs
        assert names(found.stuck) == ["shop"]
        assert found.any

    def test_nobody_does_when_all_is_well(self) -> None:
        assert not facts(session("a", **complete())).needs.any


class TestGroups:
    """Parents with what they look after; nested ones have a group of their own."""

    def test_a_nested_parent_is_in_no_table_but_its_own(self) -> None:
        inner = session("inner", artifact_path=None)
        found = facts(session("a"), inner, session("b", "inner"), root={"phase": Phase.WAITING}, engine=True)
        assert [(group.parent.component, names(group.children)) for group in found.groups] == [
            ("shop", ["a"]),
            ("inner", ["b"]),
        ]


class TestDecisions:
    """What was decided: one line for one decision, however many sessions it was about."""

    def test_in_the_order_of_time(self) -> None:
        about = {"run_id": "root-0123456789", "session_id": "a-0123456789"}
        decided: dict[str, Any] = {"by": "ada", "decision_id": "d1"}
        events = [
            e.SessionRetried(at=later(20), **about, attempt=2, note="mind the gap", agent="offline", **decided),
            e.SessionRetried(
                at=later(21), run_id="root-0123456789", session_id="b-0123456789", attempt=2, agent="offline", **decided
            ),
            e.SessionSkipped(at=later(30), **about, attempt=2, reason="later", by="bob", decision_id="d2"),
            e.DecisionUndone(
                at=later(40),
                **about,
                attempt=2,
                by="ada",
                decision_id="d2",
                action=Action.SKIP,
                status=Status.FAILED,
                agent="offline",
            ),
        ]
        found = facts(session("a"), session("b"), events=events).decisions
        assert [(each.at, each.by, each.word, names(each.sessions), each.reason) for each in found] == [
            (later(20), "ada", "retried", ["a", "b"], "mind the gap"),
            (later(30), "bob", "skipped", ["a"], "later"),
            (later(40), "ada", "undid", ["a"], "skip"),
        ]


class TestFindings:
    """What steps have written down is read as far as it is as expected."""

    def test_failing_tests_are_read(self) -> None:
        tests = [
            {"name": "test_a", "file": "tests/test_a.py", "line": 3, "message": "assert 1 == 2", "kind": "failed"},
            {"name": "tests/test_c.py", "message": "ImportError", "kind": "error"},
        ]
        found = failed_tests({"failures": tests, "counts": {"tests": 3}})
        assert found == (
            FailedTest("test_a", "tests/test_a.py", 3, "assert 1 == 2", "failed"),
            FailedTest("tests/test_c.py", "", None, "ImportError", "error"),
        )
        assert [test.place for test in found] == ["tests/test_a.py:3", ""]

    @pytest.mark.parametrize(
        "data",
        [None, [], "x", {}, {"failures": None}, {"failures": {"name": "x"}}, {"failures": [None, 3, {}, {"name": 3}]}],
    )
    def test_anything_else_is_no_test(self, data: object) -> None:
        assert failed_tests(data) == ()

    def test_only_sessions_that_have_not_ended_well_have_failing_tests(self) -> None:
        data = {"failures": [{"name": "test_a", "kind": "failed"}]}
        findings = {(f"{key}-0123456789", "RunTests"): data for key in "ab"}
        found = facts(session("a", **failed()), session("b", **complete()), root=blocked(), findings=findings)
        assert list(found.tests) == ["a-0123456789"]

    def test_git(self) -> None:
        def read(state: dict[str, object], finalized: object) -> Git | None:
            return git_of(session("root", None, state=state), finalized)

        assert read({"git": {"branch": "docs-shop", "commit": "abc"}}, None) == Git("docs-shop", "abc")
        assert read({"git": {"branch": "docs-shop"}}, {"pull_request": "x"}) == Git("docs-shop", "", "x")
        assert read({"git": {"branch": 3}}, "x") is None
        assert read({"git": 3}, None) is None
        assert read({}, {"pull_request": "x"}) is None

    def test_files_changed_outside(self) -> None:
        assert changed_outside({"changed_outside": ["a.py", 3, "b.py"]}) == ("a.py", "b.py")
        assert [changed_outside(each) for each in (None, "x", {}, {"changed_outside": "c.py"})] == [()] * 4


def names(sessions: tuple[Session, ...]) -> list[str]:
    """The components of sessions, in their order."""
    return [each.component for each in sessions]
