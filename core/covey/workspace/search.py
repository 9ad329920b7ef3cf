"""Searching the files of a workspace: a program of its own, `python -I -m covey.workspace.search`.

A regular expression may take for ever, and hold the whole interpreter meanwhile. So it is matched in a process that
can be ended, with a limit on its memory. What to look for comes as JSON in the one argument; what is found goes out as
lines of JSON as it is found, so that it is known even when the process is ended.
"""

import contextlib
import json
import re
import resource
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from covey.errors import CoveyError
from covey.workspace.confined import Confined, Entry, Is

FILE_LIMIT = 1024 * 1024
"""The most bytes of a file that is searched."""
MEMORY_LIMIT = 1024 * 1024 * 1024
"""The most bytes of address space that a search may take."""
SHOWN_CHARACTERS = 300
"""The most characters of a line that are shown, around what was found."""

_BEFORE = 100
_TOO_MUCH = (re.error, RecursionError, OverflowError, MemoryError)
"""What compiling an expression that is none, or too large, raises."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, where, and how much of it; `named` as `Confined` has it."""

    root: str
    path: str
    pattern: str
    most: int
    named: list[str] = field(default_factory=list)

    def command(self) -> list[str]:
        """The command that looks for it."""
        return [sys.executable, "-I", "-X", "utf8", "-m", "covey.workspace.search", json.dumps(asdict(self))]


def main() -> None:
    """Look for what the argument says; print what is found."""
    with contextlib.suppress(ValueError, OSError):  # not every system limits it so; the time is limited in any case
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    for line in search(Wanted(**json.loads(sys.argv[1]))):
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201 - what this program is for


def search(wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Each line that matches as `path`, `line` and `text`; then `end`: how many files were searched, and left out.

    `literal` in the end says that the pattern is no regular expression and was taken as it stands; `problem` in its
    place why nothing could be searched.
    """
    expression, literal = _compiled(wanted.pattern)
    confined = Confined(Path(wanted.root), named=wanted.named)
    found = searched = left_out = 0
    try:
        for entry in confined.below(wanted.path):
            text = _text(confined, entry) if entry.kind is Is.FILE else ""
            searched, left_out = searched + bool(text), left_out + (text is None)
            for number, line in enumerate(_lines(text or ""), 1):
                match = expression.search(line)
                if match is None:
                    continue
                if found == wanted.most:
                    yield {"end": "more", "searched": searched, "left_out": left_out, "literal": literal}
                    return
                found += 1
                yield {"path": entry.path, "line": number, "text": _shown(line, match.start())}
    except CoveyError as error:
        yield {"problem": str(error)}
    except OSError as error:
        yield {"problem": f"{wanted.path}: {error.strerror or error}"}
    except (MemoryError, RecursionError):
        yield {"problem": "the pattern needs too much memory; take a plainer one"}
    else:
        yield {"end": "all", "searched": searched, "left_out": left_out, "literal": literal}


def _compiled(pattern: str) -> tuple[re.Pattern[str], bool]:
    with warnings.catch_warnings(action="ignore"):
        try:
            return re.compile(pattern), False
        except _TOO_MUCH:
            return re.compile(re.escape(pattern)), True


def _text(confined: Confined, entry: Entry) -> str | None:
    """The text of a file; None when it is left out: too large, no text, or not to be read."""
    try:
        return confined.read(entry.path, FILE_LIMIT)
    except (CoveyError, OSError):
        return None


def _lines(text: str) -> list[str]:
    """The lines of a text; what follows the end of the last one is none."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _shown(line: str, at: int) -> str:
    start = max(0, at - _BEFORE) if len(line) > SHOWN_CHARACTERS else 0
    end = start + SHOWN_CHARACTERS
    return f"{'…' if start else ''}{line[start:end].rstrip(chr(13))}{'…' if end < len(line) else ''}"


if __name__ == "__main__":
    main()
