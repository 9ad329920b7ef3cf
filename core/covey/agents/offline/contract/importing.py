"""What stands against importing a module in a test: things it does at once, and things it needs that may not be there.

Whatever is imported under a condition, or with an `except` for its absence, is not needed. What a module of the project
imports counts for those that import it, and so do the packages above it.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from covey.agents.offline.contract.project import Place, Project, Unit, is_standard, read_unit
from covey.agents.offline.contract.scope import branches, dotted

_ACTS = frozenset(
    {
        "main",
        "run",
        "cli",
        "mainloop",
        "serve_forever",
        "run_forever",
        "run_until_complete",
        "parse_args",
        "input",
        "exit",
        "quit",
        "breakpoint",
    }
)
_ACTS_IN = frozenset({"subprocess"})
_ACTS_BY_NAME = frozenset(
    {
        *("os.remove", "os.unlink", "os.system", "os.kill", "os.fork", "os._exit", "os.rmdir"),
        *("os.removedirs", "shutil.rmtree", "shutil.move", "time.sleep"),
    }
)
_NOT_EVERYWHERE = frozenset(
    {
        *("_winapi", "crypt", "curses", "fcntl", "grp", "msvcrt", "nis", "nt", "ossaudiodev", "posix", "pty", "pwd"),
        *("readline", "resource", "spwd", "syslog", "termios", "tkinter", "tty", "winreg", "winsound"),
    }
)
_WINDOWS = frozenset({"WinDLL", "windll", "oledll", "OleDLL", "WinError", "WINFUNCTYPE", "HRESULT", "FormatError"})
_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(slots=True)
class Needs:
    """What importing a module asks of the system: `modules` from elsewhere that may not be there."""

    modules: set[str] = field(default_factory=set)
    may_refuse: bool = False
    windows: bool = False


@dataclass(frozen=True, slots=True)
class _Outline:
    """What one module itself says of this: the names that it imports in any case, and whether it refuses."""

    imported: tuple[str, ...] = ()
    may_refuse: bool = False
    windows: bool = False


def needs(project: Project, unit: Unit) -> Needs:
    """What a module needs to be imported, with what it imports from the project in turn."""
    found = Needs()
    pending, seen = [(unit.name, _outline(unit))], {unit.name}
    while pending:
        name, each = pending.pop()
        found.may_refuse = found.may_refuse or each.may_refuse
        found.windows = found.windows or each.windows
        for inner in [*_packages_above(name), *each.imported]:
            if inner in seen:
                continue
            seen.add(inner)
            place = project.find(inner)
            if place is not None:
                pending.append((inner, _read_outline(place)))
            elif not project.is_own(inner) and _may_be_absent(inner):
                found.modules.add(inner.partition(".")[0])
    return found


@lru_cache(maxsize=4096)
def _read_outline(place: Place) -> _Outline:
    """The same module is needed by many others; a changed file is another place."""
    unit = read_unit(place)
    return _outline(unit) if unit is not None else _Outline()


def _outline(unit: Unit) -> _Outline:
    body = unit.tree.body
    return _Outline(tuple(dict.fromkeys(_imported(unit))), _refuses(body), _is_for_windows(body))


def acts(unit: Unit) -> str:
    """What a module does as soon as it is imported, as the end of a sentence; empty if it only defines things."""
    is_main = unit.name.rpartition(".")[2] == "__main__"
    for call in _calls(unit.tree.body, bare=is_main):
        name = dotted(call.func)
        head, dot, rest = name.partition(".")
        meaning = f"{unit.imported.get(head, head)}{dot}{rest}"
        last = call.func.attr if isinstance(call.func, ast.Attribute) else name
        known = last in _ACTS or meaning in _ACTS_BY_NAME or meaning.partition(".")[0] in _ACTS_IN
        if is_main or known:
            return f"it calls {last} at once" if last else "it calls something at once"
    for statement in unit.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Subscript(value=value)]) if dotted(value).endswith("sys.modules"):
                return "it puts something else in its own place at once"
    return ""


def _calls(body: Iterable[ast.stmt], *, bare: bool) -> Iterator[ast.Call]:
    """The calls that importing makes, those below `if __name__ == "__main__"` not; `bare`: statements only."""
    for statement in body:
        for inner in branches(statement):
            yield from _calls(inner, bare=bare)
        match statement:
            case ast.Expr(value=value):
                yield from _inside(value)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if not bare:
                yield from _inside(value)


def _inside(value: ast.AST) -> Iterator[ast.Call]:
    if isinstance(value, ast.Lambda):
        return
    if isinstance(value, ast.Call):
        yield value
    for child in ast.iter_child_nodes(value):
        yield from _inside(child)


def _packages_above(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts)))


def _imported(unit: Unit) -> Iterator[str]:
    """The modules that a module imports in any case; a name taken from a package may be a module too."""
    for statement in _always_run(unit.tree.body):
        match statement:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(names=names):
                base = unit.base(statement)
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)


def _always_run(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        match statement:
            case ast.Try(handlers=handlers) if any(map(_bears_absence, handlers)):
                yield from _always_run(statement.finalbody)
            case ast.Try():
                yield from _always_run([*statement.body, *statement.orelse, *statement.finalbody])
            case ast.If():
                ways = branches(statement)
                if len(ways) == 1:
                    yield from _always_run(ways[0])
            case _:
                yield statement


def _bears_absence(handler: ast.ExceptHandler) -> bool:
    """The handler goes on when something cannot be imported."""
    named = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
    catches = any(each is None or dotted(each) in _MISSING for each in named)
    return catches and not any(isinstance(node, ast.Raise) for each in handler.body for node in ast.walk(each))


def _may_be_absent(name: str) -> bool:
    top = name.partition(".")[0]
    return bool(top) and (not is_standard(name) or top in _NOT_EVERYWHERE)


def _refuses(body: Iterable[ast.stmt]) -> bool:
    """There is a `raise` that importing may come to."""
    return any(isinstance(each, ast.Raise) or any(map(_refuses, branches(each))) for each in body)


def _is_for_windows(body: Iterable[ast.stmt]) -> bool:
    """Importing uses in any case what `ctypes` has on Windows alone."""
    values = (each.value for each in body if isinstance(each, ast.Assign | ast.Expr | ast.AnnAssign) and each.value)
    for value in values:
        for node in ast.walk(value):
            if isinstance(node, ast.Attribute) and dotted(node.value) == "ctypes" and node.attr in _WINDOWS:
                return True
    return any(
        isinstance(each, ast.ImportFrom) and each.module == "ctypes" and any(a.name in _WINDOWS for a in each.names)
        for each in body
    )
