"""Everything that needs a human on one screen, grouped by cause; an action is about the group or row under the cursor.

The screen decides nothing and asks nothing: what a person wants goes to `act`, and the board's changes come by `renew`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

from covey.client.ui import KEYS
from covey_tui.painted import manner_of
from covey_tui.view.alert import alert_above_groups
from covey_tui.view.board import Board
from covey_tui.view.footer import in_its_place
from covey_tui.view.hints import KeyOf, usual
from covey_tui.view.intervention import Cursor, Deed, chosen, footer, sessions_under
from covey_tui.view.keys import why_not
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK, Ground, Line
from covey_tui.widgets.group_list import GroupList
from covey_tui.widgets.lines import Bar

_LOW = 30


@dataclass(frozen=True, slots=True)
class Act:
    """What a person wants for these sessions; nobody has been asked yet. `together` is "retry all that failed"."""

    deed: Deed
    session_ids: tuple[str, ...]
    together: bool = False


class InterventionScreen(Screen[str | None]):
    """Everything that needs a human; its result is the session to show in the tree, None to go back."""

    CSS_PATH = "intervention.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(",".join(KEYS[deed].keys), f"want('{deed}')", KEYS[deed].label, id=deed) for deed in Deed),
        Binding("R", "retry_all", "Retry all that failed", id="run.retry_all"),
        Binding("z", "undo", "Undo", id="run.undo"),
        Binding("v", "mark", "Mark", id="view.mark"),
        Binding("escape,i", "back", "Back", id="view.back"),
        Binding("question_mark,f1", "help", "Help", id="view.help"),
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
        show_help: Callable[[str | None], object],
        footer_end: Line = BLANK,
        marked: frozenset[str] = frozenset(),
        key: KeyOf = usual,
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._board = board
        self._needs = needs
        self._head = head
        self._act = act
        self._undo = undo
        self._show_help = show_help
        self._footer_end = footer_end
        self._said: Line | None = None
        self._key = key
        self._list = GroupList(needs, zone, key, frozenset(key for key in marked if key in needs))

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

    def unmark(self) -> None:
        """Take all marks away."""
        self._list.marked = frozenset()
        self._list.refresh()
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
        """Hand over what is wanted for the marked sessions, else for what is under the cursor; if in vain, for one."""
        deed = Deed(name)
        ids = self._in_order() if self.marked else sessions_under(self.cursor, self._list.layout_of_groups)
        able = chosen(deed, ids, self._needs)
        if able and (deed is not Deed.ANSWER or len(ids) == 1):
            self._act(Act(deed, able))
        elif ids and why_not(self._board, deed, ids[0]) is not None:
            self._act(Act(deed, ids[:1]))  # whoever carries it out says why not

    def action_retry_all(self) -> None:
        """Hand over all that failed or lost their file."""
        ids = self._needs.retried_together()
        if ids:
            self._act(Act(Deed.RETRY, ids, together=True))

    def action_undo(self) -> None:
        """Hand over whose run's last decision is to be taken back; where nothing needs a human, the newest run's."""
        ids = sessions_under(self.cursor, self._list.layout_of_groups)
        self._undo(next(iter((*ids, *reversed(self._board.roots()))), None))

    def action_help(self) -> None:
        """Have all keys shown, and which of them work on what is under the cursor."""
        self._show_help(next(iter(sessions_under(self.cursor, self._list.layout_of_groups)), None))

    def action_mark(self) -> None:
        """Mark what is under the cursor, or take its mark away."""
        ids = frozenset(sessions_under(self.cursor, self._list.layout_of_groups))
        self._list.marked = self.marked - ids if ids <= self.marked else self.marked | ids
        self._list.refresh()
        self._show_bars()

    def action_back(self) -> None:
        """Take all marks away, else go back."""
        if self.marked:
            self.unmark()
        else:
            self.dismiss(None)

    def _in_order(self) -> tuple[str, ...]:
        return tuple(key for group in self._needs.groups() for key in group.ids if key in self.marked)

    def _show_bars(self) -> None:
        cells = max(0, self.size.width - 2)
        self.query_one("#head", Bar).show(*self._head(cells))
        said, ground = alert_above_groups(self._board, self._needs, cells, self._key)
        self.query_one("#alert", Bar).show(said, ground=ground)
        end, manner = self._footer_end, manner_of(self)
        keys = footer(self._needs, self.cursor, self.marked, end, cells, key=self._key, manner=manner)
        if self._said is not None:
            keys = in_its_place(self._said, end, cells)
        self.query_one("#footer", Bar).show(keys, ground=Ground.PANEL)
