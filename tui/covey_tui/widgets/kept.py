"""Widgets that keep their lines painted until they change, and a screen that writes those alone.

At every update Textual asks each widget that touches the smallest rectangle around all changes for all of its lines,
walks each of them through its styles and filters, and cuts it where any other widget of the screen begins; changed or
not. Here they are walked through their filters once: a widget without border and padding has nothing but its lines. And
where nothing lies over a line, and nothing but lines has changed, the line is written as it is.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.color import Color
from textual.dom import NoScreen
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.scrollbar import ScrollBar
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console, ConsoleRenderable
    from textual.screen import Screen
    from textual.widget import Widget
    from textual.widget import Widget as Base

    BaseScreen = Screen[None]
    _Placed = Mapping[Widget, tuple[Region, Region]]
else:
    Base = BaseScreen = object  # a widget takes its styles from its first base that is a widget: this must not be one

_NOTHING: list[Strip] = []
_FRAME = 1 / 120
"""Seconds from one update of the screen to the next, at least: as often as Textual looks, by `TEXTUAL_FPS`."""


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
                self._kept[y] = self._filtered(self.render_line(y))
        return [self._part(strip, *crop.column_span) for strip in self._kept[crop.y : crop.bottom] if strip is not None]

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Have these parts painted, or all of the widget; on a screen that is prompt, without a message to it."""
        screen = self._prompt_screen() if regions and repaint and not layout and not recompose else None
        if screen is None:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        self._set_dirty(*regions)
        screen.paint_soon(self)
        return self

    def _prompt_screen(self) -> "PromptScreen | None":
        """Its screen if that is prompt; none before the widget has come there, and none after it has gone."""
        try:
            screen = self.screen if self._is_mounted else None
        except NoScreen:
            return None
        return screen if isinstance(screen, PromptScreen) else None

    def _set_dirty(self, *regions: Region) -> None:
        """The one place where Textual learns that lines have changed."""
        if not regions:
            self._kept_for = None
            super()._set_dirty()
            return
        if self._kept_for is not None:
            for region in regions:
                for y in range(max(0, region.y), min(region.bottom, len(self._kept))):
                    self._kept[y] = None
        self._repaint_regions.update(regions)

    def _filtered(self, strip: Strip) -> Strip:
        for each in self._filters:
            strip = strip.apply_filter(each, self._background)
        return strip

    def _part(self, strip: Strip, left: int, right: int) -> Strip:
        """A part of a line; behind its end there is the ground."""
        if left == 0 and strip.cell_length == right:
            return strip
        if strip.cell_length < right:
            ground = Strip.blank(right - strip.cell_length, Style(bgcolor=self._background.rich_color))
            strip = Strip.join([strip, self._filtered(ground)])
        return strip.crop(left, right)


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
            self._vertical_scrollbar.set_reactive(ScrollBar.position, self.scroll_y)
            self.app._start_widget(self, self._vertical_scrollbar)  # noqa: SLF001 - there is no other way
        return self._vertical_scrollbar

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The scrollbar has its place also where it is not shown yet; Textual tells it only while it is."""
        if self._vertical_scrollbar is not None:
            self._vertical_scrollbar.position = new_value
        super().watch_scroll_y(old_value, new_value)


class _Piece(NamedTuple):
    """A piece of a line, and where it begins."""

    x: int
    y: int
    strip: Strip


class _Pieces(CompositorUpdate):
    """Pieces of lines, as they are written."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = pieces

    def render_segments(self, console: "Console") -> str:
        """What the terminal is sent."""
        return "".join(f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for x, y, strip in self._pieces)


class PromptScreen(BaseScreen):
    """Goes before the base of a screen that paints lines as soon as what has changed them is done.

    Textual has the widget send its screen a message, and the screen wait for a timer then.
    """

    _painted_at = 0.0
    _is_due = False
    _placement: tuple["_Placed", Mapping["Widget", Sequence[Region]]] | None = None

    def paint_soon(self, widget: "Widget") -> None:
        """Paint what has changed of a widget."""
        self._dirty_widgets.add(widget)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._paint)

    def _paint(self) -> None:
        self._is_due = False
        is_more_to_come = any(map(_has_more_to_tell, self._dirty_widgets))
        if is_more_to_come or time.monotonic() - self._painted_at < _FRAME:
            self._update_timer.resume()
            return
        try:
            self._on_timer_update()
        except Exception as error:  # noqa: BLE001 - as Textual's timer does it: the app ends, and says why
            self.app._handle_exception(error)  # noqa: SLF001

    def _on_timer_update(self) -> None:
        pieces = self._pieces()
        if pieces is None:
            super()._on_timer_update()
            return
        self._update_timer.pause()
        if pieces:
            self._painted_at = time.monotonic()
            self.app._display(self, cast("ConsoleRenderable", _Pieces(pieces)))  # noqa: SLF001 - there is no other way

    def _pieces(self) -> list[_Piece] | None:
        """What is to be written, if nothing but lines has changed, and nothing lies over them; else None."""
        compositor = self._compositor
        is_more = self._layout_required or self._scroll_required or self._repaint_required or self._recompose_required
        is_top = self.is_current and self.app.screen is self and not self.app._batch_count  # noqa: SLF001
        if is_more or not is_top or self._callbacks or compositor._dirty_regions:  # noqa: SLF001
            return None
        placed = compositor.visible_widgets
        if self._placement is None or self._placement[0] is not placed:
            self._placement = placed, _in_front(placed)
        changed: list[tuple[KeptLines, Region]] = []
        for widget in self._dirty_widgets:
            if widget not in placed or not isinstance(widget, KeptLines):
                return None
            region, clip = placed[widget]
            for dirty in widget._repaint_regions:  # noqa: SLF001
                seen = clip.intersection(region.intersection(dirty.translate(region.offset)))
                if any(seen.overlaps(other) for other in self._placement[1][widget]):
                    return None
                changed.append((widget, seen))
        for widget in self._dirty_widgets:
            widget._exchange_repaint_regions()  # noqa: SLF001
        self._dirty_widgets.clear()
        return [piece for widget, seen in changed for piece in _painted(widget, seen, placed[widget][0])]


def _has_more_to_tell(widget: "Widget") -> bool:
    """It has been scrolled, or changed as a whole, and its screen has not heard of it yet: all of it is one change."""
    return widget._scroll_required or widget._repaint_required or widget._layout_required  # noqa: SLF001


def _painted(widget: KeptLines, seen: Region, region: Region) -> list[_Piece]:
    strips = widget.render_lines(seen.translate(-region.offset))
    return [_Piece(seen.x, y, strip) for y, strip in zip(seen.line_range, strips, strict=True)]


def _in_front(placed: "_Placed") -> dict["Widget", Sequence[Region]]:
    """For each of the widgets, which are placed from front to back, what of others lies before it."""
    found: dict[Widget, Sequence[Region]] = {}
    front: list[Region] = []
    for widget, (region, clip) in placed.items():
        found[widget] = tuple(front)
        if not isinstance(widget, Unseen):
            front.append(clip.intersection(region))
    return found
