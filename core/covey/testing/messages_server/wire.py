"""One connection of a client, spoken in HTTP/1.1 by h11, with the means to break it in every way a network can."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import h11

_CHUNK = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing then resets the connection."""


Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Head(NamedTuple):
    """The beginning of a request, with header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


class Arrival(NamedTuple):
    """A whole request. `body` is None when it was larger than allowed; it was read to its end then, and not kept."""

    head: Head
    body: bytes | None


class Gone(Exception):  # noqa: N818 - it ends a conversation, it is no error
    """The client has left, or what it sends is no HTTP."""


class Protocol(asyncio.StreamReaderProtocol):
    """Tells as well when the other side is gone while nobody reads or writes."""

    def __init__(self, reader: asyncio.StreamReader, accept: Accept) -> None:
        super().__init__(reader, accept)
        self.moved = asyncio.Event()

    def eof_received(self) -> bool:
        """A client that sends no more has left: no HTTP client closes half of its connection."""
        super().eof_received()
        self.moved.set()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Wake whoever waits."""
        super().connection_lost(error)
        self.moved.set()


class Wire:
    """A connection. Reading and writing raise `Gone` once the client has left."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: Protocol) -> None:
        self._reader = reader
        self._writer = writer
        self._moved = protocol.moved
        self._http = h11.Connection(h11.SERVER)

    async def read(self, largest: int) -> Arrival:
        """The next request; `largest` is how many bytes of a body are kept.

        Raises:
            Gone: there is none any more.
        """
        head: Head | None = None
        body = bytearray()
        while True:
            event = await self._next_event()
            match event:
                case h11.Request():
                    headers = {name.decode().lower(): value.decode("latin-1") for name, value in event.headers}
                    head = Head(event.method.decode(), event.target.decode("latin-1"), headers)
                case h11.Data():
                    body += event.data if len(body) <= largest else b""
                case h11.EndOfMessage() if head is not None:
                    return Arrival(head, bytes(body) if len(body) <= largest else None)
                case _:
                    raise Gone

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise Gone from error
            if event is not h11.NEED_DATA:
                return event
            try:
                self._http.receive_data(await self._reader.read(_CHUNK))
            except OSError as error:
                raise Gone from error

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of the response; without a `content-length` the body comes in chunks."""
        await self._send(h11.Response(status_code=status, headers=list(headers.items())))

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""
        await self._send(h11.Data(data=data))

    async def end(self) -> None:
        """End the body in good order, and be ready for the next request.

        Raises:
            Gone: this was the last one of the connection.
        """
        await self._send(h11.EndOfMessage())
        try:
            self._http.start_next_cycle()
        except h11.LocalProtocolError as error:
            raise Gone from error

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole response."""
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self.send(body)
        await self.end()

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if self._writer.is_closing():
            raise Gone
        try:
            self._writer.write(data or b"")
            await self._writer.drain()
        except OSError as error:
            raise Gone from error

    async def wait(self) -> None:
        """Wait until told to `go_on`.

        Raises:
            Gone: the client has left meanwhile.
        """
        self._moved.clear()
        if self._reader.at_eof() or self._writer.is_closing():
            raise Gone
        await self._moved.wait()
        if self._reader.at_eof() or self._writer.is_closing():
            raise Gone

    def go_on(self) -> None:
        """Let what waits go on."""
        self._moved.set()

    def reset(self) -> None:
        """Reset the connection: the client reads an error, not an end. One who has gone reads nothing any more."""
        peer = self._writer.get_extra_info("socket")
        if peer.fileno() >= 0:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Send what is left, and close."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            self._writer.transport.abort()


def encoded(data: object) -> bytes:
    """As JSON."""
    return json.dumps(data, ensure_ascii=False).encode()
