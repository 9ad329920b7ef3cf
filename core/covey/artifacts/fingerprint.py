"""Whether files are still what they were: one value over their contents."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from covey.workspace.files import NotTextError, read_start
from covey.workspace.walk import OutsideError


def fingerprint(root: Path, paths: Iterable[str]) -> str:
    """A value that differs when one of the files does; one that is not there, or cannot be read, is a value too."""
    whole = hashlib.sha256()
    for path in paths:
        try:
            start = read_start(root, path)
        except (OSError, NotTextError, OutsideError):
            part = b"nothing to read"
        else:
            part = hashlib.sha256(start.data).digest() + start.size.to_bytes(8)
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
