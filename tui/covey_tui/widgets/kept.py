"""Widgets that keep their lines painted until they change.

At every update Textual asks each widget that touches the smallest rectangle around all changes for all of its lines,
and walks each of them through its styles and filters again, changed or not. Here they are walked through them once:
a widget without border and padding has nothing but its lines.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.scrollbar import ScrollBar
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.widget import Widget as Base
else:
    Base = object  # a widget takes its styles from its first base that is a widget: this must not be one

_NOTHING: list[Strip] = []


class KeptLines(Base):
    """Goes before the base of a widget whose `render_line` gives all that there is to see of each of its lines."""

    _kept: list[Strip | None]
    _kept_for: tuple[int, int] | None = None
    _background: Color
    _filters: Sequence[LineFilter]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the widget; those that have changed are painted."""
        width, height = self.outer_size
        if crop.right > width or crop.bottom > height:  # it has grown, and is not told yet
            width, height = self.region.size
        if self._kept_for != (width, height):
            self._kept_for, self._kept = (width, height), [None] * height
            self._background = self.background_colors[1]
            # Our colours are true ones, computed from the theme: there is nothing in them for that filter to do.
            self._filters = [each for each in self.get_line_filters() if not isinstance(each, ANSIToTruecolor)]
        for y in crop.line_range:
            if self._kept[y] is None:
                self._kept[y] = self._filtered(self.render_line(y), width)
        strips = [strip for strip in self._kept[crop.y : crop.bottom] if strip is not None]
        return strips if crop.column_span == (0, width) else [strip.crop(*crop.column_span) for strip in strips]

    def _set_dirty(self, *regions: Region) -> None:
        """The one place where Textual learns that lines have changed."""
        if not regions:
            self._kept_for = None
        elif self._kept_for is not None:
            for region in regions:
                for y in range(max(0, region.y), min(region.bottom, len(self._kept))):
                    self._kept[y] = None
        super()._set_dirty(*regions)

    def _filtered(self, strip: Strip, width: int) -> Strip:
        if strip.cell_length != width:
            strip = strip.adjust_cell_length(width, Style(bgcolor=self._background.rich_color))
        for each in self._filters:
            strip = strip.apply_filter(each, self._background)
        return strip


class KeptGround(KeptLines):
    """The same of a container: nothing of its own is seen but its ground."""

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - all are alike
        """A line of the ground."""
        return Strip.blank(self.region.width, Style(bgcolor=self.background_colors[1].rich_color))


class Unseen(Base):
    """The same of a container that its children cover: it is never painted; what lies behind it is."""

    def render_lines(self, crop: Region) -> list[Strip]:  # noqa: ARG002 - none of them
        """No lines."""
        return _NOTHING


class KeptScrollBar(KeptLines, ScrollBar):
    """A scrollbar, of which a line is painted when its thumb has moved."""


class KeptScroll(Base):
    """Goes before the base of a widget that scrolls, for its scrollbar."""

    _vertical_scrollbar: ScrollBar | None

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scrollbar, made when it is asked for first, as Textual does it."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = KeptScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)  # noqa: SLF001 - there is no other way
        return self._vertical_scrollbar
