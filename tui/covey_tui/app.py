"""The monitor's app: it opens the project, keeps the board up to date, and puts the screen in front of it."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from textual import work
from textual.theme import Theme

from covey.client.beginning import beginning
from covey.client.presence import watching
from covey.client.ui import UiMistake, UiSettings, remember_theme, ui_settings
from covey.client.watching import Watch, open_watch
from covey.errors import CoveyError
from covey.text.quoting import did_you_mean, quoted
from covey.text.sanitise import sanitise_line
from covey_tui.feed import Feed
from covey_tui.link import Link
from covey_tui.painted import PaintedApp
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.board import Board
from covey_tui.view.spans import Role, Tone, span

APPEARS_SECONDS = 0.5
"""How often a project where nothing was ever run is looked at again."""
_SAID = 400


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
        if self.unknown_theme is not None:
            self._complain_of_theme(self.unknown_theme)
        self.board = Board(root.name, run)
        self.link = Link(root, read_only=read_only)
        self.failure: CoveyError | None = None
        self._run_id = run
        self._now = now
        self._monitor = MonitorScreen(self.board, self.link, now, self.settings)
        self.set_keymap(self.settings.keymap())

    def on_mount(self) -> None:
        """Show the frame at once; what is in it comes as soon as it has been read."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.push_screen(self._monitor)
        self.call_after_refresh(self._live)

    def _complain_of_theme(self, unknown: str) -> None:
        message = f"no theme {quoted(unknown)}{did_you_mean(unknown, self.available_themes)}"
        mistakes = (*self.settings.mistakes, UiMistake(("ui", "theme"), message))
        self.settings = self.settings._replace(theme=self.theme, mistakes=mistakes)

    def _keep_theme(self, picked: Theme) -> None:
        """A theme that somebody picks is there the next time."""
        if picked.name == self.settings.theme or self.link.read_only:
            return
        self.settings = self.settings._replace(theme=picked.name)
        try:
            remember_theme(self.link.root, picked.name)
        except CoveyError as error:
            self._monitor.say((span(sanitise_line(str(error), _SAID), Tone(Role.WARNING)),))

    @work(exclusive=True, group="feed")
    async def _live(self) -> None:
        """Follow the project until the app ends, from the moment that something is run there."""
        try:
            while True:
                async with open_watch(self.link.root, self._run_id) as watch:
                    if watch is not None:
                        await self._follow(watch)
                await self._begin_with()
                await asyncio.sleep(APPEARS_SECONDS)
        except* CoveyError as group:
            self.failure = _first(group)
            self.exit(return_code=2)

    async def _begin_with(self) -> None:
        """Show what there is to begin with."""
        found = await asyncio.to_thread(beginning, self.link.root)
        self.board.project = found.project
        self._monitor.nothing_yet(found)

    async def _follow(self, watch: Watch) -> None:
        self.link.watch = watch
        self.board.project = watch.project
        async with contextlib.AsyncExitStack() as stack:
            if not self.link.read_only:
                await stack.enter_async_context(watching(self.link.root))
            await Feed(watch, self.board, self._monitor, self._now).run()


def _first(group: BaseExceptionGroup[CoveyError]) -> CoveyError:
    first = group.exceptions[0]
    return first if isinstance(first, CoveyError) else _first(first)
