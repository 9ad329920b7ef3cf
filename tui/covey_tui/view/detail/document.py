"""A Markdown document as lines: headings, paragraphs, lists, quotes, code and tables. Pure.

Textual's own rendering makes a widget of every paragraph, list item and table cell: twenty kilobytes took seconds.
Lines cost a hundredth of that, can be searched, and hold sanitised text as all lines do: what a reference such as
`&#27;` stands for is known only after parsing, so every piece is sanitised when it becomes a span.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from covey.text.cells import width
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey_tui.view.detail.pieces import kept_in
from covey_tui.view.spans import BLANK, FAINT, MUTED, STRONG, TEXT, Ground, Line, Span, Tone, fit, room, span, wrapped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_CODE = Tone(ground=Ground.PANEL)
_GAP = 2
_LEAST_COLUMN = 4
_LEAST_WIDTH = 8
_WORDS = re.compile(r"\s+|\S+")
_OPENING: dict[str, Callable[[Tone], Tone]] = {
    "strong_open": lambda tone: tone._replace(bold=True),
    "em_open": lambda tone: tone,
    "s_open": lambda tone: tone._replace(strike=True),
    "link_open": lambda tone: tone._replace(underline=True),
}
"""What the text between an opening token and its closing one looks like."""

_Word = list[Span]


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - the screen is there before anybody reads a document

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.parse("#")  # makes its rules now, before several threads read with it
    return parser


def document_lines(text: str, cells: int) -> list[Line]:
    """The document in lines of at most so many cells."""
    return _Page(cells).render(_parser().parse(text))


class _Page:
    """The lines of a document while it is read token by token; `_margins` stand before each line, outermost first."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._lines: list[Line] = []
        self._margins: list[Line] = []
        self._bullet: Line | None = None
        self._numbers: list[int | None] = []
        self._is_apart = False
        self._tone = TEXT

    def render(self, tokens: "Sequence[Token]") -> list[Line]:
        place = 0
        while place < len(tokens):
            token = tokens[place]
            if token.type == "table_open":
                end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
                self._block(_table(tokens[place:end], self._room()))
                place = end
            else:
                self._take(token)
            place += 1
        return self._lines

    def _take(self, token: "Token") -> None:
        match token.type:
            case "heading_open":
                self._tone = STRONG if token.tag in {"h1", "h2"} else MUTED._replace(bold=True)
            case "inline":
                self._block(flowing(_inline(token.children or (), self._tone), self._room()))
                self._tone = TEXT
            case "paragraph_close":
                self._is_apart = not token.hidden
            case "fence" | "code_block":
                self._block(_code(token.content, self._room()))
            case "html_block":
                self._block(wrapped(sanitise(token.content.rstrip("\n")), self._room(), MUTED))
            case "hr":
                self._block([(span("─" * self._room(), FAINT),)])
            case _:
                self._nest(token)

    def _nest(self, token: "Token") -> None:
        match token.type:
            case "bullet_list_open":
                self._numbers.append(None)
            case "ordered_list_open":
                start = token.attrs.get("start", 1)
                self._numbers.append(start if isinstance(start, int) else 1)
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                self._is_apart = True
            case "list_item_open":
                self._item()
            case "blockquote_open":
                self._margins.append((span("▌ ", FAINT),))
            case "list_item_close" | "blockquote_close":
                self._margins.pop()
                self._bullet = None

    def _item(self) -> None:
        number = self._numbers[-1]
        sign = "· " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._bullet = (span(sign, MUTED),)
        self._margins.append((span(" " * len(sign)),))

    def _room(self) -> int:
        """The cells between the margins; where they nest too deeply, a few in any case."""
        return max(_LEAST_WIDTH, self._cells - sum(room(margin) for margin in self._margins))

    def _block(self, lines: Sequence[Line]) -> None:
        """Put a block below what is there, with a blank line between where they are apart."""
        if self._lines and self._is_apart:
            self._lines.append(BLANK)
        self._is_apart = True
        for line in lines:
            margins = self._margins if self._bullet is None else [*self._margins[:-1], self._bullet]
            self._bullet = None
            whole = tuple(piece for part in (*margins, line) for piece in part)
            self._lines.append(kept_in(whole, self._cells))


def _code(text: str, cells: int) -> list[Line]:
    lines = wrapped(sanitise(text.removesuffix("\n")), max(1, cells - 2), _CODE)
    return [fit((span(" ", _CODE), *line, span(" " * (cells - 1 - room(line)), _CODE)), cells) for line in lines]


