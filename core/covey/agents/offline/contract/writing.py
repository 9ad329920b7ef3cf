"""The parts of a test file from a module's promises. Pure: promises in, source out, the same each time."""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from covey.agents.offline.contract.layout import Group, head, laid_out, literal, literals, said, texts
from covey.agents.offline.contract.promises import Behaviour, ClassPromise, Fields, FieldsOf, Promises, Signature, Value
from covey.text.quoting import visible

_TO_WRITE = "to be written by a person: "
_FIELDS = {
    FieldsOf.DATACLASS: "[each.name for each in dataclasses.fields({})]",
    FieldsOf.NAMED_TUPLE: "list({}._fields)",
    FieldsOf.TYPED_DICT: "sorted({0}.__required_keys__ | {0}.__optional_keys__)",
    FieldsOf.ANNOTATED: "list({}.__annotations__)",
}
_SIGNATURE_OF = '''\
def {name}(function: Any, open_defaults: Collection[str] = ()) -> str:
    """How a function is called, without annotations; `open_defaults` may have any value."""
    function = inspect.unwrap(function)
    code, defaults = function.__code__, function.__defaults__
    bare = FunctionType(code, {{}}, None, defaults, function.__closure__)
    bare.__kwdefaults__ = function.__kwdefaults__
    signature = inspect.signature(bare)
    parameters = [
        each.replace(default=ANY)
        if each.name in open_defaults and each.default is not each.empty
        else each
        for each in signature.parameters.values()
    ]
    is_async = inspect.iscoroutinefunction(bare) or inspect.isasyncgenfunction(bare)
    is_generator = inspect.isgeneratorfunction(bare) or inspect.isasyncgenfunction(bare)
    keywords = ("async " if is_async else "") + ("generator " if is_generator else "")
    return keywords + str(signature.replace(parameters=parameters))'''
_DOCTEST = (
    "parser = doctest.DocTestParser()",
    'text = inspect.getdoc(documented) or ""',
    "example = parser.get_doctest(text, dict(vars(module)), name, None, None)",
    "runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)",
    "report: list[str] = []",
    "runner.run(example, out=report.append)",
    'assert runner.tries, "the examples are gone"',
    "if runner.failures and hashlib.sha256(source.encode()).hexdigest() == drafted_from:",
    '    pytest.skip("these examples have been wrong since before this test: " + "".join(report))',
    'assert not runner.failures, "".join(report)',
)
_IMPORTS = {
    name: f"import {name}"
    for name in (
        "dataclasses",
        "doctest",
        "functools",
        "hashlib",
        "importlib",
        "inspect",
        "operator",
        "sys",
        "warnings",
    )
} | {
    "find_spec": "from importlib.util import find_spec",
    "Collection": "from collections.abc import Collection",
    "Path": "from pathlib import Path",
    "FunctionType": "from types import FunctionType",
    "ModuleType": "from types import ModuleType",
    "Any": "from typing import Any",
    "ANY": "from unittest.mock import ANY",
    "pytest": "import pytest",
}


class Words:
    """The names that a test file gives to what is in it; none is given twice, nor one that is taken already.

    `shared`: fixture and helper keep their names, for they are in the file as they would be written.
    """

    def __init__(self, taken: Collection[str] = (), *, shared: bool = False) -> None:
        self._taken = set(taken) - ({"module", "imported_module", "signature_of"} if shared else set())
        self.module = self.free("module")
        self.fixture = self.free("imported_module")
        self.signature_of = self.free("signature_of")

    def free(self, wanted: str) -> str:
        """The name, or the name with the lowest number that makes it a new one."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name


@dataclass(frozen=True, slots=True)
class _Table:
    """A parametrised test: what its parameters are called, with their types, a row for each thing, and the body."""

    name: str
    parameters: Sequence[tuple[str, str]]
    rows: Sequence[Group | str]
    body: Sequence[str]


def blocks(promises: Promises, words: Words) -> list[str]:
    """The parts of a test file: what its tests share, its tests, what is left to a person."""
    if promises.unimportable:
        return [_not_imported(promises, words), *_left_over(promises, words)]
    name = words.free("test_the_module_can_be_imported")
    condition = f"{words.module}.__name__ == {literal(promises.module)}"
    imported = "\n".join([f"def {name}({_module(words)}) -> None:", f"    assert {condition}"])
    tests = [imported, *tested(promises, words)]
    return [*shared(promises, words, tests), *tests, *_left_over(promises, words)]


def additions(promises: Promises, words: Words) -> list[str]:
    """The tests alone, and what is left to a person."""
    tests = [] if promises.unimportable else tested(promises, words)
    return [*tests, *_left_over(promises, words)]


def tested(promises: Promises, words: Words) -> list[str]:
    """The tests of the module and of its classes."""
    return [*_module_tests(promises, words), *(_class_tests(promises, each, words) for each in promises.classes)]


def shared(promises: Promises, words: Words, tests: Iterable[str]) -> list[str]:
    """The fixture and the helper that these tests need."""
    needs_helper = any(f"{words.signature_of}(" in test for test in tests)
    helper = _SIGNATURE_OF.format(name=words.signature_of)
    return [_imported_module(promises, words), *([helper] if needs_helper else [])]


def imports(parts: Iterable[str]) -> dict[str, str]:
    """The names that the parts take from elsewhere, each with the statement that imports it, in isort's order."""
    used = {node.id for node in ast.walk(ast.parse("\n".join(parts))) if isinstance(node, ast.Name)}
    wanted = {name: statement for name, statement in _IMPORTS.items() if name in used}
    return dict(sorted(wanted.items(), key=lambda each: (each[0] == "pytest", each[1].startswith("from"), each[1])))


