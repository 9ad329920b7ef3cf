"""What was spent in words, with the limits that hold for it."""

import pytest

from covey.client.money import spent_words
from covey.model.budget import Budget
from covey.model.usage import Spent


@pytest.mark.parametrize(
    ("spent", "budget", "said"),
    [
        (Spent(), None, ""),
        (Spent(186_000, 1.84), None, "186k tokens, $1.84"),
        (Spent(186_000), None, "186k tokens"),
        (Spent(3_300, 0.06), Budget(usd=0.001), "3.3k tokens, $0.06 of $0.001"),
        (Spent(3_300, 0.0002), Budget(usd=2_000.5), "3.3k tokens, <$0.01 of $2,000.50"),
        (Spent(), Budget(usd=5.0, tokens=2_000_000), "0 of 2.0M tokens, $0 of $5.00"),
    ],
)
def test_each_with_its_limit(spent: Spent, budget: Budget | None, said: str) -> None:
    assert spent_words(spent, budget) == said
