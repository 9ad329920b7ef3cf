"""What an agent may touch of the file system: files below one root, created whole and never by accident.

Every path is walked as `covey.workspace.walk` has it, so nothing leads outside, and a root that has vanished is never
made anew. Text is UTF-8 and its line ends are
left as they are. These functions block for as long as the disk does; nothing here knows of sessions or documents.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from covey.errors import CoveyError
from covey.workspace.walk import ANY_WAY, OutsideError, Way, descend, place

READ_LIMIT = 8 * 1024 * 1024
"""The most bytes of a file that are read as text."""

_TEMPORARY = ".covey/tmp"
_Put = Callable[[int, str], None]


class ChangedMeanwhileError(CoveyError):
    """A file is no longer what it was when its new text was decided on; it was left as it is."""


class NotTextError(CoveyError):
    """Something that is not UTF-8 text in a regular file."""


class TooLargeError(CoveyError):
    """A file that is larger than what covey reads."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first bytes of a file; `size` in bytes is that of the whole file, `modified` in seconds since the epoch."""

    data: bytes
    size: int
    modified: float


def write_new(root: Path, path: str, text: str, *, mode: int = 0o666, way: Way = ANY_WAY) -> None:
    """Create a file with all its text at once, and the directories above it; `mode` is subject to the umask.

    Raises:
        FileExistsError: there is something at the path already, be it a dangling link; it was left as it is.
        FileNotFoundError: the root has vanished.
        OutsideError: the path leads out of the root.
        NotTextError: the text cannot be written as UTF-8.
        OSError: the disk refused; nothing was left behind.
    """
    data = _encoded(root, path, text)
    with place(root, path, create=True, way=way) as (top, directory, name):
        _publish(root, top, directory, data, mode=mode, put=lambda at, temporary: _link(temporary, at, name, directory))


def write_own(root: Path, path: str, text: str) -> None:
    """Write one of covey's own files (0600), whether there is one already or not; for paths below `.covey` only.

    Raises:
        FileNotFoundError: the root has vanished.
        OutsideError: the path leads out of the root.
        NotTextError: the text cannot be written as UTF-8.
        OSError: the disk refused; what was there is there still.
    """
    data = _encoded(root, path, text)
    with place(root, path, create=True) as (top, directory, name):
        _publish(root, top, directory, data, put=lambda at, temporary: _rename(temporary, at, name, directory))


def rewrite(root: Path, path: str, before: str, after: str, way: Way = ANY_WAY) -> None:
    """Replace a file's text at once, keeping its mode, provided that it still is `before`.

    Raises:
        ChangedMeanwhileError: the file's text is no longer `before`, or the file is gone.
        FileNotFoundError: the root has vanished.
        OutsideError: the path leads out of the root.
        NotTextError: the new text cannot be written as UTF-8.
        OSError: the disk refused; the old text is there still.
    """
    data, expected = _encoded(root, path, after), _encoded(root, path, before)
    with place(root, path, follow=True, gone=ChangedMeanwhileError, way=way) as (top, directory, name):

        def put(at: int, temporary: str) -> None:
            # Compared as late as possible: between here and the rename nothing but a few microseconds passes.
            try:
                found, mode = _read(root / path, directory, name, len(expected), way)
            except (FileNotFoundError, NotTextError, TooLargeError):
                found, mode = None, 0
            if found != expected:
                raise ChangedMeanwhileError(f"{root / path} was changed meanwhile; it was left as it is")
            os.chmod(temporary, mode, dir_fd=at)
            _rename(temporary, at, name, directory)

        _publish(root, top, directory, data, put=put)


def read_text(root: Path, path: str, limit: int = READ_LIMIT, way: Way = ANY_WAY) -> str:
    """The text of a file, line ends untouched; `limit` in bytes.

    Raises:
        FileNotFoundError: there is no such file, or the root has vanished.
        OutsideError: the path leads out of the root.
        NotTextError: it is not UTF-8, or no regular file.
        TooLargeError: it is larger than the limit.
        OSError: it cannot be read.
    """
    with place(root, path, follow=True, way=way) as (_, directory, name):
        data, _ = _read(root / path, directory, name, limit, way)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotTextError(f"{root / path}:{line}: not UTF-8 text; save it as UTF-8") from error


def read_start(root: Path, path: str, limit: int = READ_LIMIT) -> Start:
    """The first `limit` bytes of a file, whatever they are, to be looked at.

    Raises:
        FileNotFoundError: there is no such file, or the root has vanished.
        OutsideError: the path leads out of the root.
        NotTextError: it is no regular file.
        OSError: it cannot be read.
    """
    with place(root, path, follow=True) as (_, directory, name):
        return _read_start(root / path, directory, name, limit)[0]


