"""Where a person writes: a reason in one line, a note in a few.

What is typed or pasted can come from an agent, so it goes through the sanitiser before it is shown.
"""

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.message import Message
from textual.widgets import Input, TextArea

from covey.text.sanitise import sanitise

LINES = 4
"""How many lines of a note are seen at once."""
_LONGEST = 4_000


class ReasonField(Input):
    """A reason in one line."""

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False, max_length=_LONGEST, id="field")

    def validate_value(self, value: str) -> str:
        """The value as it may be shown."""
        return sanitise(value).replace("\n", " ").replace("\t", " ")


class NoteField(TextArea):
    """A note in a few lines; Enter sends it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="note.send", priority=True),
        Binding("ctrl+j", "new_line", "New line", id="note.new_line", priority=True),
    ]

    class Sent(Message):
        """The note is finished."""

    def __init__(self) -> None:
        super().__init__(compact=True, soft_wrap=True, show_line_numbers=False, highlight_cursor_line=False, id="field")

    def edit(self, edit: Edit) -> EditResult:
        """Change the text, by nothing that a terminal would obey."""
        return super().edit(replace(edit, text=sanitise(edit.text)))

    def action_send(self) -> None:
        """Say that it is finished."""
        self.post_message(self.Sent())

    def action_new_line(self) -> None:
        """Go on in a new line."""
        self.insert("\n")
