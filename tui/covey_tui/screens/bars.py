"""The lines around the tree and the detail: how far everything has come, what needs you, the heads, and the keys."""

from collections.abc import Callable
from datetime import datetime

from textual.screen import Screen

from covey_tui.painted import manner_of
from covey_tui.screens.looking import Looking
from covey_tui.view.alert import alert
from covey_tui.view.board import Board
from covey_tui.view.columns import Columns, filtered_heads, heads
from covey_tui.view.footer import Situation, footer, in_its_place
from covey_tui.view.frame import SMALLEST, Frame
from covey_tui.view.hints import hints
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK, MUTED, Ground, Line, span, spread
from covey_tui.view.summary import summary
from covey_tui.widgets.detail import DetailPane
from covey_tui.widgets.lines import Bar
from covey_tui.widgets.session_tree import SessionTree

_MANY = 3


class Bars:
    """The bars of the monitor's screen; `key` gives the keys of a binding as people read them, `now` the moment.

    `said` stands in the footer's place while there is something to say; `is_full`: the detail has the whole screen.
    """

    def __init__(
        self, screen: Screen[None], board: Board, needs: Needs, key: Callable[[str], str], now: Callable[[], datetime]
    ) -> None:
        self._screen, self._board, self._needs, self._key, self._now = screen, board, needs, key, now
        self._parts: Columns | None = None
        self.said: Line | None = None
        self.is_full = False
        self.summary = Bar(id="summary")
        self.alert = Bar(id="alert")
        self.heads = Bar(id="heads")
        self.footer = Bar(id="footer")
        self.small = Bar(id="small")

    def top(self, cells: int) -> tuple[Line, Line]:
        """The two lines at the top, in so many cells."""
        return summary(self._board, self._now(), cells, manner_of(self._screen))

    def show_top(self) -> None:
        """Show how far everything has come, and what needs you."""
        self.summary.show(*self.top(self._cells))
        line, ground = alert(self._board, self._needs, self._cells, key=self._key)
        self.alert.show(line, ground=ground)

    def show_heads(self, sessions: SessionTree, looking: Looking) -> None:
        """Show the heads of the tree's columns, or what its filter shows."""
        chosen, self._parts = looking.filter, sessions.parts
        line = heads(sessions.parts, needing_first=looking.needing_first)
        if chosen is not None:
            line = filtered_heads(sessions.parts, chosen.label, len(sessions.rows), len(self._board))
        self.heads.show(line)

    def heads_differ(self, sessions: SessionTree, looking: Looking) -> bool:
        """The heads would be others by now: a filter counts its rows, or there are other columns."""
        return looking.filter is not None or sessions.parts != self._parts

    def show_footer(
        self,
        sessions: SessionTree,
        looking: Looking,
        detail: DetailPane,
        typing: Line | None = None,
        *,
        can_begin: bool = False,
    ) -> None:
        """Show what can be done here, or what there is to say.

        `typing` are the keys of a field, if somebody types into one: all others are letters there. `can_begin`: the
        line that is chosen where nothing was ever run can be run from here.
        """
        if typing is not None:
            self.footer.show(spread(typing, BLANK, self._cells), ground=Ground.PANEL)
            return
        if self.said is not None:
            right = hints((self._key("view.help"), "help"), (self._key("app.leave"), "leave"))
            self.footer.show(in_its_place(self.said, right, self._cells), ground=Ground.PANEL)
            return
        cursor = sessions.cursor
        parent = cursor if cursor is not None and self._board.children(cursor) else None
        here = Situation(
            cursor,
            tuple(sessions.marks),
            sessions.rows.matching if looking.filter else None,
            self.is_full or detail.has_focus_within,
            self._needs.count_retried_together(parent) if parent is not None else 0,
            self._board.tally().needs > _MANY and looking.filter is None,
            detail.other_view,
            can_begin,
            detail.can_unfold,
            not sessions.marks or looking.has_unmarked,
        )
        line = footer(self._board, here, self._key, self._cells, manner_of(self._screen))
        self.footer.show(line, ground=Ground.PANEL)

    def show_small(self, parts: Frame) -> None:
        """Say in place of everything that there is too little room for it."""
        small = f"covey needs {SMALLEST[0]}×{SMALLEST[1]}; this is {parts.width}×{parts.height}"
        self.small.show((span(small),), (span("covey watch --plain works in any size", MUTED),))

    @property
    def _cells(self) -> int:
        return max(0, self._screen.size.width - 2)
