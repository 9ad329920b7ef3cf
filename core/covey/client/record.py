"""All that is known of a run at one moment, gathered for whoever reports on it.

However many sessions the run has, it takes the same few reads.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from covey.client.snapshot import RunView, engine_state, view_of, workflow_of
from covey.client.standing import left_as, something_asked
from covey.model import events as e
from covey.model.command import TranscriptRow
from covey.model.outcome import Left
from covey.store.run_reads import StepTaken
from covey.store.sqlite import Viewer

Row = TypeVar("Row", StepTaken, TranscriptRow)

TOLD = (
    e.RunStarted,
    e.SessionRetried,
    e.SessionSkipped,
    e.SessionCancelled,
    e.DecisionUndone,
    e.MessageSent,
    e.QuestionAnswered,
)
"""The events of a run that are part of its record: how it began, and what was decided."""

WITH_FINDINGS = ("RunTests", "Finalize")
"""The steps whose results are part of the record: what tests said, and what the last step found beside the work."""

TRANSCRIPT_ROWS = 20
"""How many rows of a transcript, from its end, are part of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run at one moment, as its sessions, its log and the disk tell it.

    `left` is how it was left, None while it goes on. `steps` are by session, oldest first; `findings` the data of the
    newest results of `WITH_FINDINGS`, by session and step; `transcripts` the last rows by session, oldest first.
    """

    project: str
    view: RunView
    left: Left | None
    events: tuple[e.AnyEvent, ...]
    steps: Mapping[str, tuple[StepTaken, ...]]
    findings: Mapping[tuple[str, str], Any]
    transcripts: Mapping[str, tuple[TranscriptRow, ...]]


async def read_record(viewer: Viewer, project_root: Path, run_id: str) -> RunRecord:
    """Gather the record of a run.

    Raises:
        StoreError: the database cannot be read.
    """
    scope = viewer.scope
    engine = await engine_state(viewer)
    stored = await viewer.run(scope, run_id)
    asked = engine.alive and await something_asked(viewer)
    workflow = await workflow_of(viewer, run_id)
    taken = await viewer.steps_of_run(scope, run_id)
    rows = await viewer.transcript_ends(scope, run_id, TRANSCRIPT_ROWS)
    paused = await viewer.credentials()
    return RunRecord(
        project=scope.project.name,
        view=await asyncio.to_thread(view_of, stored, project_root, engine, workflow, paused),
        left=left_as(stored, engine_alive=engine.alive, asked=asked, paused=paused),
        events=await viewer.events_of_run(scope, run_id, TOLD),
        steps=_by_session(taken),
        findings=await viewer.result_data(scope, run_id, WITH_FINDINGS),
        transcripts=_by_session(rows),
    )


def _by_session(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.session_id, []).append(row)
    return {session_id: tuple(own) for session_id, own in found.items()}
