"""A desk that remembers: what an agent reported, asked and had for processes, for tests of agents, ours or anybody's.

A test says in `messages` what a human says meanwhile, and in `answers` what comes of each question.
"""

import copy
from dataclasses import dataclass, field

import msgspec

from covey.agents.base import Message, TurnUsage
from covey.model.command import TranscriptKind
from covey.model.message import as_asked
from covey.workspace.processes import Grace, ProcessRecord


@dataclass(frozen=True, slots=True)
class Report:
    """One report, as the agent gave it."""

    kind: TranscriptKind
    text: str


@dataclass(slots=True)
class RecordingLedger:
    """A ledger in memory: `records` are all that were ever opened, `living` those that were not closed."""

    records: list[ProcessRecord] = field(default_factory=list)
    living: list[ProcessRecord] = field(default_factory=list)

    async def opened(self, record: ProcessRecord) -> None:
        """Remember the record."""
        self.records.append(record)
        self.living.append(record)

    async def closed(self, record: ProcessRecord) -> None:
        """Forget that it lives; a record that was never opened is none of ours."""
        if record in self.living:
            self.living.remove(record)


@dataclass(slots=True)
class RecordingConversation:
    """A conversation in memory; `begun` for a step that was interrupted after its prompt was said."""

    messages: list[Message] = field(default_factory=list)
    begun: bool = False

    async def load(self) -> list[Message]:
        """All messages so far, oldest first."""
        return copy.deepcopy(self.messages)

    async def append(self, *messages: Message) -> None:
        """Remember the messages, as JSON would give them back."""
        self.messages += msgspec.json.decode(msgspec.json.encode(messages))

    async def is_begun(self) -> bool:
        """As the test says."""
        return self.begun


@dataclass(slots=True)
class RecordingDesk:
    """A desk as the engine lends it, with its reports in `reports` and the turns that were paid for in `turns`.

    `turns_begun` counts the turns that were begun. Before each, the agent gets what is in `messages` by then; a
    question gets the next of `answers`, and is kept in `questions`.
    """

    grace: Grace = field(default_factory=Grace)
    ledger: RecordingLedger = field(default_factory=RecordingLedger)
    conversation: RecordingConversation = field(default_factory=RecordingConversation)
    reports: list[Report] = field(default_factory=list)
    turns: list[TurnUsage] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    turns_begun: int = 0

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Remember the report."""
        self.reports.append(Report(kind, text))

    async def spent(self, usage: TurnUsage) -> None:
        """Remember what a turn has used, once for each request."""
        if usage.request_id is None or all(turn.request_id != usage.request_id for turn in self.turns):
            self.turns.append(usage)

    async def before_turn(self) -> tuple[str, ...]:
        """Count the turn; what a human has said meanwhile is gone from `messages` then."""
        self.turns_begun += 1
        said = tuple(self.messages)
        self.messages.clear()
        return said

    async def ask(self, question: str) -> str:
        """The next answer.

        Raises:
            ValueError: the question has no words.
            IndexError: the test has no answer left.
        """
        self.questions.append(as_asked(question))
        return self.answers.pop(0)

    def said(self, kind: TranscriptKind = TranscriptKind.TEXT) -> str:
        """All reports of a kind, as one text."""
        return "\n".join(report.text for report in self.reports if report.kind is kind)
