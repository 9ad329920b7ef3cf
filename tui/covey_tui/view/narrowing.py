"""What a filter leaves of the tree: the sessions that match, and their ancestors, kept up to date one by one. Pure."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from covey.model.session import Session
from covey_tui.view.board import Board
from covey_tui.view.tally import CLOSED

Predicate = Callable[[Session], bool]


class Moved(NamedTuple):
    """The sessions that are shown from now on, parents first, and those that no longer are, children first."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()


class Narrowing:
    """The sessions of a board that match, or lie above one that does; `kept` stays whether it matches or not."""

    def __init__(self, board: Board, matches: Predicate) -> None:
        self._board = board
        self._matches = matches
        self.kept: str | None = None
        self._matched: set[str] = set()
        self._counts: dict[str, int] = {}  # how many match among a session and all below it
        self._closed: set[str] = set()
        self.read()

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._counts

    @property
    def matching(self) -> int:
        """How many sessions match."""
        return len(self._matched)

    def read(self) -> None:
        """Begin anew with what the board holds."""
        self._matched, self._counts = set(), {}
        every = [*self._board.under(None)]
        self._closed = {key for key in every if self._is_closed(key)}
        for key in every:
            self.follow(key)

    def is_outdated_by(self, changed: Iterable[str]) -> bool:
        """Some session was given up or taken up again: so others below it may match, of whom nobody tells."""
        return any(self._is_closed(key) is not (key in self._closed) for key in changed)

    def follow(self, session_id: str) -> Moved:
        """Look again at a session that has changed."""
        matches = session_id == self.kept or self._matches(self._board.session(session_id))
        if matches is (session_id in self._matched):
            return Moved()
        lineage = (session_id, *(above.id for above in self._board.above(session_id)))
        if matches:
            self._matched.add(session_id)
            came = tuple(key for key in reversed(lineage) if key not in self._counts)
            self._counts.update({key: self._counts.get(key, 0) + 1 for key in lineage})
            return Moved(came=came)
        self._matched.discard(session_id)
        self._counts.update({key: self._counts[key] - 1 for key in lineage})
        went = tuple(key for key in lineage if not self._counts[key])
        for key in went:
            del self._counts[key]
        return Moved(went=went)

    def _is_closed(self, session_id: str) -> bool:
        return self._board.session(session_id).status in CLOSED
