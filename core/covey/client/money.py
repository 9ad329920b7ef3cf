"""What was spent, in words: one wording for the command line, the screen and reports. Pure."""

from covey.model.budget import Budget, exactly
from covey.model.usage import Spent
from covey.text.words import cost, tokens


def spent_words(spent: Spent, budget: Budget | None = None) -> str:
    """Tokens and cost, each with the limit that holds for it: `186k tokens, $1.84 of $5.00`; empty for nothing."""
    return ", ".join(each for each in of_budget(spent, budget) if each)


def of_budget(spent: Spent, budget: Budget | None) -> tuple[str, str]:
    """The same apart: `186k of 2.0M tokens`, `$1.84 of $5.00`; empty where nothing was spent and no limit is set.

    A limit in dollars is told to the last digit, as somebody has set it.
    """
    limits = budget or Budget()
    return _tokens_words(spent.tokens, limits.tokens), _cost_words(spent.usd, limits.usd)


def _tokens_words(count: int, limit: int | None) -> str:
    if limit is not None:
        return f"{tokens(count)} of {tokens(limit)} tokens"
    return f"{tokens(count)} tokens" if count else ""


def _cost_words(usd: float | None, limit: float | None) -> str:
    return cost(usd) if limit is None else f"{cost(usd) or '$0'} of {exactly(limit)}"
