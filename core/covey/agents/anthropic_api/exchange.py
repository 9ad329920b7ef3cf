"""One request and its streamed answer: told piece by piece as it comes, and whole or failed in the end.

Loaded together with the client, when it is first used. The stream is read as server-sent events and decoded here: that
costs a fourth of what the client's own objects cost, and a tenth of its helper for streams.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx2
from anthropic import AsyncAnthropic, AsyncStream, DefaultAioHttpClient, Timeout

from covey.agents.anthropic_api.classify import EXPECTED, failure_of
from covey.agents.anthropic_api.draft import Answer, Draft, Piece
from covey.agents.anthropic_api.failures import Failure, NoClientError, StalledError

_REQUEST_ID = "request-id"
_WATCHED = 0.02
"""The idle time is measured so exactly, as a part of it: to set a timer anew for each event is half as dear again."""


_CONNECT_SECONDS = 30.0
_NO_KEY = "none"
"""What is sent as a key to an API that asks for none: the client does not go without."""


def open_client(base_url: str | None, *, anonymous: bool) -> AsyncAnthropic:
    """A client with the credential that it finds by itself, or with none; it repeats nothing, and never waits.

    How long an answer may take is watched by the exchange.

    Raises:
        NoClientError: none can be made with what is set.
    """
    try:
        return AsyncAnthropic(
            api_key=_NO_KEY if anonymous else None,
            base_url=base_url,
            max_retries=0,
            http_client=DefaultAioHttpClient(verify=_trusted()),
            timeout=Timeout(None, connect=_CONNECT_SECONDS),
            open_telemetry=False,
        )
    except EXPECTED as error:
        raise NoClientError(failure_of(error)) from error


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: to load them takes longer than all else that a client needs."""
    return httpx2.create_ssl_context()


@dataclass(slots=True)
class Exchange:
    """A request on its way. `hear` is told the pieces of its answer, `learn` the headers as soon as they are there.

    Once it is over, `tokens` and `request_id` tell what was used, also where nothing came of it, and `model` which one
    answered, where the API says so.
    """

    hear: Callable[[Piece], None]
    learn: Callable[[Mapping[str, str]], None]
    tokens: dict[str, int] = field(default_factory=dict)
    request_id: str | None = None
    model: str | None = None

    async def make(self, client: AsyncAnthropic, request: dict[str, Any], idle_seconds: float) -> Answer | Failure:
        """Make the request; nothing may stay away longer than `idle_seconds`."""
        draft = Draft()
        try:
            await self._stream(client, request, draft, idle_seconds)
            return draft.answer()
        except EXPECTED as error:
            return failure_of(error)
        finally:
            self.tokens, self.model = draft.tokens, draft.model

    async def _stream(self, client: AsyncAnthropic, request: dict[str, Any], draft: Draft, idle_seconds: float) -> None:
        now, step, next_time = asyncio.get_running_loop().time, idle_seconds * _WATCHED, 0.0
        limit = asyncio.timeout(idle_seconds)
        try:
            async with limit, await client.messages.create(**request, stream=True) as stream:
                self.request_id = stream.response.headers.get(_REQUEST_ID)
                self.learn(stream.response.headers)
                async for event in AsyncStream.raw_events(stream.response):
                    if now() >= next_time:
                        limit.reschedule(now() + idle_seconds)
                        next_time = now() + step
                    piece = draft.take(event.data) if event.data else None
                    if piece is not None:
                        self.hear(piece)
        except TimeoutError as error:
            if limit.expired():
                raise StalledError(idle_seconds) from error
            raise
