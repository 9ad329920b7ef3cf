"""The desk of an agent: its transcript, its ledger of processes, and how long it has to clean up."""

from collections.abc import Callable
from datetime import datetime

from covey.agents.base import TurnUsage
from covey.clock import Clock
from covey.engine.till import Till
from covey.model.command import TRANSCRIPT_ROW_BYTES, TranscriptKind, TranscriptRow
from covey.store.base import Process
from covey.store.sqlite import EngineStore
from covey.workspace.processes import Grace, ProcessRecord
from covey.workspace.sentry import Sentry


class Transcript:
    """The transcript of one attempt of one session; rows are numbered on."""

    def __init__(self, store: EngineStore, clock: Clock, session_id: str, attempt: int, last: int) -> None:
        self._store = store
        self._clock = clock
        self._session_id = session_id
        self._attempt = attempt
        self._last = last

    def add(self, step: str, kind: TranscriptKind, text: str) -> None:
        """Add a text, split into rows; it is on disk no later than the step's result."""
        at = self._clock.now()
        rows = [self._row(step, kind, piece, at) for piece in _pieces(text)]
        if rows:
            self._store.transcribe(rows)

    def _row(self, step: str, kind: TranscriptKind, text: str, at: datetime) -> TranscriptRow:
        self._last += 1
        return TranscriptRow(
            session_id=self._session_id, attempt=self._attempt, step=step, n=self._last, at=at, kind=kind, text=text
        )


def _pieces(text: str) -> list[str]:
    """The text in pieces that fit a row each, never cutting a character in two."""
    if text.isascii() and len(text) <= TRANSCRIPT_ROW_BYTES:
        return [text] if text else []
    data = text.encode("utf-8", "replace")
    pieces: list[str] = []
    start = 0
    while start < len(data):
        end = min(start + TRANSCRIPT_ROW_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - a byte within a UTF-8 character
            end -= 1
        pieces.append(data[start:end].decode())
        start = end
    return pieces


class SessionLedger:
    """Records the processes that work for a session before they may act; each is a sign of life."""

    def __init__(
        self, store: EngineStore, sentry: Sentry, session_id: str, attempt: int, sign: Callable[[], None]
    ) -> None:
        self._store = store
        self._sentry = sentry
        self._session_id = session_id
        self._attempt = attempt
        self._sign = sign

    async def opened(self, record: ProcessRecord) -> None:
        """Returns once the record is durable: only then may the process act."""
        self._sign()
        process = Process(
            session_id=self._session_id,
            attempt=self._attempt,
            pid=record.pid,
            group=record.group,
            started=record.started,
        )
        await self._store.open_process(process)
        self._sentry.guard(record)

    async def closed(self, record: ProcessRecord) -> None:
        """The process group has ended."""
        self._sign()
        self._sentry.release(record)
        await self._store.close_process(record.pid, record.started)


class EngineDesk:
    """What the engine lends an agent for one turn; whatever the agent does with it is a sign of life."""

    def __init__(
        self,
        transcript: Transcript,
        ledger: SessionLedger,
        till: Till,
        *,
        grace: Grace,
        step: str,
        sign: Callable[[], None],
    ) -> None:
        self._transcript = transcript
        self.till = till
        self._step = step
        self._sign = sign
        self.ledger = ledger
        self.grace = grace

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Add to the session's transcript."""
        self._sign()
        self._transcript.add(self._step, kind, text)

    async def spent(self, usage: TurnUsage) -> None:
        """Count what a turn has used; returns once it is durable."""
        self._sign()
        await self.till.take(self._step, usage)
