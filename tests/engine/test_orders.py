"""Orders of other programs, to an engine in this process that works for a command of its own."""

import asyncio
import os

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.engine import Placed, Stopped, place_order, request_stop, run_order
from covey.client.slots import present_slots, request_slots
from covey.engine.runs import RunOptions
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.order import RunOrder, SlotsOrder, StopOrder
from covey.model.outcome import Begun, How
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.store.sqlite import open_viewer
from covey.testing.agents import write_least
from tests.model.strategies import START

from .conftest import MOST_SECONDS, Bench, Run, fail

ANOTHER = """
[[context]]
name = "Store"
module = "store"
[[context.component]]
name = "Delta"
module = "store.delta"
"""


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


@pytest.fixture
def two(bench: Bench) -> Bench:
    """The project with a second context."""
    bench.write_manifest()
    with (bench.root / "covey.toml").open("a") as manifest:
        manifest.write(ANOTHER)
    return bench


async def ordered(bench: Bench, *contexts: str, max_sessions: int | None = None, agent: str | None = None) -> Placed:
    order = run_order("design", contexts, by="ada", max_sessions=max_sessions, agent=agent)
    return await asyncio.wait_for(place_order(bench.root, order), MOST_SECONDS)


async def stopped(run: Run, *run_ids: str) -> tuple[Stopped, ...]:
    return await asyncio.wait_for(request_stop(run.viewer, run.bench.root, run_ids or None), MOST_SECONDS)


class Held:
    """Plays that begin and wait until they are ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = 0

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        raise AssertionError


class Slow:
    """A play of Alpha's that begins and waits until it is ended, which takes until it may end."""

    def __init__(self) -> None:
        self.begun, self.ends, self.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ends.set()
            await self.may_end.wait()
        raise AssertionError

    async def began(self, run: Run) -> None:
        """Wait until it is at work and Beta has failed; whatever begins from then on does well."""
        await asyncio.wait_for(self.begun.wait(), MOST_SECONDS)
        await run.until(lambda session: session.status is Status.FAILED, "Beta")
        run.bench.plays.clear()


