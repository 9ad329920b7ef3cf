"""The database while nobody works on it: the engine's lock is held, so that what is there can be mended or put away.

Whoever holds it this way is no engine: it decides about no session and appends no line to the log.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiosqlite
from msgspec.structs import replace

from covey.config.state_dir import STATE_DIRECTORY
from covey.model.control import RequestState
from covey.model.credential import CredentialPause
from covey.model.order import AnyOrder
from covey.model.session import Session
from covey.store import codec
from covey.store.base import EngineRow
from covey.store.connection import connect, database_path, in_one_hop, tidy, write_all
from covey.store.copies import copy_database
from covey.store.lock import engine_lock
from covey.store.upgrade import bring_up_to_date, restore

_END_ENGINE = "UPDATE engine SET epoch = ?, body = ?"
_FORGET_PROCESS = "DELETE FROM processes WHERE pid = ? AND started = ?"
_FORGET_VIEWERS = "DELETE FROM viewers WHERE until < ?"
_FORGET_CREDENTIALS = "DELETE FROM credentials"
_PAUSE_CREDENTIAL = "INSERT INTO credentials (name, body) VALUES (?, ?)"
_SETTLE_ORDER = "UPDATE orders SET state = ?, body = ? WHERE id = ?"


class Alone:
    """The only one who may write; made by `open_alone`.

    `found` is the schema that the database had, `copy` the copy that was taken if that was not the present one.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path, found: int, copy: Path | None) -> None:
        self.connection = connection
        self.path = path
        self.found = found
        self.copy = copy

    async def copied(self, before: str) -> Path:
        """Take a copy of the database, beside it; its path.

        Raises:
            StoreError: there is no room for it, or it cannot be written.
        """
        return await in_one_hop(self.connection, lambda database: copy_database(database, self.path, before))

    async def restore(self, sessions: Sequence[tuple[int, Session]]) -> None:
        """Make these rows what the log says; the number is the place that one takes which is gone."""
        await restore(self.connection, self.path, sessions)

    async def restore_credentials(self, paused: Sequence[CredentialPause]) -> None:
        """Make these the credentials that are paused, as the log says."""
        await self._write(
            (_FORGET_CREDENTIALS, [()]), (_PAUSE_CREDENTIAL, [codec.credential_row(each) for each in paused])
        )

    async def end_engine(self, row: EngineRow) -> None:
        """Say that an engine which is gone takes no requests, and that nothing it may still hold counts any more."""
        ended = replace(row, stopped=True, epoch=row.epoch + 1)
        await self._write((_END_ENGINE, [(ended.epoch, codec.encode(ended))]))

    async def forget_process(self, pid: int, started: str) -> None:
        """Forget a process of which nothing is left."""
        await self._write((_FORGET_PROCESS, [(pid, started)]))

    async def forget_viewers(self, until: str) -> None:
        """Forget those who said that they watch until an earlier moment (see `codec.moment`)."""
        await self._write((_FORGET_VIEWERS, [(until,)]))

    async def refuse_orders(self, orders: Sequence[AnyOrder], outcome: str) -> None:
        """Settle orders that nobody waits for any more."""
        refused = [replace(order, state=RequestState.REFUSED, outcome=outcome) for order in orders]
        await self._write((_SETTLE_ORDER, [(order.state, codec.encode(order), order.id) for order in refused]))

    async def _write(self, *statements: tuple[str, Sequence[codec.Row]]) -> None:
        await write_all(self.connection, self.path, statements)


@contextlib.asynccontextmanager
async def open_alone(root: Path) -> AsyncIterator[Alone | None]:
    """Keep engines away from the project at `root` for the length of the block; None where one is at work.

    The database is brought up to date first, as an engine would.

    Raises:
        StoreError: there is no database, or it cannot be used.
    """
    state = root / STATE_DIRECTORY
    with engine_lock(state) as held:
        if not held:
            yield None
            return
        path = database_path(state)
        async with connect(path) as connection:
            found, copy = await bring_up_to_date(connection, path)
            yield Alone(connection, path, found, copy)
            await tidy(connection)
