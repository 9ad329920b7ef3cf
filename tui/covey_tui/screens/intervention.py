"""Everything that needs a human on one screen, grouped by cause; an action is about the group or row under the cursor.

The screen decides nothing and asks nothing: what a person wants goes to `act`, and the board's changes come by `renew`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from covey_tui.painted import palette_of
from covey_tui.view.alert import alert_above_groups
from covey_tui.view.board import Board
from covey_tui.view.intervention import (
    Cursor,
    Deed,
    Layout,
    Look,
    Part,
    Place,
    chosen,
    followed,
    footer,
    line,
    sessions_under,
)
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK, Ground, Line, Role, Tone, span, spread
from covey_tui.widgets.lines import Bar

_LOW = 30


@dataclass(frozen=True, slots=True)
class Act:
    """What a person wants for these sessions; nobody has been asked yet. `together` is "retry all that failed"."""

    deed: Deed
    session_ids: tuple[str, ...]
    together: bool = False


class GroupList(ScrollView, can_focus=True):
    """The groups with a cursor over headings and rows; the heading of the group at the top stays in sight."""

    DEFAULT_CSS = """
    GroupList {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        background: $background;
        scrollbar-color: $covey-faint;
        scrollbar-color-hover: $covey-muted;
        scrollbar-color-active: $covey-muted;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="intervention.down"),
        Binding("up,k", "move(-1)", "Up", id="intervention.up"),
        Binding("pagedown", "page(1)", "Page down", id="intervention.page_down"),
        Binding("pageup", "page(-1)", "Page up", id="intervention.page_up"),
        Binding("home,g", "end(-1)", "First", id="intervention.first"),
        Binding("end,G", "end(1)", "Last", id="intervention.last"),
        Binding("enter", "open", "Show in tree", id="intervention.open"),
    ]

    class Moved(Message):
        """The cursor stands elsewhere."""

    class Opened(Message):
        """Enter on a row."""

        def __init__(self, session_id: str) -> None:
            super().__init__()
            self.session_id = session_id

    def __init__(self, needs: Needs, zone: tzinfo | None, marked: frozenset[str]) -> None:
        super().__init__()
        self._needs = needs
        self._zone = zone
        self.marked = marked
        self.layout_of_groups = Layout(needs.groups())
        self.cursor = self.layout_of_groups.nearest(0)

    def renew(self) -> None:
        """Show the needs as they are now; the cursor stays on its session, or goes to the nearest."""
        before, after = self.layout_of_groups, Layout(self._needs.groups())
        cursor = followed(self.cursor, before, after, self._needs)
        shift = self._shift(before, after)
        self.layout_of_groups, self.cursor = after, cursor
        self.marked = frozenset(key for key in self.marked if key in self._needs)
        self.virtual_size = Size(0, after.height)
        if shift:
            self.scroll_to(y=self.scroll_offset.y + shift, animate=False)
        self._bring_into_sight()
        self.refresh()

    def stand(self, cursor: Cursor | None) -> None:
        """Put the cursor there."""
        if cursor != self.cursor:
            self.cursor = cursor
            self._bring_into_sight()
            self.refresh()
            self.post_message(self.Moved())

    def on_mount(self) -> None:
        """Know the height of the list."""
        self.virtual_size = Size(0, self.layout_of_groups.height)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        place = self._place(y)
        cells = self.outer_size.width
        on = place is not None and place.cursor is not None and place.cursor == self.cursor
        ground = Ground.CURSOR if on else Ground.BACKGROUND
        palette = palette_of(self)
        look = Look(cells - 2, self.cursor, self.marked, self._zone)
        said: Line = BLANK if place is None else line(place, self._needs, look)
        edge = (span("▌" if on else " ", Tone(Role.PRIMARY)),)
        air = Strip([Segment(" ", palette.blank(ground))], 1)
        return Strip.join([palette.strip(edge, ground, 1), palette.strip(said, ground, cells - 2), air]).crop(
            0, self.size.width
        )

    def on_click(self, event: Click) -> None:
        """The cursor goes where one clicks."""
        place = self._place(event.y)
        if place is not None and place.cursor is not None:
            self.stand(place.cursor)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._bring_into_sight()

    def action_move(self, by: int) -> None:
        """Go to the next or previous heading or row."""
        self.stand(self.layout_of_groups.moved(self.cursor, by))

    def action_page(self, pages: int) -> None:
        """Go a page further."""
        self.stand(self.layout_of_groups.moved(self.cursor, pages * max(1, self.size.height - 2)))

    def action_end(self, side: int) -> None:
        """Go to the first heading or to the last row."""
        self.stand(self.layout_of_groups.nearest(0 if side < 0 else self.layout_of_groups.height - 1))

    def action_open(self) -> None:
        """Show the session of this row in the tree."""
        if self.cursor is not None and self.cursor.session_id is not None:
            self.post_message(self.Opened(self.cursor.session_id))

    def _place(self, y: int) -> Place | None:
        """What stands on a line of the window; on the first one, the heading of a group that began above."""
        place = self.layout_of_groups.at(y + self.scroll_offset.y)
        if y == 0 and place is not None and place.part in {Part.ADVICE, Part.MEMBER}:
            return Place(place.group, Part.HEADING)
        return place

    def _line(self, layout: Layout, cursor: Cursor | None) -> int | None:
        return None if cursor is None else layout.line_of(cursor)

    def _shift(self, before: Layout, after: Layout) -> int:
        """By how much the line under the cursor has moved: the window moves with it, so nothing jumps."""
        old, new = self._line(before, self.cursor), self._line(after, self.cursor)
        return 0 if old is None or new is None or not self.scroll_offset.y else new - old

    def _bring_into_sight(self) -> None:
        at, height = self._line(self.layout_of_groups, self.cursor), self.size.height
        if at is None or not height:
            return
        top = self.scroll_offset.y
        heading = self.cursor is not None and self.cursor.session_id is None
        least = at if heading else max(0, at - 1)
        if least < top:
            self.scroll_to(y=0 if least <= 1 else least, animate=False)
        elif at >= top + height:
            self.scroll_to(y=at - height + 1, animate=False)


