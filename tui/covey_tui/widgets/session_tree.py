"""The session tree on the screen: a window over a flat list of rows, of which only what has changed is painted.

The stock tree builds all its lines anew at every change of structure. Here a row that comes in outside of the window
costs no painting and no layout: the height grows behind the layout's back, the scrollbar is told only when its thumb
would visibly move, and what comes in above the window shifts it silently. The cursor is a session, not a row.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from covey.client.ui import TREE_KEYS
from covey.model.status import Phase
from covey_tui.painted import manner_of, palette_of
from covey_tui.view.board import Board, Change
from covey_tui.view.columns import GUTTER, Columns, columns
from covey_tui.view.narrowing import Predicate
from covey_tui.view.next_need import next_need
from covey_tui.view.rows import Rows
from covey_tui.view.spans import BLANK, Ground, Line
from covey_tui.view.tree_line import Row, tree_line
from covey_tui.view.words import goes_on
from covey_tui.widgets.kept import KeptLines, KeptScroll

_ACTIONS = {
    "tree.up": "move(-1)",
    "tree.down": "move(1)",
    "tree.page_up": "page(-1)",
    "tree.page_down": "page(1)",
    "tree.first": "end(-1)",
    "tree.last": "end(1)",
    "tree.collapse": "collapse",
    "tree.expand": "expand",
    "tree.fold": "toggle_fold",
    "tree.open": "open",
}
PULSE_SECONDS = 0.25
"""For how long a row shows that its agent has done something."""
_EIGHTHS = 8
"""The scrollbar's thumb moves in eighths of a cell."""


class _Window(NamedTuple):
    """The rows in sight, and the line of the one that has to stay where it is."""

    keys: list[str]
    held: int


