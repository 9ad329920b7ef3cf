import asyncio
from datetime import datetime, timedelta

import pytest

from covey.agents.anthropic_api.gate import Gate, Gates, gate_for, gate_states
from covey.agents.base import CredentialStoppedError
from covey.model.status import FailureCause
from covey.testing.clock import FakeClock
from tests.agents.anthropic_api.fleet import Fleet, with_gate, with_retries
from tests.agents.anthropic_api.virtual_time import in_virtual_time

NAME = "ANTHROPIC_API_KEY"
FULL = "anthropic-ratelimit-requests-reset"


def told(limit: int, remaining: int) -> dict[str, str]:
    return {
        "anthropic-ratelimit-requests-limit": str(limit),
        "anthropic-ratelimit-requests-remaining": str(remaining),
    }


class UnevenClock(FakeClock):
    """A clock whose two hands never move quite together, as those of a machine: a little ahead, a little behind."""

    def now(self) -> datetime:
        return super().now() + timedelta(milliseconds=3 * (round(4 * self.monotonic()) % 3 - 1))


async def passes(gate: Gate, seconds: float = 0.0, headers: dict[str, str] | None = None) -> None:
    """One turn that is accepted."""
    async with gate.turn():
        gate.learn(headers or {})
        await asyncio.sleep(seconds)


def when(clock: FakeClock, gate: Gate, count: int, seconds: float = 0.0) -> list[float]:
    """When each of so many turns, all asked for now, may begin."""
    times: list[float] = []

    async def one() -> None:
        async with gate.turn():
            times.append(round(clock.monotonic(), 2))
            gate.learn({})
            await asyncio.sleep(seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(count)))

    in_virtual_time(clock, all_of_them())
    return times


@pytest.mark.parametrize(
    "fleet",
    [
        Fleet(),
        Fleet(told=False),
        Fleet(burst=1),
        Fleet(burst=1, told=False),
        Fleet(turns=10, seconds=2.0),
        Fleet(turns=10, seconds=2.0, told=False),
        Fleet(turns=2, seconds=60.0, told=False),
    ],
    ids=str,
)
def test_a_fleet_behind_one_gate_is_hardly_refused_and_hardly_slower_than_it_has_to_be(fleet: Fleet) -> None:
    done = with_gate(fleet)
    assert done.refused <= 1.5 * fleet.sessions
    assert done.seconds <= 1.25 * fleet.ideal


def test_retries_of_each_for_itself_are_refused_again_and_again() -> None:
    fleet = Fleet(turns=2, told=False)
    theirs = with_retries(fleet)
    assert theirs.refused > 10 * with_gate(fleet).refused
    assert theirs.refused > 1.5 * fleet.sessions


