"""A bell, a notification of the desktop (OSC 9) and the window's title (OSC 2): once for each new need.

What goes to the terminal goes through the function that is given, which is the app's driver; nothing is kept back.
"""

from collections.abc import Callable

from covey_tui.view.board import Change
from covey_tui.view.needs import Needs
from covey_tui.view.notices import Notices

BELL = "\a"
KEEP_TITLE, GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
"""Terminals that keep titles on a stack put the earlier one back at the end; others do nothing."""


class Notifier:
    """Tells a person about new needs; see the module."""

    def __init__(self, needs: Needs, write: Callable[[str], None], *, bell: bool = True) -> None:
        self._notices = Notices(needs)
        self._write = write
        self._bell = bell
        self._title = ""

    def begin(self) -> None:
        """Keep the window's title and set ours; nothing rings for what is there already."""
        self._write(KEEP_TITLE)
        self._show_title()

    def end(self) -> None:
        """Give the window its title back."""
        self._write(GIVE_TITLE_BACK)

    def again(self) -> None:
        """The board was loaded anew: what it holds has been told."""
        self._notices.begin()
        self._show_title()

    def follow(self, change: Change) -> None:
        """Tell what is new in a change that the needs have followed already."""
        news = self._notices.news(change)
        if news:
            self._write(f"{BELL if self._bell else ''}\x1b]9;{self._notices.text(news)}\a")
        self._show_title()

    def _show_title(self) -> None:
        title = self._notices.title()
        if title != self._title:
            self._title = title
            self._write(f"\x1b]2;{title}\a")
