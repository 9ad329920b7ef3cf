"""The positions of sessions, remembered by the engine from what it has written itself.

Nobody else writes sessions while an engine lives, so what it committed last is what the database says. Should that
ever be wrong, the versions of the next operation tell: its sessions are forgotten then, and read anew.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from covey.model import events as e
from covey.model.command import Try
from covey.model.session import is_terminal
from covey.store.base import Committed, Position


class Positions:
    """Positions by session id, from a session's creation (or its first reading) to its end."""

    def __init__(self) -> None:
        self._known: dict[str, Position] = {}
        self._being_read: set[str] = set()

    def get(self, session_id: str) -> Position | None:
        """The position, if it is remembered."""
        return self._known.get(session_id)

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
            key = event.session_id or ""
            known = self._known.get(key)
            before = tries.get(key, known.tries if known else ())
            match event:
                case e.SessionCreated() | e.SessionRetried():
                    tries[key] = ()
                case e.CommandIssued():
                    tries[key] = (
                        *before,
                        Try(interaction_id=event.interaction_id, step=event.step, command=event.command),
                    )
                case e.ResultRecorded(late=True):  # nothing is decided on it
                    tries[key] = tuple(each for each in before if each.interaction_id != event.interaction_id)
                case e.ResultRecorded():
                    tries[key] = tuple(_with_result(each, event) for each in before)
        for key, session in committed.sessions.items():
            self._being_read.discard(key)
            known = self._known.get(key)
            if is_terminal(session):
                self._known.pop(key, None)
            elif known is not None:
                self._known[key] = Position(session, tries.get(key, known.tries))
            elif session.step is None:  # its attempt begins here, so nothing was tried in it before
                self._known[key] = Position(session, ())

    def forget(self, session_ids: Iterable[str]) -> None:
        """Read these anew when they are asked for next."""
        for key in session_ids:
            self._known.pop(key, None)


def _with_result(each: Try, event: e.ResultRecorded) -> Try:
    return replace(each, status=event.status) if each.interaction_id == event.interaction_id else each
