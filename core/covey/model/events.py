"""What can happen. Every change of a session is one of these, appended to the log in the transaction that applies it.

An event names the run (`run_id`, the root's id), the session and its attempt; events of the engine itself name none.
The tag `event` is its name for programs (`covey events`), stable from its first release.
Which event is legal when, and what it changes, is told by `covey.model.reducer`.
"""

from datetime import datetime
from typing import Any

import msgspec

from covey.model.ability import Ability
from covey.model.budget import Budget
from covey.model.command import CommandKind, ResultStatus
from covey.model.control import Action
from covey.model.pause import PauseKind, PauseMode
from covey.model.retries import Repeat
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Status


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """The base of all events. `at` is UTC; the store makes it strictly increasing over the log."""

    at: datetime
    run_id: str | None = None
    session_id: str | None = None
    attempt: int | None = None


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """A run begins; its root session is created in the same transaction. `settings` are those it was started with."""

    project_root: str
    workflow: str
    context: str
    settings: dict[str, object] = {}


class RunAdopted(Event, frozen=True, kw_only=True, tag="run_adopted"):
    """An engine goes on with an unfinished run."""

    project_root: str
    workflow: str
    context: str
    settings: dict[str, object] = {}


class RunStopped(Event, frozen=True, kw_only=True, tag="run_stopped"):
    """A run's work was ended for now; its root stays active and can be adopted."""

    reason: str


class RunPaused(Event, frozen=True, kw_only=True, tag="run_paused"):
    """No session of the run starts from here on; if `hard`, none takes another step. `by` who, `cause` why.

    `limit` is that of the budget which is spent, where one is.
    """

    kind: PauseKind
    mode: PauseMode
    cause: str
    by: str
    decision_id: str
    limit: str | None = None


class RunResumed(Event, frozen=True, kw_only=True, tag="run_resumed"):
    """A paused run goes on."""

    by: str
    decision_id: str


class BudgetSet(Event, frozen=True, kw_only=True, tag="budget_set"):
    """So much may be spent from here on, by all runs whose roots have a budget with this id. `by` who."""

    budget: Budget
    by: str
    decision_id: str


class RunFinished(Event, frozen=True, kw_only=True, tag="run_finished"):
    """The root has ended. `exit_code` as in the command line's contract; `counts` by status, without the root."""

    exit_code: int
    counts: dict[str, int]


class SessionCreated(Event, frozen=True, kw_only=True, tag="session_created"):
    """A session exists from here on; `component` is the display name, `position` its place in spawn order."""

    project_id: str
    parent_id: str | None
    type: str
    component_id: str | None
    component: str
    module: str
    position: int = 0
    execution_mode: ExecutionMode
    agent: str
    model: str | None = None
    environment: str
    artifact_path: str | None = None
    state: dict[str, Any] = {}


class SessionStarted(Event, frozen=True, kw_only=True, tag="session_started"):
    """The session has its slot (or needs none) and its loop runs.

    It has so again when it goes on after a question or a pause. `abilities` are those of the agent that works for it.
    """

    abilities: tuple[Ability, ...] = ()


class CommandIssued(Event, frozen=True, kw_only=True, tag="command_issued"):
    """A step's command was stored as a pending interaction."""

    interaction_id: str
    step: str
    command: CommandKind


class ResultRecorded(Event, frozen=True, kw_only=True, tag="result_recorded"):
    """An interaction has its result. `late`: it came too late and changes nothing of the session."""

    interaction_id: str
    step: str
    status: ResultStatus
    updates: dict[str, Any] = {}
    late: bool = False


class SessionReconfigured(Event, frozen=True, kw_only=True, tag="session_reconfigured"):
    """Another agent or model holds from the next start or attempt on."""

    agent: str
    model: str | None


class SessionBlocked(Event, frozen=True, kw_only=True, tag="session_blocked"):
    """A parent cannot go on without a human; `needs_human` has the lists of its verdict."""

    reason: str
    needs_human: dict[str, Any]


