"""That somebody watches is known for as long as they do, and for no longer."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from covey.client.presence import GONE_AFTER, watching
from covey.testing.clock import FakeClock


def viewers(root: Path) -> list[tuple[int, datetime]]:
    with closing(sqlite3.connect(root / ".covey/covey.db")) as database:
        rows = database.execute("SELECT pid, until FROM viewers").fetchall()
    return [(pid, datetime.fromisoformat(until)) for pid, until in rows]


async def test_for_the_length_of_the_block(shop: Path) -> None:
    clock = FakeClock()
    async with watching(shop, clock):
        assert viewers(shop) == [(os.getpid(), clock.now() + GONE_AFTER)]
        async with watching(shop, clock):
            assert len(viewers(shop)) == 2
        assert len(viewers(shop)) == 1
    assert viewers(shop) == []


async def test_an_error_ends_it_and_is_raised_as_it_was(shop: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with watching(shop):
            raise ZeroDivisionError
    assert viewers(shop) == []


async def test_so_does_a_cancellation(shop: Path) -> None:
    begun = asyncio.Event()

    async def watch() -> None:
        async with watching(shop):
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watch())
        await begun.wait()
        assert len(viewers(shop)) == 1
        task.cancel()
    assert task.cancelled()
    assert viewers(shop) == []


async def test_where_nothing_was_ever_run_no_trace_is_left(tmp_path: Path) -> None:
    async with watching(tmp_path):
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_project_that_vanishes_meanwhile_is_no_error(shop: Path) -> None:
    async with watching(shop):
        shutil.rmtree(shop)
    assert not shop.exists()
