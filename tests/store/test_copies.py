"""A database of an older covey is copied, then brought up to date: nothing of it is lost, whatever happens."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.errors import StoreError
from covey.store.connection import connect, prepare
from covey.store.copies import copies_of
from covey.store.schema import MIGRATIONS, VERSION
from covey.store.sqlite import open_viewer
from tests.store.lives import (
    engine_store,
    file_of,
    folded,
    left_by_an_older_one,
    outside,
    sequence,
    stored_log,
    stored_sessions,
)

RELEASED = (1, 2)
"""Each was written by the covey of its time: runs of two contexts, a retry with a note, a request that waits."""
CONTENT = ("project", "components", "sessions", "events", "interactions", "transcripts", "controls", "processes")
DISK_BYTES = 300_000
"""Room for a database as they are in these tests, and not for two."""
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(params=RELEASED)
def released(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def root(released: int, tmp_path: Path) -> Path:
    """A project whose database an older covey has left."""
    left_by_an_older_one(tmp_path, released)
    return tmp_path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with hardly any room."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def content(path: Path) -> Rows:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return {table: list(database.execute(f"SELECT * FROM {table} ORDER BY 1, 2")) for table in CONTENT}


def version_of(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


async def upgrade(path: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    async with connect(path) as connection:
        await prepare(connection, path, migrations)


class TestUpgrade:
    """From every released schema to the present one."""

    async def test_keeps_all_that_is_stored(self, root: Path) -> None:
        before = content(file_of(root))
        assert all(before[table] for table in CONTENT if table != "processes")
        await upgrade(file_of(root))
        assert version_of(file_of(root)) == VERSION
        assert content(file_of(root)) == before

    async def test_gives_the_tables_of_a_new_database(self, root: Path, tmp_path: Path) -> None:
        await upgrade(file_of(root))
        await upgrade(tmp_path / "new.db")
        assert _schema(file_of(root)) == _schema(tmp_path / "new.db")

    async def test_what_was_stored_then_is_read_and_folded_now(self, root: Path) -> None:
        log = stored_log(root)
        async with engine_store(root) as store:
            assert stored_sessions(root) == folded(log), "also what the older covey did not read out of its lines"
            assert await store.integrity() == "ok"
            assert [entry.seq for entry in await store.entries(0)] == list(range(1, len(log) + 1))
            assert [request.action for request in await store.queued_controls()] == ["skip"]
        async with open_viewer(root) as viewer:
            assert viewer is not None
            assert viewer.is_current
            assert [found.module for found in await viewer.roots(viewer.scope)] == ["other", "shop"]
        assert sequence(root) == list(range(1, len(log) + 1))


class TestTheCopy:
    """Taken before the first change, whole, and never replaced."""

    async def test_is_the_database_as_it_was(self, root: Path, released: int) -> None:
        before = content(file_of(root))
        await upgrade(file_of(root))
        (copy,) = copies_of(file_of(root))
        assert copy.name == f"covey.db.before-{VERSION}"
        assert version_of(copy) == released
        assert content(copy) == before

    async def test_can_be_put_back(self, root: Path, released: int) -> None:
        before = content(file_of(root))
        await upgrade(file_of(root))
        copies_of(file_of(root))[0].replace(file_of(root))
        assert version_of(file_of(root)) == released
        await upgrade(file_of(root))
        assert content(file_of(root)) == before

    async def test_one_that_is_there_stays(self, root: Path) -> None:
        kept = file_of(root).with_name(f"covey.db.before-{VERSION}")
        kept.write_bytes(b"mine")
        await upgrade(file_of(root))
        assert kept.read_bytes() == b"mine"
        assert [copy.name for copy in copies_of(file_of(root))] == [kept.name, f"{kept.name}-2"]

    async def test_what_a_killed_one_left_half_written_is_written_anew(self, root: Path, released: int) -> None:
        part = file_of(root).with_name(f"covey.db.before-{VERSION}.part")
        part.write_bytes(b"half")
        await upgrade(file_of(root))
        assert not part.exists()
        assert version_of(copies_of(file_of(root))[0]) == released

    async def test_none_is_taken_of_a_new_or_present_database(self, tmp_path: Path) -> None:
        await upgrade(tmp_path / "covey.db")
        await upgrade(tmp_path / "covey.db")
        assert copies_of(tmp_path / "covey.db") == []


class TestFailure:
    """A migration that does not go through changes nothing."""

    async def test_leaves_the_database_as_it_was(self, root: Path, released: int) -> None:
        before = content(file_of(root))
        broken = (*MIGRATIONS, "CREATE TABLE one (id TEXT)", "INSERT INTO nowhere VALUES (1)")
        with pytest.raises(StoreError, match=f"from schema {released} to {len(broken)}.*it is as it was") as caught:
            await upgrade(file_of(root), broken)
        (copy,) = copies_of(file_of(root))
        assert str(copy) in str(caught.value)
        assert version_of(file_of(root)) == released
        assert content(file_of(root)) == before
        await upgrade(file_of(root))
        assert content(file_of(root)) == before

    async def test_without_room_for_the_copy_nothing_is_changed(self, root: Path, released: int) -> None:
        before = content(file_of(root))
        (part := file_of(root).with_name(f"covey.db.before-{VERSION}.part")).mkdir()
        with pytest.raises(StoreError, match=r"cannot be copied .* nothing in it is changed without a copy"):
            await upgrade(file_of(root))
        part.rmdir()
        assert version_of(file_of(root)) == released
        assert content(file_of(root)) == before
        assert copies_of(file_of(root)) == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
    async def test_on_a_full_disk_it_says_how_much_room_is_needed(self, root: Path, small_disk: Path) -> None:
        path = small_disk / "covey.db"
        shutil.copyfile(file_of(root), path)
        before = content(path)
        with pytest.raises(StoreError, match=r"no room for a copy of .*free [\d,]+ bytes .*the database is as it was"):
            await upgrade(path)
        assert content(path) == before
        assert copies_of(path) == []
        assert not list(small_disk.glob("*.part*"))

    async def test_a_newer_covey_is_named_and_so_are_the_copies(self, root: Path) -> None:
        await upgrade(file_of(root))
        with outside(root) as database:
            database.execute(f"PRAGMA user_version = {VERSION + 1}")
        with pytest.raises(StoreError, match=f"newer covey.*use that covey.*covey.db.before-{VERSION}, beside it"):
            await upgrade(file_of(root))


def _schema(path: Path) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return [(name, "".join(sql.split())) for name, sql in rows]
