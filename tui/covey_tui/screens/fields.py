"""Where a person writes: a reason in one line, a note in a few, or in an editor of their own.

What is typed or pasted can come from an agent, so it goes through the sanitiser before it is shown.
"""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.message import Message
from textual.widgets import Input, TextArea

from covey.text.sanitise import SafeText, sanitise

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
        return super().edit(replace(edit, text=sanitise(edit.text)[:_LONGEST]))

    def action_send(self) -> None:
        """Say that it is finished."""
        self.post_message(self.Sent())

    def action_new_line(self) -> None:
        """Go on in a new line."""
        self.insert("\n")


def editor_of(environment: Mapping[str, str]) -> str:
    """The command that a person edits with."""
    return environment.get("VISUAL") or environment.get("EDITOR") or "vi"


def written_in_editor(text: str, editor: str) -> SafeText:
    """The text after the person has edited it, in a file that nobody else can read and that is gone afterwards.

    Raises:
        OSError: the editor is not there.
        ValueError: its command cannot be read, or it ended with an error.
    """
    with TemporaryDirectory(prefix="covey-") as directory:
        path = Path(directory, "note.md")
        path.write_text(text, encoding="utf-8")
        ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the person's own command
        if ended.returncode:
            raise ValueError(f"it ended with code {ended.returncode}")
        return SafeText(sanitise(path.read_text(encoding="utf-8", errors="replace")).strip())
