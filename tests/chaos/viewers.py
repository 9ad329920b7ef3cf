"""Five viewers at a run: one that a signal has stopped, one that is killed, and those that read all along.

By hand, the long form:   .venv/bin/python -m tests.chaos.viewers --seconds 3600
The writer is never blocked, whatever they do, and the write-ahead log stays bounded: the run goes on committing while
a viewer is stopped, and the log is used anew from its beginning, as often as it is full.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from covey.model import events as e
from covey.model.command import TranscriptKind, TranscriptRow
from covey.model.session import about
from covey.store.base import Operation
from covey.store.sqlite import EngineStore
from tests.store.lives import apply, create, engine_store

WAL_BYTES = 16 * 1024 * 1024
"""The write-ahead log stays below this: SQLite begins it anew after a thousand pages (4 MB) once nobody reads in it."""
_TEXT = "x" * 2_000


@dataclass
class Seen:
    """What came of it: commits before and while a viewer was stopped, and the largest write-ahead log, in bytes."""

    commits: int = 0
    while_stopped: int = 0
    largest: int = 0
    printed: int = 0


@contextlib.contextmanager
def viewers(root: Path, number: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """So many `covey events -f`, which read each line of the log as it comes."""
    begun = []
    for n in range(number):
        with (root / f"viewer-{n}.txt").open("wb") as sink:
            command = [sys.executable, "-m", "covey", "events", "-f", "--project", os.fspath(root)]
            begun.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL))
    try:
        yield begun
    finally:
        for viewer in begun:
            viewer.kill()
            viewer.wait()


def _lines(root: Path, viewer: int) -> int:
    return (root / f"viewer-{viewer}.txt").read_bytes().count(b"\n")


async def watched(root: Path, *, commits: int) -> Seen:
    """Commit so often while nobody harms the viewers, and so often again while one is stopped and one is killed."""
    (root / "covey.toml").write_text('[project]\nname = "Shop"\n')
    seen = Seen()
    async with engine_store(root) as store:
        await apply(store, create("root"))
        with viewers(root, 5) as five:
            while any(_lines(root, n) == 0 for n in range(5)):
                if any(viewer.poll() is not None for viewer in five):
                    raise AssertionError("a viewer has left")
                await asyncio.sleep(0.02)
            seen.commits = await _commit(store, root, commits, seen)
            os.kill(five[0].pid, signal.SIGSTOP)
            five[1].kill()
            seen.while_stopped = await _commit(store, root, commits, seen)
            os.kill(five[0].pid, signal.SIGCONT)
            last = await store.last_seq()
            seen.printed = await asyncio.to_thread(_caught_up, root, last) - last
    return seen


def _caught_up(root: Path, last: int) -> int:
    """What those who live have printed, once they had the time for it."""
    until = time.monotonic() + 30
    while (printed := min(_lines(root, n) for n in (0, 2, 3, 4))) < last and time.monotonic() < until:
        time.sleep(0.02)
    return printed


async def _commit(store: EngineStore, root: Path, times: int, seen: Seen) -> int:
    """Commit so many events, each with a page of transcript."""
    wal = root / ".covey" / "covey.db-wal"
    for n in range(times):
        session = (await store.positions(["root"]))["root"].session
        row = TranscriptRow(
            session_id="root",
            attempt=1,
            n=await store.last_seq() * 2 + n,
            step="S",
            at=session.updated_at,
            kind=TranscriptKind.OUTPUT,
            text=_TEXT,
        )
        store.transcribe([replace(row, n=row.n * 10 + extra) for extra in range(4)])
        event = e.SessionReconfigured(at=session.updated_at, **about(session), agent="offline", model=str(n))
        await store.append(Operation(events=(event,)))
        seen.largest = max(seen.largest, wal.stat().st_size)
    return times


def main() -> int:
    """The long form, by hand: rounds of the short one until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3_600)
    parser.add_argument("--commits", type=int, default=5_000)
    given = parser.parse_args()
    until, total, largest = time.monotonic() + given.seconds, 0, 0
    while time.monotonic() < until:
        with tempfile.TemporaryDirectory(prefix="covey-chaos-") as directory:
            seen = asyncio.run(watched(Path(directory), commits=given.commits))
        total, largest = total + seen.commits + seen.while_stopped, max(largest, seen.largest)
        print(f"{total} commits, the log's largest size {largest} bytes, lines short {-seen.printed}", flush=True)
        if largest > WAL_BYTES or seen.printed < 0:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
