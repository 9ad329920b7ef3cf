"""How a session's state is known, and since when: by the engine's heartbeat, by the log, or inferred from outside.

What is known by a heartbeat is only as good as the heartbeat is young: an engine that holds its lock and stands still
(stopped by a signal, or starved) says nothing, and nobody is to believe that its sessions run.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from covey.model.activity import QUIET_AFTER, Activity, overdue_seconds, quiet_seconds
from covey.model.session import Session, state_of
from covey.model.status import AT_WORK, Phase, Status
from covey.text.glyphs import CAUSES, LOOKS, step_words
from covey.text.sanitise import sanitise_line
from covey.text.words import ago, duration

_STEP = 200


class Basis(StrEnum):
    """What a state is known by."""

    HEARTBEAT = "engine heartbeat"
    LOG = "log"
    NO_ENGINE = "inferred: no engine"
    DISK = "inferred: disk"


class Known(NamedTuple):
    """What a state is known by, and when that was so for the last time; `is_old`: it is too old to be believed."""

    by: Basis
    at: datetime
    is_old: bool = False

    def words(self, now: datetime) -> str:
        """The same for people: `engine heartbeat 2s ago`."""
        passed = ago(self.at, now)
        match self.by:
            case Basis.HEARTBEAT:
                return f"{self.by} {passed} ago{', overdue: the engine stands still' if self.is_old else ''}"
            case Basis.LOG:
                return f"{self.by}, {passed} ago"
            case Basis.NO_ENGINE:
                return f"{self.by} lives; last heard of {passed} ago"
            case Basis.DISK:
                return f"{self.by}, as it is now"


def known(session: Session, sign: Activity | None, now: datetime, *, engine_alive: bool, is_inferred: bool) -> Known:
    """How the state of a session, as it is seen now, is known; `sign` are its signs of life."""
    heard = sign if sign is not None and sign.attempt == session.attempt else None
    if is_inferred and session.phase is Phase.INTERRUPTED:
        return Known(Basis.NO_ENGINE, session.updated_at if heard is None else max(heard.beat, session.updated_at))
    if is_inferred:
        return Known(Basis.DISK, now)
    if engine_alive and heard is not None and session.phase in AT_WORK:
        return Known(Basis.HEARTBEAT, heard.beat, is_old=overdue_seconds(session, heard, now) is not None)
    return Known(Basis.LOG, session.updated_at)


def quiet_after_of(settings: Mapping[str, object]) -> float:
    """After how many seconds a session is shown as quiet, by settings as they are recorded with a run or project."""
    run = settings.get("run")
    found = run.get("quiet_after") if isinstance(run, Mapping) else None
    return float(found) if isinstance(found, int | float) else QUIET_AFTER


def vital_word(
    session: Session, sign: Activity | None, now: datetime, quiet_after: float, *, is_doubted: bool
) -> str | None:
    """The word of a session at work that is silent, or of which nobody knows whether it still is; None of all others.

    `is_doubted`: heartbeats that are overdue are to be told of: `running? 40s`.
    """
    overdue = overdue_seconds(session, sign, now) if is_doubted else None
    quiet = quiet_seconds(session, sign, now)
    if session.phase is Phase.STALLED:
        return f"{LOOKS['stalled'].word}{'' if overdue is None else '?'} {duration(quiet)}"
    if overdue is not None:
        return f"{LOOKS['running'].word}? {duration(overdue)}"
    return f"quiet {duration(quiet)}" if quiet >= quiet_after else None


def word_of_state(session: Session) -> str:
    """A session's state in a word or two: the step that runs, the class of a failure, or that a file was kept."""
    if session.status is Status.FAILED and session.failure_cause is not None:
        return f"failed: {CAUSES[session.failure_cause.value]}"
    if session.phase is Phase.RUNNING and session.step:
        return sanitise_line(step_words(session.step), _STEP)
    state = state_of(session)
    return "kept" if session.kept and state == "complete" else LOOKS[state].word


def age_of_inferred(session: Session, sign: Activity | None, now: datetime) -> str:
    """For how long nothing has been heard of a session whose engine is gone; blank where it was not at work."""
    was_at_work = sign is not None and sign.attempt == session.attempt and session.phase is Phase.INTERRUPTED
    return f" {ago(sign.beat, now)}" if sign is not None and was_at_work else ""
