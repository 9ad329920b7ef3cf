"""An event loop in which no time passes: where it would wait, the clock is moved instead."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from covey.testing.clock import FakeClock

_Result = TypeVar("_Result")


class _Jumping(selectors.SelectSelector):
    """Never waits: the clock is moved by as much as it would have waited."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everybody waits for something that is never going to happen")
        if not ready and timeout:
            self._clock.advance(timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: FakeClock) -> None:
        self._fake = clock
        super().__init__(_Jumping(clock))

    def time(self) -> float:
        return self._fake.monotonic()


def in_virtual_time(clock: FakeClock, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end, however much time passes on the clock."""
    with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
        return runner.run(work)
