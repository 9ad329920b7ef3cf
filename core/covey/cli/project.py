"""`covey init` and `covey contexts`: the manifest, and what it declares."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from covey.cli.declared import declared_project
from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out
from covey.client.contexts import contexts_json
from covey.errors import Mistake, UsageError
from covey.projects.manifest import find_contexts
from covey.projects.python_package import Imported, import_package
from covey.projects.writer import Written, render, write_manifest
from covey.text.cells import pad
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural

_SHOWN = 10


def init(
    directory: Path | None = None,
    /,
    *,
    source: Annotated[Literal["python"], Parameter(name="--from")] = "python",  # noqa: ARG001 - the only importer
    force: bool = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Write covey.toml from what is there, and say what was found.

    Args:
        directory: The project's root; default: the working directory.
        source: What to read: Python packages.
        force: Replace a manifest that would change; a copy is kept.
        json: One object.
        project: The same as DIRECTORY.
    """
    root = _directory(directory, project)
    imported = import_package(root)
    written = write_manifest(root, render(imported), force=force)
    out = Out(asked_json=json)
    if json:
        out.json(_init_json(root, imported, written))
    else:
        out.text(*_init_lines(imported, written))
    return 0


def _directory(directory: Path | None, project: Path | None) -> Path:
    if directory is not None and project is not None:
        raise UsageError("give the directory once: covey init DIR")
    root = Path(os.path.realpath(directory or project or Path.cwd()))
    if not root.is_dir():
        raise UsageError(f"{sanitise_line(str(root))} is no directory")
    return root


def _init_json(root: Path, imported: Imported, written: Written) -> dict[str, object]:
    return {
        "project_root": str(root),
        "manifest": str(written.path),
        "changed": written.changed,
        "contexts": len(imported.contexts),
        "components": imported.components,
        "left_out": [{"path": str(left.path), "reason": left.reason} for left in imported.left_out],
        "warnings": [_warning(mistake) for mistake in imported.warnings],
    }


def _warning(mistake: Mistake) -> dict[str, object]:
    return {"file": str(mistake.file), "line": mistake.line, "message": mistake.message}


def _init_lines(imported: Imported, written: Written) -> Iterable[SafeText]:
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
    if imported.contexts:
        yield SafeText(f"next: covey run design {sanitise_line(imported.contexts[0].module)}")


def contexts(context: str | None = None, /, *, json: Json = False, project: ProjectDir = None) -> int:
    """List the contexts, their components in spawn order, and which of their files exist.

    Args:
        context: A context's name or module, or an unambiguous ending of one; default: all.
        json: One list.
        project: The project's directory.
    """
    declared = declared_project(project)
    chosen = find_contexts(declared, (context,)) if context is not None else declared.contexts
    listed, out = contexts_json(declared, chosen), Out(asked_json=json)
    if json:
        out.json(listed)
    else:
        out.text(*(line for each in listed for line in _context_lines(each)))
        out.text(*([] if listed else ["covey.toml declares no contexts"]))
    return 0


def _context_lines(context: dict[str, Any]) -> Iterable[SafeText]:
    components, own = context["components"], _there(context["artifacts"])
    name, module = sanitise_line(context["context"]), sanitise_line(context["module"])
    shown = name if name == module else f"{name} ({module})"
    yield SafeText(f"{shown}   {plural(len(components), 'component')}{f'   {own}' if own else ''}")
    for component in components:
        name, module = pad(sanitise_line(component["component"], 24), 24), pad(sanitise_line(component["module"]), 40)
        yield SafeText(f"  {name}  {module}  {_there(component['artifacts'])}".rstrip())


def _there(artifacts: dict[str, Any]) -> str:
    """The kinds of files that are there."""
    return ", ".join(kind for kind, artifact in artifacts.items() if artifact["present"])
