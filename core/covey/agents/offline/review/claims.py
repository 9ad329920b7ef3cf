"""What a design document says: the names of its API, the dependencies it lists, the modules it mentions. Pure.

Documents are written by anybody in any form. Only what can hardly mean something else is taken for a claim: a name in a
code span that begins a list item or a paragraph, a heading, and a definition in a block of Python.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it.token import Token

from covey.agents.offline.draft import Topic, topic_of
from covey.agents.offline.markdown import code_spans
from covey.artifacts.outline import Outline, outline, parse
from covey.projects.names import leading_module

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_ADORNMENT = re.compile(r"[\s*_\[]*")
_DECLARES = re.compile(
    rf"(?:async\s+)?(?P<word>def\s+|class\s+)?(?P<name>{_NAME})\s*(?P<after>\(|->|:|=|\[|$)", re.DOTALL
)
_DEFINITION = re.compile(rf"[ \t]*(?:async[ \t]+def|def|class)[ \t]+{_NAME}.*")
_WORD = re.compile(r"[^\W\d]\w*")
_TOP_ITEM = 1  # the level of an item of a list that stands in no other


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that a document gives to a part of the API. `holder` is the heading it stands under, if that is a name.

    `shown` is the code as the document has it; `is_plain`: it is a name alone, or a name with its type.
    """

    line: int
    name: str
    holder: str
    shown: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """A dotted name in a document, with its line."""

    line: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All that can be told of a document. `has_api`: it has a section for that; `words` are all that are in it."""

    api: tuple[Claim, ...]
    has_api: bool
    dependencies: tuple[Mention, ...]
    mentions: tuple[Mention, ...]
    words: frozenset[str]


def claims_of(text: str) -> Claims:
    """What a document says."""
    document, tokens = outline(text), parse(text)
    api = tuple(_api_lines(document, Topic.PUBLIC_API))
    needs = [section for section in document.sections if topic_of(section.heading.title) is Topic.DEPENDENCIES]
    named = [(line.number, leading_module(line.text)) for section in needs for line in section.bullets]
    return Claims(
        api=tuple(_claims(tokens, api)),
        has_api=bool(api),
        dependencies=tuple(Mention(number, name) for number, name in named if name is not None),
        mentions=tuple(_mentions(tokens)),
        words=frozenset(_WORD.findall(text)),
    )


def _api_lines(document: Outline, topic: Topic) -> Iterator[range]:
    for section in document.sections:
        if topic_of(section.heading.title) is topic:
            yield range(section.heading.last + 1, section.end + 1)


def _claims(tokens: Sequence[Token], within: Sequence[range]) -> Iterator[Claim]:
    holder = ""
    for token, following in pairwise(tokens):
        if token.map is None:
            continue  # it closes what has been looked at
        line = token.map[0] + 1
        if not any(line in lines for lines in within):
            holder = ""
        elif token.type == "heading_open":
            found = list(_claim(line, _code_or_all(following.content), ""))
            yield from found
            holder = found[0].name if found else ""
        elif token.type == "paragraph_open":
            span = _leading_code(following.content)
            claims = () if span is None else _claim(line, span, holder)
            is_nested = token.level > _TOP_ITEM + 1
            yield from (claim for claim in claims if not (claim.is_plain and (holder or is_nested)))
        elif token.type == "fence" and token.info.split(" ")[0].lower() in {"", "python", "py"}:
            for number, definition in enumerate(token.content.splitlines(), line + 1):
                if _DEFINITION.fullmatch(definition):
                    yield from _claim(number, definition.strip(), holder)


def _code_or_all(title: str) -> str:
    span = _leading_code(title)
    return title.strip() if span is None else span


def _leading_code(text: str) -> str | None:
    """The code span that a text begins with, emphasis and brackets aside; None if it begins with something else."""
    line = _ADORNMENT.sub("", text, count=1).partition("\n")[0]
    return next((span.code for span in code_spans(line) if span.start == 0), None)


def _claim(line: int, shown: str, holder: str) -> Iterator[Claim]:
    found = _DECLARES.match(shown)
    if found is None or found["name"].rpartition(".")[2].startswith("_"):
        return
    is_plain = not found["word"] and found["after"] not in {"(", "->"}
    yield Claim(line, found["name"], holder, shown, is_plain)


def _mentions(tokens: Sequence[Token]) -> Iterator[Mention]:
    for token in tokens:
        if token.type != "inline":
            continue
        for number, line in enumerate(token.content.splitlines(), (token.map or [0])[0] + 1):
            for span in code_spans(line):
                name = leading_module(span.code.strip())
                if name is not None and "." in name:
                    yield Mention(number, name)
