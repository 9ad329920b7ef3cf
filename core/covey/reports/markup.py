"""Text of others inside Markdown: shown as it is, never obeyed, wherever Markdown is rendered. Pure.

Names, reasons and paths can hold anything: table bars, code fences, links, HTML, and what forges turn into more than
text (`@somebody` writes them a mail, `#12` and bare addresses become links). They come out as `code`, for names and
paths, or as `prose`, for sentences; both are one line, and safe inside a table's cell.
"""

import re
from urllib.parse import quote

from covey.text.sanitise import sanitise_line

NAME_LIMIT, PROSE_LIMIT = 200, 400
"""The most characters that a name and a sentence take."""

_NO_NAME = "(no name)"
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/#-]*)?")
_INVISIBLE = "&#8203;"
_ESCAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\\`*\[\]~!]"), r"\\\g<0>"),
    (re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"), r"\\_"),  # inside of a word it means nothing
    (re.compile(r"@(?=\w)|#(?=\d)"), rf"\g<0>{_INVISIBLE}"),
    (re.compile(r"://"), ":&#47;/"),
    (re.compile(r"\bwww\.", re.IGNORECASE), "www&#46;"),
    (re.compile(r"\|"), "&#124;"),
)


def prose(text: str, limit: int = PROSE_LIMIT) -> str:
    """A sentence as plain text. It may not begin a line, where dashes and numbers would begin a list."""
    return _escaped(sanitise_line(text, limit))


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """A name, a path or an id in a code span."""
    line = str(sanitise_line(text, limit)) or _NO_NAME
    if "|" in line:  # in a table's cell no code span can hold it, however it is escaped
        return f"<code>{_escaped(line)}</code>"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    blank = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def link(path: str, base: str) -> str:
    """A file of the project as a link; `base` leads from where the report lies to the project's root."""
    target = quote(f"{base}{path}".encode("utf-8", "surrogateescape"), safe="/")
    return f"[{_escaped(sanitise_line(path, NAME_LIMIT))}]({target})"


def address(text: str) -> str:
    """An address as a link that is written out, if it plainly is one; anything else as code."""
    return f"<{text}>" if _ADDRESS.fullmatch(text) else code(text)


def _escaped(line: str) -> str:
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for pattern, replacement in _ESCAPES:
        escaped = pattern.sub(replacement, escaped)
    return escaped
