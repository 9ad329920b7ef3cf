"""The Transcript tab: what was said and printed while a session worked, as lines that grow at their end.

A row is rendered once. Only where a program's output breaks off within a line, and goes on in the next row, is that
line rendered anew. No more than `CAP` lines are held, save those that were asked for; what is older is on request.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from covey.model.command import TRANSCRIPT_ROW_BYTES, TranscriptKind, TranscriptRow
from covey.text.cells import cut, width
from covey.text.glyphs import step_words
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey_tui.view.detail.pieces import block, end_of, rule, shortened
from covey_tui.view.spans import BLANK, MUTED, TEXT, Line, Role, Span, Tone, room, span

CAP = 5_000
"""How many lines are held while the end is followed."""

OLDER: Line = (span("older lines: Home loads them", MUTED),)
"""Stands above the first line while there are older ones."""

FINDING, DONE, USED = "✗", "·", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"

_SPOKEN = frozenset({TranscriptKind.TEXT, TranscriptKind.THINKING})
_JOINED = 4_096
_VERB = 8
_WITH_SIZES = 50
_FULL = TRANSCRIPT_ROW_BYTES - 4
_ERROR = Tone(Role.ERROR)


class Grown(NamedTuple):
    """What came of new rows: how many lines at the end are new, and how many went at the beginning."""

    added: int
    dropped: int


@dataclass(slots=True)
class _Block:
    """A row that is held, how many lines it has, and the end of its text that may go on in the next row."""

    row: TranscriptRow
    lines: int = 0
    open_text: str = ""
    open_lines: int = 0


class TranscriptLines:
    """The transcript of one attempt, as far as it is held; `path` is the session's file, which no finding repeats."""

    def __init__(self, cells: int, path: str | None = None, cap: int = CAP) -> None:
        self.lines: list[Line] = []
        self._cells = cells
        self._path = path
        self._cap = self._usual_cap = cap
        self._blocks: deque[_Block] = deque()

    @property
    def last(self) -> int:
        """The number of the newest row that is held; 0 when there is none."""
        return self._blocks[-1].row.n if self._blocks else 0

    @property
    def first(self) -> int:
        """The number of the oldest row that is held; 1 when there is none."""
        return self._blocks[0].row.n if self._blocks else 1

    @property
    def has_older(self) -> bool:
        """There are rows before the first that is held."""
        return self.first > 1

    def append(self, rows: Iterable[TranscriptRow]) -> Grown:
        """Add rows that come after those that are held; others are left out."""
        news = [row for row in rows if row.n > self.last]
        kept = self._worth_rendering(news)
        dropped = self._clear() if len(kept) < len(news) else 0
        before = len(self.lines)
        for row in kept:
            self._add(row)
        return Grown(len(self.lines) - before, dropped + self._drop())

    def prepend(self, rows: Iterable[TranscriptRow]) -> int:
        """Put older rows before those that are held; how many lines more there are at the beginning."""
        before = len(self.lines)
        held = [block.row for block in self._blocks]
        self._render([*(row for row in rows if row.n < self.first), *held])
        self._cap = max(self._usual_cap, len(self.lines))
        return len(self.lines) - before

    def release(self) -> int:
        """Let go of what was asked for beyond the usual number of lines; how many went at the beginning."""
        self._cap = self._usual_cap
        return self._drop()

    def resize(self, cells: int) -> None:
        """Render all that is held for another width."""
        if cells != self._cells:
            self._cells = cells
            self._render([block.row for block in self._blocks])

    def _render(self, rows: Iterable[TranscriptRow]) -> None:
        self._clear()
        for row in rows:
            self._add(row)

    def _clear(self) -> int:
        count = len(self.lines)
        self._blocks.clear()
        self.lines.clear()
        return count

    def _drop(self) -> int:
        """Forget the oldest rows beyond the cap; how many lines that were."""
        dropped = 0
        while len(self._blocks) > 1 and len(self.lines) - dropped - self._blocks[0].lines >= self._cap:
            dropped += self._blocks.popleft().lines
        del self.lines[:dropped]
        return dropped

    def _worth_rendering(self, rows: Sequence[TranscriptRow]) -> Sequence[TranscriptRow]:
        """The newest rows, more than will be held: after a burst the rest would be rendered in vain."""
        lines = 0
        for place in range(len(rows) - 1, 0, -1):
            text = rows[place].text
            lines += 1 + max(len(text) // max(1, self._cells), text.count("\n"))
            if lines > 2 * self._cap:
                return rows[place:]
        return rows

    def _add(self, row: TranscriptRow) -> None:
        """Render one row at the end."""
        previous = self._blocks[-1] if self._blocks else None
        if previous is not None and _goes_on(previous, row):
            added = _Block(row)
            text = previous.open_text + row.text
            del self.lines[len(self.lines) - previous.open_lines :]
            previous.lines -= previous.open_lines
            previous.open_text, previous.open_lines = "", 0
            before = len(self.lines)
        else:
            added, text, before = _Block(row), row.text, len(self.lines)
            self.lines += self._above(previous, row)
        self.lines += self._rendered(added, text)
        added.lines = len(self.lines) - before
        self._blocks.append(added)

    def _above(self, previous: _Block | None, row: TranscriptRow) -> list[Line]:
        """The blank line and the heading that stand before a row."""
        is_new_step = previous.row.step != row.step if previous is not None else row.n == 1
        heading = row.kind is TranscriptKind.STEP or is_new_step
        lines = [BLANK] if previous is not None and (heading or _apart(previous.row, row)) else []
        return [*lines, rule(title_of(row.step), row.at, self._cells)] if heading else lines

    def _rendered(self, added: _Block, text: str) -> list[Line]:
        match added.row.kind:
            case TranscriptKind.STEP:
                return []
            case TranscriptKind.TOOL:
                return [tool_line(line, self._cells) for line in text.splitlines() if line.strip()]
            case TranscriptKind.CHECK:
                return self._check(text)
            case TranscriptKind.USAGE:
                return block(sanitise(text.strip("\n")), self._cells, MUTED)
            case TranscriptKind.TEXT | TranscriptKind.THINKING if not _is_full(added.row):
                return self._open_ended(added, _without_blanks(text))
            case TranscriptKind.TEXT | TranscriptKind.THINKING | TranscriptKind.OUTPUT:
                return self._open_ended(added, text)

    def _open_ended(self, added: _Block, text: str) -> list[Line]:
        """Text whose last line may go on in the next row."""
        tone = MUTED if added.row.kind is TranscriptKind.THINKING else TEXT
        whole, newline, end = text.rpartition("\n")
        last = block(sanitise(end), self._cells, tone) if end else []
        if len(end) < _JOINED:
            added.open_text, added.open_lines = end, len(last)
        above = sanitise(whole + newline).removesuffix("\n")  # a line may end with two characters
        return [*(block(SafeText(above), self._cells, tone) if newline else []), *last]

    def _check(self, text: str) -> list[Line]:
        """A finding of a check, without the path that is the session's own."""
        text = text.strip("\n")
        finding = text.removeprefix(f"{self._path}: ")
        sign = span(f"{FINDING} ", _ERROR) if finding != text else span(f"{DONE} ", MUTED)
        lines = block(sanitise(finding), self._cells - 2)
        return [(span("  ") if place else sign, *line) for place, line in enumerate(lines)]


def title_of(step: str) -> SafeText:
    """A step's name as a heading: `Generate design`."""
    words = sanitise_line(step_words(step), 200)
    return SafeText(words[:1].upper() + words[1:])


def tool_line(text: str, cells: int) -> Line:
    """What an agent did with a tool: the verb, what it was done to, and after a tab its size or hits."""
    said, _, measure = text.partition("\t")
    verb, _, thing = sanitise_line(said, _JOINED).partition(" ")
    shown = cut(SafeText(verb), _VERB - 1)
    line: Line = (span(f"{USED} ", MUTED), span(shown + " " * (_VERB - width(shown)), MUTED))
    right: Line = (Span(shortened(measure, cells // 4), MUTED),) if measure and cells >= _WITH_SIZES else ()
    left = cells - room(line) - (room(right) + 2 if right else 1)
    thing_shown = end_of(SafeText(thing), left) if "/" in thing else cut(SafeText(thing), max(1, left))
    line = (*line, Span(thing_shown))
    return (*line, span(" " * (cells - room(line) - room(right))), *right) if right else line


def _goes_on(previous: _Block, row: TranscriptRow) -> bool:
    """The row goes on with the line in which the one before it broke off."""
    same = previous.row.kind is row.kind and previous.row.step == row.step
    return same and bool(previous.open_text) and previous.row.n + 1 == row.n


def _apart(one: TranscriptRow, other: TranscriptRow) -> bool:
    """A blank line stands between these rows: around what an agent says, but not below a heading, nor within a text."""
    kinds = {one.kind, other.kind}
    if one.kind is TranscriptKind.STEP or kinds.isdisjoint(_SPOKEN):
        return False
    return len(kinds) > 1 or not _is_full(one)


def _without_blanks(text: str) -> str:
    """What is said without blank lines around it; whether it ends its last line stays."""
    return text.strip("\n") + ("\n" if text.endswith("\n") else "")


def _is_full(row: TranscriptRow) -> bool:
    """Its text fills the row, so it goes on in the next one."""
    return len(row.text) > _FULL // 4 and len(row.text.encode(errors="replace")) >= _FULL
