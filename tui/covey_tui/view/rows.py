"""The session tree as a flat list of the rows that can be seen: what is folded or filtered out has none. Pure.

A session that is spawned is spliced in behind what lies below its parent. Where a parent stands is remembered and
looked up anew only where it has moved; nothing is numbered again for each row that comes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from covey.model.session import Session
from covey_tui.view.board import Board, Change

Predicate = Callable[[Session], bool]


class Splice(NamedTuple):
    """So many rows have come in at a place of the list, or gone where `count` is negative."""

    at: int
    rows: int


class Rows:
    """The visible rows of a board, as ids of sessions in the order of the tree."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.ids: list[str] = []
        self._folded: set[str] = set()
        self._below: dict[str, int] = {}
        self._hints: dict[str, int] = {}
        self._matches: Predicate | None = None
        self._matched: set[str] = set()
        self._shown: set[str] = set()
        self._kept: str | None = None
        self._first: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_filtered(self) -> bool:
        """Some rows are left out."""
        return self._matches is not None

    @property
    def matching(self) -> int:
        """How many sessions match the filter."""
        return len(self._matched)

    # Reading.

    def index(self, session_id: str) -> int | None:
        """The row of a session; None where it has none."""
        hint = self._hints.get(session_id, -1)
        if 0 <= hint < len(self.ids) and self.ids[hint] == session_id:
            return hint
        try:
            found = self.ids.index(session_id)
        except ValueError:
            return None
        self._hints[session_id] = found
        return found

    def depth(self, session_id: str) -> int:
        """How many ancestors a session has."""
        return sum(1 for _ in self._board.above(session_id))

    def is_folded(self, session_id: str) -> bool | None:
        """Whether what lies below a session is folded away; None for one without children."""
        return session_id in self._folded if self._board.is_parent(session_id) else None

    def children(self, session_id: str | None) -> Iterable[str]:
        """The children of a session in the order of the rows, whether they can be seen or not."""
        children = self._board.children(session_id)
        if self._first is None:
            return children
        order = self._first
        return sorted(children, key=lambda key: order.get(key, 0))

    # Changing.

    def rebuild(self) -> None:
        """Begin anew with what the board holds."""
        self._match()
        self._below = {}
        self._hints = {}
        self.ids = []
        for child in self.children(None):
            self._add(child)

    def apply(self, change: Change, keep: str | None = None) -> tuple[Splice, ...] | None:
        """Follow a change of the board: where rows came in, or None where the list was built anew.

        `keep` is the session under the hand: a filter does not take its row away.
        """
        if self._matches is not None:
            self._kept = keep
            if self._filter_moved(change):
                self.rebuild()
                return None
            return ()
        return tuple(self._splice(change.created))

    def fold(self, session_id: str) -> Splice | None:
        """Fold away what lies below a session; the rows that went, behind its own."""
        at = self.index(session_id)
        if at is None or session_id in self._folded or not self._board.is_parent(session_id):
            return None
        count = self._below.get(session_id, 0)
        del self.ids[at + 1 : at + 1 + count]
        self._folded.add(session_id)
        self._below[session_id] = 0
        self._grow(session_id, -count)
        return Splice(at + 1, -count)

    def unfold(self, session_id: str) -> Splice | None:
        """Show what lies below a session again; the rows that came."""
        if session_id not in self._folded:
            return None
        self._folded.discard(session_id)
        at = self.index(session_id)
        if at is None:
            return None
        before, self.ids = self.ids, []
        for child in self.children(session_id):
            self._add(child)
        came, self.ids = self.ids, before
        self.ids[at + 1 : at + 1] = came
        self._below[session_id] = len(came)
        self._grow(session_id, len(came))
        return Splice(at + 1, len(came))

    def reveal(self, session_id: str) -> bool:
        """Unfold all ancestors of a session; whether anything was unfolded."""
        folded = [above.id for above in self._board.above(session_id) if above.id in self._folded]
        for key in reversed(folded):
            self.unfold(key)
        return bool(folded)

    def filter(self, matches: Predicate | None) -> None:
        """Show only the sessions that match, and their ancestors; None shows all."""
        self._matches, self._kept = matches, None
        self.rebuild()

    def put_first(self, *, needing: bool) -> None:
        """Put what needs a human first among its siblings, as it stands now; or back in spawn order."""
        self._first = None
        if needing:
            board = self._board
            first = (key for key in board.under(None) if board.needs_human(key) or board.tally(key).needs)
            self._first = dict.fromkeys(first, -1)
        self.rebuild()

    # How.

    def _add(self, session_id: str) -> int:
        """Append a session's row and those below it; how many they are."""
        if self._matches is not None and session_id not in self._shown:
            return 0
        self._hints[session_id] = len(self.ids)
        self.ids.append(session_id)
        below = 0
        if session_id not in self._folded:
            for child in self.children(session_id):
                below += self._add(child)
        self._below[session_id] = below
        return below + 1

    def _splice(self, created: Iterable[str]) -> Iterator[Splice]:
        for session_id in created:
            place = self._place(session_id)
            if place is None:
                continue
            self.ids.insert(place, session_id)
            self._hints[session_id] = place
            self._below[session_id] = 0
            parent = self._board.session(session_id).session_id
            if parent is not None:
                self._grow(parent, 1)
                self._below[parent] += 1
            yield Splice(place, 1)

    def _place(self, session_id: str) -> int | None:
        """Where a new session's row belongs; None where its parent's rows cannot be seen."""
        parent = self._board.session(session_id).session_id
        siblings = self._board.children(parent)
        if parent is None:
            return len(self.ids)
        at = self.index(parent)
        if at is None or parent in self._folded:
            return None
        if siblings[-1] == session_id:
            return at + 1 + self._below.get(parent, 0)
        following = siblings[list(siblings).index(session_id) + 1 :]
        found = next((index for key in following if (index := self.index(key)) is not None), None)
        return at + 1 + self._below.get(parent, 0) if found is None else found

    def _grow(self, session_id: str, count: int) -> None:
        """So many rows more lie below a session's ancestors; below itself they are counted by whoever calls."""
        for above in self._board.above(session_id):
            if above.id in self._folded:
                return
            self._below[above.id] = self._below.get(above.id, 0) + count

    def _match(self) -> None:
        """Find what matches the filter, and what has to be shown for it."""
        self._matched, self._shown = set(), set()
        matches = self._matches
        if matches is None:
            return
        for key in self._board.under(None):
            if key == self._kept or matches(self._board.session(key)):
                self._matched.add(key)
                self._shown.add(key)
                self._shown.update(above.id for above in self._board.above(key))

    def _filter_moved(self, change: Change) -> bool:
        matches = self._matches
        return matches is not None and any(
            (matches(self._board.session(key)) or key == self._kept) is not (key in self._matched)
            for key in change.changed
        )
