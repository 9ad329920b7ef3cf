"""The log of decisions and new needs on the screen: it begins where one last looked, and goes on while it is open."""

from collections.abc import Callable
from datetime import tzinfo
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from covey.client.decisions import END, Line, happenings
from covey.errors import CoveyError
from covey_tui.link import Link
from covey_tui.view.answers import complaint
from covey_tui.view.decisions import Page, page
from covey_tui.view.hints import hints
from covey_tui.view.spans import BLANK, STRONG, Ground, span, spread
from covey_tui.view.spans import Line as Spans
from covey_tui.widgets.lines import Bar, Lines

SOON_SECONDS = 0.25
"""What is new comes at most so often."""
_MOST = 10_000
"""So many lines are read at once for what is new; what is older comes when somebody goes up to it."""


class DecisionsScreen(Screen[None]):
    """Who decided what, and what came to need somebody; newest last. `back` is the key that is named as the way back.

    `say` tells what could not be done. Clock times are of `zone`.
    """

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="view.back"),
        Binding("q", "dismiss", "Back", id="app.leave"),
        Binding("j", "scroll(1)", "Down", id="decisions.down"),
        Binding("k", "scroll(-1)", "Up", id="decisions.up"),
        Binding("g", "first", "First", id="decisions.first"),
        Binding("G", "last", "Last", id="decisions.last"),
    ]

    def __init__(self, link: Link, say: Callable[[Spans], None], back: str = "Esc", zone: tzinfo | None = None) -> None:
        super().__init__()
        self._link = link
        self._say = say
        self._back = back
        self._zone = zone
        self._lines: list[Line] = []
        self._seen = 0
        self._last = 0
        self._soon: Timer | None = None
        self._is_whole = False
        self._is_loaded = False

    def compose(self) -> ComposeResult:
        """A title, the page, the footer."""
        yield Bar((span("Decisions and new needs", STRONG),), id="title")
        yield Lines(id="page")
        yield Bar(id="footer")

    def on_mount(self) -> None:
        """Read what there is."""
        self._page.ground = Ground.BACKGROUND
        self._page.focus()
        self.watch(self._page, "scroll_y", self._moved, init=False)
        self._begin()

    def on_unmount(self) -> None:
        """Keep how far one has read."""
        if self._lines and self._is_loaded:
            try:
                self._link.looked(max(self._seen, self._last))
            except CoveyError as error:
                self._say(complaint(error))

    def on_resize(self) -> None:
        """The lines have other room now; the footer reaches from one side to the other."""
        keys = spread(hints(("↑↓", "move"), ("g", "first"), ("G", "last"), (self._back, "back")), BLANK, self._cells)
        self.query_one("#footer", Bar).show(keys, ground=Ground.PANEL)
        if self._is_loaded:
            self._show()

    def renew(self) -> None:
        """Something was stored: show it soon, if it is of any interest here."""
        if self.is_attached and self._is_loaded and self._soon is None:
            self._soon = self.set_timer(SOON_SECONDS, self._go_on)

    def action_scroll(self, by: int) -> None:
        """A line further."""
        self._page.scroll_relative(y=by, animate=False)

    def action_first(self) -> None:
        """To the first line; older ones come in above it."""
        self._page.scroll_home(animate=False)

    def action_last(self) -> None:
        """To the newest."""
        self._page.scroll_end(animate=False)

    @property
    def _page(self) -> Lines:
        return self.query_one("#page", Lines)

    @property
    def _cells(self) -> int:
        return max(0, self.size.width - 2)

    @work(group="decisions")
    async def _begin(self) -> None:
        try:
            self._seen = self._link.last_looked()
            last = await self._link.last_line()
            await self._read_older()
            while not self._is_whole and self._lines[0].entry.seq > self._seen and len(self._lines) < _MOST:
                await self._read_older()
        except CoveyError as error:
            self._say(complaint(error))
            return
        self._last = max([last, *(line.entry.seq for line in self._lines)])
        self._is_loaded = True
        shown = self._show()
        self.call_after_refresh(self._page.scroll_to, y=shown.begins, animate=False, force=True)

    @work(group="decisions")
    async def _go_on(self) -> None:
        self._soon = None
        try:
            last = await self._link.last_line()
            news = await self._link.happenings(after=self._last)
        except CoveyError as error:
            self._say(complaint(error))
            return
        self._last = max([last, *(line.entry.seq for line in news)])
        if not news:
            return
        at_end = self._page.scroll_offset.y >= self._page.max_scroll_y
        self._lines.extend(news)
        self._show()
        if at_end:
            self.call_after_refresh(self._page.scroll_end, animate=False)

    def _moved(self, y: float) -> None:
        if y <= 0 and self._is_loaded and not self._is_whole:
            self._add_older()

    @work(exclusive=True, group="older decisions")
    async def _add_older(self) -> None:
        before = len(self._page.lines)
        try:
            await self._read_older()
        except CoveyError as error:
            self._say(complaint(error))
            return
        came = len(self._show().lines) - before
        self.call_after_refresh(self._page.scroll_relative, y=came, animate=False, force=True)

    async def _read_older(self) -> None:
        before = self._lines[0].entry.seq if self._lines else END
        older = await self._link.happenings(before=before)
        self._lines[:0] = older
        self._is_whole = not older

    def _show(self) -> Page:
        shown = page(happenings(self._lines), self._seen, self._cells, self._zone)
        self._page.show(shown.lines)
        return shown
