"""The two ways to open a project's database: as its engine, who alone writes events, or as one of many viewers."""

import asyncio
import contextlib
import getpass
import os
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path

import aiosqlite
import msgspec

from covey.clock import Clock
from covey.config.state_dir import state_directory
from covey.errors import EngineRunningError, StoreError
from covey.model.activity import Activity
from covey.model.command import Interaction, TranscriptRow
from covey.model.component import Component
from covey.model.control import ControlRequest
from covey.model.credential import CredentialPause, GateState
from covey.model.order import AnyOrder
from covey.model.scope import Project, Scope
from covey.store import codec, inbox
from covey.store.archives import ArchiveReads
from covey.store.base import Committed, EngineRow, Operation, Position, Process
from covey.store.batch import Batcher, Pending
from covey.store.connection import check_version, connect, database_path, explained, tidy
from covey.store.feed import ChangeFeed, change_feed
from covey.store.lock import engine_lives, engine_lock
from covey.store.reads import Reads
from covey.store.run_reads import RunReads
from covey.store.schema import VERSION as SCHEMA
from covey.store.upgrade import bring_up_to_date
from covey.store.writer import Note, Writer
from covey.text.words import ago

_SET_ENGINE = (
    "INSERT INTO engine (one, epoch, body) VALUES (1, ?, ?)"
    " ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, body = excluded.body"
)
_RETIRE = "UPDATE engine SET body = ?"
# Who has retired stays so: what is noted of an engine that is just leaving must not offer it to anybody again.
_DESCRIBE = f"{_RETIRE} WHERE json_extract(body, '$.stopped') IS NOT 1"
_RETIRE_IF_EMPTY = (
    f"{_RETIRE} WHERE NOT EXISTS (SELECT 1 FROM controls WHERE state = 'queued')"
    " AND NOT EXISTS (SELECT 1 FROM orders WHERE state = 'queued')"
)
_SET_PROJECT = "INSERT INTO project (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
_SET_COMPONENT = (
    "INSERT INTO components (id, project_id, parent_id, module_name, body) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, body = excluded.body"
    " WHERE body IS NOT excluded.body"
)
_DROP_COMPONENTS = "DELETE FROM components WHERE project_id = ? AND id NOT IN (SELECT value FROM json_each(?))"
_TAKE_OVER = "UPDATE interactions SET epoch = ? WHERE completed_at IS NULL"
_FORGET_ALL_ACTIVITY = "DELETE FROM activity"
_SETTLE_ORDER = "UPDATE orders SET state = ?, body = ? WHERE id = ?"


