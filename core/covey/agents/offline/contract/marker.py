"""The first line of a drafted test file: by its digest an unchanged draft is known again. Pure."""

import hashlib
import re

_FIRST_LINE = re.compile(r"# Draft of covey's offline agent: ([0-9a-f]{64})")


def marked(text: str) -> str:
    """The text below a first line that tells its digest."""
    return f"# Draft of covey's offline agent: {_digest(text)}\n{text}"


def is_unchanged(text: str) -> bool:
    """The text is a draft that nobody has changed since; version control may have changed its line ends."""
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    found = _FIRST_LINE.fullmatch(first)
    return found is not None and found[1] == _digest(rest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
