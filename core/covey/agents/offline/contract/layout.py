"""Python source laid out as black would: on one line if it fits, else one item to a line with a comma after each.

Texts reach the source as string literals alone; everything else that is put in has to be an identifier or our own.
"""

import ast
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Group:
    """Items between brackets; a tuple of one item keeps its comma."""

    opening: str
    items: Sequence["str | Group"]
    closing: str

    def flat(self) -> str:
        """The group on one line."""
        inside = ", ".join(each if isinstance(each, str) else each.flat() for each in self.items)
        comma = "," if self.opening == "(" and len(self.items) == 1 else ""
        return f"{self.opening}{inside}{comma}{self.closing}"


def literal(text: str) -> str:
    """A string literal with this value, in double quotes unless these stand in the text."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in text else shown


def literals(texts: Iterable[str]) -> Group:
    """A list of string literals."""
    return Group("[", [literal(text) for text in texts], "]")


def texts(names: Iterable[str]) -> Group:
    """A tuple of string literals."""
    return Group("(", [literal(name) for name in names], ")")


def laid_out(prefix: str, group: Group, suffix: str = "", depth: int = 0) -> list[str]:
    """The lines of `prefix`, the group and `suffix` at a depth of indentation."""
    return _lines(f"{_INDENT * depth}{prefix}", group, suffix, depth)


def head(name: str, parameters: str, depth: int) -> list[str]:
    """The first lines of a test function."""
    indent = _INDENT * depth
    one = f"{indent}def {name}({parameters}) -> None:"
    return (
        [one]
        if len(one) <= WIDTH
        else [f"{indent}def {name}(", f"{indent}{_INDENT}{parameters}", f"{indent}) -> None:"]
    )


def said(call: str, text: str, depth: int) -> list[str]:
    """A call with one text, which is broken into several literals where it is too long for a line."""
    indent = _INDENT * depth
    one = f"{indent}{call}({literal(text)})"
    if len(one) <= WIDTH:
        return [one]
    width = WIDTH - len(indent) - len(_INDENT) - len('""')
    pieces = _pieces(text, width)
    return [f"{indent}{call}(", *(f"{indent}{_INDENT}{literal(piece)}" for piece in pieces), f"{indent})"]


def _pieces(text: str, width: int) -> list[str]:
    """The text in pieces whose literals fit the width, the blanks between words kept."""
    pieces: list[str] = []
    for line in textwrap.wrap(text, width, drop_whitespace=False, replace_whitespace=False):
        left = line
        while left:
            length = next(n for n in range(len(left), 0, -1) if n == 1 or len(literal(left[:n])) <= width + len('""'))
            pieces.append(left[:length])
            left = left[length:]
    return pieces


def _lines(start: str, group: Group, end: str, depth: int) -> list[str]:
    one = f"{start}{group.flat()}{end}"
    if len(one) <= WIDTH or not group.items:
        return [one]
    lines = [f"{start}{group.opening}"]
    inner = _INDENT * (depth + 1)
    for item in group.items:
        lines += _item(item, inner) if isinstance(item, str) else _lines(inner, item, ",", depth + 1)
    return [*lines, f"{_INDENT * depth}{group.closing}{end}"]


def _item(item: str, indent: str) -> list[str]:
    """The lines of an item that stands alone: a text that is too long is broken into several literals."""
    if len(indent) + len(item) < WIDTH or not item.startswith(('"', "'")):
        return [f"{indent}{item},"]
    pieces = [
        f"{indent}{literal(piece)}" for piece in _pieces(ast.literal_eval(item), WIDTH - len(indent) - len('"",'))
    ]
    return [*pieces[:-1], f"{pieces[-1]},"]
