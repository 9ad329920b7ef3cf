"""The commands that help those who need a human, as they can be typed. Pure."""

import shlex
from collections.abc import Sequence

from covey.client.resuming import going_on, starting
from covey.model.session import Session, is_terminal
from covey.model.status import Status
from covey.reports.facts import Facts
from covey.text.sanitise import sanitise_line
from covey.text.words import short_id

_NAMED = 10
"""The most sessions that one command names."""

_LOGS = 3
"""The most sessions whose transcripts are pointed at, one command each."""


def failed_advice(facts: Facts, sessions: Sequence[Session]) -> list[str]:
    """What to do about sessions that failed or were cancelled."""
    logs = [f"covey logs {short_id(session.id)}" for session in sessions[:_LOGS]]
    return [*logs, *_again(facts, sessions, " --note '...'")]


def missing_advice(facts: Facts, sessions: Sequence[Session]) -> list[str]:
    """What to do about files that have gone, but for putting them back."""
    return _again(facts, sessions, "")


def stuck_advice(facts: Facts, sessions: Sequence[Session]) -> list[str]:
    """What to do about parents that are blocked for a reason of their own: look again, or give up."""
    skipped = facts.of_status(Status.SKIPPED)[:1]
    again = [f"covey retry {short_id(session.id)}" for session in (skipped or sessions)]
    return [*again, f"covey cancel {short_id(facts.root.id)}"]


def question_advice(facts: Facts, sessions: Sequence[Session]) -> list[str]:
    """How those who ask are answered."""
    start = starting(facts.record.view)
    return [f"covey message {short_id(session.id)} '...'{start}" for session in sessions[:_NAMED]]


def held_advice(facts: Facts) -> list[str]:
    """What lets a run go on that is paused, or stands still for a credential."""
    way = going_on(facts.record.view)
    return [f"{way[0]}  # {way[1]}"] if way is not None else []


def not_created_advice(facts: Facts) -> list[str]:
    """What to do about components that got no session: the parent tries again."""
    return [f"covey retry {short_id(facts.root.id)}"]


def run_advice(facts: Facts) -> str:
    """The command that goes on with the run, or begins the next one on the same context."""
    return f"covey run {facts.record.view.workflow} {shlex.quote(sanitise_line(facts.root.module))}"


def _again(facts: Facts, sessions: Sequence[Session], note: str) -> list[str]:
    """To retry and to skip these sessions; below a root that has ended there is only the root to retry."""
    root = facts.root
    if root.status is Status.COMPLETE:
        return [run_advice(facts)]
    if is_terminal(root):
        return [f"covey retry {short_id(root.id)}{note}"]
    ids = " ".join(short_id(session.id) for session in sessions[:_NAMED])
    is_cancelled = any(session.status is Status.CANCELLED for session in sessions)
    if len(sessions) > _NAMED and not is_cancelled:
        return [f"covey retry --failed {short_id(root.id)}{note}", f"covey skip {ids} --reason '...'"]
    return [f"covey retry {ids}{note}", f"covey skip {ids} --reason '...'"]
