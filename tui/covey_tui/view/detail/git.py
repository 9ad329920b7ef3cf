"""Where a session's work is in git: its branch, and the commit that it ended with. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from covey.client.snapshot import git_of
from covey.model.session import Session
from covey.text.sanitise import SafeText, sanitise_line

_LONGEST = 200
_HASH = 10


class Place(NamedTuple):
    """A branch and its newest commit (empty while there is none), or the reason why there is no branch."""

    branch: SafeText
    commit: SafeText
    reason: SafeText


def place_of(session: Session) -> Place | None:
    """Where a session's work is; None outside of git."""
    facts = git_of(session)
    if facts is None:
        return None
    return Place(*(sanitise_line(str(facts.get(key) or ""), _LONGEST) for key in ("branch", "commit", "reason")))


def committed_on(sessions: Iterable[Session]) -> str:
    """`committed on docs-billing`, where all of these have committed; of several branches, how many."""
    places = [place_of(session) for session in sessions]
    if not places or not all(place and place.commit for place in places):
        return ""
    branches = [place.branch for place in places if place]
    return f"committed on {branches[0] if len(branches) == 1 else f'{len(branches)} branches'}"


def facts_of(session: Session) -> tuple[tuple[str, str, str], ...]:
    """Its facts as labels, values and notes."""
    place = place_of(session)
    if place is None:
        return ()
    if not place.branch:
        return (("Git", "no branch", place.reason),) if place.reason else ()
    commit = (("Commit", place.commit[:_HASH], f"on {place.branch}"),)
    return commit if place.commit else (("Branch", place.branch, "nothing committed yet"),)