class TestOfOneGate:
    """The gate by itself, on a clock that only the test moves."""

    def setup_method(self) -> None:
        self.clock = FakeClock()
        self.gate = Gates(self.clock).gate_for(NAME)
        self.gate.learn({})

    def refused(self, status: int, headers: dict[str, str], at_once: int = 1) -> None:
        """So many turns at once are refused alike."""

        async def one(all_in: asyncio.Barrier) -> None:
            async with self.gate.turn():
                await all_in.wait()
                self.gate.refused(status, headers)

        async def all_of_them() -> None:
            all_in = asyncio.Barrier(at_once)
            await asyncio.gather(*(one(all_in) for _ in range(at_once)))

        in_virtual_time(self.clock, all_of_them())

    def test_more_are_let_through_at_once_as_requests_are_accepted(self) -> None:
        before = self.gate.state().allowed
        in_virtual_time(self.clock, self._many(before))
        assert self.gate.state().allowed == 2 * before

    async def _many(self, count: int) -> None:
        await asyncio.gather(*(passes(self.gate) for _ in range(count)))

    def test_an_overloaded_api_gets_fewer_at_once_and_one_more_for_each_round(self) -> None:
        self.refused(529, {}, at_once=8)
        assert self.gate.state().allowed == 5
        in_virtual_time(self.clock, self._many(5))
        assert self.gate.state().allowed == 7  # quickly back to just below where it was refused
        in_virtual_time(self.clock, self._many(8))
        assert self.gate.state().allowed == 8

    def test_those_that_are_refused_in_one_go_count_as_one(self) -> None:
        self.refused(529, {}, at_once=4)
        four = self.gate.state().allowed
        assert four == 2
        assert self.gate.state().until == self.clock.now() + timedelta(seconds=1)

    def test_nobody_begins_before_the_end_that_the_api_has_named(self) -> None:
        self.refused(429, {"retry-after": "17"})
        assert self.gate.state().until == self.clock.now() + timedelta(seconds=17)
        first, *others = when(self.clock, self.gate, 3)
        assert first == 17.0
        assert others == sorted(others)
        assert others[0] > 17.5

    def test_a_cool_down_of_unknown_length_doubles_while_nothing_goes_through(self) -> None:
        waits = []
        for _ in range(8):
            began = self.clock.monotonic()
            self.refused(429, {})
            until = self.gate.state().until
            assert until is not None
            waits.append(round((until - self.clock.now()).total_seconds()))
            assert self.clock.monotonic() >= began
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    def test_its_end_is_told_in_whole_seconds_and_alike_until_it_changes(self) -> None:
        self.clock = UnevenClock()
        self.gate = Gates(self.clock).gate_for(NAME)
        self.refused(429, {"retry-after": "17"})
        end = self.clock.now() + timedelta(seconds=17)
        told = [self.gate.state()]
        for _ in range(60):
            self.clock.advance(0.25)
            told.append(self.gate.state())
        assert set(told) == {told[0]}
        until = told[0].until
        assert until is not None
        assert until.microsecond == 0
        assert abs(until - end) <= timedelta(seconds=1)
        self.gate.refused(429, {"retry-after": "30"})
        assert (self.gate.state().until or end) - end > timedelta(seconds=25)
        self.clock.advance(60)
        assert self.gate.state().until is None

    @pytest.mark.parametrize("said", ["-1", "nan", "inf", "soon", "", "1e400", "\x1b]0;x\x07"])
    def test_a_wait_that_makes_no_sense_counts_as_not_said(self, said: str) -> None:
        self.refused(429, {"retry-after": said})
        assert self.gate.state().until == self.clock.now() + timedelta(seconds=1)

    def test_a_date_to_wait_for_is_taken_by_the_date_of_the_answer(self) -> None:
        dates = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "Retry-After": "Thu, 01 Jan 1970 00:00:30 GMT"}
        self.refused(429, dates)
        assert self.gate.state().until == self.clock.now() + timedelta(seconds=30)

    def test_a_wait_that_is_too_long_stops_the_credential_until_then(self) -> None:
        with pytest.raises(CredentialStoppedError) as caught:
            self.refused(429, {"retry-after": "3600"})
        assert caught.value.cause is FailureCause.RATE_LIMIT
        assert caught.value.resets_at == self.clock.now() + timedelta(hours=1)
        assert str(caught.value) == "the API refuses requests (429) for the next 1h"
        assert self.gate.is_closed

    def test_who_is_refused_again_and_again_still_asks_once_a_minute(self) -> None:
        for _ in range(1_100):  # so often that its doubling would be no number any more
            self.refused(429, {})
        began = self.clock.monotonic()
        times = when(self.clock, self.gate, 3)
        assert times[-1] - began <= 4 * 60

    def test_a_limit_that_is_full_again_in_years_holds_nobody_back_before_it_is_met(self) -> None:
        in_virtual_time(self.clock, passes(self.gate, 0.0, {**told(50, 0), FULL: "2099-01-01T00:00:00Z"}))
        began = self.clock.monotonic()
        assert when(self.clock, self.gate, 2)[-1] - began < 60

    def test_nobody_believes_in_a_wait_of_a_month(self) -> None:
        with pytest.raises(CredentialStoppedError) as caught:
            self.refused(429, {"retry-after": str(30 * 86_400)})
        assert caught.value.resets_at is None

    def test_turns_slow_down_to_what_flows_back_before_nothing_is_left(self) -> None:
        in_virtual_time(self.clock, passes(self.gate, headers=told(limit=60, remaining=3)))
        assert when(self.clock, self.gate, 6) == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]

    def test_a_limit_that_fills_faster_than_in_a_minute_is_known_by_when_it_is_full(self) -> None:
        reset = self.clock.now() + timedelta(seconds=6)
        headers = {**told(limit=60, remaining=0), "anthropic-ratelimit-requests-reset": reset.isoformat()}
        in_virtual_time(self.clock, passes(self.gate, headers=headers))
        assert when(self.clock, self.gate, 3) == [0.1, 0.2, 0.3]

    def test_tokens_are_spent_as_the_last_turns_have_spent_them(self) -> None:
        def tokens(remaining: int) -> dict[str, str]:
            kind = "anthropic-ratelimit-input-tokens"
            return {f"{kind}-limit": "60000", f"{kind}-remaining": str(remaining)}

        async def turns() -> None:
            for remaining in range(60_000, 2_000, -3_000):
                await passes(self.gate, headers=tokens(remaining))

        in_virtual_time(self.clock, turns())
        first, second, third = when(self.clock, self.gate, 3)
        assert first == 0.0
        assert 2.0 < third - second < 3.5  # 3,000 tokens flow back in three seconds

    @pytest.mark.parametrize("limit", ["0", "-5", "nan", "many"])
    def test_limits_that_make_no_sense_hold_nobody_back(self, limit: str) -> None:
        headers = {"anthropic-ratelimit-requests-limit": limit, "anthropic-ratelimit-requests-remaining": "0"}
        in_virtual_time(self.clock, passes(self.gate, headers=headers))
        assert when(self.clock, self.gate, 2) == [0.0, 0.0]

    def test_who_has_waited_longest_goes_first_also_with_a_request_that_was_refused(self) -> None:
        order: list[str] = []

        async def asks(name: str, refusals: int = 0) -> None:
            turn = self.gate.turn()
            for _ in range(refusals):
                async with turn:
                    self.gate.refused(529, {"retry-after": "5"})
            async with turn:
                order.append(name)
                self.gate.learn({})

        async def several() -> None:
            await asyncio.gather(asks("first", refusals=2), asks("second"), asks("third"))

        in_virtual_time(self.clock, self._only_one())
        in_virtual_time(self.clock, several())
        assert order == ["first", "second", "third"]

    async def _only_one(self) -> None:
        for _ in range(2):
            async with self.gate.turn():
                self.gate.refused(529, {})

    def test_a_turn_that_was_given_up_while_it_waited_keeps_nobody_from_passing(self) -> None:
        self.refused(529, {"retry-after": "5"})

        async def given_up() -> None:
            waits = [asyncio.create_task(passes(self.gate)) for _ in range(3)]
            await asyncio.sleep(1)
            waits[0].cancel()
            waits[1].cancel()
            await asyncio.wait(waits)
            assert [wait.cancelled() for wait in waits] == [True, True, False]

        in_virtual_time(self.clock, given_up())
        assert (self.gate.state().at_work, self.gate.state().waiting) == (0, 0)

    def test_a_stopped_credential_lets_turns_at_work_finish_and_nobody_else_pass(self) -> None:
        finished: list[str] = []

        async def long_turn() -> None:
            async with self.gate.turn():
                await asyncio.sleep(60)
            finished.append("long")

        async def refused() -> None:
            async with self.gate.turn():
                await asyncio.sleep(1)
                raise CredentialStoppedError(FailureCause.AUTH, "invalid x-api-key")

        async def all_of_them() -> None:
            work = (long_turn(), refused(), passes(self.gate), passes(self.gate))
            results = await asyncio.gather(*work, return_exceptions=True)
            assert [str(result) for result in results] == ["None", *["invalid x-api-key"] * 3]

        self.refused(529, {}, at_once=3)
        assert self.gate.state().allowed == 2
        in_virtual_time(self.clock, all_of_them())
        assert finished == ["long"]

    def test_a_key_that_is_refused_is_refused_once(self) -> None:
        asked: list[int] = []

        async def refused(number: int) -> None:
            async with gate.turn():
                asked.append(number)
                await asyncio.sleep(1)
                raise CredentialStoppedError(FailureCause.AUTH, "invalid x-api-key")

        async def all_of_them() -> None:
            results = await asyncio.gather(*(refused(number) for number in range(8)), return_exceptions=True)
            assert [str(result) for result in results] == ["invalid x-api-key"] * 8

        gate = Gates(self.clock).gate_for(NAME)
        in_virtual_time(self.clock, all_of_them())
        assert asked == [0]

    def test_turns_pass_side_by_side_once_one_was_accepted_and_one_by_one_before(self) -> None:
        at_once, most = 0, list[int]()

        async def one(*, is_accepted: bool) -> None:
            nonlocal at_once
            async with gate.turn():
                at_once += 1
                most.append(at_once)
                if is_accepted:
                    gate.learn({})
                await asyncio.sleep(1)
                at_once -= 1

        async def many(*accepted: bool) -> None:
            await asyncio.gather(*(one(is_accepted=each) for each in accepted))

        gate = Gates(self.clock).gate_for(NAME)
        in_virtual_time(self.clock, many(False, False))
        assert most == [1, 1], "a request that broke proves nothing"
        assert gate.state().allowed == 1
        in_virtual_time(self.clock, many(True, False, False))
        assert most == [1, 1, 1, 2, 3]

    def test_a_failure_for_another_reason_than_its_key_lets_the_others_pass(self) -> None:
        at_once, most = 0, 0

        async def one() -> None:
            nonlocal at_once, most
            async with gate.turn():
                at_once, most = at_once + 1, max(most, at_once + 1)
                await asyncio.sleep(1)
                gate.not_refused()
                await asyncio.sleep(1)
                at_once -= 1

        async def many() -> None:
            await asyncio.gather(*(one() for _ in range(4)))

        gate = Gates(self.clock).gate_for(NAME)
        in_virtual_time(self.clock, many())
        assert most == 4

    def test_who_is_called_again_after_a_stop_gets_another_gate(self) -> None:
        gates = Gates(self.clock)
        gate = gates.gate_for(NAME)
        assert gates.gate_for(NAME) is gate
        gate.close(CredentialStoppedError(FailureCause.AUTH, "no"))
        assert gates.gate_for(NAME) is not gate
        assert [state.credential for state in gates.states()] == [NAME]


def test_there_is_one_gate_for_each_credential_in_a_process() -> None:
    assert gate_for("COVEY_TEST_A") is gate_for("COVEY_TEST_A")
    assert gate_for("COVEY_TEST_A") is not gate_for("COVEY_TEST_A", "http://localhost:11434"), "another API"
    assert gate_for("COVEY_TEST_A") is not gate_for("COVEY_TEST_B")
    assert {"COVEY_TEST_A", "COVEY_TEST_B"} <= {state.credential for state in gate_states()}
