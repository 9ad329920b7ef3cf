"""Copies of the database beside it, taken before anything changes what is in it: a new schema, or a mended projection.

A copy is made under another name and gets its own once it is whole and on disk, so one that has its name can be
trusted. None is ever replaced, and none is removed by covey: to go back, put it where the database is.
"""

import contextlib
import errno
import os
import sqlite3
from itertools import count
from pathlib import Path

from covey.errors import StoreError

PART = ".part"
"""How the name of what is not whole yet ends."""


def copies_of(path: Path) -> list[Path]:
    """The copies of the database at `path` that were taken, by name."""
    found = path.parent.glob(f"{path.name}.before-*")
    return sorted(copy for copy in found if not copy.name.endswith((PART, *_OF_SQLITE)))


def copy_database(database: sqlite3.Connection, path: Path, before: str) -> Path:
    """Copy the database at `path`, to which `database` is connected, to `covey.db.before-…`; the copy's path.

    Raises:
        StoreError: there is no room for it, or it cannot be written; nothing is left behind.
    """
    part = path.with_name(f"{path.name}.before-{before}{PART}")
    try:
        part.unlink(missing_ok=True)  # of one who was killed meanwhile
        with contextlib.closing(sqlite3.connect(part)) as target:
            database.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        return _named(part, path.with_name(f"{path.name}.before-{before}"))
    except (sqlite3.Error, OSError) as error:
        _remove(part)
        raise StoreError(_said(error, path)) from error


def keep_new(part: Path, wanted: Path) -> Path:
    """Give what is whole its name, with a number where there is one of that name already; the path it has then.

    Raises:
        OSError: the disk refused.
    """
    for number in count(1):
        name = wanted if number == 1 else wanted.with_name(_numbered(wanted.name, number))
        with contextlib.suppress(FileExistsError):
            os.link(part, name)
            part.unlink()
            sync_directory(name.parent)
            return name
    raise AssertionError  # numbers do not end


def sync_directory(directory: Path) -> None:
    """See that the names in a directory outlive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_OF_SQLITE = ("-journal", "-wal", "-shm")


def _named(part: Path, wanted: Path) -> Path:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return keep_new(part, wanted)


def _numbered(name: str, number: int) -> str:
    """`a.jsonl.gz` becomes `a-2.jsonl.gz`; what a copy is called has no such ending."""
    stem, dot, ending = name.partition(".jsonl")
    return f"{stem}-{number}{dot}{ending}"


def _remove(part: Path) -> None:
    for name in (part, *(part.with_name(part.name + ending) for ending in _OF_SQLITE)):
        with contextlib.suppress(OSError):
            name.unlink()


def _said(error: sqlite3.Error | OSError, path: Path) -> str:
    size = f"{path.stat().st_size:,} bytes" if path.exists() else "its size"
    if "full" in str(error) or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return (
            f"no room for a copy of {path}, which is taken before anything in it changes; "
            f"free {size} on that disk, then try again; the database is as it was"
        )
    return (
        f"{path} cannot be copied ({error}), and nothing in it is changed without a copy; "
        f"see that you may write in {path.parent} and that {size} are free there"
    )
