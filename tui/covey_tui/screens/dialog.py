"""A question over the screen: what follows from it, and two answers; the harmless one has the focus.

Nothing but `y`, or Enter on the very button, confirms; a note is sent by Enter in its field once something is written.
"""

import os
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Click, DescendantBlur, DescendantFocus, Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from covey.text.cells import cut, width
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.painted import palette_of
from covey_tui.screens.editor import editor_of, written_in_editor
from covey_tui.screens.fields import LINES, NoteField, ReasonField
from covey_tui.view.asked import Asked, Field
from covey_tui.view.hints import hints_within
from covey_tui.view.spans import BLANK, MUTED, STRONG, Ground, Line, Role, Tone, span
from covey_tui.widgets.lines import Bar, Lines

_WIDTH, _MARGIN, _PADDING, _LOW = 62, 4, 3, 20
_FOCUSED = Tone(Role.INVERSE, bold=True)
_PLAIN_SIZE = 4
_LABELS: dict[Field | None, str] = {Field.REASON: "Reason", Field.AMOUNT: "Budget"}
_HINTS: dict[Field | None, Line] = {Field.REASON: (span("Kept with the decision. May be empty.", MUTED),)}


class Confirmed(NamedTuple):
    """The person wants it; `text` is the reason or the note."""

    text: str = ""


class Edge(Widget):
    """The left edge of a field: it shows that the field has the focus."""

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - all lines look alike
        """A line of the edge."""
        sign = span("▌" if self.has_class("on") else " ", Tone(Role.PRIMARY))
        return palette_of(self).strip((sign,), Ground.BACKGROUND, 1)


