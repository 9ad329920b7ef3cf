"""How far the sessions below a parent have come, as a bar and in numbers. Pure.

A bar always fills its cells exactly: where each segment ends is rounded, not how long it is.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from covey.text.glyphs import LOOKS
from covey_tui.view.spans import MUTED, Line, Role, Span, Tone, span
from covey_tui.view.states import STATES, Piece
from covey_tui.view.tally import Tally


class Manner(NamedTuple):
    """How signs are drawn where colour cannot tell them apart."""

    ascii: bool = False
    no_color: bool = False


USUAL = Manner()
"""Colour, and every sign."""


SEGMENTS: tuple[tuple[Piece, tuple[str, ...]], ...] = tuple(
    (piece, tuple(state for state, _ in rows)) for piece, rows in groupby(STATES.items(), lambda row: row[1].piece)
)
"""The parts of the bar from its left on, each with the states that it counts."""


def bar(tally: Tally, cells: int, manner: Manner = USUAL) -> Line:
    """The bar in so many cells; of nothing at all it is a rule."""
    total = tally.total
    if not total:
        return (span(("." if manner.ascii else "─") * cells, Tone(Role.FAINT)),)
    return tuple(_pieces(tally, total, cells, manner))


def _pieces(tally: Tally, total: int, cells: int, manner: Manner) -> Iterator[Span]:
    counted, drawn = 0, 0
    for piece, states in SEGMENTS:
        counted += tally.of(*states)
        until = round(counted * cells / total)
        if until > drawn:
            sign = piece.ascii if manner.ascii else piece.without_color if manner.no_color else piece.sign
            yield span(sign * (until - drawn), Tone(piece.role))
        drawn = max(drawn, until)


def counts(tally: Tally, *, words: bool = False) -> Line:
    """How many are in each state, signs in colour; those that need a human are bold, and zeros are left out."""
    line: Line = ()
    for state, shown in STATES.items():
        count = tally.of(state)
        if count:
            gap = (span("  "),) if line else ()
            said = (span(f" {shown.counted}", MUTED),) if words else ()
            number = Tone(bold=shown.calls)
            line = (*line, *gap, span(f"{LOOKS[state].unicode} ", Tone(shown.role)), span(str(count), number), *said)
    return line


def done_of_all(tally: Tally) -> str:
    """Complete and skipped over all: `7/14`."""
    return f"{tally.done}/{tally.total}"