class SessionUnblocked(Event, frozen=True, kw_only=True, tag="session_unblocked"):
    """Something changed that could change the verdict; the parent looks again."""


class SessionStalled(Event, frozen=True, kw_only=True, tag="session_stalled"):
    """A session at work has given no sign of life for too long, not after `since`; it keeps its slot and goes on."""

    since: datetime


class SessionRevived(Event, frozen=True, kw_only=True, tag="session_revived"):
    """A stalled session has given a sign of life."""


class SessionPaused(Event, frozen=True, kw_only=True, tag="session_paused"):
    """A session at work stands still at its next turn, since its run is hard paused; its slot is given back."""


class QuestionAsked(Event, frozen=True, kw_only=True, tag="question_asked"):
    """The agent asks the human, and waits; the session's slot is given back meanwhile."""

    question_id: str
    question: str


class QuestionAnswered(Event, frozen=True, kw_only=True, tag="question_answered"):
    """A human has answered; the session waits for a slot, and its agent gets the answer then."""

    question_id: str
    answer: str
    by: str
    decision_id: str


class MessageSent(Event, frozen=True, kw_only=True, tag="message_sent"):
    """The engine has taken a message of a human; the agent gets it before its next turn."""

    message_id: str
    message: str
    by: str
    decision_id: str


class MessageDelivered(Event, frozen=True, kw_only=True, tag="message_delivered"):
    """The agent has these messages (answers among them) for good: nothing gives them to it again."""

    message_ids: tuple[str, ...]


class SessionInterrupted(Event, frozen=True, kw_only=True, tag="session_interrupted"):
    """The engine that worked on this session died or was stopped.

    `needs_human` says why it would not be safe to go on with it before somebody has decided; None where it is.
    """

    reason: str
    needs_human: str | None = None


class SessionCompleted(Event, frozen=True, kw_only=True, tag="session_completed"):
    """The session ended well. `kept`: its artifact was there and valid, no agent ran in this attempt."""

    kept: bool = False


class SessionFailed(Event, frozen=True, kw_only=True, tag="session_failed"):
    """The session ended with an error."""

    cause: FailureCause
    reason: str


class SessionCancelled(Event, frozen=True, kw_only=True, tag="session_cancelled"):
    """A decision (or a parent that failed) ended the session."""

    reason: str
    decision_id: str
    by: str


class SessionSkipped(Event, frozen=True, kw_only=True, tag="session_skipped"):
    """A human decided to go on without this session."""

    reason: str
    decision_id: str
    by: str


class SessionRetried(Event, frozen=True, kw_only=True, tag="session_retried"):
    """A new attempt of an ended session; `attempt` is the new one. `resume_step` None begins at the first step.

    `conversation` is the one that its agent begins; None goes on with the one before. `failure_cause` is why the
    attempt before it failed, where it did.
    """

    note: str | None = None
    resume_step: str | None = None
    conversation: int | None = None
    failure_cause: FailureCause | None = None
    agent: str
    model: str | None = None
    decision_id: str
    by: str


class DecisionUndone(Event, frozen=True, kw_only=True, tag="decision_undone"):
    """A human took a decision (`decision_id`, `action`) back; one event for each session that it had changed.

    The rest is what the session is from here on: what it was before the decision. One that was active has status
    `active`, a new `attempt` and no end, and goes on at the step that its `state` names.
    """

    decision_id: str
    action: Action
    by: str
    status: Status
    error_message: str | None = None
    failure_cause: FailureCause | None = None
    skip_reason: str | None = None
    earlier_decision_id: str | None = None
    earlier_decided_by: str | None = None
    step: str | None = None
    command: CommandKind | None = None
    note: str | None = None
    conversation: int = 1
    agent: str
    model: str | None = None
    artifact: ArtifactState = ArtifactState.UNKNOWN
    kept: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    repeat: Repeat | None = None
    state: dict[str, Any] = {}


