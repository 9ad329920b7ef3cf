"""How much room a text takes on a terminal, and how it is made to fit. Pure.

Room is counted in cells: letters of East Asian scripts and most emoji take two, marks that sit on a letter none.
"""

import re
import unicodedata
from functools import lru_cache

from covey.text.sanitise import SafeText

_WIDE = frozenset("WF")
_ON_ANOTHER = frozenset({"Mn", "Me", "Cf"})
_CUT = "…"
_WORDS = re.compile(r"\s*\S+\s*?(?=\s|$)")


def width(text: str) -> int:
    """The cells that a line of text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def pad(text: SafeText, cells: int) -> SafeText:
    """The text with blanks behind it, for a column of so many cells; longer ones stay as they are."""
    return SafeText(text + " " * (cells - width(text)))


def cut(text: SafeText, cells: int | None) -> SafeText:
    """The text as far as it fits into so many cells, with an ellipsis where something is cut; None is room enough."""
    if cells is None or width(text) <= cells:
        return text
    room, kept = cells - 1, 0
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        kept += 1
    return SafeText(f"{text[:kept].rstrip()}{_CUT}")


def fit(text: SafeText, cells: int) -> SafeText:
    """The text for a column of exactly so many cells: cut where it is longer, with blanks behind it where shorter."""
    return pad(cut(text, cells), cells)


def wrap(text: SafeText, cells: int | None, indent: int) -> list[SafeText]:
    """The text in lines of at most so many cells, broken at blanks; all but the first begin with `indent` blanks.

    A word that is longer than a line (a path) stays whole, so that it can be copied.
    """
    if cells is None or width(text) <= cells:
        return [text]
    lines, line = list[str](), ""
    for word in _WORDS.findall(text.rstrip()):  # blanks that end a text would cost their number squared
        if line.strip() and width(line) + width(word.rstrip()) > cells:
            lines.append(line.rstrip())
            line, word = " " * indent, word.lstrip()  # noqa: PLW2901 - the blanks before it are where the line ended
        line += word
    return [SafeText(each) for each in (*lines, line.rstrip())]


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if unicodedata.category(character) in _ON_ANOTHER:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
