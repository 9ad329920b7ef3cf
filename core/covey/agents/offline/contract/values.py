"""Which names have a literal value, and of which built-in class that is. Pure: syntax trees only."""

import ast

from covey.agents.offline.contract.promises import Value
from covey.agents.offline.contract.scope import Binding

_DISPLAYS = {
    ast.Tuple: "tuple",
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.JoinedStr: "str",
}
_TYPES = {bool: "bool", int: "int", float: "float", complex: "complex", str: "str", bytes: "bytes"}


def value_of(name: str, binding: Binding) -> Value | None:
    """The value that a name has whatever happens; None if it is not bound once, to a literal."""
    match binding.only:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            type_ = _type(value)
            return Value(name, type_) if type_ else None
    return None


def _type(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=constant):
            return _TYPES.get(type(constant), "")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=constant)):
            return _TYPES.get(type(constant), "") if not isinstance(constant, bool) else "int"
    return _DISPLAYS.get(type(value), "")
