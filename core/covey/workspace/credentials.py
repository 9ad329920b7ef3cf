"""The credentials in this process's environment, by their values: so that none goes where it has no business.

No program of covey's gets one (`covey.workspace.endings`). But code under test runs as the user, who may read what a
process was started with; so what comes back from a program, or from a file, is looked through as well.
"""

import os
import re
from collections.abc import Mapping

HIDDEN = "[credential]"
"""What stands in the place of a credential."""

_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SHORTEST = 12  # what is shorter may be an ordinary word, and would be hidden where it is one
_PLAIN = re.compile(r"[\w.~+/=:@%!#$^&*-]+")


class Credentials:
    """Values that must not be told to anybody."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        values = {value.strip() for name, value in given.items() if _NAMES.search(name)}
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


def _is_telling(value: str) -> bool:
    """A value that tells something by itself: no path, no flag, no sentence."""
    is_path = value.startswith(("/", "~", "./"))
    return len(value) >= _SHORTEST and not is_path and _PLAIN.fullmatch(value) is not None
