"""A question as a dialog shows it: its words, its two answers, its keys, and what has to be written in it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from covey.model.budget import USD
from covey.text.sanitise import SafeText
from covey_tui.view.hints import Hint
from covey_tui.view.money import amount
from covey_tui.view.spans import STRONG, Line, Role, Tone, fit, wrapped

_WARNING = Tone(Role.WARNING, bold=True)


class Field(StrEnum):
    """What is written in a dialog: a reason or an amount in one line, or a note in several."""

    REASON = "reason"
    AMOUNT = "amount"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `facts` are paragraphs that are wrapped, or lines that are cut; `keys` work on its buttons.

    With a field, that one has the focus first, and `field_keys` are its keys; `unwritten` is said where nothing is
    written in a note, and `objection` tells what stands against a text. `limit` is that of the budget whose amount is
    written.
    """

    title: SafeText
    facts: tuple[SafeText | Line, ...]
    harmless: SafeText
    confirm: SafeText
    keys: tuple[Hint, ...]
    warns: bool = False
    field: Field | None = None
    field_keys: tuple[Hint, ...] = ()
    unwritten: str = ""
    objection: Callable[[str], str | None] | None = None
    limit: str | None = None

    def lacks(self, text: str) -> SafeText | None:
        """What is to be written instead, where a text is needed that this one is not."""
        if self.field is Field.NOTE and not text:
            return SafeText(self.unwritten)
        if self.objection is not None and (why := self.objection(text)) is not None:
            return SafeText(f"{why[:1].upper()}{why[1:]}.")
        if self.field is Field.AMOUNT and amount(text, self.limit) is None:
            return SafeText(f"Write an amount, like {'7.50' if self.limit == USD else '2_000_000 or 2M'}.")
        return None

    def title_lines(self, cells: int) -> list[Line]:
        """The question, in lines of so many cells."""
        return wrapped(self.title, cells, _WARNING if self.warns else STRONG)

    def fact_lines(self, cells: int) -> list[Line]:
        """The consequences, in lines of so many cells."""
        lines: list[Line] = []
        for fact in self.facts:
            lines.extend(wrapped(fact, cells) if isinstance(fact, str) else [fit(fact, cells) if fact else fact])
        return lines
