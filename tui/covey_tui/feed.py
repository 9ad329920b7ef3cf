"""From the store to the screen: the log's events fold into the board, and whoever shows it is told once a batch.

The log is followed as it grows, and the engine's life is looked at once a second. While no engine lives, the disk is
looked at in its place: what differs from the log is inferred, and said to be.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from covey.client.watching import PAGE, Watch
from covey.errors import IllegalEventError
from covey.model.events import AnyEvent, BudgetSet, UsageRecorded
from covey_tui.view.board import Board, Change

ENGINE_SECONDS = 1.0
INFERRED_SECONDS = 0.5
"""What is inferred is shown after so long at the earliest: an engine that is just coming needs no more."""
LISTEN_SECONDS = 0.5
"""Signs of life, and what other runs have spent, are read twice a second at most."""
DISK_SECONDS = 2.0
_DISK_SHARE = 10
"""Looking at the disk takes at most this part of the time: a tenth."""
_TOO_FAR_BEHIND = 10_000
"""So many lines take longer to fold than the rows take to read."""


class Shows(Protocol):
    """Who shows a board."""

    def begun(self) -> None:
        """The board holds other rows than before."""
        ...

    def changed(self, change: Change) -> None:
        """Some of its sessions have changed."""
        ...

    def stirred(self) -> None:
        """Something was stored, be it in the log or not."""
        ...

    def spoke(self, session_ids: frozenset[str]) -> None:
        """The agents of these sessions have done something."""
        ...

    def paid_elsewhere(self) -> None:
        """Runs that are not shown have spent something of a budget that they share with one that is."""
        ...

    def engine_changed(self) -> None:
        """The engine has come, gone, or taken other settings."""
        ...


class Feed:
    """Keeps a board up to date for as long as `run` runs; `now` gives the present moment."""

    def __init__(self, watch: Watch, board: Board, shows: Shows, now: Callable[[], datetime]) -> None:
        self._watch = watch
        self._board = board
        self._shows = shows
        self._now = now
        self._has_stirred = asyncio.Event()
        self._dead_looks = 0
        self._spent_elsewhere = False

    async def run(self) -> None:
        """Load the board, then follow the log and the engine's life until cancelled.

        Raises:
            StoreError: the database cannot be read any more.
        """
        await self._look_at_engine()
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._listen())
            tasks.create_task(self._look_after())

    async def _begin(self) -> None:
        with _collector_off():
            shown = await self._watch.attach()
            self._board.load(shown.sessions, shown.begun, shown.paused)
        self._board.signs.listen(await self._watch.signs())
        await self._look_elsewhere()
        if self._dead_looks > 1:
            self._board.infer(await self._watch.differing(shown.sessions))
        self._shows.begun()

    async def _follow(self) -> None:
        while True:
            await self._watch.changed()
            while await self._take_in() >= PAGE:  # there may be more
                pass
            self._shows.stirred()
            self._has_stirred.set()

    async def _listen(self) -> None:
        """Read what no event of what is shown tells, when something was stored: so nothing is read for nothing."""
        while True:
            await self._has_stirred.wait()
            self._has_stirred.clear()
            spoke = self._board.signs.listen(await self._watch.signs())
            if spoke:
                self._shows.spoke(spoke)
            if self._spent_elsewhere and await self._look_elsewhere():
                self._shows.paid_elsewhere()
            await asyncio.sleep(LISTEN_SECONDS)

    async def _take_in(self) -> int:
        """Fold what the log has got since, a page at most; how many lines that was."""
        events = await self._watch.news()
        if not events:
            return 0
        if len(events) >= PAGE and await self._watch.behind() > _TOO_FAR_BEHIND:
            await self._begin()
            return 0
        self._spent_elsewhere = self._spent_elsewhere or self._tells_of_others_money(events)
        try:
            change = self._board.fold(events)
        except IllegalEventError:  # lines of a run that began before this monitor was looking
            await self._begin()
            return 0
        if change.foreign:
            await self._begin()
        elif change.changed:
            self._shows.changed(change)
        return len(events)

    def _tells_of_others_money(self, events: Iterable[AnyEvent]) -> bool:
        """A run that is not shown has spent something, or a budget may be shared by others than before."""
        return any(
            isinstance(event, BudgetSet) or (isinstance(event, UsageRecorded) and event.run_id not in self._board)
            for event in events
        )

    async def _look_elsewhere(self) -> bool:
        """Read what runs that are not shown have spent of the budgets of those that are; whether that is news."""
        self._spent_elsewhere = False
        board = self._board
        found = await self._watch.spent_elsewhere([board.stored[root] for root in board.roots()])
        before, board.spent_elsewhere = board.spent_elsewhere, found
        return found != before

    async def _look_after(self) -> None:
        disk_due = 0.0
        while True:
            await asyncio.sleep(INFERRED_SECONDS if self._dead_looks == 1 else ENGINE_SECONDS)
            if await self._look_at_engine():
                self._shows.engine_changed()
            board = self._board
            board.signs.mind_heartbeats(board.stored, self._now(), engine_alive=board.engine.alive)
            if self._board.engine.alive:
                self._tell(self._board.infer(()))
            elif self._dead_looks > 1 and time.monotonic() >= disk_due:
                before = time.monotonic()
                self._tell(self._board.infer(await self._watch.differing(self._board.stored.values())))
                took = time.monotonic() - before
                disk_due = time.monotonic() + max(DISK_SECONDS, took * _DISK_SHARE)

    async def _look_at_engine(self) -> bool:
        """See whether an engine lives; whether anything about it has changed."""
        before, engine = self._board.engine, await self._watch.engine()
        self._board.engine = engine
        self._dead_looks = 0 if engine.alive else self._dead_looks + 1
        return engine != before

    def _tell(self, change: Change) -> None:
        if change.changed:
            self._shows.changed(change)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Load many records without the garbage collector looking through them again and again; they hold no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
