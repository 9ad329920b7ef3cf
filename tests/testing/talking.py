"""The real client, talking to the fake server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
from anthropic.types import Message

from covey.testing.messages_server import FakeMessagesServer

KEY = "sk-ant-api03-of-nobody"
HELLO = [{"role": "user", "content": "Hello"}]


@asynccontextmanager
async def client_of(server: FakeMessagesServer, patience: float = 20, **options: Any) -> AsyncIterator[AsyncAnthropic]:
    """A client without retries. Certificates are not loaded: there are none to check, and it takes a fifth of a second.

    `patience` is in seconds; only tests of what never comes wait for so long.
    """
    transport = DefaultAsyncHttpxClient(verify=False)
    options = {"api_key": KEY, "max_retries": 0, **options}
    async with AsyncAnthropic(base_url=server.base_url, http_client=transport, timeout=patience, **options) as client:
        yield client


async def ask(client: AsyncAnthropic, *, stream: bool = True, **options: Any) -> Message:
    """One turn, streamed or not; the whole message."""
    asked: dict[str, Any] = {"model": "fake-large", "max_tokens": 500, "messages": HELLO, **options}
    if not stream:
        return await client.messages.create(**asked)
    async with client.messages.stream(**asked) as streamed:
        return await streamed.get_final_message()


async def raised_by(client: AsyncAnthropic, *, stream: bool = True, **options: Any) -> Exception:
    """The error that one turn ends with."""
    try:
        message = await ask(client, stream=stream, **options)
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return error
    raise AssertionError(f"no error, but {message}")
