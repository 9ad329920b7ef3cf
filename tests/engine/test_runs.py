"""Runs that are adopted, as they stand at that moment."""

from covey.engine.grants import Call
from covey.engine.runs import RunOptions, adopt_run
from covey.engine.turns import Bench
from covey.model import events as e
from covey.model.budget import Budget
from covey.workflows.registry import WORKFLOWS
from tests.family import Family


async def test_one_that_has_ended_since_it_was_planned_is_given_no_budget(family: Family) -> None:
    """Somebody has cancelled it while its agent and its tests were looked at: that is no mistake of anybody's."""
    bench = Bench(family.scope, family.store, WORKFLOWS, family.tools())
    root = await family.cancel(await family.parent())
    call = Call(asked=Budget(usd=5.0), usual=Budget(), by="ada", decision_id="d2")
    await adopt_run(bench, root, RunOptions(), call, call.budget(root))
    assert [type(event) for event in await family.log()][-2:] == [e.SessionCancelled, e.RunAdopted]
    assert await family.now(root) == root
