"""Adding what a document lacks: every line that it has stays, in its order, with its line ends. Pure."""

import re
from collections.abc import Mapping, Sequence

from covey.agents.offline.draft import NOTES
from covey.artifacts.outline import Section, line_count, outline, parse

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_LINE_END = re.compile(r"\r\n?|\n")
_PROBE = "\n\n## the end\n"


class UnclosedError(Exception):
    """Nothing can be added at the end of a document: a fence or a comment that begins on `line` is never closed."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}: what begins here is never closed; close it")


def lacking(text: str, required: Sequence[str]) -> tuple[str, ...]:
    """The required sections that a document does not have, or has without text."""
    document = outline(text)
    return tuple(
        title for title in dict.fromkeys(required) if all(section.is_empty for section in document.named(title))
    )


def mended(text: str, bodies: Mapping[str, str], note: str) -> str:
    """The text with these sections filled or added, and with the note under Notes unless it stands there already.

    Raises:
        UnclosedError: something must come at the end, and what stands there would swallow it.
    """
    unclosed = _unclosed(text)
    for title, body in bodies.items():
        found = outline(text).named(title)
        if found:
            text = _inserted(text, found[0].heading.last, body)
        else:
            text = _appended(text, f"## {title}\n\n{body}", unclosed)
    return _with_note(text, note, unclosed) if note else text


def _with_note(text: str, note: str, unclosed: int | None) -> str:
    found = outline(text).named(NOTES)
    if not found:
        return _appended(text, f"## {NOTES}\n\n{note}", unclosed)
    if any(_holds(text, section, note) for section in found):
        return text
    end = found[-1].end
    return _appended(text, note, unclosed) if end >= line_count(text) else _inserted(text, end, note)


def _holds(text: str, section: Section, block: str) -> bool:
    body = _LINE_END.split(text)[section.heading.last : section.end]
    return f"\n{block}\n" in "\n".join(["", *body, ""])


def _appended(text: str, block: str, unclosed: int | None) -> str:
    if unclosed is not None:
        raise UnclosedError(unclosed)
    return _inserted(text, line_count(text), block)


def _inserted(text: str, after: int, block: str) -> str:
    """The text with a block of lines after its line number `after`, blank lines around it, in the text's line ends."""
    lines = _LINE.findall(text)
    end = _newline(text)
    above, below = lines[:after], lines[after:]
    if above and not above[-1].endswith(("\r", "\n")):
        above[-1] += end
    blank_above = [] if not above or not above[-1].strip() else [end]
    blank_below = [] if not below or not below[0].strip() else [end]
    return "".join([*above, *blank_above, block.replace("\n", end), end, *blank_below, *below])


def _newline(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def _unclosed(text: str) -> int | None:
    """The line of a block that would swallow whatever is added at the end; None if there is no such block."""
    tokens = parse(text + _PROBE)
    if [token.type for token in tokens[-3:]] == ["heading_open", "inline", "heading_close"] and tokens[-3].level == 0:
        return None
    last = next(token for token in reversed(tokens) if token.level == 0 and token.map is not None)
    return (last.map or [0, 0])[0] + 1
