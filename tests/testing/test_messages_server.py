"""What goes well: replies of every kind, as the real client reads them, and what the server notes of the requests."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from anthropic import BadRequestError, InternalServerError, NotFoundError, Omit
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock

import covey.testing
from covey.errors import ScriptError
from covey.testing.messages_server import (
    HIDDEN,
    Answer,
    FakeMessagesServer,
    Reply,
    Request,
    Text,
    Thinking,
    ToolUse,
    Usage,
    fingerprint,
)
from tests.testing.talking import HELLO, KEY, ask, client_of, raised_by

READ: dict[str, Any] = {"name": "read_file", "input_schema": {"type": "object", "properties": {}}}
CALL = ToolUse("read_file", {"path": "src/shop/tax.py", "limit": 20}, id="toolu_1")


def conversation(*results: str) -> list[dict[str, Any]]:
    """A conversation in which the model has called a tool, and got these results."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "a.py"}}
    answers = [{"type": "tool_result", "tool_use_id": each, "content": "text of a.py"} for each in results]
    return [*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [*answers, *GO_ON]}]


GO_ON_MARKED = {"role": "user", "content": [{"type": "text", "text": "Go", "cache_control": {"type": "ephemeral"}}]}
MARKED: dict[str, Any] = {"type": "text", "text": "x" * 5000, "cache_control": {"type": "ephemeral"}}
GO_ON = [{"type": "text", "text": "Go on."}]


class TestReplies:
    """A reply arrives whole, streamed or not."""

    @pytest.mark.parametrize("stream", [True, False])
    async def test_blocks_arrive_as_they_were_given(self, *, stream: bool) -> None:
        said = "Zuerst der Quelltext – dann das Übrige. " * 5
        reply = Reply([Thinking("Let me see.", signature="c2ln"), said, CALL], usage=Usage(input=7, output=11))
        async with FakeMessagesServer(reply) as server, client_of(server) as client:
            message = await ask(client, stream=stream)
        thinking, text, call = message.content
        assert isinstance(thinking, ThinkingBlock)
        assert isinstance(text, TextBlock)
        assert isinstance(call, ToolUseBlock)
        assert (thinking.thinking, thinking.signature, text.text) == ("Let me see.", "c2ln", said)
        assert (call.id, call.name, call.input) == ("toolu_1", "read_file", {"path": "src/shop/tax.py", "limit": 20})
        assert (message.stop_reason, message.model) == ("tool_use", "fake-large")
        assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 11)

    @pytest.mark.parametrize("stream", [True, False])
    async def test_usage_tells_the_tokens_of_the_cache(self, *, stream: bool) -> None:
        reply = Reply("Done.", usage=Usage(input=3, output=5, cache_read=900, cache_write=40))
        async with FakeMessagesServer(reply) as server, client_of(server) as client:
            usage = (await ask(client, stream=stream)).usage
        assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (3, 900, 40)

    @pytest.mark.parametrize("reason", ["max_tokens", "pause_turn", "refusal", "model_context_window_exceeded"])
    async def test_every_stop_reason_can_be_told(self, reason: str) -> None:
        async with FakeMessagesServer(Reply("So far", stop_reason=reason)) as server, client_of(server) as client:
            assert (await ask(client)).stop_reason == reason

    async def test_text_comes_in_deltas_of_the_size_that_was_asked_for(self) -> None:
        async with (
            FakeMessagesServer(Reply("abcdefg", delta_size=3)) as server,
            client_of(server) as client,
            client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream,
        ):
            assert [piece async for piece in stream.text_stream] == ["abc", "def", "g"]

    async def test_a_slow_reply_sleeps_before_each_delta(self) -> None:
        slept = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        reply = Reply("abcdefg", delta_size=3, pace=0.5)
        async with FakeMessagesServer(reply, sleep=sleep) as server, client_of(server) as client:
            await ask(client)
            assert slept == [0.5, 0.5, 0.5]
            await ask(client, stream=False)
            assert slept[3:] == [1.5]

    async def test_arguments_may_be_half_written(self) -> None:
        half = Reply(ToolUse("write_file", '{"path": "a.md", "content": "# Ti'), stop_reason="max_tokens")
        async with FakeMessagesServer(half) as server, client_of(server) as client:
            (call,) = (await ask(client)).content
        assert isinstance(call, ToolUseBlock)
        assert call.input == {"path": "a.md"}

    async def test_headers_of_a_reply_arrive_beside_the_request_id(self) -> None:
        reply = Reply("Done.", headers={"anthropic-organization-id": "org_1"})
        async with FakeMessagesServer(reply) as server, client_of(server) as client:
            answered = await client.messages.with_raw_response.create(model="m", max_tokens=9, messages=HELLO)
        assert answered.headers["anthropic-organization-id"] == "org_1"
        assert answered.headers["request-id"].startswith("req_")

    async def test_no_two_servers_give_the_same_ids(self) -> None:
        ids = set()
        for _ in range(2):
            async with FakeMessagesServer(Reply(ToolUse("read_file"))) as server, client_of(server) as client:
                message = await ask(client)
            ids |= {message.id, *(call.id for call in message.content if call.type == "tool_use")}
        assert len(ids) == 4

    async def test_calls_without_an_id_get_different_ones(self) -> None:
        reply = Reply([ToolUse("read_file"), ToolUse("read_file")])
        async with FakeMessagesServer(reply) as server, client_of(server) as client:
            blocks = [*(await ask(client)).content, *(await ask(client)).content]
        assert len({block.id for block in blocks if isinstance(block, ToolUseBlock)}) == 4


