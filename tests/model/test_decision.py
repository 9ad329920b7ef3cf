"""What a request comes to: every action in every standing, doubled, late, from above and from below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.model import events as e
from covey.model.ability import Ability
from covey.model.command import CommandKind
from covey.model.control import CONTROLS, Action, ControlRequest, Standing
from covey.model.decision import Decision, cancel_all, decide
from covey.model.pause import PauseMode
from covey.model.session import Session, is_terminal, standing
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from tests.model.strategies import RUN, at, created, grown, trees

NOW = at(100)
BY_STANDING: dict[Standing, dict[str, object]] = {
    Standing.ACTIVE: {"phase": Phase.RUNNING},
    Standing.BLOCKED: {"phase": Phase.BLOCKED},
    Standing.COMPLETE: {"status": Status.COMPLETE, "phase": None, "artifact": ArtifactState.PRESENT},
    Standing.FILE_MISSING: {"status": Status.COMPLETE, "phase": None, "artifact": ArtifactState.MISSING},
    Standing.FAILED: {"status": Status.FAILED, "phase": None, "failure_cause": FailureCause.CRASH},
    Standing.CANCELLED: {"status": Status.CANCELLED, "phase": None, "decision_id": "d0", "decided_by": "ada"},
    Standing.SKIPPED: {"status": Status.SKIPPED, "phase": None, "skip_reason": "no", "decision_id": "d0"},
}

OUTCOMES = """
standing      retry     skip      cancel
active        changed   changed   changed
blocked       changed   changed   changed
complete      refused   refused   refused
file_missing  changed   changed   refused
failed        changed   changed   refused
cancelled     changed   changed   as_wished
skipped       changed   as_wished refused
"""
_HEAD, *_ROWS = [line.split() for line in OUTCOMES.strip().splitlines()]
CELLS = [
    (Standing(row[0]), Action(action), cell) for row in _ROWS for action, cell in zip(_HEAD[1:], row[1:], strict=True)
]


def session(session_id: str, parent_id: str | None = "root", **changes: object) -> Session:
    """A session below the root in whatever state the test wants."""
    return replace(grown([created(session_id, parent_id)]).sessions[session_id], **changes)


def request(about: Session, action: Action, **fields: object) -> ControlRequest:
    """A request decided on the session as it is."""
    wish: dict[str, object] = {
        "id": "r1",
        "session_id": about.id,
        "action": action,
        "attempt": about.attempt,
        "status": about.status,
        "decision_id": "d1",
        "requested_by": "ada",
        "requested_at": at(99),
    }
    return ControlRequest(**{**wish, **fields})


def decided(tree: SessionTree, session_id: str, action: Action, **fields: object) -> Decision:
    """The decision on a session of a tree as it stands, with the ancestors and descendants that it has there."""
    about = tree.sessions[session_id]
    return asked(tree, request(about, action, **fields))


def asked(tree: SessionTree, wish: ControlRequest) -> Decision:
    """The decision on a request that was made at some other time."""
    about = tree.sessions[wish.session_id]
    ancestors = []
    above = about.session_id
    while above is not None:
        ancestors.append(tree.sessions[above])
        above = tree.sessions[above].session_id
    return decide(wish, about, ancestors, list(tree.below(about.id)), NOW)


def verdict(decision: Decision) -> str:
    """The decision in the words of the table."""
    if decision.refused:
        return "refused"
    return "changed" if decision.changed else "as_wished"


def told(decision: Decision) -> list[tuple[str, str | None]]:
    """The names of the decision's events with the sessions they are about."""
    return [(str(event.__struct_config__.tag), event.session_id) for event in decision.events]


class TestEveryActionInEveryStanding:
    """The table of controls, cell by cell, on a child whose parent is at work."""

    @pytest.mark.parametrize(("now", "action", "expected"), CELLS)
    def test_cell(self, now: Standing, action: Action, expected: str) -> None:
        tree = SessionTree([session("root", None, phase=Phase.WAITING), session("a", **BY_STANDING[now])])
        decision = decided(tree, "a", action)
        assert verdict(decision) == expected
        assert (decision.reason is None) == (expected == "changed")
        if expected == "refused":
            assert f"cannot {action}" in str(decision.reason)

    @pytest.mark.parametrize(("now", "action", "expected"), CELLS)
    def test_the_table_that_screens_read_offers_what_changes_something(
        self, now: Standing, action: Action, expected: str
    ) -> None:
        assert (now in CONTROLS[action]) == (expected == "changed")

    @pytest.mark.parametrize("now", Standing)
    def test_standing(self, now: Standing) -> None:
        assert standing(session("a", **BY_STANDING[now])) is now


