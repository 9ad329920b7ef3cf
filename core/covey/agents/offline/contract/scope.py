"""Which names a body binds, by which statements, and whether on every path through it. Pure: syntax trees only."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Branching = ast.If | ast.Try | ast.TryStar | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Match


@dataclass(frozen=True, slots=True)
class Binding:
    """A name and what binds it, in the order of the code.

    `certain`: it is bound whichever path was taken. `settled`: nothing but statements directly in the body binds it.
    """

    statements: tuple[ast.stmt, ...]
    certain: bool
    settled: bool

    @property
    def only(self) -> ast.stmt | None:
        """The one statement that binds the name in every case; None if there is no such statement."""
        return self.statements[0] if self.settled and len(self.statements) == 1 else None


def bindings(body: Sequence[ast.stmt], loose: Iterable[str] = ()) -> Mapping[str, Binding]:
    """The names that a body binds, in the order of the code.

    What is bound only for type checkers, or when the module is run as a script, is left out. `loose` are names that
    something else may bind anew, as functions do with `global`.
    """
    found: dict[str, list[ast.stmt]] = {}
    unsettled = set(loose)
    for name, statement, branch in _bound(body, branch=False):
        found.setdefault(name, []).append(statement)
        if branch or isinstance(statement, ast.Delete | ast.AugAssign):
            unsettled.add(name)
    certain = _certain(body)
    return {
        name: Binding(tuple(_without_overloads(statements)), name in certain, name not in unsettled)
        for name, statements in found.items()
    }


def rebound(tree: ast.Module) -> frozenset[str]:
    """The names that functions of a module bind with `global`."""
    return frozenset(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)


def dotted(node: ast.AST | None) -> str:
    """The dotted name that an expression is; empty if it is something else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            above = dotted(value)
            return f"{above}.{attribute}" if above else ""
    return ""


def branches(statement: ast.stmt) -> tuple[Sequence[ast.stmt], ...]:
    """The bodies of a statement that are run with the body that it stands in, those for type checkers left out."""
    match statement:
        case ast.If(test=test, body=body, orelse=orelse):
            return (orelse,) if _never(test) else (body,) if _always(test) else (body, orelse)
        case ast.Try() | ast.TryStar():
            handlers = (handler.body for handler in statement.handlers)
            return (statement.body, *handlers, statement.orelse, statement.finalbody)
        case ast.For() | ast.AsyncFor() | ast.While():
            return (statement.body, statement.orelse)
        case ast.With() | ast.AsyncWith():
            return (statement.body,)
        case ast.Match(cases=cases):
            return tuple(case.body for case in cases)
    return ()


def is_overload(statement: ast.stmt) -> bool:
    """The statement is one of the signatures of a function that stands elsewhere."""
    return isinstance(statement, Function) and any(
        dotted(decorator).rpartition(".")[2] == "overload" for decorator in statement.decorator_list
    )


def _without_overloads(statements: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    return [each for each in statements if not is_overload(each)] or statements


def _bound(body: Sequence[ast.stmt], *, branch: bool) -> Iterator[tuple[str, ast.stmt, bool]]:
    for statement in body:
        for name in _names(statement):
            yield name, statement, branch
        for inner in branches(statement):
            yield from _bound(inner, branch=branch or not _is_fixed(statement))


def _is_fixed(statement: ast.stmt) -> bool:
    """The statement is an `if` that always goes one way."""
    return isinstance(statement, ast.If) and (_never(statement.test) or _always(statement.test))


def _names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement itself binds, those of its inner bodies not."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names if alias.name != "*")
        case ast.AnnAssign(value=None):
            return
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from _targets(targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield from _targets([target])
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _targets([target])
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from _targets([item.optional_vars for item in items if item.optional_vars])
    if statement.__class__.__name__ == "TypeAlias":  # a class of Python 3.12 and later
        yield from _targets([statement.name])  # type: ignore[attr-defined]


def _targets(targets: Iterable[ast.AST]) -> Iterator[str]:
    for target in targets:
        match target:
            case ast.Name(id=name):
                yield name
            case ast.Tuple(elts=inner) | ast.List(elts=inner):
                yield from _targets(inner)
            case ast.Starred(value=value):
                yield from _targets([value])


def _certain(body: Sequence[ast.stmt]) -> set[str]:
    """The names that are bound at the end of a body, whatever path was taken."""
    names: set[str] = set()
    for statement in body:
        match statement:
            case ast.Delete(targets=targets):
                names -= set(_targets(targets))
            case ast.If():
                ways = branches(statement)
                names |= _on_all([*ways] if _is_fixed(statement) else [statement.body, statement.orelse])
            case ast.Try(finalbody=final) | ast.TryStar(finalbody=final):
                smooth = [*statement.body, *statement.orelse]
                names |= _on_all([smooth, *(handler.body for handler in statement.handlers)]) | _certain(final)
            case _ if not isinstance(statement, _Branching):
                names |= set(_names(statement))
    return names


def _on_all(ways: Sequence[Sequence[ast.stmt]]) -> set[str]:
    bound = [_certain(way) for way in ways if not (way and isinstance(way[-1], ast.Raise))]
    return set.intersection(*bound) if bound else set()


def _never(test: ast.expr) -> bool:
    """A condition that is false whenever the module is imported by others."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _always(operand)
        case ast.Constant(value=value):
            return not value
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
    return dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def _always(test: ast.expr) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _never(operand)
        case ast.Constant(value=value):
            return bool(value)
    return False
