"""The State tab: how the session's state is known, then the record as it is stored, every field of it. Pure."""

import json
from datetime import datetime

from covey.client.known import Basis, known
from covey.model.message import Message
from covey.model.session import Session, state_of
from covey.text.glyphs import LOOKS
from covey.text.sanitise import sanitise_line
from covey.text.words import ago
from covey_tui.view.board import Board
from covey_tui.view.detail.pieces import LONGEST, clock
from covey_tui.view.spans import BLANK, MUTED, TEXT, Line, Tone, span, wrapped

COLUMN = 20
"""How many cells the names of the fields take."""


def tab_lines(board: Board, session: Session, now: datetime, width: int) -> list[Line]:
    """All of the tab: how the state of a session is known, and its record, in which nothing is laid over the log."""
    return [*known_lines(board, session, now, width), *state_lines(board.stored[session.id], width)]


def known_lines(board: Board, session: Session, now: datetime, width: int) -> list[Line]:
    """How the state is known and since when, the agent's last sign of life while it is at work, and how it is shown.

    That is told where it is otherwise than the record has it: under a pause, or inferred while no engine lives.
    """
    sign, is_inferred = board.signs.by_id.get(session.id), board.is_inferred(session.id)
    how = known(session, sign, now, engine_alive=board.engine.alive, is_inferred=is_inferred)
    lines = _field("known by", how.words(now), width)
    if how.by is Basis.HEARTBEAT and sign is not None:
        lines += _field("last sign", f"{ago(sign.at, now)} ago", width)
    if state_of(session) != state_of(board.stored[session.id]):
        lines += _field("shown as", LOOKS[state_of(session)].word, width)
    return lines


def state_lines(session: Session, width: int) -> list[Line]:
    """A field a line, in the record's order; long values go on below themselves."""
    lines: list[Line] = []
    for field in session.__struct_fields__:
        value = getattr(session, field)
        label = field.removeprefix("external_").replace("_", " ")
        lines += _field(label, _shown(value), width, MUTED if value is None else TEXT)
    return lines


def _field(label: str, text: str, width: int, tone: Tone = TEXT) -> list[Line]:
    first, *more = wrapped(sanitise_line(text, LONGEST), max(1, width - COLUMN), tone) or [BLANK]
    return [(span(label.ljust(COLUMN), MUTED), *first), *((span(" " * COLUMN), *line) for line in more)]


def _shown(value: object) -> str:  # noqa: PLR0911 - one for each kind
    match value:
        case None:
            return "none"
        case datetime():
            return clock(value, seconds=True)
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(_shown, value))
        case Message():
            return f"{value.by}: {value.text}"
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str) if value else ""
        case _:
            return str(value)
