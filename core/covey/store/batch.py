"""Group work: many callers, one worker that takes whatever is pending at once.

The writer commits that way, and reads of single sessions are answered that way: 256 sessions that step at the same
time cost one transaction and one query, not 256.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from covey.errors import StoreError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST = 2_000
"""The most items taken at once, so that one batch stays short."""


class Pending(NamedTuple, Generic[Item, Answer]):
    """An item with the future that its caller waits on; None where nobody waits."""

    item: Item
    future: asyncio.Future[Answer] | None

    def answer(self, answer: Answer) -> None:
        """Give the caller its answer, if it still waits."""
        if self.future is not None and not self.future.done():
            self.future.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Raise an error in the caller, if it still waits."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(error)


class Batcher(Generic[Item, Answer]):
    """Hands pending items to `handle`, which answers every one of them (or raises for all)."""

    def __init__(self, handle: Callable[[list[Pending[Item, Answer]]], Awaitable[None]]) -> None:
        self._handle = handle
        self._pending: list[Pending[Item, Answer]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._broken: BaseException | None = None

    def put(self, item: Item) -> None:
        """Take an item whose answer nobody waits for."""
        self._take(Pending(item, None))

    async def ask(self, item: Item) -> Answer:
        """Take an item and wait for its answer; cancelling the caller withdraws nothing."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._take(Pending(item, future))
        return await future

    async def run(self) -> None:
        """Handle batches until closed and empty; after an error every item gets that error."""
        while not (self._closing and not self._pending):
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                # Whoever is ready to run comes first: what it brings goes into this batch.
                await asyncio.sleep(0)
                batch, self._pending = self._pending[:MOST], self._pending[MOST:]
                await self._attempt(batch)
        self._broken = self._broken or StoreError("the store is closed")

    def close(self) -> None:
        """Let `run` end once all that is pending has been handled."""
        self._closing = True
        self._wake.set()

    def _take(self, pending: Pending[Item, Answer]) -> None:
        if self._broken is not None:
            pending.fail(self._broken)
            return
        self._pending.append(pending)
        self._wake.set()

    async def _attempt(self, batch: list[Pending[Item, Answer]]) -> None:
        try:
            if self._broken is not None:
                raise self._broken
            await self._handle(batch)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, every caller gets it, and nothing works after it
            self._broken = error
            for pending in batch:
                pending.fail(error)
