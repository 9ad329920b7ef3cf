"""The keys of the monitor: what each is called in `[keys]` of covey.toml, and which keys it has by default.

The names are a contract with users. A key is written as it stands on the keyboard (`r`, `R`, `?`, `ctrl+p`, `f1`), or
as Textual calls it (`question_mark`); inside covey it has Textual's name only.
"""

import string
import unicodedata

KEYS: dict[str, tuple[str, ...]] = {
    "session.retry": ("r",),
    "session.retry_note": ("e",),
    "session.skip": ("s",),
    "session.cancel": ("x",),
    "session.kill": ("X",),
    "session.message": ("m",),
    "session.open_file": ("o",),
    "run.retry_all": ("R",),
    "run.pause": ("p",),
    "run.pause_hard": ("P",),
    "run.undo": ("z",),
    "run.stop": ("Q",),
    "engine.slots_up": ("plus",),
    "engine.slots_down": ("minus",),
    "view.mark": ("v",),
    "view.mark_all": ("V",),
    "view.next_need": ("n",),
    "view.previous_need": ("N",),
    "view.intervention": ("i",),
    "view.problems": ("exclamation_mark",),
    "view.filter": ("f",),
    "view.search": ("slash",),
    "view.order": ("t",),
    "view.transcript": ("l",),
    "view.artifact": ("d",),
    "view.tab_1": ("1",),
    "view.tab_2": ("2",),
    "view.tab_3": ("3",),
    "view.tab_4": ("4",),
    "view.tab_5": ("5",),
    "view.next_pane": ("tab",),
    "view.copy": ("y",),
    "view.commands": ("colon", "ctrl+p"),
    "view.help": ("question_mark", "f1"),
    "view.back": ("escape",),
    "app.leave": ("q", "ctrl+q"),
}
"""By the id of the binding."""

TREE_KEYS: dict[str, tuple[str, ...]] = {
    "tree.up": ("up", "k"),
    "tree.down": ("down", "j"),
    "tree.page_up": ("pageup",),
    "tree.page_down": ("pagedown",),
    "tree.first": ("home", "g"),
    "tree.last": ("end", "G"),
    "tree.collapse": ("left",),
    "tree.expand": ("right",),
    "tree.fold": ("space",),
    "tree.open": ("enter",),
}
"""The keys that move in the tree; they can be remapped like the others."""

ALL_KEYS: dict[str, tuple[str, ...]] = KEYS | TREE_KEYS

_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_SIGNS = {
    sign: _RENAMED.get(name, name)
    for sign in string.punctuation
    for name in [unicodedata.name(sign).lower().replace("-", "_").replace(" ", "_")]
}
_WORDS = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
} | {f"f{number}": f"F{number}" for number in range(1, 25)}
"""Keys that are no character, as people read them."""
_OTHERWISE = _SIGNS | {" ": "space", "esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown"}
_OTHERWISE |= {said: name for name, said in _WORDS.items() if not said.isascii()}
"""Other ways to write a key."""
_SHOWN = {name: sign for sign, name in _SIGNS.items()} | _WORDS
_MODIFIERS = ("ctrl", "alt", "shift")


def named(text: str) -> str | None:
    """The name of a key that somebody has written down; None when there is no such key.

    Small and capital letters are two keys; `CTRL+P` and `Esc` are as good as `ctrl+p` and `escape`.
    """
    *before, last = _parts(text)
    modifiers = [part.lower() for part in before]
    if len(last) > 1 or modifiers:
        last = last.lower()
    key = _OTHERWISE.get(last, last)
    known = key in _SHOWN or (len(key) == 1 and key.isalnum())
    if not known or any(part not in _MODIFIERS for part in modifiers) or len(set(modifiers)) < len(modifiers):
        return None
    return "+".join([*sorted(modifiers), key])


def _parts(text: str) -> list[str]:
    """The parts of a key between its plus signs, the last of which may be the key itself."""
    if text == "+" or text.endswith("++"):
        return [*text[:-1].removesuffix("+").split("+"), "+"] if len(text) > 1 else ["+"]
    return text.split("+")


def shown(key: str) -> str:
    """A key, by its name, as people read it: `?`, `Ctrl+P`, `F1`, `Esc`."""
    *modifiers, last = key.split("+")
    said = _SHOWN.get(last, last.upper() if modifiers and last.isascii() else last)
    return "+".join([*(part.capitalize() for part in modifiers), said])
