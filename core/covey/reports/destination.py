"""Where a report is put: whole or not at all, and never in the place of anything that a project lives of.

Reports are made again and again, so an older one is replaced without a question. What lies at the path may be
anything, though: any other file that holds something is refused, and so are directories, `covey.toml`, whatever is
inside of `.covey`, and the files of components, be they as they may.
"""

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from covey.client.place import MANIFEST
from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import UsageError
from covey.text.sanitise import sanitise_line

_REPORT = re.compile(
    rb"# covey [^\n]*: [^\n]* \(project [^\n]*\)\r?\n"
    rb'|<\?xml [^\n]*\?>\r?\n<testsuites name="covey" '
    rb'|\{"run_id":'
    rb"|\Z"
)
"""How a report begins, of whatever format; an empty file is as good as one."""

_BEGINNING = 64 * 1024
"""The most bytes of a file that are looked at."""


def destination(path: Path, root: Path, artifacts: Callable[[], Iterable[Path]]) -> Path:
    """The file itself that `path` names, links followed; a pipe or a device stays as it was named.

    `artifacts`, the files of components, are asked for only if there is a file already inside of the project's root.

    Raises:
        UsageError: nothing may be written there; the text says why.
    """
    real = Path(os.path.realpath(path))
    shown = sanitise_line(str(path))
    if real.is_dir():
        raise UsageError(f"{shown} is a directory; name a file: -o FILE")
    if real.name == MANIFEST:
        raise UsageError(f"{shown} is a project's manifest; a report never replaces it, name another file")
    if STATE_DIRECTORY in real.parts:
        raise UsageError(f"{shown} is inside of {STATE_DIRECTORY}, which is covey's own; name a file elsewhere")
    if path.exists() and not path.is_file():
        return path
    if (
        real.exists()
        and real.is_relative_to(os.path.realpath(root))
        and any(_is_same(real, artifact) for artifact in artifacts())
    ):
        raise UsageError(f"{shown} is the file of a component; a report never replaces it, name another file")
    if real.exists() and not _is_report(real):
        raise UsageError(f"{shown} is a file, and no report of covey's; name another one, or delete it first")
    return real


def _is_report(path: Path) -> bool:
    """There is an older report, or a file without anything in it, that may be replaced."""
    try:
        with path.open("rb") as file:
            return _REPORT.match(file.read(_BEGINNING)) is not None
    except OSError as error:
        raise UsageError(f"{sanitise_line(str(path))} cannot be read: {error.strerror}") from error


def _is_same(one: Path, other: Path) -> bool:
    try:
        return other.samefile(one)
    except (OSError, ValueError):  # it is not there, or no path at all
        return False


def put(path: Path, content: bytes) -> bool:
    """Write a file whole, with the directories above it; whether that changed anything.

    A pipe or a device is written to as it is.

    Raises:
        UsageError: it cannot be written; what was there is there still.
    """
    try:
        before = _content(path)
        if before is None:
            path.write_bytes(content)
        elif before != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, content)
    except OSError as error:
        raise UsageError(f"{sanitise_line(str(path))} cannot be written: {error.strerror or error}") from error
    return before != content


def _content(path: Path) -> bytes | None:
    """What a regular file holds, nothing where there is none; None of a pipe or a device, which holds nothing."""
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return b""
    return path.read_bytes() if is_file else None


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
