"""The credentials in this process's environment, by their values: so that none goes where it has no business.

What counts as one is decided here and nowhere else.

No program of covey's gets one (`covey.workspace.endings`). But code under test runs as the user, who may read what a
process was started with; so what comes back from a program, or from a file, is looked through as well.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

HIDDEN = "[credential]"
"""What stands in the place of a credential."""

_NAMES = re.compile(
    r"((KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)S?|PASSWD|PASSPHRASE|AUTH|(^|_)PAT|(^|_)PASS)(_?\d+)?$"
    r"|(KEY|TOKEN|SECRET|PASSWORD)_(?!DIR|FILE|ID|NAME|PATH|TYPE|URL)[A-Z]+$",
    re.IGNORECASE,
)
"""The word at the end, or with one more behind it that says for what: `GITHUB_TOKEN_CI`, `SECRET_KEY_BASE`."""
_HEADERS = re.compile(r"HEADERS?$", re.IGNORECASE)
_SHORTEST = 12  # what is shorter may be an ordinary word, and would be hidden where it is one
_PLAIN = re.compile(r"[\w.~+/=:@%!#$^&*-]+")

T = TypeVar("T")


class Credentials:
    """Values that must not be told to anybody."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        values = {told.strip() for name, value in given.items() for told in _told_by(name, value)}
        # The longest first: one may be the beginning of another.
        self._values = sorted((value for value in values if _is_telling(value)), key=len, reverse=True)

    def are_in(self, text: str) -> bool:
        """Whether the text holds one."""
        return any(value in text for value in self._values)

    def hidden(self, text: str) -> str:
        """The text without any."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text

    def parted(self, text: str) -> tuple[str, str]:
        """The text without any, and its end in so far as it may be the beginning of one that goes on in the next."""
        text = self.hidden(text)
        held = max((_overlap(text, value) for value in self._values), default=0)
        return text[: len(text) - held], text[len(text) - held :]

    def hidden_in(self, value: T) -> T:
        """Lists, objects and texts as JSON has them, without any in their texts and keys."""
        hidden: Any = value
        if not self._values:
            return value
        if isinstance(value, str):
            hidden = self.hidden(value)
        elif isinstance(value, list):
            hidden = [self.hidden_in(each) for each in value]
        elif isinstance(value, dict):
            hidden = {self.hidden_in(key): self.hidden_in(each) for key, each in value.items()}
        return cast("T", hidden)


def holds_one(variable: str, value: str) -> bool:
    """A variable of this name and value holds a credential."""
    return _NAMES.search(variable) is not None or any(_told_by(variable, value))


def _told_by(name: str, value: str) -> Iterator[str]:
    """What may be a credential in a variable: all of it by its name, the words of headers, what logs in at addresses.

    Who has a token for the web often gives it as the user, with no password behind it.
    """
    if _NAMES.search(name):
        yield value
    if _HEADERS.search(name):
        for line in value.splitlines():
            yield from line.partition(":")[2].split()
    for word in value.split():
        with contextlib.suppress(ValueError):
            address = urlsplit(word)
            yield address.password or (address.username if address.scheme in {"http", "https"} else None) or ""


def _overlap(text: str, value: str) -> int:
    """How many characters at the end of the text are the beginning of the value, but not all of it."""
    most = min(len(text), len(value) - 1)
    return next((length for length in range(most, 0, -1) if text.endswith(value[:length])), 0)


def _is_telling(value: str) -> bool:
    """A value that tells something by itself: no path, no flag, no sentence."""
    is_path = value.startswith(("/", "~", "./"))
    return len(value) >= _SHORTEST and not is_path and _PLAIN.fullmatch(value) is not None
