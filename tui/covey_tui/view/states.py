"""The states of a session on the screen: one table of their colours and of their places in sums. Pure.

Their signs and words are those of the command line too: `covey.text.glyphs`. What a role of colour looks like is the
theme's matter: `covey_tui.palette`.
"""

from typing import NamedTuple

from covey.model.status import Phase
from covey.text.glyphs import FILE_MISSING
from covey_tui.view.spans import Role


class Piece(NamedTuple):
    """What a part of the bar looks like: its colour, and its signs with colour, without, and in ASCII."""

    role: Role
    sign: str
    without_color: str
    ascii: str


class Shown(NamedTuple):
    """How a state is shown: its colour, the word beside its count, and what the bar has for it.

    `calls`: a human is wanted, so that its word and its count are bold.
    """

    role: Role
    counted: str
    piece: Piece
    calls: bool = False


_DONE = Piece(Role.SUCCESS, "━", "━", "=")
_GIVEN_UP = Piece(Role.FAINT, "━", "━", "=")
_FAILED = Piece(Role.ERROR, "━", "╍", "x")
_NEEDS_YOU = Piece(Role.WARNING, "━", "╍", "^")
_SILENT = Piece(Role.WARNING, "━", "╍", "?")
_GOES_ON = Piece(Role.PRIMARY, "━", "─", "-")
_STANDS = Piece(Role.FAINT, "─", "─", ".")

STATES: dict[str, Shown] = {
    "complete": Shown(Role.SUCCESS, "complete", _DONE),
    "skipped": Shown(Role.MUTED, "skipped", _GIVEN_UP),
    "cancelled": Shown(Role.MUTED, "cancelled", _GIVEN_UP),
    "cancelling": Shown(Role.MUTED, "cancelling", _GIVEN_UP),
    "failed": Shown(Role.ERROR, "failed", _FAILED, calls=True),
    FILE_MISSING: Shown(Role.WARNING, "missing", _NEEDS_YOU, calls=True),
    "blocked": Shown(Role.WARNING, "blocked", _NEEDS_YOU, calls=True),
    "asking": Shown(Role.WARNING, "asking", _NEEDS_YOU, calls=True),
    "stalled": Shown(Role.WARNING, "stalled", _SILENT, calls=True),
    "running": Shown(Role.PRIMARY, "running", _GOES_ON),
    "pausing": Shown(Role.MUTED, "pausing", _GOES_ON),
    "waiting": Shown(Role.MUTED, "waiting", _GOES_ON),
    "interrupted": Shown(Role.MUTED, "interrupted", _STANDS),
    "paused": Shown(Role.MUTED, "paused", _STANDS),
    "queued": Shown(Role.MUTED, "queued", _STANDS),
}
"""By the state of a session (`state_of`), in the order of the bar, which is that of the counts beside it."""

NEED_A_HUMAN = frozenset({"failed", "cancelled", FILE_MISSING, "stalled", "asking"})
"""States in which a session needs a human itself; a blocked one may wait for those below it alone."""
TIME_STANDS = frozenset({Phase.INTERRUPTED, Phase.ASKING, Phase.PAUSED})
"""Phases in which a session's time stands where its last event left it; a root's goes on while its run is paused."""
WITH_SLOT = ("running", "stalled", "pausing", "cancelling")
"""States of sessions that have a slot."""
