"""Keeps the engine within its machine: fewer sessions start while memory or file descriptors are short.

It only lowers how many may work at once, below what a human has asked for, and never ends any. One may always work.
What it holds back is in the log and in the engine's row, for whoever looks; nobody is needed for it.
"""

import asyncio
import logging

from covey.engine.machine import Machine
from covey.engine.rounds import Rounds
from covey.engine.slots import Slots
from covey.store.sqlite import EngineStore
from covey.text.words import size
from covey.workspace.descriptors import files_for
from covey.workspace.memory import Memory
from covey.workspace.sentry import Sentry

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
FILES, MEMORY, POLLING = "open files", "memory", "polling"
"""What an engine may be short of, in the words of its row; `polling`: files are looked at by the clock alone."""

_RESERVE, _MOST_RESERVE = 0.10, 1 << 30
"""So much of all memory is left to others: a tenth, at most a GiB."""
_LEAST_SESSION = 32 << 20
"""A session counts as no smaller than this: it may have just begun."""


def most_at_once(memory: Memory, at_work: int, cap: int | None) -> int:
    """How many sessions fit: those at work, and as many more as leave the reserve, each like the largest at work.

    While fewer than wished are allowed (`cap`), another one has to fit twice, so that one that has just ended does not
    make room for one that is held back again.
    """
    reserve = min(int(memory.total * _RESERVE), _MOST_RESERVE)
    largest = max(_LEAST_SESSION, *memory.groups.values()) if memory.groups else _LEAST_SESSION
    room = memory.available - reserve
    if room < 0:
        return max(1, at_work - 1)
    fit = at_work + room // largest
    if cap is None or fit <= cap:
        return max(1, fit)
    return max(1, cap, at_work + room // (2 * largest))


class Guard:
    """Looks at the machine by the clock, and holds back starts where it has to."""

    def __init__(self, store: EngineStore, slots: Slots, sentry: Sentry, machine: Machine) -> None:
        self._store = store
        self._slots = slots
        self._sentry = sentry
        self._machine = machine
        self._by_memory: int | None = None
        self._files_for = 0
        self._by_files: int | None = None
        self._polling = False
        self._rounds = Rounds(LOOK_SECONDS)

    async def keep_looking(self) -> None:
        """Look by the clock, until ended."""
        while not self._rounds.are_over:
            await self.look()
            await self._rounds.next()

    def end(self) -> None:
        """Stop looking."""
        self._rounds.end()

    async def watches(self, refused: str | None) -> None:
        """Files are watched, or the system has refused to: then they are looked at by the clock alone."""
        if refused is not None and not self._polling:
            log.warning("files are looked at every 2 s only: %s", refused)
        self._polling = refused is not None
        await self._note()

    async def look(self) -> None:
        """Look once, and write down what has changed."""
        self._look_at_files()
        memory = await asyncio.to_thread(self._machine.memory, self._sentry.groups)
        if memory is not None:
            self._look_at_memory(memory)
        caps = [cap for cap in (self._by_memory, self._by_files) if cap is not None]
        self._slots.cap(min(caps, default=None))
        await self._note()

    def _look_at_files(self) -> None:
        wanted = self._slots.limit
        if wanted == self._files_for:
            return
        self._files_for = wanted
        self._by_files = self._machine.make_room_for(wanted)
        if self._by_files is not None:
            log.warning(
                "%d sessions at once need %d open files, and the system allows fewer: %d work at once; raise it with: "
                "ulimit -n %d",
                *(wanted, files_for(wanted), self._by_files, files_for(wanted)),
            )

    def _look_at_memory(self, memory: Memory) -> None:
        fit = most_at_once(memory, self._slots.at_work, self._by_memory)
        before, now = self._by_memory, fit if fit < self._slots.limit else None
        self._by_memory = now
        if now is not None and (before is None or now < before):
            free, held = size(memory.available), size(sum(memory.groups.values()))
            log.warning(
                "memory is short, %s left and %s held by sessions: %d of %d slots for now",
                *(free, held, now, self._slots.limit),
            )
        elif now is None and before is not None:
            log.info("there is room in memory again: %d slots", self._slots.limit)

    async def _note(self) -> None:
        short = {FILES: self._by_files is not None, MEMORY: self._by_memory is not None, POLLING: self._polling}
        names = tuple(name for name, is_short in short.items() if is_short)
        row = self._store.row
        if (names, self._slots.capped or 0) != (row.short_of, row.held):
            await self._store.note_limits(self._slots.capped or 0, names)
