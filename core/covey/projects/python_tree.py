"""Where a project's Python modules are: its source roots, and every module file below them.

Only names and places are looked at; what the files say is the matter of `python_source`. Links between directories are
not followed, so nothing is met twice and no circle is walked.
"""

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from covey.projects.imported import LeftOut
from covey.text.quoting import visible

_TEST_DIRECTORIES = frozenset({"tests", "test"})
_NO_CODE = frozenset({"node_modules", "site-packages", "__pycache__", "__pypackages__"})
_NOT_THE_PROJECT = frozenset({"build", "dist", "docs"})
_NO_NAME = "its name is no Python name, so it cannot be imported"


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A file that holds a module: its dotted name (`shop.__init__` for a package's own file), and its path."""

    module: str
    path: PurePosixPath


@dataclass(slots=True)
class Found:
    """What was found in a project. `packages` are the dotted names of all directories that hold modules."""

    source: list[str] = field(default_factory=list)
    files: dict[str, ModuleFile] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)


def find_modules(root: Path) -> Found:
    """Every module under the source roots of the project at `root`, and what was left out."""
    found = Found()
    found.source = source_roots(root)
    for source in found.source:
        _Walk(root, PurePosixPath(source), found).run()
    if "." not in found.source:
        _leave_loose_files(root, found)
    return found


def source_roots(root: Path) -> list[str]:
    """`src` where it holds modules and is no package itself, the project root where it holds packages, or else it."""
    src = root / "src"
    if src.is_symlink() or (src / "__init__.py").exists() or not _holds_python(src):
        return ["."]
    own = [entry for entry in entries_of(root) if entry.name != "src" and _may_hold_code(entry) and _is_package(entry)]
    return ["src", "."] if own else ["src"]


class _Walk:
    """One walk below one source root."""

    def __init__(self, root: Path, source: PurePosixPath, found: Found) -> None:
        self.root = root
        self.source = source
        self.found = found

    def run(self) -> None:
        pending: list[tuple[PurePosixPath, tuple[str, ...]]] = [(self.source, ())]
        while pending:
            directory, package = pending.pop()
            entries = entries_of(self.root / directory)
            modules = {entry.name for entry in entries}
            for entry in entries:
                path = directory / entry.name
                if os.path.isdir(entry.path):  # noqa: PTH112 - DirEntry's raises where links go in a circle
                    if self._is_walked(entry, path, package, modules):
                        pending.append((path, (*package, entry.name)))
                elif entry.name.endswith(".py"):
                    self._take(entry, path, package)

    def _is_walked(
        self, entry: os.DirEntry[str], path: PurePosixPath, package: tuple[str, ...], names: set[str]
    ) -> bool:
        """Whether a directory is walked. One that is not, and holds Python files, is left out with its reason."""
        if str(path) in self.found.source or (not entry.is_symlink() and not _may_hold_code(entry)):
            return False
        reason = self._directory_reason(entry, package, names)
        if reason is not None and (entry.is_symlink() or _holds_python(Path(entry.path))):
            self._leave(path, reason)
        return reason is None

    def _directory_reason(self, entry: os.DirEntry[str], package: tuple[str, ...], names: set[str]) -> str | None:
        checks = (
            (entry.is_symlink(), "a link to a directory, which is not followed"),
            (entry.name in _TEST_DIRECTORIES, "a folder of tests"),
            (not package and entry.name in _NOT_THE_PROJECT and not _is_package(entry), f"a folder named {entry.name}"),
            (not _is_name(entry.name), _NO_NAME),
            (f"{entry.name}.py" in names and not _is_package(entry), f"hidden by {entry.name}.py beside it"),
        )
        return next((reason for holds, reason in checks if holds), None)

    def _take(self, entry: os.DirEntry[str], path: PurePosixPath, package: tuple[str, ...]) -> None:
        reason = self._file_reason(entry, path, package)
        if reason is not None:
            self._leave(path, reason)
            return
        module = ".".join((*package, entry.name.removesuffix(".py")))
        if module in self.found.files:
            self._leave(path, f"hidden by {self.found.files[module].path}, which has the same module name")
            return
        self.found.files[module] = ModuleFile(module, path)
        if package:
            self.found.packages.add(".".join(package))

    def _file_reason(self, entry: os.DirEntry[str], path: PurePosixPath, package: tuple[str, ...]) -> str | None:
        """Why a file is not taken for a module; None where it is."""
        stem = entry.name.removesuffix(".py")
        checks = (
            (stem.startswith("test_") or stem.endswith("_test"), "a test"),
            (stem == "conftest", "fixtures of tests"),
            (stem.startswith("__") and stem.endswith("__") and stem != "__init__", "a dunder module"),
            (not _is_name(stem), _NO_NAME),
            (path == PurePosixPath("setup.py"), "a build script"),
            (stem == "__init__" and not package, "an __init__.py of no package"),
            (".".join((*package, stem)) in self.found.packages, "hidden by the package of the same name"),
            (_is_package_directory(Path(entry.path).with_suffix("")), "hidden by the package of the same name"),
            (not _is_regular(self.root, Path(entry.path)), "no regular file inside the project"),
        )
        return next((reason for holds, reason in checks if holds), None)

    def _leave(self, path: PurePosixPath, reason: str) -> None:
        self.found.left_out.append(LeftOut(visible(str(path)), reason))


def _leave_loose_files(root: Path, found: Found) -> None:
    for entry in entries_of(root):
        if entry.name.endswith(".py") and not os.path.isdir(entry.path):  # noqa: PTH112 - likewise
            reason = "a build script" if entry.name == "setup.py" else f"not under {' or '.join(found.source)}"
            found.left_out.append(LeftOut(visible(entry.name), reason))


def entries_of(directory: Path) -> list[os.DirEntry[str]]:
    """What a directory holds, by name; nothing where it cannot be listed."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _may_hold_code(entry: os.DirEntry[str]) -> bool:
    """Whether a directory could hold the project's own code: not hidden, not a tool's, no virtual environment."""
    if not entry.is_dir(follow_symlinks=False) or entry.name.startswith("."):
        return False
    return entry.name not in _NO_CODE and not os.path.lexists(os.path.join(entry.path, "pyvenv.cfg"))  # noqa: PTH118 - DirEntry.path is text


def _holds_python(directory: Path) -> bool:
    """Whether there is a Python file somewhere below, in a directory that could hold the project's own code."""
    pending = [directory]
    while pending:
        for entry in entries_of(pending.pop()):
            if _may_hold_code(entry):
                pending.append(Path(entry.path))
            elif entry.name.endswith(".py"):
                return True
    return False


def _is_package(entry: os.DirEntry[str]) -> bool:
    return _is_package_directory(Path(entry.path))


def _is_package_directory(directory: Path) -> bool:
    return (directory / "__init__.py").is_file()


def _is_name(name: str) -> bool:
    """Whether a module can be imported by this name, and its name kept as it is."""
    return name.isidentifier() and unicodedata.is_normalized("NFC", name)


def _is_regular(root: Path, path: Path) -> bool:
    """Whether this is a regular file; a link counts where it leads to one inside the project."""
    resolved = Path(os.path.realpath(path))
    return resolved.is_file() and resolved.is_relative_to(os.path.realpath(root))
