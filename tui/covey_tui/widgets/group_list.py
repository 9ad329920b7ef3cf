"""Everything that needs a human as a list of groups: a window over its lines, with a cursor on headings and rows."""

from datetime import tzinfo
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from covey_tui.painted import manner_of, palette_of
from covey_tui.view.hints import KeyOf
from covey_tui.view.intervention import Cursor, Layout, Look, Part, Place, followed, line
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK, Ground, Line, Role, Tone, span


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

    def __init__(self, needs: Needs, zone: tzinfo | None, key: KeyOf, marked: frozenset[str]) -> None:
        super().__init__()
        self._needs = needs
        self._zone = zone
        self._key = key
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
        look = Look(cells - 2, self.cursor, self.marked, self._zone, self._key, manner_of(self))
        said: Line = BLANK if place is None else line(place, self._needs, look)
        edge = (span("▌" if on else " ", Tone(Role.PRIMARY)),)
        parts = ((edge, 1), (said, cells - 2), (BLANK, 1))
        return Strip.join([palette.strip(part, ground, room) for part, room in parts]).crop(0, self.size.width)

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
