"""Undo: what a decision followed by its undo gives back, whatever has happened before, and when it is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.model import events as e
from covey.model.command import CommandKind, ResultStatus
from covey.model.control import Action, ControlRequest
from covey.model.decision import Decision, decide
from covey.model.session import Session, about, is_terminal
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from covey.model.undo import NOTHING_LEFT, UNDOABLE, decisions, undo
from covey.workflows.registry import WORKFLOWS
from covey.workflows.workflow import has_passed
from tests.model.strategies import at, created, logs

ACTIONS = sorted(UNDOABLE)
SPAWN, REVIEW = "SpawnComponentDesignSessions", "SpawnReviewSession"


class Story:
    """A run's log as it is written, with the tree that it folds to."""

    def __init__(self, *log: e.AnyEvent) -> None:
        self.log: list[e.AnyEvent] = []
        self.tree = SessionTree()
        self._made = 0
        self.write(*log)

    def write(self, *events: e.AnyEvent) -> None:
        self.tree.fold(events)
        self.log += events

    def of(self, session_id: str) -> Session:
        return self.tree.sessions[session_id]

    def happens(self, kind: type[e.Event], session_id: str, **fields: object) -> None:
        """An event of the session as it stands."""
        self.write(kind(at=at(60 + len(self.log)), **{**about(self.of(session_id)), **fields}))

    def request(self, session_id: str, action: Action, **fields: object) -> ControlRequest:
        self._made += 1
        session = self.of(session_id)
        wish: dict[str, object] = {
            "id": f"r{self._made}",
            "session_id": session_id,
            "action": action,
            "attempt": session.attempt,
            "status": session.status,
            "decision_id": f"decision {self._made}",
            "requested_by": "ben",
            "requested_at": at(99),
        }
        return ControlRequest(**{**wish, **fields})

    def decide(self, action: Action, *session_ids: str, **fields: object) -> str:
        """Somebody decides on these, as one; the decision's id."""
        fields = {"decision_id": f"decision {self._made + 1}", **fields}
        for request in [self.request(key, action, **fields) for key in session_ids]:
            session = self.of(request.session_id)
            above, parent = [], session.session_id
            while parent is not None:
                above.append(self.of(parent))
                parent = above[-1].session_id
            made = decide(request, session, above, list(self.tree.below(session.id)), at(100))
            requested = e.ControlRequested(
                at=at(100),
                **about(session),
                request_id=request.id,
                decision_id=request.decision_id,
                action=action,
                by="ana",
            )
            self.write(requested, *made.events)
        return str(fields["decision_id"])

    def undoing(self, **fields: object) -> Decision:
        """What an undo comes to; nothing is written."""
        history = decisions(self.log)._replace(events=tuple(self.log))
        run = [self.of("root"), *self.tree.below("root")]
        return undo(self.request("root", Action.UNDO, **fields), run, history, passed, at(200))

    def undo(self, **fields: object) -> Decision:
        decision = self.undoing(**fields)
        self.write(*decision.events)
        return decision


def passed(then: Session, now: Session) -> bool:
    return has_passed(WORKFLOWS.get(now.type), then.step, now.step)


def shop() -> Story:
    """A parent that waits for four children: a failed one, one at work, one in the queue, one complete."""
    story = Story(created("root"), *(created(name, "root", position=n) for n, name in enumerate(("a", "b", "c", "d"))))
    story.happens(e.SessionStarted, "root")
    story.happens(e.CommandIssued, "root", interaction_id="i0", step=SPAWN, command=CommandKind.SPAWN_SESSIONS)
    for name in ("a", "b", "d"):
        story.happens(e.SessionStarted, name)
        story.happens(
            e.CommandIssued, name, interaction_id=f"i-{name}", step="GenerateComponentDesign", command=CommandKind.AGENT
        )
    ended(story, "a", ResultStatus.ERROR)
    story.happens(e.SessionFailed, "a", cause=FailureCause.TIMEOUT, reason="too slow")
    ended(story, "d", ResultStatus.OK)
    story.happens(e.ArtifactFound, "d", path="docs/design/d.md")
    story.happens(e.SessionCompleted, "d")
    return story


