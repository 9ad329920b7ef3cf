"""The engine within its machine: it holds back starts where memory, files or watches are short, and says so."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.snapshot import engine_state
from covey.engine.guard import FILES, MEMORY, POLLING, most_at_once
from covey.engine.machine import Machine
from covey.engine.slots import Slots, place
from covey.model.session import Session
from covey.model.status import Status
from covey.testing.agents import write_least
from covey.workspace.memory import Memory

from .conftest import Bench, Run, fail

GIB = 1 << 30
RESERVE = GIB  # of 16 GiB


def left(available: float, *held: float) -> Memory:
    return Memory(16 * GIB, int(available * GIB), {number: int(each * GIB) for number, each in enumerate(held)})


class TestMostAtOnce:
    """Those at work, and as many more as leave the reserve, each as large as the largest."""

    @pytest.mark.parametrize(
        ("memory", "at_work", "cap", "most"),
        [
            (left(11, 1, 2), 2, None, 7),
            (left(3, 1, 2), 2, None, 3),
            (left(2.5, 2, 2), 2, None, 2),
            (left(0.5, 2, 2, 2), 3, None, 2),
            (left(0.1, 2), 1, None, 1),
            (left(0.1), 0, None, 1),
        ],
        ids=["plenty", "one more", "no more", "fewer than there are", "one always", "even at the beginning"],
    )
    def test_lowers(self, memory: Memory, at_work: int, cap: int | None, most: int) -> None:
        assert most_at_once(memory, at_work, cap) == most

    def test_raises_only_when_another_one_fits_twice(self) -> None:
        assert most_at_once(left(3.5, 2, 2), 2, cap=2) == 2, "one fits, and would be held back again"
        assert most_at_once(left(5.5, 2, 2), 2, cap=2) == 3

    def test_small_ones_count_as_more_than_nothing(self) -> None:
        assert most_at_once(left(2), 0, None) == GIB // (32 << 20)


class TestSlots:
    """What is held back changes nothing of the limit, and ends nobody."""

    async def test_hold(self) -> None:
        slots = Slots(3)
        waiting = [asyncio.create_task(slots.acquire(str(n), place(None, 0, n))) for n in range(4)]
        await asyncio.sleep(0)
        assert (slots.at_work, slots.limit, slots.capped) == (3, 3, None)
        slots.cap(1)
        assert (slots.at_work, slots.limit, slots.capped) == (3, 3, 1)
        slots.release("0")
        slots.release("1")
        await asyncio.sleep(0)
        assert [task.done() for task in waiting] == [True, True, True, False]
        slots.cap(None)
        assert await waiting[3]
        assert slots.capped is None

    def test_more_than_the_limit_holds_nothing_back(self) -> None:
        slots = Slots(2)
        slots.cap(5)
        assert slots.capped is None
        slots.resize(8)
        assert slots.capped == 5


@dataclass
class Need:
    """A machine whose memory the test plays."""

    now: Memory | None = None

    def memory(self, groups: Collection[int]) -> Memory | None:
        return self.now


async def shown(run: Run, *names: str) -> tuple[int | None, int | None]:
    """What viewers see of the slots, once the machine is short of these."""
    async with asyncio.timeout(20), run.viewer.feed() as feed:
        while (state := await engine_state(run.viewer)).short_of != names:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await feed.changed()
    return state.held, state.slots


class TestEngine:
    """An engine over a machine in need."""

    async def test_memory_is_short_for_a_while(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "covey.engine.guard")
        need, gate = Need(left(0.1)), asyncio.Event()
        bench.machine = Machine(memory=need.memory)
        most = 0

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            nonlocal most
            most = max(most, sum(not bench.document(each.component.name).exists() for each in bench.seen))
            await gate.wait()
            return await write_least(assignment, desk)

        bench.plays = dict.fromkeys(bench.components, play)
        async with bench.running() as run:
            assert await shown(run, MEMORY) == (1, 8)
            need.now = left(12)
            assert await shown(run) == (None, 8)
            await run.until(lambda session: session.phase == "running", "Gamma")
            gate.set()
            await run.until(complete)
        said = [record.getMessage() for record in caplog.records]
        assert "1 of 8 slots for now" in said[0]
        assert said[-1] == "there is room in memory again: 8 slots"

    async def test_too_few_files(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        bench.machine = Machine(make_room_for=lambda slots: 2 if slots > 2 else None)
        async with bench.running() as run:
            assert await shown(run, FILES) == (2, 8)
            await run.until(complete)
        assert "8 sessions at once need 144 open files" in caplog.text
        assert "ulimit -n 144" in caplog.text

    async def test_files_cannot_be_watched(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        async def refuse(watched: frozenset[Path], ended: asyncio.Event) -> AsyncIterator[frozenset[str]]:
            raise OSError("OS file watch limit reached")
            yield frozenset()

        bench.machine = Machine(watch=refuse)
        bench.plays["Gamma"] = fail
        async with bench.running() as run:
            assert await shown(run, POLLING) == (None, 8)
            await run.until(complete, "Beta")
            bench.document("Beta").unlink()
            await run.until(lambda session: session.artifact == "missing", "Beta")
        assert caplog.text.count("OS file watch limit reached") == 1


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE
