"""Amounts of budgets in words: a limit as it was set, what was spent as far as anybody cares."""

import pytest

from covey.model.budget import TOKENS, USD, Account, Budget, dollars, exactly, overrun
from covey.model.usage import Spent


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (5, "$5.00"),
        (0.001, "$0.001"),
        (2.505, "$2.505"),
        (1_204.5, "$1,204.50"),
        (0.1, "$0.10"),
        (1e-7, "$0.0000001"),
        (1e16, "$10,000,000,000,000,000.00"),
    ],
)
def test_a_limit_is_told_as_it_was_set(usd: float, said: str) -> None:
    assert exactly(usd) == said


@pytest.mark.parametrize(
    ("usd", "said"),
    [(0.1 + 0.2, "$0.30"), (0.0041999, "$0.0042"), (0.0, "$0.00"), (1_204.499, "$1,204.50"), (3e-9, "$0.000000003")],
)
def test_what_was_spent_is_rounded(usd: float, said: str) -> None:
    assert dollars(usd) == said


def test_limits_together() -> None:
    assert Budget(usd=0.001, tokens=2_000_000).words() == "$0.001 and 2,000,000 tokens"
    assert Budget(tokens=1).words() == "1 token"
    assert Budget().words() == ""


def test_cents_that_add_up_to_the_limit_have_reached_it() -> None:
    spent = 0.7 + 0.1 + 0.1 + 0.1
    assert spent < 1.0
    over = overrun(Budget(usd=1.0), Account(Spent(100, spent)))
    assert over is not None
    assert over.reason == "$1.00 of $1.00 are spent"
    assert overrun(Budget(usd=1.0), Account(Spent(100, 0.9999999))) is None


def test_why_nothing_more_may_be_spent() -> None:
    over = overrun(Budget(usd=0.001), Account(Spent(100, 0.0123)))
    assert over is not None
    assert over.reason == "$0.01 of $0.001 are spent"


@pytest.mark.parametrize(("budget", "limit"), [(Budget(usd=0.5), USD), (Budget(tokens=100), TOKENS)])
def test_what_is_spent_to_the_last_lets_nothing_more_begin(budget: Budget, limit: str) -> None:
    over = overrun(budget, Account(Spent(100, 0.5)))
    assert over is not None
    assert over.limit == limit
    assert overrun(budget, Account(Spent(99, 0.49))) is None