class UsageRecorded(Event, frozen=True, kw_only=True, tag="usage_recorded"):
    """One turn of a model was paid for, by whichever attempt of the session: `tokens` by kind (see `model/usage.py`).

    `cost_usd` is what it cost by the prices of that moment, None where the model has none. `request_id` is the
    provider's: what a session has recorded under one is never recorded again.
    """

    step: str
    model: str
    tokens: dict[str, int]
    cost_usd: float | None = None
    request_id: str | None = None


class ArtifactFound(Event, frozen=True, kw_only=True, tag="artifact_found"):
    """The session's file is there, seen by the engine. `path` is relative to the project root."""

    path: str


class ArtifactMissing(Event, frozen=True, kw_only=True, tag="artifact_missing"):
    """The file of a complete session is gone. `path` is relative to the project root."""

    path: str


class ControlRequested(Event, frozen=True, kw_only=True, tag="control_requested"):
    """The engine took a request from the inbox; `note` is what is to be said to the agent."""

    request_id: str
    decision_id: str
    action: Action
    by: str
    reason: str | None = None
    note: str | None = None


class ControlSettled(Event, frozen=True, kw_only=True, tag="control_settled"):
    """The engine decided a request. `changed` false with a reason: refused, or already as wished."""

    request_id: str
    decision_id: str
    action: Action
    changed: bool
    refused: bool = False
    reason: str | None = None


class EngineStarted(Event, frozen=True, kw_only=True, tag="engine_started"):
    """An engine holds the project's lock.

    `died`: the one before it did not leave in good order. How the sessions stand that were active then: `resumed` go
    on at the step that was interrupted, `adopted` had nothing at work, `waiting` wait for a human's decision.
    """

    pid: int
    epoch: int
    version: str
    died: bool = False
    resumed: int = 0
    adopted: int = 0
    waiting: int = 0


class SlotsChanged(Event, frozen=True, kw_only=True, tag="slots_changed"):
    """So many sessions may work at the same time from here on, over all runs of the engine."""

    slots: int
    by: str


class CredentialPaused(Event, frozen=True, kw_only=True, tag="credential_paused"):
    """The API refuses a credential, or what it allows is used up: none of the `agents` that work with it is started.

    It belongs to no run. `resets_at` is when that is over, where it is known; `by_itself`: it is resumed then.
    `fingerprint` (salted) tells whether a later value is another one.
    """

    credential: str
    cause: FailureCause
    reason: str
    agents: tuple[str, ...]
    resets_at: datetime | None = None
    by_itself: bool = False
    fingerprint: str | None = None
    by: str


class CredentialResumed(Event, frozen=True, kw_only=True, tag="credential_resumed"):
    """Who works with a credential goes on. `reason` says why, where nobody has asked for it."""

    credential: str
    by: str
    reason: str | None = None


class EngineStopped(Event, frozen=True, kw_only=True, tag="engine_stopped"):
    """The engine gave the lock up."""

    pid: int
    reason: str


AnyEvent = (
    RunStarted
    | RunAdopted
    | RunStopped
    | RunPaused
    | RunResumed
    | BudgetSet
    | RunFinished
    | SessionCreated
    | SessionStarted
    | CommandIssued
    | ResultRecorded
    | SessionReconfigured
    | SessionBlocked
    | SessionUnblocked
    | SessionStalled
    | SessionRevived
    | SessionPaused
    | QuestionAsked
    | QuestionAnswered
    | MessageSent
    | MessageDelivered
    | SessionInterrupted
    | SessionCompleted
    | SessionFailed
    | SessionCancelled
    | SessionSkipped
    | SessionRetried
    | DecisionUndone
    | UsageRecorded
    | ArtifactFound
    | ArtifactMissing
    | ControlRequested
    | ControlSettled
    | EngineStarted
    | SlotsChanged
    | CredentialPaused
    | CredentialResumed
    | EngineStopped
)


class Entry(msgspec.Struct, frozen=True):
    """One line of the log: an event and its number, which counts over the project's whole log without gaps."""

    seq: int
    event: AnyEvent
