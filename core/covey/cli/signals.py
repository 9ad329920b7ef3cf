"""SIGINT and SIGTERM as a wish to stop, at any time of a command that works."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from covey.cli import INTERRUPTED

_STOPPED_BY = {signal.SIGINT: "interrupted (SIGINT)", signal.SIGTERM: "terminated (SIGTERM)"}

LAST_WORDS_SECONDS = 2.0
"""How long whoever was told twice to stop waits for readers of its last words."""


class StopSignals:
    """Hands the signals to whoever can stop the work; until there is one, they cancel the command's task.

    `reason` is what was heard first, None while nothing was.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._stop: Callable[[str], None] | None = None
        self._over = False
        self._hurried = False

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Listen for the length of the block; afterwards the signals do what they did before."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        before = {number: signal.getsignal(number) for number in _STOPPED_BY}
        for number in _STOPPED_BY:
            loop.add_signal_handler(number, self._hear, number, task)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def stop_with(self, stop: Callable[[str], None]) -> None:
        """From now on, call this with the reason; each further signal calls it again."""
        self._stop = stop

    def work_is_over(self) -> None:
        """From now on nothing but printing is left; a second signal ends the program, should nobody read that.

        Where there were two before, it is not waited long for.
        """
        self._over = True
        if self._hurried:
            asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, os._exit, INTERRUPTED)

    def _hear(self, number: signal.Signals, task: asyncio.Task[object] | None) -> None:
        again, self.reason = self.reason is not None, self.reason or _STOPPED_BY[number]
        self._hurried = again
        if self._over and again:
            os._exit(INTERRUPTED)
        elif self._stop is not None:
            self._stop(self.reason)
        elif task is not None and not again:
            task.cancel()
