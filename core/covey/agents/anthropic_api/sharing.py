"""One client for all sessions with the same credential, made when the first of them needs it and closed after the last.

It is made in a thread, and the client's library is imported there: that takes over a second, and nothing waits for it
but who needs it.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast
from weakref import WeakKeyDictionary

from covey.agents.anthropic_api.account import needs_none
from covey.workspace.processes import carried_through

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from covey.agents.anthropic_api.exchange import Exchange

_LOADED = "covey.agents.anthropic_api.exchange"


@dataclass(frozen=True, slots=True)
class Line:
    """A client, and what makes requests of it."""

    client: "AsyncAnthropic"
    exchange: "type[Exchange]"


class _Loaded(Protocol):
    """What the module that imports the client has."""

    Exchange: "type[Exchange]"

    def open_client(self, base_url: str | None, *, anonymous: bool) -> "AsyncAnthropic":
        """A client."""
        ...


@dataclass(slots=True)
class _Shared:
    """A line and how many use it; it is made by one of them, and the others wait."""

    users: int = 0
    line: Line | None = None
    making: asyncio.Lock = field(default_factory=asyncio.Lock)


_Key = tuple[str, str | None]
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, _Shared]] = WeakKeyDictionary()
"""By event loop, for that is what connections belong to."""


@contextlib.asynccontextmanager
async def shared_line(credential: str, base_url: str | None) -> AsyncIterator[Line]:
    """The line of a credential (by its name) for the length of the block."""
    lines, key = _shared.setdefault(asyncio.get_running_loop(), {}), (credential, base_url)
    shared = lines.setdefault(key, _Shared())
    shared.users += 1
    try:
        async with shared.making:
            if shared.line is None:
                # Whoever is cancelled meanwhile goes only when it is there, and so it is closed by somebody.
                await carried_through(_make(shared, base_url, anonymous=needs_none(credential)))
        assert shared.line is not None  # noqa: S101 - it has just been made
        yield shared.line
    finally:
        shared.users -= 1
        if not shared.users:
            del lines[key]
            if shared.line is not None:
                await shared.line.client.close()


async def _make(shared: _Shared, base_url: str | None, *, anonymous: bool) -> None:
    shared.line = await asyncio.to_thread(_made, base_url, anonymous=anonymous)


def _made(base_url: str | None, *, anonymous: bool) -> Line:
    loaded = cast("_Loaded", importlib.import_module(_LOADED))
    return Line(loaded.open_client(base_url, anonymous=anonymous), loaded.Exchange)
