"""Whether the signature of a function survives its decorators, told from how these are written.

`inspect.unwrap` finds the function below whatever was made with `functools.wraps`. The decorators of the standard
library that do so are known by name, and those of the project are read: one that returns its argument, or an inner
function that wraps its argument, keeps the signature. Of any other decorator nothing is assumed.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from covey.agents.offline.contract.project import Definition, Project, Unit
from covey.agents.offline.contract.scope import Function, dotted


class Effect(Enum):
    """What a decorator makes of a function."""

    SAME = auto()
    WRAPPED = auto()
    CLASS_METHOD = auto()
    STATIC_METHOD = auto()
    PROPERTY = auto()
    CACHED_PROPERTY = auto()
    UNKNOWN = auto()


_KNOWN = {
    "abc.abstractmethod": Effect.SAME,
    "atexit.register": Effect.SAME,
    "builtins.classmethod": Effect.CLASS_METHOD,
    "builtins.property": Effect.PROPERTY,
    "builtins.staticmethod": Effect.STATIC_METHOD,
    "contextlib.asynccontextmanager": Effect.WRAPPED,
    "contextlib.contextmanager": Effect.WRAPPED,
    "dataclasses.dataclass": Effect.SAME,
    "enum.unique": Effect.SAME,
    "functools.cache": Effect.WRAPPED,
    "functools.cached_property": Effect.CACHED_PROPERTY,
    "functools.lru_cache": Effect.WRAPPED,
    "functools.singledispatch": Effect.WRAPPED,
    "functools.total_ordering": Effect.SAME,
    "warnings.deprecated": Effect.WRAPPED,
    **{
        f"{module}.{name}": Effect.SAME
        for module in ("typing", "typing_extensions")
        for name in ("dataclass_transform", "final", "no_type_check", "override", "runtime_checkable")
    },
    "typing_extensions.deprecated": Effect.WRAPPED,
    "rich.repr.auto": Effect.SAME,
    "rich.repr.rich_repr": Effect.SAME,
    **{f"attr.{name}": Effect.SAME for name in ("attrs", "define", "frozen", "mutable", "s")},
    **{f"attrs.{name}": Effect.SAME for name in ("define", "frozen", "mutable")},
}
_DESCRIPTORS = {Effect.CLASS_METHOD, Effect.STATIC_METHOD, Effect.PROPERTY, Effect.CACHED_PROPERTY}
_DEEPEST = 8


def effect(project: Project, unit: Unit, decorators: Sequence[ast.expr], hidden: Collection[str] = ()) -> Effect:
    """What all decorators together make of a function or class; `hidden` are names with another meaning around it."""
    made, wrapped = Effect.SAME, False
    for decorator in decorators:  # the outermost is the first
        each = _effect(project, unit, decorator, hidden)
        if each is Effect.UNKNOWN or (each in _DESCRIPTORS and (made is not Effect.SAME or wrapped)):
            return Effect.UNKNOWN
        made = each if each in _DESCRIPTORS else made
        wrapped = wrapped or each is Effect.WRAPPED
    return Effect.WRAPPED if wrapped and made is Effect.SAME else made


def _effect(project: Project, unit: Unit, decorator: ast.expr, hidden: Collection[str]) -> Effect:
    called = isinstance(decorator, ast.Call)
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if not name or name.partition(".")[0] in hidden:
        return Effect.UNKNOWN
    found = project.meaning(unit, name)
    if isinstance(found, str):
        return _KNOWN.get(found, Effect.UNKNOWN)
    return _Reader(project, found).effect(called=called)


@dataclass(frozen=True, slots=True)
class _Maker:
    """An expression that is a decorator itself, with this effect."""

    effect: Effect


class _Reader:
    """Reads what one function of the project does to its first argument."""

    def __init__(self, project: Project, definition: Definition, depth: int = 0) -> None:
        self._project = project
        self._unit = definition.unit
        self._depth = depth
        self._node = definition.node
        self._inner: dict[str, list[Function]] = {}
        if depth > _DEEPEST:
            return
        for node in _own(definition.node):
            if isinstance(node, Function):
                self._inner.setdefault(node.name, []).append(node)

    def effect(self, *, called: bool) -> Effect:
        """What the function makes of what it decorates; `called`: it is called for a decorator first."""
        node = self._node
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or self._depth > _DEEPEST:
            return Effect.UNKNOWN
        returned = [self._value(each.value) for each in _own(node) if isinstance(each, ast.Return) and each.value]
        made = {each.effect for each in returned if isinstance(each, _Maker)}
        plain = {each for each in returned if isinstance(each, Effect)}
        wanted = made if called else plain
        if not wanted or Effect.UNKNOWN in made | plain:
            return Effect.UNKNOWN
        return Effect.WRAPPED if Effect.WRAPPED in wanted else Effect.SAME

    @property
    def _first(self) -> str:
        """The first parameter, unless it is bound anew."""
        node = self._node
        assert isinstance(node, Function)  # noqa: S101 -- asked for in `effect` only, for the type checker
        parameters = [*node.args.posonlyargs, *node.args.args]
        anew = {each.id for each in _own(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        return parameters[0].arg if parameters and parameters[0].arg not in anew else ""

    def _value(self, value: ast.expr) -> Effect | _Maker:
        match value:
            case ast.Name(id=name) if name == self._first:
                return Effect.SAME
            case ast.Name(id=name) if name in self._inner:
                return self._inner_function(name)
            case ast.Call(func=function, args=[first, *more]):
                return self._call(dotted(function), first, more)
            case ast.Call(func=function, args=[]):
                return self._maker(dotted(function))
        return Effect.UNKNOWN

    def _maker(self, function: str) -> Effect | _Maker:
        """A call without the function that is decorated can give a decorator."""
        meaning = self._project.meaning(self._unit, function) if function and function not in self._inner else ""
        if isinstance(meaning, str):
            return Effect.UNKNOWN
        return _Maker(_Reader(self._project, meaning, self._depth + 1).effect(called=True))

    def _call(self, function: str, first: ast.expr, more: Sequence[ast.expr]) -> Effect | _Maker:
        if function in self._inner and dotted(first) == self._first:
            made = self._inner_function(function)
            return made.effect if isinstance(made, _Maker) else Effect.UNKNOWN
        meaning = self._project.meaning(self._unit, function) if function else ""
        if isinstance(meaning, Definition):
            reader = _Reader(self._project, meaning, self._depth + 1)
            return reader.effect(called=False) if dotted(first) == self._first != "" else Effect.UNKNOWN
        if meaning == "typing.cast" and more:
            return self._value(more[0])
        if meaning == "functools.partial" and dotted(first) in self._inner:
            return self._inner_function(dotted(first))
        if meaning == "functools.update_wrapper" and more and dotted(more[0]) == self._first != "":
            return Effect.WRAPPED
        return Effect.UNKNOWN

    def _inner_function(self, name: str) -> Effect | _Maker:
        """An inner function wraps the first parameter, or is a decorator itself."""
        nodes = self._inner[name]
        if all(any(map(self._is_wraps, node.decorator_list)) for node in nodes):
            return Effect.WRAPPED
        if len(nodes) > 1:
            return Effect.UNKNOWN
        found = Definition(self._unit, nodes[0])
        return _Maker(_Reader(self._project, found, self._depth + 1).effect(called=False))

    def _is_wraps(self, decorator: ast.expr) -> bool:
        match decorator:
            case ast.Call(func=function, args=[ast.Name(id=name), *_]) if name == self._first:
                return self._project.meaning(self._unit, dotted(function)) == "functools.wraps"
        return False


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, and not in the functions and classes inside it; these themselves do."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield from _own(child)
