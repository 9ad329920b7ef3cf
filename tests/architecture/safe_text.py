"""Rules by which no text reaches the screen but as sanitised spans, as functions from a source tree to its violations.

Textual reads markup in strings, and a terminal obeys escapes. So the monitor paints lines of spans, through one
palette; each rule closes one of the other ways. They take the directory of the package `covey_tui`.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.architecture.house_rules import modules

FIELDS = {"Input": "validate_value", "TextArea": "edit"}
"""The only stock widgets that show text: what is typed or pasted. By the method in which a subclass sanitises it."""
TO_TERMINAL = {
    "__init__.py": "the farewell, once the app has ended",
    "painted.py": "bell, notification and title, which the notifier has made",
}
"""Who writes past the screen, and what."""
VIEW = "view/"
"""Where no widgets are: the import contracts see to it."""

SINKS = {"notify", "write", "write_line", "write_lines", "from_markup", "from_ansi", "simple_hit", "hit"}
"""Methods whose text Textual shows, or reads as markup."""
WIDGET_SINKS = {"update", "set_content", "set_label", "set_tooltip"}
"""Likewise, on widgets; sets and dicts have the first one too."""
ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "title", "sub_title", "placeholder", "label"}
"""Attributes that Textual shows."""
HOSTILE = {
    "agent",
    "artifact_path",
    "component",
    "component_id",
    "decided_by",
    "environment",
    "error_message",
    "external_conversation_id",
    "model",
    "module",
    "note",
    "project",
    "skip_reason",
    "step",
    "type",
    "value",
}
"""What comes from agents, files and people as it is: fields of sessions, the project's name, what was typed."""
SANITISERS = {"sanitise", "sanitise_line", "name_of", "len", "bool"}
"""Whose result is safe, whatever goes in."""
CASTS = {"span", "Span", "SafeText"}


def stock_widgets_are_fields_that_sanitise(package: Path) -> list[str]:
    """Of Textual's widgets only the fields are used, and only as bases of those that sanitise."""
    found = []
    for name, tree in modules(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.widgets"):
                found += [f"{name}:{node.lineno}: uses {each.name}" for each in node.names if each.name not in FIELDS]
            elif isinstance(node, ast.Import) and any(each.name.startswith("textual.widgets") for each in node.names):
                found.append(f"{name}:{node.lineno}: imports all widgets")
            elif isinstance(node, ast.Call) and _last(node.func) in FIELDS:
                found.append(f"{name}:{node.lineno}: makes a {_last(node.func)} that does not sanitise")
            elif isinstance(node, ast.ClassDef):
                found += [f"{name}:{node.lineno}: {node.name} lacks {missing}" for missing in _missing(node)]
    return found


def _missing(node: ast.ClassDef) -> Iterator[str]:
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    for base in (ast.unparse(each) for each in node.bases):
        method = methods.get(FIELDS.get(base, ""))
        if base in FIELDS and (method is None or not _calls(method, SANITISERS)):
            yield FIELDS[base]


def nothing_but_lines_is_shown(package: Path) -> list[str]:
    """No string reaches a method or an attribute whose text Textual shows."""
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)[:60]}"
        for name, tree in modules(package)
        for function in _functions(tree)
        for texts in [_texts(function)]
        for node in _own(function)
        if _shows_text(node, name, texts)
    ]


def _shows_text(node: ast.AST, file: str, texts: set[str]) -> bool:
    if isinstance(node, ast.Call):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        arguments = [*node.args, *(each.value for each in node.keywords)]
        if method in SINKS:
            return not (method.startswith("write") and file in TO_TERMINAL)
        if method == "exit":
            return any(each.arg == "message" for each in node.keywords)
        return method in WIDGET_SINKS and any(_is_text(each, texts) for each in arguments)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(each, ast.Attribute) and each.attr in ATTRIBUTES for each in targets)
    return False


def _is_text(node: ast.expr, texts: set[str]) -> bool:
    """Whether an expression is a string, as far as one can see."""
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            return _is_text(one, texts) or _is_text(other, texts)
        case ast.Name(id=name):
            return name in texts
        case ast.Attribute(attr=attribute):
            return attribute in HOSTILE
        case ast.Call(func=function):
            return _last(function) in {"str", "repr", "join", "format", "sanitise", "sanitise_line", "SafeText", "cut"}
    return False


def _texts(function: ast.AST) -> set[str]:
    """The names that are strings in a function: by their annotation, or by what is assigned to them."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation) in {"str", "SafeText"}:
            names.add(node.arg)
        elif isinstance(node, ast.Assign) and _is_text(node.value, names):
            names.update(each.id for each in node.targets if isinstance(each, ast.Name))
    return names


def widgets_paint_lines(package: Path) -> list[str]:
    """No widget has a `render` of its own, whose strings Textual would read as markup."""
    return [
        f"{name}:{node.lineno}: renders something else than lines"
        for name, tree in modules(package)
        if not name.startswith(VIEW)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name in {"render", "__rich__", "__rich_console__", "__visualize__"}
    ]


def segments_are_painted_in_one_place(package: Path) -> list[str]:
    """Segments are made of spans by the palette, blanks as well."""
    return [
        f"{name}:{node.lineno}: a segment of {ast.unparse(node.args[0]) if node.args else 'something'}"
        for name, tree in modules(package)
        if name != "palette.py" and not name.startswith(VIEW)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last(node.func) in {"Segment", "Text", "Content"}
    ]


def hostile_fields_are_sanitised_before_they_are_called_safe(package: Path) -> list[str]:
    """Where a text is called safe, no field of a session and no name of a project stands in it as it is."""
    return [
        f"{name}:{node.lineno}: {raw} is called safe"
        for name, tree in modules(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last(node.func) in CASTS and node.args
        for raw in _raw(node.args[0])
    ]


def _raw(node: ast.AST) -> Iterator[str]:
    """The hostile attributes whose text is part of what an expression gives, and that nobody sanitises in it."""
    if isinstance(node, ast.Call) and _last(node.func) in SANITISERS:
        return
    if isinstance(node, ast.IfExp):
        yield from _raw(node.body)
        yield from _raw(node.orelse)
        return
    if isinstance(node, ast.Subscript):
        yield from _raw(node.value)
        return
    if isinstance(node, ast.Compare):
        return
    if isinstance(node, ast.Attribute) and node.attr in HOSTILE and not _is_enum(node):
        yield ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from _raw(child)


def _is_enum(node: ast.Attribute) -> bool:
    """`tab.value` and the like: a word of our own."""
    return node.attr == "value" and not ast.unparse(node.value).startswith("event")


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function (or a module), and not in one within it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own(child)


def _calls(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(each, ast.Call) and _last(each.func) in names for each in ast.walk(node))


def _last(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


RULES: dict[str, Callable[[Path], list[str]]] = {
    rule.__name__: rule
    for rule in (
        stock_widgets_are_fields_that_sanitise,
        nothing_but_lines_is_shown,
        widgets_paint_lines,
        segments_are_painted_in_one_place,
        hostile_fields_are_sanitised_before_they_are_called_safe,
    )
}
