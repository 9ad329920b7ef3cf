"""Opening the database, bringing its schema up to date, and putting SQLite's errors into words."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import aiosqlite

from covey.errors import StoreError
from covey.store.copies import copies_of, copy_database
from covey.store.schema import MIGRATIONS, VERSION

Done = TypeVar("Done")

BUSY_SECONDS = 5.0
"""How long a connection waits for another program's lock."""


def database_path(state: Path) -> Path:
    """The database in a project's state directory."""
    return state / "covey.db"


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def _explain(error: sqlite3.Error, path: Path) -> StoreError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreError(f"{path} is locked by another program; end that program, then try again")
    if "full" in text:
        return StoreError(f"the disk that holds {path} is full; free some space, then run covey again")
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return StoreError(
            f"{path} is damaged ({text}); move it aside and run covey again: "
            "finished documents are kept, only the history of runs is in the database"
        )
    return StoreError(f"{path} cannot be used: {text}; see that it is a file that you may read and write")


@contextlib.asynccontextmanager
async def connect(
    path: Path, *, read_only: bool = False, busy_seconds: float = BUSY_SECONDS
) -> AsyncIterator[aiosqlite.Connection]:
    """A connection in autocommit mode; a read-only one can never change anything."""
    address = f"{path.as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = aiosqlite.connect(address, uri=True, isolation_level=None, timeout=busy_seconds)
    try:
        with explained(path):
            await connection
    except BaseException:
        # Its thread still has to tell the event loop that it ends: before the loop is closed, or it prints a traceback.
        connection._thread.join()  # noqa: SLF001 - it has no public way to wait for it
        raise
    try:
        with explained(path):
            await connection.execute_fetchall("PRAGMA foreign_keys = ON")
            if read_only:  # who looks reads everything once, and what comes then: the system keeps the file's pages too
                await connection.execute_fetchall("PRAGMA cache_size = -256")
        yield connection
    finally:
        await connection.close()


async def in_one_hop(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], Done]) -> Done:
    """Do several statements' work on the connection's thread, at the cost of one.

    aiosqlite pays two changes of thread for each statement; what has to be several of them need not pay it for each.
    """
    # It has no public way to ask for this, and both names have been as they are since its first release.
    done: Done = await connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return done


async def write_all(
    connection: aiosqlite.Connection, path: Path, statements: Sequence[tuple[str, Sequence[Sequence[object]]]]
) -> None:
    """Run statements, each for all of its rows, in one transaction: durable then, or nothing is changed."""
    with explained(path):
        await connection.execute_fetchall("BEGIN IMMEDIATE")
        try:
            for statement, rows in statements:
                await connection.executemany(statement, rows)
            await connection.execute_fetchall("COMMIT")
        except BaseException:
            if connection.in_transaction:
                await connection.execute_fetchall("ROLLBACK")
            raise


async def prepare(
    connection: aiosqlite.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS
) -> tuple[int, Path | None]:
    """Check the file, set the journal mode and apply the migrations that are missing.

    Before that a copy is taken of a database that has anything in it. The schema that was found (0: none), and the
    copy, if one was taken.

    Raises:
        StoreError: damaged, locked, written by a newer covey, or it could not be copied or brought up to date; then
            the database is as it was.
    """
    with explained(path):
        check = await _value(connection, "PRAGMA quick_check(1)")
        if check != "ok":
            raise sqlite3.DatabaseError(f"malformed: {check}")
        await check_version(connection, path)
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall("PRAGMA synchronous = FULL")
        return await _migrate(connection, path, migrations)


async def tidy(connection: aiosqlite.Connection) -> None:
    """Move the write-ahead log into the database's file, as far as readers let it; nothing depends on it."""
    with contextlib.suppress(sqlite3.Error):
        await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")


async def check_version(connection: aiosqlite.Connection, path: Path) -> int:
    """The schema's number.

    Raises:
        StoreError: a newer covey has written it.
    """
    with explained(path):
        version = int(str(await _value(connection, "PRAGMA user_version")))
    if version > VERSION:
        copies = ", ".join(copy.name for copy in copies_of(path))
        older = f"; as it was before it was brought up to date: {copies}, beside it" if copies else ""
        raise StoreError(
            f"{path} was written by a newer covey (schema {version}, this one knows {VERSION}); "
            f"use that covey, or move the file aside to begin anew{older}"
        )
    return version


async def _migrate(connection: aiosqlite.Connection, path: Path, migrations: Sequence[str]) -> tuple[int, Path | None]:
    """Apply what is missing, all of it in one transaction: the database is of the one schema or the other."""
    version = int(str(await _value(connection, "PRAGMA user_version")))
    if version >= len(migrations):
        return version, None
    copy: Path | None = None
    if version > 0:
        copy = await in_one_hop(connection, lambda database: copy_database(database, path, str(len(migrations))))
    missing = "; ".join(migrations[version:])
    script = f"BEGIN IMMEDIATE; {missing}; PRAGMA user_version = {len(migrations)}; COMMIT;"
    try:
        await connection.executescript(script)
    except sqlite3.Error as error:
        if connection.in_transaction:
            await connection.execute_fetchall("ROLLBACK")
        if copy is None:
            raise
        raise StoreError(
            f"{path} could not be brought from schema {version} to {len(migrations)} ({error}); "
            f"it is as it was, and a copy of it is {copy}; use the covey that wrote it until this is mended"
        ) from error
    return version, copy


async def _value(connection: aiosqlite.Connection, statement: str) -> object:
    rows = list(await connection.execute_fetchall(statement))
    return rows[0][0]
