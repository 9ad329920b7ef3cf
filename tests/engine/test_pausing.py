"""Pauses in the engine: what goes on and what stands still, softly and hard, and what a later engine makes of it."""

import asyncio

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.engine import place_order, run_order
from covey.client.requests import Wish, request_control
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.pause import PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.store.sqlite import open_viewer
from covey.testing.agents import write_least

from .conftest import MOST_SECONDS, Bench, Run, fail

ONE_SLOT = RunOptions(max_sessions=1)
ANOTHER = """
[[context]]
name = "Store"
module = "store"
[[context.component]]
name = "Delta"
module = "store.delta"
"""


class Held:
    """A play that begins, and waits until the test lets it go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.begun.set()
        await self.open.wait()
        return await write_least(assignment, desk)


@pytest.fixture
def held(bench: Bench) -> Held:
    """Alpha, which is first, waits for the test."""
    held = Held()
    bench.plays["Alpha"] = held.play
    return held


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


def between_steps(session: Session) -> bool:
    return session.phase is Phase.RUNNING and session.step == "GenerateComponentDesign" and session.pending is None


async def left(run: Run) -> tuple[int, str | None]:
    """How the engine left by itself."""
    came = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
    return came.exit_code, came.reason


async def ask_later(bench: Bench, action: Action) -> RequestState:
    """Leave a request where no engine lives."""
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        root = (await viewer.roots(viewer.scope))[0]
        (answer,) = await request_control(viewer, bench.root, [root], Wish(action=action))
        return answer.state


def drawn(bench: Bench) -> list[str]:
    """The components that the agent was asked for."""
    return [assignment.component.name for assignment in bench.seen]


class TestSoft:
    """No session starts; those at work go on to their end."""

    async def test_what_works_goes_on_what_waits_does_not_start_and_the_engine_leaves(
        self, bench: Bench, held: Held
    ) -> None:
        async with bench.running(ONE_SLOT, stay=False) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            answer = await run.ask(Action.PAUSE)
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            held.open.set()
            code, reason = await left(run)
        assert (code, drawn(bench)) == (6, ["Alpha"])
        assert reason is not None
        assert reason.startswith("Shop is paused by ")
        assert reason.endswith("; covey resume goes on")
        tree = await bench.tree()
        stood = {child.component: (child.status, child.phase) for child in tree.children(tree.roots()[0].id)}
        assert stood == {
            "Alpha": (Status.COMPLETE, None),
            "Beta": (Status.ACTIVE, Phase.QUEUED),
            "Gamma": (Status.ACTIVE, Phase.QUEUED),
        }

    async def test_a_paused_run_that_is_adopted_stays_paused_until_it_is_resumed(
        self, bench: Bench, held: Held
    ) -> None:
        async with bench.running(ONE_SLOT, stay=False) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE)
            held.open.set()
            assert (await left(run))[0] == 6
        assert await bench.run() == 6
        assert drawn(bench) == ["Alpha"]
        assert await ask_later(bench, Action.RESUME) is RequestState.QUEUED
        assert await bench.run() == 0
        assert drawn(bench) == ["Alpha", "Beta", "Gamma"]

    async def test_resume_lets_everything_go_on(self, bench: Bench, held: Held) -> None:
        async with bench.running(ONE_SLOT) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE)
            held.open.set()
            await run.until(complete, "Alpha")
            answer = await run.ask(Action.RESUME)
            assert answer.changed
            await run.until(complete)
        assert drawn(bench) == ["Alpha", "Beta", "Gamma"]

    async def test_a_retry_in_a_paused_run_waits_for_its_end(self, bench: Bench, held: Held) -> None:
        bench.plays["Gamma"] = fail
        bench.components = ("Alpha", "Gamma")
        async with bench.running(RunOptions(max_sessions=2)) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.until(lambda session: session.status is Status.FAILED, "Gamma")
            await run.ask(Action.PAUSE)
            bench.plays.clear()
            await run.ask(Action.RETRY, "Gamma")
            held.open.set()
            await run.until(complete, "Alpha")
            again = await run.child("Gamma")
            assert (again.attempt, again.phase) == (2, Phase.QUEUED)
            await run.ask(Action.RESUME)
            await run.until(complete)

    async def test_what_waits_can_be_cancelled_and_skipped_meanwhile(self, bench: Bench, held: Held) -> None:
        async with bench.running(ONE_SLOT) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE)
            for name in ("Beta", "Gamma"):
                assert (await run.ask(Action.SKIP, name, reason="not now")).changed
            held.open.set()
            await run.until(complete, "Alpha")
            root = await run.root()
            assert root.paused is not None
            assert (await run.ask(Action.CANCEL)).changed
            await run.until(lambda session: session.status is Status.CANCELLED)


async def retry_failed(bench: Bench) -> None:
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        run = await viewer.run(viewer.scope, (await viewer.roots(viewer.scope))[0].id)
        failed = [session for session in run if session.status is Status.FAILED]
        await request_control(viewer, bench.root, failed, Wish(action=Action.RETRY))


class TestHard:
    """No session takes another step, and its slot is for others."""

    async def test_takes_effect_at_the_end_of_the_step(self, bench: Bench, held: Held) -> None:
        bench.components = ("Alpha",)
        async with bench.running(stay=False) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE, hard=True)
            held.open.set()
            assert (await left(run))[0] == 6
        events = await bench.events()
        paused = next(n for n, event in enumerate(events) if isinstance(event, e.RunPaused))
        assert not [event for event in events[paused:] if isinstance(event, e.CommandIssued)]
        results = [event.step for event in events[paused:] if isinstance(event, e.ResultRecorded)]
        assert results == ["GenerateComponentDesign"], "the step that it was in has ended"
        assert await ask_later(bench, Action.RESUME) is RequestState.QUEUED
        assert await bench.run() == 0
        assert drawn(bench) == ["Alpha"], "and is not done again"

    async def test_the_slot_goes_to_another_run_and_comes_back(self, bench: Bench, held: Held) -> None:
        bench.write_manifest()
        with (bench.root / "covey.toml").open("a") as manifest:
            manifest.write(ANOTHER)
        async with bench.running(ONE_SLOT) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            (other,) = (await place_order(bench.root, run_order("design", ("store",), by="ada"))).begun
            await run.ask(Action.PAUSE, hard=True)
            held.open.set()
            await Run(bench, run.engine, run.viewer, other.run_id or "", run.left).until(complete)
            assert between_steps(await run.child("Alpha"))
            await run.ask(Action.RESUME)
            await run.until(complete)
        assert drawn(bench) == ["Alpha", "Delta", "Beta", "Gamma"]

    async def test_what_stands_still_between_two_steps_can_be_cancelled(self, bench: Bench, held: Held) -> None:
        async with bench.running(ONE_SLOT) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE, hard=True)
            held.open.set()
            await run.until(between_steps, "Alpha")
            assert (await run.ask(Action.CANCEL)).changed
            await run.until(lambda session: session.status is Status.CANCELLED)
        tree = await bench.tree()
        assert {child.status for child in tree.children(tree.roots()[0].id)} == {Status.CANCELLED}

    async def test_a_soft_pause_becomes_hard(self, bench: Bench, held: Held) -> None:
        async with bench.running(ONE_SLOT) as run:
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            await run.ask(Action.PAUSE)
            await run.ask(Action.PAUSE, hard=True)
            held.open.set()
            await run.until(between_steps, "Alpha")
            root = await run.root()
            assert root.paused is not None
            assert root.paused.mode is PauseMode.HARD
            await run.ask(Action.RESUME)
            await run.until(complete)

    async def test_a_pause_that_waited_for_an_engine_holds_before_anything_starts(self, bench: Bench) -> None:
        bench.plays["Alpha"] = fail
        assert await bench.run() == 6
        await retry_failed(bench)
        assert await ask_later(bench, Action.PAUSE) is RequestState.QUEUED
        bench.seen.clear()
        assert await bench.run() == 6
        assert bench.seen == []


class TestRepeatedFailures:
    """More failures of the same cause than the limit, within the window, pause the run once."""

    @pytest.fixture
    def failing(self, bench: Bench) -> Bench:
        bench.components = tuple(f"C{number}" for number in range(6))
        bench.plays = dict.fromkeys(bench.components, fail)
        bench.extra = '[run]\nagent = "scripted"\nmax_sessions = 1\nretry_limit = 2\n'
        return bench

    async def test_the_run_is_paused_and_asks_once(self, failing: Bench) -> None:
        assert await failing.run() == 6
        assert drawn(failing) == ["C0", "C1", "C2"]
        paused = [event for event in await failing.events() if isinstance(event, e.RunPaused)]
        assert [(event.kind, event.mode, event.by) for event in paused] == [
            (PauseKind.REPEATED_FAILURES, PauseMode.SOFT, "covey")
        ]
        assert paused[0].cause == "3 sessions failed within 10m: agent"

    async def test_resume_goes_on_and_counts_anew(self, failing: Bench) -> None:
        assert await failing.run() == 6
        assert await ask_later(failing, Action.RESUME) is RequestState.QUEUED
        failing.plays["C5"] = write_least
        assert await failing.run() == 6
        assert drawn(failing) == ["C0", "C1", "C2", "C3", "C4", "C5"]
        assert len([event for event in await failing.events() if isinstance(event, e.RunPaused)]) == 1

    async def test_a_later_engine_goes_on_counting(self, failing: Bench) -> None:
        held = Held()
        failing.plays["C2"] = held.play
        async with failing.running():
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
        failing.plays["C2"] = fail
        assert await failing.run() == 6
        assert drawn(failing) == ["C0", "C1", "C2", "C2"]
        assert len([event for event in await failing.events() if isinstance(event, e.RunPaused)]) == 1

    async def test_fewer_than_that_pause_nothing(self, failing: Bench) -> None:
        for name in ("C0", "C2", "C3", "C5"):
            failing.plays[name] = write_least
        assert await failing.run() == 6
        assert len(drawn(failing)) == 6
        assert not [event for event in await failing.events() if isinstance(event, e.RunPaused)]
