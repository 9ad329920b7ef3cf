"""Adding tests to a file that is there: every line of it stays, and what it names already is taken for tested. Pure."""

import ast
from collections.abc import Iterable
from dataclasses import replace

from covey.agents.offline.contract.draft import BETWEEN, explained, import_lines
from covey.agents.offline.contract.project import Unit
from covey.agents.offline.contract.promises import ClassPromise, Promises, Signature
from covey.agents.offline.contract.writing import Words, additions, imports, shared

_HEAD = "# Added by covey's offline agent: what was not named above, read from the source without running it."


class NameTakenError(Exception):
    """A name that the added tests would import means something else in the file; `name` is that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} means something else in this file than the tests that are to be added need")


def words_in(tree: ast.Module) -> frozenset[str]:
    """All names in a test file, those in texts that are nothing but a dotted name among them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found |= {*name.split("."), *([other] if other else [])}
            case ast.Constant(value=str() as text):
                found |= {text, *(text.split(".") if text.replace(".", "").isidentifier() else [])}
    return frozenset(found)


def lacking(promises: Promises, named: frozenset[str]) -> Promises:
    """What a test file that names these does not test yet."""
    functions = _unnamed(promises.functions, named)
    classes = tuple(filter(None, (_lacking_of_class(each, named) for each in promises.classes)))
    left = {each.name for each in functions}
    left |= {f"{each.name}.{member}" for each in classes for member in _members(each)}
    whole = {each.name for each in classes} - named
    return replace(
        promises,
        exports=None if "__all__" in named else promises.exports,
        functions=functions,
        classes=classes,
        values=tuple(each for each in promises.values if each.name not in named),
        names=tuple(each for each in promises.names if each not in named),
        doctests=tuple(each for each in promises.doctests if each in left | whole),
        behaviours=tuple(each for each in promises.behaviours if each.name in left),
        undocumented=tuple(each for each in promises.undocumented if each in left),
        weaker=tuple(each for each in promises.weaker if each[0].rpartition(".")[2] not in named),
        unpromised=(),
        note="" if promises.note and any(promises.note in text for text in named) else promises.note,
    )


def added(before: str, tree: ast.Module, promises: Promises) -> str:
    """The file with tests for what it does not test yet; unchanged if there is nothing of that kind.

    Raises:
        NameTakenError: the tests cannot stand in this file.
    """
    named = words_in(tree)
    lacks = lacking(promises, named)
    plain = Words()
    if all(part in before for part in shared(promises, plain, [f"{plain.signature_of}("])):
        parts = additions(lacks, Words(named, shared=True))
    else:
        words = Words(named)
        tests = additions(lacks, words)
        uses_module = any(f"{words.module}: " in test for test in tests)
        parts = [*(shared(lacks, words, tests) if uses_module else []), *tests]
    if not parts:
        return before
    statements = _wanted(imports(parts), tree)
    head = [_HEAD, *(f"# {line}".rstrip() for line in explained(lacks)), *map(_late, import_lines(statements))]
    return _joined(before, BETWEEN.join(["\n".join(head), *parts]))


def _wanted(statements: dict[str, str], tree: ast.Module) -> dict[str, str]:
    """The import statements for names that the file does not have yet."""
    unit = Unit("a_test", is_package=False, tree=tree)
    for name, statement in statements.items():
        module, _, taken = statement.removeprefix("from ").removeprefix("import ").partition(" import ")
        meaning = f"{module}.{taken}" if taken else module
        if name in unit.scope and unit.imported.get(name) != meaning:
            raise NameTakenError(name)
    return {name: statement for name, statement in statements.items() if name not in unit.scope}


def _late(line: str) -> str:
    """An import below other code, which linters are told is meant."""
    return f"{line}  # noqa: E402" if line else line


def _joined(before: str, block: str) -> str:
    """The text with a block at its end, in the text's own line ends."""
    newline = "\r\n" if "\r\n" in before else "\n"
    ended = before if before.endswith("\n") else f"{before}{newline}"
    return f"{ended}{newline}{newline}{block.replace(chr(10), newline)}{newline}"


def _unnamed(signatures: Iterable[Signature], named: frozenset[str]) -> tuple[Signature, ...]:
    return tuple(each for each in signatures if each.name not in named)


def _lacking_of_class(each: ClassPromise, named: frozenset[str]) -> ClassPromise | None:
    """What is not tested of a class; None if that is nothing."""
    if each.name.rpartition(".")[2] not in named:
        return each
    left = ClassPromise(
        name=each.name,
        methods=_unnamed(each.methods, named),
        class_methods=_unnamed(each.class_methods, named),
        static_methods=_unnamed(each.static_methods, named),
        properties=tuple(name for name in each.properties if name not in named),
        settable_properties=tuple(name for name in each.settable_properties if name not in named),
        cached_properties=tuple(name for name in each.cached_properties if name not in named),
        values=tuple(value for value in each.values if value.name not in named),
        names=tuple(name for name in each.names if name not in named),
    )
    return left if left != ClassPromise(name=each.name) else None


def _members(each: ClassPromise) -> Iterable[str]:
    signatures = (*each.methods, *each.class_methods, *each.static_methods)
    properties = (*each.properties, *each.settable_properties, *each.cached_properties)
    return (*(found.name for found in signatures), *properties)
