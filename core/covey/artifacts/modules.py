"""The names of a project's modules, and which of them a dotted name in a document or an import means. Pure."""

import difflib
import unicodedata
from collections.abc import Iterable
from itertools import takewhile

_NEAREST = 3
_NO_MODULE_AFTER = tuple("/\\@-")  # what they follow is a path, an address or a distribution's name


class ModuleNames:
    """The module names that a project knows, and what other names mean beside them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._known = frozenset(names)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def is_own(self, name: str) -> bool:
        """The name is of this project: its first part is the first part of a known module."""
        root = name.partition(".")[0]
        return root in self._known or self._is_package(root)

    def component(self, name: str) -> str | None:
        """The known module that a dotted name means: itself, or the one whose attribute it is; None for neither."""
        if name in self._known:
            return name
        parts = name.split(".")
        for length in range(len(parts) - 1, 0, -1):
            above = ".".join(parts[:length])
            if above in self._known:
                return above if self._reaches_into(above, parts[length]) else None
        return None

    def nearest(self, name: str) -> tuple[str, ...]:
        """The known names that look most like this one, best first."""
        return tuple(difflib.get_close_matches(name, sorted(self._known), n=_NEAREST))

    def _reaches_into(self, component: str, attribute: str) -> bool:
        """What follows a plain module can only be its attribute; below a package it may be a module that is unknown.

        There a capital tells a class, unless modules are written with capitals themselves (Elixir).
        """
        if not self._is_package(component):
            return True
        return attribute[:1].isupper() and not component.rpartition(".")[2][:1].isupper()

    def _is_package(self, name: str) -> bool:
        return any(known.startswith(f"{name}.") for known in self._known)


def leading_module(text: str) -> str | None:
    """The dotted name that a list item begins with, in backticks, emphasis, brackets or bare; None if it has none."""
    text = unicodedata.normalize("NFC", text)
    if text[:4].lower() in {"[ ] ", "[x] "}:
        text = text[4:]
    text = text.lstrip("*[` ")
    name = "".join(takewhile(_is_of_a_name, text))
    if text[len(name) :].startswith(_NO_MODULE_AFTER):
        return None
    name = name.rstrip(".")
    return name if name and all(part.isidentifier() for part in name.split(".")) else None


def _is_of_a_name(character: str) -> bool:
    return character == "." or f"x{character}".isidentifier()
