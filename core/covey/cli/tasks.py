"""Errors out of task groups: covey's own come out as themselves, so that they are told like any other."""

import contextlib
from collections.abc import Iterator

from covey.errors import CoveyError, first_of


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """Raise the first of covey's own errors out of a group of errors in place of the group."""
    first: CoveyError | None = None
    try:
        yield
    except* CoveyError as group:
        first = first_of(group)
    if first is not None:
        raise first
