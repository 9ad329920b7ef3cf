"""Watching the directories of artifacts, so that a file that comes or goes is noticed within a tenth of a second.

It is only a hint: whoever is woken looks at the files itself, and looks now and then in any case.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from watchfiles import awatch

STEP_MS = 5
DEBOUNCE_MS = 50


def nearest_directories(root: Path, directories: Iterable[str]) -> frozenset[Path]:
    """The directories, relative to the root, or where one does not exist the nearest one above it that does."""
    found: set[Path] = set()
    for directory in map(root.joinpath, directories):
        nearest = next((each for each in (directory, *directory.parents) if each.is_dir()), None)
        if nearest is not None and nearest.is_relative_to(root):
            found.add(nearest)
    return frozenset(found)


async def changes(watched: frozenset[Path], ended: asyncio.Event) -> AsyncIterator[frozenset[str]]:
    """The paths that have changed in the directories (not below them); until `ended` is set.

    Ends early when a directory is gone, and when a file changes whose name watchfiles cannot read: one that is not
    UTF-8.

    Raises:
        OSError: the operating system refuses to watch, as when its watches are used up; says why.
    """
    try:
        async for found in awatch(
            *watched,
            watch_filter=None,
            recursive=False,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            stop_event=ended,
            ignore_permission_denied=True,
        ):
            yield frozenset(path for _, path in found)
    except FileNotFoundError:  # it vanished as it was added
        return
    except ExceptionGroup as failed:  # while it watched
        if failed.split(RuntimeError)[1] is not None:
            raise
    except RuntimeError as error:  # how watchfiles says what the system refuses
        raise OSError(str(error)) from error
