"""How an answer of a script goes out on a connection, whole or broken."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from covey.testing.messages_server.events import Event, Sending, message, stream
from covey.testing.messages_server.faults import Break, Broken, Refusal, Unanswered
from covey.testing.messages_server.manners import Manner
from covey.testing.messages_server.replies import Reply
from covey.testing.messages_server.wire import Gone, Wire, encoded

JSON = {"content-type": "application/json"}
_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
_NO_JSON = b'event: content_block_delta\ndata: {"type": content_block_delta, oops\n\n'

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that is being answered: over which wire, with which headers, how, and how the time passes."""

    wire: Wire
    request_id: str
    headers: Mapping[str, str]
    manner: Manner
    sleep: Sleep

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with an error."""
        body = self._error(refusal) if refusal.body is None else refusal.body
        await self.wire.whole(refusal.status, {**JSON, **self.headers, **refusal.headers}, body)

    async def leave_unanswered(self, fault: Unanswered) -> None:
        """Answer with nothing.

        Raises:
            Gone: always; the connection has ended.
        """
        if fault.how is Break.STALLED:
            await self.wire.wait()
        if fault.how is Break.RESET:
            self.wire.reset()
        raise Gone

    async def stream(self, sending: Sending, fault: Broken | None = None) -> None:
        """Send a reply as events, up to where it breaks."""
        await self.wire.begin(200, {**_STREAM, **self.headers, **sending.reply.headers})
        for n, event in enumerate(stream(sending)):
            if fault is not None and n == fault.after and not await self._breaks(fault, event):
                return await self.wire.end()
            await self._send(event, sending.reply)
        if self.manner.done_at_last:
            await self.wire.send(b"data: [DONE]\n\n")
        return await self.wire.end()

    async def _send(self, event: Event, reply: Reply) -> None:
        if event.is_delta and reply.pace:
            await self.sleep(reply.pace)
        await self.wire.send(event.encoded())

    async def _breaks(self, fault: Broken, event: Event) -> bool:
        """Let the stream break; whether it goes on afterwards.

        Raises:
            Gone: the connection has ended.
        """
        match fault.how:
            case Break.STALLED:
                await self.wire.wait()
            case Break.MALFORMED:
                await self.wire.send(_NO_JSON)
            case Break.RESET:
                self.wire.reset()
                raise Gone
            case Break.CUT:
                raise Gone
            case Break.TRUNCATED:
                encoded_event = event.encoded()
                await self.wire.send(encoded_event[: len(encoded_event) * 2 // 3] + b"\n\n")
            case Break.ERROR if fault.error is not None:
                await self.wire.send(b"event: error\ndata: " + self._error(fault.error) + b"\n\n")
        return fault.how in (Break.STALLED, Break.MALFORMED)

    async def send(self, sending: Sending, fault: Broken | None = None) -> None:
        """Send a reply as one message, or as much of it as its fault lets through."""
        deltas = sum(event.is_delta for event in stream(sending))
        if sending.reply.pace:
            await self.sleep(sending.reply.pace * deltas)
        headers = {**JSON, **self.headers, **sending.reply.headers}
        body = encoded(message(sending))
        if fault is None:
            return await self.wire.whole(200, headers, body)
        if fault.how is Break.ERROR and fault.error is not None:
            return await self.refuse(fault.error)
        return await self._send_broken(headers, body, fault)

    async def _send_broken(self, headers: Mapping[str, str], body: bytes, fault: Broken) -> None:
        half = body[: len(body) // 2]
        if fault.how in (Break.END, Break.TRUNCATED, Break.MALFORMED):
            return await self.wire.whole(200, headers, half)
        await self.wire.begin(200, {**headers, "content-length": str(len(body))})
        await self.wire.send(half)
        if fault.how is Break.STALLED:
            await self.wire.wait()
            await self.wire.send(body[len(half) :])
            return await self.wire.end()
        if fault.how is Break.RESET:
            self.wire.reset()
        raise Gone

    def _error(self, refusal: Refusal) -> bytes:
        return encoded(self.manner.error(refusal, self.request_id))
