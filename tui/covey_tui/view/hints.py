"""Keys and what they do, as they stand at the end of a line: the key bold, its label muted, three cells apart. Pure."""

from collections.abc import Callable

from covey.client.ui import ALL_KEYS, shown
from covey_tui.view.progress import Manner
from covey_tui.view.spans import MUTED, STRONG, Line, joined, room, span

Hint = tuple[str, str]
"""A key, or several, and its label."""

KeyOf = Callable[[str], str]
"""The key of a binding, by its id, as people read it."""


def usual(binding: str) -> str:
    """The key that a binding has where nobody has given it another."""
    return shown(ALL_KEYS[binding].keys[0])


def spelled(label: str, manner: Manner) -> str:
    """A label as it can be shown: what it asks first is told by three dots where there is no sign for them."""
    return label.replace("…", "...") if manner.ascii else label


def hints(*pairs: Hint) -> Line:
    """Keys with their labels in a line."""
    return joined(((span(key, STRONG), span(f" {label}", MUTED)) for key, label in pairs), "   ")


def hints_within(cells: int, pairs: tuple[Hint, ...]) -> Line:
    """The same in so many cells: what does not fit falls off before the last pair, which is the way out."""
    kept = list(pairs)
    while len(kept) > 1 and room(hints(*kept)) > cells:
        del kept[-2]
    return hints(*kept)
