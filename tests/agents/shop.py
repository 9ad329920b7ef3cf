"""A small project on disk with one module to describe, and the offline agent at work in it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from covey.agents.base import Assignment, Outcome, Task
from covey.agents.offline import OfflineAgent
from covey.model.component import Component
from covey.testing.desk import RecordingDesk

SECTIONS = ("Purpose", "Public API", "Dependencies")
TARGET = "docs/design/shop/billing/money.md"
SOURCE = "src/shop/billing/money.py"
CODE = '''"""Amounts of money."""

import json
from dataclasses import dataclass
from shop.billing import tax
from shop.billing.hidden import secret


class MoneyError(ValueError):
    """An amount that cannot be."""


@dataclass(frozen=True)
class Money:
    """An amount in a currency."""

    amount: int
    currency: str = "EUR"

    def add(self, other: "Money") -> "Money":
        """The sum.

        Raises:
            MoneyError: the currencies differ.
        """

    def spell(self, style):
        raise NotImplementedError(style)


def parse(text: str, *, strict: bool = True) -> Money:
    """Read an amount."""
    raise MoneyError(text)


def _private(): ...
'''


def component(module: str, **fields: object) -> Component:
    return Component(id=module, project_id="p", name=module.rpartition(".")[2], module_name=module, **fields)  # type: ignore[arg-type]


CONTEXT = component("shop.billing", description="Bills.")
MONEY = component("shop.billing.money", parent_component_id="shop.billing")
TAX = component("shop.billing.tax", parent_component_id="shop.billing")


@dataclass
class Shop:
    """A small project on disk and an agent that works in it."""

    root: Path
    desk: RecordingDesk = field(default_factory=RecordingDesk)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(text.encode())

    def document(self) -> str:
        return (self.root / TARGET).read_bytes().decode()

    def assignment(self, **fields: object) -> Assignment:
        plain = Assignment(
            session_id="s",
            attempt=2,
            step="GenerateComponentDesign",
            task=Task.GENERATE,
            workspace=self.root,
            target=TARGET,
            source=SOURCE,
            component=MONEY,
            context=CONTEXT,
            context_design_path="docs/design/shop/billing.md",
            components=(CONTEXT, MONEY, TAX),
            sections=SECTIONS,
        )
        return replace(plain, **fields)  # type: ignore[arg-type]

    async def run(self, **fields: object) -> Outcome:
        self.desk = RecordingDesk()
        return await OfflineAgent(OfflineAgent.Settings()).run(self.assignment(**fields), self.desk)
