"""When an engine leaves by itself: with a hand on the clock, without an engine."""

from covey.engine.patience import FIRST_ORDER_SECONDS, OfCommand, OfProcess
from covey.testing.clock import FakeClock

IDLE_EXIT = 600.0


class Engine:
    """An engine of its own, as far as its patience asks about it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.begun = True
        self.is_watched = False
        self.patience = OfProcess(self.clock, 0.0, lambda: self.begun, self._watched, lambda: IDLE_EXIT)

    async def _watched(self) -> bool:
        return self.is_watched

    async def leaves(self, *, at_rest: bool = True, all_ended: bool = False) -> bool:
        return await self.patience.is_over(at_rest=at_rest, all_ended=all_ended)


class TestOfProcess:
    """An engine of its own."""

    async def test_works_on_while_anything_moves(self) -> None:
        engine = Engine()
        for _ in range(3):
            engine.clock.advance(2 * IDLE_EXIT)
            assert not await engine.leaves(at_rest=False)
        assert not await engine.leaves(), "the time counts from the last move on"

    async def test_leaves_at_once_when_all_has_ended_though_somebody_watches(self) -> None:
        engine = Engine()
        engine.is_watched = True
        assert await engine.leaves(all_ended=True)
        assert engine.patience.reason == "all its runs have ended"

    async def test_leaves_after_a_while_when_all_is_blocked(self) -> None:
        engine = Engine()
        assert not await engine.leaves()
        engine.clock.advance(IDLE_EXIT - 1)
        assert not await engine.leaves()
        engine.clock.advance(1)
        assert await engine.leaves()
        assert "nobody watches" in engine.patience.reason

    async def test_stays_for_as_long_as_somebody_watches_and_then_the_time_begins_anew(self) -> None:
        engine = Engine()
        engine.is_watched = True
        for _ in range(3):
            engine.clock.advance(IDLE_EXIT)
            assert not await engine.leaves()
        engine.is_watched = False
        engine.clock.advance(IDLE_EXIT - 1)
        assert not await engine.leaves()
        engine.clock.advance(1)
        assert await engine.leaves()

    async def test_waits_a_moment_for_its_first_order_whoever_watches(self) -> None:
        engine = Engine()
        engine.begun, engine.is_watched = False, True
        assert not await engine.leaves(all_ended=True)
        engine.clock.advance(FIRST_ORDER_SECONDS)
        assert await engine.leaves(all_ended=True)


class TestOfCommand:
    """An engine inside a `covey run`."""

    async def test_leaves_when_nothing_can_go_on(self) -> None:
        patience = OfCommand(stay=False)
        assert not await patience.is_over(at_rest=False, all_ended=False)
        assert await patience.is_over(at_rest=True, all_ended=False)

    async def test_stays_until_all_has_ended_if_it_is_told_to(self) -> None:
        patience = OfCommand(stay=True)
        assert not await patience.is_over(at_rest=True, all_ended=False)
        assert not await patience.is_over(at_rest=False, all_ended=True)
        assert await patience.is_over(at_rest=True, all_ended=True)
