"""The one writer: everything the engine writes goes through it, as operations committed in groups.

A batch is one transaction: check the epoch, run the reducer over every operation on the rows it was decided on, fail
those that no longer fit, write the rest with one `executemany` per table, commit, answer. So a row and its events
can never differ, and a step that continues has its past on disk. Rows that this engine has written itself are
remembered until another connection commits, which SQLite's own counter tells; the others are loaded.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import aiosqlite
import msgspec
from msgspec.structs import replace

from covey.errors import CoveyError, FenceLostError, IllegalEventError, StaleOperationError
from covey.model.activity import Activity
from covey.model.command import Interaction, TranscriptRow
from covey.model.control import ControlRequest
from covey.model.credential import NONE_PAUSED, paused_after
from covey.model.events import AnyEvent, CommandIssued, CredentialPaused, CredentialResumed, Entry
from covey.model.reducer import apply
from covey.model.session import Session
from covey.store import codec
from covey.store.base import Committed, Completion, Operation, Process
from covey.store.batch import Batcher, Pending
from covey.store.codec import Row
from covey.store.connection import explained, in_one_hop
from covey.store.positions import Positions

TICK = timedelta(microseconds=1)

_APPEND_EVENT = "INSERT INTO events (seq, run_id, session_id, body) VALUES (?, ?, ?, ?)"
_CREATE_SESSION = (
    "INSERT INTO sessions (id, project_id, run_id, parent_id, component_id, type, position, status, attempt, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE_SESSION = "UPDATE sessions SET status = ?, attempt = ?, body = ? WHERE id = ?"
_ISSUE = (
    "INSERT INTO interactions (id, session_id, attempt, step, kind, epoch, inserted_at, command)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COMPLETE = "UPDATE interactions SET status = ?, result = ?, completed_at = ? WHERE id = ? AND completed_at IS NULL"
_TRANSCRIBE = "INSERT INTO transcripts (session_id, attempt, n, step, at, kind, text) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SETTLE = "UPDATE controls SET state = ?, body = ? WHERE id = ?"
_SAY = "INSERT INTO conversations (session_id, conversation, n, interaction_id, body) VALUES (?, ?, ?, ?, ?)"
_FORGET_CREDENTIAL = "DELETE FROM credentials WHERE name = ?"
_PAUSE_CREDENTIAL = "INSERT INTO credentials (name, body) VALUES (?, ?)"
_OPEN_PROCESS = "INSERT INTO processes (session_id, attempt, pid, pgid, started) VALUES (?, ?, ?, ?, ?)"
_CLOSE_PROCESS = "DELETE FROM processes WHERE pid = ? AND started = ?"
_NOTE_ACTIVITY = (
    "INSERT INTO activity (session_id, attempt, at, beat) VALUES (?, ?, ?, ?) ON CONFLICT (session_id)"
    " DO UPDATE SET attempt = excluded.attempt, at = excluded.at, beat = excluded.beat"
)
_FORGET_ACTIVITY = "DELETE FROM activity WHERE session_id = ? AND attempt = ?"
_FOREIGN_COMMITS = "PRAGMA data_version"
_LOAD = "SELECT body FROM sessions WHERE id IN (SELECT value FROM json_each(?))"

Statements = dict[str, list[Row]]


class Note(msgspec.Struct, frozen=True):
    """Rows that belong to no decision: transcripts, processes. They are written in the order they were taken."""

    statement: str
    rows: tuple[Row, ...]


Batch = list[Pending[Operation | Note, Committed]]


class Plan:
    """What a batch comes to, before any of it is written."""

    def __init__(self, sessions: dict[str, Session], seq: int, at: datetime) -> None:
        self.sessions = sessions
        self.seq = seq
        self.at = at
        # What opens a thing comes before what closes it, should both be of this batch.
        self.statements: Statements = {_ISSUE: [], _OPEN_PROCESS: []}
        self.entries: list[Entry] = []
        self._created: set[str] = set()
        self._changed: dict[str, None] = {}
        self._credentials: dict[str, Row | None] = {}

    def add(self, operation: Operation) -> Committed:
        """Run the reducer over an operation; raises without a trace if it does not fit."""
        for key, version in operation.versions.items():
            row = self.sessions.get(key)
            if row is None or row.version != version:
                raise StaleOperationError(f"session {key} has changed since")
        rows: dict[str, Session] = {}
        entries: list[Entry] = []
        at = self.at
        for seq, taken in enumerate(operation.events, start=self.seq + 1):
            earliest = at + TICK
            event = taken if taken.at >= earliest else replace(taken, at=earliest)
            at = event.at
            entries.append(Entry(seq, event))
            session_id = event.session_id
            if session_id is None:
                continue
            before = rows.get(session_id) or self.sessions.get(session_id)
            after = apply(before, event)
            if after is not None and after is not before:
                rows[session_id] = after
        self._accept(operation, entries, rows)
        return Committed(tuple(entries), rows)

    def committed(self) -> Committed:
        """All that the batch changed."""
        return Committed(tuple(self.entries), {key: self.sessions[key] for key in self._changed})

    def note(self, note: Note) -> None:
        """Add rows that belong to no decision."""
        self.statements.setdefault(note.statement, []).extend(note.rows)

    def rows(self) -> Iterable[tuple[str, list[Row]]]:
        """The statements to run, each with its rows, in an order that the foreign keys allow."""
        fresh = [codec.session_row(self.sessions[key]) for key in self._changed if key in self._created]
        changed = [codec.session_changes(self.sessions[key]) for key in self._changed if key not in self._created]
        yield _CREATE_SESSION, fresh
        yield _CHANGE_SESSION, changed
        yield _APPEND_EVENT, [codec.event_row(entry) for entry in self.entries]
        yield _FORGET_CREDENTIAL, [(name,) for name in self._credentials]
        yield _PAUSE_CREDENTIAL, [row for row in self._credentials.values() if row is not None]
        yield from self.statements.items()

    def _accept(self, operation: Operation, entries: list[Entry], rows: dict[str, Session]) -> None:
        for key, session in rows.items():
            if key not in self.sessions:
                self._created.add(key)
            self.sessions[key] = session
            self._changed[key] = None
        if entries:
            self.seq, self.at = entries[-1].seq, entries[-1].event.at
            self.entries.extend(entries)
            for entry in entries:
                self._follow_credential(entry.event)
        if operation.issued is not None:
            self._put(_ISSUE, codec.interaction_row(_stamped(operation.issued, entries)))
        for completion in operation.completed:
            self._put(_COMPLETE, _completion_row(completion))
        for request in operation.settled:
            self._put(_SETTLE, _settled_row(request))
        for said in operation.said:
            self._put(_SAY, said)

    def _follow_credential(self, event: AnyEvent) -> None:
        if isinstance(event, CredentialPaused | CredentialResumed):
            pause = paused_after(NONE_PAUSED, event).get(event.credential)
            self._credentials[event.credential] = None if pause is None else codec.credential_row(pause)

    def _put(self, statement: str, row: Row) -> None:
        self.statements.setdefault(statement, []).append(row)


def _stamped(interaction: Interaction, entries: Sequence[Entry]) -> Interaction:
    """The interaction with the time of its event, so that its command's timestamp is strictly increasing too."""
    at = next(entry.event.at for entry in entries if isinstance(entry.event, CommandIssued))
    if interaction.inserted_at == interaction.command.timestamp == at:
        return interaction
    return replace(interaction, inserted_at=at, command=replace(interaction.command, timestamp=at))


