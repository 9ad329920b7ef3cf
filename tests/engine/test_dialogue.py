"""What agents and humans say to each other through an engine: messages, questions, and pauses between two turns."""

import asyncio
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.control import Action, RequestState
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.testing.agents import scripted, write_least

from .conftest import MOST_SECONDS, Bench, Run

ONE_SLOT = RunOptions(max_sessions=1)
QUESTION = "euros or cents?"


class Talkative(Bench):
    """A bench whose agent works in turns, and takes messages."""

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"scripted": scripted(self._play, {Ability.TURNS, Ability.MESSAGES})})


class Turning:
    """A play that takes a turn whenever the test lets it, and notes what it is told; it ends once it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.taken = asyncio.Semaphore(0)
        self.next = asyncio.Semaphore(0)
        self.over = False

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        while not self.over:
            self.heard.append(await desk.before_turn())
            self.taken.release()
            await self.next.acquire()
        return await write_least(assignment, desk)

    async def began(self) -> None:
        """Wait until it has begun a turn."""
        await asyncio.wait_for(self.taken.acquire(), MOST_SECONDS)

    def go_on(self) -> None:
        """Let it end the turn, and begin the next."""
        self.next.release()

    def end(self) -> None:
        """Let it end the turn, and its work."""
        self.over = True
        self.next.release()


class Asking:
    """A play that asks, and writes down what it is answered."""

    def __init__(self, *questions: str) -> None:
        self.questions = questions or (QUESTION,)
        self.answers: list[str] = []
        self.began = 0

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.began += 1
        for question in self.questions:
            self.answers.append(await desk.ask(question))
        return await write_least(assignment, desk)


@pytest.fixture
def bench(tmp_path: Path) -> Talkative:
    return Talkative(tmp_path)


def asks(session: Session) -> bool:
    return session.phase is Phase.ASKING


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


async def told(bench: Bench, kind: type[e.Event]) -> list[e.Event]:
    return [event for event in await bench.events() if isinstance(event, kind)]


async def transcript(run: Run, name: str) -> str:
    rows = await run.viewer.transcript((await run.child(name)).id, 1)
    return "".join(row.text for row in rows)


class TestAbilities:
    """What an agent can do is on the session from the moment it starts."""

    async def test_they_are_recorded_as_a_session_starts(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            assert (await run.child("Alpha")).abilities == (Ability.TURNS, Ability.MESSAGES)
            assert (await run.root()).abilities == ()
            turning.end()


class TestMessages:
    """A message is taken once, and handed over once, before the agent's next turn."""

    async def test_it_is_handed_over_at_the_next_turn_once(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            first = await run.ask(Action.MESSAGE, "Alpha", message="use cents")
            await run.ask(Action.MESSAGE, "Alpha", message="and no floats")
            assert (first.state, first.changed) == (RequestState.SETTLED, True)
            turning.go_on()
            await turning.began()
            turning.go_on()
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
            said = await transcript(run, "Alpha")
        assert turning.heard == [(), ("use cents", "and no floats"), ()]
        assert said.count("use cents") == 1
        assert [event.message for event in await told(bench, e.MessageSent)] == ["use cents", "and no floats"]
        assert [len(event.message_ids) for event in await told(bench, e.MessageDelivered)] == [2]

    async def test_one_that_was_taken_and_not_handed_over_comes_with_the_next_engine(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            await run.ask(Action.MESSAGE, "Alpha", message="use cents")
        async with bench.running() as run:
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
            assert (await run.child("Alpha")).messages == ()
        assert turning.heard == [(), ("use cents",)]


class TestQuestions:
    """An agent that asks waits, without a slot, until somebody has answered."""

    async def test_its_slot_is_for_others_and_the_answer_lets_it_go_on(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        async with bench.running(ONE_SLOT) as run:
            session = await run.until(asks, "Alpha")
            assert (session.question, session.status) == (QUESTION, Status.ACTIVE)
            await run.until(complete, "Gamma")
            answer = await run.ask(Action.MESSAGE, "Alpha", message="cents")
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            after = await run.until(complete, "Alpha")
            assert (after.question, after.messages) == (None, ())
            said = await transcript(run, "Alpha")
        assert asking.answers == ["cents"]
        assert (said.count(QUESTION), said.count(": cents")) == (1, 1)

    async def test_a_run_that_only_asks_is_left_and_the_answer_waits_for_the_next_engine(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        assert await bench.run() == 6
        tree = await bench.tree()
        child = tree.children(tree.roots()[0].id)[0]
        assert (child.phase, child.question) == (Phase.ASKING, QUESTION)
        assert await bench.run() == 6
        assert asking.began == 1
        await bench.leave(child.id, Action.MESSAGE, message="cents")
        assert await bench.run() == 0
        assert (asking.began, asking.answers) == (2, ["cents"])
        assert len(await told(bench, e.QuestionAsked)) == 1


class TestHardPause:
    """With turns, a hard pause takes effect at the next turn; without, at the end of the step."""

    async def test_it_takes_effect_at_the_next_turn(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running(ONE_SLOT) as run:
            await turning.began()
            await run.ask(Action.PAUSE, hard=True)
            assert (await run.child("Alpha")).phase is Phase.RUNNING
            turning.go_on()
            paused = await run.until(lambda session: session.phase is Phase.QUEUED, "Alpha")
            assert paused.pending is not None
            await run.ask(Action.RESUME)
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