def local_user() -> str:
    """The local user's name, as decisions record it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in containers
        return str(os.getuid())


class EngineStore(RunReads):
    """The store as its one engine has it: reads, and the only way to write."""

    def __init__(self, reading: aiosqlite.Connection, path: Path, writer: Writer, row: EngineRow) -> None:
        super().__init__(reading, path)
        self._writer = writer
        self.row = row
        self._positions: Batcher[str, Position | None] = Batcher(self._answer_positions)

    async def position(self, scope: Scope, session_id: str) -> Position | None:
        """The session with the tries of its present attempt, as committed last; read from disk only where unknown."""
        found = self._writer.positions.get(session_id) or await self._positions.ask(session_id)
        return found if found is not None and found.session.project_id == scope.project.id else None

    async def append(self, operation: Operation) -> Committed:
        """Apply an operation; returns once it is durable (see `covey.store.base.Sessions`)."""
        return await self._writer.append(operation)

    def transcribe(self, rows: Sequence[TranscriptRow]) -> None:
        """Add transcript rows; durable no later than the next operation."""
        self._writer.transcribe(rows)

    def note_activity(self, noted: Sequence[Activity], over: Sequence[tuple[str, int]]) -> None:
        """Note signs of life; forget those of attempts whose work is over. Nobody waits for it to be durable."""
        self._writer.note_activity(noted, over)

    async def declare(self, project: Project, components: Sequence[Component]) -> None:
        """Make the project and its components what the manifest says now; contexts come before their components."""
        ids = msgspec.json.encode([component.id for component in components]).decode()
        notes = (
            Note(_SET_PROJECT, ((project.id, codec.encode(project)),)),
            Note(_SET_COMPONENT, tuple(codec.component_row(component) for component in components)),
            Note(_DROP_COMPONENTS, ((project.id, ids),)),
        )
        for note in notes:
            await self._writer.batches.ask(note)

    async def open_process(self, process: Process) -> None:
        """Record a process group; it may act only after this has returned."""
        await self._writer.open_process(process)

    async def close_process(self, pid: int, started: str) -> None:
        """Forget a process that has ended."""
        await self._writer.close_process(pid, started)

    async def take_over(self) -> None:
        """Make what an engine that died has left pending this engine's own; nothing is known to be alive by then."""
        await self._writer.batches.ask(Note(_FORGET_ALL_ACTIVITY, ((),)))
        await self._writer.batches.ask(Note(_TAKE_OVER, ((self.row.epoch,),)))

    async def note_slots(self, slots: int) -> None:
        """Let viewers know how many sessions may work at the same time."""
        self.row = msgspec.structs.replace(self.row, slots=slots)
        await self._writer.batches.ask(Note(_DESCRIBE, ((codec.encode(self.row),),)))

    async def note_limits(self, held: int, short_of: tuple[str, ...]) -> None:
        """Let viewers know what the machine is short of, and how many sessions may work for now (0: as many as set)."""
        self.row = msgspec.structs.replace(self.row, held=held, short_of=short_of)
        await self._writer.batches.ask(Note(_DESCRIBE, ((codec.encode(self.row),),)))

    async def note_gates(self, gates: tuple[GateState, ...]) -> None:
        """Let viewers know how the gates before credentials stand."""
        self.row = msgspec.structs.replace(self.row, gates=gates)
        await self._writer.batches.ask(Note(_DESCRIBE, ((codec.encode(self.row),),)))

    async def settle_order(self, order: AnyOrder) -> None:
        """Store an order with its outcome."""
        await self._writer.batches.ask(Note(_SETTLE_ORDER, ((order.state, codec.encode(order), order.id),)))

    async def retire(self, *, leave_requests: bool = False) -> bool:
        """Stop taking requests; False, and nothing changed, while one waits (unless it is left to the next engine)."""
        stopped = msgspec.structs.replace(self.row, stopped=True)
        statement = _RETIRE if leave_requests else _RETIRE_IF_EMPTY
        await self._writer.batches.ask(Note(statement, ((codec.encode(stopped),),)))
        row = await self.engine()
        return row is not None and row.stopped

    async def _answer_positions(self, batch: list[Pending[str, Position | None]]) -> None:
        keys = [pending.item for pending in batch]
        self._writer.positions.reading(keys)
        found = await self.positions(keys)
        self._writer.positions.learn(found.values())
        for pending in batch:
            pending.answer(found.get(pending.item))

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Run the writer and the group reads for the length of the block; all that was taken is written at its end."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.batches.run())
            tasks.create_task(self._positions.run())
            try:
                yield
            except BaseException as error:  # noqa: BLE001 - raised again below, once everything has been written
                failure = error
            self._positions.close()
            self._writer.batches.close()
        if failure is not None:
            raise failure


@contextlib.asynccontextmanager
async def open_engine_store(
    root: Path, *, clock: Clock, version: str, on_commit: Callable[[Committed], None]
) -> AsyncIterator[EngineStore]:
    """Become the engine of the project at `root` for the length of the block.

    Raises:
        EngineRunningError: another engine holds the lock.
        StoreError: the database is damaged, locked, or from a newer covey.
    """
    state = state_directory(root)
    path = database_path(state)
    with engine_lock(state) as held:
        if not held:
            raise await _running(state, clock)
        async with connect(path) as writing:
            await bring_up_to_date(writing, path)
            async with connect(path, read_only=True) as reading:
                row = await _next_epoch(writing, path, Reads(reading, path), clock, version)
                seq, at = await _end_of_log(reading, path, clock)
                writer = Writer(writing, path, epoch=row.epoch, seq=seq, at=at, on_commit=on_commit)
                store = EngineStore(reading, path, writer, row)
                async with store.at_work():
                    yield store
            await tidy(writing)


async def _running(state: Path, clock: Clock) -> EngineRunningError:
    path, row = database_path(state), None
    with contextlib.suppress(StoreError):  # the other one is just making the database
        async with connect(path, read_only=True) as connection:
            row = await Reads(connection, path).engine()
    return EngineRunningError(row.pid, ago(row.since, clock.now())) if row else EngineRunningError()


