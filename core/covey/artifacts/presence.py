"""What counts as present: a regular file inside the project with more than blanks in it.

Everybody asks this, viewers too, and often: it imports nothing that takes its time.
"""

import codecs
import os
import stat
from dataclasses import dataclass
from pathlib import Path

NOT_THERE = "is not there"
OUTSIDE = "points outside the project"
DIRECTORY = "is a directory"
NOT_REGULAR = "is not a regular file"
BLANK = "is blank"

_CHUNK = 4096
_BLANK_LIMIT = 4 * 1024 * 1024
_Decoder = codecs.getincrementaldecoder("utf-8")


@dataclass(frozen=True, slots=True)
class FileState:
    """Whether a file counts as present; `reason` says why it does not, as in "is blank"."""

    present: bool
    reason: str | None = None


_PRESENT = FileState(present=True)


def look_at(root: Path, path: str) -> FileState:
    """Whether a path, resolved from the root, is a regular file inside the root with more than blanks in it."""
    try:
        found = _resolved(os.fspath(root), path)
        reason = OUTSIDE if found is None else _what_it_is_instead(*found)
    except (FileNotFoundError, NotADirectoryError):
        reason = NOT_THERE
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except ValueError:
        reason = "is no valid path"
    return _PRESENT if reason is None else FileState(present=False, reason=reason)


def _resolved(root: str, path: str) -> tuple[str, int] | None:
    """The path below the root with its links resolved, and its mode; None when it leads out of the root."""
    plain = _without_links(root, path)
    if plain is not None:
        return plain
    base = os.path.realpath(root)
    real = os.path.realpath(os.path.join(base, path))  # noqa: PTH118 -- a str in, no Path made
    return (real, os.stat(real).st_mode) if os.path.commonpath((base, real)) == base else None  # noqa: PTH116 -- likewise


def _without_links(root: str, path: str) -> tuple[str, int] | None:
    """The path and its mode, if no link is on its way: asked of thousands of files, often, so the short way.

    None when it has to be resolved.
    """
    parts = path.split("/")
    if ".." in parts or path.startswith("/"):
        return None
    at, mode = root, 0
    for part in parts:
        at = f"{at}/{part}"
        mode = os.lstat(at).st_mode
        if stat.S_ISLNK(mode):
            return None
    return at, mode


def _what_it_is_instead(real: str, mode: int) -> str | None:
    """Why a resolved path of this mode is no readable file with text; None when it is one."""
    if stat.S_ISDIR(mode):
        return DIRECTORY
    if not stat.S_ISREG(mode):
        return NOT_REGULAR
    file = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return BLANK if _is_blank(file) else None
    finally:
        os.close(file)


def _is_blank(file: int) -> bool:
    chunk = os.read(file, _CHUNK)
    if b" " < chunk.lstrip()[:1] < b"\x7f":
        return False  # it begins with a sign of ASCII, as nearly all do
    decoder = _Decoder(errors="replace")
    for _ in range(0, _BLANK_LIMIT, _CHUNK):
        if decoder.decode(chunk, final=not chunk).strip("\ufeff").strip():
            return False
        if not chunk:
            return True
        chunk = os.read(file, _CHUNK)
    return True
