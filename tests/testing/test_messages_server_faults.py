"""What goes wrong, as the real client reads it: each fault arrives as the same one of the real API does."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime

import anthropic
import httpx2
import pytest
from anthropic import APIStatusError, RateLimitError
from anthropic.types import TextBlock

from covey.errors import ScriptError
from covey.testing.messages_server import (
    GATEWAY,
    LITELLM,
    OLLAMA,
    VLLM,
    Answer,
    Break,
    Broken,
    FakeMessagesServer,
    Fault,
    Manner,
    Refusal,
    Reply,
    Request,
    ToolUse,
    Unanswered,
    faults,
)
from tests.testing.talking import HELLO, ask, client_of, raised_by

REFUSALS = [
    (faults.bad_request("no"), anthropic.BadRequestError, "invalid_request_error"),
    (faults.prompt_too_long(), anthropic.BadRequestError, "invalid_request_error"),
    (faults.unauthorized(), anthropic.AuthenticationError, "authentication_error"),
    (faults.out_of_credit(), anthropic.BadRequestError, "invalid_request_error"),
    (faults.out_of_credit(402), anthropic.PaymentRequiredError, "billing_error"),
    (faults.forbidden(), anthropic.PermissionDeniedError, "permission_error"),
    (faults.unknown_model("m"), anthropic.NotFoundError, "not_found_error"),
    (faults.too_large(), anthropic.ContentTooLargeError, "request_too_large"),
    (faults.rate_limited(), anthropic.RateLimitError, "rate_limit_error"),
    (faults.internal_error(), anthropic.InternalServerError, "api_error"),
    (faults.bad_gateway(), anthropic.InternalServerError, None),
    (faults.overloaded(), anthropic.OverloadedError, "overloaded_error"),
]


class TestRefusals:
    """A refusal has the status, the kind and the text of the API's."""

    @pytest.mark.parametrize(("refusal", "error", "kind"), REFUSALS)
    async def test_it_is_the_error_of_the_client(
        self, refusal: Refusal, error: type[APIStatusError], kind: str | None
    ) -> None:
        async with FakeMessagesServer(refusal) as server, client_of(server) as client:
            raised = await raised_by(client)
        assert type(raised) is error
        assert (raised.status_code, raised.type) == (refusal.status, kind)
        assert (raised.request_id or "").startswith("req_")
        assert refusal.message in str(raised)
        assert server.statuses == {refusal.status: 1}

    async def test_a_rate_limit_tells_its_end_only_when_it_is_to(self) -> None:
        ends = datetime(2026, 1, 1, 14, 32, 10, tzinfo=UTC)
        answers = [faults.rate_limited(), faults.rate_limited(2.5, resets_at=ends)]
        async with FakeMessagesServer(answers) as server, client_of(server) as client:
            bare, told = await raised_by(client), await raised_by(client)
        assert isinstance(bare, RateLimitError)
        assert isinstance(told, RateLimitError)
        assert "retry-after" not in bare.response.headers
        assert told.response.headers["retry-after"] == "2.5"
        assert told.response.headers["anthropic-ratelimit-requests-reset"] == "2026-01-01T14:32:10Z"

    async def test_a_limit_of_spending_is_told_by_its_code(self) -> None:
        async with FakeMessagesServer(faults.spend_limit_reached()) as server, client_of(server) as client:
            error = await raised_by(client)
        assert isinstance(error, RateLimitError)
        assert error.error_code == "enforced_spend_limit_reached"

    async def test_the_client_tries_again_as_it_would_with_the_api(self) -> None:
        answers = [faults.overloaded(0.001), faults.rate_limited(0.001), Reply("Done.")]
        async with FakeMessagesServer(answers) as server, client_of(server, max_retries=2) as client:
            assert (await ask(client)).stop_reason == "end_turn"
        assert server.statuses == {529: 1, 429: 1, 200: 1}


