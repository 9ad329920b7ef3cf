"""Credentials in the engine: the first refusal pauses all who work with it, and it is no attempt of anybody's."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from covey.agents.base import Assignment, CredentialStoppedError, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.client.engine import run_order
from covey.client.renewing import renewed
from covey.client.requests import Wish, request_control
from covey.engine.credentials import Credentials
from covey.engine.runs import RunOptions
from covey.engine.turns import Bench as EngineBench
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.credential import GateState, used_at
from covey.model.events import Entry
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.projects.manifest import find_contexts, load_project
from covey.store.base import Committed
from covey.store.sqlite import open_viewer
from covey.testing.agents import ScriptedAgent, scripted, write_least
from covey.testing.clock import FakeClock
from tests.model.strategies import created

from .conftest import MOST_SECONDS, Bench, Run

NAME = "COVEY_TEST_KEY"
ELSEWHERE = used_at(NAME, "gateway.example")
ANOTHER = """
[[context]]
name = "Store"
module = "store"
[[context.component]]
name = "Delta"
module = "store.delta"
"""


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


def with_credential(play: Callable[[Assignment, Desk], Awaitable[Outcome]], name: str = NAME) -> type[ScriptedAgent]:
    """A scripted agent that works with a credential, behind a gate."""
    agent = scripted(play)
    agent.credential = lambda _: name  # type: ignore[attr-defined]
    agent.gates = staticmethod(lambda: (GateState(credential=NAME, allowed=3, at_work=1),))  # type: ignore[attr-defined]
    return agent


class Refused(Bench):
    """A project whose agent `scripted` has a credential, and whose agent `free` has none."""

    api: Api
    name: str = NAME

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"scripted": with_credential(self._play, self.name), "free": scripted(self._play)})


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    monkeypatch.setenv(NAME, "old")
    bench = Refused(tmp_path, ("Alpha", "Beta"), extra='[run]\nagent = "scripted"\nmax_sessions = 1\n')
    bench.api = Api()
    bench.plays = dict.fromkeys(("Alpha", "Beta", "Delta"), bench.api.play)
    return bench


def stands_still(session: Session) -> bool:
    return session.phase is Phase.INTERRUPTED and session.pending is not None


def of(events: list[object], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


async def left(run: Run) -> tuple[int, str | None]:
    came = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
    return came.exit_code, came.reason


@contextlib.asynccontextmanager
async def both(bench: Refused, agent: str | None = None) -> AsyncIterator[tuple[Run, Run]]:
    """Two runs of one engine; the second one's agent may be another."""
    (bench.root / "covey.toml").unlink(missing_ok=True)
    bench.write_manifest()
    with (bench.root / "covey.toml").open("a") as manifest:
        manifest.write(ANOTHER)
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        contexts = find_contexts(load_project(bench.root, bench.registry), ("Store",))
        (begun,) = await run.engine.begin("design", contexts, RunOptions(agent=agent))
        yield run, Run(bench, run.engine, run.viewer, begun.run_id or "", run.left)


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


async def test_it_is_news_in_the_log_and_no_warning(bench: Refused, caplog: pytest.LogCaptureFixture) -> None:
    """A command that is its own engine would print a warning beside the line of the event."""
    caplog.set_level(logging.INFO, "covey")
    assert await bench.run() == 6
    told = [(each.levelname, each.getMessage()) for each in caplog.records if NAME in each.getMessage()]
    assert told == [("INFO", f"{NAME} is paused: invalid x-api-key")]


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
    assert bench.api.asked == ["Alpha", "Alpha", "Beta"]


async def test_one_refusal_is_asked_about_once_and_the_other_run_waits_for_it_too(bench: Refused) -> None:
    async with both(bench) as (run, other):
        await run.until(stands_still, "Alpha")
        await other.until(lambda session: session.phase is Phase.QUEUED, "Delta")
        bench.api.refuses = None
        assert (await run.ask(Action.RESUME)).changed
        await other.until(lambda root: root.status is Status.COMPLETE)
        await run.until(lambda root: root.status is Status.COMPLETE)
    events = await bench.events()
    assert len(of(events, e.CredentialPaused)) == len(of(events, e.CredentialResumed)) == 1


