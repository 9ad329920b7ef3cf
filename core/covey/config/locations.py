"""On which line of a TOML file each key, table and array entry stands.

`tomllib` gives the values, tree-sitter the positions; neither gives both. Only lines live here, no values.
"""

import tomllib
from collections import Counter
from functools import cached_property

import tree_sitter
import tree_sitter_toml

KeyPath = tuple[str | int, ...]
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_DEEPEST = 32  # a key of ten thousand parts would otherwise cost the square of that


class Lines:
    """The lines of a TOML file that `tomllib` has accepted, counted from 1, by the path of a value: keys and indexes.

    They are looked for when the first is asked for: where nothing is wrong, nobody asks.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source

    def of(self, *path: str | int) -> int:
        """The line of the value at this path, or of the nearest table around it; 0 when there is none."""
        for length in range(len(path), 0, -1):
            line = self._known.get(path[:length])
            if line is not None:
                return line
        return 0

    @cached_property
    def _known(self) -> dict[KeyPath, int]:
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
        return _Locator().run(parser.parse(self._source).root_node)


class _Locator:
    """One walk over a syntax tree. `pending` holds what is still to be visited, so that depth costs no stack."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.arrays: Counter[KeyPath] = Counter()
        self.pending: list[tuple[tree_sitter.Node, KeyPath]] = []

    def run(self, root: tree_sitter.Node) -> dict[KeyPath, int]:
        for child in root.named_children:
            if child.type == "pair":
                self._pair(child, ())
            elif child.type == "table":
                self._table(child, self._header(child))
            elif child.type == "table_array_element":
                path = self._header(child)
                self.lines.setdefault(path, _line(child))
                self._table(child, (*path, self.arrays[path]))
                self.arrays[path] += 1
        while self.pending:
            self._value(*self.pending.pop())
        return self.lines

    def _header(self, node: tree_sitter.Node) -> KeyPath:
        """The path that a table's header names: inside an array of tables it means the newest entry."""
        *leading, last = _parts(_key(node))
        path: KeyPath = ()
        for part in leading:
            path = (*path, part)
            if self.arrays[path]:
                path = (*path, self.arrays[path] - 1)
        return (*path, last)

    def _table(self, node: tree_sitter.Node, path: KeyPath) -> None:
        self._mark(path, _line(node))
        for child in node.named_children:
            if child.type == "pair":
                self._pair(child, path)

    def _pair(self, node: tree_sitter.Node, table: KeyPath) -> None:
        path = (*table, *_parts(_key(node)))
        self._mark(path, _line(node))
        self.pending.append((node.named_children[-1], path))

    def _value(self, node: tree_sitter.Node, path: KeyPath) -> None:
        if node.type == "array":
            entries = [child for child in node.named_children if child.type != "comment"]
            for index, entry in enumerate(entries):
                self._mark((*path, index), _line(entry))
                self.pending.append((entry, (*path, index)))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path)

    def _mark(self, path: KeyPath, line: int) -> None:
        """Keep the line of a path, and of the tables that its dotted key makes on the way."""
        for length in range(min(len(path), _DEEPEST), 0, -1):
            if path[:length] in self.lines:
                break
            self.lines[path[:length]] = line


def _line(node: tree_sitter.Node) -> int:
    return node.start_point.row + 1


def _key(node: tree_sitter.Node) -> tree_sitter.Node:
    return next(child for child in node.named_children if child.type in _KEYS)


def _parts(key: tree_sitter.Node) -> list[str]:
    """The parts of a key, unquoted. A dotted key nests to the left, one level a part."""
    parts: list[str] = []
    while key.type == "dotted_key":
        rest, key_of_last = key.named_children[0], key.named_children[-1]
        parts.append(_unquoted(key_of_last))
        key = rest
    parts.append(_unquoted(key))
    return parts[::-1]


def _unquoted(key: tree_sitter.Node) -> str:
    text = (key.text or b"").decode()
    if key.type == "bare_key":
        return text
    value: object = tomllib.loads(f"key = {text}")["key"]
    return str(value)
