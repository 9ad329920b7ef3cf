"""What everybody but the engine may write: requests, orders, and that they are watching.

Each write is a transaction on a short connection of its own, so that nobody holds the database up.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import aiosqlite
from msgspec.structs import replace

from covey.model.control import ControlRequest, RequestState
from covey.model.order import AnyOrder
from covey.store import codec
from covey.store.connection import connect, explained

_LEAVE_REQUEST = "INSERT INTO controls (id, session_id, state, body) VALUES (?, ?, ?, ?)"
_LEAVE_ORDER = "INSERT INTO orders (id, state, body) VALUES (?, ?, ?)"
_WITHDRAW = "UPDATE orders SET state = ?, body = ? WHERE id = ? AND state = 'queued'"
_WATCH = "INSERT INTO viewers (id, pid, until) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until"
_WATCH_NO_MORE = "DELETE FROM viewers WHERE id = ? OR until < ?"
_FORGOTTEN = timedelta(days=1)
"""Who has not said for so long that they watch was killed; the row is cleared away, whatever the clocks say."""


async def leave_requests(path: Path, requests: Sequence[ControlRequest]) -> None:
    """Leave control requests, all of them or none."""
    async with _writing(path) as connection:
        await connection.executemany(_LEAVE_REQUEST, [codec.control_row(request) for request in requests])


async def leave_order(path: Path, order: AnyOrder) -> None:
    """Leave an order."""
    async with _writing(path) as connection:
        await connection.execute_fetchall(_LEAVE_ORDER, (order.id, order.state, codec.encode(order)))


async def withdraw_order(path: Path, order: AnyOrder) -> None:
    """Take an order back, unless an engine has settled it."""
    refused = replace(order, state=RequestState.REFUSED, outcome="withdrawn")
    async with _writing(path) as connection:
        await connection.execute_fetchall(_WITHDRAW, (refused.state, codec.encode(refused), order.id))


async def watch(path: Path, viewer_id: str, pid: int, until: datetime) -> None:
    """Say that somebody watches until then."""
    async with _writing(path) as connection:
        await connection.execute_fetchall(_WATCH, (viewer_id, pid, codec.moment(until)))


async def watch_no_more(path: Path, viewer_id: str, now: datetime) -> None:
    """Say that somebody has gone."""
    async with _writing(path) as connection:
        await connection.execute_fetchall(_WATCH_NO_MORE, (viewer_id, codec.moment(now - _FORGOTTEN)))


@contextlib.asynccontextmanager
async def _writing(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """A transaction, durable once the block is left."""
    async with connect(path) as connection:
        with explained(path):
            await connection.execute_fetchall("PRAGMA synchronous = FULL")
            await connection.execute_fetchall("BEGIN IMMEDIATE")
            yield connection
            await connection.execute_fetchall("COMMIT")
