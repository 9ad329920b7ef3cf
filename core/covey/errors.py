"""Every error that covey raises on purpose, and the exact texts that users and programs see.

    CoveyError
    ├── UsageError              a command that cannot be carried out as given; exit code 2
    │   ├── ConfigError         `covey.toml` has mistakes; carries all of them
    │   └── DocumentsError      design documents contradict themselves; carries every place
    ├── RefusedError            a request that the state rules out; says what changed
    ├── NotFoundError           an unknown id; carries the code of the thing that was not found
    ├── StepError               a precondition of a step that does not hold; ends the session as failed
    ├── IllegalEventError       an event that the status does not allow; nothing was changed
    ├── StoreError              the database cannot be used
    │   ├── StaleOperationError     decided on rows that have changed since; decide again
    │   └── FenceLostError          another engine has taken over; this one must end
    ├── EngineRunningError      another engine works on this project
    └── ScriptError             what a fake of `covey.testing` is told to do cannot be done

Nothing else lives here; whoever raises an error builds its message from what happened, where, and what to do next.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

COMPONENT_NOT_FOUND = "Context component not found"
SESSION_NOT_FOUND = "Session not found"
NO_CHILD_COMPONENTS = "No child components found for context"
SPAWN_FAILED = "Failed to spawn any child sessions"
NO_CHILD_SESSIONS = "No child sessions found"
ALL_SKIPPED = "All child sessions were skipped"
UNKNOWN_REASON = "unknown"


class CoveyError(Exception):
    """The base of all errors that covey raises on purpose; its text is meant for the user."""


class UsageError(CoveyError):
    """A command that cannot be carried out as it was given (exit code 2)."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a file: where it is and what to do about it. `line` counts from 1; 0 is the whole file."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.message}"


class ConfigError(UsageError):
    """The manifest has mistakes; all of them, in the order of their lines."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (str(mistake.file), mistake.line)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class DocumentsError(UsageError):
    """Design documents that cannot be imported, for they contradict themselves; every place, in order."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (str(mistake.file), mistake.line)))
        super().__init__("\n".join(("nothing was written:", *(f"  {mistake}" for mistake in self.mistakes))))


class RefusedError(CoveyError):
    """A request that the present state rules out; the text says what stands against it."""


class NotFoundError(CoveyError):
    """Something was asked for by an id that this project does not know.

    `code` is `session_not_found`, `interaction_not_found` or another such word, stable for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class StepError(CoveyError):
    """A precondition of a step does not hold; no interaction is stored and the session ends as failed."""


class IllegalEventError(CoveyError):
    """An event that the session's status does not allow; nothing was changed."""


class StoreError(CoveyError):
    """The database cannot be used; the text says why and what to do."""


class StaleOperationError(StoreError):
    """An operation was decided on rows that have changed since; whoever decided it decides again."""


class FenceLostError(StoreError):
    """Another engine has taken this project over; nothing of this engine's is written any more."""


class EngineRunningError(CoveyError):
    """Another engine works on this project. `pid` and `age` are None while it has not written down who it is."""

    def __init__(self, pid: int | None = None, age: str | None = None) -> None:
        self.pid = pid
        self.age = age
        who = "" if pid is None else f" (pid {pid}, for {age})"
        end = "" if pid is None else f", or end it with: kill {pid}"
        super().__init__(f"an engine is already at work on this project{who}; wait for it to end{end}")


class ScriptError(CoveyError):
    """What a fake of `covey.testing` is told to do cannot be done; says what is wrong, and what would do."""


_Error = TypeVar("_Error", bound=BaseException)


def first_of(group: BaseExceptionGroup[_Error]) -> _Error:
    """The first error in a group, however deep: what went wrong, without the tasks that it came through."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