class TestBeginning:
    """A `covey run` beside a living engine hands its runs to it."""

    async def test_a_run_goes_on_beside_those_at_work(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            placed = await ordered(two, "store")
            (begun,) = placed.begun
            assert (begun.context, begun.how) == ("Store", How.STARTED)
            assert placed.engine.pid == os.getpid()
            lines = await run.viewer.lines(placed.after)
            assert isinstance(lines[0].entry.event, e.RunStarted)
            assert lines[0].entry.event.run_id == begun.run_id
            other = Run(two, run.engine, run.viewer, begun.run_id or "", run.left)
            await other.until(complete)
            assert not run.left.done(), "the engine's own run still needs a human"

    async def test_the_run_is_under_way_once_the_order_is_carried_out(self, two: Bench) -> None:
        held = Held()
        two.plays = dict.fromkeys(("Beta", "Delta"), held.play)
        async with two.running() as run:
            (begun,) = (await ordered(two, "store")).begun
            root = await run.viewer.session(run.viewer.scope, begun.run_id or "")
            assert root is not None
            assert root.phase in {Phase.RUNNING, Phase.WAITING}

    async def test_a_blocked_run_that_is_at_work_already_looks_again(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            was = await run.until(blocked)
            placed = await ordered(two, "shop")
            assert placed.begun == (Begun("Shop", run.run_id, How.ADOPTED),)
            now = await run.until(blocked)
            assert now.version > was.version
            events = [type(line.entry.event) for line in await run.viewer.lines(placed.after)]
            assert events[:2] == [e.RunAdopted, e.SessionUnblocked]
            assert e.SessionBlocked in events

    async def test_nothing_to_do_is_told(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            (first,) = (await ordered(two, "store")).begun
            await Run(two, run.engine, run.viewer, first.run_id or "", run.left).until(complete)
            assert (await ordered(two, "store")).begun == (Begun("Store", first.run_id, How.NOTHING_TO_DO),)

    async def test_the_last_word_on_slots_holds(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running(RunOptions(max_sessions=3)) as run:
            await run.until(blocked)
            assert (await ordered(two, "store")).engine.slots == 3
            await ordered(two, "shop", max_sessions=5)
            engine = await run.viewer.living_engine()
            assert engine is not None
            assert engine.slots == 5
            await ordered(two, "shop")
            assert await run.viewer.living_engine() == engine, "no word leaves them as they are"

    async def test_another_number_of_slots_is_told_in_the_log(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running(RunOptions(max_sessions=3)) as run:
            await run.until(blocked)
            await ordered(two, "shop", max_sessions=5)
        changed = [(event.slots, event.by) for event in await two.events() if isinstance(event, e.SlotsChanged)]
        assert [slots for slots, _ in changed] == [3, 5]
        assert changed[1][1] == "ada"

    async def test_what_the_manifest_says_by_now_holds(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            with (bench.root / "covey.toml").open("a") as manifest:
                manifest.write(ANOTHER)
            assert (await ordered(bench, "store")).begun[0].how is How.STARTED

    async def test_a_run_is_recorded_with_the_settings_that_it_begins_with(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            manifest = two.root / "covey.toml"
            manifest.write_text(manifest.read_text().replace("[run]\n", "[run]\nretry_limit = 7\n"))
            placed = await ordered(two, "store")
            began = (await run.viewer.lines(placed.after))[0].entry.event
            assert isinstance(began, e.RunStarted)
            assert began.settings["run"]["retry_limit"] == 7  # type: ignore[index]

    async def test_the_engine_stays_until_the_runs_of_others_are_at_rest(self, two: Bench) -> None:
        held = Held()
        opened = asyncio.Event()

        async def waits(assignment: Assignment, desk: Desk) -> Outcome:
            held.begun.set()
            await opened.wait()
            return await write_least(assignment, desk)

        two.plays = {"Beta": fail, "Delta": waits}
        async with two.running(stay=True) as run:
            await run.until(blocked)
            await ordered(two, "store")
            await held.begun.wait()
            await run.ask(Action.SKIP, "Beta", reason="later")
            await run.until(complete)
            assert not run.left.done()
            opened.set()
            left = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
            assert (left.exit_code, left.counts["skipped"]) == (3, 1), "its exit code is that of its own run"
        assert {root.status for root in (await two.tree()).roots()} == {Status.COMPLETE}


class TestSlots:
    """`covey slots`: the last word holds, fewer end nobody, and all of it is the living engine's alone."""

    async def test_more_start_what_waits(self, bench: Bench) -> None:
        held = Held()
        bench.plays = dict.fromkeys(("Alpha", "Beta"), held.play)
        async with bench.running(RunOptions(max_sessions=1)) as run:
            await held.begun.wait()
            held.begun.clear()
            answer = await asyncio.wait_for(request_slots(run.viewer, 2), MOST_SECONDS)
            assert (answer.state, answer.changed, answer.slots) == (RequestState.SETTLED, True, 2)
            await asyncio.wait_for(held.begun.wait(), MOST_SECONDS)
            again = await request_slots(run.viewer, 2)
            assert (again.changed, again.reason) == (False, "there are 2 already")
            fewer = await request_slots(run.viewer, 1)
            assert (fewer.changed, (await present_slots(run.viewer)).slots) == (True, 1)
            assert held.ended == 0, "nobody is ended for it"
        told = [event.slots for event in await bench.events() if isinstance(event, e.SlotsChanged)]
        assert told == [1, 2, 1]

    @pytest.mark.parametrize("number", [0, -1, 1_000_001])
    async def test_there_is_no_such_number(self, number: int) -> None:
        with pytest.raises(UsageError, match=f"not {number}"):
            await request_slots(None, number)

    async def test_without_an_engine_they_are_kept_for_the_next(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            answer = await request_slots(viewer, 3)
            assert (answer.state, answer.changed, answer.slots) == (RequestState.QUEUED, None, None)
            assert str(answer.reason).startswith("no engine is at work")
            (order,) = await viewer.queued_orders()
        async with bench.running() as run:
            taken = await run.viewer.order(order.id)
            assert isinstance(taken, SlotsOrder)
            assert (taken.state, taken.changed) == (RequestState.SETTLED, True)
            assert (await present_slots(run.viewer)).slots == 3
            await run.until(blocked)


class TestRefused:
    """What keeps a run from starting is told to whoever asked, and nothing is started."""

    @pytest.mark.parametrize(("context", "agent"), [("unknown", None), ("store", "nobody")])
    async def test_says_why(self, two: Bench, context: str, agent: str | None) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            with pytest.raises(UsageError, match=agent or context):
                await ordered(two, context, agent=agent)
            assert len(await run.viewer.roots(run.viewer.scope)) == 1

    async def test_a_manifest_with_mistakes(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            with (two.root / "covey.toml").open("a") as manifest:
                manifest.write("nonsense = 1\n")
            with pytest.raises(UsageError, match="nonsense"):
                await ordered(two, "store")


class TestCaller:
    """What the caller has and the engine lacks is told; values are nobody's business."""

    async def test_a_variable_that_the_engine_lacks(self, two: Bench) -> None:
        two.plays["Beta"] = fail
        async with two.running() as run:
            await run.until(blocked)
            order = RunOrder(
                id="o",
                requested_by="ada",
                requested_at=START,
                workflow="design",
                contexts=("store",),
                version="9.9",
                credentials=("PATH", "NOBODY_HAS_THIS"),
            )
            placed = await asyncio.wait_for(place_order(two.root, order), MOST_SECONDS)
        version, lacking = placed.warnings
        assert "this is 9.9" in version
        assert "has no NOBODY_HAS_THIS," in lacking
        assert "covey stop --engine" in lacking

    def test_only_names_are_in_an_order(self, two: Bench) -> None:
        order = run_order("design", ("shop",), by="ada", credentials=("PATH", "NOBODY_HAS_THIS"))
        assert order.credentials == ("PATH",)
        assert os.environ["PATH"] not in str(order)


class TestStopping:
    """A stop ends the work of a run for now: its agents end, its sessions can be adopted."""

    async def test_of_one_run_leaves_the_others_at_work(self, two: Bench) -> None:
        held = Held()
        two.plays = {"Beta": fail, "Delta": held.play}
        async with two.running() as run:
            await run.until(blocked)
            (begun,) = (await ordered(two, "store")).begun
            await held.begun.wait()
            (answer,) = await stopped(run, begun.run_id or "")
            assert (answer.state, answer.changed, answer.action) == (RequestState.SETTLED, True, "stop")
            assert held.ended == 1
            sessions = await run.viewer.run(run.viewer.scope, begun.run_id or "")
            assert {(each.status, each.phase) for each in sessions} == {(Status.ACTIVE, Phase.INTERRUPTED)}
            assert not run.left.done()
            (again,) = await stopped(run, begun.run_id or "")
            assert again.changed is False
            two.plays.clear()
            assert (await ordered(two, "store")).begun == (Begun("Store", begun.run_id, How.ADOPTED),)
            await Run(two, run.engine, run.viewer, begun.run_id or "", run.left).until(complete)
        reasons = [event.reason for event in await two.events() if isinstance(event, e.RunStopped)]
        assert len(reasons) == 2
        assert reasons[0].startswith("stopped by ")

    async def test_of_the_command_s_own_run_ends_the_command(self, bench: Bench) -> None:
        held = Held()
        bench.plays["Beta"] = held.play
        async with bench.running() as run:
            await held.begun.wait()
            (answer,) = await stopped(run, run.run_id)
            assert answer.changed
            left = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
        assert left.exit_code == 130
        assert left.reason.startswith("stopped by ")

    async def test_what_is_retried_meanwhile_goes_on_once_it_has_stopped(self, bench: Bench) -> None:
        slow = Slow()
        bench.plays = {"Alpha": slow.play, "Beta": fail}
        async with bench.running() as run:
            await slow.began(run)
            stopping = asyncio.create_task(stopped(run, run.run_id))
            await asyncio.wait_for(slow.ends.wait(), MOST_SECONDS)
            assert (await run.ask(Action.RETRY, "Beta")).changed
            slow.may_end.set()
            (answer,) = await stopping
            assert answer.changed
            await run.until(complete)
        told = [type(event) for event in await bench.events() if isinstance(event, e.RunStopped | e.RunAdopted)]
        assert told == [e.RunStopped, e.RunAdopted]

    async def test_what_is_retried_while_the_engine_leaves_is_left_to_the_next(self, bench: Bench) -> None:
        slow = Slow()
        bench.plays = {"Alpha": slow.play, "Beta": fail}
        async with bench.running() as run:
            await slow.began(run)
            run.engine.stop("enough")
            await asyncio.wait_for(slow.ends.wait(), MOST_SECONDS)
            await run.ask(Action.RETRY, "Beta")
            await run.until(lambda session: session.attempt > 1, "Beta")
            slow.may_end.set()
            await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
        assert not [event for event in await bench.events() if isinstance(event, e.RunAdopted)]
        assert await bench.run() == 0

    async def test_of_the_engine_ends_all_and_names_them(self, two: Bench) -> None:
        held = Held()
        two.plays = {"Beta": fail, "Delta": held.play}
        async with two.running() as run:
            await run.until(blocked)
            (begun,) = (await ordered(two, "store")).begun
            await held.begun.wait()
            asked = asyncio.create_task(request_stop(run.viewer, two.root, None, wait_seconds=2))  # its lock is ours
            left = await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)
            answers = await asked
        assert left.exit_code == 130
        assert [answer.session_id for answer in answers] == [run.run_id, begun.run_id]
        assert all(answer.changed for answer in answers)

    async def test_of_what_nobody_works_on_changes_nothing(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            (unknown,) = await stopped(run, "another run")
        assert (unknown.state, unknown.changed) == (RequestState.SETTLED, False)

    async def test_without_an_engine_nothing_is_left_for_the_next(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            (of_run,) = await request_stop(viewer, bench.root, ("a run",))
            (of_engine,) = await request_stop(viewer, bench.root, None)
            assert await viewer.queued_orders() == ()
        assert (of_run.session_id, of_run.changed, of_run.reason) == ("a run", False, "no engine is at work")
        assert (of_engine.session_id, of_engine.changed) == (None, False)

    async def test_one_that_came_too_late_is_not_for_the_next_engine(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            await viewer.leave_order(StopOrder(id="late", requested_by="ada", requested_at=START))
        async with bench.running() as run:
            order = await run.viewer.order("late")
            assert order is not None
            assert (order.state, order.outcome) == (RequestState.SETTLED, "the engine that it was meant for had left")
            await run.until(blocked)
