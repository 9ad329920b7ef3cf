"""Which paths a file system can hold, and which lead out of the project root."""

import os
import sys
from pathlib import Path

LONGEST_SEGMENT = 255  # bytes; NAME_MAX of Linux and of macOS
LONGEST_PATH = 4095  # bytes; PATH_MAX of Linux without its closing zero


def path_problem(root: Path, path: str) -> str | None:
    """Why the file system cannot hold a path of the project, as the end of a sentence; None when it can."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        letter, encoding = error.object[error.start], sys.getfilesystemencoding()
        return f"has the letter {letter}, and {encoding}, in which file names are here, has not; set LC_ALL=C.UTF-8"
    long = next((part for part in path.split("/") if _is_longer(part, LONGEST_SEGMENT)), None)
    if long is not None:
        return f"has a part of {len(os.fsencode(long))} bytes; a file system holds at most {LONGEST_SEGMENT}"
    if _is_longer(whole := f"{root}/{path}", LONGEST_PATH):
        return f"is {len(os.fsencode(whole))} bytes long; a file system holds at most {LONGEST_PATH}"
    if path.startswith("/") or ".." in path.split("/") or path == ".":
        return "leads out of the project root"
    return None


def _is_longer(text: str, most: int) -> bool:
    """Whether it has more bytes; no letter has more than four."""
    return len(text) * 4 > most and len(os.fsencode(text)) > most


def leaves_root(root: Path, path: str) -> bool:
    """Whether a path's directory, with its links followed, is outside the project root (or links go in a circle)."""
    try:
        return not (root / path).parent.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return True