class TestRetry:
    """A new attempt, another look, or a restart."""

    @pytest.mark.parametrize("now", [Standing.FAILED, Standing.CANCELLED, Standing.SKIPPED, Standing.FILE_MISSING])
    def test_of_an_ended_child_is_its_next_attempt(self, now: Standing) -> None:
        tree = SessionTree([session("root", None, phase=Phase.WAITING), session("a", attempt=3, **BY_STANDING[now])])
        tree.fold(decided(tree, "a", Action.RETRY, note="mind X").events)
        again = tree.sessions["a"]
        assert (again.status, again.phase, again.attempt, again.note) == (Status.ACTIVE, Phase.QUEUED, 4, "mind X")
        assert (again.decision_id, again.decided_by) == ("d1", "ada")

    @pytest.mark.parametrize(("phase", "now"), [(Phase.RUNNING, "is at work"), (Phase.INTERRUPTED, "was interrupted")])
    def test_of_a_parent_that_looks_after_nobody_is_refused(self, phase: Phase, now: str) -> None:
        tree = SessionTree([session("root", None, phase=phase), session("a", **BY_STANDING[Standing.FAILED])])
        decision = decided(tree, "root", Action.RETRY)
        assert decision.refused
        assert decision.reason == f"cannot retry: it {now} and has children; retry those"

    @pytest.mark.parametrize(("resume", "step"), [(False, None), (True, "ValidateDesign")])
    def test_resume_goes_on_at_the_step_that_failed(self, *, resume: bool, step: str | None) -> None:
        failed = session("a", step="ValidateDesign", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        tree.fold(decided(tree, "a", Action.RETRY, resume=resume).events)
        assert tree.sessions["a"].state["resume_step"] == step

    @pytest.mark.parametrize(("resume", "conversation"), [(False, 4), (True, 2)])
    def test_only_resume_goes_on_with_the_conversation(self, *, resume: bool, conversation: int) -> None:
        failed = session("a", attempt=3, conversation=2, step="ValidateDesign", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        tree.fold(decided(tree, "a", Action.RETRY, resume=resume).events)
        assert tree.sessions["a"].conversation == conversation

    def test_resume_of_what_never_took_a_step_begins_a_conversation(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.WAITING), session("a", **BY_STANDING[Standing.FAILED])])
        tree.fold(decided(tree, "a", Action.RETRY, resume=True).events)
        assert tree.sessions["a"].conversation == 2

    def test_resume_with_another_agent_is_refused(self) -> None:
        failed = session("a", step="ValidateDesign", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        decision = decided(tree, "a", Action.RETRY, resume=True, agent="mine")
        assert decision.refused
        assert decision.reason is not None
        assert "goes on with what offline has begun, which mine knows nothing of" in decision.reason
        assert decided(tree, "a", Action.RETRY, resume=True, agent="offline").changed
        assert decided(tree, "a", Action.RETRY, agent="mine").changed

    def test_resume_says_so_where_the_agent_cannot_go_on_within_a_step(self) -> None:
        state = {"step": "GenerateComponentDesign", "command": CommandKind.AGENT, **BY_STANDING[Standing.FAILED]}

        def reason(*, resume: bool, **changes: object) -> str | None:
            failed = session("a", **{**state, **changes})
            tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
            decision = decided(tree, "a", Action.RETRY, resume=resume)
            assert decision.changed
            return decision.reason

        assert reason(resume=True) == (
            "offline cannot go on in the middle of a step: it begins GenerateComponentDesign anew"
        )
        assert reason(resume=True, abilities=(Ability.RESUME,)) is None
        assert reason(resume=True, command=CommandKind.CHECK, step="ValidateDesign") is None
        assert reason(resume=False) is None

    def test_the_next_attempt_knows_the_class_of_the_failure(self) -> None:
        failed = session("a", step="ValidateDesign", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        tree.fold(decided(tree, "a", Action.RETRY).events)
        assert tree.sessions["a"].state["failure_cause"] is FailureCause.CRASH
        tree.fold(decided(tree, "a", Action.CANCEL).events)
        tree.fold(decided(tree, "a", Action.RETRY).events)
        assert tree.sessions["a"].state["failure_cause"] is None

    @pytest.mark.parametrize(
        ("wish", "agent", "model"),
        [
            ({}, "offline", "small"),
            ({"model": "large"}, "offline", "large"),
            ({"agent": "mine"}, "mine", None),
            ({"agent": "mine", "model": "large"}, "mine", "large"),
        ],
    )
    def test_another_agent_brings_its_own_model(self, wish: dict[str, object], agent: str, model: str | None) -> None:
        failed = session("a", model="small", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        tree.fold(decided(tree, "a", Action.RETRY, **wish).events)
        assert (tree.sessions["a"].agent, tree.sessions["a"].model) == (agent, model)

    @pytest.mark.parametrize("above", [Standing.FAILED, Standing.CANCELLED, Standing.SKIPPED])
    def test_below_a_parent_that_has_ended_is_refused(self, above: Standing) -> None:
        tree = SessionTree([session("root", None, **BY_STANDING[above]), session("a", **BY_STANDING[Standing.FAILED])])
        decision = decided(tree, "a", Action.RETRY)
        assert (decision.refused, decision.reason) == (True, f"its parent is {above}: retry that one")

    def test_below_a_complete_parent_names_the_way_that_is_left(self) -> None:
        tree = SessionTree(
            [
                session("root", None, **BY_STANDING[Standing.COMPLETE]),
                session("a", **BY_STANDING[Standing.FILE_MISSING]),
            ]
        )
        decision = decided(tree, "a", Action.RETRY)
        assert (decision.refused, decision.reason) == (True, "its parent is complete: use covey run")

    def test_below_a_grandparent_that_has_ended_is_refused(self) -> None:
        tree = SessionTree(
            [
                session("root", None, **BY_STANDING[Standing.CANCELLED]),
                session("nested", phase=Phase.WAITING),
                session("a", "nested", **BY_STANDING[Standing.FAILED]),
            ]
        )
        assert decided(tree, "a", Action.RETRY).refused

    def test_of_a_child_wakes_every_blocked_ancestor(self) -> None:
        tree = SessionTree(
            [
                session("root", None, phase=Phase.BLOCKED, needs_human={"failed": ["a"]}),
                session("nested", phase=Phase.BLOCKED, needs_human={"failed": ["a"]}),
                session("a", "nested", **BY_STANDING[Standing.FAILED]),
            ]
        )
        decision = decided(tree, "a", Action.RETRY)
        assert told(decision) == [
            ("session_retried", "a"),
            ("session_unblocked", "nested"),
            ("session_unblocked", "root"),
        ]
        tree.fold(decision.events)
        assert {tree.sessions[key].phase for key in ("root", "nested")} == {Phase.WAITING}

    def test_of_a_blocked_parent_makes_it_look_again_in_the_same_attempt(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.BLOCKED), session("a", **BY_STANDING[Standing.FAILED])])
        tree.fold(decided(tree, "root", Action.RETRY).events)
        assert (tree.sessions["root"].phase, tree.sessions["root"].attempt) == (Phase.WAITING, 1)
        assert tree.sessions["a"].status is Status.FAILED

    @pytest.mark.parametrize("children", [[], ["a"]])
    def test_of_a_parent_that_looks_after_its_children_has_nothing_to_do(self, children: list[str]) -> None:
        below = [session(name, phase=Phase.RUNNING) for name in children]
        decision = decided(SessionTree([session("root", None, phase=Phase.WAITING), *below]), "root", Action.RETRY)
        assert (decision.refused, decision.changed) == (False, False)

    def test_of_a_running_leaf_is_a_restart(self) -> None:
        running = session("a", phase=Phase.RUNNING, pending="i1", step="Generate", command=CommandKind.AGENT)
        tree = SessionTree([session("root", None, phase=Phase.WAITING), running])
        decision = decided(tree, "a", Action.RETRY)
        assert told(decision) == [("session_cancelled", "a"), ("session_retried", "a")]
        tree.fold(decision.events)
        again = tree.sessions["a"]
        assert (again.attempt, again.phase, again.pending) == (2, Phase.QUEUED, None)

    def test_of_a_queued_leaf_has_nothing_to_do(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.WAITING), session("a")])
        decision = decided(tree, "a", Action.RETRY)
        assert (decision.refused, decision.changed) == (False, False)
        assert decision.reason == "attempt 1 has not started yet"

    def test_of_a_parent_at_another_step_is_refused_while_it_has_children(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.RUNNING), session("a", phase=Phase.RUNNING)])
        assert decided(tree, "root", Action.RETRY).refused

    @pytest.mark.parametrize(
        ("step", "resume_step"), [("Finalize", "Finalize"), ("SpawnComponentDesignSessions", None)]
    )
    def test_of_a_parent_that_failed_goes_on_from_finalize_only(self, step: str, resume_step: str | None) -> None:
        root = session("root", None, step=step, **BY_STANDING[Standing.FAILED])
        tree = SessionTree([root, session("a", **BY_STANDING[Standing.COMPLETE])])
        tree.fold(decided(tree, "root", Action.RETRY).events)
        assert tree.sessions["root"].state["resume_step"] == resume_step

    def test_of_a_leaf_that_failed_at_its_finalize_begins_anew(self) -> None:
        failed = session("a", step="Finalize", **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        tree.fold(decided(tree, "a", Action.RETRY).events)
        assert tree.sessions["a"].state["resume_step"] is None


class TestRetryOfACancelledParent:
    """It takes with it the children that the same decision cancelled, and no others."""

    def tree(self) -> SessionTree:
        """A nested run: one child failed, one was cancelled before, then the root is cancelled."""
        log = [
            created("root"),
            created("nested", "root", position=0),
            created("leaf", "nested"),
            created("failed", "root", position=1),
            created("earlier", "root", position=2),
            created("running", "root", position=3),
            created("done", "root", position=4),
        ]
        tree = grown(log)
        head = {"at": at(50), "run_id": RUN, "attempt": 1}
        tree.fold(
            [
                e.SessionFailed(**head, session_id="failed", cause=FailureCause.CRASH, reason="boom"),
                e.SessionStarted(**head, session_id="done"),
                e.ArtifactFound(**head, session_id="done", path="docs/design/done.md"),
                e.SessionCompleted(**head, session_id="done"),
            ]
        )
        tree.fold(decided(tree, "earlier", Action.CANCEL, decision_id="before").events)
        tree.fold(decided(tree, "root", Action.CANCEL, decision_id="all").events)
        return tree

    def test_cancels_children_before_their_parents_and_only_what_is_active(self) -> None:
        sessions = [session("root", None), session("nested"), session("leaf", "nested")]
        ended = session("done", **BY_STANDING[Standing.COMPLETE])
        events = cancel_all([*sessions, ended], request(sessions[0], Action.CANCEL, reason="enough"), NOW)
        assert [event.session_id for event in events] == ["leaf", "nested", "root"]
        assert {event.reason for event in events if isinstance(event, e.SessionCancelled)} == {"enough"}

    def test_takes_along_those_and_leaves_the_others(self) -> None:
        tree = self.tree()
        tree.fold(decided(tree, "root", Action.RETRY).events)
        attempts = {key: (each.status.value, each.attempt) for key, each in tree.sessions.items()}
        assert attempts == {
            "root": ("active", 2),
            "nested": ("active", 2),
            "leaf": ("active", 2),
            "running": ("active", 2),
            "failed": ("failed", 1),
            "earlier": ("cancelled", 1),
            "done": ("complete", 1),
        }

    def test_leaves_what_lies_below_a_child_that_was_skipped_since(self) -> None:
        tree = self.tree()
        tree.fold(decided(tree, "nested", Action.SKIP, reason="not needed").events)
        tree.fold(decided(tree, "root", Action.RETRY, decision_id="again").events)
        assert (tree.sessions["nested"].status, tree.sessions["leaf"].status) == (Status.SKIPPED, Status.CANCELLED)

    def test_a_second_cancel_and_retry_takes_along_the_same(self) -> None:
        tree = self.tree()
        tree.fold(decided(tree, "root", Action.RETRY, decision_id="again").events)
        tree.fold(decided(tree, "root", Action.CANCEL, decision_id="twice").events)
        tree.fold(decided(tree, "root", Action.RETRY, decision_id="thrice").events)
        assert {key for key, each in tree.sessions.items() if each.attempt == 3} == {
            "root",
            "nested",
            "leaf",
            "running",
        }


class TestSkip:
    """Going on without a session."""

    def test_of_a_root_is_refused(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.BLOCKED)])
        decision = decided(tree, "root", Action.SKIP)
        assert (decision.refused, decision.reason) == (True, "a run's root cannot be skipped; cancel it instead")

    def test_of_a_nested_parent_cancels_what_is_active_below_it_first(self) -> None:
        tree = SessionTree(
            [
                session("root", None, phase=Phase.WAITING),
                session("nested", phase=Phase.WAITING),
                session("a", "nested", phase=Phase.RUNNING, pending="i1"),
                session("b", "nested", **BY_STANDING[Standing.COMPLETE]),
            ]
        )
        decision = decided(tree, "nested", Action.SKIP, reason="not needed")
        assert told(decision) == [("session_cancelled", "a"), ("session_skipped", "nested")]
        tree.fold(decision.events)
        assert tree.sessions["nested"].skip_reason == "not needed"
        assert tree.sessions["a"].phase is Phase.CANCELLING
        assert tree.sessions["root"].status is Status.ACTIVE

    def test_wakes_every_blocked_ancestor_at_once(self) -> None:
        tree = SessionTree(
            [
                session("root", None, phase=Phase.BLOCKED),
                session("nested", phase=Phase.BLOCKED),
                session("a", "nested", **BY_STANDING[Standing.FAILED]),
            ]
        )
        decision = decided(tree, "a", Action.SKIP, reason="no")
        assert told(decision)[1:] == [("session_unblocked", "nested"), ("session_unblocked", "root")]

    def test_does_not_set_going_what_was_stopped_while_it_worked(self) -> None:
        tree = SessionTree(
            [
                session("root", None, phase=Phase.INTERRUPTED),
                session("nested", phase=Phase.BLOCKED),
                session("a", "nested", **BY_STANDING[Standing.FAILED]),
            ]
        )
        assert told(decided(tree, "a", Action.SKIP, reason="no")) == [("session_skipped", "a")]

    def test_never_reaches_siblings(self) -> None:
        tree = SessionTree([session("root", None, phase=Phase.WAITING), session("a"), session("b")])
        tree.fold(decided(tree, "a", Action.SKIP, reason="no").events)
        assert tree.sessions["b"].status is Status.ACTIVE


