"""Questions that an agent has ceased to wait for: it works on, and they stand until it asks another or ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.requests import Wish, request_control
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.testing.agents import write_least

from .conftest import MOST_SECONDS, Bench, Run
from .talking import QUESTION, Talkative, Turning

OTHER = "which ones?"
ONE_SLOT = RunOptions(max_sessions=1)


class Impatient:
    """A play that asks, ceases to wait once it is told to, and then, told once more, does something else."""

    def __init__(self, then: Callable[[Desk], Awaitable[object]]) -> None:
        self.then = then
        self.is_enough = asyncio.Event()
        self.has_ceased = asyncio.Event()
        self.go_on = asyncio.Event()
        self.came: object = None

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        asked = asyncio.create_task(desk.ask(QUESTION))
        await self.is_enough.wait()
        asked.cancel()
        await asyncio.wait({asked})
        self.has_ceased.set()
        await self.go_on.wait()
        self.came = await self.then(desk)
        return await write_least(assignment, desk)

    async def ceases(self) -> None:
        """Have it wait no longer."""
        self.is_enough.set()
        await asyncio.wait_for(self.has_ceased.wait(), MOST_SECONDS)


@pytest.fixture
def bench(tmp_path: Path) -> Talkative:
    return Talkative(tmp_path, ("Alpha", "Beta"))


def asks(session: Session) -> bool:
    return session.phase is Phase.ASKING


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


async def questions(bench: Bench) -> list[str]:
    return [event.question for event in await bench.events() if isinstance(event, e.QuestionAsked)]


@contextlib.asynccontextmanager
async def answered_after_all(bench: Bench, alpha: Impatient) -> AsyncIterator[Run]:
    """A run in which Alpha's question is answered once it has ceased to wait for that; then it goes on."""
    bench.plays["Alpha"] = alpha.play
    async with bench.running() as run:
        await run.until(asks, "Alpha")
        await alpha.ceases()
        assert (await run.ask(Action.MESSAGE, "Alpha", message="cents")).changed
        alpha.go_on.set()
        yield run


async def returns(_: Desk) -> None:
    """It has nothing else to do."""


async def takes_a_turn(desk: Desk) -> None:
    await desk.before_turn()


async def asks_again(desk: Desk) -> str:
    return await desk.ask(QUESTION)


@pytest.mark.parametrize(("does", "answers"), [(takes_a_turn, ()), (asks_again, ("cents",))])
async def test_its_next_turn_waits_for_a_slot_and_so_does_an_answer_that_is_there(
    bench: Bench, does: Callable[[Desk], Awaitable[object]], answers: tuple[str, ...]
) -> None:
    beta = Turning()

    async def goes_on(desk: Desk) -> bool:
        await does(desk)
        return beta.over

    alpha = Impatient(goes_on)
    bench.plays = {"Alpha": alpha.play, "Beta": beta.play}
    async with bench.running(ONE_SLOT) as run:
        await run.until(asks, "Alpha")
        await beta.began()
        await alpha.ceases()
        for answer in answers:
            assert (await run.ask(Action.MESSAGE, "Alpha", message=answer)).changed
        alpha.go_on.set()
        assert (await run.ask(Action.MESSAGE, "Beta", message="take your time")).changed
        beta.end()
        await run.until(complete)
    assert alpha.came is True


async def test_an_answer_after_all_does_not_keep_it_from_its_next_turn(bench: Bench) -> None:
    begun, is_enough = asyncio.Event(), asyncio.Event()

    async def takes_a_long_turn(desk: Desk) -> None:
        await desk.before_turn()
        begun.set()
        await is_enough.wait()

    async with answered_after_all(bench, Impatient(takes_a_long_turn)) as run:
        await asyncio.wait_for(begun.wait(), MOST_SECONDS)
        assert (await run.child("Alpha")).phase is Phase.RUNNING
        is_enough.set()
        assert (await run.until(complete, "Alpha")).messages == ()


@pytest.mark.parametrize(("then", "came"), [(returns, None), (asks_again, "cents")])
async def test_an_answer_after_all_is_for_who_asks_again_and_does_no_harm_to_others(
    bench: Bench, then: Callable[[Desk], Awaitable[object]], came: object
) -> None:
    alpha = Impatient(then)
    async with answered_after_all(bench, alpha) as run:
        assert (await run.until(complete, "Alpha")).attempt == 1
    assert (alpha.came, await questions(bench)) == (came, [QUESTION])


async def test_asked_again_in_the_same_words_it_is_the_same_question(bench: Bench) -> None:
    alpha = Impatient(asks_again)
    bench.plays["Alpha"] = alpha.play
    async with bench.running() as run:
        await run.until(asks, "Alpha")
        await alpha.ceases()
        alpha.go_on.set()
        assert (await run.ask(Action.MESSAGE, "Alpha", message="cents")).changed
        await run.until(complete, "Alpha")
    assert (alpha.came, await questions(bench)) == ("cents", [QUESTION])


@pytest.mark.parametrize("is_answered", [False, True])
async def test_another_question_takes_its_place(bench: Bench, is_answered: bool) -> None:  # noqa: FBT001 - a case
    alpha = Impatient(lambda desk: desk.ask(OTHER))
    bench.plays["Alpha"] = alpha.play
    async with bench.running() as run:
        old = await run.until(asks, "Alpha")
        await alpha.ceases()
        if is_answered:
            assert (await run.ask(Action.MESSAGE, "Alpha", message="cents")).changed
        alpha.go_on.set()
        await run.until(lambda session: session.question == OTHER, "Alpha")
        wish = Wish(action=Action.MESSAGE, message="cents")
        (late,) = await request_control(run.viewer, bench.root, [old], wish, wait_seconds=MOST_SECONDS)
        assert (late.state, late.reason) == (
            RequestState.REFUSED,
            f"it changed meanwhile: it asks by now: {OTHER}",
        )
        assert (await run.ask(Action.MESSAGE, "Alpha", message="all of them")).changed
        await run.until(complete, "Alpha")
    assert (alpha.came, await questions(bench)) == ("all of them", [QUESTION, OTHER])


async def test_who_asks_beside_its_turns_takes_one_slot(bench: Bench) -> None:
    beta, go_on = Turning(), asyncio.Event()

    async def asks_beside_its_turns(assignment: Assignment, desk: Desk) -> Outcome:
        asked = asyncio.create_task(desk.ask(QUESTION))
        await go_on.wait()
        await asyncio.gather(asked, desk.before_turn())
        return await write_least(assignment, desk)

    bench.plays = {"Alpha": asks_beside_its_turns, "Beta": beta.play}
    async with bench.running(ONE_SLOT) as run:
        await run.until(asks, "Alpha")
        await beta.began()
        assert (await run.ask(Action.MESSAGE, "Alpha", message="cents")).changed
        go_on.set()
        assert (await run.ask(Action.MESSAGE, "Beta", message="take your time")).changed
        beta.end()
        await run.until(complete)
