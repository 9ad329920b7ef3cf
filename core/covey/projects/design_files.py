"""Where a project's design documents are, and their text.

Only regular files inside the project are read, and links between directories are not followed. What cannot be read is
told, and never stops the import.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from covey.errors import Mistake, UsageError
from covey.projects.imported import LeftOut
from covey.projects.python_tree import entries_of
from covey.text.quoting import visible

DIRECTORIES = ("docs/design", "docs/spec", "design", "spec")
"""Where documents are looked for, unless somebody says where."""

ENDINGS = (".spec.md", ".md")
LARGEST = 512 * 1024
"""The most bytes of a document that are read: its structure takes up to a second for every 60,000 of them."""

_NEVER = frozenset({"node_modules", "site-packages", "_build", "deps"})
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class DesignFile:
    """A document: its path relative to the project root, the directory that it was found below, and its ending."""

    path: PurePosixPath
    directory: PurePosixPath
    ending: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its path below the directory, without the ending."""
        *above, last = self.path.relative_to(self.directory).parts
        return (*above, last.removesuffix(self.ending))


@dataclass(frozen=True, slots=True)
class FoundDesigns:
    """All documents by directory, then by path; `directories` are those that were looked in."""

    directories: tuple[PurePosixPath, ...]
    files: tuple[DesignFile, ...]
    left_out: tuple[LeftOut, ...]


class UnreadError(Exception):
    """A document that cannot be read; says where and why."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(str(mistake))


def find_designs(root: Path, directory: str | None = None) -> FoundDesigns:
    """The documents below the usual directories that are there, or below the one that somebody names.

    Raises:
        UsageError: The directory that was named is none, or is not inside the project.
    """
    if directory is not None:
        directories = [_named(root, directory)]
    else:
        directories = [PurePosixPath(each) for each in DIRECTORIES if (root / each).is_dir()]
    walk = _Walk(root)
    for each in directories:
        walk.through(each)
    return FoundDesigns(tuple(directories), tuple(walk.files), tuple(walk.left_out))


def read_file(root: Path, path: PurePosixPath) -> str:
    """The text of a document; a byte order mark at its beginning is left out.

    Raises:
        UnreadError: It cannot be read, is too large, or is not UTF-8.
    """
    try:
        # opened without waiting, so that a FIFO holds nobody up
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _unread(path, "is not a regular file")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise _unread(path, f"cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise _unread(path, f"is larger than {LARGEST:,} bytes and was not read; split it")
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unread(path, f"is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8", line) from error


def _unread(path: PurePosixPath, message: str, line: int = 0) -> UnreadError:
    return UnreadError(Mistake(Path(visible(str(path))), line, message))


def _named(root: Path, directory: str) -> PurePosixPath:
    shown = visible(directory)
    try:
        place = (root / directory).resolve()
        is_directory = place.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"--root {shown} is no directory") from error
    if not is_directory:
        raise UsageError(f"--root {shown} is no directory in {visible(str(root))}")
    if not place.is_relative_to(root):
        raise UsageError(f"--root {shown} is not inside the project {visible(str(root))}; documents are kept in it")
    return PurePosixPath(place.relative_to(root))


class _Walk:
    """A walk below the directories of documents."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[DesignFile] = []
        self.left_out: list[LeftOut] = []

    def through(self, directory: PurePosixPath) -> None:
        """Take every document below a directory."""
        if not self._is_inside(directory):
            self._leave(directory, "a link that leads out of the project")
            return
        pending = [directory]
        while pending:
            here = pending.pop()
            entries = entries_of(self.root / here)
            pending.extend(here / entry.name for entry in reversed(entries) if _may_hold_documents(entry))
            for entry in entries:
                self._take(entry, here / entry.name, directory)

    def _take(self, entry: os.DirEntry[str], path: PurePosixPath, directory: PurePosixPath) -> None:
        if entry.is_dir(follow_symlinks=False):
            return
        ending = next((ending for ending in ENDINGS if entry.name.endswith(ending)), None)
        if entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112 - DirEntry's raises where links go in a circle
            self._leave(path, "a link to a directory, which is not followed")
        elif ending is not None and not entry.name.startswith("."):
            if entry.is_symlink() and not self._is_inside(path):
                self._leave(path, "a link that leads out of the project")
            else:
                self.files.append(DesignFile(path, directory, ending))

    def _is_inside(self, path: PurePosixPath) -> bool:
        return Path(os.path.realpath(self.root / path)).is_relative_to(self.root)

    def _leave(self, path: PurePosixPath, reason: str) -> None:
        self.left_out.append(LeftOut(visible(str(path)), reason))


def _may_hold_documents(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and entry.name not in _NEVER and not entry.name.startswith(".")
