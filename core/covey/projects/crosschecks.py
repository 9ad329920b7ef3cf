"""What a manifest's declarations must be beside one another: distinct modules, files of their own, known dependencies.

The checks work on what could be read, so that a mistake in one table hides none in another. Nothing is raised here.
"""

from collections.abc import Iterator
from typing import NamedTuple

from covey.config.locations import KeyPath
from covey.config.manifest import Declared, Reading
from covey.errors import Mistake
from covey.projects.limits import leaves_root, path_problem
from covey.projects.names import module_problem, name_problem
from covey.projects.paths import OF_COMPONENT, OF_CONTEXT, ArtifactKind, PathRules
from covey.text.quoting import did_you_mean, quoted, visible

_SHARED_BY = {ArtifactKind.REVIEW: ArtifactKind.DESIGN}
"""Kinds of files that lie among those of another kind, so that one of each may come to be the same file."""


class _Owned(NamedTuple):
    """A kind of file of an entry of the manifest."""

    kind: ArtifactKind
    entry: Declared


def cross_check(reading: Reading, rules: PathRules | None) -> list[Mistake]:
    """Every mistake among the declarations. Without rules (their tables have mistakes) files are not looked at."""
    return _CrossCheck(reading).run(rules)


class _CrossCheck:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.mistakes: list[Mistake] = []
        self.modules: dict[str, KeyPath] = {}
        self.usable: list[Declared] = []

    def run(self, rules: PathRules | None) -> list[Mistake]:
        for entry in self._entries():
            self._check_names(entry)
        roots = {module.split(".")[0] for module in self.modules}
        for entry in self._entries():
            self._check_dependencies(entry, roots)
        if rules is not None:
            self._check_files(rules)
        return self.mistakes

    def _entries(self) -> Iterator[Declared]:
        for context in self.reading.declared:
            yield context
            yield from context.components

    def _line(self, where: KeyPath) -> int:
        return self.reading.lines.of(*where)

    def _add(self, where: KeyPath, message: str) -> None:
        self.mistakes.append(Mistake(self.reading.path, self._line(where), visible(message)))

    def _check_names(self, entry: Declared) -> None:
        """Names and modules that are none, and modules that are declared twice."""
        problem = None if entry.name is None else name_problem(entry.name)
        if problem is not None:
            self._add((*entry.where, "name"), f'"name" {problem}')
        if entry.module is None:
            return
        where = (*entry.where, "module")
        wrong = module_problem(entry.module)
        if wrong is not None:
            self._add(where, f'"module" {wrong}')
        elif entry.module in self.modules:
            what = "context" if entry.is_context else "module"
            first = self._line(self.modules[entry.module])
            self._add(where, f"the {what} {quoted(entry.module)} is declared twice: the first time on line {first}")
        else:
            self.modules[entry.module] = where
            if problem is None:
                self.usable.append(entry)

    def _check_dependencies(self, entry: Declared, roots: set[str]) -> None:
        """A dependency inside the project must be a module that the manifest knows; others are not checked."""
        for index, module in entry.depends_on:
            where = (*entry.where, "depends_on", index)
            wrong = module_problem(module)
            if wrong is not None:
                self._add(where, f'"depends_on", entry {index + 1} {wrong}')
            elif module not in self.modules and module.split(".")[0] in roots:
                hint = did_you_mean(module, self.modules)
                self._add(where, f"the dependency {quoted(module)} is no known module of this project{hint}")

    def _check_files(self, rules: PathRules) -> None:
        """Files that no file system holds, that are outside the project, or that two components would share."""
        owners: dict[str, _Owned] = {}
        outside: dict[str, bool] = {}
        for entry in self.usable:
            for kind in OF_CONTEXT if entry.is_context else OF_COMPONENT:
                path = rules.path_of(kind, entry.module or "", entry.name or "")
                self._check_file(rules, kind, path, entry, outside)
                owned = _Owned(kind, entry)
                first = owners.setdefault(f"{_SHARED_BY.get(kind, kind)}:{path}", owned)
                if first is not owned:
                    self._add((*entry.where, "module"), self._shared(path, owned, first))

    def _shared(self, path: str, owned: _Owned, first: _Owned) -> str:
        """What to say of a file that belongs to two."""
        module, other = quoted(owned.entry.module), quoted(first.entry.module)
        line = self._line((*first.entry.where, "module"))
        if owned.kind is first.kind:
            return (
                f"{module} and {other} (line {line}) have the same {owned.kind} file {quoted(path)}; "
                "change one of them, or the template under [paths]"
            )
        return (
            f"the {owned.kind} file {quoted(path)} of {module} is the {first.kind} file of {other} (line {line}) too; "
            "change one of them, or a template under [paths]"
        )

    def _check_file(
        self, rules: PathRules, kind: ArtifactKind, path: str, entry: Declared, outside: dict[str, bool]
    ) -> None:
        """One file. `outside` remembers the directories looked at: each that leads out is reported once."""
        problem = path_problem(rules.root, path)
        directory = path.rpartition("/")[0]
        if problem is None and directory not in outside:
            outside[directory] = leaves_root(rules.root, path)
            problem = "leads out of the project root" if outside[directory] else None
        if problem is not None:
            self._add((*entry.where, "module"), f"the {kind} file {quoted(path)} of {quoted(entry.module)} {problem}")
