"""The screen's middle where nothing was ever run: what there is to begin with, and a cursor over it."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from covey.client.beginning import Beginning
from covey.client.ui import ALL_KEYS
from covey_tui.painted import palette_of
from covey_tui.view.empty import BLOCK, Choice, block, choices
from covey_tui.view.hints import KeyOf
from covey_tui.view.spans import BLANK, Ground, Line, span

_EIGHTH = 8
"""Below the lines at the top, so much of the height is left free."""

_ACTIONS = {"tree.up": "move(-1)", "tree.down": "move(1)", "tree.open": "choose", "view.copy": "copy"}
"""What the keys do here that move in the tree, open and copy."""


class EmptyPane(Widget, can_focus=True):
    """The commands that begin something; the cursor chooses one."""

    DEFAULT_CSS = "EmptyPane { height: 1fr; display: none; background: $covey-background; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(ALL_KEYS[binding].keys), action, ALL_KEYS[binding].label, id=binding)
        for binding, action in _ACTIONS.items()
    ]

    class Moved(Message):
        """Another line is chosen."""

    class Chosen(Message):
        """Somebody wants this to be run."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    class Copied(Message):
        """Somebody wants to type this elsewhere."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, key: KeyOf) -> None:
        super().__init__()
        self._key = key
        self._choices: tuple[Choice, ...] = ()
        self._lines: list[Line] = []
        self._found: Beginning | None = None
        self._chosen = 0

    @property
    def can_begin(self) -> bool:
        """The chosen line can be run from here."""
        return bool(self._choices) and bool(self._choices[self._chosen].modules)

    def show(self, found: Beginning) -> None:
        """Show what there is to begin with."""
        self._found, self._choices = found, choices(found)
        self._chosen = min(self._chosen, len(self._choices) - 1)
        self._draw()

    def render_line(self, y: int) -> Strip:
        """One line; the block stands in the middle, below an eighth of the height."""
        cells = self.size.width
        at = y - self.size.height // _EIGHTH
        line = self._lines[at] if 0 <= at < len(self._lines) else BLANK
        left = max(0, (cells - BLOCK) // 2)
        return palette_of(self).strip((span(" " * left), *line), Ground.BACKGROUND, cells)

    def action_move(self, by: int) -> None:
        """Choose another line."""
        self._chosen = min(max(0, self._chosen + by), len(self._choices) - 1)
        self._draw()
        self.post_message(self.Moved())

    def action_choose(self) -> None:
        """Have the chosen line run."""
        self.post_message(self.Chosen(self._choices[self._chosen]))

    def action_copy(self) -> None:
        """Have the chosen line copied."""
        self.post_message(self.Copied(self._choices[self._chosen]))

    def _draw(self) -> None:
        if self._found is not None:
            self._lines = block(self._found, self._choices, self._chosen, self._key)
            self.refresh()
