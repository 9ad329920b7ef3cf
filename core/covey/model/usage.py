"""Tokens by kind, and sums of what was spent: the words for money that events, budgets and screens share. Pure."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from covey.model.session import Session

TOKEN_KINDS = ("input", "output", "cache_read", "cache_write")
"""The kinds of tokens that are counted apart; `input` leaves out what was read from a cache or written to one."""


class Spent(NamedTuple):
    """What was spent: tokens of all kinds together, and US dollars as far as prices are known (None: of nothing)."""

    tokens: int = 0
    usd: float | None = None

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        if other.usd is None:
            return Spent(self.tokens + other.tokens, self.usd)
        return Spent(self.tokens + other.tokens, other.usd if self.usd is None else self.usd + other.usd)


def spent_by(session: "Session") -> Spent:
    """What a session has spent, over all its attempts."""
    return Spent(sum(session.usage.values()), session.cost_usd)


def spent_by_all(sessions: Iterable["Session"]) -> Spent:
    """What sessions have spent together."""
    total = Spent()
    for session in sessions:
        if session.usage:
            total = total.plus(spent_by(session))
    return total
