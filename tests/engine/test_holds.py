"""What keeps sessions from going on, and the slots that they have meanwhile, or have not."""

from covey.engine.pauses import run_number
from covey.engine.runs import RunOptions
from covey.engine.runtime import Running
from covey.engine.slots import place
from covey.engine.work import Work
from covey.workspace.processes import Grace

from .conftest import Bench, cancelled_at_once


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
