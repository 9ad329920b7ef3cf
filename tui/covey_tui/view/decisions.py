"""The log of decisions and new needs as a page: a line for each, under the days, newest last. Pure."""

from collections.abc import Sequence
from datetime import date, tzinfo
from typing import NamedTuple

from covey.client.decisions import Happening
from covey.model.control import DONE, Action
from covey.text.cells import fit as fit_text
from covey.text.glyphs import CAUSES, LOOKS
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.spans import BLANK, FAINT, MUTED, STRONG, Line, Role, Span, Tone, fit, span
from covey_tui.view.states import STATES

_NAME, _WHO, _WHY, _NAMED = 20, 40, 400, 5
_SIGNS = {"retry": "queued", "skip": "skipped", "cancel": "cancelled", "pause": "paused"}
_NOTHING = "Nothing was decided yet, and nothing has needed you."
NEW = "new since you last looked"


class Page(NamedTuple):
    """The lines, and at which of them a person goes on reading."""

    lines: tuple[Line, ...]
    begins: int


def page(told: Sequence[Happening], seen: int, cells: int, zone: tzinfo | None = None) -> Page:
    """The page in so many cells; what has a number above `seen` is new. Clock times are of `zone`."""
    if not told:
        return Page(((span(_NOTHING, MUTED),),), 0)
    lines: list[Line] = []
    begins: int | None = None
    day: date | None = None
    for each in told:
        at = each.at.astimezone(zone)
        if begins is None and each.seq > seen:
            begins = len(lines)
            if seen:
                mark = f"── {NEW} "
                lines.append(fit((span(mark, Tone(Role.PRIMARY)), span("─" * (cells - len(mark)), FAINT)), cells))
        if at.date() != day:
            day = at.date()
            lines += [*([BLANK] if lines else []), (span(f"{at:%A, %d %B %Y}", MUTED),)]
        lines.append(fit((span(f"{at:%H:%M:%S}  ", MUTED), *_told(each)), cells))
    return Page(tuple(lines), len(lines) if begins is None else begins)


def _told(each: Happening) -> Line:
    return _need(each) if each.by is None else _decision(each, sanitise_line(each.by, _WHO))


def _need(each: Happening) -> Line:
    role = STATES[each.what].role
    word = f"failed: {CAUSES[each.cause]}" if each.cause in CAUSES else LOOKS[each.what].word
    return (*_head(each, each.what, STRONG), span(word, Tone(role, bold=True)), *_why(each))


def _decision(each: Happening, by: SafeText) -> Line:
    if each.refused:
        told = span(f"{each.what} by {by} refused", Tone(Role.WARNING))
        return (*_head(each, "blocked", Tone()), told, *_why(each))
    if each.what == "undo":
        return (*_head(each, "queued", Tone()), span(f"{sanitise_line(each.why, _WHY)} undone by {by}"))
    told = span(f"{DONE[Action(each.what)]} by {by}")
    return (*_head(each, _SIGNS.get(each.what, "queued"), Tone()), told, *_why(each))


def _head(each: Happening, state: str, tone: Tone) -> Line:
    """The sign and the name, or how many there are."""
    names = [sanitise_line(name) for name in each.names]
    name = names[0] if len(names) == 1 else SafeText(plural(len(names), "session"))
    return (
        span(f"{LOOKS[state].unicode} ", Tone(STATES[state].role)),
        Span(fit_text(name, _NAME), tone),
        span("  "),
    )


def _why(each: Happening) -> Line:
    """The reason, and the names where there are several."""
    names = [sanitise_line(name, _NAME) for name in each.names] if len(each.names) > 1 else []
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    listed = ", ".join([*names[:_NAMED], *more])
    parts = [part for part in (sanitise_line(each.why, _WHY), listed) if part]
    return (span(f"   {'   '.join(parts)}", MUTED),) if parts else BLANK
