"""Whether a signature in a document is that of the code. Pure.

A document may say less than the code: names without types, a call without what it returns. What it says must be so.
"""

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

_HEAD = re.compile(r"(?P<keywords>(?:async\s+)?def\s+)?[\w.]+\s*(?P<rest>\(.*)", re.DOTALL)
_RECEIVERS = frozenset({"self", "cls"})


class _Parameter(NamedTuple):
    kind: str
    name: str
    type: str
    default: str


class _Signature(NamedTuple):
    """`is_async` is None where only a call is shown."""

    is_async: bool | None
    parameters: tuple[_Parameter, ...]
    returns: str

    @property
    def is_full(self) -> bool:
        """It shows types or defaults, so that one which is not there is meant not to be."""
        return any(each.type or each.default for each in self.parameters)


def contradicts(shown: str, actual: Sequence[str]) -> bool:
    """The signature that a document shows is none of the actual ones; what cannot be read contradicts nothing."""
    said, there = _read(shown), [found for each in actual if (found := _read(each)) is not None]
    return said is not None and bool(there) and not any(_is(said, each) for each in there)


def _is(said: _Signature, there: _Signature) -> bool:
    if [(each.kind, each.name) for each in said.parameters] != [(each.kind, each.name) for each in there.parameters]:
        return False
    if said.is_async is not None and said.is_async is not there.is_async:
        return False
    pairs = zip(said.parameters, there.parameters, strict=True)
    return _agree(said.returns, there.returns) and all(_are_one(mine, its, full=said.is_full) for mine, its in pairs)


def _are_one(mine: _Parameter, its: _Parameter, *, full: bool) -> bool:
    defaults = mine.default == its.default if full or mine.default else True
    return defaults and _agree(mine.type, its.type)


def _agree(mine: str, its: str) -> bool:
    return not mine or not its or mine == its


def _read(text: str) -> _Signature | None:
    head = _HEAD.fullmatch(text.strip().rstrip(":").rstrip())
    if head is None:
        return None
    try:
        tree = ast.parse(f"def it{head['rest']}: ...")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    match tree.body:
        case [ast.FunctionDef() as function]:
            keywords = head["keywords"]
            is_async = None if keywords is None else keywords.startswith("async")
            return _Signature(is_async, _parameters(function.args), _type(function.returns))
    return None


def _parameters(arguments: ast.arguments) -> tuple[_Parameter, ...]:
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + [*arguments.defaults]
    found = [_parameter("", each, default) for each, default in zip(plain, defaults, strict=True)]
    if found and found[0].name in _RECEIVERS:
        found = found[1:]
    found += [_parameter("*", each, None) for each in (arguments.vararg,) if each]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found += [_parameter("by name", each, default) for each, default in named]
    found += [_parameter("**", each, None) for each in (arguments.kwarg,) if each]
    return tuple(found)


def _parameter(kind: str, argument: ast.arg, default: ast.expr | None) -> _Parameter:
    return _Parameter(kind, argument.arg, _type(argument.annotation), "" if default is None else ast.unparse(default))


def _type(annotation: ast.expr | None) -> str:
    """An annotation as one text; one in quotes is what is between them."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return "" if annotation is None else ast.unparse(annotation)
