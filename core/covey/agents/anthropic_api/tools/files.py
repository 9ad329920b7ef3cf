"""The tools for files: read, write, edit, list. What is in reach is decided by `covey.workspace.confined`.

A text that somebody else has written is replaced only by a model that has seen all of it, as it stands now, or that
names the passage to change; and the text before is kept in `.covey/replaced`.
"""

import fnmatch
import hashlib
import threading

from covey.agents.anthropic_api.tools.arguments import EditFile, ListFiles, ReadFile, WriteFile
from covey.agents.anthropic_api.tools.result import SHOWN_CHARACTERS, RefusedCallError, shortened
from covey.text.quoting import quoted, visible
from covey.workspace.confined import WRITTEN_BY_PROGRAMS, Confined, Entry, Is
from covey.workspace.credentials import Credentials
from covey.workspace.files import ChangedMeanwhileError

WRITTEN_BYTES = 4_000_000
"""The most bytes that a written file may have."""
MOST_LISTED = 500
"""The most files that one answer lists."""
MOST_LOOKED_AT = 50_000
"""The most files that are looked at for one list."""

_PLACES = 10
_KEPT = ".covey/replaced"


class FileTools:
    """The tools for files of one assignment; `kept_as` names the directory for texts that were replaced."""

    def __init__(self, files: Confined, kept_as: str, credentials: Credentials) -> None:
        self._files = files
        self._credentials = credentials
        self._kept = f"{_KEPT}/{kept_as}"
        self._known: dict[str, str] = {}  # the texts that the model has seen or written as a whole
        self._written: dict[str, str] = {}  # those that it has left behind

    def read(self, _: threading.Event, asked: ReadFile) -> str:
        """Some lines of a file, as they stand, and which they are where they are not all.

        Raises:
            CoveyError: it is not to be read, or has not so many lines.
            OSError: it cannot be read.
        """
        text = self._files.read(asked.path)
        lines = text.split("\n")
        count = len(lines) - (lines[-1] == "" and len(lines) > 1)
        if asked.offset > count:
            raise RefusedCallError(f"{quoted(asked.path)} has only {count:,} lines")
        shown, following = _lines_that_fit(lines, asked.offset - 1, min(asked.limit, count - asked.offset + 1))
        if asked.offset == 1 and following == count and len(shown) <= SHOWN_CHARACTERS:
            self._known[self._files.path(asked.path)] = _digest(text)
            return text or "[the file is empty]"
        more = f"; the next ones: offset {following + 1}" if following < count else ""
        return f"{shortened(shown)}\n[lines {asked.offset:,} to {following:,} of {count:,}{more}]"

    def write(self, _: threading.Event, asked: WriteFile) -> str:
        """Write a whole file; one that is there only when its text has been read, as it is now.

        Raises:
            CoveyError: it is not to be written, or not over what is there.
            OSError: it cannot be written.
        """
        path = self._files.demand_writable(asked.path)
        before = self._present(asked.path)
        if before is None:
            return self._create(path, asked.content)
        if before.strip() and _digest(before) != self._known.get(path):
            raise RefusedCallError(
                f"{quoted(path)} is there already, with a text that you have not read to its end, or that was changed "
                "since: read it with read_file, then keep what is right in it; to change a part, use edit_file"
            )
        said = self._replace(path, before, asked.content)
        self._known[path] = _digest(asked.content)
        return said

    def edit(self, _: threading.Event, asked: EditFile) -> str:
        """Replace one passage of a file.

        Raises:
            CoveyError: it is not to be written, or the passage is not in it, or more than once.
            OSError: it cannot be read or written.
        """
        path = self._files.demand_writable(asked.path)
        before = self._files.read_before(path)
        if asked.old == asked.new:
            raise RefusedCallError("old and new are the same: nothing would change")
        places = _places(before, asked.old)
        if len(places) != 1:
            raise RefusedCallError(_why_not(path, before, asked.old, places))
        after = before.replace(asked.old, asked.new, 1)
        said = self._replace(path, before, after)
        if self._known.get(path) == _digest(before):
            self._known[path] = _digest(after)
        return said

    def list(self, stop: threading.Event, asked: ListFiles) -> str:
        """The files below a directory, one on each line.

        Raises:
            CoveyError: it is out of reach.
            OSError: it cannot be read.
        """
        shown: list[str] = []
        looked_at, ending = 0, ""
        for entry in self._files.below(asked.path):
            looked_at += 1
            if stop.is_set() or looked_at > MOST_LOOKED_AT:
                ending = f"[ended after {looked_at - 1:,} files and directories; ask for a directory further down]"
                break
            if not _is_listed(entry, asked.pattern):
                continue
            if len(shown) == MOST_LISTED:
                ending = f"[there are more than {MOST_LISTED}; ask for a directory further down, or with a pattern]"
                break
            shown.append(_listed(entry))
        nothing = "[nothing like this in reach]" if not shown and not ending else ""
        return "\n".join([*shown, *filter(None, (nothing, ending))])

    def _present(self, path: str) -> str | None:
        try:
            return self._files.read_before(path)
        except FileNotFoundError:
            return None

    def _create(self, path: str, text: str) -> str:
        self._demand_fit(path, text)
        try:
            self._files.create(path, text)
        except FileExistsError as error:
            raise RefusedCallError(
                f"{quoted(path)}: something has come to be there meanwhile, or a link stands in its place; look again"
            ) from error
        self._known[path] = self._written[path] = _digest(text)
        return f"Wrote {visible(path)}: {_size(text)}."

    def _replace(self, path: str, before: str, after: str) -> str:
        self._demand_fit(path, after)
        kept = None
        if before.strip() and self._written.get(path) != _digest(before):
            kept = self._files.keep(path, before, self._kept)
        try:
            self._files.replace(path, before, after)
        except ChangedMeanwhileError as error:
            raise RefusedCallError(f"{quoted(path)} was changed by somebody meanwhile: read it again") from error
        self._written[path] = _digest(after)
        return f"Wrote {visible(path)}: {_size(after)}." + (
            f" What was there is kept in {visible(kept)}." if kept else ""
        )

    def _demand_fit(self, path: str, text: str) -> None:
        if len(text.encode("utf-8", "replace")) > WRITTEN_BYTES:
            raise RefusedCallError(f"{quoted(path)} would be larger than {WRITTEN_BYTES:,} bytes")
        if self._credentials.are_in(text):
            raise RefusedCallError(f"{quoted(path)} would hold a credential of this machine; it is not written down")


