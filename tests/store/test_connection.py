"""Files that are not as they should be: each error says what to do, and the file stays as it is."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.errors import StoreError
from covey.model.session import Session
from covey.store.base import Operation
from covey.store.connection import connect, prepare
from covey.store.schema import MIGRATIONS, VERSION
from covey.store.sqlite import EngineStore, open_viewer
from tests.store.lives import (
    apply,
    create,
    engine_store,
    family,
    file_of,
    folded,
    live,
    outside,
    said,
    sequence,
    start,
    stored_log,
    stored_sessions,
)

TEXT = "x" * 60_000


async def lived_in(root: Path) -> bytes:
    """A closed database with something in it; its bytes."""
    async with engine_store(root) as store:
        session = await family(store, 30)
        await asyncio.gather(*(live(store, f"child-{n:04}", fails=False) for n in range(30)))
        store.transcribe(said(session, *range(1, 5), text=TEXT))
    data = file_of(root).read_bytes()
    assert len(data) > 200_000
    return data


async def refusal(root: Path) -> str:
    """What an engine is told about the database."""
    with pytest.raises(StoreError) as caught:
        async with engine_store(root):
            pass
    return str(caught.value)


async def viewers_refusal(root: Path) -> str:
    with pytest.raises(StoreError) as caught:
        await integrity(root)
    return str(caught.value)


async def integrity(root: Path) -> str:
    async with open_viewer(root) as viewer:
        assert viewer is not None
        return await viewer.integrity()


class TestMigrations:
    """A database is brought up to the present schema, one numbered step after another."""

    async def test_an_empty_file_gets_every_table(self, tmp_path: Path) -> None:
        async with connect(tmp_path / "covey.db") as connection:
            await prepare(connection, tmp_path / "covey.db")
            assert list(await connection.execute_fetchall("PRAGMA user_version")) == [(VERSION,)]
            assert list(await connection.execute_fetchall("PRAGMA journal_mode")) == [("wal",)]
            tables = {row[0] for row in await connection.execute_fetchall("SELECT name FROM sqlite_master")}
        assert len(MIGRATIONS) == VERSION
        assert {"sessions", "events", "interactions", "transcripts", "controls", "engine"} <= tables

    async def test_a_present_one_is_left_as_it_is(self, tmp_path: Path) -> None:
        await lived_in(tmp_path)
        rows = stored_sessions(tmp_path)
        async with engine_store(tmp_path):
            assert stored_sessions(tmp_path) == rows

    async def test_one_from_a_newer_covey_is_refused(self, tmp_path: Path) -> None:
        await lived_in(tmp_path)
        with outside(tmp_path) as database:
            database.execute(f"PRAGMA user_version = {VERSION + 1}")
        before = file_of(tmp_path).read_bytes()

        expected = f"was written by a newer covey (schema {VERSION + 1}, this one knows {VERSION}); use that covey"
        assert expected in await refusal(tmp_path)
        assert expected in await viewers_refusal(tmp_path)
        assert file_of(tmp_path).read_bytes() == before


class TestDamage:
    """A damaged file is named, with what to do; it is never mended or written to."""

    async def test_a_header_that_is_overwritten(self, tmp_path: Path) -> None:
        data = await lived_in(tmp_path)
        damaged = b"no database at all" * 6 + data[108:]
        file_of(tmp_path).write_bytes(damaged)

        for text in (await refusal(tmp_path), await viewers_refusal(tmp_path)):
            assert str(file_of(tmp_path)) in text
            assert "is damaged" in text
            assert "move it aside and run covey again: finished documents are kept" in text
        assert file_of(tmp_path).read_bytes() == damaged

    async def test_pages_in_the_middle_that_are_overwritten(self, tmp_path: Path) -> None:
        data = await lived_in(tmp_path)
        third = len(data) // 3
        damaged = data[:third] + b"\xff" * third + data[2 * third :]
        file_of(tmp_path).write_bytes(damaged)

        assert "is damaged" in await refusal(tmp_path)
        assert file_of(tmp_path).read_bytes() == damaged

    async def test_a_file_that_was_cut_off(self, tmp_path: Path) -> None:
        data = await lived_in(tmp_path)
        file_of(tmp_path).write_bytes(data[: len(data) // 2])

        assert "is damaged" in await refusal(tmp_path)
        assert file_of(tmp_path).read_bytes() == data[: len(data) // 2]

    async def test_a_directory_in_its_place(self, tmp_path: Path) -> None:
        file_of(tmp_path).mkdir(parents=True)

        assert "cannot be used" in await refusal(tmp_path)


class TestLocked:
    """Another program's lock is waited for, and then named."""

    async def test_a_database_that_another_program_keeps_to_itself(self, tmp_path: Path) -> None:
        await lived_in(tmp_path)
        with outside(tmp_path) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="is locked by another program; end that program, then try again"):
                async with connect(file_of(tmp_path), busy_seconds=0) as connection:
                    await prepare(connection, file_of(tmp_path))

    async def test_a_short_transaction_of_somebody_else_is_waited_for(self, store: EngineStore, tmp_path: Path) -> None:
        root = await apply(store, create("root"))
        with outside(tmp_path) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(store.append(start(root)))
            await store.integrity()  # time enough for the writer to meet the lock
            assert not waiting.done()
            other.execute("COMMIT")
            await waiting

        assert sequence(tmp_path) == [1, 2]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of one mebibyte."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


