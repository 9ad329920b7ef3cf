"""Agents that talk: a bench whose agent works in turns and takes messages, and what it does there."""

import asyncio

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.model.ability import Ability
from covey.testing.agents import scripted, write_least

from .conftest import MOST_SECONDS, Bench

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
