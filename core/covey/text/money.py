"""What was spent, in words: one wording for the command line, the screen and reports. Pure."""

from covey.text.words import cost, tokens


def used_words(count: int, usd: float | None, *, of_tokens: int | None = None, of_usd: float | None = None) -> str:
    """Tokens and cost, each with the limit that holds for it: `186k tokens, $1.84 of $5.00`; empty for nothing."""
    return ", ".join(each for each in (tokens_words(count, of_tokens), cost_words(usd, of_usd)) if each)


def tokens_words(count: int, limit: int | None = None) -> str:
    """Tokens as they were counted: `186k tokens`, `186k of 2.0M tokens`; none without a limit is nothing to tell."""
    if limit is not None:
        return f"{tokens(count)} of {tokens(limit)} tokens"
    return f"{tokens(count)} tokens" if count else ""


def cost_words(usd: float | None, limit: float | None = None) -> str:
    """A price: `$1.84`, `$1.84 of $5.00`; what is unknown is blank, unless there is a limit."""
    if limit is not None:
        return f"{cost(usd) or '$0'} of {cost(limit)}"
    return cost(usd)
