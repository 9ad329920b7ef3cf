"""A source of details for tests: it answers from what it was given, and counts what it was asked for."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from covey.client.artifact import Artifact
from covey.errors import StoreError
from covey.model.command import (
    Command,
    CommandKind,
    Interaction,
    Result,
    ResultStatus,
    TranscriptKind,
    TranscriptRow,
)
from tests.tui.pictures import NOW

PAGE = 200


def row(
    n: int, kind: TranscriptKind, text: str, step: str = "GenerateComponentDesign", seconds: int = 300, **more: object
) -> TranscriptRow:
    """A row of a transcript, `seconds` ago."""
    fields: dict = {"session_id": "id-billing-payment", "attempt": 1, **more}
    return TranscriptRow(step=step, n=n, at=NOW - timedelta(seconds=seconds), kind=kind, text=text, **fields)


def payment() -> list[TranscriptRow]:
    """What the pictures show of Payment."""
    step, said, used, check = TranscriptKind.STEP, TranscriptKind.TEXT, TranscriptKind.TOOL, TranscriptKind.CHECK
    validate = {"step": "ValidateDesign", "seconds": 219}
    return [
        row(1, step, "GenerateComponentDesign"),
        row(2, said, "I'll read the context's design first, then the modules that Payment imports."),
        row(3, used, "read docs/design/shop/billing.md\t2.2 kB"),
        row(4, used, "read src/shop/billing/payment.py\t4.1 kB"),
        row(5, used, "search PaymentClosed\t3 hits"),
        row(6, used, "write docs/design/shop/billing/payment.md\t6.8 kB"),
        row(
            7,
            said,
            "The design is written. The public API has four functions; refund raises PaymentClosed once the ledger "
            "entry is settled.",
        ),
        row(8, step, "ValidateDesign", **validate),
        row(9, check, "docs/design/shop/billing/payment.md: the section 'Public API' is empty; write it\n", **validate),
    ]


def interaction(
    key: str,
    step: str,
    status: ResultStatus | None,
    *,
    attempt: int = 1,
    seconds: int = 300,
    took: int = 41,
    kind: CommandKind = CommandKind.AGENT,
    metadata: dict | None = None,
    **result: object,
) -> Interaction:
    """An interaction, `seconds` ago."""
    at = NOW - timedelta(seconds=seconds)
    answer = (
        None
        if status is None
        else Result(id=f"r-{key}", status=status, duration_ms=took * 1000, timestamp=NOW, **result)
    )
    return Interaction(
        id=key,
        session_id="id-billing-payment",
        attempt=attempt,
        step=step,
        command=Command(id=f"c-{key}", module=step, command=kind, metadata=metadata or {}, timestamp=at),
        result=answer,
        epoch=1,
        inserted_at=at,
        completed_at=None if answer is None else at + timedelta(seconds=took),
    )


class FakeSource:
    """Answers at once, or, while `gate` is closed, when it is opened."""

    def __init__(self, rows: Sequence[TranscriptRow] = ()) -> None:
        self.rows = list(rows)
        self.steps: list[Interaction] = []
        self.files: dict[str, Artifact] = {}
        self.diffs: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def _asked(self, what: str) -> None:
        self.asked[what] += 1
        await self.gate.wait()
        if self.broken:
            raise StoreError("the database is locked")

    async def transcript(self, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
        await self._asked("transcript")
        own = [each for each in self.rows if (each.session_id, each.attempt) == (session_id, attempt)]
        return [each for each in own if each.n > after][:PAGE]

    async def last_row(self, session_id: str, attempt: int) -> int:
        await self._asked("last row")
        own = [each.n for each in self.rows if (each.session_id, each.attempt) == (session_id, attempt)]
        return max(own, default=0)

    async def interactions(self, session_id: str) -> Sequence[Interaction]:
        await self._asked("interactions")
        return [each for each in self.steps if each.session_id == session_id]

    async def artifact(self, path: str) -> Artifact:
        await self._asked("artifact")
        return self.files.get(path, Artifact(path, reason="is not there"))

    async def diff(self, path: str) -> str | None:
        await self._asked("diff")
        return self.diffs.get(path)
