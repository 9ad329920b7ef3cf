"""The help page on the screen."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from covey.client.ui import UiSettings, shown
from covey_tui.view.board import Board
from covey_tui.view.help import help_lines, within
from covey_tui.view.hints import hints
from covey_tui.view.keys import allowed
from covey_tui.view.spans import BLANK, STRONG, Ground, Line, span, spread
from covey_tui.widgets.lines import Bar, Lines

_SCROLLBAR = 1


def help_of(board: Board, cursor: str | None, settings: UiSettings) -> list[Line]:
    """The page, as the keys are mapped now, for a row under the cursor."""

    def possible(binding: str) -> bool:
        return allowed(board, binding, cursor)

    def keys_of(binding: str) -> str:
        return "  ".join(shown(key) for key in settings.keys_of(binding))

    return help_lines(keys_of, possible)


class HelpScreen(Screen[None]):
    """Every key and what it does; it scrolls. `back` is the key that is named as the way back."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="view.back"),
        Binding("question_mark,f1", "dismiss", "Back", id="view.help"),
        Binding("q", "dismiss", "Back", id="app.leave"),
        Binding("j", "scroll(1)", "Down", id="help.down"),
        Binding("k", "scroll(-1)", "Up", id="help.up"),
    ]

    def __init__(self, lines: Sequence[Line], back: str = "Esc") -> None:
        super().__init__()
        self._back = back
        self._lines = lines

    def compose(self) -> ComposeResult:
        """A title, the page, the footer."""
        yield Bar((span("Keys", STRONG),), id="title")
        yield Lines(id="page")
        yield Bar(id="footer")

    def on_mount(self) -> None:
        """The page has the focus."""
        page = self.query_one("#page", Lines)
        page.ground = Ground.BACKGROUND
        page.focus()

    def on_resize(self) -> None:
        """The lines have other room now; the footer reaches from one side to the other."""
        cells = max(0, self.size.width - 2)
        keys = spread(hints(("↑↓", "move"), (self._back, "back")), BLANK, cells)
        self.query_one("#footer", Bar).show(keys, ground=Ground.PANEL)
        self.query_one("#page", Lines).show(within(self._lines, cells - _SCROLLBAR))

    def action_scroll(self, by: int) -> None:
        """A line further."""
        self.query_one("#page", Lines).scroll_relative(y=by, animate=False)
