"""What was put away, read as if it were still in the database: lines of the log, and transcripts.

An archive that somebody has taken away is no error here: the lines are simply not there, and `absent` names it.
"""

import asyncio
import heapq
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice

from covey.model.command import TranscriptRow
from covey.store.archives import Archive, Archived
from covey.store.base import Line
from covey.store.reads import PAGE
from covey.store.sqlite import Viewer

Page = tuple[Line, ...]


async def absent(viewer: Viewer, after: int = 0, run_id: str | None = None) -> list[str]:
    """The files that ought to be there for the log after a line, of one run or of all, and are not."""
    stretches = await _stretches(viewer, after, run_id)
    return [str(viewer.archive / name) for name in _files(stretches) if not (viewer.archive / name).exists()]


async def pages(viewer: Viewer, after: int, run_id: str | None = None) -> AsyncGenerator[Page, None]:
    """The log after line `after` as it is now, in pages of at most 2,000 lines: of one run, or of all.

    Raises:
        StoreError: the database cannot be read, or an archive is not what was written.
    """
    old = _Old(viewer, await _stretches(viewer, after, run_id), after)
    while True:
        page = await viewer.lines(after, run_id)
        upto = page[-1].entry.seq if len(page) == PAGE else None
        older = await asyncio.to_thread(old.take, upto)
        if len(older) == PAGE:  # there may be more before the rest of the page, which is read again then
            page = tuple(line for line in page if line.entry.seq < older[-1].entry.seq)
        merged = tuple(heapq.merge(older, page, key=_seq))
        if not merged:
            return
        yield merged
        after = merged[-1].entry.seq


async def transcript(viewer: Viewer, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
    """Rows of an attempt's transcript after row `after`, oldest first, 2,000 at most.

    Raises:
        StoreError: the database cannot be read, or an archive is not what was written.
    """
    rows = await viewer.transcript(session_id, attempt, after)
    # Put away was all of an attempt or nothing, so one with rows in the database has none elsewhere.
    if rows or not viewer.is_current or await viewer.last_transcript_row(session_id, attempt):
        return rows
    session = await viewer.session(viewer.scope, session_id)
    if session is None:
        return rows
    stretches = await _stretches(viewer, 0, session.run_id)
    files = [viewer.archive / name for name in _files(stretches) if (viewer.archive / name).exists()]
    return await asyncio.to_thread(_rows, [Archive(file) for file in files], session_id, attempt, after)


async def _stretches(viewer: Viewer, after: int, run_id: str | None) -> Sequence[Archived]:
    return await viewer.archived(after, run_id) if viewer.is_current else ()


def _files(stretches: Sequence[Archived]) -> list[str]:
    return list(dict.fromkeys(stretch.file for stretch in stretches))


def _rows(archives: Sequence[Archive], session_id: str, attempt: int, after: int) -> list[TranscriptRow]:
    rows = (row for archive in archives for row in archive.transcript(session_id, attempt) if row.n > after)
    return list(islice(rows, PAGE))


def _seq(line: Line) -> int:
    return line.entry.seq


class _Old:
    """The lines that were put away, in their order, to be taken a page at a time."""

    def __init__(self, viewer: Viewer, stretches: Sequence[Archived], after: int) -> None:
        archives = {name: viewer.archive / name for name in _files(stretches)}
        each = [
            Archive(path).lines([stretch for stretch in stretches if stretch.file == name])
            for name, path in archives.items()
            if path.exists()
        ]
        self._lines: Iterator[Line] = (line for line in heapq.merge(*each, key=_seq) if _seq(line) > after)
        self._next: Line | None = None

    def take(self, upto: int | None) -> list[Line]:
        """The next lines, a page at most, whose number is not above `upto`."""
        taken: list[Line] = []
        while len(taken) < PAGE:
            line = self._next or next(self._lines, None)
            self._next = line
            if line is None or (upto is not None and _seq(line) > upto):
                break
            taken.append(line)
            self._next = None
        return taken
