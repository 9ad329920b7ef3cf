"""The detail of the session under the cursor: its head, its tabs and what they show.

The pane knows the board, and asks its `DetailSource` for what the board does not hold: transcript, interactions, file
and diff. One question is open at a time; when something else is shown meanwhile, its answer is not waited for.
"""

import asyncio
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import Worker

from covey.errors import CoveyError
from covey.text.sanitise import sanitise_line
from covey_tui.painted import palette_of
from covey_tui.view.board import Board, Change
from covey_tui.view.detail.head import (
    Tab,
    head_line,
    marked_head,
    peek_line,
    tab_for,
    tabs_line,
    tabs_of,
)
from covey_tui.view.hints import KeyOf, usual
from covey_tui.view.spans import BLANK, Ground, Line
from covey_tui.widgets.detail_contents import LARGE, ArtifactContent, BoardContent, StepsContent, TranscriptContent
from covey_tui.widgets.detail_lines import CURSOR, DetailLines, TranscriptView
from covey_tui.widgets.detail_source import DetailSource, Scene
from covey_tui.widgets.kept import KeptGround, KeptLines
from covey_tui.widgets.paced import Paced

__all__ = ["DetailPane", "DetailSource", "Tab"]

_Content = BoardContent | TranscriptContent | StepsContent | ArtifactContent


