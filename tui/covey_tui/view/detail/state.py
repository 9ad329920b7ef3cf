"""The State tab: the raw record, every field of it. Pure."""

import json
from datetime import datetime

from covey.model.session import Session
from covey.text.sanitise import sanitise_line
from covey_tui.view.detail.pieces import LONGEST, clock
from covey_tui.view.spans import BLANK, MUTED, TEXT, Line, span, wrapped

COLUMN = 20
"""How many cells the names of the fields take."""


def state_lines(session: Session, width: int) -> list[Line]:
    """A field a line, in the record's order; long values go on below themselves."""
    lines: list[Line] = []
    for field in session.__struct_fields__:
        value = getattr(session, field)
        tone = MUTED if value is None else TEXT
        values = wrapped(sanitise_line(_shown(value), LONGEST), max(1, width - COLUMN), tone) or [BLANK]
        label = field.removeprefix("external_").replace("_", " ").ljust(COLUMN)
        lines.append((span(label, MUTED), *values[0]))
        lines += [(span(" " * COLUMN), *line) for line in values[1:]]
    return lines


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case datetime():
            return clock(value, seconds=True)
        case bool():
            return "yes" if value else "no"
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str) if value else ""
        case _:
            return str(value)
