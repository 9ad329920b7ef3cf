"""The structure of a Markdown document: its sections with their lines. Pure; knows nothing of what must be in them.

Structure comes from a CommonMark parser, so a heading inside a fence, a quote or a comment is none. Only blocks are
parsed: what a line holds is read as it was written.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

SECTION_LEVEL = 2
"""Sections are `##` headings; `###` and below belong to the section above them, `#` is the title."""

_BOM = "\ufeff"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TEXT = frozenset({"inline", "html_block"})
_CODE = frozenset({"fence", "code_block"})
_PARSER = MarkdownIt("commonmark").disable("inline")
_PARSER.parse("#")  # makes its rules now: threads that read their first documents together would find half of them


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document and its number, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at the top level of a document. `first` and `last` are its lines, counted from 1.

    `plain` is its title reduced to what decides whether two are the same.
    """

    level: int
    title: str
    plain: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it, up to the next heading of its own level or above. `end` is its last line.

    `bullets` are the first lines of its list items; `is_empty`: it holds no text but headings and comments.
    """

    heading: Heading
    end: int
    is_empty: bool
    bullets: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """All headings of a document, each with its section, in their order."""

    sections: tuple[Section, ...]

    def named(self, title: str, level: int | None = SECTION_LEVEL) -> tuple[Section, ...]:
        """The sections with this title, letter case ignored; `level` None looks at headings of every level."""
        wanted = same_title(title)
        return tuple(
            section
            for section in self.sections
            if level in (None, section.heading.level) and section.heading.plain == wanted
        )


def outline(text: str) -> Outline:
    """The outline of a document; text before the first heading belongs to none of its sections."""
    tokens = parse(text)
    starts = [i for i, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0]
    headings = [_heading(tokens, start) for start in starts]
    bullets = tuple(_bullets(tokens))
    # Behind the last heading stands one above all others, where the text ends.
    starts.append(len(tokens))
    headings.append(Heading(0, "", "", first=line_count(text) + 1, last=0))
    sections: list[Section] = []
    for i, heading in enumerate(headings[:-1]):
        following = next(j for j in range(i + 1, len(headings)) if headings[j].level <= heading.level)
        end = headings[following].first - 1
        section = Section(
            heading=heading,
            end=end,
            is_empty=not _say_something(tokens[starts[i] + 3 : starts[following]]),
            bullets=tuple(bullet for bullet in bullets if heading.last < bullet.number <= end),
        )
        sections.append(section)
    return Outline(tuple(sections))


def parse(text: str) -> list[Token]:
    """The blocks of a document as tokens, with line maps; a byte order mark at its start counts as nothing."""
    return _PARSER.parse(text.removeprefix(_BOM))


def line_count(text: str) -> int:
    """The number of lines as Markdown counts them."""
    return len(re.findall(r"\r\n?|\n", text)) + (not text.endswith(("\n", "\r")))


def same_title(title: str) -> str:
    """A title reduced to what decides whether two are the same: no emphasis or colon around it, no letter case."""
    return " ".join(title.strip("*_`:# \t").split()).casefold()


def has_text(content: str) -> bool:
    """There is something to read once comments and blanks are gone."""
    if "<" in content or "&" in content:
        content = html.unescape(_COMMENT.sub("", content))
    return bool(content.strip())


def _heading(tokens: Sequence[Token], start: int) -> Heading:
    first, last = tokens[start].map or [0, 0]
    title = tokens[start + 1].content
    return Heading(int(tokens[start].tag[1:]), title, same_title(title), first=first + 1, last=last)


def _first_line(token: Token) -> int:
    return (token.map or [0, 0])[0] + 1


def _say_something(tokens: Sequence[Token]) -> bool:
    """One of the tokens holds text, headings and comments left out."""
    previous = ""
    for token in tokens:
        kind = token.type
        if kind in _CODE and token.content.strip():
            return True
        if kind in _TEXT and previous != "heading_open" and has_text(token.content):
            return True
        previous = kind
    return False


def _bullets(tokens: Sequence[Token]) -> Iterator[Line]:
    for place, token in enumerate(tokens):
        if token.type == "list_item_open" and tokens[place + 1].type == "paragraph_open":
            inline = tokens[place + 2]
            yield Line(_first_line(inline), inline.content.partition("\n")[0])
