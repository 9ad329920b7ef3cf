"""A session's state in a word: what its row, its detail and every list call it. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from covey.client.known import age_of_inferred, vital_word, word_of_state
from covey.model.session import Session, state_of, undecided
from covey.model.status import AT_WORK, Phase, Status
from covey.text.cells import cut
from covey.text.glyphs import LOOKS
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.view.board import Board
from covey_tui.view.spans import Role, Tone
from covey_tui.view.states import STATES, TIME_STANDS
from covey_tui.view.stopped import asks

_NAME, _SHORT = 200, 24
_DECIDES = Tone(Role.WARNING, bold=True)
"""What is paused or was interrupted is muted, unless a human has to decide about it."""
_FILES = {
    "ComponentDesignSessions": "design",
    "ComponentDesignReviewSessions": "review",
    "ComponentTestSessions": "test",
    "ComponentCodingSessions": "code",
}


class Word(NamedTuple):
    """A state's word and how it looks in the status column."""

    text: SafeText
    tone: Tone


def glyph(session: Session) -> str:
    """The sign of a session's state."""
    return LOOKS[state_of(session)].unicode


def glyph_tone(session: Session) -> Tone:
    """How the sign looks: bold where the state needs a human, and nobody chose it."""
    if asks(session) or undecided(session):
        return _DECIDES
    state = state_of(session)
    return Tone(STATES[state].role, bold=state in {"blocked", "file_missing", "stalled", "asking"})


def name_of(session: Session) -> SafeText:
    """The component's name, fit for a screen."""
    return sanitise_line(session.component, _NAME)


def names_of(sessions: Sequence[Session], most: int = 5, before_last: str = ", ") -> SafeText:
    """Names in a row, cut short where there are many: `Billing, Catalog, Orders and 4 more`."""
    names = [cut(name_of(session), _SHORT) for session in sessions]
    if len(names) > most:
        return SafeText(f"{', '.join(names[:most])} and {len(names) - most} more")
    return SafeText(before_last.join(part for part in (", ".join(names[:-1]), *names[-1:]) if part))


def cancelled_by(session: Session, zone: tzinfo | None = None) -> str:
    """`Cancelled by ada, 14:05`, as far as it is known; clock times are of `zone`, by default here."""
    by = f" by {session.decided_by}" if session.decided_by else ""
    at = f", {session.finished_at.astimezone(zone):%H:%M}" if session.finished_at is not None else ""
    return f"Cancelled{by}{at}"


def file_word(session: Session) -> str:
    """What a session's file is, as a word before "file"; nothing where it is not known."""
    return _FILES.get(session.type, "")


def status_word(board: Board, session: Session, now: datetime) -> Word:
    """The word of the status column; a `?` says that it is inferred, or too old to be believed. Silence is told of."""
    state, sign = state_of(session), board.signs.by_id.get(session.id)
    if session.phase in AT_WORK:
        vital = vital_word(session, sign, now, board.signs.quiet_after, is_doubted=board.signs.is_doubted)
        if vital is not None:
            return Word(SafeText(vital), _tone(state) if state == "stalled" else Tone(Role.MUTED))
    text = word_of_state(session)
    if board.is_inferred(session.id):
        text = f"{text}?{age_of_inferred(session, sign, now)}"
    return Word(SafeText(text), glyph_tone(session) if undecided(session) or asks(session) else _tone(state))


def _tone(state: str) -> Tone:
    if STATES[state].calls:
        return Tone(STATES[state].role, bold=True)
    return Tone(Role.TEXT) if state == "running" else Tone(Role.MUTED)


def elapsed(session: Session, now: datetime) -> float | None:
    """For how many seconds the session has worked, or did in the end; None where that says nothing.

    What was kept took no time, and a skip comes when somebody decides, long after the work has ended.
    """
    is_told = session.session_id is None or not (session.kept or session.status is Status.SKIPPED)
    if session.started_at is None or not is_told:
        return None
    is_root_of_a_pause = session.phase is Phase.PAUSED and session.session_id is None
    stands = session.phase in TIME_STANDS and not is_root_of_a_pause
    until = session.finished_at or (session.updated_at if stands else now)
    return (until - session.started_at).total_seconds()


def is_ticking(session: Session) -> bool:
    """Its time goes on."""
    at_work = session.phase in AT_WORK | {Phase.PAUSING}
    return session.started_at is not None and session.finished_at is None and at_work


def goes_on(session: Session) -> bool:
    """The time that is shown of it grows: it works, waits, or is held up."""
    return session.started_at is not None and session.finished_at is None
