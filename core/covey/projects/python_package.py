"""The importer of Python packages: which contexts and components a project's sources make up.

Every package with modules is a context, a nested package one of its own, and its direct modules are the components.
Single modules at a source root form the context `<project>.__root__`. All of it is read, nothing is imported or run;
what is not taken is said, with the reason.
"""

import os
import re
import tomllib
from collections import defaultdict
from pathlib import Path

from covey.config.settings import PathsTable, ProjectTable, composed
from covey.errors import Mistake
from covey.projects.imported import Imported, ImportedComponent, ImportedContext, LeftOut
from covey.projects.limits import path_problem
from covey.projects.manifest import directory_name
from covey.projects.names import name_problem
from covey.projects.paths import OF_COMPONENT, PathRules
from covey.projects.python_source import Import, Source, read_source
from covey.projects.python_tree import Found, ModuleFile, find_modules
from covey.text.quoting import visible

ROOT_MODULE = "__root__"
_INIT = "__init__"
_LONGEST_NAME = 200  # bytes; it becomes a directory of the root context's document


def import_package(root: Path) -> Imported:
    """The contexts and components that the Python sources under `root` make up."""
    root = Path(os.path.realpath(root))
    warnings: list[Mistake] = []
    name = _project_name(root, warnings)
    return _Importer(root, name, warnings).run()


class _Importer:
    """One import. `sources` are the components' files by module, `packages` the names of all packages."""

    def __init__(self, root: Path, project_name: str, warnings: list[Mistake]) -> None:
        self.root = root
        self.project_name = project_name
        self.warnings = warnings
        self.found: Found = find_modules(root)
        self.rules = PathRules(root, ProjectTable(source=tuple(self.found.source)), PathsTable())
        self.left_out = self.found.left_out
        self.sources: dict[str, Source] = {}

    def run(self) -> Imported:
        descriptions: dict[str, str] = {}
        for file in self.found.files.values():
            source = read_source(self.root / file.path)
            package, _, last = file.module.rpartition(".")
            if last == _INIT:
                descriptions[package] = source.description
            self._consider(file, source)
        return Imported(
            project_name=self.project_name,
            source=tuple(self.found.source),
            contexts=self._contexts(descriptions),
            left_out=tuple(sorted(self.left_out, key=lambda left: left.path)),
            warnings=tuple(self.warnings),
        )

    def _consider(self, file: ModuleFile, source: Source) -> None:
        """Take a module as a component, or leave it out with the reason."""
        reason = self._reason(file, source)
        if reason is not None:
            self.left_out.append(LeftOut(str(file.path), reason))
            return
        self.sources[file.module] = source
        if source.error is not None:
            self.warnings.append(Mistake(Path(file.path), source.error_line, source.error))

    def _reason(self, file: ModuleFile, source: Source) -> str | None:
        if source.error is None:
            if file.module.endswith(f".{_INIT}") and not source.defines:
                return "defines nothing of its own"
            if not source.has_code and not source.description:
                return "has neither code nor a docstring"
        name = file.module.rpartition(".")[2]
        paths = [self.rules.path_of(kind, file.module, name) for kind in OF_COMPONENT]
        problem = next((problem for path in paths if (problem := path_problem(self.root, path))), None)
        return None if problem is None else f"a file that would belong to it {problem}"

    def _contexts(self, descriptions: dict[str, str]) -> tuple[ImportedContext, ...]:
        by_package: dict[str, list[str]] = defaultdict(list)
        for module in sorted(self.sources):
            by_package[module.rpartition(".")[0]].append(module)
        return tuple(
            ImportedContext(
                name=package or self.project_name,
                module=package or f"{_identifier(self.project_name)}.{ROOT_MODULE}",
                description=descriptions.get(package, ""),
                components=tuple(self._component(module) for module in modules),
            )
            for package, modules in sorted(by_package.items())
        )

    def _component(self, module: str) -> ImportedComponent:
        source = self.sources[module]
        targets = {target for each in source.imports for target in self._targets(module, each)}
        return ImportedComponent(
            name=module.rpartition(".")[2],
            module=module,
            description=source.description,
            depends_on=tuple(sorted(targets - {module})),
        )

    def _targets(self, module: str, imported: Import) -> set[str]:
        """The components that an import in a module means; what is from outside, or left out, is none."""
        base = imported.module
        if imported.level:
            parents = module.split(".")[: -imported.level]
            if not parents:
                return set()  # Python refuses it too: beyond the top-level package
            base = ".".join((*parents, base) if base else parents)
        if not imported.names:
            return self._known(base)
        targets: set[str] = set()
        for name in imported.names:
            inner = f"{base}.{name}"
            targets |= self._known(inner if self._is_module(inner) else base)
        return targets

    def _is_module(self, name: str) -> bool:
        return name in self.found.files or name in self.found.packages

    def _known(self, name: str) -> set[str]:
        return {candidate for candidate in (name, f"{name}.{_INIT}") if candidate in self.sources}


def _project_name(root: Path, warnings: list[Mistake]) -> str:
    """The name that `pyproject.toml` gives the project, where it has a usable one; else its directory's."""
    path = Path("pyproject.toml")
    try:
        table = tomllib.loads((root / path).read_bytes().decode()).get("project")
    except FileNotFoundError:
        table = None
    except (OSError, ValueError, RecursionError) as error:
        warnings.append(Mistake(path, 0, f"not read for the project's name: {visible(str(error))}"))
        table = None
    name = table.get("name") if isinstance(table, dict) else None
    if isinstance(name, str) and name_problem(name) is None and len(_identifier(name).encode()) <= _LONGEST_NAME:
        return composed(name)
    name = directory_name(root)
    return name if name_problem(name) is None else "project"


def _identifier(name: str) -> str:
    """The name as a Python identifier: `shop-app` becomes `shop_app`."""
    word = re.sub(r"\W", "_", name)
    return composed(word if word.isidentifier() else f"_{word}")
