"""That somebody watches: an engine whose runs are all blocked stays for as long as anybody looks at it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from covey.clock import Clock, SystemClock
from covey.errors import StoreError, first_of
from covey.model.ids import new_id
from covey.store.sqlite import open_viewer

RENEW_SECONDS = 10.0
GONE_AFTER = timedelta(seconds=25)
"""A viewer that was killed is taken for gone after this time: two renewals and a half."""


@contextlib.asynccontextmanager
async def watching(project_root: Path, clock: Clock | None = None) -> AsyncIterator[None]:
    """Let it be known, for the length of the block, that this process watches the project.

    Whoever may only read watches all the same, unseen; so does one who watches before anything was ever run.
    """
    clock, key, over = clock or SystemClock(), new_id(), asyncio.Event()
    await _say(project_root, key, clock)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_saying(project_root, key, clock, over))
            try:
                yield
            finally:
                over.set()
    except BaseExceptionGroup as group:
        raise first_of(group) from None  # the block's own error, as it was raised
    finally:
        await _take_back(project_root, key, clock)


async def _keep_saying(project_root: Path, key: str, clock: Clock, over: asyncio.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RENEW_SECONDS):
                await over.wait()
                return
        await _say(project_root, key, clock)


async def _say(project_root: Path, key: str, clock: Clock) -> None:
    with contextlib.suppress(StoreError):
        async with open_viewer(project_root) as viewer:
            if viewer is not None and viewer.is_current:
                await viewer.watch(key, clock.now() + GONE_AFTER)


async def _take_back(project_root: Path, key: str, clock: Clock) -> None:
    with contextlib.suppress(StoreError):
        async with open_viewer(project_root) as viewer:
            if viewer is not None and viewer.is_current:
                await viewer.watch_no_more(key, clock.now())
