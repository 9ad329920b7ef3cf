"""The options by which a budget is set, and what they take."""

import math

from covey.errors import UsageError


def check_budget(usd: float | None, tokens: int | None) -> None:
    """See that a budget is one.

    Raises:
        UsageError: it is nothing that could be spent.
    """
    if usd is not None and not (math.isfinite(usd) and usd > 0):
        raise UsageError(f"--budget-usd takes US dollars, more than 0, like 2.50; not {usd:g}")
    if tokens is not None and tokens < 1:
        raise UsageError(f"--budget-tokens takes a number from 1 on, not {tokens}")