class TestStale:
    """A request that came too late is refused with what changed; attempt and status are compared, nothing else."""

    def test_of_an_older_attempt(self) -> None:
        failed = session("a", attempt=2, **BY_STANDING[Standing.FAILED])
        tree = SessionTree([session("root", None, phase=Phase.WAITING), failed])
        decision = asked(tree, request(failed, Action.RETRY, attempt=1))
        assert decision.refused
        assert decision.reason == "it changed meanwhile: attempt 1 was failed, now attempt 2 is failed"

    @pytest.mark.parametrize("action", Action)
    def test_of_another_status(self, action: Action) -> None:
        running = session("a", phase=Phase.RUNNING)
        tree = SessionTree(
            [session("root", None, phase=Phase.WAITING), replace(running, **BY_STANDING[Standing.COMPLETE])]
        )
        decision = asked(tree, request(running, action))
        assert decision.refused
        assert decision.reason == "it changed meanwhile: attempt 1 was active, now attempt 1 is complete"

    def test_steps_and_usage_make_nothing_stale(self) -> None:
        queued = session("a")
        moved = replace(queued, phase=Phase.RUNNING, step="Generate", usage={"input": 9}, version=7)
        tree = SessionTree([session("root", None, phase=Phase.WAITING), moved])
        assert asked(tree, request(queued, Action.CANCEL)).changed

    def test_a_restored_file_leaves_nothing_to_retry(self) -> None:
        gone = session("a", **BY_STANDING[Standing.FILE_MISSING])
        restored = replace(gone, artifact=ArtifactState.PRESENT)
        tree = SessionTree([session("root", None, phase=Phase.WAITING), restored])
        decision = asked(tree, request(gone, Action.RETRY))
        assert decision.refused
        assert decision.reason == "cannot retry: it is complete and its file is in order"

    def test_of_a_complete_parent_no_file_is_spoken_of(self) -> None:
        root = session("root", None, status=Status.COMPLETE, phase=None, artifact_path=None)
        assert asked(SessionTree([root]), request(root, Action.CANCEL)).reason == "cannot cancel: it is complete"


