"""`apply` against the picture: what is legal keeps the invariants, all else raises and changes nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.budget import Budget
from covey.model.command import CommandKind, ResultStatus
from covey.model.control import Action
from covey.model.message import Message
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.reducer import LEGAL, apply
from covey.model.session import Session, undecided
from covey.model.status import TERMINAL, ArtifactState, ExecutionMode, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from tests.model.picture import (
    ASKS_OF_COMMAND,
    LEGAL_STANDINGS,
    STANDINGS,
    asks_too_much,
    column_of,
    is_legal,
    may_have_an_open_command,
    row_of,
)
from tests.model.strategies import at, created, events_for, logs, trees

OPEN = {"session_id": "s", "run_id": "root", "attempt": 1}
DECIDED = {"decision_id": "d1", "by": "ada"}
OF_ANY_ATTEMPT = {"late_result", "session_retried", "decision_undone", "usage_recorded"}
"""The rows of the picture that may name another attempt than the present one."""


def event_of(row: str, session: Session) -> e.AnyEvent:
    """A well-made event for a row of the picture."""
    head = {**OPEN, "at": at(50), "attempt": session.attempt}
    done = {**head, "interaction_id": session.pending or "i9", "step": "Generate", "status": ResultStatus.OK}
    makers = {
        "session_started": lambda: e.SessionStarted(**head),
        "command_issued": lambda: e.CommandIssued(
            **head, interaction_id="i9", step="Generate", command=CommandKind.AGENT
        ),
        "result_recorded": lambda: e.ResultRecorded(**done),
        "late_result": lambda: e.ResultRecorded(**done, late=True),
        "session_reconfigured": lambda: e.SessionReconfigured(**head, agent="other", model="m"),
        "session_blocked": lambda: e.SessionBlocked(**head, reason="failed: A", needs_human={"failed": ["A"]}),
        "session_unblocked": lambda: e.SessionUnblocked(**head),
        "session_stalled": lambda: e.SessionStalled(**head, since=at(40)),
        "session_revived": lambda: e.SessionRevived(**head),
        "session_paused": lambda: e.SessionPaused(**head),
        "question_asked": lambda: e.QuestionAsked(**head, question_id="q1", question="euros or cents?"),
        "question_answered": lambda: e.QuestionAnswered(**head, **DECIDED, question_id="q1", answer="cents"),
        "message_sent": lambda: e.MessageSent(**head, **DECIDED, message_id="m2", message="use cents"),
        "message_delivered": lambda: e.MessageDelivered(**head, message_ids=("m1",)),
        "session_interrupted": lambda: e.SessionInterrupted(**head, reason="engine died"),
        "undecided_interrupted": lambda: e.SessionInterrupted(**head, reason="engine died", needs_human="may write"),
        "session_completed": lambda: e.SessionCompleted(**head),
        "session_failed": lambda: e.SessionFailed(**head, cause=FailureCause.TIMEOUT, reason="too slow"),
        "session_cancelled": lambda: e.SessionCancelled(**head, **DECIDED, reason="enough"),
        "session_skipped": lambda: e.SessionSkipped(**head, **DECIDED, reason="not needed"),
        "session_retried": lambda: e.SessionRetried(**{**head, "attempt": 2}, **DECIDED, agent="offline"),
        "decision_undone": lambda: e.DecisionUndone(
            **{**head, "attempt": session.attempt + 1}, **DECIDED, action=Action.CANCEL, status=Status.ACTIVE, agent="a"
        ),
        "usage_recorded": lambda: e.UsageRecorded(**head, step="Generate", model="m", tokens={"input": 7}),
        "artifact_found": lambda: e.ArtifactFound(**head, path="docs/design/s.md"),
        "artifact_missing": lambda: e.ArtifactMissing(**head, path="docs/design/s.md"),
        "run_paused": lambda: e.RunPaused(**head, **DECIDED, kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough"),
        "run_resumed": lambda: e.RunResumed(**head, **DECIDED),
        "budget_set": lambda: e.BudgetSet(**head, **DECIDED, budget=Budget(id="d1", usd=1.5)),
    }
    return makers[row]()


def standing(column: str, *, command: str = "closed") -> Session | None:
    """A session as it stands in a column of the picture, or None where a command cannot be open, or closed."""
    base = msgspec.structs.replace(
        lived([created("s", "root")]),
        artifact=ArtifactState.PRESENT,
        decision_id=DECIDED["decision_id"],
        abilities=(Ability.MESSAGES,),
        messages=(Message(id="m1", text="use euros", by="ada"),),
    )
    at_work = {"step": "Generate", "command": CommandKind.AGENT, "pending": "i1" if command == "open" else None}
    by_column = {
        "queued": {"artifact": ArtifactState.UNKNOWN},
        "running": {"phase": Phase.RUNNING},
        "waiting": {"phase": Phase.WAITING},
        "blocked": {"phase": Phase.BLOCKED},
        "interrupted": {"phase": Phase.INTERRUPTED},
        "stalled": {"phase": Phase.STALLED, "stalled_since": at(40)},
        "asking": {"phase": Phase.ASKING, "question": "euros or cents?", "question_id": "q1"},
        "undecided": {"phase": Phase.INTERRUPTED, "needs_human": {"interrupted": "it may still write"}},
        "complete": {"status": Status.COMPLETE, "phase": None},
        "file_missing": {"status": Status.COMPLETE, "phase": None, "artifact": ArtifactState.MISSING},
        "failed": {"status": Status.FAILED, "phase": None},
        "cancelled": {"status": Status.CANCELLED, "phase": Phase.CANCELLING if command == "open" else None},
        "skipped": {"status": Status.SKIPPED, "phase": Phase.CANCELLING if command == "open" else None},
    }
    session = msgspec.structs.replace(base, **at_work, **by_column[column])
    if column in {"stalled", "asking"} and session.pending is None:
        return None
    return session if session.pending is None or may_have_an_open_command(session) else None


def as_run(row: str, session: Session) -> Session:
    """The same session as a root, and paused where a run is to be resumed; as it is for all other rows."""
    if not row.startswith(("run_", "budget_")):
        return session
    paused = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough", since=at(1), by="ada")
    return msgspec.structs.replace(session, session_id=None, paused=paused if row == "run_resumed" else None)


def lived(log: list[e.AnyEvent]) -> Session:
    """The session after all events of its log."""
    session: Session | None = None
    for event in log:
        session = apply(session, event)
    assert session is not None
    return session


def frozen(session: Session | None) -> bytes:
    """Everything a session holds, to see that nothing of it changed."""
    return msgspec.json.encode(session)


class TestPicture:
    """Every row against every column: an `x` is applied, a dot raises."""

    def test_the_picture_has_a_row_for_every_rule(self) -> None:
        assert LEGAL_STANDINGS.keys() - {"late_result", "undecided_interrupted"} == {
            kind.__struct_config__.tag for kind in LEGAL
        }

    @pytest.mark.parametrize("command", ["open", "closed"])
    @pytest.mark.parametrize("column", STANDINGS)
    @pytest.mark.parametrize("row", sorted(LEGAL_STANDINGS))
    def test_cell(self, row: str, column: str, command: str) -> None:
        session = standing(column, command=command)
        if session is None:
            assert column in {"blocked", "complete", "file_missing", "failed", "stalled", "asking"}
            return
        session = as_run(row, session)
        event = event_of(row, session)
        suits = ASKS_OF_COMMAND[row] in {command, "-"} and not asks_too_much(session, event)
        if column in LEGAL_STANDINGS[row] and suits:
            after = apply(session, event)
            assert after is not None
            assert after.version == session.version + 1
            assert after.updated_at == event.at
        else:
            before = frozen(session)
            with pytest.raises(IllegalEventError, match=r"session s\b"):
                apply(session, event)
            assert frozen(session) == before

    @pytest.mark.parametrize("row", sorted(LEGAL_STANDINGS.keys() - OF_ANY_ATTEMPT))
    def test_what_another_attempt_has_come_to_is_not_this_ones(self, row: str) -> None:
        column = next(each for each in STANDINGS if each in LEGAL_STANDINGS[row])
        is_open = ASKS_OF_COMMAND[row] == "open" or column in {"stalled", "asking"}
        session = standing(column, command="open" if is_open else "closed")
        assert session is not None
        session = msgspec.structs.replace(as_run(row, session), attempt=2)
        for attempt in (1, 3):
            with pytest.raises(IllegalEventError, match="session s is at attempt 2"):
                apply(session, msgspec.structs.replace(event_of(row, session), attempt=attempt))

    @pytest.mark.parametrize(
        ("before", "row", "after"),
        [
            ("queued", "session_started", "running"),
            ("waiting", "session_blocked", "blocked"),
            ("blocked", "session_unblocked", "waiting"),
            ("running", "session_interrupted", "interrupted"),
            ("waiting", "session_interrupted", "interrupted"),
            ("interrupted", "session_started", "running"),
            ("stalled", "session_revived", "running"),
            ("stalled", "session_interrupted", "interrupted"),
            ("stalled", "session_cancelled", "cancelled"),
            ("running", "session_paused", "queued"),
            ("running", "question_asked", "asking"),
            ("asking", "question_asked", "asking"),
            ("queued", "question_asked", "asking"),
            ("asking", "question_answered", "queued"),
            ("asking", "session_interrupted", "interrupted"),
            ("asking", "session_cancelled", "cancelled"),
            ("running", "undecided_interrupted", "undecided"),
            ("interrupted", "undecided_interrupted", "undecided"),
            ("undecided", "session_interrupted", "interrupted"),
            ("undecided", "session_cancelled", "cancelled"),
            ("running", "session_completed", "complete"),
            ("waiting", "session_completed", "complete"),
            ("running", "session_failed", "failed"),
            ("blocked", "session_cancelled", "cancelled"),
            ("running", "session_skipped", "skipped"),
            ("file_missing", "session_skipped", "skipped"),
            ("file_missing", "session_retried", "queued"),
            ("failed", "session_retried", "queued"),
            ("cancelled", "session_retried", "queued"),
            ("skipped", "session_retried", "queued"),
            ("queued", "decision_undone", "queued"),
            ("cancelled", "decision_undone", "queued"),
            ("skipped", "decision_undone", "queued"),
            ("file_missing", "artifact_found", "complete"),
            ("complete", "artifact_missing", "file_missing"),
        ],
    )
    def test_arrow(self, before: str, row: str, after: str) -> None:
        is_open = before in {"stalled", "asking"} or row in {"session_paused", "question_asked"}
        session = standing(before, command="open" if is_open else "closed")
        assert session is not None
        moved = apply(session, event_of(row, session))
        assert moved is not None
        assert column_of(moved) == after

    @pytest.mark.parametrize(
        ("command", "phase"),
        [
            (CommandKind.SPAWN_SESSIONS, Phase.WAITING),
            (CommandKind.AGENT, Phase.RUNNING),
            (CommandKind.CHECK, Phase.RUNNING),
        ],
    )
    def test_a_session_that_spawned_waits_and_goes_on_waiting_after_an_interruption(
        self, command: CommandKind, phase: Phase
    ) -> None:
        head = {**OPEN, "at": at(1)}
        log = [
            created("s"),
            e.SessionStarted(**head),
            e.CommandIssued(**head, interaction_id="i1", step="Any", command=command),
        ]
        assert lived(log).phase is phase
        died = e.SessionInterrupted(**head, reason="engine died")
        assert lived([*log, died, e.SessionStarted(**head)]).phase is phase


class TestSaid:
    """What was said to an agent stands on its session's row until the agent has it for good."""

    def test_an_answer_ends_the_question_and_waits_like_a_message(self) -> None:
        asking = standing("asking", command="open")
        answered = apply(asking, event_of("question_answered", lived([created("s", "root")])))
        assert answered is not None
        assert (answered.phase, answered.question, answered.question_id) == (Phase.QUEUED, None, None)
        assert answered.messages[-1] == Message(id="q1", text="cents", by="ada", question="euros or cents?")
        goes_on = apply(answered, event_of("session_started", answered))
        assert goes_on is not None
        assert (goes_on.phase, goes_on.pending) == (Phase.RUNNING, "i1")
        delivered = apply(goes_on, e.MessageDelivered(**OPEN, at=at(60), message_ids=("m1", "q1")))
        assert delivered is not None
        assert delivered.messages == ()

    @pytest.mark.parametrize("row", ["result_recorded", "late_result", "session_cancelled", "session_skipped"])
    def test_what_ends_the_wait_ends_the_question_and_its_answer_but_no_message(self, row: str) -> None:
        asking = standing("asking", command="open")
        assert asking is not None
        answered = apply(asking, event_of("question_answered", asking))
        for before in (asking, answered):
            after = apply(before, event_of(row, asking))
            assert after is not None
            assert (after.question, after.question_id) == (None, None)
            assert [message.id for message in after.messages] == ["m1"]

    def test_a_message_that_was_not_handed_over_is_kept_for_the_next_attempt(self) -> None:
        failed = standing("failed")
        again = apply(failed, event_of("session_retried", lived([created("s", "root")])))
        assert again is not None
        assert [message.text for message in again.messages] == ["use euros"]

    def test_nothing_is_said_to_an_agent_that_takes_no_messages(self) -> None:
        session = msgspec.structs.replace(lived([created("s", "root")]), phase=Phase.RUNNING)
        with pytest.raises(IllegalEventError, match="its agent takes no messages"):
            apply(session, event_of("message_sent", session))

    def test_a_result_of_an_agent_that_waits_for_no_answer_any_more_is_taken(self) -> None:
        asking = standing("asking", command="open")
        assert asking is not None
        for before in (asking, apply(asking, event_of("question_answered", asking))):
            after = apply(before, event_of("result_recorded", asking))
            assert after is not None
            assert (after.phase, after.pending) == (Phase.RUNNING, None)

    def test_another_question_takes_the_place_of_one_that_nobody_waits_for(self) -> None:
        asking = standing("asking", command="open")
        assert asking is not None
        other = apply(asking, e.QuestionAsked(**OPEN, at=at(60), question_id="q2", question="which ones?"))
        assert other is not None
        assert (other.question_id, other.question) == ("q2", "which ones?")
        with pytest.raises(IllegalEventError, match="it asks something else"):
            apply(other, event_of("question_answered", asking))


