"""The words for a session's state. All legal moves between them are one table, in `covey.model.reducer`.

A session is `active` until it ends as `complete`, `failed`, `cancelled` or `skipped`. While it is active, its phase
says what it is doing; a cancelled or skipped session whose work has not ended yet is shown as `cancelling`.
"""

from enum import StrEnum


class Status(StrEnum):
    """The status of a session."""

    ACTIVE = "active"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


TERMINAL = frozenset(Status) - {Status.ACTIVE}
"""The session has ended."""

SATISFIED = frozenset({Status.COMPLETE, Status.SKIPPED})
"""The session does not keep its parent from going on. Not the same set as TERMINAL."""


class Phase(StrEnum):
    """What an active session is doing (and `cancelling`, which a cancelled or skipped one may still be).

    `pausing` and `paused` are shown and never stored: they follow from the pause of the run (`covey.model.pause`).
    """

    QUEUED = "queued"
    RUNNING = "running"
    STALLED = "stalled"
    WAITING = "waiting"
    BLOCKED = "blocked"
    ASKING = "asking"
    INTERRUPTED = "interrupted"
    CANCELLING = "cancelling"
    PAUSING = "pausing"
    PAUSED = "paused"


AT_WORK = frozenset({Phase.RUNNING, Phase.STALLED})
"""A step's command is being executed: the session has its slot, and somebody may be told to stop."""


class FailureCause(StrEnum):
    """Why a session failed, as a class of reasons that is handled alike."""

    AGENT_ERROR = "agent_error"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    BUDGET = "budget"
    TIMEOUT = "timeout"
    STALLED = "stalled"
    MISSING_FILE = "missing_file"
    CHECK_FAILED = "check_failed"
    MERGE_CONFLICT = "merge_conflict"
    SPAWN_ERROR = "spawn_error"
    CRASH = "crash"


class ExecutionMode(StrEnum):
    """Who moves a session from step to step: roots run `auto`, spawned children `agentic` (no human in between)."""

    AUTO = "auto"
    AGENTIC = "agentic"


class ArtifactState(StrEnum):
    """What the log knows of a session's file; a viewer looks at the disk itself where no engine lives."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    MISSING = "missing"