class SessionTree(KeptLines, KeptScroll, ScrollView, can_focus=True):
    """The tree of a board's sessions; `now` gives the present moment."""

    DEFAULT_CSS = """
    SessionTree {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        background: $covey-background;
        scrollbar-size-vertical: 1;
        scrollbar-color: $covey-faint;
        scrollbar-color-hover: $covey-muted;
        scrollbar-color-active: $covey-muted;
        scrollbar-background: $covey-background;
        scrollbar-background-hover: $covey-background;
        scrollbar-background-active: $covey-background;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(key.keys), _ACTIONS[binding], key.label, id=binding) for binding, key in TREE_KEYS.items()
    ]

    class CursorMoved(Message):
        """The cursor stands on another session."""

        def __init__(self, session_id: str | None) -> None:
            super().__init__()
            self.session_id = session_id

    class Opened(Message):
        """Somebody wants to see the detail of a session."""

        def __init__(self, session_id: str) -> None:
            super().__init__()
            self.session_id = session_id

    def __init__(self, board: Board, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._board = board
        self._now = now
        self.rows = Rows(board)
        self.cursor: str | None = None
        self.marks: dict[str, None] = {}
        self.nothing: Line = BLANK
        self._lost: str | None = None
        self._priced = False
        self._pulsing: frozenset[str] = frozenset()
        self._parts = columns(80)

    @property
    def parts(self) -> Columns:
        """The columns as they are now."""
        return self._parts

    # What is shown.

    def load(self) -> None:
        """Show the board from its beginning; the cursor stays on its session."""
        self.rows.rebuild()
        self._renew()

    def apply(self, change: Change) -> None:
        """Follow a change of the board: bring in the rows that came, and paint those in sight that have changed."""
        window = self._window()
        splices = self.rows.apply(change, keep=self.cursor)
        if splices is None or self._priced is not (self._board.tally().cost_usd is not None):
            self._renew()
            return
        if splices:
            self._follow(window)
        if self.cursor is None and len(self.rows):
            self._set_cursor(self.rows.ids[0])
        self._paint(self._touched(change))

    def tick(self) -> None:
        """A second has passed: paint the rows in sight whose time has gone on."""
        self._paint({key for key in self._in_sight() if goes_on(self._board.session(key))})

    def pulse(self, session_ids: Iterable[str]) -> None:
        """The agents of these have just done something: those in sight show it for a moment."""
        spoke = frozenset(session_ids).intersection(self._in_sight())
        self._paint(spoke)  # what was quiet is so no more
        still = self.app.animation_level == "none" or manner_of(self).ascii
        running = frozenset(key for key in spoke if self._board.session(key).phase is Phase.RUNNING)
        if running and not still:
            self._pulsing = running
            self.set_timer(PULSE_SECONDS, self._calm_down)

    def _calm_down(self) -> None:
        before, self._pulsing = self._pulsing, frozenset()
        self._paint(before)

    def filter(self, matches: Predicate | None) -> None:
        """Show only what matches, with its ancestors; None shows all. The cursor goes to the nearest that is left."""
        wanted = self.cursor or self._lost
        self.rows.filter(matches)
        if wanted is not None and self.rows.index(wanted) is None:
            self.rows.reveal(wanted)
        self._lost = None if len(self.rows) else wanted
        self._set_cursor(_nearest(wanted, list(self._board.under(None)), self.rows.ids))
        self._renew()

    def put_first(self, *, needing: bool) -> None:
        """Put what needs a human first, as it stands now; or back in spawn order."""
        self.rows.put_first(needing=needing)
        self._renew()

    # Where the cursor is.

    def go_to(self, session_id: str) -> None:
        """Put the cursor on a session, unfolding what it lies below."""
        window = self._window()
        if self.rows.reveal(session_id):
            self._follow(window)
            self._paint(above.id for above in self._board.above(session_id))
        if self.rows.index(session_id) is not None:
            self._set_cursor(session_id)
            self._bring_into_sight()

    def needing(self, *, forward: bool) -> str | None:
        """The next session that needs a human, from the cursor on and round the end; None where there is none."""
        return next_need(self._board, self.rows, self.cursor, forward=forward)

    def mark(self, session_ids: Iterable[str]) -> None:
        """Mark these; those that are marked already are marked no more."""
        for key in session_ids:
            if key in self.marks:
                del self.marks[key]
            else:
                self.marks[key] = None
        self._paint(self._in_sight())

    def unmark(self) -> None:
        """Take all marks away."""
        self.marks = {}
        self._paint(self._in_sight())

    # How it is painted.

    def render_line(self, y: int) -> Strip:
        """One row of the window."""
        at, cells = y + self.scroll_offset.y, self._cells
        palette = palette_of(self)
        if at >= len(self.rows):
            return palette.strip(BLANK if at else self.nothing, Ground.BACKGROUND, cells)
        key = self.rows.ids[at]
        is_cursor = key == self.cursor
        ground = Ground.BACKGROUND
        if is_cursor:
            ground = Ground.CURSOR if self.has_focus else Ground.CURSOR_BLURRED
        folded = self.rows.is_folded(key)
        row = Row(self._board.depth(key), folded, is_cursor, key in self.marks, key in self._pulsing)
        session, manner = self._board.session(key), manner_of(self)
        line = tree_line(self._board, session, row, self._parts, self._now(), manner=manner)
        return palette.strip(line, ground, cells)

    @property
    def _cells(self) -> int:
        """How many cells a row has: `size` would search the whole screen for it."""
        return self.outer_size.width - self.show_vertical_scrollbar

    def _in_sight(self) -> list[str]:
        top = self.scroll_offset.y
        return self.rows.ids[top : top + self.outer_size.height]

    def _touched(self, change: Change) -> set[str]:
        """The sessions whose rows look otherwise, and their ancestors where the sums do."""
        ancestors = set[str]()
        for key in change.counted:
            for above in self._board.above(key):
                if above.id in ancestors:
                    break
                ancestors.add(above.id)
        return ancestors.union(change.changed - change.alike)

    def _paint(self, session_ids: Iterable[str]) -> None:
        wanted = frozenset(session_ids)
        self._paint_lines(y for y, key in enumerate(self._in_sight()) if key in wanted)

    def _paint_lines(self, lines: Iterable[int]) -> None:
        cells = self._cells
        regions = [Region(0, y, cells, 1) for y in lines]
        if regions:
            self.refresh(*regions)

    # How rows come and go.

    def _window(self) -> _Window:
        """What is in sight now, and which row has to stay where it is."""
        keys = self._in_sight()
        held = keys.index(self.cursor) if self.cursor in keys else 0
        return _Window(keys, held)

    def _follow(self, before: _Window) -> None:
        """Rows have come or gone: the row under the hand stays where it is, and lines are painted that have changed."""
        held = ((y, self.rows.index(key)) for y, key in (*enumerate(before.keys[before.held :], before.held),))
        top = next((at - y for y, at in held if at is not None), 0)
        self._grow(min(max(0, top), max(0, len(self.rows) - self.size.height)))
        keys = self._in_sight()
        self._paint_lines(
            y for y, (was, now) in enumerate(zip_longest(before.keys, keys, fillvalue=None)) if was != now
        )

    def _grow(self, top: int) -> None:
        """Take over height and place without a layout; the scrollbar is told when one would see it."""
        before, height = self.virtual_size.height, self.size.height
        self.set_reactive(Widget.scroll_y, float(top))
        self.set_reactive(Widget.scroll_target_y, float(top))
        if (before > height) is not (len(self.rows) > height):
            self.virtual_size = Size(0, len(self.rows))  # the scrollbar comes or goes, which takes a layout
            return
        self.set_reactive(Widget.virtual_size, Size(0, len(self.rows)))
        bar = self.vertical_scrollbar
        if _thumb(bar.position, height, before) != _thumb(top, height, len(self.rows)):
            bar.window_virtual_size = len(self.rows)
            bar.position = top

    def _renew(self) -> None:
        """Everything may be elsewhere: take over the height and paint all of the window."""
        self._priced = self._board.tally().cost_usd is not None
        self._parts = columns(self.outer_size.width, priced=self._priced)
        self.marks = {key: None for key in self.marks if key in self._board}
        self.virtual_size = Size(0, len(self.rows))
        if self.cursor is None or self.cursor not in self._board:
            self._set_cursor(self.rows.ids[0] if len(self.rows) else None)
        self._bring_into_sight()
        self.refresh()

    def _set_cursor(self, session_id: str | None) -> None:
        if session_id == self.cursor:
            return
        before, self.cursor = self.cursor, session_id
        self._paint({key for key in (before, session_id) if key is not None})
        self.post_message(self.CursorMoved(session_id))

    def _bring_into_sight(self) -> None:
        at = None if self.cursor is None else self.rows.index(self.cursor)
        top, height = self.scroll_offset.y, self.size.height
        if at is None or not height:
            return
        if at < top:
            self.scroll_to(y=at, animate=False)
        elif at >= top + height:
            self.scroll_to(y=at - height + 1, animate=False)

    # Events.

    def _on_resize(self, _: Resize) -> None:
        self._renew()

    def _on_focus(self, _: Focus) -> None:
        self._paint({self.cursor} if self.cursor else ())

    def _on_blur(self, _: Blur) -> None:
        self._paint({self.cursor} if self.cursor else ())

    async def _on_click(self, event: Click) -> None:
        at = event.y + self.scroll_offset.y
        if at >= len(self.rows):
            return
        key = self.rows.ids[at]
        self._set_cursor(key)
        fold_at = GUTTER + 2 * min(self._board.depth(key), 4)
        if fold_at <= event.x <= fold_at + 1 and self.rows.is_folded(key) is not None:
            self.action_toggle_fold()
        elif event.chain > 1:
            self.action_open()

    def action_move(self, by: int) -> None:
        """Go so many rows further."""
        at = 0 if self.cursor is None else (self.rows.index(self.cursor) or 0)
        self._stand(at + by)

    def action_page(self, pages: int) -> None:
        """Go a page further."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_end(self, side: int) -> None:
        """Go to the first or to the last row."""
        self._stand(0 if side < 0 else len(self.rows) - 1)

    def action_collapse(self) -> None:
        """Fold what lies below, or go to the parent."""
        if self.cursor is None:
            return
        if self.rows.is_folded(self.cursor) is False:
            self._fold(self.cursor)
        else:
            parent = self._board.session(self.cursor).session_id
            if parent is not None:
                self.go_to(parent)

    def action_expand(self) -> None:
        """Show what lies below, or go to the first of it."""
        if self.cursor is None:
            return
        if self.rows.is_folded(self.cursor):
            self._fold(self.cursor)
        elif self.rows.is_folded(self.cursor) is False:
            self.action_move(1)

    def action_toggle_fold(self) -> None:
        """Fold what lies below, or show it again."""
        if self.cursor is not None:
            self._fold(self.cursor)

    def action_open(self) -> None:
        """Ask for the detail of the session under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))

    def _stand(self, at: int) -> None:
        if len(self.rows):
            self._set_cursor(self.rows.ids[min(max(0, at), len(self.rows) - 1)])
            self._bring_into_sight()

    def _fold(self, session_id: str) -> None:
        """Fold what lies below a session, or unfold it where it is folded."""
        window = self._window()
        if (self.rows.unfold(session_id) or self.rows.fold(session_id)) is not None:
            self._follow(window)
            self._paint({session_id})


def _nearest(wanted: str | None, order: Sequence[str], rows: Sequence[str]) -> str | None:
    """The session itself where it has a row, else in the tree's order the next one that has, else the one before it."""
    shown = set(rows)
    at = order.index(wanted) if wanted in order else 0
    return next((key for key in (*order[at:], *reversed(order[:at])) if key in shown), None)


def _thumb(top: float, height: int, rows: int) -> tuple[int, int]:
    """Where the scrollbar's thumb begins and how long it is, as one can see it."""
    if rows <= height or not height:
        return 0, 0
    return round(top * height * _EIGHTHS / rows), round(height * height * _EIGHTHS / rows)
