"""Reports of crashes: what is left, in covey's own directory, of a process that an unexpected error has ended.

A report is for people who look for the mistake: versions, what it was doing, the traceback. It says nothing of the
environment, and what agents wrote has lost its escapes. Only the newest few are kept.
"""

import os
import platform
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from covey.text.sanitise import sanitise, sanitise_line

KEPT = 5
"""So many reports are kept; older ones are removed as a new one is written."""

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"crash-(\d{8}T\d{6}Z)-(\d+)\.txt", re.ASCII)
_ERROR = "error: "
_LINE = 300


class CrashReport(NamedTuple):
    """One report: where it is, which process it is of, and when that crashed."""

    path: Path
    pid: int
    at: datetime

    def error(self) -> str:
        """The error in a line; blank where the report does not tell."""
        with suppress(OSError):
            for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith(_ERROR):
                    return sanitise_line(line.removeprefix(_ERROR), _LINE)
        return ""


def write_report(
    state: Path, error: BaseException, *, doing: str, version: str, at: datetime, hidden: Callable[[str], str]
) -> Path:
    """Write a report of this process's end into covey's directory, and drop the oldest; the report's path.

    `doing` is what it was at, in words. `hidden` takes the credentials out of a text: whatever the error says goes
    through it.

    Raises:
        OSError: it cannot be written.
    """
    lines = (
        f"covey {version} was ended by a mistake in covey itself.",
        f"at: {at.astimezone(UTC).isoformat(timespec='seconds')}",
        f"doing: {doing}",
        f"pid: {os.getpid()}",
        f"python: {platform.python_implementation()} {platform.python_version()}",
        f"platform: {platform.platform()}",
        f"{_ERROR}{sanitise_line(hidden(error_in_words(error)), _LINE)}",
        "",
        sanitise(hidden("".join(traceback.format_exception(error)))),
    )
    path = state / f"crash-{at.astimezone(UTC).strftime(_STAMP)}-{os.getpid()}.txt"
    path.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
    drop_old_reports(state)
    return path


def error_in_words(error: BaseException) -> str:
    """Kind and text of an error; of a group, those of the first one in it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def crash_reports(state: Path) -> list[CrashReport]:
    """The reports that are there, newest first."""
    found = [(path, _NAME.fullmatch(path.name)) for path in state.glob("crash-*.txt")]
    reports = [
        CrashReport(path, int(match[2]), datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC))
        for path, match in found
        if match
    ]
    return sorted(reports, key=lambda report: (report.at, report.pid), reverse=True)


def drop_old_reports(state: Path, keep: int = KEPT) -> int:
    """Remove all but the newest reports; how many were removed."""
    old = crash_reports(state)[keep:]
    for report in old:
        report.path.unlink(missing_ok=True)
    return len(old)
