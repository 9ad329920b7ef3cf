"""Credentials in the engine: the first refusal pauses all who work with it, and it is no attempt of anybody's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from covey.agents.base import Assignment, CredentialStoppedError, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.credential import GateState
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.testing.agents import ScriptedAgent, scripted, write_least

from .conftest import MOST_SECONDS, Bench, Run

NAME = "COVEY_TEST_KEY"


@dataclass
class Api:
    """What answers an agent: it refuses while `refuses`, and counts those who came."""

    refuses: CredentialStoppedError | None = field(
        default_factory=lambda: CredentialStoppedError(FailureCause.AUTH, "invalid x-api-key")
    )
    asked: list[str] = field(default_factory=list)

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.asked.append(assignment.component.name)
        if self.refuses is not None:
            raise self.refuses.again()
        return await write_least(assignment, desk)


def with_credential(play: Callable[[Assignment, Desk], Awaitable[Outcome]]) -> type[ScriptedAgent]:
    """A scripted agent that works with a credential, behind a gate."""
    agent = scripted(play)
    agent.credential = lambda _: NAME  # type: ignore[attr-defined]
    agent.gates = staticmethod(lambda: (GateState(credential=NAME, allowed=3, at_work=1),))  # type: ignore[attr-defined]
    return agent


class Refused(Bench):
    """A project whose agent `scripted` has a credential, and whose agent `free` has none."""

    api: Api

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"scripted": with_credential(self._play), "free": scripted(self._play)})


@pytest.fixture
def bench(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    monkeypatch.setenv(NAME, "old")
    bench = Refused(tmp_path, extra='[run]\nagent = "scripted"\nmax_sessions = 1\n')
    bench.api = Api()
    bench.plays = dict.fromkeys(("Alpha", "Beta", "Gamma", "Delta"), bench.api.play)
    return bench


def stands_still(session: Session) -> bool:
    return session.phase is Phase.INTERRUPTED and session.pending is not None


def of(events: list[object], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


async def left(run: Run) -> tuple[int, str | None]:
    came = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
    return came.exit_code, came.reason


async def test_the_first_refusal_pauses_all_and_is_nobodys_attempt(bench: Refused) -> None:
    async with bench.running(stay=False) as run:
        code, reason = await left(run)
    assert code == 6
    assert reason == f"{NAME} is refused: invalid x-api-key; set a new key and run covey resume"
    assert bench.api.asked == ["Alpha"]
    paused = of(await bench.events(), e.CredentialPaused)
    assert [(event.credential, event.cause, event.agents, event.run_id) for event in paused] == [
        (NAME, FailureCause.AUTH, ("scripted",), None)
    ]
    tree = await bench.tree()
    alpha, *others = [session for session in tree.sessions.values() if session.session_id]
    assert (alpha.status, alpha.attempt, alpha.phase) == (Status.ACTIVE, 1, Phase.INTERRUPTED)
    assert alpha.pending is not None
    assert {session.phase for session in others} == {Phase.QUEUED}
    assert "old" not in str(paused)


async def test_a_resume_calls_the_same_interaction_again(bench: Refused) -> None:
    async with bench.running() as run:
        was = await run.until(stands_still, "Alpha")
        bench.api.refuses = None
        answer = await run.ask(Action.RESUME)
        assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
        await run.until(lambda root: root.status is Status.COMPLETE)
        alpha = await run.child("Alpha")
    assert alpha.attempt == 1
    interactions = [
        event for event in of(await bench.events(), e.ResultRecorded) if event.interaction_id == was.pending
    ]
    assert [(event.status, event.late) for event in interactions] == [("ok", False)]
    assert bench.api.asked == ["Alpha", "Alpha", "Beta", "Gamma"]