class TestScripts:
    """A script is asked once for each request that the API itself would not refuse."""

    async def test_a_script_sees_what_was_asked(self) -> None:
        async with FakeMessagesServer(Reply("Done.")) as server, client_of(server) as client:
            await ask(client, system="You write.", tools=[READ], messages=conversation("toolu_1"))
            (request,) = server.requests
        assert (request.number, request.model, request.stream, request.turn) == (1, "fake-large", True, 2)
        assert (request.system, request.prompt, request.tools) == ("You write.", "Hello", ("read_file",))
        (result,) = request.tool_results
        assert (result.name, result.arguments, result.text) == ("read_file", {"path": "a.py"}, "text of a.py")
        assert not result.is_error

    @pytest.mark.parametrize("header", ["x-api-key", "authorization"])
    async def test_a_key_is_never_kept(self, header: str) -> None:
        keys = {"authorization": Omit(), header: KEY if header == "x-api-key" else f"Bearer {KEY}"}
        async with FakeMessagesServer(Reply("Done.")) as server, client_of(server) as client:
            await ask(client, extra_headers=keys)
        (request,) = server.requests
        assert request.headers[header] == HIDDEN
        assert request.credential == fingerprint(KEY)
        assert KEY not in repr(request)

    async def test_answers_can_be_given_in_order(self) -> None:
        async with FakeMessagesServer([Reply("First."), Reply("Second.")]) as server, client_of(server) as client:
            texts = [(await ask(client)).content[0] for _ in range(2)]
        assert [text.text for text in texts if isinstance(text, TextBlock)] == ["First.", "Second."]

    async def test_a_script_may_wait(self) -> None:
        told = asyncio.Event()

        async def script(request: Request) -> Answer:
            if request.number == 1:
                await told.wait()
            told.set()
            return Reply(f"{request.number}")

        async with FakeMessagesServer(script) as server, client_of(server) as client:
            await asyncio.gather(ask(client), ask(client))
            assert server.most_at_once == 2

    async def test_what_a_script_raises_is_raised_at_the_end(self) -> None:
        def script(request: Request) -> Answer:
            raise KeyError("no such file")

        server = FakeMessagesServer(script)
        with pytest.raises(KeyError, match="no such file"):
            async with server, client_of(server, max_retries=2) as client:
                error = await raised_by(client)
        assert isinstance(error, InternalServerError)
        assert "no such file" in str(error)
        assert len(server.requests) == 1

    async def test_an_error_of_the_test_itself_goes_before_that_of_the_script(self) -> None:
        with pytest.raises(InternalServerError):
            async with FakeMessagesServer([]) as server, client_of(server) as client:
                await ask(client)

    async def test_the_server_ends_though_a_script_does_not(self) -> None:
        async def script(request: Request) -> Answer:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        asked = asyncio.Event()
        async with FakeMessagesServer(script) as server, client_of(server) as client, asyncio.TaskGroup() as group:
            asking = group.create_task(raised_by(client))
            await asked.wait()
            await server.close()
            assert type(await asking).__name__ == "APIConnectionError"

    async def test_the_server_ends_though_a_client_has_gone_in_the_middle_of_its_answer(self) -> None:
        async def script(request: Request) -> Answer:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        asked, told = asyncio.Event(), list[str]()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context)))
        async with FakeMessagesServer(script) as server:
            async with client_of(server) as client:
                asking = asyncio.create_task(ask(client))
                await asked.wait()
                asking.cancel()
            (wire,) = server._wires
            while wire._writer.get_extra_info("socket").fileno() >= 0:  # noqa: ASYNC110 - the transport closes it, and tells nobody
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told == []

    @pytest.mark.parametrize("steps", range(6))
    async def test_a_connection_that_has_just_come_is_closed_too(self, steps: int) -> None:
        async with FakeMessagesServer([]) as server:
            host, _, port = server.base_url.rpartition("/")[2].partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            for _ in range(steps):
                await asyncio.sleep(0)
            await server.close()
            with suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            with suppress(ConnectionResetError):
                await writer.wait_closed()

    async def test_the_models_are_listed(self) -> None:
        async with FakeMessagesServer([], models=["one", "two"]) as server, client_of(server) as client:
            assert [model.id async for model in await client.models.list()] == ["one", "two"]

    async def test_tokens_are_counted(self) -> None:
        async with FakeMessagesServer([]) as server, client_of(server) as client:
            assert (await client.messages.count_tokens(model="m", messages=HELLO)).input_tokens > 5

    async def test_what_is_not_there_is_not_found(self) -> None:
        async with FakeMessagesServer([]) as server, client_of(server) as client:
            with pytest.raises(NotFoundError, match="/v1/messages/batches"):
                await client.messages.batches.list()


