"""The engine as a process of its own, here inside this one: with a hand on its clock, it leaves when it should."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.client.engine import place_order, run_order
from covey.client.presence import watching
from covey.client.requests import Wish, request_control
from covey.engine.daemon import serve
from covey.engine.patience import FIRST_ORDER_SECONDS
from covey.errors import ConfigError
from covey.model import events as e
from covey.model.control import Action
from covey.model.outcome import How
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.model.tree import SessionTree
from covey.store.lock import engine_lives
from covey.store.sqlite import Viewer, open_viewer
from covey.testing.clock import FakeClock

from .conftest import MOST_SECONDS, Bench, fail

IDLE_EXIT = 600.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@contextlib.asynccontextmanager
async def serving(bench: Bench, clock: FakeClock) -> AsyncIterator["asyncio.Task"]:
    """The engine at work beside the block, ended by its own signal if it is still there."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(serve(bench.root, bench.registry, clock))
        try:
            yield task
        finally:
            if not task.done():
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.wait({task})


async def leaves(task: "asyncio.Task") -> str | None:
    return (await asyncio.wait_for(asyncio.shield(task), MOST_SECONDS)).reason


@contextlib.asynccontextmanager
async def at_work(bench: Bench) -> AsyncIterator[Viewer]:
    """A viewer, once the engine is there."""
    await asyncio.wait_for(_is_there(bench), MOST_SECONDS)
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        yield viewer


async def _is_there(bench: Bench) -> None:
    while True:
        async with open_viewer(bench.root) as viewer:
            if viewer is not None and await viewer.living_engine() is not None:
                return


async def root_until(viewer: Viewer, phase: Phase | None, status: Status = Status.ACTIVE) -> Session:
    async with asyncio.timeout(MOST_SECONDS), viewer.feed() as feed:
        while True:
            roots = await viewer.roots(viewer.scope)
            if roots and (roots[-1].phase, roots[-1].status) == (phase, status):
                return roots[-1]
            await feed.changed()


async def order(bench: Bench, *contexts: str) -> How:
    placed = await asyncio.wait_for(place_order(bench.root, run_order("design", contexts, by="ada")), MOST_SECONDS)
    return placed.begun[0].how


