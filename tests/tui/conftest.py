"""How long a test of the screen waits for it: until nothing is left to do, and no moment longer."""

import asyncio
from collections.abc import Iterator

import pytest

_AT_MOST = 10_000
"""Rounds of the event loop: more than anything takes that comes to rest at all."""


async def at_rest(min_sleep: float = 0.0) -> None:
    """Wait until nothing can go on by itself: the event loop has only timers and other threads to wait for.

    Textual's own function of this name sleeps twice for a fiftieth of a second at every key, and looks how busy the
    process was meanwhile; that is most of what a test of the screen would take.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    await asyncio.sleep(min_sleep)
    for _ in range(_AT_MOST):
        if not ready:
            return
        await asyncio.sleep(0)


@pytest.fixture(autouse=True, scope="module")
def _no_longer_than_needed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("textual.app.wait_for_idle", at_rest)
        yield
