"""What the tabs have in common: clock times, headings, lists of keys, paths that are too long. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from covey.text.cells import cut, width
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey_tui.view.spans import BLANK, FAINT, MUTED, STRONG, TEXT, Line, Span, Tone, fit, room, span, wrapped

LONGEST = 4_000
"""The most characters that are shown of a value whose length nobody has limited."""

_LEAST_RULE = 2
_GAP = 3


def clock(at: datetime, *, seconds: bool = False) -> str:
    """A moment as the clock on the wall shows it."""
    return at.astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")


def muted(text: str, cells: int) -> list[Line]:
    """A quiet sentence, such as an empty tab has."""
    return wrapped(sanitise_line(text, LONGEST), max(1, cells - 1), MUTED)


def prose(text: str, cells: int, tone: Tone = TEXT) -> list[Line]:
    """A sentence or several, read from end to end."""
    return wrapped(sanitise_line(text, LONGEST), max(1, cells - 1), tone)


def paragraphs(parts: Iterable[list[Line]]) -> list[Line]:
    """Parts below each other, a blank line between; what says nothing is left out."""
    lines: list[Line] = []
    for part in filter(None, parts):
        lines += [BLANK, *part] if lines else part
    return lines


def block(text: SafeText, cells: int, tone: Tone = TEXT, before: str = "") -> list[Line]:
    """Text of several lines, with something before each."""
    lines = wrapped(text, max(1, cells - 1 - width(before)), tone)
    return [(span(before), *line) if before and line else line for line in lines]


def rule(title: str, at: datetime, cells: int) -> Line:
    """A heading: its title bold, a faint line, the time."""
    time = clock(at, seconds=True)
    left = (Span(sanitise_line(title, 200), STRONG),)
    rest = cells - room(left) - len(time) - 2
    if rest < _LEAST_RULE:
        return fit(left, cells)
    return (*left, span(" "), span("─" * rest, FAINT), span(" "), span(time, MUTED))


def keys(advice: Iterable[tuple[str, str]], cells: int) -> list[Line]:
    """Keys and what they do, one below the other."""
    every = list(advice)
    column = max((len(key) for key, _ in every), default=0) + 2
    lines: list[Line] = []
    for key, meaning in every:
        first, *rest = wrapped(sanitise_line(meaning, LONGEST), max(1, cells - column)) or [()]
        lines.append((span(key, STRONG), span(" " * (column - len(key))), *first))
        lines += [(span(" " * column), *line) for line in rest]
    return lines


def facts(pairs: Sequence[tuple[str, str, str]], column: int, cells: int) -> list[Line]:
    """Labels, values and notes in three columns; what has no value is left out, as is a note without room."""
    shown = [pair for pair in pairs if pair[1]]
    noted = (len(value) for _, value, note in shown if note and column + len(value) + _GAP + len(note) <= cells)
    values = max(noted, default=0) + _GAP
    return [_fact(label, value, note, (column, values, cells)) for label, value, note in shown]


def _fact(label: str, value: str, note: str, columns: tuple[int, int, int]) -> Line:
    column, values, cells = columns
    line: Line = (span(label.ljust(column), MUTED), span(value))
    gap = max(_GAP, values - len(value))
    if note and room(line) + gap + len(note) <= cells:
        line = (*line, span(" " * gap), span(note, MUTED))
    return kept_in(line, cells)


def kept_in(line: Line, cells: int) -> Line:
    """The line as it is, cut only where it does not fit."""
    return line if room(line) <= cells else fit(line, cells)


def end_of(text: SafeText, cells: int) -> SafeText:
    """A path as far as it fits; its front is cut, at a slash where there is one, because its end says more."""
    if width(text) <= cells:
        return text
    kept, left = len(text), cells - 1
    while kept and width(text[kept - 1]) <= left:
        kept -= 1
        left -= width(text[kept])
    end = text[kept:]
    slash = end.find("/")
    return SafeText(f"…{end[slash:] if 0 <= slash < len(end) // 2 else end}") if cells > 0 else SafeText("")


def shortened(text: str, cells: int) -> SafeText:
    """One line of somebody's text, cut at its end."""
    return cut(sanitise_line(text, LONGEST), cells) if cells > 0 else SafeText("")


def limited(text: str, characters: int = LONGEST) -> SafeText:
    """Text of several lines, as much as is shown of it."""
    return sanitise(text if len(text) <= characters else f"{text[: characters - 1]}…")