class TestStalled:
    """A session at work that has fallen silent keeps its command, and its last sign of life is known as long."""

    def test_it_stalls_while_a_command_is_at_work_and_goes_on_with_it(self) -> None:
        session = standing("running", command="open")
        stalled = apply(session, event_of("session_stalled", lived([created("s", "root")])))
        assert stalled is not None
        assert (stalled.phase, stalled.stalled_since, stalled.pending) == (Phase.STALLED, at(40), "i1")
        revived = apply(stalled, event_of("session_revived", stalled))
        assert revived is not None
        assert (revived.phase, revived.stalled_since, revived.pending) == (Phase.RUNNING, None, "i1")

    @pytest.mark.parametrize("row", ["session_interrupted", "session_cancelled", "session_skipped", "session_revived"])
    def test_nothing_of_it_is_left_behind(self, row: str) -> None:
        stalled = standing("stalled", command="open")
        assert stalled is not None
        after = apply(stalled, event_of(row, stalled))
        assert after is not None
        assert after.stalled_since is None

    def test_a_late_result_of_its_own_command_leaves_it_at_work_without_one(self) -> None:
        stalled = standing("stalled", command="open")
        assert stalled is not None
        after = apply(stalled, event_of("late_result", stalled))
        assert after is not None
        assert (after.phase, after.pending, after.stalled_since) == (Phase.RUNNING, None, None)


