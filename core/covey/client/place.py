"""Where a project is. Only that: a look at the state must not pay for reading the manifest, which takes its time."""

import os
import shlex
from pathlib import Path

from covey.errors import UsageError
from covey.text.sanitise import sanitise_line

MANIFEST = "covey.toml"


def find_root(start: Path | None = None) -> Path:
    """The nearest directory with a `covey.toml`: `start` (the working directory) or one of its parents, absolute.

    Raises:
        UsageError: There is none, `start` is no directory, or the working directory is gone.
    """
    if start is not None and not os.path.isdir(start):  # noqa: PTH112 - which holds for what no path can be, too
        raise UsageError(f"{sanitise_line(str(start))} is no directory")
    try:
        absolute = Path(os.path.realpath(start or Path.cwd()))
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone; change to one that is there") from error
    for directory in (absolute, *absolute.parents):
        if os.path.lexists(directory / MANIFEST):
            return directory
    raise UsageError(f"no {MANIFEST} in {sanitise_line(str(absolute))} or above; run: covey init")


def is_here(root: Path) -> bool:
    """Whether a command that is typed in the working directory is about the project at this root."""
    try:
        return find_root() == root
    except UsageError:
        return False


def from_here(root: Path) -> str:
    """What a command takes besides to be about the project at this root, typed in the working directory."""
    return "" if is_here(root) else f" --project {shlex.quote(str(root))}"
