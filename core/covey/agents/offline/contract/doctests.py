"""Which examples in docstrings can run: those that name only what is there and that touch nothing outside. Pure."""

import ast
import builtins
import doctest
from collections.abc import Collection, Iterator

from covey.agents.offline.contract.project import Unit, is_standard, parsed

_NOT_HERE = frozenset(
    {"open", "input", "exec", "eval", "exit", "quit", "breakpoint", "help", "__import__", "copyright"}
)
_OUTSIDE = frozenset(
    {
        *("asyncio", "ctypes", "datetime", "getpass", "glob", "http", "multiprocessing", "os", "pathlib", "platform"),
        *("random", "secrets", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time"),
        *("urllib", "uuid", "webbrowser"),
    }
)
_NO_OUTPUT = ("0x", "```", "~~~")  # an address is another one each time; a fence was meant to end the examples


def can_run(docstring: str, unit: Unit) -> bool:
    """The docstring has examples, and all of them can run in a test: with an output, and the same one each time."""
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
        trees = [parsed(example.source) for example in examples]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    if not any(example.want for example in examples):
        return False
    known = {name for name, binding in unit.scope.items() if binding.certain}
    for example, tree in zip(examples, trees, strict=True):
        shows = any(isinstance(each, ast.Expr) for each in tree.body)
        if doctest.SKIP in example.options or shows != bool(example.want) or any(map(example.want.count, _NO_OUTPUT)):
            return False
        if not _stays_inside(tree, known, unit):
            return False
        known |= _bound(tree)
    return True


def _stays_inside(tree: ast.Module, known: Collection[str], unit: Unit) -> bool:
    own = {*known, *_bound(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Await():
                return False
            case ast.Name(id=name, ctx=ast.Load()):
                if name not in own and not hasattr(builtins, name):
                    return False
                if name in _NOT_HERE or unit.imported.get(name, name).partition(".")[0] in _OUTSIDE:
                    return False
            case ast.Import() | ast.ImportFrom():
                if not all(is_standard(name) and name.partition(".")[0] not in _OUTSIDE for name in _modules(node)):
                    return False
    return True


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield node.module or ""


def _bound(tree: ast.Module) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names
