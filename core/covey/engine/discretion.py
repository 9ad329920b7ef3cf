"""Nothing that an agent says or prints carries a credential of this process into the database.

An agent's words come from others: a model, a server that was handed the key, a program that has found it somewhere. So
its desk looks through all of them, also where a credential comes in two pieces, and so are its results.
"""

import dataclasses

from msgspec.structs import replace

from covey.agents.base import Conversation, Desk, Message, TurnUsage
from covey.model.command import Result, TranscriptKind
from covey.workspace.credentials import Credentials
from covey.workspace.processes import Grace, ProcessLedger


class DiscreetConversation:
    """A conversation that holds no credentials."""

    def __init__(self, conversation: Conversation, credentials: Credentials) -> None:
        self._conversation = conversation
        self._credentials = credentials

    async def load(self) -> list[Message]:
        """All messages so far, oldest first."""
        return await self._conversation.load()

    async def append(self, *messages: Message) -> None:
        """Add messages; returns once they are durable."""
        await self._conversation.append(*map(self._credentials.hidden_in, messages))

    async def is_begun(self) -> bool:
        """The prompt of the present step was said already."""
        return await self._conversation.is_begun()


class DiscreetDesk:
    """A desk that hands on everything but credentials.

    What may be the beginning of one waits for what follows it; `settle` hands on what still waits.
    """

    def __init__(self, desk: Desk, credentials: Credentials) -> None:
        self._desk = desk
        self._credentials = credentials
        self._waiting: tuple[TranscriptKind, str] | None = None
        self.conversation: Conversation = DiscreetConversation(desk.conversation, credentials)

    @property
    def grace(self) -> Grace:
        """How long the work may take to end once it is cancelled."""
        return self._desk.grace

    @property
    def ledger(self) -> ProcessLedger:
        """Where processes are recorded before they may act."""
        return self._desk.ledger

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Add to the session's transcript."""
        if not text:
            await self._desk.report(kind, text)  # a sign of life
            return
        if self._waiting is not None and self._waiting[0] is not kind:
            await self.settle()
        before = "" if self._waiting is None else self._waiting[1]
        shown, held = self._credentials.parted(before + text)
        self._waiting = (kind, held) if held else None
        await self._desk.report(kind, shown)

    async def settle(self) -> None:
        """Hand on what waits; nothing follows it."""
        if self._waiting is not None:
            (kind, text), self._waiting = self._waiting, None
            await self._desk.report(kind, text)

    async def spent(self, usage: TurnUsage) -> None:
        """Count what a turn has used."""
        hidden, number, asked = self._credentials.hidden, usage.request_id, usage.asked
        quiet = dataclasses.replace(
            usage,
            model=hidden(usage.model),
            request_id=None if number is None else hidden(number),
            asked=None if asked is None else hidden(asked),
        )
        await self._desk.spent(quiet)

    async def before_turn(self) -> tuple[str, ...]:
        """What humans have said since the last turn."""
        return await self._desk.before_turn()

    async def ask(self, question: str) -> str:
        """Ask a human, and wait for the answer.

        Raises:
            ValueError: the question has no words.
        """
        return await self._desk.ask(self._credentials.hidden(question))


def discreet(result: Result, credentials: Credentials) -> Result:
    """A result without credentials in what was said and printed."""
    message = result.error_message
    return replace(
        result,
        error_message=None if message is None else credentials.hidden(message),
        stdout=credentials.hidden(result.stdout),
        stderr=credentials.hidden(result.stderr),
        data=credentials.hidden_in(result.data),
    )