def _inline(tokens: "Sequence[Token]", tone: Tone) -> Iterator[Span]:
    """The pieces of a paragraph, each with its tone; a newline stands where the author breaks a line."""
    tones, target = [tone], ""
    for token in tokens:
        if token.type in _OPENING:
            tones.append(_OPENING[token.type](tones[-1]))
            target = str(token.attrs.get("href", target))
        elif token.type.endswith("_close"):
            tones.pop()
            if token.type == "link_close":
                yield Span(sanitise(f" ({target})"), MUTED)
        else:
            yield _leaf(token, tones[-1])


def _leaf(token: "Token", tone: Tone) -> Span:
    match token.type:
        case "softbreak":
            return span(" ", tone)
        case "hardbreak":
            return span("\n", tone)
        case "code_inline":
            return Span(sanitise_line(token.content), tone._replace(ground=Ground.PANEL))
        case "html_inline":
            return Span(sanitise(token.content), MUTED)
        case "image":
            return Span(sanitise(f"[{token.content}]"), MUTED)
        case _:
            return Span(sanitise(token.content), tone)


def flowing(pieces: Iterator[Span], cells: int) -> list[Line]:
    """Pieces of text in lines of at most so many cells, broken between words; one that is too long is broken."""
    lines, line, taken = list[Line](), list[Span](), 0
    for word in _words(pieces):
        if word is None:
            lines.append(tuple(line))
            line, taken = [], 0
            continue
        for part in _fitting(word, cells):
            needed = sum(width(piece.text) for piece in part)
            if line and taken + 1 + needed > cells:
                lines.append(tuple(line))
                line, taken = [], 0
            if line:
                same = line[-1].tone == part[0].tone
                line.append(span(" ", line[-1].tone if same else TEXT))
                taken += 1
            line += part
            taken += needed
    return [*lines, tuple(line)] if line or not lines else lines


def _words(pieces: Iterator[Span]) -> Iterator[_Word | None]:
    """The words, whose letters may differ in tone; None is a break of the line."""
    word: _Word = []
    for piece in pieces:
        for part in _WORDS.findall(piece.text):
            if not part.isspace():
                word.append(Span(SafeText(part), piece.tone))
                continue
            if word:
                yield word
                word = []
            if piece.text == "\n":
                yield None
    if word:
        yield word


def _fitting(word: _Word, cells: int) -> Iterator[_Word]:
    """A word as it is, or, where it is longer than a line, its parts."""
    if sum(width(piece.text) for piece in word) <= cells:
        yield word
        return
    for piece in word:
        for line in wrapped(piece.text, cells, piece.tone):
            yield list(line)


def _table(tokens: "Sequence[Token]", cells: int) -> list[Line]:
    """A table: its head bold, cells wrapped into columns that share the room."""
    rows: list[list[list[Span]]] = []
    is_head = False
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type in {"th_open", "td_open"}:
            is_head = token.type == "th_open"
        elif token.type == "inline":
            rows[-1].append(list(_inline(token.children or (), STRONG if is_head else TEXT)))
    columns = _columns(rows, cells)
    lines: list[Line] = []
    for number, row in enumerate(rows):
        lines += _row(row, columns)
        if number == 0:
            lines.append((span("─" * min(cells, sum(columns) + _GAP * (len(columns) - 1)), FAINT),))
    return lines


def _columns(rows: Sequence[Sequence[Sequence[Span]]], cells: int) -> list[int]:
    """The columns' widths: as wide as their text, the widest giving way until all fit."""
    columns = [max(room(tuple(cell)) for cell in column) for column in zip_longest(*rows, fillvalue=())]
    columns = [max(_LEAST_COLUMN, min(column, cells)) for column in columns]
    while sum(columns) + _GAP * (len(columns) - 1) > cells and max(columns) > _LEAST_COLUMN:
        columns[columns.index(max(columns))] -= 1
    return columns


def _row(row: Sequence[Sequence[Span]], columns: Sequence[int]) -> Iterator[Line]:
    texts = [flowing(iter(cell), column) for cell, column in zip(row, columns, strict=False)]
    for parts in zip_longest(*texts, fillvalue=BLANK):
        last = len(parts) - 1
        padded = [part if at == last else fit(part, columns[at]) for at, part in enumerate(parts)]
        yield tuple(
            piece for place, part in enumerate(padded) for piece in ((span(" " * _GAP),) if place else ()) + part
        )
