"""Looking by the clock: again after so many seconds, until whoever looks is told to stop, and then at once no more."""

import asyncio
import contextlib


class Rounds:
    """Waits between two looks, `seconds` each time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ended = asyncio.Event()

    @property
    def are_over(self) -> bool:
        """Nobody is to look any more."""
        return self._ended.is_set()

    async def next(self) -> None:
        """Wait until it is time to look again, or until they are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._ended.wait()

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._ended.set()
