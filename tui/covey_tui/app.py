"""The monitor's app: it paints its first line at once, then loads what shows the project, and puts that in front."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import ComposeResult, SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from covey.client.ui import UiMistake, UiSettings, remember_theme, ui_settings
from covey.errors import CoveyError, first_of
from covey.text.quoting import did_you_mean, quoted
from covey_tui.painted import PaintedApp
from covey_tui.view.opening import opening
from covey_tui.view.spans import span
from covey_tui.widgets.lines import Bar

if TYPE_CHECKING:
    from covey_tui.live import Live

_KEPT = frozenset({"Theme", "Screenshot"})
"""The commands of Textual's that are offered as they are."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class MonitorApp(PaintedApp):
    """The monitor on the project at `root`: on one run, or on all unfinished ones, else the newest.

    `live` is there once it has been loaded, right after the first frame.
    """

    TITLE = "covey"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        root: Path,
        run: str | None = None,
        *,
        read_only: bool = False,
        few_colors: bool = False,
        settings: UiSettings | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings or ui_settings(root)
        super().__init__(theme=self.settings.theme, glyphs=self.settings.glyphs, few_colors=few_colors)
        if self.unknown_theme is not None:
            self._complain_of_theme(self.unknown_theme)
        self.live: Live | None = None
        self.failure: CoveyError | None = None
        self._root, self._run_id, self._now = root, run, now
        self._read_only = read_only
        self.set_keymap(self.settings.keymap())

    def compose(self) -> ComposeResult:
        """Where the summary will be, its beginning."""
        yield Bar(opening(self._root.name))

    def on_mount(self) -> None:
        """What takes a while to load comes after the first frame."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        from covey_tui.live import Live  # noqa: PLC0415 - see its docstring

        self.live = Live(self._root, self._run_id, self.settings, self._now, read_only=self._read_only)
        self.push_screen(self.live.screen)
        self.call_after_refresh(self._live, self.live)

    @work(exclusive=True, group="feed")
    async def _live(self, live: "Live") -> None:
        """Follow the project until the app ends."""
        try:
            await live.follow()
        except* CoveyError as group:
            self.failure = first_of(group)
            self.exit(return_code=2)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands that `:` offers; the log of decisions is the first of them.

        Of Textual's own those are left out that are otherwise here: its page of keys, how it ends and resizes things.
        """
        if self.live is not None:
            shown = self.live.screen
            about = "What was decided and by whom, and what came to need you"
            yield SystemCommand("Decisions", about, shown.show_decisions)
            yield SystemCommand("Keys", "Every key, and what it does", partial(shown.action_act, "view.help"))
            yield SystemCommand("Leave", "The work goes on", partial(shown.action_act, "app.leave"))
        yield from (each for each in super().get_system_commands(screen) if each.title in _KEPT)

    def action_help_quit(self) -> None:
        """Ctrl+C ends nothing here; it says what leaves."""
        if self.live is not None:
            key = self.live.screen.key("app.leave")
            self.live.screen.say((span(f"Ctrl+C ends nothing. {key} leaves the monitor; the work goes on."),))

    def _complain_of_theme(self, unknown: str) -> None:
        message = f"no theme {quoted(unknown)}{did_you_mean(unknown, self.available_themes)}"
        mistakes = (*self.settings.mistakes, UiMistake(("ui", "theme"), message))
        self.settings = self.settings._replace(theme=self.theme, mistakes=mistakes)

    def _keep_theme(self, picked: Theme) -> None:
        """A theme that somebody picks is there the next time."""
        if picked.name == self.settings.theme or self._read_only:
            return
        self.settings = self.settings._replace(theme=picked.name)
        try:
            remember_theme(self._root, picked.name)
        except CoveyError as error:
            if self.live is not None:
                self.live.screen.warn(str(error))
