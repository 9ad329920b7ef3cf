"""The signature of a function as the test file writes it: `inspect` writes it from the syntax alone.

Both sides use the same formatting, so that what is equal in the code is equal in the test.
"""

import ast
import inspect
from collections.abc import Iterator, Sequence
from unittest.mock import ANY

from covey.agents.offline.contract.promises import Signature
from covey.agents.offline.contract.scope import Function

_WIDEST_NUMBER = 10_000  # bits; Python writes no longer ones
_Kind = inspect._ParameterKind  # noqa: SLF001 -- its only name


def signature_of(node: Function, around: str = "") -> Signature:
    """The signature of a function; `around` is the name of the class that it stands in."""
    found = list(_parameters(node.args, around))
    shown = str(inspect.Signature(found, __validate_parameters__=False))
    opened = tuple(each.name for each in found if each.default is ANY)
    return Signature(node.name, f"{_keywords(node)}{shown}", opened)


def literal(node: ast.expr) -> object:
    """The value of an expression that always gives the same one and cannot be changed; ANY for other expressions."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ANY
    return value if _is_fixed(value) else ANY


def _is_fixed(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_fixed, value))
    if isinstance(value, int):
        return value.bit_length() <= _WIDEST_NUMBER
    return value is None or value is ... or isinstance(value, float | complex | str | bytes)


def _keywords(node: Function) -> str:
    keyword = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{keyword}generator " if any(map(_yields, node.body)) else keyword


def _yields(node: ast.AST) -> bool:
    """There is a `yield` that belongs to the function in whose body this stands."""
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, Function):
        outer: Sequence[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        return any(map(_yields, outer))
    return not isinstance(node, ast.Lambda) and any(map(_yields, ast.iter_child_nodes(node)))


def _parameters(arguments: ast.arguments, around: str) -> Iterator[inspect.Parameter]:
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(placed) - len(arguments.defaults)) + arguments.defaults
    for number, (each, default) in enumerate(zip(placed, defaults, strict=True)):
        positional_only = number < len(arguments.posonlyargs)
        kind = _Kind.POSITIONAL_ONLY if positional_only else _Kind.POSITIONAL_OR_KEYWORD
        yield _parameter(each, kind, around, default)
    if arguments.vararg:
        yield _parameter(arguments.vararg, _Kind.VAR_POSITIONAL, around)
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(each, _Kind.KEYWORD_ONLY, around, default)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, _Kind.VAR_KEYWORD, around)


def _parameter(
    each: ast.arg, kind: inspect._ParameterKind, around: str, default: ast.expr | None = None
) -> inspect.Parameter:
    value = inspect.Parameter.empty if default is None else literal(default)
    return inspect.Parameter(_mangled(each.arg, around), kind, default=value)


def _mangled(name: str, around: str) -> str:
    """A private name as Python writes it inside a class."""
    owner = around.lstrip("_")
    return f"_{owner}{name}" if owner and name.startswith("__") and not name.endswith("__") else name
