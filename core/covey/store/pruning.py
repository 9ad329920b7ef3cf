"""Putting runs away that ended long ago, so that the database stays small and nothing is lost.

For each run: its file is written under another name, read back, brought to disk and named; only then its transcripts
and its lines of the log are deleted, in one transaction that also says where they are. So whoever is killed meanwhile
leaves either the run as it was (and perhaps a file that the next one finds and takes) or the run put away.
"""

import contextlib
import gzip
import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec

from covey.errors import StoreError
from covey.store import codec
from covey.store.alone import Alone
from covey.store.archives import ARCHIVE, FORMAT, MECHANICAL, Archive, Archived, Prunable, Record, kept
from covey.store.connection import explained, in_one_hop, write_all
from covey.store.copies import PART, keep_new, sync_directory

_MECHANICAL = f"run_id = ? AND {MECHANICAL.format(kept='?')}"
_NUMBERS = f"SELECT seq FROM events WHERE {_MECHANICAL} ORDER BY seq"
_DROP_EVENTS = f"DELETE FROM events WHERE {_MECHANICAL}"
_DROP_TRANSCRIPTS = "DELETE FROM transcripts WHERE session_id IN (SELECT id FROM sessions WHERE run_id = ?)"
_PUT_AWAY = "INSERT INTO archived (first, last, run_id, file) VALUES (?, ?, ?, ?)"
_LEVEL = 6


class Written(NamedTuple):
    """A run's archive, whole and on disk, and the lines of the log that are to be in it only."""

    run: Prunable
    file: Path
    stretches: tuple[Archived, ...]


class Pruner:
    """Puts runs away, one after the other, while nobody else works on the database."""

    def __init__(self, alone: Alone) -> None:
        self._alone = alone
        self._directory = alone.path.parent / ARCHIVE

    async def archive(self, run: Prunable) -> Written:
        """Write a run's archive; nothing is deleted by this.

        Raises:
            StoreError: it cannot be written; nothing is left behind.
        """
        return await in_one_hop(self._alone.connection, lambda database: self._archived(database, run))

    async def forget(self, written: Written) -> None:
        """Delete what is in a run's archive from the database, and note where it is.

        Raises:
            StoreError: the database cannot be written; nothing of it was deleted.
        """
        run_id = written.run.root.id
        await write_all(
            self._alone.connection,
            self._alone.path,
            (
                (_PUT_AWAY, list(written.stretches)),
                (_DROP_TRANSCRIPTS, [(run_id,)]),
                (_DROP_EVENTS, [(run_id, kept())]),
            ),
        )

    async def shrink(self) -> None:
        """Give the room that has become free back to the file system.

        Raises:
            StoreError: there is not enough room to write the database anew; it is whole, and as large as before.
        """
        with explained(self._alone.path):
            await self._alone.connection.execute_fetchall("VACUUM")
            await self._alone.connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")

    def _archived(self, database: sqlite3.Connection, run: Prunable) -> Written:
        with explained(self._alone.path):
            numbers = [row[0] for row in database.execute(_NUMBERS, (run.root.id, kept()))]
        wanted = self._directory / f"{run.root.id}.jsonl.gz"
        part = wanted.with_name(wanted.name + PART)
        try:
            self._directory.mkdir(exist_ok=True)
            sync_directory(self._directory.parent)
            _write(part, self._records(database, run))
            file = _same(part, run.root.id) or keep_new(part, wanted)
            part.unlink(missing_ok=True)
            sync_directory(self._directory)
        except msgspec.MsgspecError as error:
            part.unlink()
            raise StoreError(
                f"run {run.root.id} cannot be put away: something of it cannot be read ({error}); see: covey doctor"
            ) from error
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise StoreError(
                f"{part} cannot be written ({error.strerror}), so nothing was deleted of run {run.root.id}; "
                "see that there is room, and that you may write there"
            ) from error
        return Written(run, file, tuple(_stretches(numbers, run.root.id, file.name)))

    def _records(self, database: sqlite3.Connection, run: Prunable) -> Iterator[Record]:
        """The lines of the file, in the order in which they are read."""
        run_id = run.root.id
        with explained(self._alone.path):
            yield Record(archive=FORMAT, run_id=run_id)
            for (body,) in database.execute("SELECT body FROM sessions WHERE run_id = ? ORDER BY number", (run_id,)):
                yield Record(session=codec.session(body))
            for row in database.execute("SELECT seq, body FROM events WHERE run_id = ? ORDER BY seq", (run_id,)):
                entry = codec.entry(row)
                yield Record(seq=entry.seq, event=entry.event)
            rows = database.execute(
                "SELECT session_id, attempt, step, n, at, kind, text FROM transcripts"
                " WHERE session_id IN (SELECT id FROM sessions WHERE run_id = ?) ORDER BY session_id, attempt, n",
                (run_id,),
            )
            for row in rows:
                yield Record(transcript=codec.transcript_row(row))


def _write(part: Path, records: Iterator[Record]) -> None:
    """Write a file and see that it can be read again, before anybody relies on it."""
    count, encode = 0, msgspec.json.Encoder().encode
    with part.open("wb") as raw:
        # Without name and time in its head, the same run gives the same bytes.
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as file:
            for count, record in enumerate(records, start=1):  # noqa: B007 - counted
                file.write(encode(record) + b"\n")
        raw.flush()
        os.fsync(raw.fileno())
    if sum(1 for _ in Archive(part).records()) != count:
        raise StoreError(f"{part} does not hold what was written to it; look after that disk")


def _same(part: Path, run_id: str) -> Path | None:
    """The file of one who was killed before the deletion: the very same, so it is taken."""
    data = part.read_bytes()
    there = sorted(part.parent.glob(f"{run_id}*.jsonl.gz"))
    return next((file for file in there if file.read_bytes() == data), None)


def _stretches(numbers: Sequence[int], run_id: str, file: str) -> Iterator[Archived]:
    """Ascending numbers as stretches without gaps."""
    for _, group in groupby(enumerate(numbers), key=lambda counted: counted[1] - counted[0]):
        stretch = [number for _, number in group]
        yield Archived(stretch[0], stretch[-1], run_id, file)
