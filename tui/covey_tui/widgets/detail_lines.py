"""The scrolling lines of the detail: moved by keys, searched, and, for a transcript, followed at their end."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from covey.model.command import TranscriptRow
from covey.text.words import plural
from covey_tui.painted import palette_of
from covey_tui.view.detail.steps import StepLine
from covey_tui.view.detail.transcript import OLDER, TranscriptLines
from covey_tui.view.spans import BLANK, MUTED, STRONG, Ground, Line, Role, Tone, span
from covey_tui.widgets.lines import Lines

CURSOR: Line = (span("▌", Tone(Role.PRIMARY)),)
LONGEST_LINE = 101
"""The most cells of a line, however wide the pane is: long lines are not read."""


class DetailLines(Lines):
    """Lines with a margin to the left; the scrollbar's cell is the margin to the right."""

    DEFAULT_CSS = """
    DetailLines {
        scrollbar-gutter: stable; overflow-y: auto; background: $covey-surface;
        scrollbar-background: $covey-surface; scrollbar-background-hover: $covey-surface;
        scrollbar-background-active: $covey-surface; scrollbar-color: $covey-faint;
        scrollbar-color-hover: $covey-faint; scrollbar-color-active: $covey-faint;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", id="detail.up", show=False),
        Binding("down,j", "scroll_down", "down", id="detail.down", show=False),
        Binding("pageup", "page_up", "page up", id="detail.page_up", show=False),
        Binding("pagedown", "page_down", "page down", id="detail.page_down", show=False),
        Binding("home,g", "scroll_home", "beginning", id="detail.beginning", show=False),
        Binding("end,G", "scroll_end", "end", id="detail.end", show=False),
    ]
    inset: reactive[int] = reactive(1)
    """Cells of margin to the left."""
    found: reactive[int | None] = reactive(None)
    """The line that a search has found."""

    @property
    def cells(self) -> int:
        """How many cells a line has: those of the pane around it, which has its size though this may be hidden."""
        width = self.parent.size.width if isinstance(self.parent, Widget) else 0
        return min(LONGEST_LINE, max(1, width - self.inset - 1)) if width else LONGEST_LINE

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        place = y + self.scroll_offset.y
        line = self.lines[place] if place < len(self.lines) else BLANK
        return self.painted(line, Ground.CURSOR if place == self.found else self.ground)

    def painted(self, line: Line, ground: Ground, margin: Line = BLANK) -> Strip:
        """A line behind its margin, over the whole width."""
        palette, rest = palette_of(self), max(0, self.size.width - self.inset)
        return Strip.join([palette.strip(margin, ground, self.inset), palette.strip(line, ground, rest)])

    def search(self, text: str) -> bool:
        """Go to the next line that contains the text, from the last one found on and round the end."""
        wanted, count = text.casefold(), len(self.lines)
        begin = self.scroll_offset.y if self.found is None else self.found + 1
        for step in range(count if wanted else 0):
            place = (begin + step) % count
            if wanted in "".join(piece.text for piece in self.lines[place]).casefold():
                self.found = place
                self.go_to(place)
                return True
        self.found = None
        return False

    def go_to(self, place: int) -> None:
        """Scroll as far as is needed to see a line, with a little of what is around it."""
        top, height = self.scroll_offset.y, self.size.height
        if not top <= place < top + height:
            self.scroll_to(y=max(0, place - height // 3), animate=False, force=True, immediate=True)

    def action_scroll_up(self) -> None:
        """A line up."""
        self.scroll_up(animate=False, immediate=True)

    def action_scroll_down(self) -> None:
        """A line down."""
        self.scroll_down(animate=False, immediate=True)

    def action_page_up(self) -> None:
        """A page up."""
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """A page down."""
        self.scroll_page_down(animate=False)

    def action_scroll_home(self) -> None:
        """To the beginning."""
        self.scroll_home(animate=False, immediate=True)

    def action_scroll_end(self) -> None:
        """To the end."""
        self.scroll_end(animate=False, immediate=True)


class TranscriptView(DetailLines):
    """The transcript of one attempt: it follows the end until somebody scrolls up."""

    following: reactive[bool] = reactive(default=True)
    """New lines are shown as they come."""
    missed: reactive[int] = reactive(0)
    """How many lines have come since the end was left."""

    class OlderWanted(Message):
        """Somebody wants what is older than the first line."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._own_move = False
        self._nothing: list[Line] = []
        self.transcript = TranscriptLines(LONGEST_LINE)

    def begin_transcript(self, path: str | None) -> None:
        """Begin with an empty transcript, whose file has this path."""
        self.transcript = TranscriptLines(self.cells, path)
        self.found, self.missed, self.following = None, 0, True
        self._show(0)

    def say_nothing(self, lines: list[Line]) -> None:
        """What is shown as long as there is nothing."""
        if lines != self._nothing:
            self._nothing = lines
            self._show(0)

    def append(self, rows: Sequence[TranscriptRow]) -> None:
        """Add rows that are newer than those that are shown."""
        had_older = self.transcript.has_older
        grown = self.transcript.append(rows)
        if grown.added or grown.dropped:
            self.missed = 0 if self.following else self.missed + grown.added
            self._show(int(self.transcript.has_older) - int(had_older) - grown.dropped)

    def prepend(self, rows: Sequence[TranscriptRow]) -> None:
        """Add rows that are older than those that are shown; what is in view stays where it is."""
        had_older = self.transcript.has_older
        added = self.transcript.prepend(rows)
        self.following = False
        self._show(added + int(self.transcript.has_older) - int(had_older))

    def _show(self, moved: int) -> None:
        """Show the lines as they are now; `moved` is how far down the line in view has gone."""
        older = [OLDER] if self.transcript.has_older else []
        top = self.scroll_offset.y
        self._own_move = True
        self.lines = [*older, *self.transcript.lines] or self._nothing
        self.virtual_size = Size(0, len(self.lines))
        if self.found is not None:
            self.found = self.found + moved if self.found + moved >= 0 else None
        if self.following:
            self.scroll_end(animate=False, force=True, immediate=True)
        elif moved:
            self.scroll_to(y=max(0, top + moved), animate=False, force=True, immediate=True)
        self._own_move = False
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls up stops following; whoever comes to the end follows again."""
        super().watch_scroll_y(old_value, new_value)
        if self._own_move:
            return
        if new_value >= self.max_scroll_y:
            self._follow()
        elif new_value < old_value:
            self.following = False

    def _follow(self) -> None:
        self.following, self.missed = True, 0

    def watch_missed(self) -> None:
        """The last line tells how many."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the window; the last one tells what has come while the end was out of sight."""
        if not self.following and self.missed and y == self.size.height - 1:
            news = span(plural(self.missed, "new line"), MUTED)
            return self.painted((news, span("   "), span("G", STRONG), span(" follow", MUTED)), Ground.PANEL)
        return super().render_line(y)

    def _on_resize(self, _: Resize) -> None:
        self.transcript.resize(self.cells)
        self._show(0)

    def action_scroll_home(self) -> None:
        """To the beginning; there, ask for what is older."""
        if self.scroll_offset.y == 0 and self.transcript.has_older:
            self.post_message(self.OlderWanted())
        super().action_scroll_home()

    def action_scroll_end(self) -> None:
        """To the end, to follow it."""
        self._follow()
        moved = self.transcript.release()
        self._show(-moved)


