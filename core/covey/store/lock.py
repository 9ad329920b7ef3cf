"""One engine per project: an `flock` held for life decides who it is.

The kernel gives the lock up when its holder dies, however it dies, and keeps it while the holder is merely stopped.
The row beside it in the database only informs.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from covey.errors import StoreError

_PROBES = 10
_PROBE_SECONDS = 0.02


def lock_path(state: Path) -> Path:
    """The lock's file in a project's state directory."""
    return state / "engine.lock"


@contextlib.contextmanager
def engine_lock(state: Path) -> Iterator[bool]:
    """Hold the lock for the length of the block; gives False when somebody else holds it.

    A viewer that asks whether an engine lives holds the lock for an instant, so it is tried for a fifth of a second.

    Raises:
        StoreError: the lock's file cannot be made or written.
    """
    handle = _open(lock_path(state), os.O_RDWR | os.O_CREAT)
    try:
        yield any(_try(handle, fcntl.LOCK_EX) or _pause() for _ in range(_PROBES))
    finally:
        os.close(handle)


def engine_lives(state: Path) -> bool:
    """Somebody holds the engine's lock.

    Raises:
        StoreError: the lock's file cannot be read.
    """
    if not lock_path(state).exists():
        return False
    handle = _open(lock_path(state), os.O_RDONLY)
    try:
        return not _try(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be opened ({error.strerror}): covey keeps its state there; "
            "see that you may read and write what is in that directory"
        ) from error


def _try(handle: int, mode: int) -> bool:
    try:
        fcntl.flock(handle, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pause() -> bool:
    time.sleep(_PROBE_SECONDS)
    return False
