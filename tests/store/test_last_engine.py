"""How the last engine ended, as the next one and covey doctor are told."""

import os
from datetime import timedelta
from pathlib import Path

from covey.model import events as e
from covey.store.base import Operation
from covey.store.crash_reports import write_report
from covey.store.last_engine import bad_end
from covey.store.lock import engine_lock
from covey.store.sqlite import EngineStore
from covey.testing.clock import FakeClock
from tests.store.lives import engine_store


def started(store: EngineStore, clock: FakeClock) -> Operation:
    event = e.EngineStarted(at=clock.now(), pid=os.getpid(), epoch=store.row.epoch, version="1")
    return Operation(events=(event,))


def stopped(clock: FakeClock) -> Operation:
    return Operation(events=(e.EngineStopped(at=clock.now(), pid=os.getpid(), reason="all runs were left"),))


async def lived(root: Path, clock: FakeClock, *, says_so: bool) -> None:
    """An engine that began, and left with or without a word."""
    async with engine_store(root, clock) as store:
        await store.append(started(store, clock))
        if says_so:
            await store.append(stopped(clock))


class TestBadEnd:
    """Told of one that crashed or was killed, and of no other."""

    async def test_none_was_ever_there(self, tmp_path: Path) -> None:
        assert await bad_end(tmp_path) is None

    async def test_one_that_said_why_it_left(self, tmp_path: Path) -> None:
        await lived(tmp_path, FakeClock(), says_so=True)
        assert await bad_end(tmp_path) is None

    async def test_one_that_was_killed(self, tmp_path: Path) -> None:
        await lived(tmp_path, FakeClock(), says_so=True)
        await lived(tmp_path, FakeClock(), says_so=False)
        said = str(await bad_end(tmp_path))
        assert said.startswith(f"the last engine (pid {os.getpid()}, epoch 2) ended without saying why")

    async def test_one_that_still_lives(self, tmp_path: Path) -> None:
        await lived(tmp_path, FakeClock(), says_so=False)
        with engine_lock(tmp_path / ".covey"):
            assert await bad_end(tmp_path) is None

    async def test_one_that_left_a_report(self, tmp_path: Path) -> None:
        clock = FakeClock()
        await lived(tmp_path, clock, says_so=True)
        _crash(tmp_path, clock)
        said = str(await bad_end(tmp_path))
        at = clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
        report = f".covey/crash-{clock.now():%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
        assert said == f"the last engine crashed at {at}: RuntimeError: boom; report: {report}"

    async def test_a_report_of_before_is_not_of_this_engine(self, tmp_path: Path) -> None:
        clock = FakeClock()
        await lived(tmp_path, clock, says_so=True)
        _crash(tmp_path, clock)
        clock.advance(timedelta(minutes=1).total_seconds())
        await lived(tmp_path, clock, says_so=True)
        assert await bad_end(tmp_path) is None


def _crash(root: Path, clock: FakeClock) -> None:
    error = RuntimeError("boom")
    write_report(root / ".covey", error, doing="covey engine", version="1", at=clock.now(), hidden=str)
