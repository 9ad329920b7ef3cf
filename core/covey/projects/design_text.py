"""What one design document says: the components that it lists, what it depends on, its first words. Pure.

Structure comes from a CommonMark parser, so a heading inside a fence, a quote or a comment is none. Only headings that
are written with `#` count: a rule right below a paragraph would otherwise end a section.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from covey.config.settings import DEFAULT_TYPE
from covey.projects.names import leading_module
from covey.text.quoting import has_controls, quoted

OTHER_TYPE = "other"
"""What a type becomes that is none of the known ones."""

KNOWN_TYPES = frozenset(
    {
        *("module", "context", "coordination_context", "schema", "repository", "genserver", "supervisor", "task"),
        *("registry", "behaviour", "behavior", "protocol", "struct", "macro", "controller", "view", "live_view"),
        *("live_component", "component", "template", "channel", "plug", "router", "endpoint", "worker", "job"),
        *("service", "client", "adapter", "api", "cli", "library", "package", "class", "function", "model", "entity"),
        *("value_object", "policy", "validator", "parser", "renderer", "handler", "query", "command", "event"),
        *("cache", "store", "agent", "application", "config", "helper", "utility", "test", OTHER_TYPE),
    }
)
"""The types of components that documents may name; letter case, blanks, `_` and `-` make no difference."""

LONGEST_NAME = 1000
"""The most characters of a module's name; the path of a longer one could hardly be held by a file system."""

