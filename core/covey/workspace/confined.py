"""The files of a workspace as an agent may have them: read widely, written narrowly, by open directories only.

What is out of an agent's reach, and why; whoever asks is told:

- whatever lies outside the workspace, by any way: `..`, an absolute path, a link, a file with a second name elsewhere;
- names that begin with a dot: git's and covey's own state, settings, environments, secrets, and files that become code
  on their own (`.envrc`, `.vscode`); a file of this kind that the assignment itself names is in reach;
- private keys and the like, by their names: what is read goes to the model's provider;
- what is no regular file.

Only the files that the assignment asks for are written. What somebody else wrote is replaced only as a whole that has
been looked at, and the text before it is kept.
"""

import errno
import fnmatch
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, islice
from pathlib import Path, PurePosixPath

from covey.errors import CoveyError
from covey.projects.limits import path_problem
from covey.text.quoting import has_controls, quoted
from covey.workspace.files import READ_LIMIT, NotTextError, read_text, rewrite, write_new
from covey.workspace.walk import OutsideError, Way, descend_into

MOST_IN_DIRECTORY = 20_000
"""The most names of one directory that are looked at."""

WRITTEN_BY_PROGRAMS = frozenset({"__pycache__", "node_modules", "_build"})
"""Directories that are named in a list, but not looked into unless they are asked for."""

_NEVER = frozenset({".git", ".covey"})
_SECRET_NAMES = (
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials.json", "client_secret*.json"),
    *("secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml", "secrets.ini"),
)
_RUN_BY_THEMSELVES = ("conftest.py", "sitecustomize.py", "usercustomize.py", "__init__.py", "__main__.py", "*.pth")
_IS_SECRET = re.compile("|".join(map(fnmatch.translate, _SECRET_NAMES)))
_RUNS_BY_ITSELF = re.compile("|".join(map(fnmatch.translate, _RUN_BY_THEMSELVES)))
_SEPARATORS = frozenset("/\\")


class OutOfReachError(CoveyError):
    """A path inside the workspace that an agent may not read, or not write; says why."""


class Is(StrEnum):
    """What an entry of a directory is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a directory: its path below the workspace, and what it is. `size` in bytes is a file's."""

    path: str
    kind: Is
    size: int = 0