class TestBrokenStreams:
    """A stream breaks after the events that it was to send, in the way that it was to break."""

    @pytest.mark.parametrize("kind", ["overloaded_error", "api_error", "rate_limit_error"])
    @pytest.mark.parametrize("after", [0, 4])
    async def test_an_error_comes_in_a_stream_that_began_well(self, kind: str, after: int) -> None:
        async with FakeMessagesServer(faults.error_in_stream(kind, after)) as server, client_of(server) as client:
            raised = await raised_by(client)
        assert isinstance(raised, APIStatusError)
        assert (raised.status_code, raised.type) == (200, kind)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (faults.reset(), httpx2.ReadError),
            (faults.reset(0), httpx2.ReadError),
            (faults.cut(), httpx2.RemoteProtocolError),
            (faults.cut(0), httpx2.RemoteProtocolError),
            (faults.ends_early(0), AssertionError),
            (faults.truncated(), json.JSONDecodeError),
            (faults.malformed(), json.JSONDecodeError),
            (Unanswered(Break.CUT), anthropic.APIConnectionError),
            (Unanswered(Break.RESET), anthropic.APIConnectionError),
        ],
    )
    async def test_a_connection_that_breaks(self, fault: Fault, error: type[Exception]) -> None:
        async with FakeMessagesServer(fault) as server, client_of(server) as client:
            assert type(await raised_by(client)) is error

    async def test_an_early_end_looks_like_a_success_without_a_reason(self) -> None:
        async with FakeMessagesServer(faults.ends_early(5)) as server, client_of(server) as client:
            message = await ask(client)
        assert message.stop_reason is None
        assert message.content

    async def test_as_much_arrives_before_as_was_to_arrive(self) -> None:
        kinds = []
        async with FakeMessagesServer(faults.cut(4)) as server, client_of(server) as client:
            stream = await client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True)
            with suppress(httpx2.RemoteProtocolError):
                async for event in stream:
                    kinds.append(event.type)  # noqa: PERF401 - what came before the error counts
                raise AssertionError("it has ended well")
        assert kinds == ["message_start", "content_block_start", "content_block_delta"]  # and a ping, which is not told

    @pytest.mark.parametrize("fault", [faults.stalled(), faults.stalled(0), Unanswered(Break.STALLED)])
    async def test_a_client_that_waits_for_what_never_comes_gives_up(self, fault: Fault) -> None:
        async with FakeMessagesServer(fault) as server, client_of(server, patience=0.05) as client:
            assert "Timeout" in type(await raised_by(client)).__name__

    async def test_what_has_stalled_goes_on_when_it_is_told_to(self) -> None:
        reply = Reply("All of it, in the end.")
        async with (
            FakeMessagesServer(faults.stalled(reply=reply)) as server,
            client_of(server) as client,
            client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream,
        ):
            async for event in stream:
                if event.type == "content_block_start":
                    server.go_on()
            (text,) = (await stream.get_final_message()).content
        assert isinstance(text, TextBlock)
        assert text.text == reply.content

    async def test_a_client_that_leaves_ends_what_has_stalled(self) -> None:
        async with FakeMessagesServer(faults.stalled()) as server:
            async with client_of(server, patience=0.05) as client:
                await raised_by(client)
            async with client_of(server, patience=0.05) as client:
                await raised_by(client)
            assert server.most_at_once == 1