class StepsView(DetailLines):
    """The interactions of a session: a cursor goes from one to the next, Enter unfolds it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "unfold", "unfold", id="detail.unfold", show=False)]
    cursor: reactive[str | None] = reactive(None)
    """The id of the interaction under the cursor; None is the newest."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.unfolded: set[str] = set()
        self._keys: dict[int, str] = {}

    def redraw(self) -> None:
        """Something was unfolded, or folded again."""

    def show_steps(self, lines: Sequence[StepLine]) -> None:
        """Show these lines; the cursor stays on its interaction."""
        self._keys = {place: each.key for place, each in enumerate(lines) if each.key is not None}
        self.show([each.line for each in lines])

    def _at(self) -> int | None:
        """The line of the cursor."""
        places = list(self._keys)
        return next((place for place in places if self._keys[place] == self.cursor), places[-1] if places else None)

    def watch_cursor(self) -> None:
        """Another line stands out."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the window; that under the cursor stands out."""
        place = y + self.scroll_offset.y
        if self.has_focus and place == self._at() and place < len(self.lines):
            return self.painted(self.lines[place], Ground.CURSOR, CURSOR)
        return super().render_line(y)

    def _move(self, by: int) -> None:
        places, at = list(self._keys), self._at()
        if at is None:
            return
        place = places[min(len(places) - 1, max(0, places.index(at) + by))]
        self.cursor = self._keys[place]
        self.go_to(place)

    def action_scroll_up(self) -> None:
        """To the interaction before."""
        self._move(-1)

    def action_scroll_down(self) -> None:
        """To the next interaction."""
        self._move(1)

    def action_scroll_home(self) -> None:
        """To the first interaction."""
        self._move(-len(self._keys))
        super().action_scroll_home()

    def action_scroll_end(self) -> None:
        """To the newest interaction."""
        self._move(len(self._keys))
        super().action_scroll_end()

    def action_unfold(self) -> None:
        """Unfold the interaction under the cursor, or fold it again."""
        at = self._at()
        if at is not None:
            self.cursor = self._keys[at]
            self.unfolded ^= {self._keys[at]}
            self.redraw()
