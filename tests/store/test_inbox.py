"""What everybody but the engine writes: orders, and that they watch. Requests are in `test_viewer`."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.errors import StoreError
from covey.model.control import RequestState
from covey.model.credential import GateState
from covey.model.order import RunOrder, StopOrder
from covey.model.outcome import Begun, How
from covey.store.schema import MIGRATIONS, VERSION
from covey.store.sqlite import EngineStore, Viewer, open_viewer
from covey.testing.clock import FakeClock
from tests.model.strategies import START
from tests.store.lives import apply, create, engine_store, left_by_an_older_one, outside


def order(key: str = "o1") -> RunOrder:
    return RunOrder(id=key, requested_by="ada", requested_at=START, workflow="design", contexts=("shop",))


@pytest.fixture
async def viewer(store: EngineStore, tmp_path: Path) -> AsyncIterator[Viewer]:
    async with open_viewer(tmp_path) as viewer:
        assert viewer is not None
        yield viewer


class TestOrders:
    """An order waits until an engine has carried it out, and keeps one from retiring."""

    async def test_waits_and_is_settled(self, store: EngineStore, viewer: Viewer) -> None:
        await viewer.leave_order(order())
        assert await store.queued_orders() == (order(),)
        assert not await store.retire()

        begun = (Begun("Shop", "r1", How.STARTED),)
        await store.settle_order(replace(order(), state=RequestState.SETTLED, begun=begun, after=7))

        assert await store.queued_orders() == ()
        settled = await viewer.order("o1")
        assert isinstance(settled, RunOrder)
        assert (settled.begun, settled.after) == (begun, 7)
        assert await store.retire()

    async def test_are_carried_out_in_the_order_of_their_coming(self, store: EngineStore, viewer: Viewer) -> None:
        stop = StopOrder(id="a stop", requested_by="ada", requested_at=START)
        for each in (order("z"), stop, order("a")):
            await viewer.leave_order(each)
        assert await store.queued_orders() == (order("z"), stop, order("a"))

    async def test_a_stopped_engine_leaves_them_to_the_next(self, store: EngineStore, viewer: Viewer) -> None:
        await viewer.leave_order(order())
        assert await store.retire(leave_requests=True)
        assert await viewer.queued_orders() == (order(),)

    async def test_can_be_taken_back(self, store: EngineStore, viewer: Viewer) -> None:
        await viewer.leave_order(order())
        await viewer.withdraw_order(order())
        assert await store.queued_orders() == ()
        assert await store.retire()

    async def test_one_that_is_settled_is_not_taken_back(self, store: EngineStore, viewer: Viewer) -> None:
        await viewer.leave_order(order())
        settled = replace(order(), state=RequestState.SETTLED)
        await store.settle_order(settled)
        await viewer.withdraw_order(order())
        assert await viewer.order("o1") == settled

    async def test_an_unknown_one_is_none(self, viewer: Viewer) -> None:
        assert await viewer.order("o1") is None


class TestWatching:
    """Whoever watches says until when; an engine asks whether anybody does."""

    async def test_somebody_watches_until_then(self, store: EngineStore, viewer: Viewer, clock: FakeClock) -> None:
        assert not await store.watched(clock.now())
        await viewer.watch("v1", clock.now() + timedelta(seconds=25))
        assert await store.watched(clock.now())
        clock.advance(24)
        assert await store.watched(clock.now())
        clock.advance(2)
        assert not await store.watched(clock.now())

    async def test_says_so_again_and_again(self, store: EngineStore, viewer: Viewer, clock: FakeClock) -> None:
        await viewer.watch("v1", clock.now() + timedelta(seconds=25))
        clock.advance(20)
        await viewer.watch("v1", clock.now() + timedelta(seconds=25))
        clock.advance(20)
        assert await store.watched(clock.now())

    async def test_who_leaves_leaves_the_others(self, store: EngineStore, viewer: Viewer, clock: FakeClock) -> None:
        await viewer.watch("v1", clock.now() + timedelta(seconds=25))
        await viewer.watch("v2", clock.now() + timedelta(seconds=25))
        await viewer.watch_no_more("v1", clock.now())
        assert await store.watched(clock.now())
        await viewer.watch_no_more("v2", clock.now())
        assert not await store.watched(clock.now())

    async def test_rows_of_the_killed_are_cleared_away(self, viewer: Viewer, clock: FakeClock, tmp_path: Path) -> None:
        await viewer.watch("killed", clock.now())
        clock.advance(2 * 24 * 3600)
        await viewer.watch_no_more("another", clock.now())
        with outside(tmp_path) as database:
            assert database.execute("SELECT count(*) FROM viewers").fetchone() == (0,)


class TestFailure:
    """A write that does not come off changes nothing."""

    async def test_the_same_order_twice(self, viewer: Viewer) -> None:
        await viewer.leave_order(order())
        with pytest.raises(StoreError):
            await viewer.leave_order(order())
        assert await viewer.queued_orders() == (order(),)


class TestEngineRow:
    """What the engine says of itself."""

    async def test_tells_the_slots(self, store: EngineStore, viewer: Viewer) -> None:
        await store.note_slots(5)
        engine = await viewer.living_engine()
        assert engine is not None
        assert engine.slots == 5
        assert await store.retire()
        last = await viewer.engine()
        assert last is not None
        assert (last.slots, last.stopped) == (5, True)

    async def test_one_that_has_retired_stays_so_whatever_is_noted_as_it_leaves(
        self, store: EngineStore, viewer: Viewer
    ) -> None:
        assert await store.retire(leave_requests=True)
        await store.note_gates((GateState(credential="A_KEY", allowed=1),))
        await store.note_limits(1, ("memory",))
        await store.note_slots(5)
        assert await viewer.living_engine() is None

    async def test_one_of_before_has_none(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await apply(store, create("root"))
        with outside(tmp_path) as database:
            database.execute("UPDATE engine SET body = json_remove(body, '$.slots', '$.stopped')")
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            last = await viewer.engine()
        assert last is not None
        assert (last.slots, last.stopped) == (0, False)


async def test_a_database_of_the_first_schema_is_brought_up_to_date_by_its_next_engine(tmp_path: Path) -> None:
    left_by_an_older_one(tmp_path, 1)
    assert VERSION == len(MIGRATIONS) > 1

    async with open_viewer(tmp_path) as viewer:
        assert viewer is not None
        assert not viewer.is_current
        assert [root.module for root in await viewer.roots(viewer.scope)] == ["other", "shop"]
    async with engine_store(tmp_path) as store, open_viewer(tmp_path) as viewer:
        assert viewer is not None
        assert viewer.is_current
        await viewer.leave_order(order())
        assert await store.queued_orders() == (order(),)
