"""The screens that open over the monitor's: all that needs a human, the log of decisions, the help.

Each is imported when it is wanted first. While one is open it is told what the monitor's screen is told.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from covey.client.ui import UiSettings
from covey_tui.link import Link
from covey_tui.view.board import Board
from covey_tui.view.hints import hints
from covey_tui.view.needs import Needs
from covey_tui.view.spans import Line

if TYPE_CHECKING:
    from covey_tui.screens.decisions import DecisionsScreen
    from covey_tui.screens.intervention import Act, InterventionScreen


class Over:
    """Opens them over a screen; `key` gives the keys of a binding as people read them, `say` tells what went wrong."""

    def __init__(
        self, screen: Screen[None], board: Board, needs: Needs, key: Callable[[str], str], say: Callable[[Line], None]
    ) -> None:
        self._screen, self._board, self._needs, self._key, self._say = screen, board, needs, key, say
        self._intervention: InterventionScreen | None = None
        self._decisions: DecisionsScreen | None = None

    # What they are told.

    def changed(self, *, needs_changed: bool) -> None:
        """The board has changed."""
        if self._intervention is not None:
            self._intervention.renew(needs_changed=needs_changed)

    def stirred(self) -> None:
        """Something was stored."""
        if self._decisions is not None:
            self._decisions.renew()

    def say(self, line: Line | None) -> None:
        """Say something in the footer's place, until None is said."""
        if self._intervention is not None:
            self._intervention.say(line)

    def unmark(self) -> None:
        """What was asked of the marked sessions has been."""
        if self._intervention is not None:
            self._intervention.unmark()

    # How they are opened.

    async def intervention(
        self,
        head: Callable[[int], Sequence[Line]],
        act: Callable[["Act"], None],
        undo: Callable[[str | None], object],
        show_help: Callable[[str | None], object],
        marked: frozenset[str],
    ) -> str | None:
        """Show all that needs a human, until somebody leaves it; the session that they want to see in the tree."""
        from covey_tui.screens.intervention import InterventionScreen  # noqa: PLC0415 - when it is wanted first

        self._intervention = InterventionScreen(
            self._board,
            self._needs,
            head=head,
            act=act,
            undo=undo,
            show_help=show_help,
            footer_end=hints((self._key("view.help"), "help"), (self._key("app.leave"), "leave")),
            marked=marked,
            key=self._key,
        )
        try:
            return await self._screen.app.push_screen_wait(self._intervention)
        finally:
            self._intervention = None

    def decisions(self, link: Link) -> None:
        """Show what was decided, and what came to need somebody."""
        from covey_tui.screens.decisions import DecisionsScreen  # noqa: PLC0415 - when it is wanted first

        self._decisions = DecisionsScreen(link, self._say, self._key("view.back"))
        self._screen.app.push_screen(self._decisions)

    def help(self, cursor: str | None, settings: UiSettings) -> None:
        """Show every key, and what it does to the row under the cursor."""
        from covey_tui.screens.help import HelpScreen, help_of  # noqa: PLC0415 - when it is wanted first

        self._screen.app.push_screen(HelpScreen(help_of(self._board, cursor, settings), self._key("view.back")))