def _imported_module(promises: Promises, words: Words) -> str:
    lines = [
        f'@pytest.fixture(name={literal(words.module)}, scope="module")',
        f"def {words.fixture}() -> ModuleType:",
    ]
    if promises.windows:
        lines += ['    if sys.platform != "win32":', '        pytest.skip("it can be imported on Windows alone")']
    if promises.needs:
        lines += laid_out("for needed in ", texts(promises.needs), ":", 1)
        lines += ["        if find_spec(needed) is None:", '            pytest.skip(f"{needed} is not installed here")']
    name = literal(promises.module)
    load = ["with warnings.catch_warnings():", '    warnings.simplefilter("ignore")']
    load += [f"    return importlib.import_module({name})"]
    if promises.may_refuse:
        load = ["try:", *_indented(load), "except ImportError as error:", "    if error.name is not None:"]
        load += ["        raise", '    pytest.skip(f"it refuses to be imported here: {error}")']
    return "\n".join([*lines, *_indented(load)])


def _not_imported(promises: Promises, words: Words) -> str:
    name = words.free("test_the_module_is_not_imported")
    why = f"{promises.module} is not imported by a test: {promises.unimportable}"
    return "\n".join([f"def {name}() -> None:", *said("pytest.skip", visible(why), 1)])


def _module_tests(promises: Promises, words: Words) -> Iterator[str]:
    if promises.exports is not None:
        lines = laid_out(f"assert sorted({words.module}.__all__) == ", literals(sorted(promises.exports)), depth=1)
        yield "\n".join([f"def {words.free('test_exports')}({_module(words)}) -> None:", *lines])
    for table in _module_tables(promises, words):
        yield "\n".join(_table(table, words, 0))


def _module_tables(promises: Promises, words: Words) -> Iterator[_Table]:
    module = words.module
    if promises.functions:
        yield _signatures("test_function", promises.functions, f"getattr({module}, name)", words)
    if promises.values:
        yield _values("test_constant", promises.values, f"vars({module})[name]")
    if promises.names:
        yield _Table("test_name", [("name", "str")], _rows(promises.names), [f"assert name in vars({module})"])
    if promises.doctests:
        found = f"operator.attrgetter(name)({module})"
        whole = f"{found} if name else {module}" if "" in promises.doctests else found
        body = [
            f"documented = {whole}",
            *(line.replace("vars(module)", f"vars({module})") for line in _DOCTEST[:-3]),
            f'source = Path({module}.__file__).read_text(encoding="utf-8-sig")',
            f"drafted_from = {literal(promises.source_digest)}",
            *_DOCTEST[-3:],
        ]
        yield _Table("test_examples", [("name", "str")], _rows(promises.doctests), body)


def _class_tests(promises: Promises, each: ClassPromise, words: Words) -> str:
    own = Words()
    place = f"{words.module}.{each.name}"
    lines = [f"class {words.free(f'Test{each.name.replace(chr(46), chr(95))}')}:", "    def test_class(", ""]
    lines[1] = f"    def {own.free('test_class')}(self, {_module(words)}) -> None:"
    lines[2] = f"        assert isinstance({place}, type)"
    above, _, last = each.name.rpartition(".")
    lines += [f"        assert {literal(last)} in vars({words.module}.{above})"] if above else []
    lines += [f"        assert {words.module}.{base} in {place}.__mro__" for base in each.bases]
    lines += [f"        assert issubclass({place}, {each.error})"] if each.error else []
    for lister, found in (("test_fields", each.fields), ("test_members", each.members)):
        if found is not None:
            first = f"    def {own.free(lister)}(self, {_module(words)}) -> None:"
            lines += ["", first, *_listing(found, place, is_enumeration=found is each.members)]
    for table in _class_tables(each, f"vars({place})", words):
        lines += ["", *_table(table, words, 1)]
    for behaviour in promises.behaviours:
        owner, _, name = behaviour.name.rpartition(".")
        if owner == each.name:
            lines += ["", *_placeholder(behaviour, own.free(f"test_behaviour_of_{name}"), 1)]
    return "\n".join(lines)