def _lines_that_fit(lines: list[str], first: int, most: int) -> tuple[str, int]:
    """So many lines as one answer holds, at least one of them, and the number of the last."""
    length, last = 0, first
    for line in lines[first : first + most]:
        length += len(line) + 1
        if length > SHOWN_CHARACTERS and last > first:
            break
        last += 1
    return "\n".join(lines[first:last]), last


def _places(text: str, passage: str) -> list[int]:
    """Where a passage begins in a text, overlapping ones too; a few more than are told."""
    found: list[int] = []
    at = text.find(passage)
    while at >= 0 and len(found) <= _PLACES:
        found.append(at)
        at = text.find(passage, at + 1)
    return found


def _why_not(path: str, text: str, passage: str, places: list[int]) -> str:
    if not places:
        hint = "; its lines end with CR LF" if "\r\n" in text and "\r\n" not in passage and "\n" in passage else ""
        return f"old is not in {quoted(path)}{hint}: read the file and copy the passage exactly as it stands"
    lines = ", ".join(str(text.count("\n", 0, at) + 1) for at in places[:_PLACES])
    times = f"{len(places)} times" if len(places) <= _PLACES else f"more than {_PLACES} times"
    return f"old is in {quoted(path)} {times} (lines {lines}): add lines before or after it until it is there once"


def _is_listed(entry: Entry, pattern: str) -> bool:
    if entry.kind is Is.DIRECTORY and entry.path.rpartition("/")[2] not in WRITTEN_BY_PROGRAMS:
        return False
    return fnmatch.fnmatchcase(entry.path if "/" in pattern else entry.path.rpartition("/")[2], pattern)


def _listed(entry: Entry) -> str:
    kinds = {Is.DIRECTORY: "/  (not looked into)", Is.LINK: "  (a link)", Is.FILE: ""}
    return f"{visible(entry.path)}{kinds[entry.kind]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _size(text: str) -> str:
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    return f"{lines:,} {'line' if lines == 1 else 'lines'}"