async def fill(store: EngineStore) -> None:
    """Append until the disk is full; then the next append and the one after that raise."""
    root = await apply(store, create("root"))
    with pytest.raises(StoreError, match=r"the disk that holds .* is full; free some space, then run covey again"):
        await write_much(store, root)
    with pytest.raises(StoreError, match="is full"):
        await store.append(create("much later", "root"))


async def write_much(store: EngineStore, root: Session) -> None:
    for number in range(1000):
        store.transcribe(said(root, number, text=TEXT))
        await store.append(create(f"c{number}", "root", position=number))


async def nothing_is_half_written(root: Path) -> None:
    async with engine_store(root) as store:
        assert await store.integrity() == "ok"
        sessions = stored_sessions(root)
        assert sessions == folded(stored_log(root))
        numbers = sequence(root)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(sessions) > 2
        rows = await store.transcript("root", 1, after=-1)
        # Each row went with the session that was created after it: both are there, or neither.
        assert [f"c{row.n}" for row in rows] == [key for key in sessions if key != "root"]
        await store.append(create("afterwards", "root"))


class TestFullDisk:
    """Nothing is half written, and nothing more is taken."""

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
    async def test_a_small_file_system(self, small_disk: Path) -> None:
        async with engine_store(small_disk) as store:
            await fill(store)
        enlarge(small_disk)

        await nothing_is_half_written(small_disk)

    async def test_a_database_that_may_not_grow(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await store._writer._connection.execute_fetchall("PRAGMA max_page_count = 150")
            await fill(store)

        await nothing_is_half_written(tmp_path)

    async def test_viewers_still_read(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await store._writer._connection.execute_fetchall("PRAGMA max_page_count = 150")
            await fill(store)
            async with open_viewer(tmp_path) as viewer:
                assert viewer is not None
                assert [root.id for root in await viewer.roots(viewer.scope)] == ["root"]


class TestForeignKeys:
    """Rows that belong to no session are refused."""

    async def test_an_interaction_of_no_session(self, store: EngineStore, tmp_path: Path) -> None:
        await store.append(Operation())
        with outside(tmp_path) as database, pytest.raises(sqlite3.IntegrityError):
            database.execute(
                "INSERT INTO interactions (id, session_id, attempt, step, kind, epoch, inserted_at, command)"
                " VALUES ('i', 'nobody', 1, 's', 'check', 1, '', '{}')"
            )
