"""Money that sessions spend: counted once, over restarts, and also where the work was given up meanwhile."""

import asyncio

import pytest

from covey.agents.base import Assignment, Desk, Outcome, TurnUsage
from covey.model import events as e
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import Status
from covey.testing.agents import spends, write_least

from .conftest import MOST_SECONDS, Bench

PRICES = '[prices."metered"]\ninput = 10.0\noutput = 100.0\n'


def turn(request_id: str | None, model: str = "metered", **tokens: int) -> TurnUsage:
    return TurnUsage(model=model, tokens=tokens or {"input": 1_000, "output": 100}, request_id=request_id)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.components = ("Alpha",)
    bench.extra = PRICES
    return bench


async def recorded(bench: Bench) -> list[e.UsageRecorded]:
    return [event for event in await bench.events() if isinstance(event, e.UsageRecorded)]


async def alpha(bench: Bench) -> Session:
    tree = await bench.tree()
    return next(child for child in tree.children(tree.roots()[0].id) if child.component == "Alpha")


class TestCounting:
    async def test_each_turn_is_an_event_with_its_price_and_adds_up_in_the_session(self, bench: Bench) -> None:
        bench.plays["Alpha"] = spends(turn("r1"), turn("r2", cache_read=500, output=10), turn("r3", "home", input=40))
        assert await bench.run() == 0
        events = await recorded(bench)
        assert [(event.request_id, event.model, event.tokens) for event in events] == [
            ("r1", "metered", {"input": 1_000, "output": 100}),
            ("r2", "metered", {"cache_read": 500, "output": 10}),
            ("r3", "home", {"input": 40}),
        ]
        assert [event.cost_usd for event in events] == [pytest.approx(0.02), pytest.approx(0.006), None]
        assert {(event.step, event.attempt) for event in events} == {("GenerateComponentDesign", 1)}
        session = await alpha(bench)
        assert session.usage == {"input": 1_040, "output": 110, "cache_read": 500}
        assert session.cost_usd == pytest.approx(0.026)
        assert session.unpriced == {"home": 40}

    async def test_a_turn_that_is_told_again_counts_once_whatever_comes_with_it(self, bench: Bench) -> None:
        """One after the other, at the same moment, and beside a turn that is new; without an id each time."""

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.spent(turn("r1"))
            await desk.spent(turn("r1"))
            await asyncio.gather(*(desk.spent(turn(key)) for key in ("r2", "r2", "r3", "r1")))
            await desk.spent(turn(None))
            await desk.spent(turn(None))
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = play
        assert await bench.run() == 0
        assert [event.request_id for event in await recorded(bench)] == ["r1", "r2", "r3", None, None]
        assert (await alpha(bench)).usage == {"input": 5_000, "output": 500}

    async def test_the_same_id_in_another_session_is_another_turn(self, bench: Bench) -> None:
        bench.components = ("Alpha", "Beta")
        bench.plays = dict.fromkeys(("Alpha", "Beta"), spends(turn("r1")))
        assert await bench.run() == 0
        assert len(await recorded(bench)) == 2

    async def test_a_later_engine_knows_what_an_earlier_one_has_counted(self, bench: Bench) -> None:
        """The agent that goes on tells the last turn once more, for it cannot know whether it was counted."""

        async def cut_off(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.spent(turn("r1"))
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        begun = asyncio.Event()
        bench.plays["Alpha"] = cut_off
        async with bench.running():
            await asyncio.wait_for(begun.wait(), MOST_SECONDS)
        bench.plays["Alpha"] = spends(turn("r1"), turn("r2"))
        assert await bench.run() == 0
        assert [event.request_id for event in await recorded(bench)] == ["r1", "r2"]

    async def test_a_retry_gives_nothing_back_and_pays_on(self, bench: Bench) -> None:
        async def fails(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.spent(turn("r1"))
            return Outcome(ok=False, message="no idea")

        bench.plays["Alpha"] = fails
        async with bench.running() as run:
            await run.until(lambda session: session.status is Status.FAILED, "Alpha")
            bench.plays["Alpha"] = spends(turn("r1"), turn("r2"))
            await run.ask(Action.RETRY, "Alpha")
            await run.until(lambda session: session.status is Status.COMPLETE, "Alpha")
        assert [(event.attempt, event.request_id) for event in await recorded(bench)] == [(1, "r1"), (2, "r2")]

    @pytest.mark.parametrize("tokens", [{"input": -1}, {"thinking": 7}])
    async def test_tokens_that_are_none_end_the_session_with_the_reason(
        self, bench: Bench, tokens: dict[str, int]
    ) -> None:
        bench.plays["Alpha"] = spends(turn("r1", **tokens))
        assert await bench.run() == 6
        session = await alpha(bench)
        assert session.usage == {}
        assert next(iter(tokens)) in (session.error_message or "")


class TestLate:
    """What was paid for is paid, whatever has become of the session."""

    @pytest.mark.parametrize("action", [Action.CANCEL, Action.SKIP])
    async def test_the_turn_of_an_agent_that_is_being_ended_counts(self, bench: Bench, action: Action) -> None:
        begun = asyncio.Event()

        async def pays_at_its_end(assignment: Assignment, desk: Desk) -> Outcome:
            try:
                begun.set()
                await asyncio.Event().wait()
            finally:
                await desk.spent(turn("late"))
            raise AssertionError

        bench.plays["Alpha"] = pays_at_its_end
        async with bench.running() as run:
            await asyncio.wait_for(begun.wait(), MOST_SECONDS)
            await run.ask(action, "Alpha")
            ended = await run.until(lambda session: session.phase is None, "Alpha")
            assert ended.usage == {"input": 1_000, "output": 100}
            assert ended.cost_usd == pytest.approx(0.02)
        assert [event.request_id for event in await recorded(bench)] == ["late"]
