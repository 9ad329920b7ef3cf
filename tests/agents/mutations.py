"""Breaks what a package promises and looks whose tests notice: `mutations.py ROOT PACKAGE`.

Each kind of change is made to all public functions and methods of a module at once: then the test of each of them has
to fail. Functions, classes and constants are removed one at a time, for a module that lacks one may not even be
imported. Runs in a process of its own, for the package is imported anew for each mutant. Prints one JSON object: by
kind, how many changes were made; those that went unnoticed as `[kind, file, name]`; and the mutants that could not be
imported, of which any test of the module notices something.
"""

import ast
import contextlib
import copy
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Function = ast.FunctionDef | ast.AsyncFunctionDef
Noticed = Callable[[str], bool]

_FAILED = re.compile(r"^(?:FAILED|ERROR) [^ ]*?::(?:Test(\w+)::)?(\w+)(?:\[([\w.]+)[-\]])?", re.MULTILINE)


def renamed(node: Function) -> bool:
    """Rename the last parameter, in the body too."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if not arguments:
        return False
    old = arguments[-1].arg
    arguments[-1].arg = f"{old}_renamed"
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id == old:
            each.id = f"{old}_renamed"
    return True


def other_default(node: Function) -> bool:
    """Change the first default that is a literal."""
    for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
        if isinstance(default, ast.Constant):
            default.value = "something else"
            return True
    return False


def dropped(node: Function) -> bool:
    """Drop the last parameter that is no receiver."""
    for arguments, defaults in ((node.args.kwonlyargs, node.args.kw_defaults), (node.args.args, node.args.defaults)):
        if arguments and arguments[-1].arg not in {"self", "cls"}:
            arguments.pop()
            if defaults:
                defaults.pop()
            return True
    return False


def recolored(node: Function) -> Function:
    """An async function for a plain one, and the other way round."""
    kind = ast.FunctionDef if isinstance(node, ast.AsyncFunctionDef) else ast.AsyncFunctionDef
    new = ast.copy_location(kind(**dict(ast.iter_fields(node))), node)
    if kind is ast.FunctionDef:
        new.body = ast.parse("raise NotImplementedError").body  # there may be no `await` any more
    return new


CHANGES: dict[str, Callable[[Function], bool]] = {"rename": renamed, "default": other_default, "drop": dropped}


def public(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt], ast.stmt]]:
    """The public definitions and constants of a module and the methods of its classes, each with its body."""
    exported = next((ast.literal_eval(n.value) for n in tree.body if _binds(n) == "__all__"), None)  # type: ignore[attr-defined]
    for node in tree.body:
        name = _binds(node)
        if not name or name == "__all__" or not (name in exported if exported else not name.startswith("_")):
            continue
        yield name, tree.body, node
        for member in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(member, Function) and (not member.name.startswith("_") or member.name == "__init__"):
                yield f"{name}.{member.name}", node.body, member


def _binds(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def is_accessor(node: Function) -> bool:
    """A property has no signature that anybody calls."""
    return any("property" in ast.unparse(each) or ".setter" in ast.unparse(each) for each in node.decorator_list)


def mutants(tree: ast.Module) -> Iterator[tuple[str, list[str], ast.Module]]:
    """Each kind of change with the names that it was made to, and the module that it makes."""
    for kind in ("rename", "default", "drop", "color", "remove method"):
        mutant, names = copy.deepcopy(tree), []
        for name, body, node in list(public(mutant)):
            if not isinstance(node, Function) or (is_accessor(node) and kind != "remove method"):
                continue
            if kind == "remove method" and "." not in name:
                continue
            if kind in CHANGES and not CHANGES[kind](node):
                continue
            if kind not in CHANGES:
                body[body.index(node)] = recolored(node) if kind == "color" else ast.copy_location(ast.Pass(), node)
            names.append(name)
        if names:
            yield kind, list(dict.fromkeys(names)), mutant
    for number, (name, _, node) in enumerate(public(tree)):
        if "." not in name:
            mutant = copy.deepcopy(tree)
            _, body, doomed = list(public(mutant))[number]
            body[body.index(doomed)] = ast.copy_location(ast.Pass(), doomed)
            kind = (
                "function" if isinstance(node, Function) else "class" if isinstance(node, ast.ClassDef) else "constant"
            )
            yield f"remove {kind}", [name], mutant


def run(test: Path, package: str) -> str:
    """What pytest prints about the tests of a module, which is imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package or "test_" in name]:
        del sys.modules[name]
    options = ["-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        pytest.main([*options, str(test)])
    return printed.getvalue()


def noticing(printed: str) -> set[str]:
    """The qualified names whose own tests failed, and `*` if it was not only theirs but the whole module's."""
    found = set()
    for owner, test, name in _FAILED.findall(printed):
        found.add(f"{owner}.{name}" if owner else name)
        found |= {"*"} if test == "test_the_module_can_be_imported" else set()
    return found


def main(root: Path, package: str) -> None:
    """Make all mutants, one after the other, and print what came of it."""
    kinds: Counter[str] = Counter()
    broken: list[str] = []
    unnoticed: list[tuple[str, str, str]] = []
    for test in sorted((root / "tests").rglob("test_*.py")):
        file = root / "src" / test.relative_to(root / "tests").with_name(test.name.removeprefix("test_"))
        text = file.read_text(encoding="utf-8")
        if _FAILED.search(run(test, package)):
            unnoticed.append(("nothing", str(file.relative_to(root / "src")), "the tests fail on unchanged code"))
        for kind, names, mutant in mutants(ast.parse(text)):
            file.write_text(ast.unparse(ast.fix_missing_locations(mutant)), encoding="utf-8")
            noticed = noticing(run(test, package))
            kinds[kind] += len(names)
            broken += [f"{kind}: {file.name}"] if "*" in noticed else []
            alone = kind in {"remove function", "remove class", "remove constant"}
            missed = [name for name in names if name not in noticed and not (alone and noticed)]
            unnoticed += [(kind, str(file.relative_to(root / "src")), name) for name in missed]
        file.write_text(text, encoding="utf-8")
    print(json.dumps({"kinds": kinds, "unnoticed": unnoticed, "broken": broken}))  # noqa: T201 -- what the caller reads


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
