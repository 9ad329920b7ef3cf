"""What the tree can be narrowed to: only problems, one status, or names with a text. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from covey.model.session import Session, state_of
from covey.text.glyphs import FILE_MISSING, LOOKS
from covey.text.sanitise import sanitise_line
from covey_tui.view.board import Board
from covey_tui.view.spans import MUTED, STRONG, Line, span

_LABEL = 30


class Filter(NamedTuple):
    """A choice of sessions, how it is called above the tree, and what is said where none is left of them."""

    label: str
    matches: Callable[[Session], bool]
    none: Line


STATES = (
    "running",
    "asking",
    "stalled",
    "pausing",
    "paused",
    "queued",
    "failed",
    FILE_MISSING,
    "complete",
    "skipped",
    "cancelled",
)
"""What the filter key shows, one after the other; then everything again."""


def only_problems(board: Board) -> Filter:
    """The sessions that need a human."""
    return Filter("only problems", lambda session: board.needs_human(session.id), (span("Nothing needs you."),))


def only_state(state: str) -> Filter:
    """The sessions in one state."""
    word = LOOKS[state].word
    none = (span("Nothing is shown as "), span(word, STRONG), span("."))
    return Filter(f"only {word}", lambda session: state_of(session) == state, none)


def with_text(text: str) -> Filter:
    """The sessions whose name has this text in it, whatever its case."""
    wanted = text.casefold()
    label = f"/{sanitise_line(text, _LABEL)}"
    none = (span("Nothing matches "), span(label, STRONG), span("."))
    return Filter(label, lambda session: wanted in session.component.casefold(), none)


def after(current: Filter | None, board: Board) -> Filter | None:
    """The next status that some session is in; None after the last."""
    labels = [only_state(state).label for state in STATES]
    start = labels.index(current.label) + 1 if current is not None and current.label in labels else 0
    there = (state for state in STATES[start:] if board.tally().of(state))
    state = next(there, None)
    return None if state is None else only_state(state)


def nothing(chosen: Filter, total: int) -> Line:
    """What stands in the tree's place where no session matches."""
    return (span("     "), *chosen.none, span("   "), span("Esc", STRONG), span(f" shows all {total}", MUTED))
