"""A database that is opened to be written: whole, of the present schema, and with rows as this covey folds its log."""

from collections.abc import Sequence
from pathlib import Path

import aiosqlite

from covey.model.session import Session
from covey.store import codec
from covey.store.archives import ArchiveReads
from covey.store.audit import audit
from covey.store.connection import connect, prepare, write_all
from covey.store.schema import VERSION

_RESTORE = (
    "INSERT INTO sessions"
    " (number, id, project_id, run_id, parent_id, component_id, type, position, status, attempt, body)"
    " VALUES ((SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE number = ?1) THEN NULL ELSE ?1 END),"
    " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    " ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, run_id = excluded.run_id,"
    " parent_id = excluded.parent_id, component_id = excluded.component_id, type = excluded.type,"
    " position = excluded.position, status = excluded.status, attempt = excluded.attempt, body = excluded.body"
)


async def bring_up_to_date(connection: aiosqlite.Connection, path: Path) -> tuple[int, Path | None]:
    """Prepare the database (see `connection.prepare`); of an older covey's, fold the log anew.

    What this covey reads out of old lines may be more than the old one did; the rows say the same then.

    Raises:
        StoreError: as `connection.prepare`.
    """
    found, copy = await prepare(connection, path)
    if 0 < found < VERSION:
        async with connect(path, read_only=True) as reading:
            examined = await audit(ArchiveReads(reading, path))
        await restore(connection, path, examined.differing)
    return found, copy


async def restore(connection: aiosqlite.Connection, path: Path, sessions: Sequence[tuple[int, Session]]) -> None:
    """Make these rows what the log says; the number is the place that one takes which is gone."""
    rows = [(number, *codec.session_row(session)) for number, session in sessions]
    await write_all(connection, path, [(_RESTORE, rows)])
