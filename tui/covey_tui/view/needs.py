"""Everything that needs a human, grouped by cause and kept up to date with the board. Pure.

A change costs only the sessions it names (and what lies below a parent that was closed or opened again); the groups
are made when somebody asks for them after a change. So a board of any size can be followed batch by batch.
"""

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from covey.model.session import Session
from covey.model.status import Status
from covey.text.glyphs import FILE_MISSING
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.view.board import Board, Change
from covey_tui.view.causes import BY_KEY, BY_PATH, CAUSES_IN_ORDER, RETRIED_TOGETHER, Cause, cause_of, reason_of
from covey_tui.view.tally import CLOSED
from covey_tui.view.words import file_word, name_of


@dataclass(frozen=True, slots=True)
class Group:
    """All sessions that need a human for one cause, in the tree's order; `directory` holds all their paths."""

    cause: Cause
    heading: SafeText
    ids: tuple[str, ...]
    directory: SafeText | None = None


class Member(NamedTuple):
    """A session of a group as it is listed: its reason, or the path where its file is expected."""

    name: SafeText
    attempt: int
    reason: SafeText
    context: SafeText


_Place = tuple[tuple[int, datetime, str], ...]


class _Entry(NamedTuple):
    session: Session
    cause: str
    place: _Place


class Needs:
    """Who needs a human on a board, by cause; `apply` keeps it up to date."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.load()

    def load(self) -> None:
        """Begin anew with what the board holds."""
        self._entries: dict[str, _Entry] = {}
        self._order: dict[str, list[tuple[_Place, str]]] = {}
        self._directories: dict[str, Counter[str]] = {}
        self._waiting: Counter[str] = Counter()
        self._retriable: Counter[str] = Counter()
        self._groups: tuple[Group, ...] | None = None
        self._closed = {key for key, session in self._board.stored.items() if session.status in CLOSED}
        if self._board.tally(None).needs:
            for key in self._board.stored:
                self._look_at(key)

    def apply(self, change: Change) -> bool:
        """Follow a change of the board; whether it is about anybody who needs a human."""
        moved = False
        for key in change.changed:
            if key not in change.counted and key not in self._entries:
                continue  # nothing of it has changed by which anybody could be needed
            moved = self._look_at(key) or moved
            closed = self._board.session(key).status in CLOSED
            if closed or key in self._closed:
                (self._closed.add if closed else self._closed.discard)(key)
                for below in self._board.under(key):
                    moved = self._look_at(below) or moved
        if moved:
            self._groups = None
        return moved

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._entries

    def counts(self) -> dict[str, int]:
        """How many need a human for each cause that there is."""
        return {key: len(order) for key, order in self._order.items() if order}

    def cause(self, session_id: str) -> Cause:
        """Why a session needs a human. Raises KeyError where it does not."""
        return BY_KEY[self._entries[session_id].cause]

    def session(self, session_id: str) -> Session:
        """A session that needs a human, as the board shows it. Raises KeyError where it does not."""
        return self._entries[session_id].session

    def groups(self) -> tuple[Group, ...]:
        """All who need a human, in the order of the intervention screen."""
        if self._groups is None:
            self._groups = tuple(self._group(cause) for cause in CAUSES_IN_ORDER if self._order.get(cause.key))
        return self._groups

    def retried_together(self, under: str | None = None) -> tuple[str, ...]:
        """Who failed or lost the file, in the tree's order: below a session and itself, or on the whole board."""
        entries = (entry for entry in self._entries.values() if entry.cause in RETRIED_TOGETHER)
        chosen = (entry for entry in entries if under is None or any(under == step[2] for step in entry.place))
        return tuple(entry.session.id for entry in sorted(chosen, key=lambda entry: entry.place))

    def count_retried_together(self, under: str) -> int:
        """How many these are below a session and itself, without a look at each of them."""
        return self._retriable[under]

    def waiting(self) -> tuple[str, ...]:
        """The parents that go on only when those below them no longer need a human, in the tree's order."""
        active = (key for key in self._waiting if self._board.session(key).status is Status.ACTIVE)
        return tuple(sorted(active, key=lambda key: self._place(self._board.session(key))))

    def member(self, session_id: str, directory: SafeText | None = None, zone: tzinfo | None = None) -> Member:
        """A session as it is listed; a directory that has been named is left out of its path."""
        session = self._entries[session_id].session
        reason = reason_of(session, zone)
        shown = SafeText(reason.removeprefix(directory)) if directory else reason
        return Member(name_of(session), session.attempt, shown, self._context(session))

    def _context(self, session: Session) -> SafeText:
        """The name of the run that a session belongs to, unless it is the only one."""
        if session.session_id is None or len(self._board.roots()) == 1:
            return SafeText("")
        return name_of(self._board.session(session.run_id))

    def _group(self, cause: Cause) -> Group:
        ids = tuple(key for _, key in self._order[cause.key])
        heading = cause.heading
        words = {file_word(self._entries[key].session) for key in ids} if cause.key == FILE_MISSING else set()
        if len(words) == 1 and (word := words.pop()):
            heading = f"{word.capitalize()} file missing"
        directories = self._directories.get(cause.key, Counter())
        shared = len(directories) == 1 and len(ids) > 1
        directory = next(iter(directories)) if shared else ""
        return Group(cause, SafeText(heading), ids, sanitise_line(directory) if directory else None)

    def _look_at(self, session_id: str) -> bool:
        """Take a session in or out; whether anything about it changed."""
        session = self._board.session(session_id)
        before = self._entries.get(session_id)
        if not self._board.needs_human(session_id):
            if before is not None:
                self._take_out(before)
            return before is not None
        if before is not None:
            if before.session is session:
                return False
            self._take_out(before)
        self._take_in(_Entry(session, cause_of(session).key, before.place if before else self._place(session)))
        return True

    def _place(self, session: Session) -> _Place:
        """Where it stands in the tree: a key that sorts parents before children, siblings as they were spawned."""
        above = (session, *self._board.above(session.id))
        root = (self._board.roots().index(above[-1].id), above[-1].inserted_at, above[-1].id)
        return (root, *((each.position, each.inserted_at, each.id) for each in reversed(above[:-1])))

    def _take_in(self, entry: _Entry) -> None:
        self._entries[entry.session.id] = entry
        insort(self._order.setdefault(entry.cause, []), (entry.place, entry.session.id))
        self._follow(entry, 1)

    def _take_out(self, entry: _Entry) -> None:
        del self._entries[entry.session.id]
        order = self._order[entry.cause]
        del order[bisect_left(order, (entry.place, entry.session.id))]
        self._follow(entry, -1)

    def _follow(self, entry: _Entry, difference: int) -> None:
        """Count the directory of its path, the parent that waits for it, and all below which it may be retried."""
        session = entry.session
        if entry.cause in RETRIED_TOGETHER:
            for *_, above in entry.place:
                _add(self._retriable, above, difference)
        if entry.cause in BY_PATH:
            directory, slash, _ = (session.artifact_path or "").rpartition("/")
            _add(self._directories.setdefault(entry.cause, Counter()), directory + slash, difference)
        if session.session_id is not None:
            _add(self._waiting, session.session_id, difference)


def _add(counter: Counter[str], key: str, difference: int) -> None:
    counter[key] += difference
    if not counter[key]:
        del counter[key]
