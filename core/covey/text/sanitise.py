"""The one place where text from agents and files becomes text that may reach a terminal. Pure.

Such text can hold escape sequences that type into our own input, clear the screen or set its title, and marks that
reverse the direction of what follows. All of it is made visible instead of obeyed. `SafeText` is the type that says so.
"""

import re
from typing import NewType

SafeText = NewType("SafeText", str)
"""Text that no terminal obeys: no controls but newline and tab, nothing that turns the direction, valid UTF-8."""

# C0 and C1 controls, marks of direction, invisible separators of lines, tags, and halves of surrogate pairs.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"
_C0_END, _DELETE, _C1_END = 0x20, 0x7F, 0xA0


def sanitise(text: str) -> SafeText:
    """Text of several lines, safe to print: line ends become newlines, every other control becomes visible."""
    if text.isprintable():  # as most is: none of what is unsafe can be printed
        return SafeText(text)
    return SafeText(_UNSAFE.sub(_visible, text.replace("\r\n", "\n")))


def sanitise_line(text: str, limit: int | None = None) -> SafeText:
    """The same as one line, its white space folded; cut after `limit` characters with an ellipsis."""
    line = " ".join(sanitise(text).split())
    if limit is not None and len(line) > limit:
        line = f"{line[: limit - 1].rstrip()}…"
    return SafeText(line)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < _C0_END:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return _DELETE_PICTURE
    if code < _C1_END:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}"