def copy_file(root: Path, path: str, to: Path, target: str, limit: int = READ_LIMIT) -> bool:
    """Copy a file, replacing the one at `target` below `to` at once; False when that is the same already.

    Only for places that are covey's own: what is replaced is kept nowhere.

    Raises:
        FileNotFoundError: there is no such file, or one of the roots has vanished.
        OutsideError: one of the paths leads out of its root.
        NotTextError: one of them is no regular file.
        TooLargeError: it is larger than the limit.
        OSError: the disk refused; what was there is there still.
    """
    with place(root, path, follow=True) as (_, directory, name):
        data, mode = _read(root / path, directory, name, limit)
    mode = 0o777 if mode & stat.S_IXUSR else 0o666
    with place(to, target, create=True) as (top, directory, name):
        try:
            found, before = _read(to / target, directory, name, limit)
        except (FileNotFoundError, TooLargeError):
            found, before = None, mode
        if found == data and bool(before & stat.S_IXUSR) == bool(mode & stat.S_IXUSR):
            return False
        _publish(to, top, directory, data, mode=mode, put=lambda at, part: _rename(part, at, name, directory))
    return True


def move_aside(root: Path, path: str, to: Path) -> None:
    """Move a file out of the way to `to` (below the root, absolute or relative to it), never over anything there.

    A symlink is moved itself; what it points to stays.

    Raises:
        FileExistsError: there is something at `to` already; nothing was moved.
        FileNotFoundError: there is no such file, or the root has vanished.
        OutsideError: one of the paths leads out of the root.
        OSError: the disk refused; the file is where it was.
    """
    goal = str(to.relative_to(root)) if to.is_relative_to(root) else str(to)
    with (
        place(root, path) as (_, directory, name),
        # Looked at first, so that no directories are made for a file that is not there.
        place(root, goal, create=os.lstat(name, dir_fd=directory) is not None) as (_, there, goal_name),
    ):
        os.link(name, goal_name, src_dir_fd=directory, dst_dir_fd=there, follow_symlinks=False)
        os.unlink(name, dir_fd=directory)


def _encoded(root: Path, path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotTextError(f"{root / path}: the text holds half a character at offset {error.start}") from error


def _link(temporary: str, at: int, name: str, directory: int) -> None:
    os.link(temporary, name, src_dir_fd=at, dst_dir_fd=directory, follow_symlinks=False)
    os.unlink(temporary, dir_fd=at)


def _rename(temporary: str, at: int, name: str, directory: int) -> None:
    os.replace(temporary, name, src_dir_fd=at, dst_dir_fd=directory)


def _publish(root: Path, top: int, directory: int, data: bytes, *, put: _Put, mode: int = 0o600) -> None:
    """Write the data to a temporary file and have `put` bring it to its place; nothing lingers if that fails."""
    try:
        with _temporary_directory(root, top) as at:
            _write_and_put(at, data, mode, put)
    except _NoTemporaryDirectoryError:
        # `.covey` cannot be used, or is mounted from elsewhere.
        _write_and_put(directory, data, mode, put)


class _NoTemporaryDirectoryError(Exception):
    """`.covey/tmp` cannot hold what is to be moved to its place."""


@contextmanager
def _temporary_directory(root: Path, top: int) -> Iterator[int]:
    trail = [os.dup(top)]
    try:
        try:
            descend(trail, root, f"{_TEMPORARY}/-", create=True, follow=False)
        except (OSError, OutsideError) as error:
            raise _NoTemporaryDirectoryError from error
        try:
            yield trail[-1]
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise _NoTemporaryDirectoryError from error
            raise
    finally:
        for directory in trail:
            os.close(directory)


def _write_and_put(at: int, data: bytes, mode: int, put: _Put) -> None:
    temporary = f".covey-{secrets.token_hex(8)}"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=at)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut leaves a blank file under a name that says it is done
        put(at, temporary)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=at)
        raise


def _read(path: Path, directory: int, name: str, limit: int, way: Way = ANY_WAY) -> tuple[bytes, int]:
    """A regular file's bytes and mode."""
    start, mode = _read_start(path, directory, name, limit + 1, way)
    if len(start.data) > limit:
        raise TooLargeError(f"{path} is larger than {limit:,} bytes")
    return start.data, mode


def _read_start(path: Path, directory: int, name: str, limit: int, way: Way = ANY_WAY) -> tuple[Start, int]:
    """A regular file's first bytes, and its mode.

    Looked at before it is opened, for to open a device is to do something with it; opened without waiting, so that a
    FIFO that has come into its place meanwhile holds nobody up.
    """
    _demand_file(path, os.stat(name, dir_fd=directory, follow_symlinks=False), way)
    way.before(name)
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    try:
        status = os.fstat(file)
        _demand_file(path, status, way)
        data = b""
        # Asked for what there is: a buffer as large as the limit costs more than the reading.
        while len(data) < limit and (more := os.read(file, min(status.st_size + 1, limit - len(data)))):
            data += more
    finally:
        os.close(file)
    return Start(data, status.st_size, status.st_mtime), stat.S_IMODE(status.st_mode)


def _demand_file(path: Path, status: os.stat_result, way: Way) -> None:
    """Refuse what is no regular file, in the way that is asked for."""
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not stat.S_ISREG(mode):
        raise NotTextError(f"{path} is not a regular file")
    if way.only_name and status.st_nlink > 1:
        raise OutsideError(f"{path} has other names as well (hard links), and one of them may lie outside")
