"""Retries that lead nowhere: the same one failing the same way in a row, and more of them than a session gets. Pure.

Who wants such a retry all the same says so (`ControlRequest.force`).
"""

import msgspec

from covey.model.ids import id_for

MOST_ALIKE = 2
"""So many times in a row the same retry may fail the same way; the next one has to be forced."""


class Repeat(msgspec.Struct, frozen=True):
    """A retry that failed, and how: digests that are compared with the next ones. So `times` it came in a row."""

    retry: str
    failure: str
    times: int = 1


def retry_digest(note: str | None, agent: str, model: str | None, resume_step: str | None) -> str:
    """What tells one retry of a session from another."""
    return id_for(repr((note or None, agent, model, resume_step)))


def failure_digest(cause: str, reason: str) -> str:
    """What tells one failure from another."""
    return id_for(repr((cause, reason)))


def counted(last: Repeat | None, retry: str, failure: str) -> Repeat:
    """The retry that has just failed, counted together with those before it that were and failed alike."""
    alike = last is not None and (last.retry, last.failure) == (retry, failure)
    return Repeat(retry, failure, last.times + 1 if alike and last is not None else 1)


def objection(repeat: Repeat | None, retry: str, *, made: int, limit: int | None) -> str | None:
    """What stands against another retry, with what to do about it; None when nothing does.

    `made` is how many the session has had, `limit` how many it gets (`retry_limit`), None where that is not known.
    """
    if repeat is not None and repeat.retry == retry and repeat.times >= MOST_ALIKE:
        return "the same retry failed twice the same way; change something (note, agent) or --force"
    if limit is not None and made >= limit:
        times = "once" if made == 1 else f"{made} times"
        allowed = f"retry_limit = {limit} in covey.toml"
        return f"it was retried {times} already ({allowed}); find out what is wrong first, or --force"
    return None
