"""Rules of the house that the import graph cannot see, as functions from a source tree to its violations.

Each takes the directory of the package `covey` and gives lines `file:line: what`, so that a test can show them and
another can plant a violation and see it caught.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

MAKES_TASKS = {
    "engine/local.py": "session tasks, which outlive the call that starts them",
    "workspace/processes.py": "the end of a process group is carried through though its caller is cancelled meanwhile",
}
CATCHES_EVERYTHING = {
    "engine/local.py": "the session wrapper: whatever a session's work raises becomes its result",
    "engine/service.py": "raises it again once the engine is closed",
    "store/batch.py": "hands the error to everybody whose item was in the batch",
    "store/sqlite.py": "raises it again once all that was taken is written",
    "testing/messages_server/server.py": "what a script raises is raised again once the server is closed",
}
SQL_ROOM = "store"
ERRORS_MAY_IMPORT = {"pathlib", "dataclasses", "typing"}

_SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|DROP)\s+TABLE|PRAGMA)\b",
    re.DOTALL,
)
_EVERYTHING = {"Exception", "BaseException"}
_MAKES_A_TASK = {"create_task", "ensure_future"}

Module = tuple[str, ast.Module]


def modules(package: Path) -> Iterator[Module]:
    """Each module's path inside the package, with its syntax tree."""
    for file in sorted(package.rglob("*.py")):
        yield file.relative_to(package).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def rooms_explain_themselves(package: Path) -> list[str]:
    """Every package says in its docstring what lives there."""
    return [
        f"{name}: no docstring"
        for name, tree in modules(package)
        if name.endswith("__init__.py") and not ast.get_docstring(tree)
    ]


def one_place_catches_everything(package: Path) -> list[str]:
    """`except Exception` and its likes stand in the places named above; a handler that raises again is a clean-up."""
    return [
        f"{name}:{node.lineno}: catches everything"
        for name, tree in modules(package)
        if name not in CATCHES_EVERYTHING
        for node in ast.walk(tree)
        if _catches_everything(node)
    ]


def _catches_everything(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        return not raises_again and (node.type is None or bool(_names(node.type) & _EVERYTHING))
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        return any(_names(argument) & _EVERYTHING for argument in node.args)
    return False


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def no_error_is_swallowed(package: Path) -> list[str]:
    """No handler consists of `pass` (or an ellipsis) alone."""
    return [
        f"{name}:{node.lineno}: swallows the error"
        for name, tree in modules(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(_does_nothing(statement) for statement in node.body)
    ]


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def tasks_have_an_owner(package: Path) -> list[str]:
    """Tasks are made in the places named above; elsewhere a task belongs to a `TaskGroup` of the same module."""
    return [
        f"{name}:{node.lineno}: makes a task that nobody owns"
        for name, tree in modules(package)
        if name not in MAKES_TASKS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _makes_a_task(node.func) and not _belongs_to_a_group(node.func, tree)
    ]


def _makes_a_task(function: ast.expr) -> bool:
    return ast.unparse(function).rpartition(".")[2] in _MAKES_A_TASK


def _belongs_to_a_group(function: ast.expr, tree: ast.Module) -> bool:
    """`group.create_task` where `group` is bound to a TaskGroup, by `async with … as group` or by assignment."""
    return isinstance(function, ast.Attribute) and ast.unparse(function.value) in _task_groups(tree)


def _task_groups(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and node.optional_vars and "TaskGroup" in ast.unparse(node.context_expr):
            names.add(ast.unparse(node.optional_vars))
        elif isinstance(node, ast.Assign) and "TaskGroup" in ast.unparse(node.value):
            names.update(ast.unparse(target) for target in node.targets)
        elif (
            isinstance(node, ast.AnnAssign | ast.arg)
            and node.annotation
            and "TaskGroup" in ast.unparse(node.annotation)
        ):
            names.add(node.arg if isinstance(node, ast.arg) else ast.unparse(node.target))
    return names


def sql_stays_in_the_store(package: Path) -> list[str]:
    """No string outside the store's room is SQL; docstrings may speak of it."""
    return [
        f"{name}:{node.lineno}: SQL outside the store"
        for name, tree in modules(package)
        if not name.startswith(f"{SQL_ROOM}/")
        for node in _strings(tree)
        if _SQL.search(str(node.value))
    ]


def _strings(tree: ast.Module) -> Iterator[ast.Constant]:
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node


def errors_import_next_to_nothing(package: Path) -> list[str]:
    """Everybody may import `errors`, so it brings nothing along."""
    tree = ast.parse((package / "errors.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return [f"errors.py: imports {name}" for name in sorted(imported - ERRORS_MAY_IMPORT)]


RULES: dict[str, Callable[[Path], list[str]]] = {
    rule.__name__: rule
    for rule in (
        rooms_explain_themselves,
        one_place_catches_everything,
        no_error_is_swallowed,
        tasks_have_an_owner,
        sql_stays_in_the_store,
        errors_import_next_to_nothing,
    )
}
