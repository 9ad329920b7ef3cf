"""The monitor's screen: the runs at a glance, the tree, the detail of the row under the cursor, and the keys.

It decides nothing about what it shows; that is the view's matter. It hands each change of the board to whoever paints
some of it, and each key to whoever carries it out.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from covey.client.beginning import Beginning
from covey.client.ui import KEYS, UiSettings, shown
from covey_tui.link import Link
from covey_tui.notifier import Notifier
from covey_tui.painted import PaintedApp
from covey_tui.screens.acting import Acting
from covey_tui.screens.bars import Bars
from covey_tui.screens.looking import Looking
from covey_tui.screens.over import Over
from covey_tui.screens.searching import Searching
from covey_tui.view.answers import warning
from covey_tui.view.board import Board, Change
from covey_tui.view.frame import frame
from covey_tui.view.keys import ASKED, OF_ONE, PAUSES, why_not
from covey_tui.view.needs import Needs
from covey_tui.view.spans import Line, span
from covey_tui.view.words import name_of
from covey_tui.widgets.detail import DetailPane, Tab
from covey_tui.widgets.empty import EmptyPane
from covey_tui.widgets.kept import KeptGround, PromptScreen, Unseen
from covey_tui.widgets.paced import Paced
from covey_tui.widgets.search import SearchField
from covey_tui.widgets.session_tree import SessionTree

if TYPE_CHECKING:
    from covey_tui.screens.intervention import Act

TOAST_SECONDS = 4.0
_SIDE_INSET, _UNDER_INSET = 2, 1


class _Body(Unseen, Container):
    """What lies between the top and the footer."""


class _Left(Unseen, Vertical):
    """The tree with its heads."""


class MonitorScreen(KeptGround, PromptScreen, Screen[None]):
    """The screen over a board; `now` gives the present moment. What is shown is of one moment until the next second."""

    CSS_PATH = "monitor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(key.keys), f"act('{binding}')", key.label, id=binding, show=False)
        for binding, key in KEYS.items()
    ]

    def __init__(
        self, board: Board, link: Link, now: Callable[[], datetime], settings: UiSettings | None = None
    ) -> None:
        super().__init__()
        self.board = board
        self.needs = Needs(board)
        self._settings = settings or UiSettings()
        self._now, self._moment, self._link = now, now(), link
        self.frame = frame(100, 30)
        self.sessions = SessionTree(board, lambda: self._moment)
        self.detail = DetailPane(board, link, self._moment, self.key)
        self.empty = EmptyPane(self.key)
        panes = (self.sessions, self.detail)
        self.looking = Looking(lambda: self.app, board, link.root, panes, self.say)
        self._searching = Searching(self.looking, panes, self.say)
        self._acting = Acting(self, board, link, self.say, self.key)
        self._notifier = Notifier(self.needs, lambda text: cast("PaintedApp", self.app).tell_terminal(text))
        self._over = Over(self, board, self.needs, self.key, self.say)
        self._toast: Timer | None = None
        self._bars = Bars(self, board, self.needs, self.key, lambda: self._moment)
        self._numbers, self._news = Paced(self, self._bars.show_top), Paced(self, self._show_news)

    def compose(self) -> ComposeResult:
        """The top, tree and detail, and the footer."""
        yield self._bars.summary
        yield self._bars.alert
        with _Body(id="body"):
            with _Left(id="left"):
                yield self._bars.heads
                yield self.sessions
            yield self.detail
        yield self.empty
        yield self._bars.footer
        yield self._searching.field
        yield self._bars.small

    def on_mount(self) -> None:
        """The tree has the focus; once a second the times go on."""
        self.sessions.focus()
        self._notifier.begin()
        self.set_interval(1.0, self.tick)
        if self._settings.mistakes:
            self.warn(f"covey.toml: {'; '.join(each.message for each in self._settings.mistakes)}")

    def on_unmount(self) -> None:
        """The window gets its title back."""
        self._notifier.end()

    # What the feed tells.

    def begun(self) -> None:
        """The board holds other rows than before."""
        if self.has_class("-empty"):
            self.remove_class("-empty")
            self.sessions.focus()
        self.needs.load()
        self._notifier.again()
        self.sessions.load()
        self.detail.show(self.sessions.cursor, tuple(self.sessions.marks))
        self._show_all()

    def changed(self, change: Change) -> None:
        """Some sessions have changed."""
        news = self.needs.apply(change)
        self._notifier.follow(change)
        self.sessions.apply(change)
        self.detail.apply(change)
        if news:
            self._news()
        elif change.counted:
            self._numbers()
        if self._bars.heads_differ(self.sessions, self.looking):
            self._show_heads()
        if not change.changed.isdisjoint({self.sessions.cursor, *self.sessions.marks}):
            self._show_footer()
        self._over.changed(needs_changed=news)

    def nothing_yet(self, found: Beginning) -> None:
        """Nothing was ever run here: show what there is to begin with."""
        self.empty.show(found)
        if not self.has_class("-empty"):
            self.add_class("-empty")
            self.empty.focus()
        self._show_all()

    def stirred(self) -> None:
        """Something was stored, whatever it was: transcripts are no events."""
        self.detail.ask()
        self._over.stirred()

    def spoke(self, session_ids: frozenset[str]) -> None:
        """The agents of these sessions have done something since it was last looked."""
        self.sessions.pulse(session_ids)

    def paid_elsewhere(self) -> None:
        """Less is left of a budget than the runs that are shown have spent of it."""
        self._bars.show_top()

    def engine_changed(self) -> None:
        """The engine has come, gone, or taken other settings."""
        self._bars.show_top()
        self._show_footer()

    # What is shown.

    def say(self, line: Line) -> None:
        """Say something in the footer's place for four seconds."""
        self._put(line)
        if self._toast is not None:
            self._toast.stop()
        self._toast = self.set_timer(TOAST_SECONDS, partial(self._put, None))

    def warn(self, text: str) -> None:
        """Say what somebody should know, although they go on."""
        self.say(warning(text))

    def _put(self, line: Line | None) -> None:
        self._bars.said = line
        self._show_footer()
        self._over.say(line)

    def tick(self) -> None:
        """Times go on, all of them in one frame."""
        self._moment = self._now()
        self.sessions.tick()
        self.detail.tick(self._moment)
        self._bars.show_top()

    def _show_all(self) -> None:
        self._bars.show_top()
        self._show_heads()
        self._show_footer()

    def _show_news(self) -> None:
        """Others need somebody than before."""
        self._bars.show_top()
        self._show_footer()

    def _show_heads(self) -> None:
        """A narrow screen has no heads, but it says that it does not show all of the tree, or not in its order."""
        self.set_class(self.looking.filter is not None or self.looking.needing_first, "-chosen")
        self._bars.show_heads(self.sessions, self.looking)

    def _show_footer(self) -> None:
        typing, can_begin = self._searching.keys, self.empty.can_begin
        self._bars.show_footer(self.sessions, self.looking, self.detail, typing, can_begin=can_begin)

    def key(self, binding: str) -> str:
        """The keys of a binding as people read them."""
        keys = self._settings.keys_of(binding)
        return shown(keys[0]) if keys else ""

    # Events.

    def on_resize(self, event: Resize) -> None:
        """Divide the screen anew."""
        self.frame = frame(event.size.width, event.size.height)
        self._arrange()
        self.call_after_refresh(self._show_all)

    def _arrange(self) -> None:
        parts = self.frame
        self.set_class(parts.airy, "-airy")
        self.set_class(not parts.is_side_by_side, "-under")
        self.set_class(self._bars.is_full, "-full")
        self.set_class(parts.is_too_small, "-small")
        self.detail.inset = _SIDE_INSET if parts.is_side_by_side else _UNDER_INSET
        self.detail.compact = not parts.is_side_by_side and not self._bars.is_full
        self.detail.styles.width = "1fr" if self._bars.is_full or not parts.is_side_by_side else parts.detail
        self.detail.styles.height = "1fr" if self._bars.is_full or parts.is_side_by_side else parts.peek
        self.detail.display = parts.is_side_by_side or self._bars.is_full or parts.peek > 0
        self._bars.show_small(parts)

    def on_descendant_focus(self) -> None:
        """Other keys work now."""
        self._show_footer()

    def on_session_tree_cursor_moved(self, event: SessionTree.CursorMoved) -> None:
        """Show the detail of the row under the cursor."""
        self.detail.show(event.session_id, tuple(self.sessions.marks))
        self._show_footer()

    def on_session_tree_opened(self) -> None:
        """Give the detail the focus, or the whole screen where it has no place beside the tree."""
        self._open_detail(full=not self.frame.is_side_by_side)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what matches so far."""
        event.stop()
        self._searching.follow(event.value)
        self._show_heads()

    def on_search_field_left(self, event: SearchField.Left) -> None:
        """Go on with what was found, or with everything."""
        self._searching.leave(event.text)
        self._show_all()

    def on_empty_pane_moved(self) -> None:
        """Not every line can be run from here."""
        self._show_footer()

    def on_empty_pane_copied(self, event: EmptyPane.Copied) -> None:
        """Put the line where it can be pasted."""
        self.app.copy_to_clipboard(event.choice.command)
        self.say((span(f"Copied: {event.choice.command}"),))

    def on_empty_pane_chosen(self, event: EmptyPane.Chosen) -> None:
        """Run the line, or say how."""
        if event.choice.modules:
            self._work(self._acting.begin(event.choice))
        else:
            self.say((span("y copies this line; run it in a terminal"),))

    def _open_detail(self, *, full: bool) -> None:
        self._bars.is_full = full
        self._arrange()
        self.detail.take_focus()
        self._show_footer()

    # Keys.

    def action_act(self, binding: str) -> None:
        """Carry out what a key is for."""
        if binding in ASKED:
            marks = () if binding in PAUSES | OF_ONE else tuple(self.sessions.marks)
            chosen = marks or ((self.sessions.cursor,) if self.sessions.cursor else ())
            self._ask_for(binding, chosen)
        elif self.has_class("-empty") and (objection := why_not(self.board, binding, None)) is not None:
            self.say((span(objection),))
        else:
            self._deeds()[binding]()
            self._show_heads()
            self._show_footer()

    def _deeds(self) -> dict[str, Callable[[], object]]:
        looking, detail = self.looking, self.detail
        return {
            "run.retry_all": self._retry_below,
            "run.undo": lambda: self._undo(self.sessions.cursor),
            "run.stop": lambda: self._work(self._acting.stop()),
            "session.open_file": looking.open_file,
            "view.copy": looking.copy,
            "view.next_need": lambda: looking.go_to_need(forward=True),
            "view.previous_need": lambda: looking.go_to_need(forward=False),
            "view.intervention": self._intervene,
            "view.problems": looking.problems,
            "view.filter": looking.next_state,
            "view.order": looking.order,
            "view.search": self._searching.begin,
            "view.mark": partial(self._mark, looking.mark),
            "view.mark_all": partial(self._mark, looking.mark_all),
            "view.transcript": partial(detail.choose, Tab.TRANSCRIPT),
            "view.artifact": detail.toggle_diff,
            **{f"view.tab_{number}": partial(detail.choose, number) for number in range(1, 6)},
            "view.next_pane": self._next_pane,
            "view.back": self._back,
            "view.commands": self.app.action_command_palette,
            "view.help": lambda: self._help(self.sessions.cursor),
            "app.leave": lambda: self.app.exit(0),
        }

    @work(group="acting")
    async def _ask_for(self, binding: str, ids: tuple[str, ...]) -> None:
        if await self._acting.act(binding, ids):
            self.sessions.unmark()
            self._over.unmark()
            self.detail.show(self.sessions.cursor)
        self._show_footer()

    def _retry_below(self) -> None:
        cursor = self.sessions.cursor
        self._retry_all(cursor if cursor is not None and self.board.is_parent(cursor) else None)

    @work(group="acting")
    async def _retry_all(self, under: str | None) -> None:
        name = name_of(self.board.session(under)) if under is not None else self.board.project
        await self._acting.retry_failed(self.needs.retried_together(under), name)

    def _undo(self, session_id: str | None) -> None:
        self._work(self._acting.undo(session_id))

    def _work(self, wanted: Coroutine[Any, Any, object]) -> None:
        """Carry something out while the screen goes on."""
        self.run_worker(wanted, group="acting")

    @work(exclusive=True, group="intervening")
    async def _intervene(self) -> None:
        marked = frozenset(self.sessions.marks)
        found = await self._over.intervention(self._bars.top, self._act_together, self._undo, self._help, marked)
        if found is not None:
            self.sessions.go_to(found)

    def show_decisions(self) -> None:
        """Show what was decided, and what came to need somebody."""
        self._over.decisions(self._link)

    def _act_together(self, act: "Act") -> None:
        if act.together:
            self._retry_all(None)
        else:
            self._ask_for(act.deed.value, act.session_ids)

    def _mark(self, mark: Callable[[], None]) -> None:
        mark()
        self.detail.show(self.sessions.cursor, tuple(self.sessions.marks))

    def _next_pane(self) -> None:
        """Give the other pane the focus; none is in sight while the detail has the whole screen."""
        if self._bars.is_full:
            return
        if self.detail.has_focus_within:
            self.sessions.focus()
        elif self.detail.display:
            self.detail.take_focus()

    def _back(self) -> None:
        """Peel one layer: marks, the filter, the detail."""
        if self.sessions.marks:
            self.sessions.unmark()
            self.detail.show(self.sessions.cursor)
        elif self.looking.filter is not None:
            self.looking.narrow(None)
        elif self._bars.is_full or self.detail.has_focus_within:
            self._bars.is_full = False
            self._arrange()
            self.sessions.focus()

    def _help(self, session_id: str | None) -> None:
        self._over.help(session_id, self._settings)
