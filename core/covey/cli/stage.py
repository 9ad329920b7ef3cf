"""Where a demo is played: a real run of a real engine, with a script that watches the log and acts on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from covey.cli.following import at_work
from covey.cli.out import Out
from covey.cli.printer import Printer
from covey.cli.run import Order, begin
from covey.cli.signals import StopSignals
from covey.cli.tasks import own_errors
from covey.engine.patience import OfCommand
from covey.engine.service import Engine, open_engine
from covey.errors import CoveyError
from covey.model.events import Event
from covey.model.outcome import STOPPED, Begun, Left
from covey.model.status import Status
from covey.store.base import Line

SCENE_SECONDS = 60.0
"""How long a scene may take before the story counts as departed from."""

Seen = TypeVar("Seen", bound=Event)


class DepartedError(CoveyError):
    """Something happened otherwise than the story tells it."""


class Stage:
    """Remembers every line of the log, and lets a script wait for the one that it needs next."""

    def __init__(self) -> None:
        self._seen: list[Line] = []
        self._news = asyncio.Condition()

    async def hear(self, line: Line) -> None:
        """Take a line of the log."""
        async with self._news:
            self._seen.append(line)
            self._news.notify_all()

    async def until(
        self,
        kind: type[Seen],
        scene: str,
        *,
        module: str | None = None,
        attempt: int | None = None,
        when: Callable[[Seen], bool] = lambda _: True,
    ) -> Seen:
        """Wait for an event (or find it among those that have been), and give it back.

        Raises:
            DepartedError: it did not come in time.
        """

        def find() -> Seen | None:
            for line in self._seen:
                event = line.entry.event
                of_session = (module is None or line.module == module) and attempt in {None, event.attempt}
                if of_session and isinstance(event, kind) and when(event):
                    return event
            return None

        try:
            async with asyncio.timeout(SCENE_SECONDS), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError as error:
            raise DepartedError(f"the story departed: {scene} did not happen within {SCENE_SECONDS:.0f} s") from error
        found = find()
        if found is None:
            raise DepartedError(f"the story departed: {scene} was undone")
        return found


class Play:
    """One performance; afterwards it tells how the run was left and where the story departed, if it did."""

    def __init__(self, order: Order, out: Out, *, quiet: bool) -> None:
        self.stage = Stage()
        self.begun: list[Begun] = []
        self.departed: str | None = None
        self._order = order
        self._signals = StopSignals()
        self.printer = Printer(order.project.root, out, quiet=quiet, listener=self.stage.hear)

    async def perform(self, script: Callable[[Stage], Awaitable[None]]) -> Left:
        """Play the script beside the run, until the run has ended or the script has and nothing can go on."""
        with self._signals.heard():
            try:
                async with self.printer.at_work():
                    return await self._beside_an_engine(script)
            except asyncio.CancelledError:
                if self._signals.reason is None:
                    raise
                return Left(STOPPED, {status.value: 0 for status in Status}, self._signals.reason)

    async def _beside_an_engine(self, script: Callable[[Stage], Awaitable[None]]) -> Left:
        try:
            async with open_engine(self._order.project, self._order.registry) as engine:
                self.begun.extend(await begin(engine, self._order, self.printer, self._signals))
                return await self._beside(engine, script)
        finally:
            self._signals.work_is_over()

    async def _beside(self, engine: Engine, script: Callable[[Stage], Awaitable[None]]) -> Left:
        with own_errors():
            async with asyncio.TaskGroup() as tasks:
                acting = tasks.create_task(self._act(script))
                leaving = tasks.create_task(engine.until_left(OfCommand(stay=True)))
                await asyncio.wait({acting, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done() and leaving.result().exit_code == STOPPED:
                    acting.cancel()
                elif acting.done() and not at_work(self.begun) <= self.printer.finished:
                    leaving.cancel()  # nothing more will be asked for, so there is nothing to stay for
        return await engine.until_left() if leaving.cancelled() else leaving.result()

    async def _act(self, script: Callable[[Stage], Awaitable[None]]) -> None:
        try:
            await script(self.stage)
        except CoveyError as error:
            self.departed = str(error)
