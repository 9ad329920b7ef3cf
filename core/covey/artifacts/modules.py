"""The names of a project's modules, and which of them a dotted name in a document or an import means. Pure."""

import difflib
from collections.abc import Iterable

_NEAREST = 3


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

        There a capital tells a class; but where modules are written with capitals themselves (Elixir), the lack of one
        tells a function.
        """
        if not self._is_package(component):
            return True
        return attribute[:1].isupper() != component.rpartition(".")[2][:1].isupper()

    def _is_package(self, name: str) -> bool:
        return any(known.startswith(f"{name}.") for known in self._known)
