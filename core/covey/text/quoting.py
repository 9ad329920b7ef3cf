"""How text from a file or a command line is quoted in messages, and which known name somebody may have meant. Pure.

What a file holds is hostile: in a message it is shown, never obeyed. Whole texts for the screen are another matter:
`covey.text.sanitise`.
"""

import difflib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NEVER_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WRITTEN = {"True": "true", "False": "false"}
_LONGEST = 80


def visible(text: str, limit: int | None = None) -> str:
    r"""The text with every control, format and surrogate character written as its escape, like `\x1b` or `\n`.

    `limit` cuts it to so many characters, the last one being `…`.
    """
    shown = text if text.isascii() and text.isprintable() else "".join(map(_shown, text))
    return shown if limit is None or len(shown) <= limit else f"{shown[: limit - 1]}…"


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN:
        return character.encode("unicode_escape").decode("ascii")
    return character


def has_controls(text: str) -> bool:
    """Whether the text holds what no name may hold: control characters, line ends, overrides of the direction.

    Joiners, which some scripts need within a word, are none of these.
    """
    return any(unicodedata.category(character) in _NEVER_IN_NAMES or character in _DIRECTIONS for character in text)


def quoted(value: object) -> str:
    """A value as it may stand in a message: text in double quotes, everything visible, cut after 80 characters."""
    return visible(f'"{value}"' if isinstance(value, str) else _WRITTEN.get(repr(value), repr(value)), _LONGEST)


def listed(names: Iterable[str]) -> str:
    """Names quoted and separated by commas; after a dozen only their number."""
    every = list(names)
    shown = ", ".join(quoted(name) for name in every[:12])
    return shown if len(every) <= 12 else f"{shown} and {len(every) - 12} more"  # noqa: PLR2004 - said in the docstring


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that somebody who wrote `name` may have meant, best first, three at most."""
    every = dict.fromkeys(known)
    folded: dict[str, str] = {}
    for candidate in every:
        folded.setdefault(candidate.casefold(), candidate)
    matches = difflib.get_close_matches(name.casefold()[:200], folded, n=3)
    return tuple(folded[match] for match in matches)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean "x"?`, empty when nothing is near."""
    near = nearest(name, known)
    return f"; did you mean {' or '.join(quoted(candidate) for candidate in near)}?" if near else ""
