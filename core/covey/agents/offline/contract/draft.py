"""A whole test file: its marker, what it says of itself, its imports and its parts. Pure."""

from collections.abc import Iterable, Iterator

from covey.agents.offline.contract.marker import marked
from covey.agents.offline.contract.promises import Promises
from covey.agents.offline.contract.writing import Words, blocks, imports

BETWEEN = "\n\n\n"


def drafted(promises: Promises) -> str:
    """The test file of a module."""
    parts = blocks(promises, Words())
    head = "\n".join([*_docstring(promises), "", *import_lines(imports(parts))])
    return marked(BETWEEN.join([head, *parts]) + "\n")


def import_lines(statements: dict[str, str]) -> Iterator[str]:
    """The import statements, those of the standard library first; names from one module stand together."""
    merged: dict[str, str] = {}
    for name, statement in statements.items():
        module = statement.partition(" import ")[0]
        if statement.startswith("from") and module in merged:
            merged[module] = f"{merged[module]}, {name}"
        else:
            merged[module if statement.startswith("from") else statement] = statement
    third_party = merged.pop("import pytest", "")
    yield from merged.values()
    if third_party:
        yield from (["", third_party] if merged else [third_party])


def explained(promises: Promises) -> Iterator[str]:
    """The lines that say of which names less than everything is tested; nothing but identifiers and our own words."""
    for title, names in (("Only their existence is tested:", promises.weaker), ("Not tested:", promises.unpromised)):
        if names:
            yield from ["", title, *(f"- {name}: {why}" for name, why in names)]


def shown(name: str) -> str:
    """A module's name as it may stand in a docstring; a file's name can be anything."""
    return name if name.replace(".", "").isidentifier() else "a module"


def _docstring(promises: Promises) -> Iterable[str]:
    yield f'"""The contract of {shown(promises.module)}.'
    yield ""
    yield "It was read from the source, without running it. A test that fails says that the contract has"
    yield "changed: decide whether the code or the test is right. Skipped tests name what a person should"
    yield "test."
    yield from explained(promises)
    yield '"""'
