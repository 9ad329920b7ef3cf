"""`covey init` and `covey contexts`: the manifest, and what it declares."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from covey.cli.declared import declared_project
from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out
from covey.client.contexts import contexts_json
from covey.client.place import MANIFEST, is_here
from covey.errors import Mistake, UsageError
from covey.projects.choice import Choice, Source, choose_source
from covey.projects.design_documents import import_documents
from covey.projects.imported import Imported
from covey.projects.manifest import find_contexts
from covey.projects.python_package import import_package
from covey.projects.writer import Written, render, write_manifest
from covey.text.cells import fit, pad, width
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural

_SHOWN = 10
_INDENT = 4
_GAP = "  "
_NAME = 24
"""The most cells that a component's name takes in a list."""
_MODULE = 12
"""The fewest that are left to its module, however narrow the terminal."""


def init(
    directory: Path | None = None,
    /,
    *,
    source: Annotated[Source | None, Parameter(name="--from")] = None,
    root: str | None = None,
    name: str | None = None,
    force: bool = False,
    json: Json = False,
    project: Annotated[Path | None, Parameter(name="--project")] = None,
) -> int:
    """Write covey.toml from what is there, and say what was found.

    Args:
        directory: The project's root; default: the working directory.
        source: What to read: Python packages, or design documents; default: what is there, Python first.
        root: Where the design documents are; default: docs/design, docs/spec, design and spec.
        name: The project's name, where it comes from design documents.
        force: Replace a manifest that would change; a copy is kept.
        json: One object.
        project: The same as DIRECTORY.
    """
    place = _directory(directory, project)
    if source == "python" and (root is not None or name is not None):
        raise UsageError("--root and --name are about design documents; leave them out, or say: --from documents")
    if source is None and (root is not None or name is not None):
        choice = Choice("documents", "--root and --name are about them")
    else:
        choice = choose_source(place) if source is None else Choice(source)
    imported = import_package(place) if choice.source == "python" else import_documents(place, root, name)
    written = write_manifest(place, render(imported), force=force)
    out = Out(asked_json=json)
    if json:
        out.json(_init_json(place, choice, imported, written))
    else:
        out.text(*_init_lines(choice, imported, written), *_next_lines(place, imported))
    return 0


def _directory(directory: Path | None, project: Path | None) -> Path:
    if directory is not None and project is not None:
        raise UsageError("give the directory once: covey init DIR")
    root = Path(os.path.realpath(directory or project or Path.cwd()))
    if not root.is_dir():
        raise UsageError(f"{sanitise_line(str(root))} is no directory")
    return root


def _init_json(root: Path, choice: Choice, imported: Imported, written: Written) -> dict[str, object]:
    return {
        "project_root": str(root),
        "manifest": str(written.path),
        "changed": written.changed,
        "from": choice.source,
        "contexts": len(imported.contexts),
        "components": imported.components,
        "left_out": [{"path": str(left.path), "reason": left.reason} for left in imported.left_out],
        "warnings": [_warning(mistake) for mistake in imported.warnings],
    }


def _warning(mistake: Mistake) -> dict[str, object]:
    return {"file": str(mistake.file), "line": mistake.line, "message": mistake.message}


def _init_lines(choice: Choice, imported: Imported, written: Written) -> Iterable[SafeText]:
    if choice.reason:
        yield SafeText(f"read {choice.shown}: {sanitise_line(choice.reason)}")
    if imported.preset_reason:
        yield SafeText(f"preset {imported.preset}: {sanitise_line(imported.preset_reason)}")
    contexts, components = plural(len(imported.contexts), "context"), plural(imported.components, "component")
    verb = "wrote" if written.changed else "left as it was:"
    yield SafeText(f"{verb} {sanitise_line(str(written.path))}: {contexts}, {components}")
    if written.replaced is not None:
        yield SafeText(f"the one before is in {sanitise_line(str(written.replaced))}")
    for context in imported.contexts:
        count = plural(len(context.components), "component")
        yield SafeText(f"  {pad(sanitise_line(context.module), 32)}  {count}")
    for left in imported.left_out[:_SHOWN]:
        yield SafeText(f"  left out: {sanitise_line(str(left.path))}: {sanitise_line(left.reason)}")
    if len(imported.left_out) > _SHOWN:
        yield SafeText(f"  left out: {len(imported.left_out) - _SHOWN} more; all are in: covey init --json")
    for mistake in imported.warnings:
        yield SafeText(f"  warning: {sanitise_line(str(mistake))}")


def _next_lines(root: Path, imported: Imported) -> Iterable[SafeText]:
    """What to do now, and where: in the directory that was named, or in that of a project inside another one."""
    around = next((each for each in root.parents if os.path.lexists(each / MANIFEST)), None)
    if around is not None:
        inner, outer = sanitise_line(str(root)), sanitise_line(str(around))
        yield SafeText(f"note: {outer} has a {MANIFEST} too; in {inner} and below, covey goes by the new one")
    place = "" if is_here(root) else f", in {sanitise_line(str(root))}"
    if imported.contexts:
        yield SafeText(f"next{place}: covey run design {sanitise_line(imported.contexts[0].module)}")
    else:
        yield SafeText(f"next{place}: run covey init where your code is, or add a [[context]] to this {MANIFEST}")


def contexts(context: str | None = None, /, *, json: Json = False, project: ProjectDir = None) -> int:
    """List the contexts, their components in spawn order, and which of their files exist.

    Args:
        context: A context's name or module, or an unambiguous ending of one; default: all.
        json: One list.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    declared = declared_project(project)
    chosen = find_contexts(declared, (context,)) if context is not None else declared.contexts
    listed, out = contexts_json(declared, chosen), Out(asked_json=json)
    if json:
        out.json(listed)
    else:
        for each in listed:
            first, *rows = _context_lines(each, out.columns)
            out.wrapped(_INDENT, first)
            out.rows(*rows)
        out.text(*([] if listed else ["covey.toml declares no contexts"]))
    return 0


def _context_lines(context: dict[str, Any], columns: int | None) -> Iterable[SafeText]:
    """A context and its components, in columns as wide as what is in them; modules give way to what exists."""
    components, own = context["components"], _there(context["artifacts"])
    name, module = sanitise_line(context["context"]), sanitise_line(context["module"])
    shown = name if name == module else f"{name} ({module})"
    yield SafeText(f"{shown}   {plural(len(components), 'component')}{f'   {own}' if own else ''}")
    rows = [_cells(component) for component in components]
    names, modules, theirs = (max((width(row[place]) for row in rows), default=0) for place in range(3))
    names = min(names, _NAME)
    if columns is not None:
        modules = max(_MODULE, min(modules, columns - len(_GAP) - names - theirs - 2 * len(_GAP)))
    for name, module, there in rows:
        yield SafeText(f"  {fit(name, names)}{_GAP}{fit(module, modules)}{_GAP}{there}".rstrip())


def _cells(component: dict[str, Any]) -> tuple[SafeText, SafeText, SafeText]:
    """A component's name and module, and the kinds of files that exist."""
    return sanitise_line(component["component"]), sanitise_line(component["module"]), _there(component["artifacts"])


def _there(artifacts: dict[str, Any]) -> SafeText:
    """The kinds of files that are there."""
    return SafeText(", ".join(kind for kind, artifact in artifacts.items() if artifact["present"]))
