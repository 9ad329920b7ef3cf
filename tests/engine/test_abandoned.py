"""Commands that nobody will ever have a result for: what an engine that left had begun, and a human ends."""

import asyncio
import sqlite3

import pytest

from covey.client.requests import Wish, request_control
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import Status
from covey.store.sqlite import open_viewer

from .conftest import Bench
from .test_engine import Gate


def open_commands(bench: Bench) -> int:
    with sqlite3.connect(bench.root / ".covey/covey.db") as database:
        found: int = database.execute("SELECT count(*) FROM interactions WHERE completed_at IS NULL").fetchone()[0]
    database.close()
    return found


async def left_at_work(bench: Bench) -> Session:
    """A run whose engine has left while Beta's agent was at work; Beta's session."""
    gate = Gate()
    bench.plays["Beta"] = gate.play
    async with bench.running(RunOptions(max_sessions=3)) as run:
        await asyncio.wait_for(gate.begun.wait(), 20)
        await run.until(lambda session: session.status is Status.COMPLETE, "Alpha")
        await run.until(lambda session: session.status is Status.COMPLETE, "Gamma")
    assert open_commands(bench) == 2, "the root's and Beta's"
    del bench.plays["Beta"]
    return next(each for each in (await bench.tree()).sessions.values() if each.component == "Beta")


async def ask(bench: Bench, session: Session, action: Action) -> None:
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        wish = Wish(action=action, reason="not now")
        await request_control(viewer, bench.root, [session], wish, wait_seconds=0)


@pytest.mark.parametrize(
    ("action", "status", "code"), [(Action.SKIP, Status.SKIPPED, 3), (Action.RETRY, Status.COMPLETE, 0)]
)
async def test_a_request_left_while_no_engine_lives_closes_what_the_last_one_had_begun(
    bench: Bench, action: Action, status: Status, code: int
) -> None:
    await ask(bench, await left_at_work(bench), action)

    assert await bench.run() == code

    beta = next(each for each in (await bench.tree()).sessions.values() if each.component == "Beta")
    assert (beta.status, beta.phase, beta.pending) == (status, None, None)
    assert open_commands(bench) == 0
    late = [event for event in await bench.events() if isinstance(event, e.ResultRecorded) and event.late]
    assert [(event.session_id, event.attempt) for event in late] == [(beta.id, 1)]


async def test_one_whose_run_nobody_goes_on_with_is_closed_too(bench: Bench) -> None:
    """The engine that takes the request does not work on the run, and never will."""
    beta = await left_at_work(bench)
    async with bench.engine() as engine:
        await ask(bench, beta, Action.CANCEL)
        await engine._controls.drain()
        cancelled = (await bench.tree()).sessions[beta.id]
        assert (cancelled.status, cancelled.phase) == (Status.CANCELLED, None)
    assert open_commands(bench) == 1, "the root's"


async def test_an_older_attempt_s_command_is_closed_by_the_next_engine(bench: Bench) -> None:
    """The engine died after it had taken a restart, before the old work had ended."""
    beta = await left_at_work(bench)
    with sqlite3.connect(bench.root / ".covey/covey.db") as database:
        database.execute(
            "INSERT INTO interactions (id, session_id, attempt, step, kind, epoch, inserted_at, command)"
            " SELECT 'older', session_id, attempt, step, kind, epoch, inserted_at, command FROM interactions"
            " WHERE session_id = ? AND completed_at IS NULL",
            (beta.id,),
        )
    database.close()

    assert await bench.run() == 0

    assert open_commands(bench) == 0
