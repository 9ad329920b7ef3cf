"""What one Python source file says about itself, by reading it alone: never importing it, never running it.

Packages, and what an import means in a project, are put together in `python_package`.
"""

import ast
import stat
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from covey.text.quoting import has_controls, visible

_LONGEST_DESCRIPTION = 300


@dataclass(frozen=True, slots=True)
class Import:
    """One import: `import module` without names, `from module import names` with them; `level` counts its dots."""

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a file says. `error` and `error_line` tell why it could not be parsed; the rest is empty then.

    `defines` is true where there is a function, a class, a public name or `__all__` at its top level.
    """

    description: str = ""
    has_code: bool = False
    defines: bool = False
    imports: tuple[Import, ...] = ()
    error: str | None = None
    error_line: int = 0


def read_source(path: Path) -> Source:
    """What the file at `path` says; one that cannot be read or parsed says so in `error`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return Source(error="not a regular file")
        code = path.read_bytes()
    except OSError as error:
        return Source(error=f"cannot be read: {error.strerror}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the parser warns of is the project's affair
            tree = ast.parse(code)
    except SyntaxError as error:
        return Source(error=f"syntax error: {visible(error.msg)}", error_line=error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return Source(error=f"cannot be parsed: {visible(str(error)) or 'nested too deeply'}")
    body = [node for node in tree.body if not _says_nothing(node)]
    return Source(
        description=_first_line(ast.get_docstring(tree) or ""),
        has_code=bool(body),
        defines=any(_defines(node) for node in _top_level(tree.body)),
        imports=tuple(_imports(tree)),
    )


def _says_nothing(node: ast.stmt) -> bool:
    """A docstring, a bare constant, `pass` or an import from `__future__`: nothing that could be described."""
    bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return bare or future or isinstance(node, ast.Pass)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at import in the module's own namespace, those inside `if`, `try` and loops too."""
    pending: list[ast.AST] = [*body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            pending.extend(ast.iter_child_nodes(node))


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    return any(name == "__all__" or not name.startswith("_") for name in _assigned(node))


def _assigned(node: ast.stmt) -> Iterator[str]:
    """The names that a statement assigns, those of unpackings and of `type` statements among them."""
    targets: Sequence[ast.AST] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    elif type(node).__name__ == "TypeAlias":  # Python 3.12; this file must load on 3.11
        targets = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.Name)][:1]
    for target in targets:
        for inner in ast.walk(target):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.module or "", tuple(alias.name for alias in node.names), node.level)


def _first_line(docstring: str) -> str:
    """The first line that says something, without control characters, cut to a length that a list can show."""
    lines = ("".join(" " if has_controls(letter) else letter for letter in line) for line in docstring.splitlines())
    plain = (" ".join(line.split()) for line in lines)
    return next((line for line in plain if line), "")[:_LONGEST_DESCRIPTION].strip()
