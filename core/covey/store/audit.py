"""Whether the log and the rows of sessions agree: every line is folded anew, those that were put away among them.

The rows are read first, with the number of the last line at that moment, so an engine may work meanwhile.
"""

import asyncio
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from covey.errors import IllegalEventError, StoreError
from covey.model.credential import NONE_PAUSED, CredentialPause, Paused, paused_after
from covey.model.events import Entry
from covey.model.reducer import apply
from covey.model.session import Session
from covey.store import codec
from covey.store.archives import Archive, Archived, ArchiveReads
from covey.store.reads import PAGE

_NUMBER, _ID, _RUN, _FIRST_COLUMN = 0, 1, 3, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What came of it.

    `missing` are stretches of the log that are nowhere; `unreadable` lines that cannot be read or applied, with the
    reason; `gone` the archives that cannot be read. `differing` are rows that are not what the log says, `absent`
    those that it tells of and that are not there: both with the place in the order of creation, and as they ought to
    be. `unknown` are the ids of rows that no line tells of. `credentials` are those that are paused by the log, where
    what is stored of them differs; None where it does not.
    """

    lines: int
    sessions: int
    missing: tuple[tuple[int, int], ...]
    unreadable: tuple[tuple[int, str], ...]
    gone: tuple[str, ...]
    differing: tuple[tuple[int, Session], ...]
    absent: tuple[tuple[int, Session], ...]
    unknown: tuple[str, ...]
    credentials: tuple[CredentialPause, ...] | None = None


async def audit(reads: ArchiveReads) -> Audit:
    """Fold the whole log and compare.

    Raises:
        StoreError: the database cannot be read.
    """
    last, rows, paused = await reads.stored()
    fold = _Fold(await reads.archived(), reads.archive)
    after = 0
    while page := await reads.logged(after, last, PAGE):
        after = page[-1][0]
        await asyncio.to_thread(fold.add, page, after)
    await asyncio.to_thread(fold.add, [], last)
    return await asyncio.to_thread(fold.compared, rows, paused, last)


class _Fold:
    """The log as it is folded: lines of the database, with those that were put away in between."""

    def __init__(self, archived: tuple[Archived, ...], directory: Path) -> None:
        self._archived = archived
        self._gone: dict[str, str] = {}
        self._old = _Peekable(heapq.merge(*self._archives(archived, directory), key=lambda entry: entry.seq))
        self._sessions: dict[str, Session] = {}
        self._broken: set[str] = set()
        self._unreadable: list[tuple[int, str]] = []
        self._missing: list[tuple[int, int]] = []
        self._next = 1
        self._paused: Paused = NONE_PAUSED

    def add(self, page: list[tuple[int, str]], upto: int) -> None:
        """Fold the next lines of the database, up to this number, and those that were put away up to there."""
        for entry in heapq.merge(self._old.upto(upto), self._decoded(page), key=lambda entry: entry.seq):
            self._number(entry.seq)
            self._apply(entry)

    def compared(self, rows: list[codec.Row], paused: list[str], last: int) -> Audit:
        """The rows beside what was folded."""
        self._number(last + 1)
        by_id = {row[_ID]: row for row in rows}
        unchecked = {archived.run_id for archived in self._archived if archived.file in self._gone} | self._broken
        differing, absent, number = list[tuple[int, Session]](), list[tuple[int, Session]](), 0
        for session in self._sessions.values():
            row = by_id.get(session.id)
            number = number + 1 if row is None else row[_NUMBER]
            if session.run_id in unchecked or session.id in unchecked:
                continue
            if row is None:
                absent.append((number, session))
            elif not _is(row, session):
                differing.append((number, session))
        known = self._sessions.keys() | self._broken
        unknown = (row[_ID] for row in rows if row[_ID] not in known and row[_RUN] not in unchecked)
        return Audit(
            lines=last,
            sessions=len(rows),
            missing=tuple(self._missing),
            unreadable=tuple(self._unreadable),
            gone=tuple(self._gone.values()),
            differing=tuple(differing),
            absent=tuple(absent),
            unknown=tuple(unknown),
            credentials=None if _are(paused, self._paused) else tuple(self._paused.values()),
        )

    def _archives(self, archived: tuple[Archived, ...], directory: Path) -> Iterator[Iterator[Entry]]:
        for name in dict.fromkeys(each.file for each in archived):
            only = [each for each in archived if each.file == name]
            yield self._of_archive(Archive(directory / name), only)

    def _of_archive(self, archive: Archive, only: list[Archived]) -> Iterator[Entry]:
        """The lines of an archive; one that cannot be read has none, and is named."""
        try:
            yield from (line.entry for line in archive.lines(only))
        except StoreError as error:
            self._gone[archive.path.name] = str(error)

    def _decoded(self, page: list[tuple[int, str]]) -> Iterator[Entry]:
        for row in page:
            try:
                yield codec.entry(row)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self._number(row[0])
                self._unreadable.append((row[0], f"cannot be read: {error}"))

    def _number(self, seq: int) -> None:
        """The numbers from the last line up to this one that are neither here nor put away are missing."""
        if seq > self._next:
            self._missing.extend(_without(self._next, seq - 1, self._archived))
        self._next = max(self._next, seq + 1)

    def _apply(self, entry: Entry) -> None:
        key = entry.event.session_id
        self._paused = paused_after(self._paused, entry.event)
        if key is None or key in self._broken or entry.event.run_id in self._run_ids_gone():
            return
        try:
            after = apply(self._sessions.get(key), entry.event)
        except IllegalEventError as error:
            self._broken.add(key)
            self._unreadable.append((entry.seq, f"cannot be: {error}"))
        else:
            if after is not None:
                self._sessions[key] = after

    def _run_ids_gone(self) -> set[str]:
        return {each.run_id for each in self._archived if each.file in self._gone} if self._gone else set()


class _Peekable:
    """Entries in their order, taken up to a number."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._head = list(islice(entries, 1))

    def upto(self, seq: int) -> Iterator[Entry]:
        """The next ones whose number is not above this."""
        while self._head and self._head[0].seq <= seq:
            yield self._head[0]
            self._head = list(islice(self._entries, 1))


def _without(first: int, last: int, archived: Iterable[Archived]) -> Iterator[tuple[int, int]]:
    """What is left of a stretch of numbers without those that were put away."""
    for each in archived:
        if each.last < first or each.first > last:
            continue
        if each.first > first:
            yield first, each.first - 1
        first = each.last + 1
    if first <= last:
        yield first, last


def _are(bodies: Iterable[str], paused: Paused) -> bool:
    """What is stored of credentials is what the log says."""
    try:
        stored = [codec.credential(body) for body in bodies]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return {pause.credential: pause for pause in stored} == paused


def _is(row: codec.Row, session: Session) -> bool:
    """The row is what the session's own would be; its body is compared as it is read, not letter by letter."""
    *columns, body = row[_FIRST_COLUMN:]
    *expected, _ = codec.session_row(session)
    try:
        return columns == expected and codec.session(body) == session
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
