"""What counts as present, and when a design document is valid. The file decides, whatever an agent says of it.

Reads, never writes. What must be in a document comes from the caller; text from documents is made visible in messages.
"""

import codecs
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from covey.artifacts.modules import ModuleNames, leading_module
from covey.artifacts.outline import Line, Outline, outline
from covey.errors import CoveyError
from covey.text.quoting import visible
from covey.workspace.files import NotTextError, OutsideError, TooLargeError, read_text

DESIGN_LIMIT = 4 * 1024 * 1024
"""The most bytes that a design document may have."""

DEPENDENCIES = "Dependencies"
"""The section under which modules of the project must be known ones."""

NOT_THERE = "is not there"
OUTSIDE = "points outside the project"
DIRECTORY = "is a directory"
NOT_REGULAR = "is not a regular file"
BLANK = "is blank"

_CHUNK = 4096
_BLANK_LIMIT = DESIGN_LIMIT
_NAME_SHOWN = 120
_Decoder = codecs.getincrementaldecoder("utf-8")

# The same text is checked by ValidateDesign and, moments later, by Finalize: parsing it is most of the work.
_REMEMBERED_LENGTH = 32 * 1024
_outline = lru_cache(maxsize=512)(outline)


@dataclass(frozen=True, slots=True)
class FileState:
    """Whether a file counts as present; `reason` says why it does not, as in "is blank"."""

    present: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a document. `line` counts from 1; 0 is the whole document."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


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


def check_design(text: str, sections: Sequence[str], known: Collection[str]) -> tuple[Finding, ...]:
    """What keeps a design document from being valid: required sections, and dependencies on unknown modules.

    `sections` are the required `##` headings; `known` are the names of all modules of the project.
    """
    document = _outline(text) if len(text) <= _REMEMBERED_LENGTH else outline(text)
    names = ModuleNames(known)
    findings = [*_section_findings(document, sections), *_dependency_findings(document, names)]
    return tuple(sorted(findings, key=lambda finding: finding.line))


def check_design_file(root: Path, path: str, sections: Sequence[str], known: Collection[str]) -> tuple[Finding, ...]:
    """Check a design document on disk; one that is not present or cannot be read is a finding too."""
    try:
        text = read_text(root, path, limit=DESIGN_LIMIT)
    except (NotTextError, TooLargeError, OutsideError, OSError) as error:
        return (Finding(0, _why_not_read(root, path, error)),)
    if not text.strip("\ufeff").strip():
        return (Finding(0, f"{visible(path)} {BLANK}"),)
    return check_design(text, sections, known)


def _why_not_read(root: Path, path: str, error: CoveyError | OSError) -> str:
    """What is wrong with a file that could not be read, in the words for files that do not count as present."""
    state = look_at(root, path)
    if state.reason is not None:
        return f"{visible(path)} {state.reason}"
    if isinstance(error, OSError):
        return f"{visible(path)} cannot be read: {error.strerror or error}"
    return visible(str(error))


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


def _section_findings(document: Outline, sections: Sequence[str]) -> Iterator[Finding]:
    for title in sections:
        found = document.named(title)
        if not found:
            yield _missing(document, title)
        elif all(section.is_empty for section in found):
            yield Finding(found[0].heading.first, f"the section '{visible(title)}' is empty; write it")


def _missing(document: Outline, title: str) -> Finding:
    shown = visible(title)
    elsewhere = document.named(title, level=None)
    if elsewhere:
        heading = elsewhere[0].heading
        return Finding(heading.first, f"the section '{shown}' must be a '##' heading, not level {heading.level}")
    return Finding(0, f"the section '{shown}' is missing; add '## {shown}' and write it")


def _dependency_findings(document: Outline, names: ModuleNames) -> Iterator[Finding]:
    for section in document.named(DEPENDENCIES):
        for line in section.bullets:
            finding = _unknown_module(line, names)
            if finding is not None:
                yield finding


def _unknown_module(line: Line, names: ModuleNames) -> Finding | None:
    name = leading_module(line.text)
    if name is None or not names.is_own(name) or names.component(name) is not None:
        return None
    nearest = ", ".join(f"`{visible(known)}`" for known in names.nearest(name))
    advice = f"the nearest: {nearest}" if nearest else "name one that is, or describe it in plain text"
    return Finding(line.number, f"`{visible(name, _NAME_SHOWN)}` is no component of this project; {advice}")
