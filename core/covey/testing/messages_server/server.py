"""The server itself: it takes requests, asks the script, and has played what the script answers."""

import asyncio
import inspect
import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from covey.errors import ScriptError
from covey.testing.messages_server import validation
from covey.testing.messages_server.caching import LEAST_TOKENS, PromptCache
from covey.testing.messages_server.events import Sending
from covey.testing.messages_server.faults import (
    Answer,
    Broken,
    Refusal,
    Unanswered,
    rate_limited,
    too_large,
    unauthorized,
)
from covey.testing.messages_server.limits import RateLimit
from covey.testing.messages_server.manners import ANTHROPIC, Manner
from covey.testing.messages_server.playing import JSON, Exchange, Sleep
from covey.testing.messages_server.replies import Reply
from covey.testing.messages_server.requests import Request, credential_in, without_secrets
from covey.testing.messages_server.wire import Arrival, Gone, Protocol, Wire, encoded

Script: TypeAlias = Callable[[Request], Answer | Awaitable[Answer]]
"""What the model does: it is given each request that was let through, and says what becomes of it."""

LARGEST_REQUEST = 32 * 1024 * 1024
"""Bytes of a request that the API takes."""

_FINAL = {"x-should-retry": "false"}
"""Tells clients not to try again: it would only be the same."""

MODELS = ("fake-large", "fake-small")
"""What `GET /v1/models` lists, unless it is told otherwise."""


