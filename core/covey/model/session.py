"""A session: its record, and what can be said of it by its row alone. What changes it is in `covey.model.reducer`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from covey.model.ability import Ability
from covey.model.budget import Budget
from covey.model.command import CommandKind
from covey.model.control import Standing
from covey.model.message import Message
from covey.model.pause import Pause
from covey.model.retries import Repeat
from covey.model.status import TERMINAL, ArtifactState, ExecutionMode, FailureCause, Phase, Status


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session's present state, folded from its events. `session_id` is its parent's id, None for a root.

    `step` and `command` are those of its newest interaction, `pending` that interaction's id while it has no result.
    `artifact_path` is relative to the project root, None for sessions without a file of their own.
    `needs_human` is the verdict that blocks it; of one that was interrupted, why it does not go on by itself (see
    `undecided`). `stalled_since` is its last sign of life while it is stalled. `paused` is the pause of its run and
    `budget` what that may spend; both stand on a root alone. `repeat` is the retry that failed last, counted with those
    before it that were and failed alike. `abilities` are those of the agent that works for it. `question` is what that
    agent asks, while it waits for the answer; `messages` are what humans have said to it, as long as it does not have
    them for good. `usage` counts tokens by kind over all attempts; `cost_usd` is what those with a price have cost, in
    US dollars, and `unpriced` counts the others by their models. `conversation` is the attempt in which the
    conversation with its agent began: a later attempt goes on with it, or begins its own.
    """

    id: str
    project_id: str
    run_id: str
    session_id: str | None
    type: str
    component_id: str | None
    component: str
    module: str
    position: int = 0
    status: Status = Status.ACTIVE
    phase: Phase | None = Phase.QUEUED
    execution_mode: ExecutionMode
    agent: str
    model: str | None = None
    environment: str
    state: dict[str, Any] = {}
    attempt: int = 1
    step: str | None = None
    command: CommandKind | None = None
    pending: str | None = None
    note: str | None = None
    artifact: ArtifactState = ArtifactState.UNKNOWN
    artifact_path: str | None = None
    kept: bool = False
    needs_human: dict[str, Any] | None = None
    stalled_since: datetime | None = None
    paused: Pause | None = None
    budget: Budget | None = None
    repeat: Repeat | None = None
    abilities: tuple[Ability, ...] = ()
    question: str | None = None
    question_id: str | None = None
    messages: tuple[Message, ...] = ()
    error_message: str | None = None
    failure_cause: FailureCause | None = None
    skip_reason: str | None = None
    decision_id: str | None = None
    decided_by: str | None = None
    usage: dict[str, int] = {}
    cost_usd: float | None = None
    conversation: int = 1
    unpriced: dict[str, int] = {}
    external_conversation_id: str | None = None
    inserted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime
    version: int = 1


def about(session: Session) -> dict[str, Any]:
    """The fields by which every event says which session it is of."""
    return {"run_id": session.run_id, "session_id": session.id, "attempt": session.attempt}


def is_terminal(session: Session) -> bool:
    """The session has ended."""
    return session.status in TERMINAL


def file_is_missing(session: Session) -> bool:
    """The session is complete, but its file has gone since."""
    return session.status is Status.COMPLETE and session.artifact is ArtifactState.MISSING


def state_of(session: Session) -> str:
    """The state by which a session is shown: its phase where it has one, else its status, or that its file is gone.

    It is a key of `covey.text.glyphs.LOOKS`.
    """
    return str(Standing.FILE_MISSING if file_is_missing(session) else session.phase or session.status)


def undecided(session: Session) -> str | None:
    """Why an interrupted session waits for a human's decision; None where it goes on by itself, or is not one."""
    if session.phase is not Phase.INTERRUPTED or session.needs_human is None:
        return None
    reason = session.needs_human.get("interrupted")
    return str(reason) if reason else None


_OF_CHILDREN = ("failed", "cancelled", "missing_files")


def has_own_reason(verdict: Mapping[str, Any]) -> bool:
    """A blocked session needs a human itself: by this verdict it does not only wait for children that need one."""
    return bool(verdict.get("not_created")) or not any(verdict.get(kind) for kind in _OF_CHILDREN)


def standing(session: Session) -> Standing:
    """The session as a human meets it, for the table of controls."""
    if file_is_missing(session):
        return Standing.FILE_MISSING
    if session.phase is Phase.BLOCKED:
        return Standing.BLOCKED
    return Standing(session.status.value)
