"""What was put away of runs that ended long ago: their transcripts and most of their events, one file a run and time.

A file is gzipped JSON, one object a line: a head, the run's sessions as they stood, all its events, all its
transcripts. The table `archived` says which lines of the log are in which file only. Rows of sessions, the steps they
took, and the events of `KEPT` stay in the database, so that an old run can still be shown and reported on.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from covey.errors import StoreError
from covey.model.command import TranscriptRow
from covey.model.events import AnyEvent, Entry
from covey.model.session import Session
from covey.store import codec
from covey.store.base import Line
from covey.store.run_reads import RunReads

ARCHIVE = "archive"
"""The directory of archives, beside the database."""
FORMAT = 1
KEPT = (
    "run_started",
    "run_adopted",
    "run_stopped",
    "run_paused",
    "run_resumed",
    "run_finished",
    "session_retried",
    "session_cancelled",
    "session_skipped",
    "control_requested",
    "control_settled",
    "decision_undone",
    "message_sent",
    "question_answered",
)
"""How a run began and ended, what was decided in it and said to its sessions: events that are put away and stay."""
MECHANICAL = (
    "json_extract(body, '$.event') NOT IN (SELECT value FROM json_each({kept})) AND seq < (SELECT max(seq) FROM events)"
)
"""The others, which are put away; the last line of the log stays, for the next one counts on from it."""

_ENDED = (
    "SELECT r.body, r.number FROM sessions r WHERE r.parent_id IS NULL AND r.project_id = ?1 AND r.status <> 'active'"
    " AND r.number NOT IN (SELECT max(number) FROM sessions WHERE parent_id IS NULL"
    "  GROUP BY type, json_extract(body, '$.module'))"
    " AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.run_id = r.id"
    "  AND (s.status = 'active' OR json_extract(s.body, '$.pending') IS NOT NULL))"
    " AND NOT EXISTS (SELECT 1 FROM sessions s JOIN controls c ON c.session_id = s.id"
    "  WHERE s.run_id = r.id AND c.state = 'queued')"
    " AND NOT EXISTS (SELECT 1 FROM sessions s JOIN processes p ON p.session_id = s.id WHERE s.run_id = r.id)"
)
_COUNTED = (
    "SELECT e.body,"
    " (SELECT count(*) FROM events WHERE run_id = json_extract(e.body, '$.id')"
    f"  AND {MECHANICAL.format(kept='?2')}),"
    " (SELECT count(*) FROM transcripts t JOIN sessions s ON s.id = t.session_id"
    "  WHERE s.run_id = json_extract(e.body, '$.id'))"
    f" FROM ({_ENDED}) e ORDER BY e.number"
)


class Prunable(NamedTuple):
    """A run that may be put away: its root, and how many lines of the log and of transcripts that would be."""

    root: Session
    events: int
    transcripts: int


class Archived(NamedTuple):
    """Lines of the log, from `first` to `last`, that are in `file` only (its name in the directory of archives)."""

    first: int
    last: int
    run_id: str
    file: str


class ArchiveReads(RunReads):
    """Reads about what was put away, and what could be."""

    @property
    def archive(self) -> Path:
        """The directory of archives."""
        return self._path.parent / ARCHIVE

    async def prunable(self, project_id: str, before: datetime) -> tuple[Prunable, ...]:
        """The runs that ended before a moment, oldest first, without the newest of each context and workflow.

        One that has nothing left to be put away is none of them, nor is one of which anything is open: a session, a
        request, a program.
        """
        rows = await self._rows(_COUNTED, project_id, kept())
        runs = (Prunable(codec.session(body), events, transcripts) for body, events, transcripts in rows)
        return tuple(run for run in runs if run.events + run.transcripts and _ended_before(run.root, before))

    async def archived(self, after: int = 0, run_id: str | None = None) -> tuple[Archived, ...]:
        """The lines after `after` that were put away, of all runs or of one, in their order."""
        rows = await self._rows(
            "SELECT first, last, run_id, file FROM archived WHERE last > ?1 AND (?2 IS NULL OR run_id = ?2)"
            " ORDER BY first",
            after,
            run_id,
        )
        return tuple(Archived(*row) for row in rows)

    async def logged(self, after: int, upto: int, limit: int) -> list[tuple[int, str]]:
        """Lines of the log after `after` up to `upto` as they are stored, oldest first."""
        rows = await self._rows(
            "SELECT seq, body FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", after, upto, limit
        )
        return [(row[0], row[1]) for row in rows]

    async def stored(self) -> tuple[int, list[codec.Row], list[str]]:
        """The last line's number, all rows of sessions with all columns, bodies of credentials: all of one moment."""
        # An older covey, whose database is only looked at, has no such table.
        has_credentials = await self._rows("SELECT 1 FROM sqlite_master WHERE name = 'credentials'")
        paused = "(SELECT json_group_array(body) FROM credentials)" if has_credentials else "'[]'"
        rows = await self._rows(
            f"SELECT (SELECT coalesce(max(seq), 0) FROM events), {paused}, s.* FROM (SELECT 1) LEFT JOIN"
            " (SELECT number, id, project_id, run_id, parent_id, component_id, type, position, status, attempt, body"
            " FROM sessions) s ORDER BY s.number"
        )
        return rows[0][0], [row[2:] for row in rows if row[2] is not None], msgspec.json.decode(rows[0][1])

    async def outdated_viewers(self, now: datetime) -> int:
        """How many said that they watch until a moment that is over, and never that they have left."""
        return int((await self._rows("SELECT count(*) FROM viewers WHERE until < ?", codec.moment(now)))[0][0])

    async def transcript_bytes(self) -> int:
        """How large the texts of all transcripts are, in bytes."""
        rows = await self._rows("SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM transcripts")
        return int(rows[0][0])


