"""What a step asks for and what came of it."""

from datetime import datetime
from enum import StrEnum

import msgspec


class CommandKind(StrEnum):
    """What executing a command means."""

    SPAWN_SESSIONS = "spawn_sessions"
    AGENT = "agent"
    SHELL = "shell"
    CHECK = "check"
    GIT = "git"


class ResultStatus(StrEnum):
    """How a command ended, as its step judges it."""

    OK = "ok"
    ERROR = "error"
    WARNING = "warning"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a step wants done. `module` is the step's name; `metadata` is what the executor needs, as JSON."""

    id: str
    module: str
    command: CommandKind
    metadata: dict[str, object] = {}
    timestamp: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a command. `code` is an exit code, `duration_ms` milliseconds, `data` is JSON for screens."""

    id: str
    status: ResultStatus
    data: dict[str, object] = {}
    code: int | None = None
    error_message: str | None = None
    stdout: str = ""
    stderr: str = ""
    duration_ms: int | None = None
    timestamp: datetime


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one step; `result` is None while it is pending. `epoch` is that of the engine that executes it.

    `prompt` is what a model was told at its beginning, for whoever looks at it; None where there was none.
    """

    id: str
    session_id: str
    attempt: int
    step: str
    command: Command
    result: Result | None = None
    epoch: int
    inserted_at: datetime
    completed_at: datetime | None = None
    prompt: str | None = None


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction without its payload: what the orchestrator and the limits decide on. `status` None is pending."""

    interaction_id: str
    step: str
    command: CommandKind
    status: ResultStatus | None = None


class TranscriptKind(StrEnum):
    """What a row of a transcript is.

    Texts (`text`, `thinking`, `output`) that do not end their last line go on with the next row of their kind.
    """

    STEP = "step"
    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    OUTPUT = "output"
    CHECK = "check"
    USAGE = "usage"


TRANSCRIPT_ROW_BYTES = 64 * 1024
"""The most UTF-8 bytes that one transcript row holds; longer text is split over rows."""


class TranscriptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what was said or printed while a step ran. `n` counts the rows of an attempt from 1."""

    session_id: str
    attempt: int
    step: str
    n: int
    at: datetime
    kind: TranscriptKind
    text: str
