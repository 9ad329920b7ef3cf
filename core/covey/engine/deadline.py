"""The last resort of a program that was told to stop: after its deadline it leaves in any case.

By then everything that was acknowledged is on disk, and whatever could not be ended is for the sentry and the next
engine. It has a thread of its own, so that an event loop which stands still does not hold it up.
"""

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from covey.model.outcome import STOPPED


def _leave(seconds: float) -> None:
    message = f"covey: it did not end within {seconds:.0f} s and is left as it is; the next covey run goes on\n"
    os.write(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, message.encode())
    os._exit(STOPPED)


class Deadline:
    """Set by `leave_within`, each time anew; over once its block is left. `leave` gets the seconds, and ends it all."""

    def __init__(self, leave: Callable[[float], None] = _leave) -> None:
        self._leave = leave
        self._timer: threading.Timer | None = None

    def leave_within(self, seconds: float) -> None:
        """From now on, so many seconds are left."""
        self._cancel()
        self._timer = threading.Timer(seconds, self._leave, (seconds,))
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