class Confined:
    """The files of the workspace `root`, for one assignment.

    `named` are the paths that the assignment speaks of, which may be read whatever their names; `writable` is the file
    that it asks for, and `beside` the directory that it may fill with what belongs to it.
    """

    def __init__(
        self,
        root: Path,
        *,
        named: Collection[str] = (),
        writable: str | None = None,
        beside: str | None = None,
        by_kernel: bool = True,
        before: Callable[[str], None] | None = None,
    ) -> None:
        self.root = root
        self._named = frozenset(_plain(path) for path in (*named, *((writable,) if writable else ())) if path)
        ways = (parent for path in self._named for parent in PurePosixPath(path).parents)
        self._named_ways = self._named.union(map(str, ways))
        self._writable = _plain(writable) if writable else None
        self._beside = _plain(beside) if beside else None
        way = Way(by_kernel=by_kernel, only_name=True, admit=_admit)
        self._way = way if before is None else replace(way, before=before)

    def path(self, asked: str) -> str:
        """The path below the workspace that somebody means, with `.` for the workspace itself; the disk is not asked.

        Raises:
            OutsideError: it leads out, or is no path.
            OutOfReachError: it is not for agents.
        """
        _demand_path(asked)
        pure = PurePosixPath(asked)
        if pure.is_absolute():
            pure = self._below(pure)
        if ".." in pure.parts:
            raise OutsideError(f"{quoted(asked)} leads upwards: a path has no .. in it; name it from the workspace on")
        problem = path_problem(self.root, str(pure)) if pure.parts else None
        if problem is not None:
            raise OutsideError(f"{quoted(asked)} {problem}")
        for part in pure.parts:
            _demand_plain(asked, part)
        self._demand_in_reach(pure)
        return str(pure)

    def exceptions(self) -> list[str]:
        """The paths that are in reach only because the assignment names them."""
        plain = Confined(self.root)
        return [path for path in sorted(self._named) if not plain.is_in_reach(path)]

    def is_in_reach(self, asked: str) -> bool:
        """Whether a path may be read, as far as its name tells."""
        try:
            self.path(asked)
        except CoveyError:
            return False
        return True

    def read(self, asked: str, limit: int = READ_LIMIT) -> str:
        """The text of a file; `limit` in bytes.

        Raises:
            CoveyError: it is out of reach, too large, or no text.
            OSError: it is not there, or cannot be read.
        """
        return _plain_text(asked, read_text(self.root, self.path(asked), limit, self._way))

    def read_before(self, asked: str) -> str:
        """The text of a file that may be written, before it is.

        Raises:
            CoveyError: it may not be written, is a link, too large, or no text.
            OSError: it is not there, or cannot be read.
        """
        path = self.demand_writable(asked)
        with _over_no_link(asked):
            return _plain_text(asked, read_text(self.root, path, way=self._for_writing(path)))

    def demand_writable(self, asked: str) -> str:
        """The path below the workspace of a file that may be written.

        Raises:
            OutsideError: it leads out, or is no path.
            OutOfReachError: it is not among the files that the assignment asks for.
        """
        path = self.path(asked)
        if path == self._writable:
            return path
        if self._beside is None or not PurePosixPath(path).is_relative_to(self._beside) or path == self._beside:
            raise OutOfReachError(f"{quoted(asked)} may be read, not written: write {self._may_be_written()}")
        if _RUNS_BY_ITSELF.fullmatch(_folded(PurePosixPath(path).name)):
            raise OutOfReachError(f"{quoted(asked)} would be run by itself: put it under another name")
        return path

    def create(self, asked: str, text: str) -> None:
        """Write a file that is not there yet, and the directories above it.

        Raises:
            FileExistsError: there is something already; it was left as it is.
            CoveyError: it may not be written.
            OSError: the disk refused.
        """
        path = self.demand_writable(asked)
        write_new(self.root, path, text, way=self._for_writing(path))

    def replace(self, asked: str, before: str, after: str) -> None:
        """Replace the text of a file, provided that it still is `before`; a file that is a link is refused.

        Raises:
            ChangedMeanwhileError: it is another one by now; it was left as it is.
            CoveyError: it may not be written.
            OSError: the disk refused.
        """
        path = self.demand_writable(asked)
        with _over_no_link(asked):
            rewrite(self.root, path, before, after, self._for_writing(path))

    def keep(self, path: str, text: str, directory: str) -> str | None:
        """Keep a text that is about to be replaced below a directory of covey's; where, or None: it is kept already.

        Raises:
            CoveyError: it cannot be kept there.
            OSError: the disk refused.
        """
        for number in count(1):
            kept = f"{directory}/{path}" if number == 1 else f"{directory}/{path}.{number}"
            try:
                write_new(self.root, kept, text, mode=0o600)
            except FileExistsError:
                if read_text(self.root, kept) == text:
                    return None
            else:
                return kept
        return None

    def entries(self, asked: str) -> tuple[Entry, ...]:
        """What is in a directory and in reach, by name; nothing is followed, and devices and the like are left out.

        Raises:
            CoveyError: it is out of reach.
            OSError: it is no directory, or cannot be read.
        """
        path = self.path(asked)
        with descend_into(self.root, path, self._way) as directory, os.scandir(directory) as found:
            names = sorted(each.name for each in islice(found, MOST_IN_DIRECTORY))
            entries = (self._entry(directory, path, name) for name in names)
            return tuple(entry for entry in entries if entry is not None)

    def below(self, asked: str) -> Iterator[Entry]:
        """All that is below a directory and in reach, in order, directories before what is in them; or one file.

        What cannot be looked at is left out, as is what others than people have written (caches, packages).

        Raises:
            CoveyError: it is out of reach.
            OSError: it is not there, or cannot be read.
        """
        path = self.path(asked)
        try:
            pending = list(reversed(self.entries(path)))
        except NotADirectoryError:
            yield Entry(path, Is.FILE, len(self.read(path).encode()))
            return
        while pending:
            entry = pending.pop()
            yield entry
            if entry.kind is Is.DIRECTORY and PurePosixPath(entry.path).name not in WRITTEN_BY_PROGRAMS:
                with suppress(CoveyError, OSError):  # gone meanwhile, or nobody may look
                    pending.extend(reversed(self.entries(entry.path)))

    def _for_writing(self, path: str) -> Way:
        """No link is followed; but a person may have put a link into the way of the file that is asked for."""
        return replace(self._way, to_link=False, over_links=path == self._writable)

    def _entry(self, directory: int, above: str, name: str) -> Entry | None:
        path = name if above == "." else f"{above}/{name}"
        if not self.is_in_reach(path):
            return None
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(status.st_mode):
            return Entry(path, Is.DIRECTORY)
        if stat.S_ISLNK(status.st_mode):
            return Entry(path, Is.LINK)
        return Entry(path, Is.FILE, status.st_size) if stat.S_ISREG(status.st_mode) else None

    def _below(self, path: PurePosixPath) -> PurePosixPath:
        for root in (PurePosixPath(self.root), PurePosixPath(os.path.realpath(self.root))):
            if path.is_relative_to(root):
                return path.relative_to(root)
        raise OutsideError(f"{quoted(str(path))} lies outside of the workspace; name it from the workspace on")

    def _demand_in_reach(self, path: PurePosixPath) -> None:
        is_named = str(path) in self._named_ways
        for part in path.parts:
            _admit(part, is_named=is_named, path=str(path))

    def _may_be_written(self) -> str:
        place = f", or new files below {quoted(f'{self._beside}/')}" if self._beside else ""
        return f"{quoted(self._writable or '')}{place}" if self._writable else "nothing"