class Head(KeptLines, Widget):
    """The lines above the content; the mark of the focus stands in the first one's margin."""

    DEFAULT_CSS = "Head { height: 3; background: $covey-surface; }"
    inset: reactive[int] = reactive(1)
    """Cells of margin to the left."""
    marked: reactive[bool] = reactive(default=False)
    """The pane has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()

    def show(self, *lines: Line) -> None:
        """Show these lines; those that are as before are not painted again."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.styles.height = len(lines)
        for y, line in enumerate(lines):
            if before[y : y + 1] != (line,):
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the head."""
        palette, ground = palette_of(self), Ground.SURFACE
        line = self._lines[y] if y < len(self._lines) else BLANK
        margin = palette.strip(CURSOR if self.marked and y == 0 else BLANK, ground, self.inset)
        return Strip.join([margin, palette.strip(line, ground, max(0, self.size.width - self.inset))])


class DetailPane(KeptGround, Vertical):
    """The detail; see the module. `compact` is the peek below a narrow tree, `inset` its margin to the left.

    `key` gives the keys of a binding as people read them. `is_answered`: nothing is asked for that is not shown yet.
    """

    DEFAULT_CSS = """
    DetailPane { background: $covey-surface; }
    DetailPane > TranscriptContent, DetailPane > StepsContent, DetailPane > ArtifactContent { display: none; }
    """
    compact: reactive[bool] = reactive(default=False, init=False)
    """Name and tabs share a line, and there are no blank lines."""
    inset: reactive[int] = reactive(1)
    """Cells of margin to the left."""

    def __init__(self, board: Board, source: DetailSource, now: datetime, key: KeyOf = usual) -> None:
        super().__init__()
        self._board, self._source, self._now, self._key = board, source, now, key
        self._head = Head()
        self._contents = (BoardContent(), TranscriptContent(), StepsContent(), ArtifactContent())
        self._content: _Content = self._contents[0]
        self._session_id: str | None = None
        self._attempt = 0
        self._marked: tuple[str, ...] = ()
        self._chosen: Tab | None = None
        self._tab = Tab.TRANSCRIPT
        self._asked = asyncio.Event()
        self._answering: Worker[None] | None = None
        self.is_answered = True
        self._unreadable: str | None = None
        self._draw_sums = Paced(self, self._draw)

    def compose(self) -> ComposeResult:
        """The head, and the contents, one of them shown."""
        yield self._head
        yield from self._contents

    # What is shown.

    @property
    def tab(self) -> Tab:
        """The tab that is shown."""
        return self._tab

    @property
    def other_view(self) -> str:
        """What the artifact's tab shows besides what it shows now; nothing where another tab is shown, or no file."""
        content, scene = self._content, self._scene()
        if scene is None or not isinstance(content, ArtifactContent) or scene.session.artifact_path is None:
            return ""
        return "file" if content.shows_diff else "diff"

    @property
    def can_unfold(self) -> bool:
        """The steps of a session that has begun are shown: Enter unfolds them."""
        scene = self._scene()
        return isinstance(self._content, StepsContent) and scene is not None and scene.session.started_at is not None

    @property
    def session_id(self) -> str | None:
        """The session that is shown."""
        return self._session_id

    def show(self, session_id: str | None, marked: tuple[str, ...] = ()) -> None:
        """Show a session, or the sums over those that are marked; None shows nothing."""
        known = session_id if session_id is not None and session_id in self._board else None
        there = tuple(key for key in marked if key in self._board)
        if (known, there) == (self._session_id, self._marked) and known is not None:
            return
        self._session_id, self._marked = known, there
        if known is not None:
            self._tab = tab_for(self._board, self._board.session(known), self._chosen)
        self._begin()

    def choose(self, tab: Tab | int) -> None:
        """Show a tab from now on, whatever the session; a number counts the tabs from 1."""
        if self._session_id is None:
            return
        session = self._board.session(self._session_id)
        tabs = tabs_of(self._board, session)
        self._chosen = tabs[min(max(tab, 1), len(tabs)) - 1] if isinstance(tab, int) else tab
        before, self._tab = self._tab, tab_for(self._board, session, self._chosen)
        if self._tab is not before:
            self._begin()

    def toggle_diff(self) -> None:
        """Show the file's difference from the last commit, or the file again; goes to its tab first."""
        if self._tab is not Tab.ARTIFACT:
            self.choose(Tab.ARTIFACT)
        elif isinstance(self._content, ArtifactContent):
            self._content.toggle_diff()
            self.ask()

    def apply(self, change: Change) -> None:
        """The board has changed: draw again what depends on it."""
        scene = self._scene()
        if scene is None:
            return
        tab = tab_for(self._board, scene.session, self._chosen)
        is_over = self._tab is Tab.PROBLEM and tab is not Tab.PROBLEM
        if is_over or scene.session.attempt != self._attempt:
            self._tab = tab
            self._begin()
        elif scene.session.id in change.changed or not change.changed.isdisjoint(self._marked):
            self._draw()
            self.ask()
        elif 0 < self._board.tally(scene.session.id).total <= LARGE:
            self._draw_sums()

    def tick(self, now: datetime) -> None:
        """A second has passed: times go on, and a running session may have said something."""
        self._now = now
        scene = self._scene()
        if scene is not None and self._unreadable is not None:
            self._begin()
        elif scene is not None:
            self._draw()
            if scene.session.phase is not None:
                self.ask()

    def search(self, text: str) -> bool:
        """Go to the next line with this text; False where there is none."""
        return self._content.search(text)

    def take_focus(self) -> None:
        """Give the focus to what is shown."""
        self.screen.set_focus(self._content)

    # How it is shown.

    def _scene(self) -> Scene | None:
        """The moment as it is to be drawn; None when nothing is shown."""
        if self._session_id is None or self._session_id not in self._board:
            return None
        session = self._board.session(self._session_id)
        return Scene(self._board, session, self._now, self._tab, self._marked, self.compact, self._key)

    def _begin(self) -> None:
        """Show something else: its content from the beginning."""
        scene = self._scene()
        self._unreadable = None
        self._reveal(self._contents[0] if scene is None or scene.marked else self._content_of(scene.tab))
        self._drop_question()
        if scene is None:
            self._head.show(*[BLANK] * (1 if self.compact else 3))
            self._contents[0].show(())
            return
        self._attempt = scene.session.attempt
        self._content.begin(scene)
        self._draw()
        self.ask()

    def _content_of(self, tab: Tab) -> _Content:
        board, transcript, steps, artifact = self._contents
        others: dict[Tab, _Content] = {Tab.TRANSCRIPT: transcript, Tab.STEPS: steps, Tab.ARTIFACT: artifact}
        return others.get(tab, board)

    def _reveal(self, content: _Content) -> None:
        has_focus = self.has_focus_within
        self._content = content
        for each in self._contents:
            each.display = each is content
        if has_focus:
            self.take_focus()

    def _draw(self) -> None:
        scene = self._scene()
        if scene is None or not self.size.width:
            return
        self._head.show(*self._head_lines(scene, max(1, self.size.width - self.inset - 1)))
        if self._unreadable is not None:
            self._contents[0].say(self._unreadable)
        else:
            self._content.draw(scene)

    def _head_lines(self, scene: Scene, width: int) -> tuple[Line, ...]:
        if scene.marked:
            head = marked_head(scene.board, scene.marked, scene.now, width)
            return (head,) if self.compact else (head, BLANK)
        if self.compact:
            return (peek_line(scene.board, scene.session, scene.tab, width),)
        tabs = tabs_line(tabs_of(scene.board, scene.session), scene.tab)
        return (head_line(scene.board, scene.session, scene.now, width), tabs, BLANK)

    # Asking.

    def ask(self) -> None:
        """Ask for what is new in the tab that is shown: whoever sees the store change calls it, as often as it does."""
        if self._session_id is None:
            return
        if self._answering is None or self._answering.is_finished:
            self._answering = self.run_worker(self._answer, group="detail")
        self.is_answered = False
        self._asked.set()

    def _drop_question(self) -> None:
        """Wait no longer for what was asked for."""
        if self._answering is not None and not self.is_answered:
            self._answering.cancel()
            self._answering = None
        self._asked.clear()
        self.is_answered = True

    async def _answer(self) -> None:
        """Load what is asked for, one thing after the other, until something else is shown."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._content.load(self._source)
            except (CoveyError, OSError) as error:
                self._unreadable = f"This could not be read: {sanitise_line(str(error), 1000)}"
                self._reveal(self._contents[0])
                self._draw()
                self.is_answered = True
                return
            self.is_answered = not self._asked.is_set()

    def _on_transcript_view_older_wanted(self, event: TranscriptView.OlderWanted) -> None:
        event.stop()
        if isinstance(self._content, TranscriptContent):
            self._content.wants_older = True
            self.ask()

    # Events.

    def watch_compact(self) -> None:
        """The peek has other lines."""
        self._begin()

    def watch_inset(self, inset: int) -> None:
        """All that is shown has the same margin."""
        for lines in (self._head, *self.query(DetailLines)):
            lines.inset = inset
        self._draw()

    def on_mount(self) -> None:
        """Show what was asked for before there was room for it."""
        self.watch_inset(self.inset)
        self._begin()

    def _on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _on_descendant_focus(self, _: DescendantFocus) -> None:
        self._head.marked = True

    def _on_descendant_blur(self, _: DescendantBlur) -> None:
        self._head.marked = self.has_focus_within  # another tab may have taken it, and have said so before
