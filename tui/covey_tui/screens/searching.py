"""A search: of the tree, which follows what is typed, or of the detail, which is searched once it has been."""

from collections.abc import Callable

from covey.text.sanitise import sanitise_line
from covey_tui.screens.looking import Looking
from covey_tui.view.filters import with_text
from covey_tui.view.hints import hints
from covey_tui.view.spans import Line, span
from covey_tui.widgets.detail import DetailPane
from covey_tui.widgets.search import SearchField
from covey_tui.widgets.session_tree import SessionTree

_SAID = 400
_TREE_KEYS = hints(("Enter", "keep these"), ("Esc", "show all"))
_DETAIL_KEYS = hints(("Enter", "find it"), ("Esc", "leave"))


class Searching:
    """One search at a time, in the pane that had the focus as it began; `field` is where it is typed."""

    def __init__(self, looking: Looking, panes: tuple[SessionTree, DetailPane], say: Callable[[Line], None]) -> None:
        self._looking = looking
        self._tree, self._detail = panes
        self._say = say
        self._is_of_detail = False
        self.field = SearchField()

    @property
    def keys(self) -> Line | None:
        """What can be done while it is typed; None while nothing is."""
        if not self.field.has_focus:
            return None
        return _DETAIL_KEYS if self._is_of_detail else _TREE_KEYS

    def begin(self) -> None:
        """Search the pane that has the focus."""
        self._is_of_detail = self._detail.has_focus_within
        self.field.open("text to find here" if self._is_of_detail else "part of a name")

    def follow(self, text: str) -> None:
        """Show what matches what is typed so far."""
        if not self._is_of_detail:
            self._looking.narrow(with_text(text) if text else None)

    def leave(self, text: str | None) -> None:
        """Go on with what was found; or, without a text, with everything."""
        self.field.close()
        if not self._is_of_detail:
            if not text:
                self._looking.narrow(None)
            self._tree.focus()
            return
        self._detail.take_focus()
        if text and not self._detail.search(text):
            self._say((span(f"Nothing here matches {sanitise_line(text, _SAID)}."),))