def _completion_row(completion: Completion) -> Row:
    result = completion.result
    status = None if completion.late else result.status
    return (status, codec.encode(result), completion.completed_at.isoformat(), completion.interaction_id)


def _settled_row(request: ControlRequest) -> Row:
    return (request.state, codec.encode(request), request.id)


class Writer:
    """Commits operations in groups. `on_commit` is told the new lines of the log and the rows once they are durable."""

    def __init__(
        self,
        connection: aiosqlite.Connection,
        path: Path,
        *,
        epoch: int,
        seq: int,
        at: datetime,
        on_commit: Callable[[Committed], None],
    ) -> None:
        self._connection = connection
        self._path = path
        self._epoch = epoch
        self._seq = seq
        self._at = at
        self._on_commit = on_commit
        self._foreign_commits = -1
        self.positions = Positions()
        self.batches: Batcher[Operation | Note, Committed] = Batcher(self._commit)

    async def append(self, operation: Operation) -> Committed:
        """Apply an operation; returns once it is durable."""
        return await self.batches.ask(operation)

    def transcribe(self, rows: Sequence[TranscriptRow]) -> None:
        """Take transcript rows; durable no later than the next operation."""
        self.batches.put(Note(_TRANSCRIBE, tuple(_transcript_row(row) for row in rows)))

    def note_activity(self, noted: Sequence[Activity], over: Sequence[tuple[str, int]]) -> None:
        """Take the signs of life of sessions at work, and forget those of attempts whose work is over."""
        if noted:
            self.batches.put(Note(_NOTE_ACTIVITY, tuple(codec.activity_row(each) for each in noted)))
        if over:
            self.batches.put(Note(_FORGET_ACTIVITY, tuple(over)))

    async def open_process(self, process: Process) -> None:
        """Record a process; returns once it is durable."""
        row = (process.session_id, process.attempt, process.pid, process.group, process.started)
        await self.batches.ask(Note(_OPEN_PROCESS, (row,)))

    async def close_process(self, pid: int, started: str) -> None:
        """Forget a process that has ended."""
        await self.batches.ask(Note(_CLOSE_PROCESS, ((pid, started),)))

    async def _commit(self, batch: Batch) -> None:
        keys: set[str] = set()
        for pending in batch:
            keys.update(_keys(pending.item))
        known = self.positions.sessions(keys)
        with explained(self._path):
            try:
                plan, answers, commits = await in_one_hop(
                    self._connection, lambda database: self._transaction(database, batch, keys, known)
                )
            except sqlite3.IntegrityError as error:
                await self._one_by_one(batch, error)
                return
        self._seq, self._at = plan.seq, plan.at
        if commits != self._foreign_commits:
            self._foreign_commits = commits
            self.positions.forget_all()
        if plan.entries:
            committed = plan.committed()
            self.positions.follow(committed)
            self._on_commit(committed)
        for pending, answer in zip(batch, answers, strict=True):
            if isinstance(answer, CoveyError):
                self.positions.forget(_keys(pending.item))
                pending.fail(answer)
            else:
                pending.answer(answer)

    async def _one_by_one(self, batch: Batch, error: sqlite3.Error) -> None:
        """A constraint refused something: fail that alone, and write the rest."""
        if len(batch) == 1:
            batch[0].fail(IllegalEventError(f"the database refuses it: {error}"))
            return
        for pending in batch:
            await self._commit([pending])

    def _transaction(
        self, database: sqlite3.Connection, batch: Batch, keys: set[str], known: dict[str, Session]
    ) -> tuple[Plan, list[Committed | CoveyError], int]:
        """Write a batch, all of it or nothing; runs on the connection's thread.

        `keys` are the sessions that it was decided on or changes, `known` those of their rows that are remembered:
        they count only while nobody else has committed, which the counter that is given back tells.
        """
        database.execute("BEGIN IMMEDIATE")
        try:
            self._check_epoch(database)
            commits = database.execute(_FOREIGN_COMMITS).fetchone()[0]
            if commits != self._foreign_commits:
                known = {}
            plan = Plan({**known, **_load(database, keys - known.keys())}, self._seq, self._at)
            answers = [_add(plan, pending.item) for pending in batch]
            for statement, rows in plan.rows():
                if rows:
                    database.executemany(statement, rows)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        return plan, answers, commits

    def _check_epoch(self, database: sqlite3.Connection) -> None:
        found = database.execute("SELECT epoch FROM engine").fetchone()
        if found is None or found[0] != self._epoch:
            raise FenceLostError("another engine has taken this project over; this one writes nothing more")


def _load(database: sqlite3.Connection, keys: set[str]) -> dict[str, Session]:
    if not keys:
        return {}
    bodies = database.execute(_LOAD, (msgspec.json.encode(sorted(keys)).decode(),))
    return {session.id: session for session in (codec.session(body) for (body,) in bodies)}


def _add(plan: Plan, item: Operation | Note) -> Committed | CoveyError:
    """Add to the plan; the error of an operation that does not fit is its answer."""
    if isinstance(item, Note):
        plan.note(item)
        return Committed((), {})
    try:
        return plan.add(item)
    except CoveyError as error:
        return error


def _keys(item: Operation | Note) -> Iterable[str]:
    """The sessions that an operation was decided on or changes."""
    if isinstance(item, Note):
        return ()
    return [*item.versions, *(event.session_id for event in item.events if event.session_id is not None)]


def _transcript_row(row: TranscriptRow) -> Row:
    return (row.session_id, row.attempt, row.n, row.step, row.at.isoformat(), row.kind, row.text)
