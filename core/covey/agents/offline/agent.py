"""The offline agent at its desk: finds the work for the kind of file that is asked for, has it done, says how it went.

The work blocks for a moment, so it runs on a thread; a cancelled agent waits for that thread and writes nothing more.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.offline.contract.work import TestWork
from covey.agents.offline.design import DesignWork
from covey.agents.offline.review.work import ReviewWork
from covey.agents.offline.work import Work
from covey.agents.registry import AgentRegistry
from covey.model.command import TranscriptKind
from covey.projects.paths import ArtifactKind
from covey.text.quoting import visible

_WORK: Mapping[ArtifactKind, type[Work]] = {
    ArtifactKind.DESIGN: DesignWork,
    ArtifactKind.TEST: TestWork,
    ArtifactKind.REVIEW: ReviewWork,
}


class Settings(BaseModel):
    """The offline agent has no settings."""

    model_config = ConfigDict(extra="forbid")


class OfflineAgent:
    """Drafts design documents, reviews of them, and tests from static analysis; needs no key, network or model."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, settings: BaseModel) -> None:
        self.settings = settings

    def preflight(self, workspace: Path) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's
        """Nothing keeps it from working."""
        return ()

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Draft the file, or add to the one that is there what it lacks."""
        if assignment.kind not in _WORK:
            return Outcome(ok=False, message=_refusal(assignment))
        work = _WORK[assignment.kind](assignment)
        future = asyncio.get_running_loop().run_in_executor(None, work.outcome)
        try:
            outcome = await asyncio.shield(future)
        except asyncio.CancelledError:
            work.stop.set()
            await asyncio.wait({future})
            raise
        if work.report:
            await desk.report(TranscriptKind.TEXT, "\n".join(work.report))
        return outcome


def _refusal(assignment: Assignment) -> str:
    """Why the agent does not write this kind of file, and which agents there are besides it."""
    others = [name for name in AgentRegistry().names() if name != "offline"]
    can = ", ".join(_WORK)
    return (
        f"{visible(assignment.target)}: the offline agent cannot write {visible(assignment.kind)}: it has no model, "
        f"and drafts only what static analysis tells ({can}); name another agent with --agent, or as run.agent in "
        f"covey.toml (installed kinds: {visible(', '.join(others)) or 'none'})"
    )