_BY_LETTERS = {known.replace("_", ""): known for known in KNOWN_TYPES}
_SECTION, _COMPONENT = 2, 3
_COLUMNS = 2
_LONGEST_DESCRIPTION = 300
_LONGEST_LINE = 4 * _LONGEST_DESCRIPTION  # of a line; more of it could not be shown in any case
_LARGEST_PRIORITY = 1_000_000
_PURPOSES = ("purpose", "overview", "description", "summary")
_OPAQUE = frozenset({"fence", "code_block", "html_block"})
_LINE_END = re.compile(r"\r\n?|\n")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_NAME_FIRST = re.compile(r"(?P<name>[^\s(:–—]+)(?:\s*[(:–—].*|\s+-\s.*)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_STANDS_ALONE = re.compile(r"[`*\]]*\s*(?:$|[(:,;.–—]|-+\s)")
_NO_MODULE = frozenset({"none", "nothing"})
_PARSER = MarkdownIt("commonmark").disable(["inline", "lheading"])
_PARSER.parse("#")  # makes its rules now, before several threads read with it


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a document that a person should know of. `line` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedComponent:
    """A component as a context's document lists it: its name as it is written there, and on which line."""

    name: str
    line: int
    type: str
    priority: int | None
    description: str


@dataclass(frozen=True, slots=True)
class NamedModule:
    """A module at the beginning of a list item under Dependencies.

    `stands_alone`: it is not the first word of a sentence, so it may well be a module that is not the project's.
    """

    name: str
    line: int
    stands_alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignText:
    """What a document says. `first_word` is that of its title; one that lists components is a context's."""

    first_word: str
    description: str
    components: tuple[ListedComponent, ...]
    depends_on: tuple[NamedModule, ...]
    remarks: tuple[Remark, ...]


def read_design(text: str) -> DesignText:
    """What a document says; its lines may end in any way."""
    return _Reader(text).run()


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading at the top level: its level, its words, its line, and where the text below it begins and ends."""

    level: int
    title: str
    line: int
    start: int
    end: int


class _Reader:
    """One reading. Lines are counted from 0 here, as the parser has them."""

    def __init__(self, text: str) -> None:
        self.lines = _LINE_END.split(text)
        self.tokens = _PARSER.parse(text)
        self.headings = list(self._headings())
        self.opaque = {line for token in self.tokens if token.type in _OPAQUE for line in range(*_span(token))}
        self.remarks: list[Remark] = []

    def run(self) -> DesignText:
        title = next((heading for heading in self.headings if heading.level == 1), None)
        components = tuple(self._component(heading) for heading in self._listed())
        if components:
            self._look_for_open_fence()
        return DesignText(
            first_word=_first_word(title.title) if title else "",
            description=self._description(title),
            components=components,
            depends_on=tuple(self._dependencies()),
            remarks=tuple(sorted(self.remarks, key=lambda remark: remark.line)),
        )

    def _headings(self) -> Iterator[_Heading]:
        found = [
            (token, self.tokens[place + 1].content)
            for place, token in enumerate(self.tokens)
            if token.type == "heading_open" and token.level == 0
        ]
        starts = [*(_span(token)[0] for token, _ in found[1:]), len(self.lines)]
        for (token, title), end in zip(found, starts, strict=False):
            first, last = _span(token)
            yield _Heading(int(token.tag[1:]), title, first + 1, last, end)

    def _section(self, title: str) -> Iterator[_Heading]:
        """The `##` headings with this title, and each heading below them, up to the next `#` or `##`."""
        inside = False
        for heading in self.headings:
            if heading.level <= _SECTION:
                inside = heading.level == _SECTION and _plain(heading.title) == title
            if inside:
                yield heading

    def _listed(self) -> list[_Heading]:
        return [heading for heading in self._section("components") if heading.level == _COMPONENT]

    def _component(self, heading: _Heading) -> ListedComponent:
        place = heading.start
        while place < heading.end and not self.lines[place].strip():
            place += 1
        table = place
        while table < heading.end and table not in self.opaque and self.lines[table].lstrip().startswith("|"):
            table += 1
        facts = self._facts(place, table)
        return ListedComponent(
            name=_name(heading.title),
            line=heading.line,
            type=self._type(*facts.get("type", ("", 0))),
            priority=self._priority(*facts.get("priority", ("", 0))),
            description=self._first_paragraph(table, heading.end),
        )

    def _facts(self, start: int, end: int) -> dict[str, tuple[str, int]]:
        """The rows of a table with two columns: each key with its value and line; the first of a key holds."""
        facts: dict[str, tuple[str, int]] = {}
        for place in range(start, end):
            cells = _cells(self.lines[place])
            if len(cells) != _COLUMNS:
                return {}
            facts.setdefault(cells[0].casefold(), (cells[1], place + 1))
        return facts

    def _type(self, written: str, line: int) -> str:
        if not written:
            return DEFAULT_TYPE
        known = _BY_LETTERS.get(re.sub(r"[\s_-]+", "", written).casefold())
        if known is not None:
            return known
        self.remarks.append(Remark(line, f"the type {quoted(written)} is not known; taken as {quoted(OTHER_TYPE)}"))
        return OTHER_TYPE

    def _priority(self, written: str, line: int) -> int | None:
        if not written:
            return None
        if _WHOLE.fullmatch(written) and abs(int(written)) <= _LARGEST_PRIORITY:
            return int(written)
        message = f"the priority {quoted(written)} is no whole number up to {_LARGEST_PRIORITY:,}; left out"
        self.remarks.append(Remark(line, message))
        return None

    def _description(self, title: _Heading | None) -> str:
        """What stands below the document's title, else below the heading of its purpose."""
        purposes = [heading for heading in self.headings if _plain(heading.title) in _PURPOSES]
        places = [heading for heading in (title, *purposes) if heading is not None]
        said = (self._first_paragraph(heading.start, heading.end) for heading in places)
        return next((text for text in said if text), "")

    def _first_paragraph(self, start: int, end: int) -> str:
        """The first paragraph of text on one line: no code, no table, nothing that could not be shown."""
        words: list[str] = []
        for place in range(start, end):
            line = "".join(" " if has_controls(letter) else letter for letter in self.lines[place][:_LONGEST_LINE])
            is_text = place not in self.opaque and not line.lstrip().startswith("|")
            if is_text and line.strip():
                words.extend(line.split())
            elif words:
                break
        return _cut(" ".join(words))

    def _dependencies(self) -> Iterator[NamedModule]:
        inside = {line for heading in self._section("dependencies") for line in range(heading.start, heading.end)}
        for place, token in enumerate(self.tokens):
            line = _span(token)[0]
            is_item = token.type == "list_item_open" and self.tokens[place + 1].type == "paragraph_open"
            if is_item and line in inside:
                found = _named(self.tokens[place + 2].content.partition("\n")[0], line + 1)
                if found is not None:
                    yield found

    def _look_for_open_fence(self) -> None:
        """A fence that is never closed swallows what comes after it, components too."""
        last = len(self.lines) - (not self.lines[-1])
        for token in self.tokens:
            start, end = _span(token)
            if token.type == "fence" and token.level == 0 and end >= last and not self._closes(token, last):
                self.remarks.append(Remark(start + 1, "this fence is never closed; nothing below it was read"))

    def _closes(self, fence: Token, end: int) -> bool:
        last = self.lines[end - 1].strip()
        return end - 1 > _span(fence)[0] and last.startswith(fence.markup) and not last.strip(fence.markup[0])


def _span(token: Token) -> tuple[int, int]:
    first, last = token.map or (0, 0)
    return first, last


def _plain(title: str) -> str:
    return " ".join(title.strip("*_`: ").split()).casefold()


def _first_word(title: str) -> str:
    words = _unadorned(title).split()
    return words[0].rstrip(":,.") if words else ""


def _name(title: str) -> str:
    """The name that a heading begins with, what explains it left out; all of it where it begins with none."""
    text = _unadorned(title)
    match = _NAME_FIRST.fullmatch(text)
    return match["name"] if match else text


def _unadorned(title: str) -> str:
    return _LINK.sub(r"\1", title).replace("`", "").replace("*", "").replace("\\_", "_").strip()


def _cells(line: str) -> Sequence[str]:
    inner = line.strip().removeprefix("|")
    cells = re.split(r"(?<!\\)\|", inner)
    if cells and not cells[-1].strip():
        cells.pop()
    return [cell.strip().strip("`*").strip() for cell in cells]


def _named(text: str, line: int) -> NamedModule | None:
    name = leading_module(text)
    if name is None or name.casefold() in _NO_MODULE or len(name) > LONGEST_NAME:
        return None
    rest = text.partition(name)[2]
    return NamedModule(name, line, stands_alone=_STANDS_ALONE.match(rest) is not None)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_DESCRIPTION:
        return text
    return f"{text[: _LONGEST_DESCRIPTION - 1].rstrip()}…"