class FakeMessagesServer:
    """A server of the Anthropic Messages API on this machine, which answers what a script says.

    It listens on a free port of 127.0.0.1 while its `async with` lasts. `requests` are those that came, in order;
    `statuses` counts the answers by HTTP status, `most_at_once` how many were being answered at the same time.
    A request that the API itself would refuse (no key, a tool's call without its result, …) is refused likewise, and
    the script is not asked. What a script raises is raised again as the `async with` ends.

    Example:
        A model that reads a file and is then content, and a network that fails once::

            def script(request: Request) -> Answer:
                if request.number == 1:
                    return faults.cut()
                if not request.tool_results:
                    return Reply(ToolUse("read_file", {"path": "src/shop/tax.py"}))
                return Reply("Done.")

            async with FakeMessagesServer(script) as server:
                client = AsyncAnthropic(base_url=server.base_url, api_key="any")
                ...
                assert [request.turn for request in server.requests] == [1, 1, 2]
    """

    def __init__(
        self,
        script: Script | Answer | Sequence[Answer],
        *,
        rate_limit: RateLimit | None = None,
        allowed_at_once: int | None = None,
        manner: Manner = ANTHROPIC,
        models: Sequence[str] = MODELS,
        largest_request: int = LARGEST_REQUEST,
        least_cached: int = LEAST_TOKENS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """A server that is not listening yet.

        `script` may as well be one answer for all requests, or a sequence of answers, one for each in order.
        `rate_limit` and `allowed_at_once` (requests that are being answered) are kept by answering 429. `manner` is how
        the API is spoken: as Anthropic does, or as `OLLAMA`, `LITELLM` and others. Prefixes of `least_cached` tokens or
        more go into the prompt cache. `sleep` passes the seconds of a reply's pace.
        """
        self._script = script if callable(script) else in_turn(script)
        self._rate_limit = rate_limit
        self._allowed_at_once = allowed_at_once
        self._manner = manner
        self._cache = PromptCache(least_cached)
        self._models = tuple(models)
        self._largest = largest_request
        self._sleep = sleep
        self._name = secrets.token_hex(4)  # no two servers give the same id, as the API never does
        self._listener: asyncio.Server | None = None
        self._wires: dict[Wire, asyncio.Task[object]] = {}
        self._raised: list[Exception] = []
        self._at_once = 0
        self.requests: list[Request] = []
        self.statuses: Counter[int] = Counter()
        self.most_at_once = 0

    @property
    def base_url(self) -> str:
        """Where the server listens, for `AsyncAnthropic(base_url=…)` or `ANTHROPIC_BASE_URL`.

        Raises:
            ScriptError: it does not listen.
        """
        if self._listener is None:
            raise ScriptError("The server does not listen yet; use it within `async with FakeMessagesServer(…)`.")
        host, port = self._listener.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if self._raised and error is None:
            raise self._raised[0]

    async def close(self) -> None:
        """Take no more connections, and reset those that there are."""
        if self._listener is None:
            return
        self._listener.close()
        working = list(self._wires.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await self._listener.wait_closed()
        self._listener = None

    def go_on(self) -> None:
        """Let all that has stalled go on."""
        for wire in self._wires:
            wire.go_on()

    def _connection(self) -> Protocol:
        reader = asyncio.StreamReader()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(Wire(reader, writer, protocol))

        protocol = Protocol(reader, accept)
        return protocol

    async def _serve(self, wire: Wire) -> None:
        """Answer the requests of one connection until it ends; one that comes while the server closes is not served."""
        if self._listener is None or not self._listener.is_serving():
            return wire.reset()
        if (task := asyncio.current_task()) is not None:
            self._wires[wire] = task
        try:
            while True:
                await self._answer(wire, await wire.read(self._largest))
        except Gone:
            await wire.close()
        except (
            asyncio.CancelledError
        ):  # ends here: asyncio.streams logs a connection's task that was cancelled as an error
            wire.reset()
        finally:
            del self._wires[wire]

    async def _answer(self, wire: Wire, arrival: Arrival) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._respond(wire, arrival)
        finally:
            self._at_once -= 1

    async def _respond(self, wire: Wire, arrival: Arrival) -> None:
        method, path = arrival.head.method, arrival.head.path.partition("?")[0]
        match method, path:
            case "POST", "/v1/messages":
                await self._message(wire, arrival)
            case "POST", "/v1/messages/count_tokens":
                counted = PromptCache().count(_parsed(arrival.body))
                await wire.whole(200, JSON, encoded({"input_tokens": counted.rest + counted.written}))
            case "GET", "/v1/models":
                await wire.whole(200, JSON, self._list())
            case _:
                exchange = self._exchange(wire, "req_elsewhere")
                await self._refuse(exchange, Refusal(404, "not_found_error", f"Not found: {method} {path}"))

    def _list(self) -> bytes:
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in self._models
        ]
        return encoded({"data": data, "has_more": False, "first_id": self._models[0], "last_id": self._models[-1]})

    def _exchange(self, wire: Wire, request_id: str) -> Exchange:
        headers = {"request-id": request_id} if self._manner.request_id else {}
        if self._rate_limit is not None and self._manner.limits_told:
            headers |= self._rate_limit.headers()
        return Exchange(wire, request_id, headers, self._manner, self._sleep)

    async def _message(self, wire: Wire, arrival: Arrival) -> None:
        headers = arrival.head.headers
        key = credential_in(headers)
        request = Request(len(self.requests) + 1, without_secrets(headers), _parsed(arrival.body), key)
        self.requests.append(request)
        answer = self._refused(arrival, request) or await self._asked(request)
        exchange = self._exchange(wire, f"req_{self._name}_{request.number:06}")
        match answer:
            case Refusal():
                await self._refuse(exchange, answer)
            case Unanswered():
                await exchange.leave_unanswered(answer)
            case _:
                await self._play(exchange, request, answer)

    async def _play(self, exchange: Exchange, request: Request, answer: Reply | Broken) -> None:
        fault = answer if isinstance(answer, Broken) else None
        reply = answer.reply if isinstance(answer, Broken) else answer
        number, model = f"msg_{self._name}_{request.number:06}", reply.model or request.model
        sending = Sending(reply, number, model, self._cache.count(request.body), self._manner)
        self.statuses[200] += 1
        await (exchange.stream if request.stream else exchange.send)(sending, fault)

    def _refused(self, arrival: Arrival, request: Request) -> Refusal | None:
        """What the API itself would refuse."""
        if arrival.body is None:
            return too_large()
        if request.credential is None and self._manner.needs_key:
            return unauthorized("x-api-key header is required")
        if self._allowed_at_once is not None and self._at_once > self._allowed_at_once:
            return rate_limited()
        if self._rate_limit is not None and (refusal := self._rate_limit.take()):
            return refusal
        return validation.refusal(arrival.head.headers, request.body)

    async def _asked(self, request: Request) -> Answer:
        """What the script answers; what it raises is kept for the end, and the client gets a 500 that says so."""
        try:
            answer = self._script(request)
            return _checked(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:  # noqa: BLE001 - a script may raise anything, and the test is to see it
            self._raised.append(error)
            return Refusal(500, "api_error", f"The script of the fake server failed: {error!r}", _FINAL)

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        self.statuses[refusal.status] += 1
        await exchange.refuse(refusal)


def in_turn(answers: Answer | Sequence[Answer]) -> Script:
    """A script that gives these answers, one for each request; a single one for all of them.

    Raises:
        ScriptError: (the script) a request comes after the last answer.
    """
    if not isinstance(answers, Sequence):
        return lambda _: answers
    given = iter(answers)

    def script(request: Request) -> Answer:
        for answer in given:
            return answer
        raise ScriptError(
            f"The script has {len(answers)} answers, and this is request {request.number}; "
            "add an answer, or give a function of the request."
        )

    return script


def _checked(answer: object) -> Answer:
    if isinstance(answer, Reply | Refusal | Broken | Unanswered):
        return answer
    raise ScriptError(f"A script has answered {answer!r}; it has to answer with a Reply or with one of the faults.")


def _parsed(body: bytes | None) -> dict[str, Any]:
    """A request's JSON object; an empty one where it is none."""
    try:
        parsed = json.loads(body or b"null")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