async def test_those_of_other_agents_go_on(bench: Refused) -> None:
    async with both(bench, agent="free") as (run, other):
        await run.until(stands_still, "Alpha")
        bench.plays["Delta"] = write_least
        await other.until(lambda root: root.status is Status.COMPLETE)
        assert (await run.child("Beta")).phase is Phase.QUEUED
    assert bench.api.asked == ["Alpha"]


async def test_another_agent_may_do_the_work_instead(bench: Refused) -> None:
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        bench.api.refuses = None
        contexts = find_contexts(load_project(bench.root, bench.registry), ("Shop",))
        await run.engine.begin("design", contexts, RunOptions(agent="free"))
        await run.until(lambda root: root.status is Status.COMPLETE)
    assert of(await bench.events(), e.CredentialResumed) == []


async def test_a_refusal_of_one_that_was_left_out_of_the_manifest_meanwhile_is_nobodys_attempt_either(
    bench: Refused,
) -> None:
    called, left_out = asyncio.Event(), asyncio.Event()
    order = run_order("design", ("shop",), agent="mine", by="ada")

    async def refused_late(assignment: Assignment, desk: Desk) -> Outcome:
        called.set()
        await left_out.wait()
        bench.plays["Alpha"] = write_least
        raise CredentialStoppedError(FailureCause.AUTH, "invalid x-api-key")

    bench.plays["Alpha"], bench.api.refuses = refused_late, None
    bench.extra += '[agents.mine]\nkind = "scripted"\n'
    async with bench.running(RunOptions(agent="mine")) as run:
        await asyncio.wait_for(called.wait(), MOST_SECONDS)
        manifest = bench.root / "covey.toml"
        before = manifest.read_text()
        manifest.write_text(before.replace("[agents.mine]", "[agents.another]"))
        with pytest.raises(UsageError, match='no agent "mine"'):
            await run.engine.runs.begin_ordered(order)
        left_out.set()
        await run.until(stands_still, "Alpha")
        manifest.write_text(before)
        await run.engine.runs.begin_ordered(order)
        assert (await run.ask(Action.RESUME)).changed
        await run.until(lambda root: root.status is Status.COMPLETE)
        assert (await run.child("Alpha")).attempt == 1
    assert [(event.credential, event.agents) for event in of(await bench.events(), e.CredentialPaused)] == [
        ("mine", ("mine",))
    ]


@pytest.mark.parametrize(("action", "status"), [(Action.CANCEL, Status.CANCELLED), (Action.SKIP, Status.SKIPPED)])
async def test_a_session_that_waits_for_a_credential_can_be_ended(
    bench: Refused, action: Action, status: Status
) -> None:
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        assert (await run.ask(action, "Alpha")).changed
        ended = await run.until(lambda session: session.pending is None, "Alpha")
        assert ended.status is status
        assert (await run.ask(Action.UNDO)).changed
        bench.api.refuses = None
        await run.ask(Action.RESUME)
        await run.until(lambda root: root.status is Status.COMPLETE)
        assert (await run.child("Alpha")).attempt == 2


async def test_a_retry_of_one_that_waits_begins_a_new_attempt_which_waits_as_well(bench: Refused) -> None:
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        assert (await run.ask(Action.RETRY, "Alpha")).changed
        again = await run.until(lambda session: session.attempt == 2, "Alpha")
        assert again.phase is Phase.QUEUED
        bench.api.refuses = None
        await run.ask(Action.RESUME)
        await run.until(lambda root: root.status is Status.COMPLETE)
    assert bench.api.asked == ["Alpha", "Alpha", "Beta"]


async def test_a_pause_of_the_run_beside_it_holds_what_the_resume_lets_go(bench: Refused) -> None:
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        assert (await run.ask(Action.PAUSE, hard=True)).changed
        bench.api.refuses = None
        answer = await run.ask(Action.RESUME)  # of both
        assert answer.changed
        await run.until(lambda root: root.status is Status.COMPLETE)


async def test_it_goes_on_by_itself_once_its_limit_is_over(bench: Refused) -> None:
    bench.clock = clock = FakeClock()
    over = clock.now() + timedelta(hours=1)
    bench.api.refuses = CredentialStoppedError(FailureCause.RATE_LIMIT, "used up", over)
    async with bench.running(stay=False) as run:
        await run.until(stands_still, "Alpha")
        bench.api.refuses = None
        credentials = run.engine.runtime.holds.credentials
        clock.advance(3_599)
        await credentials.look()
        assert list(credentials.paused) == [NAME]
        clock.advance(1)
        assert (await left(run))[0] == 0
    events = await bench.events()
    (paused,), (resumed,) = of(events, e.CredentialPaused), of(events, e.CredentialResumed)
    assert (paused.by_itself, paused.resets_at) == (True, over)
    assert (resumed.at, resumed.reason) == (over, "its limit is over")


