"""What is behind the monitor's screen: the way to the project, the board of its runs, and the screen itself.

It is imported once the app has painted its first frame: whoever opens the monitor sees at once that it opens.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from covey.client.beginning import beginning
from covey.client.presence import watching
from covey.client.ui import UiSettings
from covey.client.watching import Watch, open_watch
from covey_tui.feed import Feed
from covey_tui.link import Link
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.board import Board

APPEARS_SECONDS = 0.5
"""How often a project where nothing was ever run is looked at again."""


class Live:
    """The project at `root` on a screen: one run, or all unfinished ones, else the newest."""

    def __init__(
        self, root: Path, run: str | None, settings: UiSettings, now: Callable[[], datetime], *, read_only: bool
    ) -> None:
        self.board = Board(root.name, run)
        self._run_id, self._now = run, now
        self._link = Link(root, read_only=read_only)
        self.screen = MonitorScreen(self.board, self._link, now, settings)

    async def follow(self) -> None:
        """Follow the project until cancelled, from the moment that something is run there.

        Raises:
            CoveyError: in a group; the project cannot be read any more.
        """
        while True:
            async with open_watch(self._link.root, self._run_id) as watch:
                if watch is not None:
                    await self._feed_from(watch)
            await self._begin_with()
            await asyncio.sleep(APPEARS_SECONDS)

    async def _begin_with(self) -> None:
        """Show what there is to begin with."""
        found = await asyncio.to_thread(beginning, self._link.root)
        self.board.project = found.project
        self.screen.nothing_yet(found)

    async def _feed_from(self, watch: Watch) -> None:
        self._link.watch = watch
        self.board.project = watch.project
        async with contextlib.AsyncExitStack() as stack:
            if not self._link.read_only:
                await stack.enter_async_context(watching(self._link.root))
            await Feed(watch, self.board, self.screen, self._now).run()
