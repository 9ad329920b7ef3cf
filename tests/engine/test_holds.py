"""What keeps sessions from going on, and the slots that they have meanwhile, or have not."""

import asyncio

from covey.agents.base import Assignment, Desk, Outcome
from covey.engine.local import ENDED
from covey.engine.pauses import run_number
from covey.engine.runs import RunOptions
from covey.engine.runtime import Running
from covey.engine.slots import place
from covey.engine.work import Work
from covey.workspace.processes import Grace

from .conftest import MOST_SECONDS, Bench, cancelled_at_once


async def test_who_is_ended_while_its_transcript_is_looked_up_does_not_begin_to_work(bench: Bench) -> None:
    begun = asyncio.Event()

    async def works_on(assignment: Assignment, desk: Desk) -> Outcome:
        begun.set()
        return await asyncio.Future()

    bench.plays = dict.fromkeys(bench.components, works_on)
    async with bench.running():
        await asyncio.wait_for(begun.wait(), MOST_SECONDS)
    child = next(each for each in (await bench.tree()).sessions.values() if each.pending and each.artifact_path)
    bench.seen.clear()
    async with bench.engine() as engine:
        runtime, running = engine.runtime, Running(child.id, child.attempt)
        runtime._works[running] = Work(running, 1, Grace(), place(None, 1, 0))
        turn = await runtime.turns.next_command(running)
        assert turn is not None
        result = asyncio.create_task(runtime.execute(turn))
        asyncio.get_running_loop().call_soon(runtime.stop_work, running)
        assert (await asyncio.wait_for(result, MOST_SECONDS)).error_message == ENDED
        del runtime._works[running]
    assert bench.seen == []


async def test_who_is_ended_while_its_budget_is_looked_at_has_no_slot(bench: Bench) -> None:
    assert await bench.run(RunOptions(budget_tokens=1_000)) == 0
    tree = await bench.tree()
    root = tree.roots()[0]
    child = tree.children(root.id)[0]
    async with bench.engine() as engine:
        holds, slots = engine.runtime.holds, engine._slots
        holds.budgets.know([root])
        at = place(None, run_number(root), 0)
        await cancelled_at_once(holds.slot(Work(Running(child.id, 1), run_number(root), Grace(), at), at))
        assert slots.at_work == 0