async def test_told_not_to_it_waits_for_a_human(bench: Refused) -> None:
    bench.extra += "auto_resume = false\n"
    soon = datetime.now(UTC) + timedelta(seconds=0.01)
    bench.api.refuses = CredentialStoppedError(FailureCause.RATE_LIMIT, "used up", soon + timedelta(hours=1))
    async with bench.running(stay=False) as run:
        code, reason = await left(run)
    assert code == 6
    assert reason is not None
    assert "COVEY_TEST_KEY has reached its limit: used up; it is over at" in reason


class TestOfALaterEngine:
    """What an engine makes of a credential that was paused before it came, however its predecessor ended."""

    async def test_with_the_same_value_nobody_is_asked_again(self, bench: Refused) -> None:
        assert await bench.run() == 6
        assert await bench.run() == 6
        assert bench.api.asked == ["Alpha"]

    async def test_with_another_value_it_goes_on_by_itself(
        self, bench: Refused, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert await bench.run() == 6
        monkeypatch.setenv(NAME, "new")
        bench.api.refuses = None
        assert await bench.run() == 0
        (resumed,) = of(await bench.events(), e.CredentialResumed)
        assert resumed.reason == "it has another value in the environment of this engine"

    async def test_where_it_is_used_is_no_part_of_the_variable(
        self, bench: Refused, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.name = ELSEWHERE
        assert await bench.run() == 6
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            (root,) = await viewer.roots(viewer.scope)
            assert await renewed(viewer, root, {NAME: "old"}) == ()
            assert await renewed(viewer, root, {NAME: "new"}) == (NAME,)
        assert await bench.run() == 6
        monkeypatch.setenv(NAME, "new")
        bench.api.refuses = None
        assert await bench.run() == 0

    async def test_without_any_value_it_stays_as_it_is(self, bench: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
        assert await bench.run() == 6
        monkeypatch.delenv(NAME)
        assert await bench.run() == 6
        assert bench.api.asked == ["Alpha"]

    async def test_a_resume_that_was_left_for_it_wakes_the_run(self, bench: Refused) -> None:
        assert await bench.run() == 6
        bench.api.refuses = None
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            root = (await viewer.roots(viewer.scope))[0]
            (answer,) = await request_control(viewer, bench.root, [root], Wish(action=Action.RESUME))
            assert answer.state is RequestState.QUEUED
        async with bench.engine() as engine:
            await engine.runs.adopt_woken()
            await asyncio.wait_for(engine.until_left(), MOST_SECONDS)
        assert {session.status for session in (await bench.tree()).sessions.values()} == {Status.COMPLETE}


async def test_the_gates_of_agents_stand_in_the_engines_row(bench: Refused) -> None:
    async with bench.running() as run:
        await run.until(stands_still, "Alpha")
        await run.engine.runtime.holds.credentials.look()
        row = await run.viewer.engine()
        assert row is not None
        assert row.gates == (GateState(credential=NAME, allowed=3, at_work=1),)


def test_of_two_pauses_the_one_that_asks_is_what_its_agents_meet() -> None:
    row = apply(None, created("a", "root"))
    assert row is not None
    limited = e.CredentialPaused(
        at=row.updated_at,
        credential="A_KEY",
        cause=FailureCause.RATE_LIMIT,
        reason="used up",
        agents=(row.agent,),
        by_itself=True,
        by="covey",
    )
    refused = replace(limited, credential="B_KEY", cause=FailureCause.AUTH, reason="not valid", by_itself=False)
    credentials = Credentials(cast("EngineBench", None), lambda _: None, tuple, lambda: None)
    credentials.know(Committed((Entry(1, limited),), {row.id: row}))
    assert not credentials.asks_for(row.id)
    credentials.know(Committed((Entry(2, refused),), {}))
    assert credentials.asks_for(row.id)
    assert credentials.why(row.id) == "B_KEY is paused: not valid"
    assert credentials.error(row.id).cause is FailureCause.AUTH
