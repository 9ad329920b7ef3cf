"""Repeated failures, by a clock in the test's hand: what counts, for how long, and from when on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.engine.failures import RepeatedFailures
from covey.engine.turns import Bench
from covey.model import events as e
from covey.model.ids import new_id
from covey.model.session import Session, about
from covey.model.status import FailureCause
from covey.workflows.registry import WORKFLOWS
from tests.family import Family, open_family

WINDOW = 600.0


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    async with open_family(tmp_path) as opened:
        await opened.declare(*(f"C{number}" for number in range(8)))
        yield opened


class Watch:
    """A run whose children fail when the test says so; more than two failures within ten minutes are too many."""

    def __init__(self, family: Family, root: Session) -> None:
        self.family = family
        self.root = root
        self.count = 0
        self.limit = 2
        self.failures = self._counting()

    def _counting(self) -> RepeatedFailures:
        tools = self.family.tools(retry_limit=self.limit, retry_window=WINDOW)
        return RepeatedFailures(Bench(self.family.scope, self.family.store, WORKFLOWS, tools))

    def another_engine(self) -> None:
        """Whoever counts from here on has seen nothing of what was before."""
        self.failures = self._counting()

    async def fails(self, *causes: FailureCause) -> None:
        """A child after the other fails, by default one of an error; then it is looked whether that was too often."""
        for cause in causes or (FailureCause.AGENT_ERROR,):
            await self._fails(cause)
        await self.failures.look()

    async def _fails(self, cause: FailureCause) -> None:
        of = [each for each in self.family.components.values() if each.name != "Shop"][self.count]
        self.count += 1
        child = await self.family.child(self.root, of)
        event = e.SessionFailed(at=self.family.clock.now(), **about(child), cause=cause, reason="no idea")
        committed = await self.family.happen(event)
        self.failures.know(entry.event for entry in committed.entries)

    async def resume(self) -> None:
        event = e.RunResumed(at=self.family.clock.now(), **about(self.root), by="ada", decision_id=new_id())
        committed = await self.family.happen(event)
        self.failures.know(entry.event for entry in committed.entries)

    async def cause(self) -> str | None:
        paused = (await self.family.now(self.root)).paused
        return paused.cause if paused else None


@pytest.fixture
async def watch(family: Family) -> Watch:
    return Watch(family, await family.parent())


async def test_more_than_the_limit_pause_the_run(watch: Watch) -> None:
    for _ in range(2):
        await watch.fails()
        assert await watch.cause() is None
    await watch.fails()
    assert await watch.cause() == "3 sessions failed within 10m: agent"
    await watch.fails()
    assert sum(isinstance(event, e.RunPaused) for event in await watch.family.log()) == 1


async def test_who_looks_while_somebody_does_returns_once_the_run_is_paused(watch: Watch) -> None:
    for _ in range(3):
        await watch._fails(FailureCause.AGENT_ERROR)
    looking = asyncio.create_task(watch.failures.look())
    await asyncio.sleep(0)
    await watch.failures.look()
    assert await watch.cause() is not None
    await looking


async def test_one_session_is_told_as_one(watch: Watch) -> None:
    watch.limit = 0
    watch.another_engine()
    await watch.fails()
    assert await watch.cause() == "1 session failed within 10m: agent"


async def test_each_cause_counts_by_itself(watch: Watch) -> None:
    for cause in (FailureCause.CRASH, FailureCause.AGENT_ERROR) * 2:
        await watch.fails(cause)
    assert await watch.cause() is None
    await watch.fails(FailureCause.CRASH)
    assert await watch.cause() == "3 sessions failed within 10m: crash"


async def test_a_failure_of_another_cause_right_behind_hides_none(watch: Watch) -> None:
    await watch.fails(*[FailureCause.AGENT_ERROR] * 3, FailureCause.CRASH)
    assert await watch.cause() == "3 sessions failed within 10m: agent"


@pytest.mark.parametrize(("seconds", "paused"), [(WINDOW / 2 - 1, True), (WINDOW / 2 + 1, False)])
async def test_only_those_within_the_window_count(watch: Watch, seconds: float, *, paused: bool) -> None:
    for _ in range(3):
        await watch.fails()
        watch.family.clock.advance(seconds)
    assert (await watch.cause() is not None) is paused


async def test_a_resume_begins_anew(watch: Watch) -> None:
    for _ in range(3):
        await watch.fails()
    await watch.resume()
    for _ in range(2):
        await watch.fails()
        assert await watch.cause() is None
    await watch.fails()
    assert await watch.cause() is not None


async def test_another_engine_counts_on_from_the_log(watch: Watch) -> None:
    for _ in range(2):
        await watch.fails()
    watch.another_engine()
    await watch.fails()
    assert await watch.cause() is not None
    await watch.resume()
    watch.another_engine()
    await watch.fails()
    assert await watch.cause() is None, "what was before the resume counts no more"
