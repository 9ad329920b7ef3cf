"""Writing `covey.toml`: as text that a person likes to read, and to disk without ever losing what was there."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.items import Array, Table

from covey.config.manifest import MANIFEST
from covey.config.settings import DEFAULT_TYPE, Preset
from covey.config.state_dir import state_directory
from covey.errors import UsageError
from covey.projects.imported import Imported, ImportedComponent, ImportedContext
from covey.text.quoting import visible

_ONE_LINE = 100


@dataclass(frozen=True, slots=True)
class Written:
    """What writing did: whether the manifest changed, and where the one before it is kept."""

    path: Path
    changed: bool
    replaced: Path | None = None


def render(imported: Imported) -> str:
    """The manifest of what was imported, in the order of the documentation."""
    document = tomlkit.document()
    document.add(tomlkit.comment("What covey knows of this project. Written by covey init; yours to change."))
    document.add(tomlkit.nl())
    project = tomlkit.table()
    project.add("name", imported.project_name)
    project.add("preset", imported.preset.value)
    if imported.preset_reason:
        project["preset"].comment(imported.preset_reason)
    if imported.preset is Preset.PYTHON:
        project.add("source", _array(imported.source))
        project["source"].comment("where packages are found")
    document.add("project", project)
    if imported.design is not None:
        paths = tomlkit.table()
        paths.add("design", imported.design)
        paths["design"].comment("where the documents are")
        paths.add(tomlkit.nl())
        document.add("paths", paths)
    run = tomlkit.table()
    run.add("agent", "offline")
    run["agent"].comment("who does the work: offline, or the NAME of a table [agents.NAME]")
    run.add(tomlkit.nl())
    document.add("run", run)
    contexts = tomlkit.aot()
    for context in imported.contexts:
        contexts.append(_context(context))
    document.add(tomlkit.comment("Each component gets a document. Names, descriptions and depends_on may be changed,"))
    document.add(tomlkit.comment("priority = 10 added (highest first), whole tables removed or added."))
    document.add(tomlkit.nl())
    if imported.contexts:
        document.add("context", contexts)
    return tomlkit.dumps(document)


def write_manifest(root: Path, text: str, *, force: bool) -> Written:
    """Write the manifest of the project at `root`, whole or not at all.

    The same text again changes nothing. With `force` another one is replaced, and kept under `.covey/replaced`.

    Raises:
        UsageError: There is another one and `force` is not given, or it cannot be written.
    """
    path = root / MANIFEST
    shown = visible(str(path))
    try:
        if os.path.lexists(path) and not path.is_file():
            raise UsageError(f"{shown} is not a regular file; move it away, then run covey init again")
        before = path.read_bytes() if path.is_file() else None
        if before == text.encode():
            return Written(path, changed=False)
        if before is not None and not force:
            raise UsageError(f"{shown} exists and would change; to replace it, keeping a copy, run: covey init --force")
        kept = None if before is None else _keep(root, before)
        _replace(path, text.encode())
    except OSError as error:
        raise UsageError(f"{shown} cannot be written ({error.strerror}); make its directory writable") from error
    return Written(path, changed=True, replaced=kept)


def _keep(root: Path, content: bytes) -> Path:
    """Put a replaced manifest under a name that is still free."""
    directory = state_directory(root) / "replaced"
    directory.mkdir(exist_ok=True)
    number = 1
    while True:
        path = directory / f"{MANIFEST}.{number}"
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            number += 1
        else:
            return path


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there in one step, so that nobody ever reads half of it."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _context(context: ImportedContext) -> Table:
    table = tomlkit.table()
    table.add("name", context.name)
    table.add("module", context.module)
    if context.description:
        table.add("description", context.description)
    if context.depends_on:
        table.add("depends_on", _array(context.depends_on))
    components = tomlkit.aot()
    for component in context.components:
        components.append(_component(component))
    table.add("component", components)
    return table


def _component(component: ImportedComponent) -> Table:
    table = tomlkit.table()
    table.add("name", component.name)
    table.add("module", component.module)
    if component.type != DEFAULT_TYPE:
        table.add("type", component.type)
    if component.description:
        table.add("description", component.description)
    if component.priority is not None:
        table.add("priority", component.priority)
    if component.depends_on:
        table.add("depends_on", _array(component.depends_on))
    return table


def _array(values: tuple[str, ...]) -> Array:
    array = tomlkit.array()
    array.extend(values)
    return array.multiline(sum(len(value) + 4 for value in values) > _ONE_LINE)