class TestCreated:
    """A session is born once, by an event that names it and its run."""

    def test_takes_over_what_the_event_says(self) -> None:
        session = lived([created("s", "root", position=3, moment=7)])
        assert (session.id, session.run_id, session.session_id, session.position) == ("s", "root", "root", 3)
        assert (session.status, session.phase, session.attempt, session.version) == (Status.ACTIVE, Phase.QUEUED, 1, 1)
        assert session.execution_mode is ExecutionMode.AGENTIC
        assert session.inserted_at == session.updated_at == at(7)

    def test_twice_is_illegal(self) -> None:
        session = lived([created("s")])
        with pytest.raises(IllegalEventError, match="session_created"):
            apply(session, created("s"))

    @pytest.mark.parametrize("nameless", ["session_id", "run_id"])
    def test_without_a_name_is_illegal(self, nameless: str) -> None:
        with pytest.raises(IllegalEventError, match="session_created"):
            apply(None, msgspec.structs.replace(created("s"), **{nameless: None}))

    @pytest.mark.parametrize("row", sorted(LEGAL_STANDINGS))
    def test_nothing_happens_to_a_session_that_does_not_exist(self, row: str) -> None:
        event = event_of(row, lived([created("s")]))
        with pytest.raises(IllegalEventError, match="there is no session s"):
            apply(None, event)