class TestRefusedByTheApi:
    """What the API itself refuses reaches no script."""

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"max_tokens": 0}, "max_tokens"),
            ({"messages": []}, "at least one message"),
            ({"messages": [{"role": "assistant", "content": "I"}]}, "first message must use"),
            ({"messages": [{"role": "user", "content": ""}]}, "non-empty"),
            ({"messages": [{"role": "user", "content": []}, *HELLO]}, "messages.0: all messages must have non-empty"),
            ({"messages": conversation()}, "`tool_use` ids were found without `tool_result` blocks.*toolu_1"),
            ({"messages": conversation()[:2]}, "`tool_use` ids were found without `tool_result` blocks"),
            ({"messages": conversation("toolu_1", "toolu_2")}, "unexpected `tool_use_id`.*toolu_2"),
            ({"messages": [{"role": "robot", "content": "Hi"}]}, "messages.0"),
            ({"messages": [{**HELLO[0], "id": "msg_1"}]}, r"messages\.0\.id: Extra inputs are not permitted"),
            ({"messages": [{"role": "user", "content": [{**MARKED, "at": 5}]}]}, r"messages\.0\.content\.0\.text\.at"),
            ({"messages": [{"role": "user", "content": [MARKED] * 5}]}, "maximum of 4 blocks with cache_control"),
        ],
    )
    async def test_a_request_that_is_put_together_wrongly(self, asked: dict[str, Any], said: str) -> None:
        async with FakeMessagesServer([]) as server, client_of(server) as client:
            with pytest.raises(BadRequestError, match=said):
                await ask(client, **asked)

    async def test_a_request_without_a_key(self) -> None:
        async with FakeMessagesServer([]) as server, client_of(server) as client:
            error = await raised_by(client, extra_headers={"authorization": Omit()})
        assert server.requests[0].credential is None
        assert type(error).__name__ == "AuthenticationError"

    async def test_a_request_that_is_too_large(self) -> None:
        async with FakeMessagesServer([], largest_request=2000) as server, client_of(server) as client:
            error = await raised_by(client, messages=[{"role": "user", "content": "x" * 300_000}])
        assert type(error).__name__ == "ContentTooLargeError"