class TestAnyTree:
    """Whatever has happened before."""

    @given(trees(), st.data(), st.sampled_from(Action))
    def test_a_decision_can_be_carried_out_and_its_double_changes_nothing(
        self, tree: SessionTree, data: st.DataObject, action: Action
    ) -> None:
        wish = request(tree.sessions[data.draw(st.sampled_from(sorted(tree.sessions)))], action, decision_id="new")
        decision = asked(tree, wish)
        assert (decision.reason is None) == decision.changed
        assert not (decision.refused and decision.changed)
        tree.fold(decision.events)
        doubled = asked(tree, wish)
        assert not doubled.changed
        assert doubled.reason
        assert doubled.refused == decision.refused

    @given(trees(), st.data())
    def test_a_cancel_leaves_nothing_active_below(self, tree: SessionTree, data: st.DataObject) -> None:
        about = tree.sessions[data.draw(st.sampled_from(sorted(tree.sessions)))]
        decision = decided(tree, about.id, Action.CANCEL)
        tree.fold(decision.events)
        if decision.changed:
            assert all(is_terminal(each) for each in [tree.sessions[about.id], *tree.below(about.id)])

    @given(trees(), st.data())
    def test_what_a_retry_of_an_ended_parent_brings_back_has_active_ancestors(
        self, tree: SessionTree, data: st.DataObject
    ) -> None:
        about = tree.sessions[data.draw(st.sampled_from(sorted(tree.sessions)))]
        tree.fold(decided(tree, about.id, Action.CANCEL, decision_id="all").events)
        retry = decided(tree, about.id, Action.RETRY, decision_id="again")
        tree.fold(retry.events)
        for event in retry.events:
            above = tree.sessions[str(event.session_id)].session_id
            assert above is None or tree.sessions[above].status is Status.ACTIVE


