"""Vital signs: who is heard of, who falls silent, whose time is over; with a clock in the test's hand."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from covey.engine.runtime import Running
from covey.engine.turns import Bench, Turns
from covey.engine.vitals import LOOK_SECONDS, Life, Vitals
from covey.model import events as e
from covey.model.activity import BEAT_SECONDS, Activity
from covey.model.session import Session
from covey.model.status import Phase
from covey.store.sqlite import open_viewer
from covey.workflows.registry import WORKFLOWS
from tests.engine.taking import issued
from tests.family import Family, component, open_family, result
from tests.store.lives import outside


def commits(database: sqlite3.Connection) -> int:
    """A number that moves with every commit of somebody else."""
    return int(database.execute("PRAGMA data_version").fetchone()[0])


STALL, LIMIT = 300.0, 3600.0


@dataclass
class Ward:
    """Sessions at work under watch; `over` are those whose time is over."""

    family: Family
    bench: Bench
    vitals: Vitals
    turns: Turns
    over: list[tuple[Running, float]]
    stack: ExitStack = field(default_factory=ExitStack)

    async def admit(self, name: str, *, is_limited: bool = True) -> tuple[Session, Life]:
        """A session whose command is at work."""
        parent = await self.family.parent()
        child = await self.family.start(await self.family.child(parent, component(name)))
        running = Running(child.id, child.attempt)
        await issued(self.turns, child)
        self.stack.enter_context(self.vitals.at_work(running, is_limited=is_limited))
        life = self.stack.enter_context(self.vitals.acting(running))
        await self.vitals.look()
        return await self.family.now(child), life

    async def wait(self, seconds: float) -> None:
        """Time passes, and it is looked as often as an engine looks."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            self.family.clock.advance(LOOK_SECONDS)
            await self.vitals.look()

    async def noted(self) -> dict[str, Activity]:
        """What viewers read."""
        await self.family.happen()  # whatever was noted before is durable by then
        async with open_viewer(self.family.root) as viewer:
            assert viewer is not None
            return await viewer.activity()

    async def said(self, kind: type[e.Event]) -> list[e.AnyEvent]:
        """The events of a kind in the log."""
        return [event for event in await self.family.log() if isinstance(event, kind)]


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with open_family(tmp_path) as family:
        bench = Bench(family.scope, family.store, WORKFLOWS, family.tools())
        turns, over = Turns(bench), list[tuple[Running, float]]()
        vitals = Vitals(bench, turns, lambda running, limit: over.append((running, limit)))
        ward = Ward(family, bench, vitals, turns, over)
        yield ward
        ward.stack.close()


