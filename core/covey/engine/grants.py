"""What a call of `covey run` may spend: one budget for all its runs, checked before any of them starts.

A run that is adopted keeps its budget, unless the call names another, or covey.toml says more by now. What it has spent
before counts: nobody gets money back by running again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from covey.config.settings import Settings
from covey.engine.budgets import Budgets
from covey.errors import UsageError
from covey.model import events as e
from covey.model.budget import Budget, overrun, without_price
from covey.model.pause import PauseKind
from covey.model.session import Session

_NO_LIMIT = Budget()

About = dict[str, Any]
"""The fields by which an event says which session it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of `covey run`: what it names itself (`asked`), what covey.toml says (`usual`), who called, and its id."""

    asked: Budget
    usual: Budget
    by: str
    decision_id: str

    def budget(self, root: Session | None) -> Budget | None:
        """What a run may spend: a new one, or an unfinished one with this root. None without any limit."""
        known = root.budget if root is not None else None
        if known is not None and self.asked == _NO_LIMIT:
            return known.at_least(self.usual)
        limits = (known or self.usual).with_limits(self.asked.usd, self.asked.tokens)
        if limits.usd is None and limits.tokens is None:
            return None
        return Budget(id=self.decision_id, usd=limits.usd, tokens=limits.tokens)

    def events(self, about: About, root: Session | None, budget: Budget | None, at: datetime) -> tuple[e.AnyEvent, ...]:
        """What is stored of a run's budget, new (without `root`) or adopted; one that waits for money goes on."""
        if budget is None or (root is not None and budget == root.budget):
            return ()
        by, key = self.by, self.decision_id
        given = e.BudgetSet(at=at, **about, budget=budget, by=by, decision_id=key)
        if root is None or root.paused is None or root.paused.kind is not PauseKind.BUDGET:
            return (given,)
        return given, e.RunResumed(at=at, **about, by=by, decision_id=key)


async def granted(call: Call, roots: Sequence[Session], budgets: Budgets) -> tuple[dict[str, Budget | None], list[str]]:
    """What each of these unfinished runs may spend from now on, and what keeps the call from having its way."""
    wanted = {root.id: call.budget(root) for root in roots}
    anew = [key for key, budget in wanted.items() if budget is not None and budget.id == call.decision_id]
    problems: list[str] = []
    for root in roots:
        budget = wanted[root.id]
        if budget is None or budget == root.budget:
            continue
        # What is given anew is given to all of them together; what a run keeps it has with those it always shared with.
        account = await (budgets.account_of(anew) if root.id in anew else budgets.account(root.id))
        found = overrun(budget, account)
        if found is None:
            continue
        wanted[root.id] = root.budget
        if call.asked != _NO_LIMIT:
            advice = " already; name more than that" if found.limit else ""
            problems.append(f"{root.component}: {found.reason}{advice}")
    return wanted, list(dict.fromkeys(problems))


def price_problems(
    settings: Settings, budgets: Sequence[Budget | None], models: Sequence[tuple[str, str | None]]
) -> list[str]:
    """Why a budget in USD cannot hold: the models of these agents (each with the one that it is told) without a price.

    Which model an agent takes that is told none is known where its table in covey.toml says so.
    """
    if settings.run.session_budget_usd is None and not any(budget and budget.usd for budget in budgets):
        return []
    used = dict.fromkeys(model or _own_model(settings, agent) for agent, model in models)
    unknown = [model for model in used if model is not None and settings.prices.of(model) is None]
    return [without_price(unknown)] if unknown else []


def _own_model(settings: Settings, agent: str) -> str | None:
    """The model that an agent's own table names; that there is no such agent is told by others."""
    try:
        model = getattr(settings.agent(agent).options, "model", None)
    except UsageError:
        return None
    return model if isinstance(model, str) else None
