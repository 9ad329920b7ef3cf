"""The columns of the session tree: how many cells each has, from the tree's width alone. Pure.

No width follows the data, so no column moves while work goes on.
"""

from typing import NamedTuple

from covey_tui.view.spans import MUTED, Line, Role, Tone, fit, span, spread

GUTTER = 3
"""Cursor, glyph and mark."""
ATTEMPT, TIME, NUMBER = 3, 7, 8
_AIR = 1
_SCROLLBAR = 1
_NAME, _NAME_WIDER, _NAME_WIDEST = 20, 24, 30
_WIDER, _NUMBERS, _WIDEST = 60, 76, 88
_BAR, _BAR_WIDEST, BAR_LEAST = 12, 16, 4
_HEAD_INDENT = 2


class Columns(NamedTuple):
    """The widths in cells; 0 where there is no such column. `bar` is that of a parent, at most."""

    name: int
    status: int
    tokens: int
    cost: int
    bar: int

    @property
    def width(self) -> int:
        """All columns together, without the scrollbar."""
        return GUTTER + self.name + 1 + self.status + ATTEMPT + TIME + self.tokens + self.cost + _AIR


def columns(tree: int, *, priced: bool = False) -> Columns:
    """The columns of a tree of so many cells; `priced` is whether any price is known."""
    name = _NAME_WIDEST if tree >= _WIDEST else _NAME_WIDER if tree >= _WIDER else _NAME
    tokens = NUMBER if tree >= _NUMBERS else 0
    cost = NUMBER if tokens and priced else 0
    taken = GUTTER + name + 1 + ATTEMPT + TIME + tokens + cost + _AIR + _SCROLLBAR
    return Columns(name, max(0, tree - taken), tokens, cost, _BAR_WIDEST if tree >= _WIDEST else _BAR)


_INDENT = GUTTER + _HEAD_INDENT - 1
"""The words stand in a bar, whose own margin is the first cell."""


_CHOSEN = Tone(Role.PRIMARY, bold=True)
"""What somebody has chosen to see stands out: it is not the whole tree, or not in its order."""
_NEEDING_FIRST = "needs you first"


def heads(parts: Columns, *, needing_first: bool = False) -> Line:
    """The words above the columns; in place of the first, that what needs somebody stands first."""
    first = f"{' ' * _INDENT}{_NEEDING_FIRST if needing_first else 'session'}".ljust(GUTTER + parts.name)
    rest = "status".ljust(parts.status + ATTEMPT) + "time".rjust(TIME)
    for width, word in ((parts.tokens, "tokens"), (parts.cost, "cost")):
        rest += word.rjust(width) if width else ""
    line = (span(first, _CHOSEN), span(rest, MUTED)) if needing_first else (span(first + rest, MUTED),)
    return fit(line, parts.width - 1)


def filtered_heads(parts: Columns, label: str, shown: int, total: int) -> Line:
    """The words above the columns while a filter holds: what it is, and how many rows it leaves."""
    left = (span(" " * _INDENT), span(label, _CHOSEN), span(f"  {shown} of {total} shown", MUTED))
    back = (span("Esc", Tone(bold=True)), span(" all", MUTED))
    return (*spread(left, back, parts.width - 1 - _AIR), span(" "))
