"""One engine per project, decided by the kernel: stopped it keeps its lock, dead it has lost it."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from covey.errors import EngineRunningError, FenceLostError
from covey.store.lock import engine_lives, engine_lock, lock_path
from covey.store.sqlite import open_viewer
from covey.testing.clock import FakeClock
from tests.store.lives import apply, create, engine_store, outside, stored_sessions

REPOSITORY = Path(__file__).parents[2]

HOLDER = """
import asyncio, sys
from pathlib import Path
from tests.store.lives import create, engine_store

async def hold():
    async with engine_store(Path(sys.argv[1])) as store:
        await store.append(create("root"))
        print("at work", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


@contextmanager
def another_engine(root: Path) -> Iterator[subprocess.Popen[str]]:
    """An engine's store in a process of its own; it closes in good order when its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "at work\n"
            yield process
        finally:
            process.kill()


def stopped(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def ended(process: subprocess.Popen[str]) -> int:
    """Let it close in good order; its exit code."""
    assert process.stdin is not None
    process.stdin.close()
    return process.wait()


class TestEngineLock:
    """Held for life by one process."""

    async def test_a_second_engine_is_refused_with_the_pid_and_age_of_the_first(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        clock.advance(64)
        with another_engine(tmp_path) as first:
            with pytest.raises(EngineRunningError, match="already at work on this project") as caught:
                async with engine_store(tmp_path, clock):
                    pass

            assert (caught.value.pid, caught.value.age) == (first.pid, "1m04s")
            assert str(first.pid) in str(caught.value)
            assert "1m04s" in str(caught.value)
            with outside(tmp_path) as database:
                assert database.execute("SELECT epoch FROM engine").fetchone() == (1,)

    async def test_a_stopped_engine_keeps_its_lock_and_goes_on_afterwards(self, tmp_path: Path) -> None:
        with another_engine(tmp_path) as first:
            stopped(first)
            with pytest.raises(EngineRunningError) as caught:
                async with engine_store(tmp_path):
                    pass
            assert caught.value.pid == first.pid
            assert engine_lives(tmp_path / ".covey")

            first.send_signal(signal.SIGCONT)
            assert ended(first) == 0

    async def test_a_killed_engines_lock_is_free_at_once_and_the_epoch_grows_by_one(self, tmp_path: Path) -> None:
        with another_engine(tmp_path) as first:
            killed(first)
        assert not engine_lives(tmp_path / ".covey")

        async with engine_store(tmp_path) as store:
            assert store.row.epoch == 2
            assert store.row.pid == os.getpid()
            assert set(stored_sessions(tmp_path)) == {"root"}
            await store.append(create("child", "root"))
            assert await store.integrity() == "ok"

    async def test_each_engine_has_an_epoch_of_its_own(self, tmp_path: Path) -> None:
        for expected in (1, 2, 3):
            async with engine_store(tmp_path) as store:
                assert store.row.epoch == expected

    async def test_one_that_lost_its_lock_unseen_is_kept_out_by_its_epoch(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as older:
            root = await apply(older, create("root"))
            (tmp_path / ".covey/engine.lock").unlink()  # a file system that forgets locks, or a human who helps
            async with engine_store(tmp_path) as newer:
                await newer.append(create("other"))
                with pytest.raises(FenceLostError):
                    await older.append(create("late"))

        assert set(stored_sessions(tmp_path)) == {root.id, "other"}

    def test_a_viewer_that_asks_does_not_take_the_lock(self, tmp_path: Path) -> None:
        assert not engine_lives(tmp_path)
        assert list(tmp_path.iterdir()) == []
        with engine_lock(tmp_path) as first, engine_lock(tmp_path) as second:
            assert (first, second) == (True, False)
            assert engine_lives(tmp_path)
        assert not engine_lives(tmp_path)
        with engine_lock(tmp_path) as again:
            assert again

    def test_two_viewers_that_ask_at_once_do_not_take_each_other_for_an_engine(self, tmp_path: Path) -> None:
        with lock_path(tmp_path).open("w") as another_viewer:
            fcntl.flock(another_viewer, fcntl.LOCK_SH)

            assert not engine_lives(tmp_path)

    async def test_the_row_tells_a_viewer_who_is_at_work(self, tmp_path: Path, clock: FakeClock) -> None:
        async with engine_store(tmp_path, clock) as store, open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert await viewer.living_engine() == store.row
            assert store.row.since == clock.now()
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert await viewer.living_engine() is None
            assert await viewer.engine() == store.row
