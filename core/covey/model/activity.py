"""Signs of life: what is noted of a session at work beside the log, twice a second at most, for all of them at once.

Two things are told apart. `at` is when the agent (or the program that runs its tests) was last seen to do something:
to say a word, to print a line, to start a process. `beat` is covey's own word that the session's task is alive.
"""

from datetime import datetime, timedelta

import msgspec

from covey.model.session import Session
from covey.model.status import AT_WORK, Phase

QUIET_AFTER = 2 * 60.0
"""After how many seconds without a sign of life a session is shown as quiet, where the project does not say."""

BEAT_SECONDS = 5.0
"""How often the engine says that a session's task is alive."""

OVERDUE_SECONDS = 3 * BEAT_SECONDS
"""A heartbeat older than this is not believed any more: the engine stands still, whatever it holds."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The signs of life of a session's attempt; both times are UTC, by the clock as it was at the heartbeat."""

    session_id: str
    attempt: int
    at: datetime
    beat: datetime


def quiet_seconds(session: Session, activity: Activity | None, now: datetime) -> float:
    """For how long the agent of a session at work has given no sign; 0 where nothing is known, or none is at work.

    What was noted of another attempt says nothing.
    """
    if session.stalled_since is not None:
        return _since(session.stalled_since, now)
    is_at_work = session.phase is Phase.RUNNING and session.pending is not None
    if not is_at_work or activity is None or activity.attempt != session.attempt:
        return 0.0
    return _since(activity.at, now)


def overdue_seconds(session: Session, activity: Activity | None, now: datetime) -> float | None:
    """How old the heartbeat of a session at work is, if it is too old to be believed; else None."""
    if activity is None or activity.attempt != session.attempt or session.phase not in AT_WORK:
        return None
    age = _since(activity.beat, now)
    return age if age > OVERDUE_SECONDS else None


def _since(then: datetime, now: datetime) -> float:
    return max(timedelta(), now - then).total_seconds()
