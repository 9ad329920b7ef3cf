"""What all work of the offline agent shares: one file is brought to where it passes, or the failure says where and why.

It blocks, so it runs on a thread; a cancelled agent sets `stop` and waits for that thread, which writes nothing more.
"""

import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import ClassVar

from covey.agents.base import Assignment, Outcome
from covey.agents.offline.facts import ModuleFacts
from covey.artifacts.modules import ModuleNames
from covey.model.status import FailureCause
from covey.text.quoting import visible
from covey.workspace.files import (
    ChangedMeanwhileError,
    NotTextError,
    TooLargeError,
    read_text,
    rewrite,
    write_new,
)
from covey.workspace.walk import OutsideError

SOURCE_LIMIT = 2 * 1024 * 1024
"""The most bytes of a module that are analysed."""

_ROUNDS = 3


class FailedError(Exception):
    """The work cannot be done; carries what the outcome says."""

    def __init__(self, message: str, cause: FailureCause = FailureCause.AGENT_ERROR) -> None:
        self.message = message
        self.cause = cause
        super().__init__(message)


class Work(ABC):
    """One assignment being worked on; `report` are the lines for the transcript.

    `limit` is the most bytes that the file may have.
    """

    limit: ClassVar[int]

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.stop = threading.Event()
        self.report: list[str] = []

    @abstractmethod
    def new(self) -> str:
        """The text of a file that is not there yet.

        Raises:
            FailedError: it cannot be written.
        """

    @abstractmethod
    def mended(self, before: str) -> str:
        """The text of the file that is there, with what it lacks; every line of the user's stays.

        Raises:
            FailedError: it cannot be mended so.
        """

    def outcome(self) -> Outcome:
        """Do the work; what keeps it from being done becomes a failed outcome."""
        try:
            self._write()
        except FailedError as error:
            return Outcome(ok=False, message=error.message, cause=error.cause)
        except (NotTextError, OutsideError, TooLargeError) as error:
            return Outcome(ok=False, message=visible(str(error)))
        except OSError as error:
            name = error.filename or self.assignment.target
            return Outcome(ok=False, message=visible(f"{name}: {error.strerror or error}"))
        return Outcome(ok=True)

    def source(self) -> str | None:
        """The component's code; None where there is none yet."""
        work = self.assignment
        try:
            return read_text(work.workspace, work.source, limit=SOURCE_LIMIT).removeprefix("\ufeff")
        except FileNotFoundError as error:
            if _is_absent(work):
                return None
            raise FailedError(f"{visible(work.source)}: it vanished, or is a link to nothing") from error

    def facts(self, source: str) -> ModuleFacts:
        """What static analysis tells about the component's code."""
        from covey.agents.offline import analysis  # noqa: PLC0415 -- griffe is imported when first used

        work = self.assignment
        shown = visible(work.source)
        known = ModuleNames(component.module_name for component in work.components)
        try:
            return analysis.analyse(source, work.component.module_name, known)
        except SyntaxError as error:
            line = f"{shown}:{error.lineno}" if error.lineno else shown
            text = f": {visible(error.text.strip(), 200)}" if error.text and error.text.strip() else ""
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise FailedError(f"{line}: syntax error, read as Python {version}: {error.msg}{text}") from error
        except analysis.EmptyModuleError as error:
            raise FailedError(f"{shown}: the module is empty, there is nothing to describe") from error
        except (RecursionError, MemoryError) as error:
            raise FailedError(f"{shown}: nested too deeply to be analysed") from error
        except ValueError as error:
            raise FailedError(f"{shown}: cannot be analysed: {visible(str(error))}") from error

    def known_modules(self) -> Collection[str]:
        """The modules of the project's components."""
        return [component.module_name for component in self.assignment.components]

    def _write(self) -> None:
        """Bring the file to where it passes; when somebody else writes it meanwhile, look again."""
        work = self.assignment
        for _ in range(_ROUNDS):
            before = self._existing()
            after = self.new() if before is None else self.mended(before)
            if len(after.encode()) > self.limit:
                raise FailedError(f"{visible(work.target)}: the file would be larger than {self.limit:,} bytes")
            if self.stop.is_set() or after == before:
                return
            try:
                if before is None:
                    write_new(work.workspace, work.target, after)
                else:
                    rewrite(work.workspace, work.target, before, after)
            except (FileExistsError, ChangedMeanwhileError):
                self.report.append(f"{visible(work.target)} was changed meanwhile: looked at it again.")
            else:
                self.report.append(f"Wrote {visible(work.target)}.")
                return
        raise FailedError(f"{visible(work.target)}: something else keeps writing it or stands in its place; look at it")

    def _existing(self) -> str | None:
        try:
            return read_text(self.assignment.workspace, self.assignment.target, limit=self.limit)
        except FileNotFoundError:
            return None
        except (NotTextError, TooLargeError) as error:
            raise FailedError(visible(str(error)), FailureCause.CHECK_FAILED) from error


def _is_absent(work: Assignment) -> bool:
    """There is a workspace and nothing at the path in it, not even a link."""
    return work.workspace.is_dir() and not os.path.lexists(work.workspace / work.source)
