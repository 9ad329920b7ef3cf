"""The change feed: tells that the database has changed, within a frame, by asking for its change counter.

`PRAGMA data_version` costs microseconds and moves with every commit of another connection. A thread asks 60 times a
second while something moves and 20 times after a quiet second; it reads nothing else and holds nothing.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from covey.store.connection import BUSY_SECONDS

BUSY_INTERVAL = 1 / 60
QUIET_INTERVAL = 1 / 20
QUIET_AFTER = 60
"""So many looks without a change (a second's worth) are quiet."""


class ChangeFeed:
    """Wakes whoever waits when the database has changed since it last waited."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait until something was committed since the last call (the first call returns at once after a change)."""
        await self._changed.wait()
        self._changed.clear()

    def wake(self) -> None:
        """Wake whoever waits, as if something had changed."""
        self._changed.set()


@contextlib.asynccontextmanager
async def change_feed(path: Path) -> AsyncIterator[ChangeFeed]:
    """A feed over the database at `path` for the length of the block."""
    feed = ChangeFeed()
    loop = asyncio.get_running_loop()
    ended = threading.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be gone by now: then nobody waits
            loop.call_soon_threadsafe(feed.wake)

    thread = threading.Thread(target=_watch, args=(path, ended, tell), name="covey-change-feed", daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        ended.set()
        await asyncio.to_thread(thread.join)


def _watch(path: Path, ended: threading.Event, tell: Callable[[], None]) -> None:
    last: int | None = None
    quiet, address = 0, f"{path.as_uri()}?mode=ro"
    connection: sqlite3.Connection | None = None
    with contextlib.ExitStack() as opened:
        while not ended.wait(BUSY_INTERVAL if quiet < QUIET_AFTER else QUIET_INTERVAL):
            try:
                if connection is None:
                    made = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
                    connection = opened.enter_context(contextlib.closing(made))
                version = connection.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error:
                version = None  # whoever reads next meets the error where it can be told
            quiet = quiet + 1 if version is not None and version == last else 0
            if not quiet:
                last = version
                tell()
