"""Prints the log of an engine in this process while it works, without ever making it wait.

The lines are read from the store like any other viewer's, and written in a thread: a reader of our output that stands
still holds up the printing alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from covey.cli.lines import INDENT, Narrator
from covey.cli.out import Out, complain, encode
from covey.cli.tasks import own_errors
from covey.client.archive import Page
from covey.client.follow import Follower, line_json
from covey.errors import StoreError
from covey.model.events import EngineStarted, RunFinished
from covey.store.base import Line
from covey.store.sqlite import open_viewer

Listener = Callable[[Line], Awaitable[None]]


class Printer:
    """Prints what happens to some runs, from their start or adoption on; `finished` are those that have ended.

    A `listener` gets every line that was printed; `quiet` is for one that tells it in its own words.
    """

    def __init__(self, root: Path, out: Out, *, quiet: bool = False, listener: Listener | None = None) -> None:
        self.finished: set[str] = set()
        self._root = root
        self._out = out
        self._quiet = quiet
        self._listener = listener
        self._narrator = Narrator(out.glyphs)
        self._runs: frozenset[str] = frozenset()
        self._begun = False
        self._follower: Follower | None = None
        self._tasks = asyncio.TaskGroup()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None, None]:
        """What is in the log by the end of the block has been printed when it is left, unless by an error."""
        with own_errors():
            async with self._tasks:
                yield
                if self._follower is not None:
                    self._follower.end()

    async def begin(self, after: int, runs: frozenset[str]) -> None:
        """Print what comes after this line of the log about these runs, until all of them have finished."""
        self._runs = runs
        opened = asyncio.Event()
        self._tasks.create_task(self._print(after, opened))
        await opened.wait()

    async def _print(self, after: int, opened: asyncio.Event) -> None:
        try:
            async with open_viewer(self._root) as viewer:
                if viewer is None:
                    return
                self._follower = Follower(viewer, after)
                opened.set()
                async with contextlib.aclosing(self._follower.pages()) as news:
                    async for page in news:
                        await self._page(page)
        except StoreError as error:
            complain(f"the log cannot be followed any more: {error}")
        finally:
            opened.set()

    async def _page(self, page: Page) -> None:
        lines = [line for line in page if self._is_ours(line)]
        if not self._quiet and lines:
            await asyncio.to_thread(self._write, lines)
        if self._listener is not None:
            for line in lines:
                await self._listener(line)

    def _is_ours(self, line: Line) -> bool:
        """About these runs, or about none while they go on; nothing after all of them have finished.

        Requests that waited for an engine are decided before an adoption; their lines belong to it. What an engine
        found as it began is told to people alone: for programs a run's lines begin with its own.
        """
        event = line.entry.event
        if self._runs <= self.finished:
            return False
        if isinstance(event, EngineStarted) and not self._begun:
            return event.died and not self._out.asked_json
        ours = event.run_id in self._runs
        self._begun = self._begun or ours
        if isinstance(event, RunFinished) and event.run_id is not None:
            self.finished.add(event.run_id)
        return ours or (self._begun and event.run_id is None)

    def _write(self, lines: list[Line]) -> None:
        if self._out.asked_json:
            self._out.encoded([encode(line_json(line)) for line in lines])
            return
        told = (self._narrator.tell(line) for line in lines)
        self._out.wrapped(INDENT, *(text for text in told if text is not None))