def ended(story: Story, name: str, status: ResultStatus) -> None:
    session = story.of(name)
    story.happens(e.ResultRecorded, name, interaction_id=session.pending, step=session.step, status=status)


def blocked_shop() -> Story:
    """The same, where the others have been skipped and the parent waits for a human."""
    story = shop()
    for name in ("b", "c"):
        story.happens(e.SessionSkipped, name, reason="no", decision_id="old", by="ana")
    ended(story, "root", ResultStatus.ERROR)
    story.happens(e.SessionBlocked, "root", reason="failed: A", needs_human={"failed": ["A"]})
    return story


def restored(session: Session) -> dict[str, object]:
    """What an undo gives back of a session that had ended: all but the count of its events and the time of the last."""
    kept = {"version", "updated_at", "phase", "pending"}
    return {name: getattr(session, name) for name in session.__struct_fields__ if name not in kept}


class TestOfOneDecision:
    """Each action, taken back."""

    def test_a_skip(self) -> None:
        story = shop()
        before = restored(story.of("a"))
        story.decide(Action.SKIP, "a", reason="not needed")
        assert story.of("a").skip_reason == "not needed"
        assert story.undo().reason == "skip of A"
        assert restored(story.of("a")) == before
        assert (story.of("a").failure_cause, story.of("a").error_message) == (FailureCause.TIMEOUT, "too slow")

    def test_a_skip_of_one_that_failed_again_and_again(self) -> None:
        story = shop()
        for _ in range(2):
            story.decide(Action.RETRY, "a")
            story.happens(e.SessionStarted, "a")
            story.happens(e.SessionFailed, "a", cause=FailureCause.TIMEOUT, reason="too slow")
        before = restored(story.of("a"))
        assert before["repeat"] is not None
        story.decide(Action.SKIP, "a")
        story.undo()
        assert restored(story.of("a")) == before

    def test_a_skip_of_one_whose_file_is_missing(self) -> None:
        story = shop()
        story.happens(e.ArtifactMissing, "d", path="docs/design/d.md")
        story.decide(Action.SKIP, "d")
        story.undo()
        assert (story.of("d").status, story.of("d").artifact) == (Status.COMPLETE, ArtifactState.MISSING)

    def test_a_file_that_came_back_meanwhile_is_not_missing_again(self) -> None:
        story = shop()
        story.happens(e.ArtifactMissing, "d", path="docs/design/d.md")
        story.decide(Action.RETRY, "d")
        story.happens(e.ArtifactFound, "d", path="docs/design/d.md")
        assert story.undo().changed
        assert (story.of("d").status, story.of("d").artifact) == (Status.COMPLETE, ArtifactState.PRESENT)

    def test_a_retry_that_has_not_started(self) -> None:
        story = shop()
        before = restored(story.of("a"))
        story.decide(Action.RETRY, "a", note="mind X", agent="other", model="large")
        assert story.undo().reason == "retry of A"
        assert restored(story.of("a")) == before
        assert (story.of("a").attempt, story.of("a").agent, story.of("a").note) == (1, "offline", None)

    def test_an_agent_that_was_chosen_since_stays(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a")
        story.happens(e.SessionReconfigured, "a", agent="other", model=None)
        story.undo()
        assert (story.of("a").status, story.of("a").agent) == (Status.FAILED, "other")

    def test_a_cancel_of_one_at_work_goes_on_at_its_step_as_a_new_attempt(self) -> None:
        story = shop()
        story.decide(Action.CANCEL, "b")
        assert story.undo().reason == "cancel of B"
        again = story.of("b")
        assert (again.status, again.phase, again.attempt) == (Status.ACTIVE, Phase.QUEUED, 2)
        assert again.state == {"resume_step": "GenerateComponentDesign"}
        assert (again.error_message, again.finished_at, again.step, again.pending) == (None, None, None, None)

    def test_the_conversation_is_the_one_that_it_was(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a")
        assert story.of("a").conversation == 2
        story.undo()
        assert story.of("a").conversation == 1
        story.decide(Action.CANCEL, "b")
        story.undo()
        assert (story.of("b").attempt, story.of("b").conversation) == (2, 1)

    def test_a_cancel_of_one_in_the_queue_keeps_the_step_that_it_was_to_resume_at(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a", resume=True)
        story.decide(Action.CANCEL, "a")
        story.undo()
        assert (story.of("a").attempt, story.of("a").state["resume_step"]) == (3, "GenerateComponentDesign")
        assert story.of("a").state["failure"] == "too slow"

    def test_a_cancel_of_a_parent_with_all_that_ran_under_it(self) -> None:
        story = shop()
        failed = restored(story.of("a"))
        story.decide(Action.CANCEL, "root")
        assert story.undo().reason == "cancel of Root and what is under it"
        attempts = {key: (each.status, each.attempt) for key, each in story.tree.sessions.items()}
        assert attempts == {
            "root": (Status.ACTIVE, 2),
            "a": (Status.FAILED, 1),
            "b": (Status.ACTIVE, 2),
            "c": (Status.ACTIVE, 2),
            "d": (Status.COMPLETE, 1),
        }
        assert story.of("root").state["resume_step"] == SPAWN
        assert restored(story.of("a")) == failed

    def test_a_bulk_decision_is_one(self) -> None:
        story = shop()
        story.decide(Action.SKIP, "a", "b", "c")
        assert story.undo().reason == "skip of 3 sessions"
        assert [story.of(key).status for key in "abc"] == [Status.FAILED, Status.ACTIVE, Status.ACTIVE]

    def test_a_restart_goes_on_where_it_was(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "b", note="anew")
        assert (story.of("b").attempt, story.of("b").state["resume_step"]) == (2, None)
        assert story.undo().reason == "retry of B"
        again = story.of("b")
        assert (again.attempt, again.phase, again.note) == (3, Phase.QUEUED, None)
        assert again.state == {"resume_step": "GenerateComponentDesign"}

    def test_a_blocked_parent_looks_again(self) -> None:
        story = blocked_shop()
        story.decide(Action.SKIP, "a")
        story.undo()
        assert (story.of("root").phase, story.of("root").needs_human) == (Phase.WAITING, None)

    def test_a_cancel_of_a_run_that_stands_still_leaves_it_so(self) -> None:
        story = shop()
        story.decide(Action.PAUSE, "root")
        before = story.of("root").paused
        assert before is not None
        story.decide(Action.CANCEL, "root")
        assert story.of("root").paused is None
        story.undo()
        assert (story.of("root").status, story.of("root").attempt) == (Status.ACTIVE, 2)
        assert story.of("root").paused == msgspec.structs.replace(before, since=at(200))

    def test_the_cancelled_children_that_a_retried_parent_took_along(self) -> None:
        story = shop()
        story.decide(Action.CANCEL, "root")
        before = {key: restored(each) for key, each in story.tree.sessions.items()}
        story.decide(Action.RETRY, "root")
        assert story.of("b").status is Status.ACTIVE
        assert story.undo().reason == "retry of Root and what is under it"
        assert {key: restored(each) for key, each in story.tree.sessions.items()} == before


class TestOrder:
    """Which decision is the last one."""

    def test_twice_goes_to_the_decision_before(self) -> None:
        story = shop()
        before = restored(story.of("a"))
        story.decide(Action.SKIP, "a")
        story.decide(Action.CANCEL, "b")
        assert [story.undo().reason, story.undo().reason] == ["cancel of B", "skip of A"]
        assert restored(story.of("a")) == before
        nothing = story.undo()
        assert (nothing.refused, nothing.changed, nothing.reason) == (False, False, NOTHING_LEFT)

    def test_decisions_on_one_session_come_back_one_by_one(self) -> None:
        story = shop()
        before = restored(story.of("a"))
        story.decide(Action.RETRY, "a")
        story.decide(Action.CANCEL, "a")
        story.decide(Action.SKIP, "a")
        assert [story.undo().reason for _ in range(3)] == ["skip of A", "cancel of A", "retry of A"]
        assert restored(story.of("a")) == before

    def test_what_a_failure_cancelled_is_nobodys_decision(self) -> None:
        story = shop()
        story.happens(e.SessionCancelled, "b", reason="its parent failed", decision_id="x", by="covey")
        assert story.undo().reason == NOTHING_LEFT

    def test_another_look_is_nothing_to_take_back(self) -> None:
        story = blocked_shop()
        story.decide(Action.RETRY, "root")
        assert story.of("root").phase is Phase.WAITING
        assert story.undo().reason == NOTHING_LEFT

    def test_a_request_that_means_an_older_decision_takes_back_no_newer_one(self) -> None:
        story = shop()
        seen = story.decide(Action.SKIP, "a")
        story.decide(Action.CANCEL, "b")
        late = story.undo(undoes=seen)
        assert (late.refused, late.reason) == (True, "another decision has come since: cancel of B, by ana")

    def test_the_same_request_twice_undoes_once(self) -> None:
        story = shop()
        story.decide(Action.SKIP, "a")
        seen = story.decide(Action.CANCEL, "b")
        assert story.undo(undoes=seen).changed
        doubled = story.undo(undoes=seen)
        assert (doubled.refused, doubled.changed, doubled.reason) == (False, False, "it is undone already")
        assert story.of("a").status is Status.SKIPPED


class TestRefused:
    """What has moved since cannot be taken back, and is named."""

    def test_once_a_retry_has_started(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a")
        story.happens(e.SessionStarted, "a")
        assert (story.undo().refused, story.undo().reason) == (True, "cannot undo the retry of A: A has started")

    def test_once_one_of_several_has_started_nothing_is_undone(self) -> None:
        story = shop()
        story.happens(e.ArtifactMissing, "d", path="docs/design/d.md")
        story.decide(Action.RETRY, "a", "d")
        story.happens(e.SessionStarted, "d")
        assert story.undo().reason == "cannot undo the retry of 2 sessions: D has started"
        assert story.of("a").phase is Phase.QUEUED

    def test_one_that_started_in_between_has_started(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a")
        story.happens(e.SessionStarted, "a")
        story.decide(Action.CANCEL, "a")
        assert story.undo().changed
        assert story.undo().reason == "cannot undo the retry of A: A has started"

    def test_once_a_session_has_changed(self) -> None:
        story = shop()
        story.decide(Action.RETRY, "a")
        story.happens(e.SessionCancelled, "a", reason="its parent failed", decision_id="x", by="covey")
        assert story.undo().reason == "cannot undo the retry of A: A has changed since, it is cancelled"

    def test_once_the_parent_has_passed_its_spawn_step(self) -> None:
        story = blocked_shop()
        story.decide(Action.SKIP, "a")
        spawn = {"command": CommandKind.SPAWN_SESSIONS}
        story.happens(e.CommandIssued, "root", interaction_id="i1", step=SPAWN, **spawn)
        assert story.undoing().changed
        ended(story, "root", ResultStatus.OK)
        assert story.undoing().changed
        story.happens(e.CommandIssued, "root", interaction_id="i2", step=REVIEW, **spawn)
        assert story.undo().reason == f"cannot undo the skip of A: Root is already at {REVIEW}"

    def test_once_the_parent_has_ended(self) -> None:
        story = blocked_shop()
        story.decide(Action.SKIP, "a")
        story.happens(e.SessionCompleted, "root")
        assert story.undo().reason == "cannot undo the skip of A: Root is already complete"

    def test_under_a_parent_that_had_ended_before(self) -> None:
        story = shop()
        story.decide(Action.CANCEL, "root")
        story.decide(Action.SKIP, "a")
        assert story.undo().reason == "skip of A"
        assert story.of("a").status is Status.FAILED

    def test_a_log_that_does_not_tell_the_past(self) -> None:
        story = shop()
        story.decide(Action.SKIP, "a")
        history = decisions(story.log)._replace(events=tuple(story.log[8:]))
        run = [story.of("root"), *story.tree.below("root")]
        refused = undo(story.request("root", Action.UNDO), run, history, passed, at(200))
        assert refused.refused
        assert refused.reason == "cannot undo the skip of A: the log does not tell what was before"


class TestAnyHistory:
    """Whatever legal events came before, and whichever decisions."""

    @given(logs(), st.data())
    def test_a_decision_and_its_undo_give_back_what_was(self, log: list[e.AnyEvent], data: st.DataObject) -> None:
        story = Story(*log)
        chosen = data.draw(st.lists(st.sampled_from(sorted(story.tree.sessions)), min_size=1, unique=True))
        before = dict(story.tree.sessions)
        story.decide(data.draw(st.sampled_from(ACTIONS)), *chosen)
        made = decisions(story.log).last
        touched = set(made.session_ids) if made else set()
        decision = story.undo()
        assert decision.changed is bool(made)
        for key, session in story.tree.sessions.items():
            was = before[key]
            if key in touched and was.status is Status.ACTIVE:
                assert (session.status, session.phase) == (Status.ACTIVE, Phase.QUEUED)
                assert session.attempt > was.attempt
                assert session.skip_reason is None
            else:
                assert restored(session) | {"needs_human": None, "error_message": None} == restored(was) | {
                    "needs_human": None,
                    "error_message": None,
                }
                if is_terminal(was):
                    assert session.error_message == was.error_message

    @given(logs(), st.data())
    def test_several_decisions_come_back_in_turn(self, log: list[e.AnyEvent], data: st.DataObject) -> None:
        story = Story(*log)
        before = dict(story.tree.sessions)
        count = 0
        for _ in range(data.draw(st.integers(1, 4))):
            chosen = data.draw(st.sampled_from(sorted(story.tree.sessions)))
            last = decisions(story.log).last
            story.decide(data.draw(st.sampled_from(ACTIONS)), chosen)
            count += decisions(story.log).last != last
        for _ in range(count):
            assert story.undo().changed
        assert story.undo().reason == NOTHING_LEFT
        for key, was in before.items():
            now = story.of(key)
            assert now.status is was.status
            if is_terminal(was):
                assert restored(now) == restored(was)

    @given(logs(), st.data())
    def test_refused_changes_nothing_and_says_why(self, log: list[e.AnyEvent], data: st.DataObject) -> None:
        story = Story(*log)
        story.decide(data.draw(st.sampled_from(ACTIONS)), data.draw(st.sampled_from(sorted(story.tree.sessions))))
        made = decisions(story.log).last
        for key in made.session_ids if made else ():
            if story.of(key).phase is Phase.QUEUED and data.draw(st.booleans()):
                story.happens(e.SessionStarted, key)
        rows = msgspec.json.encode(dict(story.tree.sessions))
        decision = story.undoing()
        assert msgspec.json.encode(dict(story.tree.sessions)) == rows
        assert decision.reason
        assert decision.changed is not (decision.refused or decision.reason == NOTHING_LEFT)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (SPAWN, SPAWN, False),
        (SPAWN, None, False),
        (SPAWN, "Initialize", False),
        (SPAWN, REVIEW, True),
        (SPAWN, "Finalize", True),
        (REVIEW, REVIEW, False),
        (None, SPAWN, False),
        ("Initialize", SPAWN, False),
        (None, REVIEW, True),
        (REVIEW, SPAWN, False),
        ("Finalize", "Finalize", False),
        (SPAWN, "NoSuchStep", True),
    ],
)
def test_when_a_parent_has_passed(then: str | None, now: str | None, *, expected: bool) -> None:
    assert has_passed(WORKFLOWS["ContextComponentsDesignSessions"], then, now) is expected


def test_of_an_unknown_workflow_every_other_step_is_beyond() -> None:
    assert has_passed(None, "A", "B") is True
    assert has_passed(None, "A", "A") is False
