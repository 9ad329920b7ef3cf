"""Reads: what the engine and its steps decide on, and what viewers show. Each is one autocommit SELECT.

A parent with its children is one query, however many children there are.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import aiosqlite
import msgspec

from covey.model.activity import Activity
from covey.model.command import Interaction, TranscriptRow, Try
from covey.model.component import Component, spawn_order
from covey.model.control import ControlRequest
from covey.model.credential import CredentialPause
from covey.model.events import Entry
from covey.model.order import AnyOrder
from covey.model.scope import Project, Scope
from covey.model.session import Session
from covey.model.sharing import Sharing
from covey.store import codec
from covey.store.base import Child, EngineRow, Line, Position, Process, Said
from covey.store.connection import Done, explained, in_one_hop

PAGE = 2_000
"""The most rows that a read of the log or of a transcript gives at once."""
ENTRIES = "SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
"""Lines of the whole log after one of them, so many at most: what `codec.entry` makes entries of."""

_INTERACTION = "id, session_id, attempt, step, epoch, inserted_at, command, completed_at, result"
_ITS_SESSION_IS_OURS = "EXISTS (SELECT 1 FROM sessions s WHERE s.id = interactions.session_id AND s.project_id = ?)"


class Reads:
    """All reads, over one connection; each raises StoreError when the database at `path` cannot be read."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def _rows(self, statement: str, *parameters: object) -> list[codec.Row]:
        with explained(self._path):
            return [tuple(row) for row in await self._connection.execute_fetchall(statement, parameters)]

    async def _fold(self, fold: Callable[[sqlite3.Cursor], Done], statement: str, *parameters: object) -> Done:
        """What `fold` makes of the rows, on the connection's thread and row by row: they never lie side by side."""
        with explained(self._path):
            return await in_one_hop(self._connection, lambda database: fold(database.execute(statement, parameters)))

    async def _sessions(self, statement: str, *parameters: object) -> tuple[Session, ...]:
        return tuple(codec.session(row[0]) for row in await self._rows(statement, *parameters))

    async def project(self) -> Project | None:
        """The project whose database this is; None before its first run."""
        rows = await self._rows("SELECT body FROM project")
        return codec.project(rows[0][0]) if rows else None

    async def engine(self) -> EngineRow | None:
        """What the present (or last) engine says of itself."""
        rows = await self._rows("SELECT body FROM engine")
        return codec.engine_row(rows[0][0]) if rows else None

    async def engine_has_left(self) -> bool:
        """The last engine has said in the log that it left, and why."""
        rows = await self._rows(
            "SELECT json_extract(body, '$.event') = 'engine_stopped' FROM events WHERE run_id IS NULL"
            " AND json_extract(body, '$.event') IN ('engine_started', 'engine_stopped') ORDER BY seq DESC LIMIT 1"
        )
        return bool(rows and rows[0][0])

    async def positions(self, session_ids: Sequence[str]) -> dict[str, Position]:
        """Sessions with the tries of their present attempt, in two queries; late results are no tries."""
        ids = msgspec.json.encode(session_ids).decode()
        sessions = await self._sessions(
            "SELECT body FROM sessions WHERE id IN (SELECT value FROM json_each(?))",
            ids,
        )
        tries: dict[str, list[Try]] = {session.id: [] for session in sessions}
        rows = await self._rows(
            "SELECT i.session_id, i.id, i.step, i.kind, i.status FROM interactions i"
            " JOIN sessions s ON s.id = i.session_id AND s.attempt = i.attempt"
            " WHERE i.session_id IN (SELECT value FROM json_each(?))"
            " AND (i.completed_at IS NULL OR i.status IS NOT NULL) ORDER BY i.number",
            ids,
        )
        for row in rows:
            if row[0] in tries:
                tries[row[0]].append(codec.a_try(row[1:]))
        return {session.id: Position(session, tuple(tries[session.id])) for session in sessions}

    async def session(self, scope: Scope, session_id: str) -> Session | None:
        """One session."""
        found = await self._sessions(
            "SELECT body FROM sessions WHERE id = ? AND project_id = ?", session_id, scope.project.id
        )
        return found[0] if found else None

    async def with_prefix(self, scope: Scope, prefix: str, limit: int) -> tuple[Session, ...]:
        """The sessions whose id begins with `prefix`, at most `limit`."""
        return await self._sessions(
            "SELECT body FROM sessions WHERE substr(id, 1, ?) = ? AND project_id = ? LIMIT ?",
            len(prefix),
            prefix,
            scope.project.id,
            limit,
        )

    async def family(self, scope: Scope, session_id: str) -> tuple[Session, ...] | None:
        """A session followed by its children in spawn order, of one moment, in one query."""
        found = await self._sessions(
            "SELECT body FROM sessions WHERE (id = ?1 OR parent_id = ?1) AND project_id = ?2"
            " ORDER BY id <> ?1, position, number",
            session_id,
            scope.project.id,
        )
        return found if found and found[0].id == session_id else None

    async def below(self, scope: Scope, session_id: str) -> tuple[Session, ...]:
        """All descendants of a session, parents before their children, in one query."""
        return await self._sessions(
            "WITH RECURSIVE below (id, depth) AS ("
            " SELECT id, 1 FROM sessions WHERE parent_id = ?1"
            " UNION ALL SELECT s.id, depth + 1 FROM sessions s JOIN below b ON s.parent_id = b.id)"
            " SELECT s.body FROM sessions s JOIN below b ON s.id = b.id WHERE s.project_id = ?2"
            " ORDER BY b.depth, s.position, s.number",
            session_id,
            scope.project.id,
        )

    async def above(self, scope: Scope, session_id: str) -> tuple[Session, ...]:
        """The ancestors of a session, nearest first, in one query."""
        return await self._sessions(
            "WITH RECURSIVE above (id, depth) AS ("
            " SELECT parent_id, 1 FROM sessions WHERE id = ?1"
            " UNION ALL SELECT s.parent_id, depth + 1 FROM sessions s JOIN above a ON s.id = a.id)"
            " SELECT s.body FROM sessions s JOIN above a ON s.id = a.id WHERE s.project_id = ?2 ORDER BY a.depth",
            session_id,
            scope.project.id,
        )

    async def active_children(self, session_id: str) -> list[tuple[str, int]]:
        """The ids and attempts of a session's active children, in spawn order; asked often, answered by an index."""
        rows = await self._rows(
            "SELECT id, attempt FROM sessions WHERE parent_id = ? AND status = 'active' ORDER BY position, number",
            session_id,
        )
        return [(row[0], row[1]) for row in rows]

    async def children(self, scope: Scope, session_ids: Sequence[str]) -> tuple[Child, ...]:
        """What the places of these sessions in the queue depend on, in the order of the ids."""
        rows = await self._rows(
            "SELECT s.id, s.attempt, s.type, s.position, json_extract(c.body, '$.priority'),"
            " json_extract(s.body, '$.phase') = 'interrupted'"
            "  AND json_extract(s.body, '$.needs_human.interrupted') IS NOT NULL,"
            " json_extract(s.body, '$.phase') = 'asking'"
            " FROM json_each(?) wanted"
            " JOIN sessions s ON s.id = wanted.value LEFT JOIN components c ON c.id = s.component_id"
            " WHERE s.project_id = ? ORDER BY wanted.key",
            msgspec.json.encode(session_ids).decode(),
            scope.project.id,
        )
        return tuple(
            Child(row[0], row[1], row[2], row[3], row[4], held=bool(row[5]), asks=bool(row[6])) for row in rows
        )

    async def roots(self, scope: Scope) -> tuple[Session, ...]:
        """The roots of all runs, oldest first."""
        return await self._sessions(
            "SELECT body FROM sessions WHERE parent_id IS NULL AND project_id = ? ORDER BY number", scope.project.id
        )

    async def open_sessions(self, scope: Scope) -> tuple[Session, ...]:
        """The sessions of all runs that are active, or have ended while a command of theirs had no result yet."""
        return await self._sessions(
            "SELECT body FROM sessions WHERE project_id = ?"
            " AND (status = 'active' OR json_extract(body, '$.pending') IS NOT NULL) ORDER BY number",
            scope.project.id,
        )

    async def abandoned(self, scope: Scope) -> tuple[tuple[Session, Interaction], ...]:
        """The interactions without a result that no session waits for: it has ended, or is at a later attempt."""
        rows = await self._rows(
            f"SELECT body, {_INTERACTION} FROM (SELECT s.body, i.* FROM interactions i"
            " JOIN sessions s ON s.id = i.session_id WHERE i.completed_at IS NULL AND s.project_id = ?"
            " AND (s.status <> 'active' OR json_extract(s.body, '$.pending') IS NOT i.id)) ORDER BY number",
            scope.project.id,
        )
        return tuple((codec.session(body), codec.interaction(tuple(row))) for body, *row in rows)

    async def newest_root(self, scope: Scope, type: str, module: str) -> Session | None:  # noqa: A002 - a session's field
        """The root of the newest run of a workflow on a context, by the context's module."""
        found = await self._sessions(
            "SELECT body FROM sessions WHERE parent_id IS NULL AND project_id = ? AND type = ?"
            " AND json_extract(body, '$.module') = ? ORDER BY number DESC LIMIT 1",
            scope.project.id,
            type,
            module,
        )
        return found[0] if found else None

    async def files_to_watch(self, scope: Scope) -> tuple[Session, ...]:
        """The sessions with a file, of all unfinished runs and of each context's newest run."""
        return await self._sessions(
            "SELECT s.body FROM sessions s JOIN sessions r ON r.id = s.run_id"
            " WHERE s.project_id = ? AND json_extract(s.body, '$.artifact_path') IS NOT NULL"
            " AND (r.status = 'active' OR r.number IN ("
            "  SELECT max(number) FROM sessions WHERE parent_id IS NULL"
            "  GROUP BY type, json_extract(body, '$.module')))",
            scope.project.id,
        )

    async def run(self, scope: Scope, run_id: str) -> tuple[Session, ...]:
        """All sessions of a run, the root first, in the order of their creation."""
        return await self._sessions(
            "SELECT body FROM sessions WHERE run_id = ? AND project_id = ? ORDER BY number", run_id, scope.project.id
        )

    async def component(self, scope: Scope, component_id: str) -> Component | None:
        """One component."""
        rows = await self._rows(
            "SELECT body FROM components WHERE id = ? AND project_id = ?", component_id, scope.project.id
        )
        return codec.component(rows[0][0]) if rows else None

    async def components_of(self, scope: Scope, component_id: str) -> tuple[Component, ...]:
        """The components of a context, in spawn order."""
        rows = await self._rows(
            "SELECT body FROM components WHERE parent_id = ? AND project_id = ?", component_id, scope.project.id
        )
        return tuple(sorted((codec.component(row[0]) for row in rows), key=spawn_order))

    async def interaction(self, scope: Scope, interaction_id: str) -> Interaction | None:
        """One interaction, whole."""
        rows = await self._rows(
            f"SELECT {_INTERACTION} FROM interactions WHERE id = ? AND {_ITS_SESSION_IS_OURS}",
            interaction_id,
            scope.project.id,
        )
        return codec.interaction(rows[0]) if rows else None

    async def interactions(self, scope: Scope, session_id: str) -> tuple[Interaction, ...]:
        """All interactions of a session, oldest first."""
        rows = await self._rows(
            f"SELECT {_INTERACTION} FROM interactions WHERE session_id = ? AND {_ITS_SESSION_IS_OURS} ORDER BY number",
            session_id,
            scope.project.id,
        )
        return tuple(codec.interaction(row) for row in rows)

    async def conversation(self, session_id: str, conversation: int) -> tuple[Said, ...]:
        """The messages of a conversation, oldest first."""
        rows = await self._rows(
            "SELECT session_id, conversation, n, interaction_id, body FROM conversations"
            " WHERE session_id = ? AND conversation = ? ORDER BY n",
            session_id,
            conversation,
        )
        return tuple(Said(*row) for row in rows)

    async def prompts(self, session_id: str) -> dict[str, str]:
        """What the agent of a session was told at first in each of its steps, by interaction."""
        rows = await self._rows(
            "SELECT interaction_id, json_extract(body, '$.content[0].text') FROM conversations"
            " WHERE session_id = ? AND json_extract(body, '$.role') = 'user'"
            " AND json_extract(body, '$.content[0].type') = 'text' ORDER BY conversation DESC, n DESC",
            session_id,
        )
        return {row[0]: str(row[1]) for row in rows}

    async def is_prompted(self, interaction_id: str) -> bool:
        """An agent was told what to do in this interaction; asked in each step, answered by an index."""
        rows = await self._rows(
            "SELECT 1 FROM conversations WHERE interaction_id = ? AND json_extract(body, '$.role') = 'user'"
            " AND json_extract(body, '$.content[0].type') = 'text' LIMIT 1",
            interaction_id,
        )
        return bool(rows)

    async def queued_controls(self) -> tuple[ControlRequest, ...]:
        """The requests that no engine has taken yet, oldest first."""
        rows = await self._rows("SELECT body FROM controls WHERE state = 'queued' ORDER BY number")
        return tuple(codec.control(row[0]) for row in rows)

    async def controls(self, request_ids: Sequence[str]) -> dict[str, ControlRequest]:
        """Requests by id."""
        rows = await self._rows(
            "SELECT body FROM controls WHERE id IN (SELECT value FROM json_each(?))",
            msgspec.json.encode(request_ids).decode(),
        )
        return {request.id: request for request in (codec.control(row[0]) for row in rows)}

    async def queued_orders(self) -> tuple[AnyOrder, ...]:
        """The orders that no engine has carried out yet, oldest first."""
        rows = await self._rows("SELECT body FROM orders WHERE state = 'queued' ORDER BY number")
        return tuple(codec.order(row[0]) for row in rows)

    async def order(self, order_id: str) -> AnyOrder | None:
        """One order."""
        rows = await self._rows("SELECT body FROM orders WHERE id = ?", order_id)
        return codec.order(rows[0][0]) if rows else None

    async def watched(self, now: datetime) -> bool:
        """Somebody has said that they are watching at this moment."""
        return bool(await self._rows("SELECT 1 FROM viewers WHERE until > ? LIMIT 1", codec.moment(now)))

    async def last_seq(self) -> int:
        """The number of the last line of the log."""
        return int((await self._rows("SELECT coalesce(max(seq), 0) FROM events"))[0][0])

    async def shown(self, scope: Scope, run_id: str | None) -> tuple[int, tuple[Session, ...]]:
        """The last line's number and the rows of the runs that a viewer shows, of one moment, in one query.

        These are the sessions of one run, or of all unfinished ones, or of the newest; parents before their children.
        """
        last, sessions = await self._fold(
            _shown,
            "SELECT (SELECT coalesce(max(seq), 0) FROM events), s.body FROM sessions s WHERE s.run_id IN ("
            " SELECT r.run_id FROM sessions r WHERE r.parent_id IS NULL AND r.project_id = ?1 AND CASE"
            "  WHEN ?2 IS NOT NULL THEN r.run_id = ?2"
            "  WHEN EXISTS (SELECT 1 FROM sessions WHERE parent_id IS NULL AND project_id = ?1 AND status = 'active')"
            "  THEN r.status = 'active'"
            "  ELSE r.number = (SELECT max(number) FROM sessions WHERE parent_id IS NULL AND project_id = ?1) END)"
            " ORDER BY s.number",
            scope.project.id,
            run_id,
        )
        return (last if sessions else await self.last_seq()), sessions

    async def first_events(self, run_ids: Sequence[str]) -> tuple[Entry, ...]:
        """The line with which each of these runs begins."""
        rows = await self._rows(
            "SELECT seq, body FROM events WHERE seq IN (SELECT min(seq) FROM events"
            " WHERE run_id IN (SELECT value FROM json_each(?)) GROUP BY run_id) ORDER BY seq",
            msgspec.json.encode(run_ids).decode(),
        )
        return tuple(codec.entry((row[0], row[1])) for row in rows)

    async def entries(self, after: int, limit: int = PAGE) -> tuple[Entry, ...]:
        """Lines of the whole log after `after` without the facts beside them, oldest first: what a fold needs."""
        return tuple(map(codec.entry, await self._rows(ENTRIES, after, limit)))

    async def lines(self, after: int, run_id: str | None = None, limit: int = PAGE) -> tuple[Line, ...]:
        """Lines of the log after `after`, oldest first: of one run, or of the whole log."""
        rows = await self._rows(
            "SELECT e.seq, e.body, s.parent_id, s.type,"
            " json_extract(s.body, '$.component'), json_extract(s.body, '$.module')"
            " FROM events e LEFT JOIN sessions s ON s.id = e.session_id"
            " WHERE e.seq > ?1 AND (?2 IS NULL OR e.run_id = ?2) ORDER BY e.seq LIMIT ?3",
            after,
            run_id,
            limit,
        )
        return tuple(_line(row) for row in rows)

    async def transcript(
        self, session_id: str, attempt: int, after: int = 0, limit: int = PAGE
    ) -> tuple[TranscriptRow, ...]:
        """Rows of an attempt's transcript after row `after`, oldest first."""
        rows = await self._rows(
            "SELECT session_id, attempt, step, n, at, kind, text FROM transcripts"
            " WHERE session_id = ? AND attempt = ? AND n > ? ORDER BY n LIMIT ?",
            session_id,
            attempt,
            after,
            limit,
        )
        return tuple(codec.transcript_row(row) for row in rows)

    async def last_transcript_row(self, session_id: str, attempt: int) -> int:
        """The number of the last row of an attempt's transcript."""
        rows = await self._rows(
            "SELECT coalesce(max(n), 0) FROM transcripts WHERE session_id = ? AND attempt = ?", session_id, attempt
        )
        return int(rows[0][0])

    async def activity(self) -> dict[str, Activity]:
        """The signs of life of all sessions at work, by their ids."""
        rows = await self._rows("SELECT session_id, attempt, at, beat FROM activity")
        return {row[0]: codec.activity(row) for row in rows}

    async def credentials(self) -> dict[str, CredentialPause]:
        """The credentials that are paused, by name."""
        rows = await self._rows("SELECT body FROM credentials ORDER BY name")
        return {pause.credential: pause for pause in (codec.credential(row[0]) for row in rows)}

    async def processes(self) -> tuple[Process, ...]:
        """The processes that were recorded and have not been seen to end."""
        rows = await self._rows("SELECT session_id, attempt, pid, pgid, started FROM processes")
        return tuple(
            Process(session_id=row[0], attempt=row[1], pid=row[2], group=row[3], started=row[4]) for row in rows
        )

    async def integrity(self) -> str:
        """SQLite's own verdict on the whole file: `ok`, or what is wrong."""
        return str((await self._rows("PRAGMA integrity_check(10)"))[0][0])


def _line(row: codec.Row) -> Line:
    seq, body, parent_id, kind, component, module = row
    return Line(codec.entry((seq, body)), parent_id, kind, component, module)


def _shown(rows: sqlite3.Cursor) -> tuple[int, tuple[Session, ...]]:
    """The last line's number, as each row has it, and the sessions."""
    last, sessions, share = 0, list[Session](), Sharing().share
    for last, body in rows:  # noqa: B007 - the same in every row
        sessions.append(share(codec.session(body)))
    return last, tuple(sessions)
