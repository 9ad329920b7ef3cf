"""A pause of a run: what it is, and what it makes of the run's sessions. Pure.

A pause stands on the root's row and nowhere else. Which sessions it holds follows from that row and their own, in one
place for the engine's viewers, the command line and the screen: `Phase.PAUSED` and `Phase.PAUSING` are never stored.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from covey.model.ability import Ability
from covey.model.budget import more_than, option_of
from covey.model.status import AT_WORK, Phase, Status

if TYPE_CHECKING:
    from covey.model.session import Session


class PauseKind(StrEnum):
    """Who or what paused a run: a person, or covey itself: the same failure again and again, or its budget spent."""

    HUMAN = "human"
    REPEATED_FAILURES = "repeated_failures"
    BUDGET = "budget"


class PauseMode(StrEnum):
    """How far a pause goes: soft starts no session, hard lets no session that runs take another step either."""

    SOFT = "soft"
    HARD = "hard"


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A pause as it stands on the root's row. `cause` is for people, `limit` that of the budget which is spent, if any.

    It does not end by itself.
    """

    kind: PauseKind
    mode: PauseMode
    cause: str
    since: datetime
    by: str
    limit: str | None = None

    @property
    def asks(self) -> bool:
        """It waits for a decision; a pause that a person chose asks nobody."""
        return self.kind is not PauseKind.HUMAN


WAITS_WITH_ITS_RUN = frozenset({Phase.WAITING, Phase.INTERRUPTED})
"""The phases of a root that waits for what stands still: it is shown as paused, whether or not an engine lives."""


def phase_under(pause: Pause | None, session: "Session") -> Phase | None:
    """The phase in which a session is shown, its run being paused so.

    A hard pause shows a session as pausing while it has a step to end. The root, which waits for what is paused, is
    shown as paused, too.
    """
    if pause is None or session.status is not Status.ACTIVE:
        return session.phase
    if session.phase is Phase.QUEUED or (session.session_id is None and session.phase in WAITS_WITH_ITS_RUN):
        return Phase.PAUSED
    if pause.mode is PauseMode.HARD and session.phase is Phase.RUNNING:
        return Phase.PAUSED if session.pending is None else Phase.PAUSING
    return session.phase


def pausing_words(session: "Session") -> str:
    """How far a session that is pausing still goes, which its agent's abilities decide; else nothing."""
    if session.phase is not Phase.PAUSING:
        return ""
    if Ability.TURNS in session.abilities:
        return "it stands still before its agent's next turn"
    return "its agent cannot stop between turns: it stands still at the end of this step"


def is_held(pause: Pause | None, session: "Session") -> bool:
    """The session could go on, were its run not paused; one that was interrupted is started again like any other."""
    if pause is None or session.status is not Status.ACTIVE:
        return False
    if session.phase is Phase.RUNNING:
        return phase_under(pause, session) is Phase.PAUSED
    return session.phase in {Phase.QUEUED, Phase.INTERRUPTED}


def at_work(root: "Session", sessions: Iterable["Session"]) -> int:
    """How many of these sessions of a run work at this moment, its pause or none considered."""
    busy = AT_WORK | {Phase.CANCELLING}
    return sum(session.phase in busy and not is_held(root.paused, session) for session in sessions)


def pause_words(pause: Pause) -> str:
    """Why a run is paused, in a few words: `paused by ada`, `paused: 6 sessions failed within 10m: agent`."""
    if pause.asks:
        return f"paused: {pause.cause}"
    return f"paused by {pause.by}" + (
        ": running sessions take no further turn or step" if pause.mode is PauseMode.HARD else ""
    )


def way_on(pause: Pause) -> str:
    """What lets a paused run go on: `covey resume goes on`; where its budget is spent, with more of it."""
    return more_than(pause.limit)


def resume_command(pause: Pause, run: str) -> str:
    """The command that lets a run go on, which is named like this."""
    option = option_of(pause.limit)
    return f"covey resume {run}{f' {option} ...' if option else ''}"


def safety_words(working: int) -> str:
    """Whether a paused run can be left alone by now: `working` are the sessions of it that still work."""
    if not working:
        return "nothing is at work: it is safe to stop"
    if working == 1:
        return "1 session is still at work; once it is done it is safe to stop"
    return f"{working} sessions are still at work; once they are done it is safe to stop"
