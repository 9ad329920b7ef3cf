"""The log of decisions and new needs: what people decided and what came to need them, out of the event log.

Up to where somebody has read it is kept in `.covey/`, in a file of their own: it is theirs, and no event of the runs.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from covey.config.state_dir import STATE_DIRECTORY, state_directory
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action
from covey.model.events import AnyEvent
from covey.model.pause import PauseKind
from covey.model.session import has_own_reason
from covey.store.base import Line
from covey.store.reads import PAGE
from covey.store.sqlite import Viewer
from covey.text.words import ago

__all__ = ["END", "Happening", "Line", "happenings", "last_looked", "newest", "remember_looked"]

END = 2**62
"""Behind every line of the log."""

_KINDS = (
    e.ControlRequested,
    e.ControlSettled,
    e.SessionFailed,
    e.SessionStalled,
    e.QuestionAsked,
    e.SessionInterrupted,
    e.ArtifactMissing,
    e.SessionBlocked,
    e.RunPaused,
)
_NAME_BYTES = 100


@dataclass(slots=True)
class Happening:
    """A decision, or a need: when and about which sessions, by their components' names.

    `by` is who decided, None for a need; `what` the action of a decision, or the state (a key of
    `covey.text.glyphs.LOOKS`) and, of a failure, the class of its cause. `why` is the reason, the note or the path.
    `seq` is the number of its last line of the log.
    """

    seq: int
    at: datetime
    what: str
    by: str | None = None
    why: str = ""
    cause: str | None = None
    refused: bool = False
    names: list[str] = field(default_factory=list)


async def newest(viewer: Viewer, *, before: int = END, after: int = 0) -> Sequence[Line]:
    """The newest lines that tell of decisions and needs between two lines of the log, 2,000 at most, oldest first."""
    return await viewer.newest_lines(_KINDS, before=before, after=after, limit=PAGE)


def happenings(lines: Iterable[Line]) -> list[Happening]:
    """What lines of the log tell, oldest first; a decision about several sessions is one.

    A decision whose request is not among the lines is left out: it comes with the older lines.
    """
    told: dict[object, Happening] = {}
    asked: dict[str, Line] = {}
    for line in lines:
        event = line.entry.event
        if isinstance(event, e.ControlRequested):
            asked[event.request_id] = line
        elif isinstance(event, e.ControlSettled):
            request = asked.pop(event.request_id, None)
            if request is not None and (event.changed or event.refused):
                _decided(told, request, event, line.entry.seq)
        else:
            need = _need(line)
            if need is not None:
                told[line.entry.seq] = need
    return list(told.values())


def _decided(told: dict[object, Happening], request: Line, settled: e.ControlSettled, seq: int) -> None:
    event = request.entry.event
    if not isinstance(event, e.ControlRequested):
        return
    # What is refused has a reason of its own each time; what an undo has undone is its reason, too.
    is_told = settled.refused or settled.action is Action.UNDO
    key = (settled.request_id,) if settled.refused else (settled.decision_id, settled.action)
    made = told.get(key)
    if made is None:
        why = settled.reason if is_told else event.note or event.reason
        made = told[key] = Happening(seq, event.at, settled.action.value, event.by, why or "", refused=settled.refused)
    made.seq = seq
    made.names.append(request.component or "")


def _need(line: Line) -> Happening | None:
    event = line.entry.event
    need = _need_of(event)
    if need is None:
        return None
    state, why = need
    cause = event.cause.value if isinstance(event, e.SessionFailed) else None
    return Happening(line.entry.seq, event.at, state, why=why, cause=cause, names=[line.component or ""])


def _need_of(event: AnyEvent) -> tuple[str, str] | None:
    """The state in which a session needs a human from here on, and why; None where nothing of the kind has happened."""
    need: tuple[str, str] | None = None
    match event:
        case e.SessionFailed():
            need = "failed", event.reason
        case e.SessionStalled():
            need = "stalled", f"no sign of life for {ago(event.since, event.at)}"
        case e.QuestionAsked():
            need = "asking", event.question
        case e.SessionInterrupted(needs_human=str(why)):
            need = "interrupted", why
        case e.ArtifactMissing():
            need = "file_missing", event.path
        case e.SessionBlocked() if has_own_reason(event.needs_human):
            need = "blocked", event.reason
        case e.RunPaused() if event.kind is not PauseKind.HUMAN:
            need = "paused", event.cause
        case _:
            pass
    return need


def last_looked(project_root: Path, user: str) -> int:
    """The line of the log up to which somebody has read; 0 where nothing says so."""
    try:
        kept = json.loads((project_root / STATE_DIRECTORY / _file(user)).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return 0
    seq = kept.get("seq") if isinstance(kept, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < END else 0


def remember_looked(project_root: Path, user: str, seq: int) -> None:
    """Keep up to which line of the log somebody has read.

    Raises:
        UsageError: it cannot be written down; the text says why.
    """
    file = state_directory(project_root) / _file(user)
    try:
        file.write_text(f"{json.dumps({'seq': seq})}\n", encoding="utf-8")
    except OSError as error:
        message = f"where you last looked is not kept: {file.name} cannot be written ({error.strerror})"
        raise UsageError(message) from error


def _file(user: str) -> str:
    """The name of somebody's own file; whatever they are called, it is one inside `.covey/`."""
    return f"looked-{quote(user, safe='')[:_NAME_BYTES]}.json"
