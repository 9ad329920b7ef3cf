"""The keys of the monitor: what each is called in `[keys]` of covey.toml, which keys it has by default, what it does.

The names are a contract with users. A key is written as it stands on the keyboard (`r`, `R`, `?`, `ctrl+p`, `f1`), or
as Textual calls it (`question_mark`); inside covey it has Textual's name only.
"""

import string
import unicodedata
from typing import NamedTuple


class Key(NamedTuple):
    """A binding: its keys, its label in the footer, a sentence for the help, and the group that it stands in there."""

    keys: tuple[str, ...]
    label: str
    help: str
    group: str


SESSION, RUN, SEE, MOVE = "This session, or the marked ones", "The run", "What is shown", "Moving"

KEYS: dict[str, Key] = {
    "session.retry": Key(
        ("r",), "retry", "retry; what runs is cancelled first, and what is blocked will look again", SESSION
    ),
    "session.retry_note": Key(("e",), "retry with note…", "try again, with a note to the agent", SESSION),
    "session.skip": Key(("s",), "skip…", "go on without it, with a reason", SESSION),
    "session.cancel": Key(("x",), "cancel…", "end its work and all that runs under it, gracefully", SESSION),
    "session.kill": Key(("X",), "kill now", "end it at once, while it is being cancelled", SESSION),
    "session.message": Key(
        ("m",), "message…", "say something to its agent while it works, or answer its question", SESSION
    ),
    "session.open_file": Key(("o",), "open file", "open its file in $EDITOR", SESSION),
    "view.copy": Key(("y",), "copy", "copy the path of its file, or its id", SESSION),
    "run.retry_all": Key(("R",), "retry all", "try all again that failed or lost their file", RUN),
    "run.pause": Key(("p",), "pause", "start no more sessions; once paused, resume or raise the budget", RUN),
    "run.pause_hard": Key(("P",), "pause all", "hold those at work as well, each at its next turn or step", RUN),
    "engine.slots_up": Key(("plus",), "slots", "let one session more work at the same time", RUN),
    "engine.slots_down": Key(("minus",), "fewer slots", "let one less; none that is at work is ended", RUN),
    "run.undo": Key(("z",), "undo", "take the last decision of this run back; again, the one before", RUN),
    "run.stop": Key(("Q",), "stop the run…", "end all work for now; it can be gone on with", RUN),
    "view.next_need": Key(("n",), "next", "go to the next session that needs you", SEE),
    "view.previous_need": Key(("N",), "previous", "go to the previous one", SEE),
    "view.intervention": Key(("i",), "all", "show everything that needs you, by cause", SEE),
    "view.problems": Key(("exclamation_mark",), "only problems", "show only the sessions that need you", SEE),
    "view.filter": Key(("f",), "filter", "show one status after the other", SEE),
    "view.search": Key(("slash",), "search", "show only names with a text; in the detail, find the text", SEE),
    "view.order": Key(("t",), "order", "put what needs you first, or back in order", SEE),
    "view.mark": Key(("v",), "mark", "mark it; actions are about the marked ones then", SEE),
    "view.mark_all": Key(("V",), "mark all", "mark all that the filter shows", SEE),
    "view.transcript": Key(("l",), "transcript", "show the transcript", SEE),
    "view.artifact": Key(("d",), "artifact", "show its file; again, what has changed in it", SEE),
    "view.tab_1": Key(("1",), "tabs", "the first tab of the detail", SEE),
    "view.tab_2": Key(("2",), "steps", "the steps of all attempts", SEE),
    "view.tab_3": Key(("3",), "artifact", "the file", SEE),
    "view.tab_4": Key(("4",), "problem", "what is wrong, and what you can do", SEE),
    "view.tab_5": Key(("5",), "state", "the record as it is stored", SEE),
    "view.next_pane": Key(("tab",), "pane", "go to the other pane", SEE),
    "view.back": Key(("escape",), "back", "leave the innermost: dialog, marks, filter, detail", SEE),
    "view.commands": Key(
        ("colon", "ctrl+p"), "commands", "commands by name: the log of decisions, themes and more", SEE
    ),
    "view.help": Key(("question_mark", "f1"), "help", "this page", SEE),
    "app.leave": Key(("q", "ctrl+q"), "leave", "leave the monitor; the work goes on", SEE),
}
"""By the id of the binding, in the order of the help."""

TREE_KEYS: dict[str, Key] = {
    "tree.up": Key(("up", "k"), "up", "a row up", MOVE),
    "tree.down": Key(("down", "j"), "down", "a row down", MOVE),
    "tree.page_up": Key(("pageup",), "page up", "a page up", MOVE),
    "tree.page_down": Key(("pagedown",), "page down", "a page down", MOVE),
    "tree.first": Key(("home", "g"), "first", "to the first row", MOVE),
    "tree.last": Key(("end", "G"), "last", "to the last row", MOVE),
    "tree.collapse": Key(("left",), "collapse", "fold, or go to the parent", MOVE),
    "tree.expand": Key(("right",), "expand", "unfold, or go to the first child", MOVE),
    "tree.fold": Key(("space",), "fold", "fold or unfold", MOVE),
    "tree.open": Key(("enter",), "open", "open the detail", MOVE),
}
"""The keys that move in the tree; they can be remapped like the others."""

ALL_KEYS: dict[str, Key] = KEYS | TREE_KEYS

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
