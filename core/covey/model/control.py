"""What a human may ask of a session, and when: one table for the engine, the command line and the screen."""

from datetime import datetime
from enum import StrEnum

import msgspec

from covey.model.status import Status


class Action(StrEnum):
    """What a human may ask for: of a session, or (pause, resume and undo, which name its root) of a whole run."""

    RETRY = "retry"
    SKIP = "skip"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    UNDO = "undo"
    MESSAGE = "message"


DONE: dict[Action, str] = {
    Action.RETRY: "retried",
    Action.SKIP: "skipped",
    Action.CANCEL: "cancelled",
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.UNDO: "undone",
    Action.MESSAGE: "told",
}
"""What a session or run has been, once it was done."""

OF_RUNS = frozenset({Action.PAUSE, Action.RESUME})
"""What is asked of a whole run, and decided by its root alone."""


class Standing(StrEnum):
    """A session as a human meets it: its status, with the two cases that make a difference to an action."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    COMPLETE = "complete"
    FILE_MISSING = "file_missing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


CONTROLS: dict[Action, frozenset[Standing]] = {
    # retry of an active session is a restart; of a blocked parent, another look
    Action.RETRY: frozenset(Standing) - {Standing.COMPLETE},
    Action.SKIP: frozenset(Standing) - {Standing.COMPLETE, Standing.SKIPPED},
    Action.CANCEL: frozenset({Standing.ACTIVE, Standing.BLOCKED}),
    Action.PAUSE: frozenset({Standing.ACTIVE, Standing.BLOCKED}),
    Action.RESUME: frozenset({Standing.ACTIVE, Standing.BLOCKED}),
    # whatever has become of a run: what counts is its last decision
    Action.UNDO: frozenset(Standing),
    # and only where the agent takes messages, or asks (`covey.model.message`)
    Action.MESSAGE: frozenset({Standing.ACTIVE}),
}
"""In which standings each action is possible at all; `decision` and `undo` have the fine print."""

AS_WISHED: dict[Action, Standing] = {Action.SKIP: Standing.SKIPPED, Action.CANCEL: Standing.CANCELLED}
"""Where the action has nothing left to do: settled, with nothing changed."""


class RequestState(StrEnum):
    """Where a control request stands."""

    QUEUED = "queued"
    SETTLED = "settled"
    REFUSED = "refused"


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish left in the store for the engine.

    `attempt` and `status` are those it was decided on; only these two are compared when the engine takes it.
    `decision_id` is shared by all requests of one bulk action. `changed` and `outcome` are set by the engine.
    With `force` a retry is made although it has failed the same way before, or was made too often; a `hard` pause lets
    no session of the run take another step. An undo names in `undoes` the decision that was the last one for whoever
    asked. A `message` answers the question whose id is in `answers`, or none where nothing was asked. A resume may set
    what the run may spend from then on: `budget_usd` in US dollars, `budget_tokens`.
    """

    id: str
    session_id: str
    action: Action
    attempt: int
    status: Status
    decision_id: str
    requested_by: str
    requested_at: datetime
    reason: str | None = None
    note: str | None = None
    resume: bool = False
    now: bool = False
    agent: str | None = None
    model: str | None = None
    force: bool = False
    hard: bool = False
    undoes: str | None = None
    message: str | None = None
    answers: str | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    state: RequestState = RequestState.QUEUED
    changed: bool | None = None
    outcome: str | None = None
