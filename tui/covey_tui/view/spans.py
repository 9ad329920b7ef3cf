"""Lines as data: pieces of safe text, each with a tone. The only form in which text reaches a widget. Pure.

A tone names roles of colour, never colours: what they look like is the theme's matter (`covey_tui.palette`).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from covey.text.cells import cut, width
from covey.text.cells import wrap as wrap_text
from covey.text.sanitise import SafeText


class Role(StrEnum):
    """What a piece of text is, for its colour."""

    TEXT = "text"
    MUTED = "muted"
    FAINT = "faint"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    PRIMARY = "primary"
    INVERSE = "inverse"


class Ground(StrEnum):
    """What a piece of text stands on."""

    BACKGROUND = "background"
    SURFACE = "surface"
    PANEL = "panel"
    CURSOR = "cursor"
    CURSOR_BLURRED = "cursor-blurred"
    ALERT = "alert"
    DONE = "done"
    BUTTON = "button"
    ACCENT = "accent"


class Tone(NamedTuple):
    """How a span looks; without a ground it stands on that of its line."""

    role: Role = Role.TEXT
    bold: bool = False
    underline: bool = False
    strike: bool = False
    ground: Ground | None = None


class Span(NamedTuple):
    """A piece of a line."""

    text: SafeText
    tone: Tone = Tone()


Line = tuple[Span, ...]

TEXT, MUTED, FAINT = Tone(), Tone(Role.MUTED), Tone(Role.FAINT)
STRONG = Tone(bold=True)
BLANK: Line = ()


def span(text: str, tone: Tone = TEXT) -> Span:
    """A span of a text of our own, or of one that has been sanitised already."""
    return Span(SafeText(text), tone)


def room(line: Line) -> int:
    """The cells that a line takes."""
    return sum(width(piece.text) for piece in line)


def fit(line: Line, cells: int) -> Line:
    """The line in exactly so many cells: cut at its end with an ellipsis, or followed by blanks."""
    taken = room(line)
    if taken <= cells:
        return line if taken == cells else (*line, span(" " * (cells - taken)))
    kept: list[Span] = []
    left = cells
    for piece in line:
        needed = width(piece.text)
        if needed >= left:  # something is cut, here or behind it, and one cell says so
            short = cut(SafeText(f"{piece.text}  "), left) if left > 0 else SafeText("")
            kept.append(Span(short, piece.tone))
            left -= width(short)
            break
        kept.append(piece)
        left -= needed
    return (*kept, span(" " * left)) if left else tuple(kept)


def spread(left: Line, right: Line, cells: int) -> Line:
    """Two lines in one, at its two ends; where they do not fit the left one is cut, two cells before the right one."""
    behind = room(right)
    if not behind:
        return fit(left, cells)
    gap = cells - room(left) - behind
    if gap >= 0:
        return (*left, span(" " * gap), *right)
    return fit((*fit(left, max(0, cells - behind - 2)), span("  "), *right), cells)


def joined(lines: Iterable[Line], gap: str) -> Line:
    """Lines in one, with a gap between each two."""
    every = list(lines)
    return tuple(piece for place, line in enumerate(every) for piece in ((span(gap), *line) if place else line))


def wrapped(text: SafeText, cells: int, tone: Tone = TEXT, indent: int = 0) -> list[Line]:
    """A text of one or more lines in lines of at most so many cells; a word that is too long is broken."""
    lines: list[Line] = []
    for paragraph in text.split("\n"):
        for piece in wrap_text(SafeText(paragraph.expandtabs(4)), cells, indent):
            lines.extend((Span(part, tone),) if part else BLANK for part in _broken(piece, cells))
    return lines


def _broken(text: SafeText, cells: int) -> list[SafeText]:
    if width(text) <= cells or cells < 1:
        return [text]
    parts, start, taken = list[SafeText](), 0, 0
    for place, character in enumerate(text):
        needed = width(character)
        if taken + needed > cells:
            parts.append(SafeText(text[start:place]))
            start, taken = place, 0
        taken += needed
    return [*parts, SafeText(text[start:])]
