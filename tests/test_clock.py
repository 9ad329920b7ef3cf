"""Time in which covey was awake: what it slept through does not count."""

from covey.clock import AwakeTime
from covey.testing.clock import FakeClock


def test_it_goes_on_like_monotonic_time_while_somebody_asks() -> None:
    clock = FakeClock()
    awake = AwakeTime(clock.monotonic, longest=2.0)
    for seconds in (0.5, 1.5, 2.0):
        clock.advance(seconds)
        awake.seconds()
    assert awake.seconds() == 4.0


def test_a_gap_counts_as_the_longest_pause_and_no_more() -> None:
    clock = FakeClock()
    awake = AwakeTime(clock.monotonic, longest=2.0)
    clock.advance(8 * 3600)
    assert awake.seconds() == 2.0
    clock.advance(1)
    assert awake.seconds() == 3.0
