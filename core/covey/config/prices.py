"""What models cost: the dated table that comes with covey (`prices.toml`), and over it what `covey.toml` says.

A model without a price has none made up: `cost` answers None, and only its tokens are counted.
"""

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PRICES = "prices.toml"
_MILLION = 1_000_000
_VERSIONED = re.compile(r"-(?:\d{8}|latest)$")
_PROMPT = ("input", "cache_read", "cache_write")

Usd = Annotated[float, Field(ge=0, le=_MILLION, allow_inf_nan=False)]
"""An amount in US dollars."""


class Rates(BaseModel):
    """USD per million tokens of each kind; where nothing is said of a cache, its tokens cost what `input` does."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    input: Usd
    output: Usd
    cache_read: Usd | None = None
    cache_write: Usd | None = None

    def cost(self, tokens: Mapping[str, int]) -> float:
        """What these tokens, by kind, cost in USD."""
        rates = {
            "input": self.input,
            "output": self.output,
            "cache_read": self.input if self.cache_read is None else self.cache_read,
            "cache_write": self.input if self.cache_write is None else self.cache_write,
        }
        return sum(rates[kind] * count for kind, count in tokens.items()) / _MILLION


class ListedPrice(Rates):
    """An entry of the table that comes with covey: prompts `longer_than` so many tokens have the rates `long`."""

    longer_than: int | None = None
    long: Rates | None = None

    def cost(self, tokens: Mapping[str, int]) -> float:
        """What the tokens of one turn, by kind, cost in USD."""
        prompt = sum(tokens.get(kind, 0) for kind in _PROMPT)
        if self.long is not None and self.longer_than is not None and prompt > self.longer_than:
            return self.long.cost(tokens)
        return super().cost(tokens)


class PriceTable(Rates):
    """`[prices."some-model"]`: what a model costs, whatever the table that comes with covey says of it."""


@functools.cache
def listed_prices() -> Mapping[str, ListedPrice]:
    """The table that comes with covey, by model."""
    text = resources.files(__package__).joinpath(PRICES).read_text(encoding="utf-8")
    return {model: ListedPrice.model_validate(entry) for model, entry in tomllib.loads(text).items()}


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices of a project; `own` are those of its manifest, by model."""

    own: Mapping[str, PriceTable] = field(default_factory=dict)

    def of(self, model: str) -> Rates | None:
        """What a model costs; None where nobody says. The project's own word comes first, then the exact id."""
        return next((table[name] for table in self._tables() for name in _names(model) if name in table), None)

    def charged(self, answered: str, asked: str | None) -> str:
        """The model whose price a turn has: the one that answered; where nobody says what that costs, the one asked.

        What the project itself says of either comes first. Where no price is known of both, it is the one that
        answered: a turn without a price.
        """
        both = [answered] if asked is None else [answered, asked]
        priced = (each for table in self._tables() for each in both if any(name in table for name in _names(each)))
        return next(priced, answered)

    def cost(self, model: str, tokens: Mapping[str, int]) -> float | None:
        """What a turn with these tokens, by kind, costs in USD; None for a model without a price."""
        rates = self.of(model)
        return None if rates is None else rates.cost(tokens)

    def _tables(self) -> tuple[Mapping[str, Rates], ...]:
        return (self.own, listed_prices())


def _names(model: str) -> Iterator[str]:
    """The names under which a model may be listed: its own, and the one without a date or `-latest` at its end."""
    yield model
    without = _VERSIONED.sub("", model)
    if without != model:
        yield without