class TestLeaving:
    """It leaves by itself when nothing is left to do, and never before."""

    async def test_when_all_its_runs_have_ended(self, bench: Bench, clock: FakeClock) -> None:
        bench.write_manifest()
        async with serving(bench, clock) as task, at_work(bench):
            assert await order(bench, "shop") is How.STARTED
            assert await leaves(task) is None
        tree = await bench.tree()
        assert {session.status for session in tree.sessions.values()} == {Status.COMPLETE}
        assert not engine_lives(bench.root / ".covey")
        (stopped,) = [event for event in await bench.events() if isinstance(event, e.EngineStopped)]
        assert stopped.reason == "all runs were left"

    async def test_when_all_is_blocked_and_nobody_has_watched_for_a_while(self, bench: Bench, clock: FakeClock) -> None:
        bench.write_manifest()
        bench.plays["Beta"] = fail
        async with serving(bench, clock) as task, at_work(bench) as viewer:
            await order(bench, "shop")
            root = await root_until(viewer, Phase.BLOCKED)
            async with watching(bench.root, clock):
                clock.advance(IDLE_EXIT)
                await self._has_looked(bench, viewer, root)
                assert not task.done()
            clock.advance(IDLE_EXIT)
            await leaves(task)
        (root,) = (await bench.tree()).roots()
        assert (root.status, root.phase) == (Status.ACTIVE, Phase.BLOCKED), "what blocks it is still to be seen"

    async def _has_looked(self, bench: Bench, viewer: Viewer, root: Session) -> None:
        """The engine has gone round once more since: it has decided a request."""
        (answer,) = await request_control(viewer, bench.root, [root], Wish(action=Action.SKIP, reason="no"))
        assert answer.changed is False

    async def test_when_it_never_gets_an_order(self, bench: Bench, clock: FakeClock) -> None:
        bench.write_manifest()
        async with serving(bench, clock) as task, at_work(bench):
            assert not task.done()
            clock.advance(FIRST_ORDER_SECONDS)
            await leaves(task)
        assert (await bench.tree()).roots() == []

    async def test_when_its_only_order_was_refused(self, bench: Bench, clock: FakeClock) -> None:
        bench.write_manifest()
        async with serving(bench, clock) as task, at_work(bench):
            with pytest.raises(Exception, match="unknown"):
                await order(bench, "unknown")
            await leaves(task)

    async def test_a_signal_ends_its_work_for_now(
        self, bench: Bench, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.write_manifest()
        bench.plays["Beta"] = fail
        caplog.set_level(logging.INFO, "covey")
        async with serving(bench, clock) as task, at_work(bench) as viewer:
            await order(bench, "shop")
            await root_until(viewer, Phase.BLOCKED)
            os.kill(os.getpid(), signal.SIGHUP)
            (root,) = await viewer.roots(viewer.scope)
            await self._has_looked(bench, viewer, root)
            assert not task.done(), "a terminal that is closed is nothing to it"
            os.kill(os.getpid(), signal.SIGTERM)
            assert await leaves(task) == "terminated (SIGTERM)"
        (stopped,) = [event for event in await bench.events() if isinstance(event, e.RunStopped)]
        assert stopped.reason == "terminated (SIGTERM)"
        said = [record.getMessage() for record in caplog.records if record.name.startswith("covey.engine")]
        assert said[0].startswith(f"engine {os.getpid()} of covey ")
        assert said[1].startswith("design Shop: started ")
        assert said[-1] == f"engine {os.getpid()} leaves: terminated (SIGTERM)"


class TestGoingOn:
    """What it goes on with: what was ordered, and what a request that waited has set going."""

    @pytest.mark.parametrize("action", [Action.RETRY, Action.SKIP])
    async def test_a_request_that_waited(self, bench: Bench, clock: FakeClock, action: Action) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        bench.plays.clear()
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            (root,) = await viewer.roots(viewer.scope)
            beta = SessionTree(await viewer.run(viewer.scope, root.id)).children(root.id)[1]
            await request_control(viewer, bench.root, [beta], Wish(action=action, reason="later"))
        async with serving(bench, clock) as task:
            await leaves(task)
        tree = await bench.tree()
        assert tree.roots()[0].status is Status.COMPLETE
        wanted = Status.COMPLETE if action is Action.RETRY else Status.SKIPPED
        assert tree.sessions[beta.id].status is wanted

    async def test_unfinished_runs_that_nobody_asks_for_are_left_alone(self, bench: Bench, clock: FakeClock) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        before = len(await bench.events())
        async with serving(bench, clock) as task, at_work(bench):
            clock.advance(FIRST_ORDER_SECONDS)
            await leaves(task)
        new = (await bench.events())[before:]
        assert [type(event) for event in new] == [e.EngineStarted, e.EngineStopped]

    async def test_a_skip_in_a_run_that_was_stopped_at_work_does_not_set_it_going(
        self, bench: Bench, clock: FakeClock
    ) -> None:
        began = asyncio.Event()

        async def wait(*_: object) -> None:
            began.set()
            await asyncio.Event().wait()

        bench.plays = {"Alpha": wait, "Beta": fail}  # type: ignore[dict-item]
        async with bench.running() as run:
            await began.wait()
            await run.until(lambda session: session.status is Status.FAILED, "Beta")
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            (root,) = await viewer.roots(viewer.scope)
            beta = SessionTree(await viewer.run(viewer.scope, root.id)).children(root.id)[1]
            await request_control(viewer, bench.root, [beta], Wish(action=Action.SKIP, reason="later"))
        async with serving(bench, clock) as task, at_work(bench):
            clock.advance(FIRST_ORDER_SECONDS)
            await leaves(task)
        assert (await bench.tree()).roots()[0].phase is Phase.INTERRUPTED


class TestStarting:
    """What keeps it from starting is an error of its own."""

    async def test_a_manifest_with_mistakes(self, bench: Bench, clock: FakeClock) -> None:
        (bench.root / "covey.toml").write_text("nonsense = 1\n")
        with pytest.raises(ConfigError):
            await serve(bench.root, bench.registry, clock)
        assert not Path(bench.root / ".covey").exists()
