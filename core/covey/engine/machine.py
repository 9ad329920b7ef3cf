"""What an engine asks of the machine that it runs on, in one place, so that a machine in need can be played."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from covey.artifacts.watcher import changes
from covey.workspace.descriptors import make_room_for
from covey.workspace.memory import Memory, memory_now
from covey.workspace.processes import Fate, Grace, ProcessRecord, end_recorded


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine as it is.

    `end` ends a recorded process group. `memory` tells what these groups hold and what is left, None where that is not
    known. `make_room_for` gets the file descriptors for so many slots, and tells for how many there are, if fewer.
    `watch` hands out the changes in directories until its event is set; it raises OSError where it is refused.
    """

    end: Callable[[ProcessRecord, Grace], Awaitable[Fate]] = end_recorded
    memory: Callable[[Collection[int]], Memory | None] = memory_now
    make_room_for: Callable[[int], int | None] = make_room_for
    watch: Callable[[frozenset[Path], asyncio.Event], AsyncIterator[frozenset[str]]] = changes