class TestPauseAndResume:
    """Both are asked of a run's root."""

    def root(self, now: Standing = Standing.ACTIVE) -> SessionTree:
        return SessionTree([session("root", None, **BY_STANDING[now]), session("a", phase=Phase.QUEUED)])

    @pytest.mark.parametrize(("hard", "mode"), [(False, PauseMode.SOFT), (True, PauseMode.HARD)])
    @pytest.mark.parametrize("now", [Standing.ACTIVE, Standing.BLOCKED])
    def test_a_pause(self, now: Standing, *, hard: bool, mode: PauseMode) -> None:
        tree = self.root(now)
        decision = decided(tree, "root", Action.PAUSE, hard=hard)
        assert told(decision) == [("run_paused", "root")]
        tree.fold(decision.events)
        paused = tree.sessions["root"].paused
        assert paused is not None
        assert (paused.mode, paused.by, paused.asks) == (mode, "ada", False)

    def test_doubled_is_settled(self) -> None:
        tree = self.root()
        tree.fold(decided(tree, "root", Action.PAUSE).events)
        again = decided(tree, "root", Action.PAUSE)
        assert (verdict(again), again.reason) == ("as_wished", "it is paused already, by ada")

    def test_a_soft_pause_becomes_hard_and_a_hard_one_stays(self) -> None:
        tree = self.root()
        tree.fold(decided(tree, "root", Action.PAUSE).events)
        further = decided(tree, "root", Action.PAUSE, hard=True)
        assert verdict(further) == "changed"
        tree.fold(further.events)
        assert verdict(decided(tree, "root", Action.PAUSE)) == "as_wished"
        assert verdict(decided(tree, "root", Action.PAUSE, hard=True)) == "as_wished"

    def test_resume_of_a_paused_run_and_of_one_that_is_not(self) -> None:
        tree = self.root()
        idle = decided(tree, "root", Action.RESUME)
        assert (verdict(idle), idle.reason) == ("as_wished", "it is not paused")
        tree.fold(decided(tree, "root", Action.PAUSE).events)
        goes_on = decided(tree, "root", Action.RESUME)
        assert told(goes_on) == [("run_resumed", "root")]
        tree.fold(goes_on.events)
        assert tree.sessions["root"].paused is None

    @pytest.mark.parametrize("action", [Action.PAUSE, Action.RESUME])
    def test_a_session_inside_a_run_is_refused(self, action: Action) -> None:
        decision = decided(self.root(), "a", action)
        assert decision.refused
        assert decision.reason == f"cannot {action}: it is a session inside a run; name the run"

    @pytest.mark.parametrize("now", [Standing.COMPLETE, Standing.FAILED, Standing.CANCELLED])
    def test_a_run_that_has_ended_cannot_be_paused(self, now: Standing) -> None:
        decision = decided(self.root(now), "root", Action.PAUSE)
        assert decision.refused
        assert decision.reason == f"cannot pause: the run is {now}"


