"""The monitor's app: it opens the project, keeps the board up to date, and puts the screen in front of it."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from textual import work

from covey.client.presence import watching
from covey.client.ui import UiSettings, ui_settings
from covey.client.watching import Watch, open_watch
from covey.errors import CoveyError
from covey_tui.feed import Feed
from covey_tui.link import Link
from covey_tui.painted import PaintedApp
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.board import Board

APPEARS_SECONDS = 0.5
"""How often a project where nothing was ever run is looked at again."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class MonitorApp(PaintedApp):
    """The monitor on the project at `root`: on one run, or on all unfinished ones, else the newest."""

    TITLE = "covey"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        root: Path,
        run: str | None = None,
        *,
        read_only: bool = False,
        settings: UiSettings | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings or ui_settings(root)
        super().__init__(theme=self.settings.theme, glyphs=self.settings.glyphs)
        self.board = Board(root.name, run)
        self.link = Link(root, read_only=read_only)
        self.failure: CoveyError | None = None
        self._run_id = run
        self._monitor = MonitorScreen(self.board, self.link, now, self.settings)
        self.set_keymap(self.settings.keymap())

    def on_mount(self) -> None:
        """Show the frame at once; what is in it comes as soon as it has been read."""
        self.push_screen(self._monitor)
        self.call_after_refresh(self._live)

    @work(exclusive=True, group="feed")
    async def _live(self) -> None:
        """Follow the project until the app ends, from the moment that something is run there."""
        try:
            while True:
                async with open_watch(self.link.root, self._run_id) as watch:
                    if watch is not None:
                        await self._follow(watch)
                await asyncio.sleep(APPEARS_SECONDS)
        except* CoveyError as group:
            self.failure = _first(group)
            self.exit(return_code=2)

    async def _follow(self, watch: Watch) -> None:
        self.link.watch = watch
        self.board.project = watch.project
        async with contextlib.AsyncExitStack() as stack:
            if not self.link.read_only:
                await stack.enter_async_context(watching(self.link.root))
            await Feed(watch, self.board, self._monitor).run()


def _first(group: BaseExceptionGroup[CoveyError]) -> CoveyError:
    first = group.exceptions[0]
    return first if isinstance(first, CoveyError) else _first(first)
