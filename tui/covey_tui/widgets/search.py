"""Where a search is typed: one line in the footer's place."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from covey.text.sanitise import sanitise

_LONGEST = 200


class SearchField(Input):
    """A line to search with; what is typed is told at each key, Enter keeps it, Esc gives it up."""

    DEFAULT_CSS = """
    SearchField, SearchField:focus {
        height: 1; border: none; padding: 0 1; display: none;
        background: $covey-background; color: $covey-text;
    }
    SearchField.-open { display: block; }
    SearchField > .input--placeholder, SearchField:focus > .input--placeholder { color: $covey-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Give up", id="search.give_up")]

    class Left(Message):
        """The field was left: with what it says, or (None) without."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(compact=True, max_length=_LONGEST, id="search")

    def validate_value(self, value: str) -> str:
        """The value as it may be shown."""
        return sanitise(value).replace("\n", " ").replace("\t", " ")

    def open(self, sought: str) -> None:
        """Begin to search; what is sought is said where nothing is typed yet."""
        self.value, self.placeholder = "", sought
        self.add_class("-open")
        self.focus()

    def close(self) -> None:
        """End it."""
        self.remove_class("-open")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what is typed."""
        event.stop()
        self.post_message(self.Left(self.value))

    def action_give_up(self) -> None:
        """Leave it as it was."""
        self.post_message(self.Left(None))
