"""The desk of an agent: its transcript, its conversation, its ledger of processes, and how long it may clean up."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from covey.agents.base import Message, TurnUsage
from covey.clock import Clock
from covey.engine.till import Till
from covey.model.command import TRANSCRIPT_ROW_BYTES, TranscriptKind, TranscriptRow
from covey.model.session import Session
from covey.store.base import Process, Said
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


class StoredConversation:
    """The conversation of a session with its model, as one step has it; whatever is said is a sign of life.

    With each addition the agent has for good what humans have said to it so far: `keep` stores both in one
    transaction, so that no message is said twice or never by an engine that dies in between.
    """

    def __init__(
        self,
        store: EngineStore,
        session: Session,
        interaction_id: str,
        *,
        sign: Callable[[], None],
        keep: Callable[[Sequence[Said]], Awaitable[None]],
    ) -> None:
        self._store = store
        self._session_id = session.id
        self._conversation = session.conversation
        self._interaction_id = interaction_id
        self._sign = sign
        self._keep = keep
        self._last: int | None = None

    async def load(self) -> list[Message]:
        """All messages so far, oldest first."""
        said = await self._said()
        self._last = len(said)
        return [msgspec.json.decode(each.body) for each in said]

    async def append(self, *messages: Message) -> None:
        """Add messages; returns once they are durable."""
        self._sign()
        if self._last is None:
            self._last = len(await self._said())
        first = self._last + 1
        self._last += len(messages)
        await self._keep([self._row(n, message) for n, message in enumerate(messages, start=first)])

    async def is_begun(self) -> bool:
        """The prompt of this step was said already."""
        return await self._store.is_prompted(self._interaction_id)

    async def _said(self) -> tuple[Said, ...]:
        return await self._store.conversation(self._session_id, self._conversation)

    def _row(self, n: int, message: Message) -> Said:
        body = msgspec.json.encode(message).decode()
        return Said(self._session_id, self._conversation, n, self._interaction_id, body)


class Dialogue(Protocol):
    """What is said between an agent and its human (`covey.engine.dialogue`)."""

    async def before_turn(self) -> tuple[str, ...]:
        """Stand still while the run is hard paused; then what humans have said since."""
        ...

    async def ask(self, question: str) -> str:
        """Ask, and wait for the answer."""
        ...

    async def kept(self, said: Sequence[Said] = ()) -> None:
        """Note that the agent has for good what it was given, together with what is `said` in its conversation."""
        ...


class EngineDesk:
    """What the engine lends an agent for one turn; whatever the agent does with it is a sign of life."""

    def __init__(
        self,
        transcript: Transcript,
        *,
        ledger: SessionLedger,
        till: Till,
        conversation: StoredConversation,
        dialogue: Dialogue,
        grace: Grace,
        step: str,
        sign: Callable[[], None],
    ) -> None:
        self._transcript = transcript
        self.till = till
        self._step = step
        self._sign = sign
        self.dialogue = dialogue
        self.ledger = ledger
        self.conversation = conversation
        self.grace = grace

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Add to the session's transcript."""
        self._sign()
        self._transcript.add(self._step, kind, text)

    async def spent(self, usage: TurnUsage) -> None:
        """Count what a turn has used; returns once it is durable."""
        self._sign()
        await self.till.take(self._step, usage)

    async def before_turn(self) -> tuple[str, ...]:
        """What humans have said since the last turn; waits while the run is hard paused.

        Raises:
            BudgetSpentError: what the session may spend by itself is spent.
        """
        self._sign()
        return await self.dialogue.before_turn()

    async def ask(self, question: str) -> str:
        """Ask a human, and wait for the answer.

        Raises:
            ValueError: the question has no words.
        """
        self._sign()
        return await self.dialogue.ask(question)