class TestBrokenMessages:
    """Without a stream the same faults arrive as what the client makes of half a message."""

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (faults.error_in_stream(), anthropic.OverloadedError),
            (faults.error_in_stream("rate_limit_error"), anthropic.RateLimitError),
            (faults.error_in_stream("api_error"), anthropic.InternalServerError),
            (faults.reset(), anthropic.APIConnectionError),
            (faults.cut(), anthropic.APIConnectionError),
            (faults.ends_early(), json.JSONDecodeError),
            (faults.truncated(), json.JSONDecodeError),
            (faults.malformed(), json.JSONDecodeError),
        ],
    )
    async def test_half_a_message(self, fault: Fault, error: type[Exception]) -> None:
        async with FakeMessagesServer(fault) as server, client_of(server) as client:
            assert type(await raised_by(client, stream=False)) is error

    async def test_a_message_that_stalls_goes_on_when_it_is_told_to(self) -> None:
        async def script(_: Request) -> Answer:
            asyncio.get_running_loop().call_later(0.01, server.go_on)
            return faults.stalled(reply=Reply("All of it."))

        server = FakeMessagesServer(script)
        async with server, client_of(server) as client:
            assert (await ask(client, stream=False)).stop_reason == "end_turn"


class TestManners:
    """Servers that others have built after the API are spoken to by the same client, and tell less."""

    CALL = Reply(["I look.", ToolUse("read_file", {"path": "src/shop/tax.py"})])

    @pytest.mark.parametrize("manner", [OLLAMA, LITELLM, VLLM])
    async def test_the_blocks_arrive_all_the_same(self, manner: Manner) -> None:
        async with FakeMessagesServer(self.CALL, manner=manner) as server, client_of(server) as client:
            streamed, whole = await ask(client), await ask(client, stream=False)
        for message in (streamed, whole):
            text, call = message.content[-2:]
            assert isinstance(text, TextBlock)
            assert (text.text, call.type) == ("I look.", "tool_use")
            assert message.stop_reason in {"tool_use", "end_turn"}

    async def test_a_turn_with_a_call_may_end_as_if_there_were_none(self) -> None:
        async with FakeMessagesServer(self.CALL, manner=LITELLM) as server, client_of(server) as client:
            message = await ask(client)
        assert message.stop_reason == "end_turn"
        assert [block.type for block in message.content] == ["text", "text", "tool_use"]

    async def test_usage_may_be_missing(self) -> None:
        async with FakeMessagesServer(self.CALL, manner=GATEWAY) as server, client_of(server) as client:
            helped = await raised_by(client)
            streamed = await client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True)
            kinds = [event.type async for event in streamed]
            whole = await ask(client, stream=False)
        assert type(helped) is AttributeError, "the client's own helper cannot do without"
        assert (kinds[1], kinds[-1]) == ("gateway_notice", "message_stop")
        assert [block.type for block in whole.content] == ["text", "tool_use"]
        assert whole.usage is None

    async def test_no_key_may_be_needed(self) -> None:
        nobody = {"authorization": anthropic.Omit()}
        async with FakeMessagesServer(self.CALL, manner=OLLAMA) as server, client_of(server) as client:
            assert (await ask(client, extra_headers=nobody)).stop_reason == "tool_use"

    @pytest.mark.parametrize("manner", [LITELLM, GATEWAY])
    async def test_errors_may_have_another_form(self, manner: Manner) -> None:
        async with FakeMessagesServer(faults.rate_limited(), manner=manner) as server, client_of(server) as client:
            error = await raised_by(client)
        assert isinstance(error, RateLimitError)
        assert error.type not in {"rate_limit_error", "error"}
        assert error.request_id is None
        assert "rate limit" in str(error)


class TestMistakes:
    """A fault that cannot be played is told so, at once and in words."""

    def test_a_refusal_that_is_none(self) -> None:
        with pytest.raises(ScriptError, match="status 200"):
            Refusal(200, "api_error", "")

    def test_a_break_before_the_beginning(self) -> None:
        with pytest.raises(ScriptError, match="after -1 events"):
            faults.cut(-1)

    def test_an_error_without_one(self) -> None:
        with pytest.raises(ScriptError, match="has an error"):
            Broken(Break.ERROR)

    def test_an_end_in_good_order_of_nothing(self) -> None:
        with pytest.raises(ScriptError, match=r"no Break\.END"):
            Unanswered(Break.END)
