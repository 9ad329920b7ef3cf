"""Where the detail gets from what the board does not hold, and the moment that each of its contents is drawn for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from covey.client.artifact import Artifact
from covey.model.command import Interaction, TranscriptRow
from covey.model.session import Session
from covey_tui.view.board import Board
from covey_tui.view.detail.head import Tab
from covey_tui.view.hints import KeyOf, usual


class DetailSource(Protocol):
    """Whoever reads for the pane. Each may raise CoveyError or OSError: the pane says so."""

    async def transcript(self, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
        """Rows of an attempt after row `after`, oldest first, as many as are read at once; none at the end."""
        ...

    async def last_row(self, session_id: str, attempt: int) -> int:
        """The number of an attempt's newest row; 0 when it has none."""
        ...

    async def interactions(self, session_id: str) -> Sequence[Interaction]:
        """All interactions of a session, oldest first."""
        ...

    async def artifact(self, path: str) -> Artifact:
        """A session's file; `path` is relative to the project."""
        ...

    async def diff(self, path: str) -> str | None:
        """What has changed in a file since the last commit; None when there is nothing to compare with."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown at a moment: the session, or those that are marked; `compact` is the peek of narrow screens."""

    board: Board
    session: Session
    now: datetime
    tab: Tab
    marked: tuple[str, ...] = ()
    compact: bool = False
    key: KeyOf = usual