def kept() -> str:
    """The names of `KEPT` as a JSON list, for a query."""
    return msgspec.json.encode(KEPT).decode()


def _ended_before(root: Session, before: datetime) -> bool:
    return root.finished_at is not None and root.finished_at < before


# What is in a file.


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a file; which of these it is, is told by what it has."""

    archive: int | None = None
    run_id: str | None = None
    session: Session | None = None
    seq: int | None = None
    event: AnyEvent | None = None
    transcript: TranscriptRow | None = None


_record = msgspec.json.Decoder(Record)


class Archive:
    """One file that is there to be read; each method goes through it from its beginning.

    Each raises StoreError when the file is gone, or is not what was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def records(self) -> Iterator[Record]:
        """All that is in it."""
        try:
            with gzip.open(self.path, "rb") as file:
                for text in file:
                    yield _record.decode(text)
        except (OSError, EOFError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"the archive {self.path} cannot be read ({error}); put it back as it was, or go without it"
            ) from error

    def lines(self, only: Sequence[Archived]) -> Iterator[Line]:
        """The lines of the log that are in one of these stretches, oldest first."""
        sessions: dict[str, Session] = {}
        stretches = iter(sorted(only))
        stretch = next(stretches, None)
        for record in self.records():
            if record.session is not None:
                sessions[record.session.id] = record.session
            if record.transcript is not None:
                return
            if record.seq is None or record.event is None:
                continue
            while stretch is not None and stretch.last < record.seq:
                stretch = next(stretches, None)
            if stretch is not None and stretch.first <= record.seq:
                yield _line(Entry(record.seq, record.event), sessions)

    def transcript(self, session_id: str, attempt: int) -> Iterator[TranscriptRow]:
        """The rows of an attempt's transcript, oldest first."""
        for record in self.records():
            row = record.transcript
            if row is not None and (row.session_id, row.attempt) == (session_id, attempt):
                yield row


def _line(entry: Entry, sessions: dict[str, Session]) -> Line:
    session = sessions.get(entry.event.session_id or "")
    if session is None:
        return Line(entry, None, None, None, None)
    return Line(entry, session.session_id, session.type, session.component, session.module)
