"""What sessions pay for their turns: written into the log once, at the price of the moment."""

from covey.agents.base import TurnUsage
from covey.engine.budgets import Budgets
from covey.engine.turns import Bench
from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.session import Session, about
from covey.model.usage import TOKEN_KINDS
from covey.store.base import Operation


class Till:
    """Where one attempt of a session pays."""

    def __init__(self, bench: Bench, budgets: Budgets, session: Session) -> None:
        self._bench = bench
        self._budgets = budgets
        self._session = session

    async def before_turn(self) -> None:
        """Look whether a turn may be paid for; pauses the run, hard, where its budget is spent.

        Raises:
            BudgetSpentError: the session's own budget is spent.
        """
        await self._budgets.allow_turn(self._session.id, self._session.run_id)

    async def take(self, step: str, usage: TurnUsage) -> None:
        """Record what a turn has used; one that is recorded already is not counted again.

        Nothing is looked up before it is handed to the writer, so it counts although the caller is cancelled meanwhile.
        That a request is recorded once is for the database to see to: it knows those of all engines.

        Raises:
            ValueError: a kind of tokens that there is not, or less than none.
            StoreError: it cannot be stored.
        """
        event = self._recorded(step, usage)
        try:
            await self._bench.store.append(Operation(events=(event,)))
        except IllegalEventError:
            if not await self._is_recorded(usage.request_id):
                raise

    def _recorded(self, step: str, usage: TurnUsage) -> e.UsageRecorded:
        wrong = [kind for kind, count in usage.tokens.items() if kind not in TOKEN_KINDS or count < 0]
        if wrong:
            raise ValueError(f"tokens of a turn: {wrong} should be counts from 0 of {TOKEN_KINDS}")
        prices = self._bench.tools.settings.prices
        model = prices.charged(usage.model, usage.asked)
        return e.UsageRecorded(
            at=self._bench.tools.clock.now(),
            **about(self._session),
            step=step,
            model=model,
            tokens=dict(usage.tokens),
            cost_usd=prices.cost(model, usage.tokens),
            request_id=usage.request_id,
        )

    async def _is_recorded(self, request_id: str | None) -> bool:
        return request_id is not None and await self._bench.store.has_usage(self._session.id, request_id)