class TestMistakes:
    """A script that cannot be played is told so, at once and in words."""

    def test_a_delta_without_characters(self) -> None:
        with pytest.raises(ScriptError, match="delta_size is 0"):
            Reply("a", delta_size=0)

    def test_a_pace_that_goes_back(self) -> None:
        with pytest.raises(ScriptError, match="pace is -1"):
            Reply("a", pace=-1)

    def test_content_that_is_none(self) -> None:
        with pytest.raises(ScriptError, match="holds 5"):
            Reply([Text("a"), 5])  # type: ignore[list-item]

    async def test_an_answer_that_is_none(self) -> None:
        with pytest.raises(ScriptError, match="has answered 'Hello'"):
            async with FakeMessagesServer(lambda _: "Hello") as server, client_of(server) as client:  # type: ignore[arg-type, return-value]
                await raised_by(client)

    async def test_more_requests_than_answers(self) -> None:
        with pytest.raises(ScriptError, match="1 answers, and this is request 2"):
            async with FakeMessagesServer([Reply("Done.")]) as server, client_of(server) as client:
                await asyncio.gather(raised_by(client), ask(client), return_exceptions=True)

    def test_a_server_that_does_not_listen(self) -> None:
        with pytest.raises(ScriptError, match="async with"):
            _ = FakeMessagesServer([]).base_url

    def test_the_server_is_had_from_the_room_itself(self) -> None:
        assert covey.testing.FakeMessagesServer is FakeMessagesServer
        with pytest.raises(AttributeError, match="FakeTelephone"):
            _ = covey.testing.FakeTelephone  # type: ignore[attr-defined]


class TestPromptCache:
    """What was marked before is read from the cache, and each token is counted once."""

    async def test_a_marked_prefix_is_written_once_and_then_read(self) -> None:
        async with FakeMessagesServer(Reply("Done.")) as server, client_of(server) as client:
            first, again = [(await ask(client, system=[MARKED])).usage for _ in range(2)]
            total = await client.messages.count_tokens(model="fake-large", messages=HELLO, system=[MARKED])
        assert (first.cache_read_input_tokens, again.cache_creation_input_tokens) == (0, 0)
        assert first.cache_creation_input_tokens == again.cache_read_input_tokens > 1000
        assert first.input_tokens == again.input_tokens == total.input_tokens - again.cache_read_input_tokens

    async def test_a_conversation_that_goes_on_reads_all_that_was_marked_before(self) -> None:
        longer = [{"role": "user", "content": [MARKED]}, {"role": "assistant", "content": "I"}, GO_ON_MARKED]
        async with FakeMessagesServer(Reply("Done.")) as server, client_of(server) as client:
            first = (await ask(client, messages=longer[:1])).usage
            second = (await ask(client, messages=longer)).usage
        assert second.cache_read_input_tokens == first.cache_creation_input_tokens
        assert 0 < (second.cache_creation_input_tokens or 0) < 100

    async def test_nothing_is_read_after_another_beginning_or_of_another_model(self) -> None:
        async with FakeMessagesServer(Reply("Done.")) as server, client_of(server) as client:
            await ask(client, system=[MARKED])
            others = [{"tools": [READ]}, {"model": "fake-small"}, {"system": [{**MARKED, "text": "y" * 5000}]}]
            for other in others:
                assert (await ask(client, **{"system": [MARKED], **other})).usage.cache_read_input_tokens == 0

    async def test_what_is_short_is_not_cached(self) -> None:
        short = [{**MARKED, "text": "x" * 400}]
        for least, written in ((1024, False), (100, True)):
            async with FakeMessagesServer(Reply("Done."), least_cached=least) as server, client_of(server) as client:
                assert bool((await ask(client, system=short)).usage.cache_creation_input_tokens) is written
