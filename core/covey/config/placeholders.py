"""Placeholders in the arguments of commands and in templates of paths: words in braces that are filled in later."""

import re
from collections.abc import Sequence

from covey.text.quoting import did_you_mean, quoted

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""One in an argument of a command: braces around anything but a single word are left as they are."""


def unknown(name: str, known: Sequence[str]) -> ValueError:
    """What is wrong where a placeholder is none of those that are known, as pydantic's validators raise it."""
    listed = ", ".join(f"{{{placeholder}}}" for placeholder in known)
    hint = did_you_mean(name, known)
    return ValueError(f"has the unknown placeholder {quoted(f'{{{name}}}')}{hint}; known are {listed}")


def check_argument(argument: str, known: Sequence[str]) -> None:
    """Nothing, where this can be an argument of a command with placeholders of these names.

    Raises:
        ValueError: it has another placeholder, or a character that no argument can have.
    """
    if "\0" in argument:
        raise ValueError(f"should have no NUL characters, not {quoted(argument)}")
    for name in PLACEHOLDER.findall(argument):
        if name not in known:
            raise unknown(name, known)
