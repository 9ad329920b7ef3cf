"""The rate limit: a bucket that fills by the clock that it is given, and tells so in the headers of the API."""

import asyncio

import pytest
from anthropic import RateLimitError

from covey.errors import ScriptError
from covey.testing.clock import FakeClock
from covey.testing.messages_server import Answer, FakeMessagesServer, RateLimit, Refusal, Reply, Request, faults
from tests.testing.talking import HELLO, ask, client_of, raised_by


def through(limit: RateLimit, most: int = 1000) -> int:
    """How many requests are let through now."""
    taken = 0
    while taken < most and limit.take() is None:
        taken += 1
    return taken


class TestBucket:
    """Sixty a minute: all at once, then one a second."""

    def test_as_many_as_it_holds_come_at_once(self) -> None:
        assert through(RateLimit(60, clock=FakeClock())) == 60

    def test_it_fills_continuously(self) -> None:
        clock = FakeClock()
        limit = RateLimit(60, clock=clock)
        through(limit)
        clock.advance(0.5)
        assert through(limit) == 0
        clock.advance(0.5)
        assert through(limit) == 1
        clock.advance(10)
        assert through(limit) == 10

    def test_it_never_holds_more_than_its_burst(self) -> None:
        clock = FakeClock()
        limit = RateLimit(60, burst=5, clock=clock)
        assert through(limit) == 5
        clock.advance(3600)
        assert through(limit) == 5

    def test_whoever_waits_as_long_as_told_is_let_through(self) -> None:
        clock = FakeClock()
        for limit in (RateLimit(60, clock=clock), RateLimit(7, clock=clock), RateLimit(60, 3.0, clock=clock)):
            through(limit)
            refused = limit.take()
            assert isinstance(refused, Refusal)
            clock.advance(float(refused.headers["retry-after"]))
            assert limit.take() is None

    def test_per_minute_it_tells_whole_seconds(self) -> None:
        clock = FakeClock()
        limit = RateLimit(60, clock=clock)
        through(limit)
        clock.advance(0.25)
        refused = limit.take()
        assert isinstance(refused, Refusal)
        assert refused.headers["retry-after"] == "1"

    def test_its_headers_tell_what_is_left_and_when_it_is_whole_again(self) -> None:
        limit = RateLimit(60, clock=FakeClock())
        for _ in range(20):
            limit.take()
        assert limit.headers() == {
            "anthropic-ratelimit-requests-limit": "60",
            "anthropic-ratelimit-requests-remaining": "40",
            "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:20Z",
        }

    @pytest.mark.parametrize(("requests", "seconds", "burst"), [(0, 60, None), (1, 0, None), (1, 60, 0)])
    def test_a_limit_that_lets_nothing_through_is_a_mistake(
        self, requests: int, seconds: float, burst: int | None
    ) -> None:
        with pytest.raises(ScriptError, match="lets nothing through"):
            RateLimit(requests, seconds, burst)


class TestLimitedServer:
    """The server keeps the limit before any script is asked."""

    async def test_what_is_too_much_is_answered_with_429(self) -> None:
        asked = []

        def script(request: Request) -> Answer:
            asked.append(request.number)
            return Reply("Done.")

        clock = FakeClock()
        limit = RateLimit(60, burst=2, clock=clock)
        async with FakeMessagesServer(script, rate_limit=limit) as server, client_of(server) as client:
            await ask(client)
            await ask(client)
            refused = await raised_by(client)
            clock.advance(1)
            await ask(client)
        assert isinstance(refused, RateLimitError)
        assert refused.response.headers["retry-after"] == "1"
        assert refused.response.headers["anthropic-ratelimit-requests-remaining"] == "0"
        assert (server.statuses, asked) == ({200: 3, 429: 1}, [1, 2, 4])

    async def test_good_answers_tell_the_limit_too(self) -> None:
        limit = RateLimit(60, clock=FakeClock())
        async with FakeMessagesServer(Reply("Done."), rate_limit=limit) as server, client_of(server) as client:
            answered = await client.messages.with_raw_response.create(model="m", max_tokens=9, messages=HELLO)
        assert answered.headers["anthropic-ratelimit-requests-remaining"] == "59"

    async def test_more_at_once_than_allowed_are_refused(self) -> None:
        async def script(request: Request) -> Answer:
            await refused.wait()
            return Reply("Done.")

        async def one(number: int) -> str:
            try:
                return str((await ask(client)).stop_reason)
            except RateLimitError as error:
                refused.set()
                return str(error.type)

        refused = asyncio.Event()
        async with FakeMessagesServer(script, allowed_at_once=3) as server, client_of(server) as client:
            ends = await asyncio.gather(*map(one, range(4)))
        assert sorted(ends) == ["end_turn", "end_turn", "end_turn", "rate_limit_error"]
        assert server.most_at_once == 4

    async def test_faults_of_the_script_count_as_well(self) -> None:
        limit = RateLimit(60, burst=1, clock=FakeClock())
        async with FakeMessagesServer(faults.overloaded(), rate_limit=limit) as server, client_of(server) as client:
            await raised_by(client)
            await raised_by(client)
        assert server.statuses == {529: 1, 429: 1}
