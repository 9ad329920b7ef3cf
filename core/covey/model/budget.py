"""Budgets: what may be spent, when it is, and what stands against going on. Pure.

A budget holds for one `covey run` over all its contexts: the roots of its runs carry the same one, with the same id,
and what all of them have spent counts. It stands on roots alone; what a session may spend is told by the settings.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from covey.model.usage import Spent

USD, TOKENS = "budget_usd", "budget_tokens"
"""The two limits of a budget, as they are called in covey.toml and (with a dash) on the command line."""

_CENT = 0.01
_EXACT = 9
"""To so many digits of a dollar costs are added up for certain: 0.7 and three times 0.1 have to make a whole one."""


class Budget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be spent: US dollars, tokens of all kinds together, or both; None is without a limit."""

    id: str = ""
    usd: float | None = None
    tokens: int | None = None

    def with_limits(self, usd: float | None, tokens: int | None) -> "Budget":
        """The same with other limits; None leaves one as it is."""
        limits = {"usd": self.usd if usd is None else usd, "tokens": self.tokens if tokens is None else tokens}
        return msgspec.structs.replace(self, **limits)

    def words(self) -> str:
        """Its limits, as they were set: `$5.00 and 2,000,000 tokens`; empty where it has none."""
        limits = (
            "" if self.usd is None else exactly(self.usd),
            "" if self.tokens is None else f"{self.tokens:,} {'token' if self.tokens == 1 else 'tokens'}",
        )
        return " and ".join(each for each in limits if each)

    def at_least(self, other: "Budget") -> "Budget":
        """The same with the higher limit of both; one that is not set stays so."""
        usd = None if None in {self.usd, other.usd} else max(self.usd or 0.0, other.usd or 0.0)
        tokens = None if None in {self.tokens, other.tokens} else max(self.tokens or 0, other.tokens or 0)
        return self.with_limits(usd, tokens)


class Account(NamedTuple):
    """What counts against a budget: all that was spent, and the models whose tokens could not be priced.

    `needs_prices`: the sessions have budgets in US dollars of their own, whatever their run has.
    """

    spent: Spent = Spent()
    without_price: tuple[str, ...] = ()
    needs_prices: bool = False


class Overrun(NamedTuple):
    """A budget that lets nothing more be spent: which limit it is (None: a price is missing), and why, for people."""

    limit: str | None
    reason: str


def overrun(budget: Budget | None, account: Account) -> Overrun | None:
    """What keeps a budget from letting another turn begin; None while there is something left."""
    in_dollars = account.needs_prices or (budget is not None and budget.usd is not None)
    if in_dollars and account.without_price:
        return Overrun(None, without_price(account.without_price))
    if budget is None:
        return None
    spent = account.spent
    if budget.usd is not None and round(spent.usd or 0.0, _EXACT) >= budget.usd:
        return Overrun(USD, f"{dollars(spent.usd or 0.0)} of {exactly(budget.usd)} are spent")
    if budget.tokens is not None and spent.tokens >= budget.tokens:
        return Overrun(TOKENS, f"{spent.tokens:,} of {budget.tokens:,} tokens are spent")
    return None


def without_price(models: Sequence[str]) -> str:
    """Why a budget in USD cannot hold for these models, and what to do."""
    names = " and ".join(f'"{model}"' for model in models)
    return (
        f'no price is known for {names}, so no budget in USD can hold: add [prices."{models[0]}"] to covey.toml, '
        "or set a budget in tokens instead"
    )


def dollars(usd: float) -> str:
    """An amount to the cent: `$5.00`; below one, to its first two digits: `$0.0042`."""
    return exactly(round(usd, 2) if usd >= _CENT or usd <= 0 else float(f"{usd:.2g}"))


def exactly(usd: float) -> str:
    """An amount to its last digit, as limits are told that somebody has set: `$5.00`, `$2.505`, `$0.001`."""
    whole, _, part = f"{Decimal(repr(usd)):,f}".partition(".")
    return f"${whole}.{part.rstrip('0'):0<2}"


def more_than(limit: str | None) -> str:
    """How a run goes on whose budget is spent: `covey resume --budget-usd with more goes on`."""
    option = option_of(limit)
    return f"covey resume{f' {option} with more' if option else ''} goes on"


def option_of(limit: str | None) -> str:
    """The option that sets a limit; empty where none is meant."""
    return {USD: "--budget-usd", TOKENS: "--budget-tokens"}.get(limit or "", "")
