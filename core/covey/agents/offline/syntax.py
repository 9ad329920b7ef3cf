"""What the syntax tree of a module tells directly: which errors its functions raise and what it imports. Pure."""

import ast
import builtins
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from covey.agents.offline.facts import ImportFacts, Origin
from covey.artifacts.modules import ModuleNames

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_one_at_a_time = threading.RLock()  # warning filters and griffe's log level belong to the whole process


@contextmanager
def quiet() -> Iterator[None]:
    """While code is read nobody is warned of what is in it, and no other thread reads any."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_empty(tree: ast.Module) -> bool:
    """The module has neither code nor a docstring with text in it."""
    match tree.body:
        case []:
            return True
        case [ast.Expr(value=ast.Constant(value=str(text)))]:
            return not text.strip()
    return False


def most_assignments(tree: ast.Module) -> int:
    """The most assignments that stand directly in one body, the module's or a class's."""
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    return max(sum(isinstance(node, ast.Assign | ast.AnnAssign) for node in body) for body in bodies)


def raised_errors(tree: ast.Module) -> Mapping[str, tuple[str, ...]]:
    """The errors that each function raises by name, by the function's qualified name, in the order of the code."""
    found: dict[str, dict[str, None]] = {}
    for name, definition in _definitions(tree.body, ""):
        if not isinstance(definition, ast.ClassDef):
            found.setdefault(name, {}).update(dict.fromkeys(_raised(definition.body)))
    return {name: tuple(errors) for name, errors in found.items()}


def imports(tree: ast.Module, module_name: str, known: ModuleNames) -> tuple[ImportFacts, ...]:
    """All that a module imports, wherever in it, merged by module and sorted by its name."""
    taken: dict[str, dict[str, None]] = {}
    for node in ast.walk(tree):
        for module, name in _imported(node, module_name, known):
            taken.setdefault(module, {}).update({name: None} if name else {})
    return tuple(
        ImportFacts(module=module, origin=_origin(module, known), names=tuple(names))
        for module, names in sorted(taken.items())
    )


def bindings(tree: ast.Module, module_name: str) -> Mapping[str, str]:
    """The names that a module's imports bind, each with the absolute name of what it stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.asname: alias.name for alias in names if alias.asname}
            case ast.ImportFrom(names=names):
                base = _base(node, module_name)
                found |= {alias.asname or alias.name: f"{base}.{alias.name}".lstrip(".") for alias in names}
    return found


def bound_names(tree: ast.Module) -> frozenset[str] | None:
    """All names that a module's own statements bind; None where a star import or a `__getattr__` may bind any."""
    found: set[str] = set()
    for node in _outside_of_functions(tree.body):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return None
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name.partition(".")[0] for alias in names}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                found.add(name)
    return None if "__getattr__" in found else frozenset(found)


def _outside_of_functions(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a body but what is inside functions and classes."""
    for node in body:
        yield node
        if not isinstance(node, _Definition | ast.Lambda):
            yield from _outside_of_functions(ast.iter_child_nodes(node))


def _definitions(body: Iterable[ast.AST], above: str) -> Iterator[tuple[str, _Definition]]:
    """Functions and classes in a body with their qualified names, conditional ones too, those inside functions not."""
    for node in body:
        if isinstance(node, _Definition):
            name = f"{above}{node.name}"
            yield name, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{name}.")
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _definitions(ast.iter_child_nodes(node), above)


def _raised(body: Iterable[ast.AST]) -> Iterator[str]:
    for node in body:
        if isinstance(node, _Definition | ast.Lambda):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if _is_error_class(error):
                yield ast.unparse(error)
        yield from _raised(ast.iter_child_nodes(node))


def _is_error_class(node: ast.expr) -> bool:
    """A name that can only be a class: a variable that holds an error tells nothing."""
    match node:
        case ast.Name(id=name):
            return name[:1].isupper() or hasattr(builtins, name)
        case ast.Attribute(attr=name, value=ast.Name() | ast.Attribute()):
            return name[:1].isupper()
    return False


def _imported(node: ast.AST, module_name: str, known: ModuleNames) -> Iterator[tuple[str, str]]:
    """The modules that a statement imports, each with the name that is taken from it (none: the module itself)."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield _module(alias.name, known), ""
        case ast.ImportFrom(module="__future__", level=0):
            return  # changes how the module is read; nothing is needed from it
        case ast.ImportFrom(names=names):
            base = _base(node, module_name)
            for alias in names:
                yield _from(base, alias.name, known)


def _base(node: ast.ImportFrom, module_name: str) -> str:
    """The absolute module that a `from` import names; dots go up from the package that holds the module."""
    if not node.level:
        return node.module or ""
    package: Sequence[str] = module_name.split(".")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _module(name: str, known: ModuleNames) -> str:
    package = f"{name}.__init__"
    return package if package in known else known.component(name) or name


def _from(base: str, name: str, known: ModuleNames) -> tuple[str, str]:
    inner = f"{base}.{name}" if base else name
    for module, taken in ((inner, ""), (f"{inner}.__init__", ""), (f"{base}.__init__", name), (base, name)):
        if module in known:
            return module, taken
    return (_module(base, known), name) if base else (name, "")


def _origin(module: str, known: ModuleNames) -> Origin:
    if known.component(module) is not None:
        return Origin.COMPONENT
    if known.is_own(module):
        return Origin.PROJECT
    return Origin.STANDARD if module.partition(".")[0] in sys.stdlib_module_names else Origin.THIRD_PARTY
