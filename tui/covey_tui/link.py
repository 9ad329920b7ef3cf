"""What the screens ask of the project: details to show, requests to leave. The app opens and closes the way there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from covey.client.artifact import Artifact, diff_of, read_artifact
from covey.client.beginning import designs_of
from covey.client.decisions import END, Line, last_looked, newest, remember_looked
from covey.client.engine import Stopped, place_order, request_stop, run_order
from covey.client.estimate import Estimate, estimate, kinds_of
from covey.client.finding import sharing_budget
from covey.client.requests import Answer, Wish, request_control
from covey.client.slots import SlotsAnswer, request_slots
from covey.client.watching import Watch
from covey.errors import CoveyError
from covey.model.command import Interaction, TranscriptRow
from covey.model.session import Session

_ONLY_LOOKS = "this monitor only looks; open one without --read-only"


class Link:
    """The way to the project at `root`; while nothing was ever run there, nothing is known and nothing can be asked."""

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self.read_only = read_only
        self.watch: Watch | None = None

    async def transcript(self, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
        """Rows of an attempt's transcript after row `after`."""
        return await self.watch.transcript(session_id, attempt, after) if self.watch else ()

    async def last_row(self, session_id: str, attempt: int) -> int:
        """The number of the newest row of an attempt's transcript; 0 when it has none."""
        return await self.watch.last_row(session_id, attempt) if self.watch else 0

    async def interactions(self, session_id: str) -> Sequence[Interaction]:
        """All interactions of a session."""
        return await self.watch.interactions(session_id) if self.watch else ()

    async def artifact(self, path: str) -> Artifact:
        """A file of the project, as far as it is read."""
        return await read_artifact(self.root, path)

    async def diff(self, path: str) -> str | None:
        """What git says has changed in a file."""
        return await diff_of(self.root, path)

    async def begin(self, modules: tuple[str, ...]) -> tuple[str, ...]:
        """Have the design of these contexts run; what a person should know of the engine that does it.

        Raises:
            CoveyError: the engine refuses, or none could be started.
        """
        if self.read_only:
            raise CoveyError(_ONLY_LOOKS)
        return (await place_order(self.root, run_order("design", modules))).warnings

    async def estimate(self, sessions: Sequence[Session]) -> Estimate | None:
        """What these sessions will take if they start again, by those like them that have ended well.

        Raises:
            CoveyError: what has ended cannot be read.
        """
        return await estimate(self.watch.viewer, kinds_of(sessions)) if self.watch else None

    async def estimate_of_runs(self, modules: tuple[str, ...]) -> Estimate | None:
        """What it will take to design these contexts, with the agent and the model of the manifest.

        Raises:
            CoveyError: the manifest has mistakes, or what has ended cannot be read.
        """
        if self.watch is None:
            return None
        return await estimate(self.watch.viewer, await asyncio.to_thread(designs_of, self.root, modules))

    async def sharing_budget(self, root: Session) -> list[Session]:
        """The roots of all unfinished runs that share the budget of this one, whether they are shown or not."""
        return await sharing_budget(self.watch.viewer, root) if self.watch else [root]

    async def stop(self, run_ids: tuple[str, ...]) -> tuple[Stopped, ...]:
        """End the work of these runs for now; they can be adopted.

        Raises:
            CoveyError: nothing can be asked, or the engine does not answer.
        """
        return await request_stop(self._open().viewer, self.root, run_ids)

    async def slots(self, number: int) -> SlotsAnswer:
        """Let so many sessions work at the same time.

        Raises:
            CoveyError: nothing can be asked.
        """
        return await request_slots(self._open().viewer, number)

    async def ask(self, sessions: Sequence[Session], wish: Wish) -> tuple[Answer, ...]:
        """Leave requests, decided on these rows, and wait for the engine's word; it is started where none lives.

        Raises:
            CoveyError: nothing can be asked, or no engine could be started.
        """
        return await request_control(self._open().viewer, self.root, sessions, wish, start=True)

    async def happenings(self, before: int = END, after: int = 0) -> Sequence[Line]:
        """The newest lines of the log between two others that tell of decisions and needs, 2,000 at most."""
        return await newest(self.watch.viewer, before=before, after=after) if self.watch else ()

    async def last_line(self) -> int:
        """The number of the last line of the log."""
        return await self.watch.viewer.last_seq() if self.watch else 0

    def last_looked(self) -> int:
        """Up to which line of the log this person has seen decisions and needs; 0 where they never looked."""
        return last_looked(self.root, self.watch.viewer.scope.user) if self.watch else 0

    def looked(self, seq: int) -> None:
        """Keep up to which line this person has seen them; whoever only looks leaves no trace.

        Raises:
            CoveyError: it cannot be written down.
        """
        if self.watch is not None and not self.read_only:
            remember_looked(self.root, self.watch.viewer.scope.user, seq)

    def _open(self) -> Watch:
        """The way to the store, for whoever wants something to change."""
        if self.read_only:
            raise CoveyError(_ONLY_LOOKS)
        if self.watch is None:
            raise CoveyError("nothing has been run here yet")
        return self.watch
