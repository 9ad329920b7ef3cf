"""When a design document is valid. The file decides, whatever an agent says of it.

Reads, never writes. What must be in a document comes from the caller; text from documents is made visible in messages.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from covey.artifacts.modules import ModuleNames
from covey.artifacts.outline import Line, Outline, outline
from covey.artifacts.presence import BLANK, look_at
from covey.errors import CoveyError
from covey.projects.names import leading_module
from covey.text.quoting import visible
from covey.workspace.files import NotTextError, TooLargeError, read_text
from covey.workspace.walk import OutsideError

DESIGN_LIMIT = 4 * 1024 * 1024
"""The most bytes that a design document may have."""

DEPENDENCIES = "Dependencies"
"""The section under which modules of the project must be known ones."""

_NAME_SHOWN = 120

# The same text is checked by ValidateDesign and, moments later, by Finalize: parsing it is most of the work.
_REMEMBERED_LENGTH = 32 * 1024
_outline = lru_cache(maxsize=512)(outline)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a document. `line` counts from 1; 0 is the whole document."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


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