def _class_tables(each: ClassPromise, own: str, words: Words) -> Iterator[_Table]:
    member = f"{own}[name]"
    if each.methods:
        yield _signatures("test_method", each.methods, member, words)
    for name, kind, signatures in (
        ("test_class_method", "classmethod", each.class_methods),
        ("test_static_method", "staticmethod", each.static_methods),
    ):
        if signatures:
            yield _signatures(name, signatures, member, words, f"assert isinstance({member}, {kind})")
    is_property = f"assert isinstance({member}, property)"
    for name, names, body in (
        ("test_property", each.properties, [is_property]),
        ("test_settable_property", each.settable_properties, [is_property, f"assert {member}.fset is not None"]),
        ("test_cached_property", each.cached_properties, [f"assert isinstance({member}, functools.cached_property)"]),
        ("test_name", each.names, [f"assert name in {own}"]),
    ):
        if names:
            yield _Table(name, [("name", "str")], _rows(names), body)
    if each.values:
        yield _values("test_constant", each.values, member)


def _signatures(name: str, signatures: Sequence[Signature], found: str, words: Words, *first: str) -> _Table:
    """The table of functions; defaults that are left open have a column of their own where there are any."""
    opened = any(each.open_defaults for each in signatures)
    more = ", open_defaults" if opened else ""
    rows = [
        Group("(", [literal(each.name), literal(each.shape), *([texts(each.open_defaults)] if opened else [])], ")")
        for each in signatures
    ]
    parameters = [("name", "str"), ("expected", "str"), *([("open_defaults", "Collection[str]")] if opened else [])]
    return _Table(name, parameters, rows, [*first, f"assert {words.signature_of}({found}{more}) == expected"])


def _values(name: str, values: Sequence[Value], found: str) -> _Table:
    rows = [Group("(", [literal(each.name), each.type], ")") for each in values]
    return _Table(name, [("name", "str"), ("expected", "type")], rows, [f"assert isinstance({found}, expected)"])


def _table(table: _Table, words: Words, depth: int) -> list[str]:
    """The lines of a parametrised test."""
    name = table.name if depth else words.free(table.name)
    names = [parameter for parameter, _ in table.parameters]
    shown = literal(names[0]) if len(names) == 1 else texts(names)
    decorator = Group("(", [shown, Group("[", table.rows, "]")], ")")
    typed = ", ".join(
        [*(["self"] if depth else []), _module(words), *(f"{each}: {kind}" for each, kind in table.parameters)]
    )
    indent = "    " * depth
    return [
        *laid_out("@pytest.mark.parametrize", decorator, depth=depth),
        *head(name, typed, depth),
        *(f"{indent}    {line}" for line in table.body),
    ]


def _listing(found: Fields, place: str, *, is_enumeration: bool) -> list[str]:
    """The assertion about the fields or members of a class."""
    listed = _FIELDS[found.kind].format(place)
    if is_enumeration:
        listed = f'[name for name in {place}.__members__ if not name.startswith("_")]'
    if not found.complete:
        own = Group("{", [literal(each) for each in found.names], "}")
        return [f"        names = {listed}", *laid_out("assert set(names) >= ", own, depth=2)]
    names = sorted(found.names) if found.kind is FieldsOf.TYPED_DICT else found.names
    return laid_out(f"assert {listed} == ", literals(names), depth=2)


def _left_over(promises: Promises, words: Words) -> Iterator[str]:
    """What a person should test and has no place in the tests of a class."""
    own = {each.name for each in promises.classes}
    for behaviour in promises.behaviours:
        if behaviour.name.rpartition(".")[0] not in own:
            name = words.free(f"test_behaviour_of_{behaviour.name.replace('.', '_')}")
            yield "\n".join(_placeholder(behaviour, name, 0))
    if promises.undocumented:
        text = f"{_TO_WRITE}what is not documented: {', '.join(promises.undocumented)}"
        first = f"def {words.free('test_behaviour_of_the_undocumented')}() -> None:"
        yield "\n".join([first, *said("pytest.skip", visible(text), 1)])
    if promises.note:
        first = f"def {words.free('test_what_a_note_asks_for')}() -> None:"
        yield "\n".join([first, *said("pytest.skip", f"{_TO_WRITE}{promises.note}", 1)])


def _placeholder(behaviour: Behaviour, name: str, depth: int) -> list[str]:
    parameters = "self" if depth else ""
    text = visible(f"{_TO_WRITE}{behaviour.name}: {behaviour.says}")
    return [f"{'    ' * depth}def {name}({parameters}) -> None:", *said("pytest.skip", text, depth + 1)]


def _module(words: Words) -> str:
    return f"{words.module}: ModuleType"


def _rows(names: Iterable[str]) -> Sequence[str]:
    return [literal(name) for name in names]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
