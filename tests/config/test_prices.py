"""What models cost: the table that comes with covey, what a project says over it, and what nobody says."""

from collections.abc import Callable

import pytest

from covey.config.manifest import Manifest
from covey.config.prices import Prices, PriceTable, listed_prices

MILLION = {"input": 1_000_000, "output": 1_000_000, "cache_read": 1_000_000, "cache_write": 1_000_000}


class TestListed:
    """The table that is shipped."""

    def test_every_model_has_a_price_for_every_kind_and_output_costs_the_most(self) -> None:
        for model, price in listed_prices().items():
            rates = (price.cache_read, price.input, price.cache_write, price.output)
            assert None not in rates, model
            assert list(rates) == sorted(rates), model  # type: ignore[type-var]
            assert (price.long is None) == (price.longer_than is None), model

    def test_a_turn_costs_what_each_of_its_kinds_does(self) -> None:
        assert Prices().cost("claude-haiku-4-5", MILLION) == pytest.approx(1.00 + 5.00 + 0.10 + 1.25)
        assert Prices().cost("claude-haiku-4-5", {"output": 2_000}) == pytest.approx(0.01)
        assert Prices().cost("claude-haiku-4-5", {}) == 0.0

    @pytest.mark.parametrize(
        ("model", "listed"),
        [
            ("claude-haiku-4-5-20251001", True),
            ("claude-haiku-4-5-latest", True),
            ("claude-haiku-4-5-2025", False),
            ("claude-haiku-4", False),
            ("claude-haiku-4-5-fast", False),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", False),
            ("", False),
            ("Claude-Haiku-4-5", False),
        ],
    )
    def test_a_date_or_latest_at_its_end_is_all_that_an_id_may_have_beside(self, model: str, listed: bool) -> None:  # noqa: FBT001 - a table
        assert (Prices().cost(model, MILLION) is not None) == listed

    def test_a_long_prompt_pays_the_long_rates_for_the_whole_turn(self) -> None:
        haiku = "claude-haiku-5-5"
        short = {"input": 40_000, "cache_read": 60_000, "output": 1_000}
        assert Prices().cost(haiku, short) == pytest.approx((40_000 * 0.10 + 60_000 * 0.01 + 1_000 * 0.50) / 1e6)
        one_more = {**short, "cache_write": 1}
        wanted = (40_000 * 0.50 + 60_000 * 0.05 + 1_000 * 2.50 + 0.625) / 1e6
        assert Prices().cost(haiku, one_more) == pytest.approx(wanted)


class TestOwn:
    """`[prices."some-model"]` of covey.toml."""

    def test_it_holds_over_the_table_for_dated_ids_as_well(self, load: Callable[[str], Manifest]) -> None:
        prices = load('[prices."claude-haiku-4-5"]\ninput = 2\noutput = 7.5\n').settings.prices
        assert prices.cost("claude-haiku-4-5-20251001", {"input": 1_000_000}) == pytest.approx(2.0)
        assert prices.cost("claude-haiku-4-5", {"output": 1_000_000}) == pytest.approx(7.5)

    def test_an_exact_entry_comes_before_that_without_a_date(self) -> None:
        own = {"m": PriceTable(input=1.0, output=1.0), "m-20260101": PriceTable(input=3.0, output=3.0)}
        assert Prices(own).cost("m-20260101", {"input": 1_000_000}) == 3.0
        assert Prices(own).cost("m-20260202", {"input": 1_000_000}) == 1.0

    def test_tokens_of_a_cache_cost_what_the_prompt_does_unless_it_says_more(self) -> None:
        plain, full = PriceTable(input=4.0, output=9.0), PriceTable(input=4.0, output=9.0, cache_read=0, cache_write=5)
        assert Prices({"home": plain}).cost("home", MILLION) == 4.0 + 9.0 + 4.0 + 4.0
        assert Prices({"home": full}).cost("home", MILLION) == 4.0 + 9.0 + 0.0 + 5.0

    @pytest.mark.parametrize(
        ("answered", "asked", "charged"),
        [
            ("claude-haiku-4-5-20251001", "claude-haiku-latest", "claude-haiku-4-5-20251001"),
            ("gateway/haiku", "claude-haiku-4-5", "claude-haiku-4-5"),
            ("gateway/haiku", "small", "gateway/haiku"),
            ("gateway/haiku", None, "gateway/haiku"),
            ("claude-haiku-4-5-20251001", "mine", "mine"),
            ("claude-opus-4-8", "claude-haiku-4-5", "claude-opus-4-8"),
        ],
    )
    def test_a_turn_has_the_price_of_what_answered_then_of_what_was_asked(
        self, answered: str, asked: str | None, charged: str
    ) -> None:
        assert Prices({"mine": PriceTable(input=1.0, output=1.0)}).charged(answered, asked) == charged

    def test_every_mistake_is_told_with_its_line(self, mistakes: Callable[[str], list[tuple[int, str]]]) -> None:
        found = mistakes(
            '[prices."a"]\ninput = -1\noutput = "free"\n[prices.b]\ninput = 1\ncache = 2\n[prices]\nc = 3\n'
            "[prices.d]\ninput = nan\noutput = inf\n"
        )
        assert [line for line, _ in found] == [2, 3, 4, 6, 8, 10, 11]
        text = "\n".join(message for _, message in found)
        assert '"output" is missing' in text
        assert 'unknown key "cache"' in text
        assert 'known are "input", "output", "cache_read", "cache_write"' in text
        assert '"output" should be a number, not "free"' in text

    def test_prices_that_are_no_tables_are_a_mistake(self, mistakes: Callable[[str], list[tuple[int, str]]]) -> None:
        assert mistakes("prices = 3\n")[0][1].startswith('"prices" should hold tables')