class InterventionScreen(Screen[str | None]):
    """Everything that needs a human; its result is the session to show in the tree, None to go back."""

    CSS_PATH = "intervention.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "want('session.message')", "Answer", id="session.message"),
        Binding("r", "want('session.retry')", "Retry", id="session.retry"),
        Binding("e", "want('session.retry_note')", "Retry with a note", id="session.retry_note"),
        Binding("s", "want('session.skip')", "Skip", id="session.skip"),
        Binding("x", "want('session.cancel')", "Cancel", id="session.cancel"),
        Binding("p", "want('run.pause')", "Resume", id="run.pause"),
        Binding("R", "retry_all", "Retry all that failed", id="run.retry_all"),
        Binding("z", "undo", "Undo", id="run.undo"),
        Binding("v", "mark", "Mark", id="view.mark"),
        Binding("escape,i", "back", "Back", id="view.back"),
        Binding("q,ctrl+q", "app.quit", "Leave", id="app.leave"),
    ]

    def __init__(
        self,
        board: Board,
        needs: Needs,
        *,
        head: Callable[[int], Sequence[Line]],
        act: Callable[[Act], None],
        undo: Callable[[str | None], object],
        footer_end: Line = BLANK,
        marked: frozenset[str] = frozenset(),
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._board = board
        self._needs = needs
        self._head = head
        self._act = act
        self._undo = undo
        self._footer_end = footer_end
        self._said: Line | None = None
        self._list = GroupList(needs, zone, frozenset(key for key in marked if key in needs))

    def compose(self) -> ComposeResult:
        """The two lines that are given, the alert line, the groups, the footer."""
        yield Bar(id="head")
        yield Bar(id="alert")
        yield self._list
        yield Bar(id="footer")

    @property
    def cursor(self) -> Cursor | None:
        """Where the cursor stands."""
        return self._list.cursor

    @property
    def marked(self) -> frozenset[str]:
        """The sessions that are marked."""
        return self._list.marked

    def renew(self, *, needs_changed: bool = True) -> None:
        """Show the board as it is now; the groups only where those who need a human changed."""
        if not self.is_mounted:
            return
        if needs_changed:
            self._list.renew()
        self._show_bars()

    def say(self, line: Line | None) -> None:
        """Say something in the footer's place, until None is said."""
        self._said = line
        if self.is_mounted:
            self._show_bars()

    def on_mount(self) -> None:
        """The list has the focus."""
        self._list.focus()

    def on_resize(self, event: Resize) -> None:
        """All lines anew."""
        self.set_class(event.size.height < _LOW, "low")
        self._show_bars()

    def on_group_list_moved(self) -> None:
        """Other keys work now."""
        self._show_bars()

    def on_group_list_opened(self, event: GroupList.Opened) -> None:
        """Leave for the tree."""
        self.dismiss(event.session_id)

    def action_want(self, name: str) -> None:
        """Hand over what is wanted for the marked sessions, else for what is under the cursor."""
        deed = Deed(name)
        ids = self._in_order() if self.marked else sessions_under(self.cursor, self._list.layout_of_groups)
        able = chosen(deed, ids, self._needs)
        if able and (deed is not Deed.ANSWER or len(ids) == 1):
            self._act(Act(deed, able))

    def action_retry_all(self) -> None:
        """Hand over all that failed or lost their file."""
        ids = self._needs.retried_together()
        if ids:
            self._act(Act(Deed.RETRY, ids, together=True))

    def action_undo(self) -> None:
        """Hand over whose run's last decision is to be taken back; where nothing needs a human, the newest run's."""
        ids = sessions_under(self.cursor, self._list.layout_of_groups)
        self._undo(next(iter((*ids, *reversed(self._board.roots()))), None))

    def action_mark(self) -> None:
        """Mark what is under the cursor, or take its mark away."""
        ids = frozenset(sessions_under(self.cursor, self._list.layout_of_groups))
        self._list.marked = self.marked - ids if ids <= self.marked else self.marked | ids
        self._list.refresh()
        self._show_bars()

    def action_back(self) -> None:
        """Take all marks away, else go back."""
        if self.marked:
            self._list.marked = frozenset()
            self._list.refresh()
            self._show_bars()
        else:
            self.dismiss(None)

    def _in_order(self) -> tuple[str, ...]:
        return tuple(key for group in self._needs.groups() for key in group.ids if key in self.marked)

    def _show_bars(self) -> None:
        cells = max(0, self.size.width - 2)
        self.query_one("#head", Bar).show(*self._head(cells))
        said, ground = alert_above_groups(self._board, self._needs, cells)
        self.query_one("#alert", Bar).show(said, ground=ground)
        keys = footer(self._needs, self.cursor, self.marked, self._footer_end, cells)
        if self._said is not None:
            keys = spread(self._said, self._footer_end, cells)
        self.query_one("#footer", Bar).show(keys, ground=Ground.PANEL)
