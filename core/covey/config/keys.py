"""The keys of the monitor: what each is called in `[keys]` of covey.toml, and which keys it has by default.

The names are a contract with users. A key is written as a terminal has it (`r`, `R`, `ctrl+p`, `f1`, `question_mark`).
"""

KEYS: dict[str, tuple[str, ...]] = {
    "session.retry": ("r",),
    "session.retry_note": ("e",),
    "session.skip": ("s",),
    "session.cancel": ("x",),
    "session.kill": ("X",),
    "session.open_file": ("o",),
    "run.retry_all": ("R",),
    "run.stop": ("Q",),
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

WRITTEN = {
    "!": "exclamation_mark",
    "/": "slash",
    ":": "colon",
    "?": "question_mark",
    "+": "plus",
    "-": "minus",
    ".": "full_stop",
    ",": "comma",
    ";": "semicolon",
    "*": "asterisk",
    "#": "number_sign",
    "=": "equals_sign",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    " ": "space",
    "esc": "escape",
    "return": "enter",
}
"""Other ways to write a key in the manifest."""


def named(key: str) -> str:
    """A key as the terminal's events call it."""
    return WRITTEN.get(key, key)


def shown(key: str) -> str:
    """A key as people read it: `?`, `Ctrl+P`, `F1`, `Esc`."""
    signs = {name: sign for sign, name in WRITTEN.items() if len(sign) == 1 and sign != " "}
    if key in signs:
        return signs[key]
    words = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→"}
    if key in words:
        return words[key]
    return key if len(key) == 1 else "+".join(part.capitalize() for part in key.split("+"))
