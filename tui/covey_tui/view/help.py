"""The help page: every key and what it does, in groups, as the keys are mapped now. Pure."""

from collections.abc import Callable, Iterable

from covey.client.ui import ALL_KEYS
from covey.text.cells import pad, width
from covey.text.sanitise import SafeText
from covey_tui.view.spans import BLANK, MUTED, STRONG, Line, Role, Tone, room, span, wrapped

Possible = Callable[[str], bool]
_KEYS_LEAST = 14


def help_lines(keys_of: Callable[[str], str], possible: Possible) -> list[Line]:
    """The page; what cannot be done to the row under the cursor is muted."""
    widest = max(_KEYS_LEAST, *(width(keys_of(binding)) for binding in ALL_KEYS))
    lines: list[Line] = []
    group = ""
    for binding, meaning in ALL_KEYS.items():
        if not keys_of(binding):
            continue
        if meaning.group != group:
            group = meaning.group
            lines += [*([BLANK] if lines else []), (span(group, Tone(Role.PRIMARY, bold=True)),)]
        can = possible(binding)
        keys = span(pad(SafeText(keys_of(binding)), widest), STRONG if can else MUTED)
        lines.append((span("  "), keys, span("  "), span(meaning.help, Tone() if can else MUTED)))
    lines += [BLANK, (span("Keys can be changed in covey.toml:  ", MUTED), span('[keys]  "session.retry" = "f5"'))]
    return lines


def within(lines: Iterable[Line], cells: int) -> list[Line]:
    """The page in so many cells: a sentence that is too long goes on below where it begins."""
    return [each for line in lines for each in ([line] if room(line) <= cells else _on_lines(line, cells))]


def _on_lines(line: Line, cells: int) -> list[Line]:
    *before, (text, tone) = line
    column = room(tuple(before))
    first, *more = wrapped(text, max(1, cells - column), tone)
    return [(*before, *first), *((span(" " * column), *each) for each in more)]