class TestNoting:
    """What is noted: the agent's last sign, and covey's own heartbeat."""

    async def test_the_beginning_of_a_command_is_a_sign(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        now = ward.family.clock.now()
        assert await ward.noted() == {child.id: Activity(session_id=child.id, attempt=1, at=now, beat=now)}

    async def test_a_heartbeat_says_nothing_of_the_agent(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        begun = ward.family.clock.now()
        await ward.wait(2 * BEAT_SECONDS)
        noted = (await ward.noted())[child.id]
        assert (noted.at, noted.beat) == (begun, begun + timedelta(seconds=2 * BEAT_SECONDS))

    async def test_a_sign_is_noted_with_the_next_look(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        await ward.wait(7)
        life.sign()
        life.sign()
        await ward.wait(LOOK_SECONDS)
        noted = (await ward.noted())[child.id]
        assert noted.at == noted.beat == ward.family.clock.now()

    async def test_nothing_is_written_while_there_is_nothing_to_say(self, ward: Ward) -> None:
        await ward.admit("Alpha")
        await ward.noted()
        with outside(ward.family.root) as database:
            before = commits(database)
            await ward.wait(BEAT_SECONDS - LOOK_SECONDS)
            await ward.noted()
            assert commits(database) == before
            await ward.wait(LOOK_SECONDS)
            await ward.noted()
            assert commits(database) != before

    async def test_a_session_whose_work_is_over_is_forgotten(self, ward: Ward) -> None:
        await ward.admit("Alpha")
        ward.stack.close()
        await ward.vitals.look()
        assert await ward.noted() == {}

    async def test_the_next_engine_knows_of_nobody_alive(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        assert child.id in await ward.noted()
        await ward.family.store.take_over()
        assert await ward.noted() == {}


class TestStalling:
    """Who gives no sign for too long stalls, keeps on working, and is revived by any sign."""

    async def test_a_silent_session_stalls_once(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        begun = ward.family.clock.now()
        await ward.wait(STALL - LOOK_SECONDS)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        await ward.wait(STALL)
        stalled = await ward.family.now(child)
        assert (stalled.phase, stalled.stalled_since) == (Phase.STALLED, begun)
        assert len(await ward.said(e.SessionStalled)) == 1

    async def test_signs_keep_it_from_stalling(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        for _ in range(3):
            await ward.wait(STALL - 10)
            life.sign()
        assert (await ward.family.now(child)).phase is Phase.RUNNING

    async def test_any_sign_revives_it(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        await ward.wait(STALL)
        life.sign()
        await ward.wait(LOOK_SECONDS)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        assert len(await ward.said(e.SessionRevived)) == 1
        await ward.wait(STALL)
        assert (await ward.family.now(child)).phase is Phase.STALLED

    async def test_a_result_is_a_sign(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        turn = await ward.turns.next_command(Running(child.id, 1))
        assert turn is not None
        await ward.wait(STALL)
        await ward.turns.handle_result(turn, result(present=False))
        kinds = [type(event) for event in await ward.family.log()]
        assert kinds[-2:] == [e.SessionRevived, e.ResultRecorded]
        assert (await ward.family.now(child)).phase is Phase.RUNNING

    async def test_between_two_commands_nobody_stalls(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        life.is_acting = False
        await ward.wait(2 * STALL)
        assert (await ward.family.now(child)).phase is Phase.RUNNING

    async def test_what_was_cancelled_meanwhile_does_not_stall(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        await ward.family.cancel(child)
        await ward.wait(STALL + 10)
        assert await ward.said(e.SessionStalled) == []


class TestTheLimit:
    """A session's work has a limit, whatever signs it gives."""

    async def test_it_is_told_when_its_time_is_over(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        for _ in range(round(LIMIT / 100) - 1):
            await ward.wait(100)
            life.sign()
        assert ward.over == []
        await ward.wait(100)
        assert ward.over[:1] == [(Running(child.id, 1), LIMIT)]

    async def test_a_parent_has_none(self, ward: Ward) -> None:
        _, life = await ward.admit("Alpha", is_limited=False)
        for _ in range(40):
            await ward.wait(100)
            life.sign()
        assert ward.over == []

    async def test_does_not_run_while_the_session_stands_still(self, ward: Ward) -> None:
        child, life = await ward.admit("Alpha")
        running = Running(child.id, 1)
        life.is_acting = False  # between two steps
        await ward.wait(LIMIT / 4)
        with ward.vitals.resting(running):
            await ward.wait(2 * LIMIT)
        await ward.wait(LIMIT / 2)
        assert ward.over == []
        await ward.wait(LIMIT / 4)
        assert ward.over[:1] == [(running, LIMIT)]

    async def test_runs_again_once_all_that_stood_still_goes_on(self, ward: Ward) -> None:
        """What an agent does at the same time stands still at the same time, and ends in any order."""
        child, life = await ward.admit("Alpha")
        running = Running(child.id, 1)
        life.is_acting = False
        pause = ExitStack()
        with ward.vitals.resting(running):
            await ward.wait(LIMIT)
            pause.enter_context(ward.vitals.resting(running))
        with pause:
            await ward.wait(LIMIT)
        await ward.wait(LIMIT - 1)
        assert ward.over == []
        await ward.wait(1)
        assert ward.over[:1] == [(running, LIMIT)]

    async def test_nor_does_anybody_stall_who_waits_for_an_answer(self, ward: Ward) -> None:
        child, _ = await ward.admit("Alpha")
        running = Running(child.id, 1)
        with ward.vitals.resting(running):
            await ward.wait(10 * STALL)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        await ward.wait(STALL - 1)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        await ward.wait(2)
        assert (await ward.family.now(child)).phase is Phase.STALLED


class TestTime:
    """Nobody stalls or times out for what happens to clocks, or to the engine itself."""

    @pytest.mark.parametrize("hours", [-8, 8])
    async def test_a_wall_clock_that_is_set(self, ward: Ward, hours: int) -> None:
        child, _ = await ward.admit("Alpha")
        await ward.wait(10)
        clock = ward.family.clock
        clock.set(clock.now() + timedelta(hours=hours))
        await ward.wait(LOOK_SECONDS)
        noted = (await ward.noted())[child.id]
        assert noted.beat == clock.now()
        assert noted.beat - noted.at == timedelta(seconds=10 + LOOK_SECONDS)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        await ward.wait(STALL - 20)
        assert (await ward.family.now(child)).phase is Phase.RUNNING
        assert ward.over == []

    async def test_an_engine_that_was_stopped(self, ward: Ward) -> None:
        children = [(await ward.admit(name))[0] for name in ("Alpha", "Beta", "Gamma")]
        await ward.wait(10)
        ward.family.clock.advance(8 * 3600)
        await ward.vitals.look()
        await ward.wait(STALL - 20)
        assert {(await ward.family.now(child)).phase for child in children} == {Phase.RUNNING}
        assert ward.over == []
        await ward.wait(20)
        assert {(await ward.family.now(child)).phase for child in children} == {Phase.STALLED}