class Answer(Widget, can_focus=True):
    """A button."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "give", "Answer", id="dialog.answer")]

    class Given(Message):
        """This answer was chosen."""

        def __init__(self, answer: "Answer") -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, label: SafeText, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._label = label

    def get_content_width(self, container: object, viewport: object) -> int:  # noqa: ARG002 - Textual's protocol
        """The label with two cells at each side."""
        return width(self._label) + _PLAIN_SIZE

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is only one
        """The button."""
        cells = self.size.width
        line: Line = (span("  "), span(cut(self._label, max(1, cells - _PLAIN_SIZE))), span("  "))
        if not self.has_focus:
            return palette_of(self).strip(line, Ground.BUTTON, cells)
        return palette_of(self).strip(tuple(span(text, _FOCUSED) for text, _ in line), Ground.ACCENT, cells)

    def on_focus(self) -> None:
        """Look focused."""
        self.refresh()

    def on_blur(self) -> None:
        """Look plain."""
        self.refresh()

    def on_click(self, event: Click) -> None:
        """A click on it is an answer."""
        event.stop()
        self.action_give()

    def action_give(self) -> None:
        """Choose this answer."""
        self.post_message(self.Given(self))


class Dialog(ModalScreen[Confirmed | None]):
    """A question, answered by `Confirmed`, or by None."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Confirm", id="dialog.confirm"),
        Binding("n,escape", "leave", "Leave", id="dialog.leave"),
        Binding("right", "app.focus_next", "Next answer", id="dialog.next"),
        Binding("left", "app.focus_previous", "Previous answer", id="dialog.previous"),
        Binding("down", "scroll_facts(1)", "Down", id="dialog.down"),
        Binding("up", "scroll_facts(-1)", "Up", id="dialog.up"),
        Binding("pagedown", "page_facts(1)", "Page down", id="dialog.page_down", priority=True),
        Binding("pageup", "page_facts(-1)", "Page up", id="dialog.page_up", priority=True),
        Binding("ctrl+o", "edit", "Editor", id="note.editor", priority=True),
    ]

    def __init__(self, asked: Asked, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._asked = asked
        self._environment = environment
        self._answered = False
        self._too_long = 0
        self._field = None if asked.field is None else NoteField if asked.field is Field.NOTE else ReasonField

    def compose(self) -> ComposeResult:
        """Title, facts, the field where there is one, the answers, the keys."""
        asked = self._asked
        with Vertical(id="halo"), Vertical(id="box"):
            yield Bar(id="title")
            yield Lines(id="facts")
            if asked.field in _LABELS:
                yield Bar((span(_LABELS[asked.field], MUTED),), id="label")
            if self._field is not None:
                with Horizontal(id="writing", classes=str(asked.field)):
                    yield Edge()
                    yield self._field()
                yield Bar(id="hint")
            with Horizontal(id="answers"):
                yield Answer(asked.harmless, "harmless")
                yield Answer(asked.confirm, "confirm")
            yield Bar(id="keys")

    @property
    def text(self) -> str:
        """What is written."""
        field = self.query("#field").first() if self._field is not None else None
        if isinstance(field, ReasonField):
            return field.value.strip()
        return field.text.strip() if isinstance(field, NoteField) else ""

    def on_mount(self) -> None:
        """The field, else the harmless answer, has the focus."""
        for bar in self.query(Bar):
            bar.ground = Ground.PANEL
        facts = self.query_one("#facts", Lines)
        facts.ground, facts.can_focus = Ground.PANEL, False
        self.query_one("#field" if self._field is not None else "#harmless").focus()
        self._hint()

    def on_resize(self, event: Resize) -> None:
        """Give the parts their room."""
        self._arrange(event.size.width, event.size.height)

    def _on_descendant_focus(self, event: DescendantFocus) -> None:  # noqa: ARG002 - only that it moved
        self._show_focus()

    def _on_descendant_blur(self, event: DescendantBlur) -> None:  # noqa: ARG002 - only that it moved
        self._show_focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the reason goes on to the button, which asks for another Enter."""
        event.stop()
        self.query_one("#confirm").focus()

    def on_note_field_sent(self, event: NoteField.Sent) -> None:
        """Enter in the note sends it, unless there is none."""
        event.stop()
        self.action_confirm()

    def on_answer_given(self, event: Answer.Given) -> None:
        """A button was chosen."""
        event.stop()
        if event.answer.id == "confirm":
            self.action_confirm()
        else:
            self.action_leave()

    def action_confirm(self) -> None:
        """It is wanted."""
        missing = self._asked.lacks(self.text)
        if missing is not None:
            self._hint((span(missing, MUTED),))
            self.query_one("#field").focus()
            return
        self._answer(Confirmed(self.text))

    def action_leave(self) -> None:
        """It is not wanted."""
        self._answer(None)

    def action_scroll_facts(self, by: int) -> None:
        """See the facts that did not fit."""
        self.query_one("#facts", Lines).scroll_relative(y=by, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A note has these keys for itself while all of the facts can be seen."""
        return bool(self._too_long) if action == "page_facts" else super().check_action(action, parameters)

    def action_page_facts(self, pages: int) -> None:
        """See the next page of the facts, from wherever the focus is."""
        facts = self.query_one("#facts", Lines)
        facts.scroll_relative(y=pages * max(1, facts.size.height - 1), animate=False)

    def action_edit(self) -> None:
        """Write the note in an editor of one's own."""
        field = self.query("#field").first() if self._field is not None else None
        if not isinstance(field, NoteField):
            return
        editor = editor_of(self._environment)
        try:
            with self.app.suspend():
                field.text = written_in_editor(field.text, editor)
            field.move_cursor(field.document.end)
        except (OSError, ValueError, SuspendNotSupported) as error:
            why = "this terminal cannot show it" if isinstance(error, SuspendNotSupported) else error
            self._hint((span(sanitise_line(f"{editor}: {why}", 200), Tone(Role.WARNING)),))

    def _answer(self, result: Confirmed | None) -> None:
        if not self._answered:
            self._answered = True
            self.dismiss(result)

    def _hint(self, line: Line | None = None) -> None:
        if self._field is not None:
            self.query_one("#hint", Bar).show(self._usual_hint() if line is None else line)

    def _usual_hint(self) -> Line:
        """Where there is more to read above the field, how; else what the field is for."""
        if not self._too_long:
            return _HINTS.get(self._asked.field, BLANK)
        return (span("PgDn", STRONG), span(f" reads on: {self._too_long} lines in all", MUTED))

    def _show_focus(self) -> None:
        writes = self.focused is not None and self.focused.id == "field"
        pairs = self._asked.field_keys if writes else self._asked.keys
        if self._too_long and self._field is None:
            pairs = (*pairs[:-1], ("PgDn", "read on"), *pairs[-1:])
        self.query_one("#keys", Bar).show(hints_within(self._cells(self.size.width), pairs))
        for edge in self.query(Edge):
            edge.set_class(writes, "on")
            edge.refresh()

    def _cells(self, columns: int) -> int:
        return min(_WIDTH, columns - _MARGIN) - 2 * _PADDING

    def _arrange(self, columns: int, rows: int) -> None:
        """Give each part its lines; the facts scroll where they have too few."""
        cells = self._cells(columns)
        airy = rows >= _LOW
        title, facts = self._asked.title_lines(cells), self._asked.fact_lines(cells)
        bar = self.query_one("#title", Bar)
        bar.show(*title)
        bar.styles.height = len(title)
        lines = self.query_one("#facts", Lines)
        lines.styles.margin = (int(airy), 0)
        one_line = self._asked.field in _LABELS
        rest = 0 if self._asked.field is None else 3 + airy if one_line else LINES + 1
        free = rows - 4 - len(title) - 2 * airy - rest - 2 - airy
        room = max(1, free)
        if len(facts) > room:
            facts = self._asked.fact_lines(cells - 1)  # beside them stands the scroll bar
        lines.show(facts)
        lines.styles.height = min(len(facts), room)
        too_long = len(facts) if len(facts) > room else 0
        if self._too_long != too_long:
            self._too_long = too_long
            self._hint()
        self._show_focus()
        self.query_one("#answers").styles.margin = (0, 1, int(airy), 1)
        if one_line:
            self.query_one("#hint").styles.margin = (0, 0, int(airy), 0)