class TestChanges:
    """What single events change beside status and phase."""

    def test_a_retry_clears_what_the_attempt_left_and_keeps_what_is_the_sessions_own(self) -> None:
        failed = apply(standing("running"), event_of("session_failed", lived([created("s", "root")])))
        retried = e.SessionRetried(
            **{**OPEN, "attempt": 2}, **DECIDED, at=at(60), agent="other", model="m", note="mind X", resume_step="Check"
        )
        session = apply(failed, retried)
        assert session is not None
        assert (session.attempt, session.note, session.agent, session.model) == (2, "mind X", "other", "m")
        assert session.state == {"resume_step": "Check", "failure": "too slow", "missing_files": []}
        assert (session.error_message, session.failure_cause, session.finished_at, session.step) == (None,) * 4
        assert session.artifact is ArtifactState.UNKNOWN
        assert (session.component, session.module, session.inserted_at) == ("S", "shop.s", at(0))

    def test_what_was_paid_for_adds_up_by_kind_over_all_attempts(self) -> None:
        """Also of an attempt that is over; what has no price is kept apart, by model."""
        head = {"at": at(60), "run_id": "root", "session_id": "s", "step": "Generate"}
        paid = e.UsageRecorded(
            **head, attempt=1, model="known", tokens={"input": 100, "output": 20}, cost_usd=0.5, request_id="r1"
        )
        more = e.UsageRecorded(**head, attempt=1, model="known", tokens={"output": 5, "cache_read": 9}, cost_usd=0.25)
        free = e.UsageRecorded(**head, attempt=2, model="home", tokens={"input": 3, "output": 4})
        failed = apply(apply(standing("running"), paid), event_of("session_failed", lived([created("s", "root")])))
        again = apply(failed, event_of("session_retried", lived([created("s", "root")])))
        session = apply(apply(again, more), free)
        assert session is not None
        assert session.usage == {"input": 103, "output": 29, "cache_read": 9}
        assert (session.cost_usd, session.unpriced) == (0.75, {"home": 7})
        assert (session.attempt, session.status) == (2, Status.ACTIVE)

    def test_nobody_pays_for_an_attempt_that_has_not_begun(self) -> None:
        session = standing("running")
        assert session is not None
        early = e.UsageRecorded(**{**OPEN, "attempt": 2}, at=at(60), step="Generate", model="m", tokens={})
        with pytest.raises(IllegalEventError, match="its attempt is 1"):
            apply(session, early)

    @pytest.mark.parametrize("artifact", [ArtifactState.UNKNOWN, ArtifactState.MISSING])
    def test_a_session_that_owes_a_file_cannot_complete_without_it(self, artifact: ArtifactState) -> None:
        running = standing("running")
        assert running is not None
        without = msgspec.structs.replace(running, artifact=artifact)
        with pytest.raises(IllegalEventError, match="its artifact is not there"):
            apply(without, event_of("session_completed", without))
        owes_none = msgspec.structs.replace(without, artifact_path=None)
        done = apply(owes_none, event_of("session_completed", owes_none))
        assert done is not None
        assert done.status is Status.COMPLETE

    @pytest.mark.parametrize("skipped_first", [False, True])
    def test_the_new_attempt_knows_which_file_was_missing(self, *, skipped_first: bool) -> None:
        session = standing("file_missing")
        assert session is not None
        if skipped_first:
            session = apply(session, event_of("session_skipped", session))
            assert session is not None
        again = apply(session, event_of("session_retried", session))
        assert again is not None
        assert again.state["missing_files"] == ["docs/design/s.md"]
        assert again.state["failure"] == "its file docs/design/s.md is missing"

    def test_a_skipped_session_keeps_the_error_beside_the_reason_for_skipping(self) -> None:
        failed = apply(standing("running"), event_of("session_failed", lived([created("s", "root")])))
        session = apply(failed, event_of("session_skipped", lived([created("s", "root")])))
        assert session is not None
        assert (session.error_message, session.skip_reason) == ("too slow", "not needed")
        assert (session.decision_id, session.decided_by) == ("d1", "ada")

    @pytest.mark.parametrize("row", ["session_cancelled", "session_skipped"])
    def test_work_that_has_not_ended_is_shown_as_cancelling_until_its_late_result(self, row: str) -> None:
        running = standing("running", command="open")
        assert running is not None
        ending = apply(running, event_of(row, running))
        assert ending is not None
        assert ending.phase is Phase.CANCELLING
        ended = apply(ending, event_of("late_result", ending))
        assert ended is not None
        assert (ended.phase, ended.pending, ended.status) == (None, None, ending.status)

    def test_a_late_result_of_another_interaction_leaves_the_pending_one(self) -> None:
        running = standing("running", command="open")
        event = e.ResultRecorded(
            **OPEN, at=at(60), interaction_id="older", step="Any", status=ResultStatus.OK, late=True
        )
        session = apply(running, event)
        assert session is not None
        assert (session.pending, session.phase) == ("i1", Phase.RUNNING)

    def test_a_result_adds_to_the_state(self) -> None:
        running = standing("running", command="open")
        assert running is not None
        running = msgspec.structs.replace(running, state={"a": 1, "b": 1})
        event = e.ResultRecorded(
            **OPEN, at=at(60), interaction_id="i1", step="Any", status=ResultStatus.OK, updates={"state": {"b": 2}}
        )
        session = apply(running, event)
        assert session is not None
        assert session.state == {"a": 1, "b": 2}

    def test_a_pause_stands_on_the_root_until_the_run_goes_on(self) -> None:
        root = as_run("run_paused", lived([created("s", "root")]))
        paused = apply(root, event_of("run_paused", root))
        assert paused is not None
        assert paused.paused == Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough", since=at(50), by="ada")
        resumed = apply(paused, event_of("run_resumed", paused))
        assert resumed is not None
        assert resumed.paused is None

    def test_a_pause_can_go_further_and_not_back(self) -> None:
        root = as_run("run_paused", lived([created("s", "root")]))
        soft = event_of("run_paused", root)
        hard = msgspec.structs.replace(soft, mode=PauseMode.HARD)
        paused = apply(apply(root, soft), hard)
        assert paused is not None
        assert paused.paused is not None
        assert paused.paused.mode is PauseMode.HARD
        with pytest.raises(IllegalEventError, match="its run is paused already"):
            apply(paused, soft)

    @pytest.mark.parametrize("row", ["session_completed", "session_failed", "session_cancelled"])
    def test_a_run_that_has_ended_is_not_paused(self, row: str) -> None:
        running = standing("running")
        assert running is not None
        root = as_run("run_resumed", msgspec.structs.replace(running, artifact_path=None))
        ended = apply(root, event_of(row, root))
        assert ended is not None
        assert ended.paused is None

    def test_the_first_start_of_an_attempt_counts(self) -> None:
        head = {**OPEN, "at": at(1)}
        again = {**OPEN, "at": at(9)}
        died = e.SessionInterrupted(**head, reason="engine died")
        log = [created("s"), e.SessionStarted(**head), died, e.SessionStarted(**again)]
        assert lived(log).started_at == at(1)


