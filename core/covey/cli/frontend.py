"""The terminal monitor, found like anybody's: by the entry point `monitor` of the group `covey.frontends`.

It is loaded when it is opened, and covey's core knows no more of it than how it is called.
"""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from covey.errors import CoveyError, UsageError

GROUP, NAME = "covey.frontends", "monitor"

_INSTEAD = "see the same in lines with: covey watch --plain"


class Monitor(Protocol):
    """What a front end offers: it shows a project (with a run's id, that run) until it is left; an exit code."""

    def __call__(self, project_root: Path, run: str | None, *, read_only: bool) -> int:
        """Show it."""
        ...


def on_a_terminal() -> bool:
    """Somebody sits at a terminal and both reads and types there."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def find_monitor() -> Callable[[], Monitor]:
    """The monitor that is installed, still to be loaded.

    Raises:
        UsageError: there is none.
    """
    found = list(entry_points(group=GROUP, name=NAME))
    if not found:
        raise UsageError(f"no terminal monitor is installed (an entry point {NAME!r} of {GROUP}); {_INSTEAD}")
    return lambda: _load(found[0])


def open_monitor(project_root: Path, run: str | None, *, read_only: bool = False) -> int:
    """Show a project in the monitor until it is left.

    Raises:
        UsageError: none is installed.
        CoveyError: the one that is cannot be loaded.
    """
    return find_monitor()()(project_root, run, read_only=read_only)


def _load(entry: EntryPoint) -> Monitor:
    try:
        monitor: Monitor = entry.load()
    except (ImportError, AttributeError) as error:
        raise CoveyError(f"the terminal monitor {entry.value} cannot be loaded: {error}; {_INSTEAD}") from error
    return monitor
