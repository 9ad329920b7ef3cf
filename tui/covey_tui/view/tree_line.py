"""One row of the session tree, to the cell. Pure."""

from datetime import datetime
from typing import NamedTuple

from covey.model.session import Session
from covey.model.status import Status
from covey.text.cells import cut, pad
from covey.text.glyphs import LOOKS
from covey.text.sanitise import SafeText
from covey.text.words import cost, duration, tokens
from covey_tui.view.board import Board
from covey_tui.view.columns import ATTEMPT, BAR_LEAST, TIME, Columns
from covey_tui.view.progress import USUAL, Manner, bar, done_of_all
from covey_tui.view.spans import MUTED, TEXT, Line, Role, Tone, fit, room, span
from covey_tui.view.tally import CLOSED, Tally
from covey_tui.view.words import elapsed, glyph, glyph_tone, is_ticking, name_of, status_word

PULSE = "◉"
"""The sign of a running session for the moment in which its agent does something."""
DEEPEST = 4
_STEP = 2
_ACCENT = Tone(Role.PRIMARY)
_RECEDES = frozenset({"queued", "cancelled", "skipped"})


class Row(NamedTuple):
    """Where and how a session stands in the tree; `folded` is None for one without children.

    `is_pulsing`: its agent has just done something.
    """

    depth: int
    folded: bool | None
    is_cursor: bool = False
    is_marked: bool = False
    is_pulsing: bool = False


def tree_line(
    board: Board, session: Session, row: Row, parts: Columns, now: datetime, *, manner: Manner = USUAL
) -> Line:
    """The row of a session, as wide as the columns."""
    is_parent = row.folded is not None and board.tally(session.id).total > 0
    return (
        span("▌" if row.is_cursor else " ", _ACCENT),
        span(PULSE if row.is_pulsing else glyph(session), glyph_tone(session)),
        span("▪" if row.is_marked else " ", _ACCENT),
        *_name(session, row, parts.name),
        span(" "),
        *(
            _counts(session, board.tally(session.id), parts, manner)
            if is_parent
            else _state(board, session, parts, now)
        ),
        *_numbers(board, session, parts, now),
        span(" "),
    )


def _name(session: Session, row: Row, cells: int) -> Line:
    too_deep = row.depth > DEEPEST
    indent = " " * (_STEP * min(row.depth, DEEPEST))
    fold = "  " if row.folded is None else "▸ " if row.folded else "▾ "
    before = f"{indent}{fold}{'›' if too_deep else ''}"
    name = cut(name_of(session), cells - len(before))
    return fit((span(before, MUTED), span(name, _name_tone(session, row))), cells)


def _name_tone(session: Session, row: Row) -> Tone:
    state = session.phase or session.status
    recedes = state in _RECEDES or (state == "paused" and session.session_id is not None)
    is_bold = row.is_cursor or row.folded is not None
    return Tone(
        Role.MUTED if recedes and not row.is_cursor else Role.TEXT, is_bold, strike=session.status is Status.SKIPPED
    )


def _state(board: Board, session: Session, parts: Columns, now: datetime) -> Line:
    """Status and attempt; the status may run into an empty attempt."""
    cells = parts.status + ATTEMPT
    word = status_word(board, session, now)
    attempt = f" ×{session.attempt}" if session.attempt > 1 else ""
    free = cells - max(ATTEMPT, len(attempt)) if attempt else cells
    left = span(pad(cut(word.text, free), free), word.tone)
    return fit((left, span(attempt.rjust(cells - free), MUTED)), cells)


def _counts(session: Session, tally: Tally, parts: Columns, manner: Manner) -> Line:
    """What a parent has in place of status and attempt: its bar, how many are done, how many need a human.

    Below one that somebody has given up, nobody does.
    """
    cells = parts.status + ATTEMPT
    beside: Line = (span(f" {done_of_all(tally)}", TEXT),)
    if tally.needs and session.status not in CLOSED:
        sign = LOOKS["blocked"].unicode
        beside = (*beside, span("  "), span(f"{sign}{tally.needs}", Tone(Role.WARNING, bold=True)))
    drawn = min(parts.bar, cells - room(beside))
    drawn_bar = bar(tally, drawn, manner) if drawn >= BAR_LEAST else ()
    return fit((*drawn_bar, *beside), cells)


def _numbers(board: Board, session: Session, parts: Columns, now: datetime) -> Line:
    seconds = elapsed(session, now)
    time = "" if seconds is None else duration(seconds)
    tone = TEXT if is_ticking(session) else MUTED
    numbers: Line = (span(SafeText(time.rjust(TIME)), tone),)
    if parts.tokens:
        used = board.spent(session.id).tokens
        numbers = (*numbers, span((tokens(used) if used else "").rjust(parts.tokens), MUTED))
    if parts.cost:
        numbers = (*numbers, span(cost(board.spent(session.id).usd).rjust(parts.cost), MUTED))
    return numbers
