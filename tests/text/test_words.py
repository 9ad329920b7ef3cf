"""Numbers, times and names in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.text.words import ago, duration, period, plural, short_id, size

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class TestDuration:
    """A length of time is told by its two largest units."""

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0, "0s"),
            (0.9, "0s"),
            (52, "52s"),
            (64, "1m04s"),
            (1866, "31m06s"),
            (7_500, "2h05m"),
            (86_399, "23h59m"),
            (3 * 86_400 + 4 * 3_600, "3d04h"),
            (-5, "0s"),
        ],
    )
    def test_is_written_as_the_screen_has_it(self, seconds: float, words: str) -> None:
        assert duration(seconds) == words

    def test_ago_is_the_time_between(self) -> None:
        assert ago(NOON, NOON + timedelta(minutes=5, seconds=10)) == "5m10s"

    def test_ago_of_the_future_is_nothing(self) -> None:
        assert ago(NOON + timedelta(hours=1), NOON) == "0s"


class TestSize:
    """Bytes are told with one decimal, and never as 1000.0 of a unit."""

    @pytest.mark.parametrize(
        ("count", "words"), [(0, "0 B"), (840, "840 B"), (6_800, "6.8 kB"), (999_960, "1.0 MB"), (5 * 10**9, "5.0 GB")]
    )
    def test_is_written_as_the_screen_has_it(self, count: int, words: str) -> None:
        assert size(count) == words

    @given(st.integers(min_value=0, max_value=9 * 10**11))
    def test_the_number_before_the_unit_stays_below_a_thousand(self, count: int) -> None:
        assert float(size(count).split()[0]) < 1000


def test_plural_follows_the_count() -> None:
    assert [plural(0, "file"), plural(1, "file"), plural(2, "file"), plural(2, "entry", "entries")] == [
        "0 files",
        "1 file",
        "2 files",
        "2 entries",
    ]


def test_a_short_id_is_the_beginning_of_the_id() -> None:
    assert short_id("3f2a91c0bb") == "3f2a91c0"


@pytest.mark.parametrize(
    ("seconds", "text"), [(600, "10m"), (90, "90s"), (3600, "1h"), (5400, "90m"), (0.5, "0.5s"), (86_400, "24h")]
)
def test_a_period_as_settings_are_written(seconds: float, text: str) -> None:
    assert period(seconds) == text