def assert_holds_together(session: Session) -> None:
    """The invariants of a session, whatever has happened to it."""
    terminal = session.status in TERMINAL
    if session.status is Status.ACTIVE:
        assert session.phase not in {None, Phase.CANCELLING}
    elif session.status in {Status.CANCELLED, Status.SKIPPED}:
        assert session.phase in {None, Phase.CANCELLING}
    else:
        assert session.phase is None
    assert (session.phase is Phase.CANCELLING) == (terminal and session.pending is not None)
    assert session.pending is None or may_have_an_open_command(session)
    assert (session.finished_at is not None) == terminal
    waits_for_a_decision = session.phase is Phase.BLOCKED or undecided(session) is not None
    assert (session.needs_human is not None) == waits_for_a_decision
    assert session.paused is None or (session.session_id is None and not terminal)
    assert session.repeat is None or session.attempt > 1
    if session.status is Status.COMPLETE:
        assert session.artifact_path is None or session.artifact in {ArtifactState.PRESENT, ArtifactState.MISSING}
        assert session.error_message is None
        assert session.failure_cause is None
    if session.artifact is ArtifactState.MISSING:
        assert session.status in {Status.COMPLETE, Status.SKIPPED}
    if session.status is Status.FAILED:
        assert session.failure_cause is not None
        assert session.error_message is not None
    if session.status is Status.CANCELLED:
        assert session.decision_id is not None
        assert session.decided_by is not None
    assert (session.skip_reason is not None) == (session.status is Status.SKIPPED)
    assert session.inserted_at <= session.updated_at


