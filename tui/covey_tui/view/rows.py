"""The session tree as a flat list of the rows that can be seen: what is folded or filtered out has none. Pure.

A row that comes is put behind what its nearest elder sibling has below itself, one that goes is taken out: each costs
its own place and its ancestors, nothing is numbered anew. Where a row stands is remembered, and looked up again only
where that has moved.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from covey_tui.view.board import Board, Change
from covey_tui.view.narrowing import Narrowing, Predicate

_NEAR, _FURTHER = 64, 4
"""Few rows have come or gone above one since it was looked up, as a rule; then so many times as far is looked."""


class Splice(NamedTuple):
    """So many rows have come in at a place of the list, or gone from there where `rows` is negative."""

    at: int
    rows: int


class Rows:
    """The visible rows of a board, as ids of sessions in the order of the tree."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.ids: list[str] = []
        self._below: dict[str, int] = {}  # every session that has a row, and how many rows lie below it
        self._hints: dict[str, int] = {}
        self._folded: set[str] = set()
        self._first: frozenset[str] = frozenset()
        self._narrowing: Narrowing | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def matching(self) -> int:
        """How many sessions match the filter."""
        return self._narrowing.matching if self._narrowing else 0

    # Reading.

    def index(self, session_id: str) -> int | None:
        """The row of a session; None where it has none."""
        if session_id not in self._below:
            return None
        hint = self._hints.get(session_id, 0)
        if hint >= len(self.ids) or self.ids[hint] != session_id:
            hint = self._hints[session_id] = self._find(session_id, hint)
        return hint

    def _find(self, session_id: str, hint: int) -> int:
        """Look around its last place, further and further: as far as it has moved, not through all rows."""
        near = _NEAR
        while near < len(self.ids):
            with suppress(ValueError):
                return self.ids.index(session_id, max(0, hint - near), hint + near)
            near *= _FURTHER
        return self.ids.index(session_id)

    def is_folded(self, session_id: str) -> bool | None:
        """Whether what lies below a session is folded away; None for one without children."""
        return session_id in self._folded if self._board.is_parent(session_id) else None

    def children(self, session_id: str | None) -> Sequence[str]:
        """The children of a session in the order of the rows, whether they can be seen or not."""
        children = self._board.children(session_id)
        return sorted(children, key=lambda key: key not in self._first) if self._first else children

    # Changing.

    def rebuild(self) -> None:
        """Begin anew with what the board holds."""
        if self._narrowing is not None:
            self._narrowing.read()
        self._list()

    def apply(self, change: Change, keep: str | None = None) -> tuple[Splice, ...] | None:
        """Follow a change of the board: which rows came and went, in turn; None where the list was built anew.

        `keep` is the session under the hand: a filter does not take its row away.
        """
        narrowing = self._narrowing
        if narrowing is None:
            return tuple(splice for key in change.created if (splice := self._insert(key)))
        let_go, narrowing.kept = narrowing.kept, keep
        if narrowing.is_outdated_by(change.changed):
            self.rebuild()
            return None
        looked_at = change.changed if let_go in {None, keep} else {*change.changed, str(let_go)}
        moved = [narrowing.follow(key) for key in looked_at]
        gone = [splice for each in moved for key in each.went if (splice := self._remove(key))]
        return (*gone, *(splice for each in moved for key in each.came if (splice := self._insert(key))))

    def fold(self, session_id: str) -> Splice | None:
        """Fold away what lies below a session; the rows that went, behind its own."""
        at = self.index(session_id)
        if at is None or session_id in self._folded or not self._board.is_parent(session_id):
            return None
        count = self._below[session_id]
        for key in self.ids[at + 1 : at + 1 + count]:
            del self._below[key]
        del self.ids[at + 1 : at + 1 + count]
        self._folded.add(session_id)
        self._below[session_id] = 0
        self._grow(session_id, -count)
        return Splice(at + 1, -count)

    def unfold(self, session_id: str) -> Splice | None:
        """Show what lies below a session again; the rows that came."""
        at = self.index(session_id)
        if session_id not in self._folded:
            return None
        self._folded.discard(session_id)
        if at is None:
            return None
        came = list(self._visible(self.children(session_id)))
        self.ids[at + 1 : at + 1] = came
        self._measure(came)
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
        self._narrowing = Narrowing(self._board, matches) if matches is not None else None
        self._list()

    def put_first(self, *, needing: bool) -> None:
        """Put what needs a human first among its siblings, as it stands now; or back in spawn order."""
        board = self._board
        every = board.under(None) if needing else ()
        self._first = frozenset(key for key in every if board.needs_human(key) or board.tally(key).needs)
        self._list()

    # How rows come and go.

    def _list(self) -> None:
        self._below = {}
        self.ids = list(self._visible(self.children(None)))
        self._hints = {key: place for place, key in enumerate(self.ids)}
        self._measure(self.ids)

    def _visible(self, tops: Sequence[str]) -> Iterator[str]:
        """These and all below them that can be seen, in the order of the rows."""
        waiting = [*reversed(tops)]
        while waiting:
            key = waiting.pop()
            if self._narrowing is not None and key not in self._narrowing:
                continue
            yield key
            if key not in self._folded:
                waiting.extend(reversed(self.children(key)))

    def _measure(self, came: Sequence[str]) -> None:
        """Note how many rows lie below each of those that came, and below the session that they came under."""
        self._below.update(dict.fromkeys(came, 0))
        for key in reversed(came):
            parent = self._board.session(key).session_id
            if parent is not None:
                self._below[parent] += self._below[key] + 1

    def _insert(self, session_id: str) -> Splice | None:
        """Give a session its row; None where it lies below something that is folded."""
        if any(above.id in self._folded for above in self._board.above(session_id)):
            return None
        place = self._place(session_id)
        self.ids.insert(place, session_id)
        self._hints[session_id] = place
        self._below[session_id] = 0
        self._grow(session_id, 1)
        return Splice(place, 1)

    def _remove(self, session_id: str) -> Splice | None:
        """Take a session's row away, below which there is none any more."""
        place = self.index(session_id)
        if place is None:
            return None
        del self.ids[place], self._below[session_id]
        self._grow(session_id, -1)
        return Splice(place, -1)

    def _place(self, session_id: str) -> int:
        """Where a session's row belongs: behind the nearest elder sibling that has one, or its parent."""
        session = self._board.session(session_id)
        siblings = self.children(session.session_id)
        alike = 0 if self._first else bisect_left(siblings, session.position, key=self._position)
        at = siblings.index(session_id, alike)
        elder = next((key for key in map(siblings.__getitem__, range(at - 1, -1, -1)) if key in self._below), None)
        if elder is not None:
            return (self.index(elder) or 0) + 1 + self._below[elder]
        parent = None if session.session_id is None else self.index(session.session_id)
        return 0 if parent is None else parent + 1

    def _position(self, session_id: str) -> int:
        return self._board.session(session_id).position

    def _grow(self, session_id: str, count: int) -> None:
        """So many rows more lie below each ancestor of a session."""
        for above in self._board.above(session_id):
            self._below[above.id] += count
