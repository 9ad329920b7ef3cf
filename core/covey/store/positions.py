"""The positions of sessions, remembered by the engine from what it has written itself.

Nobody else writes sessions while an engine lives, so what it committed last is what the database says. To be sure of
it, the writer has all of them forgotten, and read anew, once another connection has committed anything.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from covey.model import events as e
from covey.model.command import Try
from covey.model.session import Session, is_terminal
from covey.store.base import Committed, Position


class Positions:
    """Positions by session id, from a session's creation (or its first reading) to its end."""

    def __init__(self) -> None:
        self._known: dict[str, Position] = {}
        self._being_read: set[str] = set()

    def get(self, session_id: str) -> Position | None:
        """The position, if it is remembered."""
        return self._known.get(session_id)

    def sessions(self, session_ids: Iterable[str]) -> dict[str, Session]:
        """The rows of those sessions that are remembered."""
        return {key: known.session for key in session_ids if (known := self._known.get(key)) is not None}

    def reading(self, session_ids: Iterable[str]) -> None:
        """These are about to be read; one that is written meanwhile will not be learned from what was read."""
        self._being_read = set(session_ids)

    def learn(self, positions: Iterable[Position]) -> None:
        """Remember what was read."""
        for position in positions:
            if position.session.id in self._being_read and not is_terminal(position.session):
                self._known[position.session.id] = position

    def follow(self, committed: Committed) -> None:
        """Remember what was written."""
        tries: dict[str, tuple[Try, ...]] = {}
        for entry in committed.entries:
            event = entry.event
            follow = _FOLLOW.get(type(event))
            if follow is not None:
                key = event.session_id or ""
                known = self._known.get(key)
                tries[key] = follow(tries.get(key, known.tries if known else ()), event)
        for key, session in committed.sessions.items():
            self._being_read.discard(key)
            known = self._known.get(key)
            if is_terminal(session):
                self._known.pop(key, None)
            elif known is not None:
                self._known[key] = Position(session, tries.get(key, known.tries))
            elif session.step is None:  # its attempt begins here, so nothing was tried in it before
                self._known[key] = Position(session, ())

    def forget_all(self) -> None:
        """Read all of them anew when they are asked for next."""
        self._known.clear()
        self._being_read.clear()

    def forget(self, session_ids: Iterable[str]) -> None:
        """Read these anew when they are asked for next."""
        for key in session_ids:
            self._known.pop(key, None)


Tries = tuple[Try, ...]


def _begun(tries: Tries, event: e.AnyEvent) -> Tries:  # noqa: ARG001 - one of several of a kind
    return ()


def _issued(tries: Tries, event: e.CommandIssued) -> Tries:
    return (*tries, Try(interaction_id=event.interaction_id, step=event.step, command=event.command))


def _recorded(tries: Tries, event: e.ResultRecorded) -> Tries:
    if event.late:  # nothing is decided on it
        return tuple(each for each in tries if each.interaction_id != event.interaction_id)
    return tuple(
        replace(each, status=event.status) if each.interaction_id == event.interaction_id else each for each in tries
    )


_FOLLOW: dict[type[e.Event], Callable[[Tries, Any], Tries]] = {
    e.SessionCreated: _begun,
    e.SessionRetried: _begun,
    e.DecisionUndone: _begun,
    e.CommandIssued: _issued,
    e.ResultRecorded: _recorded,
}