async def _next_epoch(writing: aiosqlite.Connection, path: Path, reads: Reads, clock: Clock, version: str) -> EngineRow:
    last = await reads.engine()
    with explained(path):
        row = EngineRow(pid=os.getpid(), since=clock.now(), epoch=last.epoch + 1 if last else 1, version=version)
        await writing.execute_fetchall(_SET_ENGINE, (row.epoch, codec.encode(row)))
    return row


async def _end_of_log(reading: aiosqlite.Connection, path: Path, clock: Clock) -> tuple[int, datetime]:
    with explained(path):
        rows = list(await reading.execute_fetchall("SELECT seq, body FROM events ORDER BY seq DESC LIMIT 1"))
    if not rows:
        return 0, clock.now()
    entry = codec.entry((rows[0][0], rows[0][1]))
    return entry.seq, entry.event.at


class Viewer(ArchiveReads):
    """The store as everybody else has it: reads, a feed of changes, and requests left for the engine.

    One that is not `is_current` was last written by an older covey: no engine of this one has opened it yet.
    """

    def __init__(self, reading: aiosqlite.Connection, state: Path, project: Project, schema: int) -> None:
        super().__init__(reading, database_path(state))
        self._state = state
        self.is_current = schema == SCHEMA
        self.scope = Scope(project=project, user=local_user())

    @property
    def engine_lives(self) -> bool:
        """An engine holds the lock, whether or not it takes requests any more."""
        return engine_lives(self._state)

    async def living_engine(self) -> EngineRow | None:
        """The engine that takes requests now; None when there is none."""
        row = await self.engine()
        return row if row is not None and not row.stopped and engine_lives(self._state) else None

    async def activity(self) -> dict[str, Activity]:
        """The signs of life of all sessions at work, by their ids; none where an older covey has written last."""
        return await super().activity() if self.is_current else {}

    async def credentials(self) -> dict[str, CredentialPause]:
        """The credentials that are paused, by name; none where an older covey has written last."""
        return await super().credentials() if self.is_current else {}

    async def interactions(self, scope: Scope, session_id: str) -> tuple[Interaction, ...]:
        """All interactions of a session, oldest first, with their prompts unless an older covey has written last."""
        found = await super().interactions(scope, session_id)
        prompts = await self.prompts(session_id) if found and self.is_current else {}
        return tuple(msgspec.structs.replace(each, prompt=prompts.get(each.id)) for each in found)

    async def leave(self, requests: Sequence[ControlRequest]) -> bool:
        """Leave requests in the inbox, all in one transaction; whether an engine lives that will take them."""
        await inbox.leave_requests(self._path, requests)
        # The engine retires only in a transaction that finds the inbox empty: one that has not by now will take them.
        return await self.living_engine() is not None

    async def leave_order(self, order: AnyOrder) -> None:
        """Leave an order for the engine."""
        await inbox.leave_order(self._path, order)

    async def withdraw_order(self, order: AnyOrder) -> None:
        """Take an order back, unless an engine has settled it."""
        await inbox.withdraw_order(self._path, order)

    async def watch(self, viewer_id: str, until: datetime) -> None:
        """Say that this process watches until then; once it is over, an engine that idles may leave."""
        await inbox.watch(self._path, viewer_id, os.getpid(), until)

    async def watch_no_more(self, viewer_id: str, now: datetime) -> None:
        """Say that it does not watch any more."""
        await inbox.watch_no_more(self._path, viewer_id, now)

    @contextlib.asynccontextmanager
    async def feed(self) -> AsyncIterator[ChangeFeed]:
        """The change feed of this database."""
        async with change_feed(database_path(self._state)) as feed:
            yield feed


@contextlib.asynccontextmanager
async def open_viewer(root: Path) -> AsyncIterator[Viewer | None]:
    """Look at the project at `root`; None when nothing was ever run there. Changes nothing on disk.

    Raises:
        StoreError: the database is damaged, or from a newer covey.
    """
    state = root / ".covey"
    path = database_path(state)
    if not _exists(path):
        yield None
        return
    async with connect(path, read_only=True) as reading:
        version = await check_version(reading, path)
        project = await Reads(reading, path).project() if version else None
        yield None if project is None else Viewer(reading, state, project, version)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at ({error.strerror}); see that you may read it") from error
