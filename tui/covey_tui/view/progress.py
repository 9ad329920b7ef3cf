"""How far the sessions below a parent have come, as a bar and in numbers. Pure.

A bar always fills its cells exactly: where each segment ends is rounded, not how long it is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from covey.text.glyphs import FILE_MISSING, LOOKS
from covey_tui.view.spans import MUTED, Line, Role, Span, Tone, span
from covey_tui.view.tally import Tally


class Manner(NamedTuple):
    """How signs are drawn where colour cannot tell them apart."""

    ascii: bool = False
    no_color: bool = False


USUAL = Manner()
"""Colour, and every sign."""


class Segment(NamedTuple):
    """A part of the bar: the states that it counts, their colour, and its signs without colour and in ASCII."""

    states: tuple[str, ...]
    role: Role
    sign: str
    without_color: str
    ascii: str


SEGMENTS: tuple[Segment, ...] = (
    Segment(("complete",), Role.SUCCESS, "━", "━", "="),
    Segment(("skipped", "cancelled", "cancelling"), Role.FAINT, "━", "━", "="),
    Segment(("failed",), Role.ERROR, "━", "╍", "x"),
    Segment((FILE_MISSING, "blocked", "asking"), Role.WARNING, "━", "╍", "^"),
    Segment(("stalled",), Role.WARNING, "━", "╍", "?"),
    Segment(("running", "pausing", "waiting"), Role.PRIMARY, "━", "─", "-"),
    Segment(("interrupted", "paused", "queued"), Role.FAINT, "─", "─", "."),
)
"""In the order of the bar, which is that of the counts beside it."""

COUNTED: tuple[tuple[str, str, Role, bool], ...] = (
    ("complete", "complete", Role.SUCCESS, False),
    ("skipped", "skipped", Role.MUTED, False),
    ("cancelled", "cancelled", Role.MUTED, False),
    ("cancelling", "cancelling", Role.MUTED, False),
    ("failed", "failed", Role.ERROR, True),
    (FILE_MISSING, "missing", Role.WARNING, True),
    ("blocked", "blocked", Role.WARNING, True),
    ("asking", "asking", Role.WARNING, True),
    ("stalled", "stalled", Role.WARNING, True),
    ("running", "running", Role.PRIMARY, False),
    ("pausing", "pausing", Role.MUTED, False),
    ("waiting", "waiting", Role.MUTED, False),
    ("interrupted", "interrupted", Role.MUTED, False),
    ("paused", "paused", Role.MUTED, False),
    ("queued", "queued", Role.MUTED, False),
)
"""State, word, colour of its sign, and whether it needs a human."""


def bar(tally: Tally, cells: int, manner: Manner = USUAL) -> Line:
    """The bar in so many cells; of nothing at all it is a rule."""
    total = tally.total
    if not total:
        return (span(("." if manner.ascii else "─") * cells, Tone(Role.FAINT)),)
    return tuple(_pieces(tally, total, cells, manner))


def _pieces(tally: Tally, total: int, cells: int, manner: Manner) -> Iterator[Span]:
    counted, drawn = 0, 0
    for segment in SEGMENTS:
        counted += tally.of(*segment.states)
        until = round(counted * cells / total)
        if until > drawn:
            sign = segment.ascii if manner.ascii else segment.without_color if manner.no_color else segment.sign
            yield span(sign * (until - drawn), Tone(segment.role))
        drawn = max(drawn, until)


def counts(tally: Tally, *, words: bool = False) -> Line:
    """How many are in each state, signs in colour; those that need a human are bold, and zeros are left out."""
    line: Line = ()
    for state, word, role, needs in COUNTED:
        count = tally.of(state)
        if count:
            gap = (span("  "),) if line else ()
            said = (span(f" {word}", MUTED),) if words else ()
            number = Tone(bold=True) if needs else Tone()
            line = (*line, *gap, span(f"{LOOKS[state].unicode} ", Tone(role)), span(str(count), number), *said)
    return line


def done_of_all(tally: Tally) -> str:
    """Complete and skipped over all: `7/14`."""
    return f"{tally.done}/{tally.total}"
