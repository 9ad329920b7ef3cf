"""Slots by themselves: a run that is held keeps its places, and those of other runs are served."""

import asyncio

import pytest

from covey.engine.slots import Slots, place


class Queue:
    """Sessions that ask for slots; `served` are those that have one, in their order."""

    def __init__(self, limit: int) -> None:
        self.slots = Slots(limit)
        self.served: list[str] = []

    async def ask(self, name: str, run: int, position: int) -> None:
        if await self.slots.acquire(name, place(None, run, position)):
            self.served.append(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_held_run_is_passed_over_and_keeps_its_places() -> None:
    queue = Queue(1)
    queue.slots.hold(1)
    async with asyncio.TaskGroup() as tasks:
        for name, run, position in (("old b", 1, 1), ("old a", 1, 0), ("new", 2, 0)):
            tasks.create_task(queue.ask(name, run, position))
        await settle()
        assert queue.served == ["new"]
        assert queue.slots.is_waiting("old a")
        queue.slots.release("new")
        await settle()
        assert queue.served == ["new"], "a free slot stays free while only held ones wait"
        queue.slots.let_go(1)
        await settle()
        assert queue.served == ["new", "old a"]
        queue.slots.release("old a")
        await settle()
    assert queue.served == ["new", "old a", "old b"]


async def test_a_held_session_can_be_withdrawn() -> None:
    queue = Queue(1)
    queue.slots.hold(1)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue.ask("old", 1, 0))
        await settle()
        queue.slots.withdraw("old")
    queue.slots.let_go(1)
    assert queue.served == []
    assert await asyncio.wait_for(queue.slots.acquire("next", place(None, 2, 0)), 1)


async def test_fewer_slots_end_nobody_and_more_serve_at_once() -> None:
    queue = Queue(2)
    async with asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(queue.ask(str(number), 1, number))
        await settle()
        queue.slots.resize(1)
        queue.slots.release("1")
        await settle()
        assert queue.served == ["0", "1"]
        queue.slots.resize(3)
        await settle()
        assert queue.served == ["0", "1", "2", "3"]


async def test_who_is_cancelled_just_as_it_gets_a_slot_gives_it_back() -> None:
    slots = Slots(1)
    assert await slots.acquire("first", place(None, 1, 0))
    second = asyncio.create_task(slots.acquire("second", place(None, 1, 1)))
    await settle()
    slots.release("first")
    assert slots.at_work == 1, "it is the second's, who does not know yet"
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert slots.at_work == 0
    assert await asyncio.wait_for(slots.acquire("third", place(None, 1, 2)), 1)


async def test_the_next_attempt_of_who_has_a_slot_waits_for_that_and_keeps_its_place() -> None:
    queue = Queue(2)
    async with asyncio.TaskGroup() as tasks:
        for name, position in (("restarted", 0), ("other", 1), ("behind", 2)):
            tasks.create_task(queue.ask(name, 1, position))
        await settle()
        tasks.create_task(queue.ask("restarted", 1, 0))
        await settle()
        queue.slots.resize(3)
        await settle()
        assert queue.served == ["restarted", "other", "behind"], "a slot that is free is not kept for it"
        tasks.create_task(queue.ask("last", 1, 3))
        await settle()
        queue.slots.release("restarted")
        await settle()
        assert queue.served == ["restarted", "other", "behind", "restarted"]
        queue.slots.release("other")
        await settle()
    assert queue.served[-1] == "last"
