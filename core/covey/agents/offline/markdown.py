"""Hostile text brought into Markdown so that the document's structure stays ours. Pure.

Names and signatures become code spans, prose is escaped, docstrings become quotes: whatever they hold, they open no
heading, no list, no fence and no HTML of their own.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from covey.text.quoting import visible

CODE_LIMIT = 2000
"""The most characters of a piece of code that are shown; longer ones are cut, with `…` at the end."""

_TICKS = re.compile("`+")
_ACTIVE = re.compile(r"[\\`*\[\]<&|~]|(?<![^\W_])_|_(?![^\W_])")
_OPENS_BLOCK = re.compile(r"[#>+=-]|\d{1,9}(?=[.)])")
_ITEM = re.compile(r"\s*[-*+]\s+(?P<text>\w.*)")
_OPENING = re.compile(r"\s*(?P<fence>`{3,}|~{3,})[^`]*\Z")
_LINE_ENDS = re.compile(r"\r\n?|\n")


def code(text: object, limit: int = CODE_LIMIT) -> str:
    """A code span on one line; empty text gives an empty string."""
    shown = visible(" ".join(str(text).split()), limit)
    if not shown:
        return ""
    fence = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"


def codes(names: Sequence[str], most: int) -> str:
    """Names as code spans, and how many there are besides the first `most`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(map(code, names[:most]))}{more}"


def prose(text: str) -> str:
    """Text on one line, to stand after something of ours; its code spans stay, all other markup is escaped."""
    return _line(" ".join(text.split()))


def quote(text: str) -> str:
    """Text as a block quote, markup escaped as in `prose`; lists stay, and what looks like code becomes a fence.

    Code without a word in it is left out.
    """
    lines = [line.expandtabs(4).rstrip() for line in _LINE_ENDS.split(text.strip("\r\n"))]
    blocks = [block for block in _blocks(lines) if not block.is_code or any(map(str.strip, block.lines))]
    shown = [line for block in blocks for line in (_fence(block) if block.is_code else map(_start, block.lines))]
    return "\n".join(f"> {line}".rstrip() for line in shown or [""])


def cell(text: str) -> str:
    """Markdown of ours made fit for a table's cell; a bar is escaped once and for all."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list of items that are Markdown already, one line each."""
    return "\n".join(f"- {item}" for item in items)


def joined(parts: Iterable[str], between: str = "\n\n") -> str:
    """The parts that are not empty, as paragraphs unless said otherwise."""
    return between.join(part for part in parts if part)


class CodeSpan(NamedTuple):
    """A code span in a line: where it begins and ends, and the code between its backticks."""

    start: int
    end: int
    code: str


def code_spans(line: str) -> Iterator[CodeSpan]:
    """The code spans of a line: each from a run of backticks to the next one of the same length.

    No regular expression finds them: it looks through all the rest of the line for every run that nothing closes.
    """
    runs = [run.span() for run in _TICKS.finditer(line)]
    behind: dict[int, int] = {}
    closing: dict[int, int] = {}
    for start, end in reversed(runs):
        if end - start in behind:
            closing[start] = behind[end - start]
        behind[end - start] = start
    at = 0
    for start, end in runs:
        if start >= at and start in closing:
            at = closing[start] + (end - start)
            yield CodeSpan(start, at, line[end : closing[start]])


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of a quoted text that belong together; code is shown as it is."""

    lines: Sequence[str]
    is_code: bool


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The text cut into prose and code: what is fenced, indented after a blank line, or a dialogue with Python."""
    at = 0
    while at < len(lines):
        end = _end_of_fence(lines, at)
        if end:
            yield _Block(lines[at + 1 : end - 1], is_code=True)
        else:
            is_code = lines[at].startswith(">>>") or (_is_deep(lines[at]) and (at == 0 or not lines[at - 1]))
            end = _end_of_code(lines, at) if is_code else at + 1
            yield _Block(lines[at:end], is_code)
        at = end


def _end_of_fence(lines: Sequence[str], start: int) -> int:
    """The line after the fence that opens at `start` and is closed; 0 if there is none."""
    opening = _OPENING.match(lines[start])
    if opening is None:
        return 0
    return next((i + 1 for i in range(start + 1, len(lines)) if lines[i].strip() == opening["fence"]), 0)


def _end_of_code(lines: Sequence[str], start: int) -> int:
    """The line after the last of a dialogue, which ends at a blank line, or of an indented block, which may not."""
    end = start + 1
    if not _is_deep(lines[start]):
        return next((i for i in range(end, len(lines)) if not lines[i]), len(lines))
    for i in range(end, len(lines)):
        if lines[i] and not _is_deep(lines[i]):
            break
        end = i + 1 if lines[i] else end
    return end


def _is_deep(line: str) -> bool:
    return line.startswith("    ")


def _fence(block: _Block) -> Iterator[str]:
    text = textwrap.dedent("\n".join(block.lines))
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    yield fence
    yield from (visible(line) for line in text.split("\n"))
    yield fence


def _start(line: str) -> str:
    """A line that may begin a block, made to begin none but a list; deep indents shrink, lest they be code blocks."""
    indent = " " * min(len(line) - len(line.lstrip()), 3)
    item = _ITEM.match(line)
    if item is not None:
        return f"{indent}- {_start(item['text'])}"
    shown = _line(line.strip())
    opening = _OPENS_BLOCK.match(shown)
    if opening is None:
        return indent + shown
    mark, rest = opening[0], shown[opening.end() :]
    return indent + (f"{mark}\\{rest}" if mark.isdigit() else f"\\{mark}{rest}")


def _line(line: str) -> str:
    """One line in which nothing but code spans is markup."""
    pieces, at = [], 0
    for span in code_spans(line):
        pieces += [_escaped(line[at : span.start]), visible(line[span.start : span.end])]
        at = span.end
    return "".join([*pieces, _escaped(line[at:])])


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\g<0>", visible(text))
