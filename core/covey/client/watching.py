"""What a monitor reads: the runs as they stand, the log as it grows, and what the disk says while no engine lives.

One `Watch` serves one monitor. Every read is one query of its own and nothing is held in between, so a monitor that
stands still harms nobody.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from covey.client import archive
from covey.client.snapshot import EngineState, as_seen, differs, engine_state
from covey.model.activity import Activity
from covey.model.command import Interaction, TranscriptRow
from covey.model.credential import Paused
from covey.model.events import AnyEvent, RunStarted
from covey.model.session import Session
from covey.model.usage import Spent
from covey.store import reads
from covey.store.feed import ChangeFeed
from covey.store.sqlite import Viewer, open_viewer

PAGE = reads.PAGE
"""So many lines of the log come at once, at most."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The runs that a monitor shows at one moment: rows, parents before their children, and how each run began.

    `paused` are the credentials that are; what came to them later, the log tells.
    """

    sessions: tuple[Session, ...]
    begun: tuple[RunStarted, ...]
    paused: Paused = field(default_factory=dict)


class Watch:
    """The project at `root` as a monitor sees it: one run, or (None) all unfinished ones, else the newest."""

    def __init__(self, viewer: Viewer, feed: ChangeFeed, root: Path, run_id: str | None) -> None:
        self.viewer = viewer
        self.root = root
        self._feed = feed
        self._run_id = run_id
        self._after = 0

    @property
    def project(self) -> str:
        """The project's name."""
        return self.viewer.scope.project.name

    async def attach(self) -> Shown:
        """The runs as they stand; `news` goes on from there."""
        self._after, sessions = await self.viewer.shown(self.viewer.scope, self._run_id)
        roots = [session.id for session in sessions if session.session_id is None]
        first = (entry.event for entry in await self.viewer.first_events(roots))
        begun = tuple(event for event in first if isinstance(event, RunStarted))
        return Shown(sessions, begun, await self.viewer.credentials())

    async def news(self) -> tuple[AnyEvent, ...]:
        """What came to the log since the last call, a page at most; empty when nothing did.

        Right after a change it is what was read with that: what has come since is another change.
        """
        entries = self._feed.ahead(self._after) or await self.viewer.entries(self._after)
        if entries:
            self._after = entries[-1].seq
        self._feed.read_ahead(self._after)
        return tuple(entry.event for entry in entries)

    async def behind(self) -> int:
        """How many lines of the log `news` has not given yet."""
        return await self.viewer.last_seq() - self._after

    async def changed(self) -> None:
        """Wait until somebody has written to the database."""
        await self._feed.changed()

    async def engine(self) -> EngineState:
        """The engine of the moment."""
        return await engine_state(self.viewer)

    async def signs(self) -> Mapping[str, Activity]:
        """The signs of life of all sessions at work, by their ids."""
        return await self.viewer.activity()

    async def spent_elsewhere(self, roots: Iterable[Session]) -> dict[str, Spent]:
        """What other runs than these have spent of each budget that these have, by the ids of the budgets."""
        here = list(roots)
        found: dict[str, Spent] = {}
        for budget_id in {root.budget.id for root in here if root.budget is not None}:
            sharing = {root.id for root in await self.viewer.sharing_budget(self.viewer.scope, budget_id)}
            others = sorted(sharing.difference(root.id for root in here))
            spent = Spent()
            for row in await self.viewer.spending(self.viewer.scope, others) if others else ():
                spent = spent.plus(row.spent)
            found[budget_id] = spent
        return found

    async def differing(self, sessions: Collection[Session]) -> list[Session]:
        """Those sessions that are otherwise than the log has them, as the disk shows them; for want of an engine."""
        return await asyncio.to_thread(_differing, tuple(sessions), self.root)

    async def fresh(self, session_ids: Iterable[str]) -> list[Session]:
        """Rows as they are stored now; a request is decided on such."""
        found = [await self.viewer.session(self.viewer.scope, key) for key in session_ids]
        return [session for session in found if session is not None]

    async def transcript(self, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
        """Rows of an attempt's transcript after row `after`, oldest first, 2,000 at most."""
        return await archive.transcript(self.viewer, session_id, attempt, after)

    async def last_row(self, session_id: str, attempt: int) -> int:
        """The number of the newest row of an attempt's transcript; 0 when it has none."""
        return await self.viewer.last_transcript_row(session_id, attempt)

    async def interactions(self, session_id: str) -> Sequence[Interaction]:
        """All interactions of a session, oldest first."""
        return await self.viewer.interactions(self.viewer.scope, session_id)


@contextlib.asynccontextmanager
async def open_watch(root: Path, run_id: str | None = None) -> AsyncIterator[Watch | None]:
    """Watch the project at `root`; None where nothing was ever run.

    Raises:
        StoreError: the database is damaged, or from a newer covey.
    """
    async with open_viewer(root) as viewer:
        if viewer is None:
            yield None
            return
        async with viewer.feed() as feed:
            yield Watch(viewer, feed, root, run_id)


def _differing(sessions: Iterable[Session], root: Path) -> list[Session]:
    seen = ((session, as_seen(session, root, engine_alive=False)) for session in sessions)
    return [now for was, now in seen if differs(was, now)]
