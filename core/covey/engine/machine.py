"""What an engine asks of the machine that it runs on, in one place, so that a machine in need can be played."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from covey.workspace.processes import Fate, Grace, ProcessRecord, end_recorded


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as it is. `end` ends a recorded process group."""

    end: Callable[[ProcessRecord, Grace], Awaitable[Fate]] = end_recorded