class TestRetriesThatLeadNowhere:
    """An identical retry is refused after two, and any after so many; unless it is forced."""

    def failed_again(self, *retries: dict[str, object], reasons: tuple[str, ...] = ()) -> SessionTree:
        """A child that failed, and failed again after each of these retries."""
        ended = session(
            "a", status=Status.FAILED, phase=None, failure_cause=FailureCause.AGENT_ERROR, error_message="x"
        )
        tree = SessionTree([session("root", None, phase=Phase.WAITING), ended])
        for place, wish in enumerate(retries):
            tree.fold(decided(tree, "a", Action.RETRY, force=True, **wish).events)
            reason = reasons[place] if place < len(reasons) else "no idea"
            now = tree.sessions["a"]
            head = {"at": NOW, "run_id": RUN, "session_id": "a", "attempt": now.attempt}
            tree.fold([e.SessionFailed(**head, cause=FailureCause.AGENT_ERROR, reason=reason)])
        return tree

    @pytest.mark.parametrize(("times", "expected"), [(0, "changed"), (1, "changed"), (2, "refused"), (3, "refused")])
    def test_the_third_of_a_kind_is_refused(self, times: int, expected: str) -> None:
        tree = self.failed_again(*[{}] * times)
        decision = decided(tree, "a", Action.RETRY)
        assert verdict(decision) == expected
        if expected == "refused":
            assert decision.reason == (
                "the same retry failed twice the same way; change something (note, agent) or --force"
            )

    def test_unless_it_is_forced(self) -> None:
        assert verdict(decided(self.failed_again({}, {}), "a", Action.RETRY, force=True)) == "changed"

    @pytest.mark.parametrize("other", [{"note": "mind X"}, {"agent": "mine"}, {"model": "large"}])
    def test_another_one_is_not_refused(self, other: dict[str, object]) -> None:
        assert verdict(decided(self.failed_again({}, {}), "a", Action.RETRY, **other)) == "changed"

    def test_the_same_note_counts_as_the_same(self) -> None:
        tree = self.failed_again({"note": "mind X"}, {"note": "mind X"})
        assert verdict(decided(tree, "a", Action.RETRY, note="mind X")) == "refused"
        assert verdict(decided(tree, "a", Action.RETRY)) == "changed"

    def test_another_failure_in_between_begins_anew(self) -> None:
        assert verdict(decided(self.failed_again({}, {}, reasons=("no idea", "else")), "a", Action.RETRY)) == "changed"

    def test_what_was_cancelled_in_between_is_not_in_a_row(self) -> None:
        tree = self.failed_again({})
        tree.fold(decided(tree, "a", Action.RETRY).events)
        tree.fold(decided(tree, "a", Action.CANCEL).events)
        assert tree.sessions["a"].repeat is None

    def test_no_more_than_the_limit(self) -> None:
        tree = self.failed_again({"note": "1"}, {"note": "2"})
        about = tree.sessions["a"]
        wish = request(about, Action.RETRY, note="3")
        least = decide(wish, about, [tree.sessions["root"]], [], NOW, retry_limit=3)
        assert verdict(least) == "changed"
        most = decide(wish, about, [tree.sessions["root"]], [], NOW, retry_limit=2)
        assert most.refused
        assert most.reason is not None
        assert "retried 2 times already" in most.reason
        forced = decide(replace(wish, force=True), about, [tree.sessions["root"]], [], NOW, retry_limit=2)
        assert verdict(forced) == "changed"

    def test_a_restart_counts_too(self) -> None:
        running = session("a", phase=Phase.RUNNING, attempt=3)
        decision = decide(request(running, Action.RETRY), running, [session("root", None)], [], NOW, retry_limit=2)
        assert decision.refused

    def test_another_look_of_a_blocked_parent_is_no_attempt(self) -> None:
        blocked = session("root", None, phase=Phase.BLOCKED, attempt=9)
        assert verdict(decide(request(blocked, Action.RETRY), blocked, [], [], NOW, retry_limit=0)) == "changed"
