"""The change feed: tells that the database has changed, within a frame, by asking for its change counter.

`PRAGMA data_version` costs microseconds and moves with every commit of another connection. A thread asks 60 times a
second while something moves and 20 times after a quiet second; it holds nothing. For whoever follows the log it reads
what has come there, too, which saves waking another thread for it.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from covey.model.events import Entry
from covey.store import codec
from covey.store.connection import BUSY_SECONDS
from covey.store.reads import ENTRIES, PAGE

BUSY_INTERVAL = 1 / 60
QUIET_INTERVAL = 1 / 20
QUIET_AFTER = 60
"""So many looks without a change (a second's worth) are quiet."""


class ChangeFeed:
    """Wakes whoever waits when the database has changed since it last waited."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._after: int | None = None
        self._ahead: Sequence[codec.Row] = ()

    async def changed(self) -> None:
        """Wait until something was committed since the last call (the first call returns at once after a change)."""
        await self._changed.wait()
        self._changed.clear()

    def wake(self) -> None:
        """Wake whoever waits, as if something had changed."""
        self._changed.set()

    def read_ahead(self, after: int) -> None:
        """Read the lines of the log after this one with the next change."""
        self._after = after

    def ahead(self, after: int) -> tuple[Entry, ...]:
        """The lines after this one that were read with the last change; where there are none, they have to be read."""
        rows, self._ahead = self._ahead, ()
        return tuple(codec.entry(row) for row in rows if row[0] > after)

    def look(self, connection: sqlite3.Connection | None) -> Sequence[codec.Row]:
        """On the feed's thread: what has come to the log, where somebody follows it and it is less than a page."""
        after, self._after = self._after, None  # once: whoever is behind has no use for more
        if connection is None or after is None:
            return ()
        with contextlib.suppress(sqlite3.Error):  # whoever reads next meets the error where it can be told
            rows = connection.execute(ENTRIES, (after, PAGE)).fetchall()
            return rows if len(rows) < PAGE else ()
        return ()

    def tell(self, rows: Sequence[codec.Row]) -> None:
        """The database has changed; this has come to the log after what was asked for last."""
        self._ahead = rows
        self.wake()


@contextlib.asynccontextmanager
async def change_feed(path: Path) -> AsyncIterator[ChangeFeed]:
    """A feed over the database at `path` for the length of the block."""
    feed = ChangeFeed()
    loop = asyncio.get_running_loop()
    ended = threading.Event()

    def tell(connection: sqlite3.Connection | None) -> None:
        rows = feed.look(connection)
        with contextlib.suppress(RuntimeError):  # the loop may be gone by now: then nobody waits
            loop.call_soon_threadsafe(feed.tell, rows)

    thread = threading.Thread(target=_watch, args=(path, ended, tell), name="covey-change-feed", daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        ended.set()
        await asyncio.to_thread(thread.join)


def _watch(path: Path, ended: threading.Event, tell: Callable[[sqlite3.Connection | None], None]) -> None:
    last: int | None = None
    quiet, address = 0, f"{path.as_uri()}?mode=ro"
    connection: sqlite3.Connection | None = None
    with contextlib.ExitStack() as opened:
        while not ended.wait(BUSY_INTERVAL if quiet < QUIET_AFTER else QUIET_INTERVAL):
            try:
                if connection is None:
                    made = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
                    connection = opened.enter_context(contextlib.closing(made))
                    connection.execute("PRAGMA cache_size = -256")  # the end of the log is all that is read
                version = connection.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error:
                version = None  # whoever reads next meets the error where it can be told
            quiet = quiet + 1 if version is not None and version == last else 0
            if not quiet:
                last = version
                tell(connection)
