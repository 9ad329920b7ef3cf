"""Lines of spans on the screen: a fixed few of them, or many that scroll. All text of covey's screen goes through here.

Spans hold sanitised text and become segments as they are: no markup is ever read from them.
"""

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from covey_tui.painted import palette_of
from covey_tui.view.spans import BLANK, Ground, Line
from covey_tui.widgets.kept import KeptLines, KeptScroll


class Bar(KeptLines, Widget):
    """A few lines that stand where they are; one cell of margin at each side."""

    DEFAULT_CSS = "Bar { height: 1; }"
    ground: reactive[Ground] = reactive(Ground.BACKGROUND)

    def __init__(self, *lines: Line, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = lines

    def show(self, *lines: Line, ground: Ground | None = None) -> None:
        """Show these lines from now on; those that are as before are not painted again."""
        if ground is not None and ground is not self.ground:
            self.ground = ground
        before, self._lines = self._lines, lines
        for y in range(max(len(before), len(lines))):
            if before[y : y + 1] != lines[y : y + 1]:
                self.refresh(Region(0, y, self.outer_size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the bar."""
        line = self._lines[y] if y < len(self._lines) else BLANK
        return padded(self, line, self.ground, self.outer_size.width)


class Lines(KeptLines, KeptScroll, ScrollView, can_focus=True):
    """Many lines; it scrolls over them and paints those that are seen."""

    DEFAULT_CSS = "Lines { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }"
    ground: reactive[Ground] = reactive(Ground.SURFACE)

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines in place of those before; the place in them stays where it is."""
        before, self.lines = self.lines, lines
        if len(before) != len(lines):
            self.virtual_size = Size(0, len(lines))
            self.refresh()
            return
        top, (width, height) = self.scroll_offset.y, self.size
        pairs = enumerate(zip(before[top : top + height], lines[top : top + height], strict=True))
        regions = [Region(0, y, width, 1) for y, (was, is_now) in pairs if was != is_now]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        place = y + self.scroll_offset.y
        line = self.lines[place] if place < len(self.lines) else BLANK
        return padded(self, line, self.ground, self.size.width)


def padded(widget: Widget, line: Line, ground: Ground, cells: int) -> Strip:
    """A line with one cell of air at each side, in so many cells."""
    palette = palette_of(widget)
    air = palette.strip(BLANK, ground, 1)
    return Strip.join([air, palette.strip(line, ground, max(0, cells - 2)), air]).adjust_cell_length(cells)
