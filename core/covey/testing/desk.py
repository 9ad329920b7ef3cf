"""A desk that remembers: what an agent reported and which processes it had, for tests of agents, ours or anybody's."""

from dataclasses import dataclass, field

from covey.agents.base import TurnUsage
from covey.model.command import TranscriptKind
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
class RecordingDesk:
    """A desk as the engine lends it, with its reports in `reports` and the turns that were paid for in `turns`."""

    grace: Grace = field(default_factory=Grace)
    ledger: RecordingLedger = field(default_factory=RecordingLedger)
    reports: list[Report] = field(default_factory=list)
    turns: list[TurnUsage] = field(default_factory=list)

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Remember the report."""
        self.reports.append(Report(kind, text))

    async def spent(self, usage: TurnUsage) -> None:
        """Remember what a turn has used, once for each request."""
        if usage.request_id is None or all(turn.request_id != usage.request_id for turn in self.turns):
            self.turns.append(usage)

    def said(self, kind: TranscriptKind = TranscriptKind.TEXT) -> str:
        """All reports of a kind, as one text."""
        return "\n".join(report.text for report in self.reports if report.kind is kind)
