"""The project's modules, read when one is needed to know what a name stands for; none of them is ever imported."""

import ast
import builtins
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from covey.agents.offline.contract.scope import Binding, Function, bindings, rebound
from covey.agents.offline.syntax import quiet
from covey.workspace.files import NotTextError, TooLargeError, read_text
from covey.workspace.walk import OutsideError

_LONGEST_CHAIN = 20  # re-exports of re-exports; a circle ends here


@dataclass(frozen=True)
class Unit:
    """A module of the project. `name` is that by which it is imported; `is_package`: its file is an `__init__.py`."""

    name: str
    is_package: bool
    tree: ast.Module

    @cached_property
    def scope(self) -> Mapping[str, Binding]:
        """What the module binds."""
        return bindings(self.tree.body, rebound(self.tree))

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """The names that only imports bind, each with the absolute dotted name that it stands for."""
        found: dict[str, str] = {}
        for name, binding in self.scope.items():
            meanings = {self._meaning(name, statement) for statement in binding.statements}
            if len(meanings) == 1 and (meaning := meanings.pop()):
                found[name] = meaning
        return found

    def base(self, node: ast.ImportFrom) -> str:
        """The absolute module that a `from` import names."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts[: max(0, len(parts) - node.level + self.is_package)]
        return ".".join([*package, *([node.module] if node.module else [])])

    def _meaning(self, name: str, statement: ast.stmt) -> str:
        match statement:
            case ast.Import(names=names):
                aliased = next((alias.name for alias in names if alias.asname == name), "")
                return aliased or name
            case ast.ImportFrom(names=names):
                original = next(alias.name for alias in names if (alias.asname or alias.name) == name)
                return f"{self.base(statement)}.{original}"
        return ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class of the project, and the module that defines it."""

    unit: Unit
    node: Function | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is: its path below the workspace, and what tells whether the file has changed since."""

    workspace: Path
    path: str
    name: str
    is_package: bool
    modified: int
    size: int


class Project:
    """The modules below the source roots; `own` is the module at hand, whose text is given."""

    def __init__(self, workspace: Path, roots: Sequence[str], own: Unit) -> None:
        self.workspace = workspace
        self._roots = roots
        self._places: dict[str, Place | None] = {}
        self._tops: dict[str, bool] = {}
        self._units: dict[str, Unit | None] = {own.name: own}

    def unit(self, name: str) -> Unit | None:
        """The module of that name; None if the project has no such module, or if it cannot be read."""
        if name not in self._units:
            self._units[name] = read_unit(self.find(name))
        return self._units[name]

    def is_own(self, name: str) -> bool:
        """The name is that of one of the project's top-level packages or modules, or below one."""
        top = name.partition(".")[0]
        if top not in self._tops:
            ends = [f"{self.workspace}/{root}/{end}" for root in self._roots for end in (top, f"{top}.py")]
            self._tops[top] = bool(top) and any(map(os.path.lexists, ends))
        return self._tops[top]

    def meaning(self, unit: Unit, name: str) -> Definition | str:
        """What a dotted name in a module stands for: a definition of the project, or the name of something outside.

        Such a name is absolute; it is empty if nothing can be told.
        """
        for _ in range(_LONGEST_CHAIN):
            head, _dot, rest = name.partition(".")
            if head not in unit.scope:
                return f"builtins.{name}" if hasattr(builtins, head) else ""
            node = unit.scope[head].only
            if isinstance(node, Function | ast.ClassDef):
                return Definition(unit, node) if not rest else ""
            if head not in unit.imported:
                return ""
            absolute = f"{unit.imported[head]}.{rest}".rstrip(".")
            found = self._holder(absolute)
            if found is None:
                return absolute
            unit, name = found
            if not name:
                return ""
        return ""

    def _holder(self, absolute: str) -> tuple[Unit, str] | None:
        """The module of the project that a dotted name leads to, and what is left of the name in it."""
        parts = absolute.split(".") if self.is_own(absolute) else []
        for length in range(len(parts), 0, -1):
            unit = self.unit(".".join(parts[:length]))
            if unit is not None:
                return unit, ".".join(parts[length:])
        return None

    def find(self, name: str) -> Place | None:
        """Where a module of the project is; None if the project has no such module."""
        if name not in self._places:
            self._places[name] = self._find(name) if self.is_own(name) else None
        return self._places[name]

    def _find(self, name: str) -> Place | None:
        path = name.replace(".", "/")
        for root in self._roots:
            for ending, is_package in (("/__init__.py", True), (".py", False)):
                place = f"{root}/{path}{ending}"
                try:
                    status = (self.workspace / place).stat()
                except (OSError, ValueError):
                    continue
                return Place(self.workspace, place, name, is_package, status.st_mtime_ns, status.st_size)
        return None


def read_unit(place: Place | None) -> Unit | None:
    """The module at a place; None if it cannot be read, for then it tells nothing here."""
    if place is None:
        return None
    try:
        text = read_text(place.workspace, place.path).removeprefix("\ufeff")
        return Unit(place.name, place.is_package, parsed(text))
    except (OSError, NotTextError, OutsideError, TooLargeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parsed(text: str) -> ast.Module:
    """The syntax tree of a module's text; warnings about it are nobody's here.

    Raises:
        SyntaxError: it is not Python; ValueError, RecursionError and MemoryError for what cannot be read.
    """
    with quiet():
        return ast.parse(text)


def is_standard(name: str) -> bool:
    """The dotted name is of the standard library."""
    return name.partition(".")[0] in sys.stdlib_module_names