@contextmanager
def _over_no_link(asked: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OutOfReachError(f"{quoted(asked)} is a link, and nothing is written over a link") from error
        raise


def _plain_text(asked: str, text: str) -> str:
    if "\0" in text:
        raise NotTextError(f"{quoted(asked)} holds NUL characters: it is no text")
    return text


def _plain(path: str) -> str:
    return str(PurePosixPath(path))


def _demand_path(asked: str) -> None:
    if not asked.strip():
        raise OutsideError('the path is empty; the workspace itself is "."')
    if has_controls(asked):
        raise OutsideError(f"{quoted(asked)} holds characters that no path has here: controls, or half a character")
    if "\\" in asked:
        raise OutsideError(f"{quoted(asked)} holds a backslash; the parts of a path have / between them")


def _demand_plain(asked: str, part: str) -> None:
    """Refuse what looks like `..`, or like several parts, and is not: it was meant to mislead somebody."""
    seen = _folded(part)
    if seen != part and (set(seen) <= {"."} or not _SEPARATORS.isdisjoint(seen)):
        raise OutsideError(f"{quoted(asked)} holds characters that only look like dots or slashes")


def _folded(part: str) -> str:
    """A name as a careless file system or reader takes it: compatible characters, no invisible ones, no case."""
    shown = (character for character in unicodedata.normalize("NFKC", part) if unicodedata.category(character) != "Cf")
    return "".join(shown).casefold().rstrip(" ") or part


def _admit(part: str, *, is_named: bool = False, path: str | None = None) -> None:
    """Refuse a name that is not for agents.

    Raises:
        OutOfReachError: it is not; says why.
    """
    name, whole = _folded(part), quoted(path or part)
    if name.rstrip(".") in _NEVER:
        raise OutOfReachError(f"{whole} is out of reach: {quoted(part)} is the state of git, or of covey")
    if is_named:
        return
    if name.startswith(".") and name not in {".", ".."}:
        raise OutOfReachError(
            f"{whole} is out of reach: names that begin with a dot are settings, secrets, or code that runs by itself"
        )
    if _IS_SECRET.fullmatch(name):
        raise OutOfReachError(f"{whole} is out of reach: a file of this name holds keys, and what is read leaves here")