class TestAnyLife:
    """Whatever legal events follow one another, in whatever order."""

    @given(logs())
    def test_keeps_the_invariants_at_every_moment(self, log: list[e.AnyEvent]) -> None:
        tree = SessionTree()
        for event in log:
            for changed in tree.fold([event]):
                assert_holds_together(tree.sessions[changed])

    @given(logs())
    def test_version_counts_the_events_and_attempt_the_retries_that_stand(self, log: list[e.AnyEvent]) -> None:
        tree = SessionTree()
        tree.fold(log)
        own = [event for event in log if isinstance(event, e.SessionCreated) or type(event) in LEGAL]
        for session in tree.sessions.values():
            events = [event for event in own if event.session_id == session.id]
            assert session.version == len(events)
            attempts = [event.attempt for event in events if isinstance(event, e.SessionRetried | e.DecisionUndone)]
            assert session.attempt == ([1, *attempts])[-1]
            assert session.attempt <= 1 + len(attempts)
            assert session.updated_at == events[-1].at

    @given(st.data())
    def test_an_event_is_applied_if_the_picture_allows_it_and_else_changes_nothing(self, data: st.DataObject) -> None:
        tree = data.draw(trees())
        session = tree.sessions[data.draw(st.sampled_from(sorted(tree.sessions)))]
        event = data.draw(events_for(session, moment=99))
        before = {key: frozen(each) for key, each in tree.sessions.items()}
        if is_legal(session, event):
            assert tree.fold([event]) == {session.id}
            assert_holds_together(tree.sessions[session.id])
        else:
            with pytest.raises(IllegalEventError, match=str(event.__struct_config__.tag)):
                tree.fold([event])
            assert {key: frozen(each) for key, each in tree.sessions.items()} == before
            assert frozen(session) == before[session.id]

    @given(st.data())
    def test_a_late_result_changes_nothing_that_counts(self, data: st.DataObject) -> None:
        tree = data.draw(trees())
        session = tree.sessions[data.draw(st.sampled_from(sorted(tree.sessions)))]
        event = data.draw(
            events_for(session, 99, [e.ResultRecorded]).filter(lambda each: row_of(each) == "late_result")
        )
        after = apply(session, event)
        assert after is not None
        moved = {"pending", "phase", "version", "updated_at"}
        changed = {name for name in session.__struct_fields__ if getattr(session, name) != getattr(after, name)}
        assert {"version", "updated_at"} <= changed <= moved
