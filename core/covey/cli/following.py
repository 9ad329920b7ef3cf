"""A run that another process works on: it is handed over by an order, and followed like one of our own.

Whoever follows only looks: to stop following, by whichever signal, stops nothing.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from covey.cli.out import Out, complain
from covey.cli.printer import Listener, Printer
from covey.cli.signals import StopSignals
from covey.client import standing
from covey.client.engine import Placed, place_order
from covey.client.presence import watching
from covey.errors import CoveyError
from covey.model.ids import new_id
from covey.model.order import RunOrder
from covey.model.outcome import NEEDS_HUMAN, STOPPED, Begun, How, Left
from covey.model.pause import pause_words, resume_command
from covey.model.status import Status
from covey.store.sqlite import Viewer, open_viewer
from covey.text.words import short_id

PULSE_SECONDS = 1.0
"""How often a run is looked at when nothing moves: so soon it is seen that its engine has died."""
_SETTLE_SECONDS = 0.1


async def place(root: Path, order: RunOrder) -> Placed:
    """Have an engine begin runs, and say what a person should know of it."""
    placed = await place_order(root, order)
    for warning in placed.warnings:
        complain(warning)
    async with open_viewer(root) as viewer:
        if viewer is not None:
            await _tell_of_pauses(viewer, at_work(placed.begun))
    return placed


async def _tell_of_pauses(viewer: Viewer, run_ids: frozenset[str]) -> None:
    """Whoever goes on with a paused run hears that nothing of it starts."""
    for key in sorted(run_ids):
        run = await viewer.session(viewer.scope, key)
        if run is not None and run.paused is not None:
            how = f"go on with: {resume_command(run.paused, short_id(key))}"
            complain(f"{run.component} is {pause_words(run.paused)}; {how}")


def at_work(begun: Sequence[Begun]) -> frozenset[str]:
    """The runs among them that were started or adopted."""
    return frozenset(each.run_id for each in begun if each.run_id is not None and each.how is not How.NOTHING_TO_DO)


class Followed:
    """Runs of another engine, printed until they are left; `begun` and `finished` tell what is known of them."""

    def __init__(self, root: Path, order: RunOrder, out: Out, *, stay: bool, listener: Listener | None = None) -> None:
        self.begun: tuple[Begun, ...] = ()
        self.printer = Printer(root, out, listener=listener)
        self.was_interrupted = False
        self._root = root
        self._order = order
        self._stay = stay
        self._signals = StopSignals()

    async def to_the_end(self) -> Left:
        """Hand the runs over and follow them.

        Raises:
            UsageError: the engine refused; nothing was started.
            CoveyError: no engine answers, or the database cannot be read.
        """
        with self._signals.heard():
            try:
                async with self.printer.at_work():
                    return await self._follow()
            except asyncio.CancelledError:
                if self._signals.reason is None:
                    raise
                self.was_interrupted = True
                return Left(STOPPED, {status.value: 0 for status in Status}, self._said(self._signals.reason))
            finally:
                self._signals.work_is_over()

    async def _follow(self) -> Left:
        placed = await place(self._root, self._order)
        self.begun = placed.begun
        await self.printer.begin(placed.after, at_work(self.begun))
        async with watching(self._root), open_viewer(self._root) as viewer:
            if viewer is None:
                raise CoveyError(f"the database in {self._root / '.covey'} is gone")
            while True:
                lefts = [await until_left(viewer, key, stay=self._stay) for key in sorted(at_work(self.begun))]
                left = standing.together(self.begun, lefts)
                if not self._stay or left.exit_code != NEEDS_HUMAN:
                    return left
                # Its engine has left while a human was waited for: another one waits on.
                await place(self._root, replace(self._order, id=new_id(), overwrite=False))

    def _said(self, reason: str) -> str:
        if not self.begun:
            return reason
        runs = " ".join(f"covey watch {short_id(key)}" for key in sorted(at_work(self.begun))[:1])
        return f"{reason}; the work goes on, look at it with: {runs}; end it with: covey stop"


async def until_left(viewer: Viewer, run_id: str, *, stay: bool = False) -> Left:
    """Wait until a run has ended, or needs a human, or nobody works on it any more.

    With `stay` a human is waited for as long as an engine waits, too.
    """
    async with viewer.feed() as feed:
        while True:
            found = await standing.left(viewer, run_id)
            waits = stay and found is not None and found.exit_code == NEEDS_HUMAN
            if found is not None and not (waits and await viewer.living_engine()):
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PULSE_SECONDS):
                    await feed.changed()
            await asyncio.sleep(_SETTLE_SECONDS)  # a large run changes often, and each look reads all of it
