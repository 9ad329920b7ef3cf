"""The bare group-commit loop: what an engine has written, written again with nothing but the commits.

`read_lives` takes an engine's database apart into operations: for each session, in order, the rows that became durable
together. `replay` writes them to an empty database of the same schema, 256 sessions at once, each going on only after
its operation is durable; whatever is pending is committed as one transaction, with one `executemany` per table. Where
an agent wrote a document, the loop writes the same one to a file of its own.
"""

import asyncio
import contextlib
import itertools
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite

from covey.model.command import CommandKind
from covey.model.events import CommandIssued, Entry, ResultRecorded, SessionCreated, SessionStarted
from covey.model.tree import SessionTree
from covey.store import codec
from covey.store.schema import MIGRATIONS

AT_ONCE = 256

Row = tuple[Any, ...]
Writes = list[tuple[str, Row]]

_BEGINS_AN_OPERATION = (SessionCreated, SessionStarted, CommandIssued, ResultRecorded)
_EVENT = "INSERT INTO events (seq, run_id, session_id, body) VALUES (?, ?, ?, ?)"
_CREATE = (
    "INSERT INTO sessions (id, project_id, run_id, parent_id, component_id, type, position, status, attempt, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE = "UPDATE sessions SET status = ?, attempt = ?, body = ? WHERE id = ?"
_ISSUE = (
    "INSERT INTO interactions (id, session_id, attempt, step, kind, epoch, inserted_at, command)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COMPLETE = "UPDATE interactions SET status = ?, result = ?, completed_at = ? WHERE id = ?"
_TRANSCRIBE = "INSERT INTO transcripts (session_id, attempt, n, step, at, kind, text) VALUES (?, ?, ?, ?, ?, ?, ?)"
_TABLES_BEFORE = ("project", "components")


@dataclass(slots=True)
class Lives:
    """What an engine wrote: the root's operations until it spawned, its children's, and the root's end."""

    before: dict[str, list[Row]] = field(default_factory=dict)
    beginning: list[Writes] = field(default_factory=list)
    children: list[list[Writes]] = field(default_factory=list)
    end: list[Writes] = field(default_factory=list)
    events: int = 0

    @property
    def operations(self) -> int:
        """How many operations there are in all."""
        return len(self.beginning) + len(self.end) + sum(len(life) for life in self.children)


def read_lives(path: Path) -> Lives:
    """Take the database of an engine's one run apart."""
    lives = Lives()
    with contextlib.closing(sqlite3.connect(path)) as database:
        for table in _TABLES_BEFORE:
            lives.before[table] = database.execute(f"SELECT * FROM {table}").fetchall()
        rows = database.execute("SELECT seq, body FROM events ORDER BY seq").fetchall()
        issued, completed = _interactions(database)
        transcripts = _transcripts(database)
    entries = [codec.entry(row) for row in rows]
    by_session: dict[str, list[Writes]] = defaultdict(list)
    tree = SessionTree()
    last: dict[str, int] = {}
    for entry in entries:
        key = entry.event.session_id
        if key is None:
            continue
        operations = by_session[key]
        if isinstance(entry.event, _BEGINS_AN_OPERATION) or last.get(key) != entry.seq - 1:
            operations.append([])
        last[key] = entry.seq
        known = key in tree.sessions
        tree.fold([entry.event])
        _write(operations[-1], entry, tree, known=known)
        if isinstance(entry.event, CommandIssued):
            operations[-1].append((_ISSUE, issued[entry.event.interaction_id]))
        if isinstance(entry.event, ResultRecorded):
            operations[-1].append((_COMPLETE, completed[entry.event.interaction_id]))
            operations[-1].extend((_TRANSCRIBE, row) for row in transcripts.pop((key, entry.event.step), ()))
    return _in_order(lives, by_session, tree)


def _write(operation: Writes, entry: Entry, tree: SessionTree, *, known: bool) -> None:
    """Add an event and its session's row as it is after it; one row per session and operation."""
    operation.append((_EVENT, codec.event_row(entry)))
    session = tree.sessions.get(entry.event.session_id or "")
    if session is None:
        return
    if not known:
        operation.append((_CREATE, codec.session_row(session)))
        return
    row = (_CHANGE, codec.session_changes(session))
    for place, (statement, _) in enumerate(operation):
        if statement == _CHANGE:
            operation[place] = row
            return
    operation.append(row)


def _in_order(lives: Lives, by_session: dict[str, list[Writes]], tree: SessionTree) -> Lives:
    (root,) = tree.roots()
    born = min(int(life[0][0][1][0]) for key, life in by_session.items() if key != root.id)
    for operation in by_session.pop(root.id):
        seq = int(operation[0][1][0])
        (lives.beginning if seq < born else lives.end).append(operation)
    lives.children = list(by_session.values())
    everything = [*lives.beginning, *lives.end, *(operation for life in lives.children for operation in life)]
    lives.events = sum(statement == _EVENT for operation in everything for statement, _ in operation)
    return lives


def _interactions(database: sqlite3.Connection) -> tuple[dict[str, Row], dict[str, Row]]:
    issued = database.execute(
        "SELECT id, session_id, attempt, step, kind, epoch, inserted_at, command FROM interactions"
    ).fetchall()
    completed = database.execute("SELECT status, result, completed_at, id FROM interactions").fetchall()
    return {row[0]: row for row in issued}, {row[-1]: row for row in completed}


def _transcripts(database: sqlite3.Connection) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in database.execute("SELECT session_id, attempt, n, step, at, kind, text FROM transcripts ORDER BY n"):
        found[row[0], row[3]].append(row)
    return found


class GroupCommit:
    """The least that makes operations durable in groups."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._pending: list[tuple[Writes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self.batches = 0

    async def write(self, operation: Writes) -> None:
        """Returns once the operation is durable."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((operation, durable))
        self._wake.set()
        await durable

    async def run(self) -> None:
        """Commit whatever is pending, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending, []
            tables: dict[str, list[Row]] = {_CREATE: []}
            for operation, _ in batch:
                for statement, row in operation:
                    tables.setdefault(statement, []).append(row)
            await self._connection.execute_fetchall("BEGIN IMMEDIATE")
            for statement, rows in tables.items():
                if rows:
                    await self._connection.executemany(statement, rows)
            await self._connection.execute_fetchall("COMMIT")
            self.batches += 1
            for _, durable in batch:
                durable.set_result(None)


async def replay(lives: Lives, path: Path, documents: Mapping[Path, bytes]) -> tuple[float, int]:
    """Write the lives to a new database, and a document for each agent's task, as long as there are some.

    Returns the seconds it took, and the number of transactions.
    """
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        await _prepare(connection, lives)
        group = GroupCommit(connection)
        committing = asyncio.create_task(group.run())
        started = time.perf_counter()
        for operation in lives.beginning:
            await group.write(operation)
        waiting, undrafted = iter(lives.children), iter(documents.items())
        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(_work(group, waiting, undrafted))
        for operation in lives.end:
            await group.write(operation)
        seconds = time.perf_counter() - started
        committing.cancel()
        await asyncio.wait({committing})
    return seconds, group.batches


async def _work(group: GroupCommit, waiting: Iterator[list[Writes]], undrafted: Iterator[tuple[Path, bytes]]) -> None:
    for life in waiting:
        for operation in life:
            await group.write(operation)
            if any(statement == _ISSUE and row[4] == CommandKind.AGENT for statement, row in operation):
                for path, document in itertools.islice(undrafted, 1):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(document)


async def _prepare(connection: aiosqlite.Connection, lives: Lives) -> None:
    await connection.execute_fetchall("PRAGMA foreign_keys = ON")
    await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    await connection.execute_fetchall("PRAGMA synchronous = FULL")
    for script in MIGRATIONS:
        await connection.executescript(script)
    for table, rows in lives.before.items():
        places = ", ".join("?" * len(rows[0]))
        ordered = sorted(rows, key=lambda row: row[2] is not None) if table == "components" else rows
        await connection.executemany(f"INSERT INTO {table} VALUES ({places})", ordered)
