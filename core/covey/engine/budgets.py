"""Budgets as the engine keeps them: looked at before each start and each turn of a model, never after.

Who has begun a turn has paid for it, so a run that spends the last of its budget on its last turn ends like any other.
What the sessions of a run have spent is read once and followed from then on by what is written.
"""

import asyncio
from collections.abc import Iterable, Sequence

from covey.agents.base import BudgetSpentError
from covey.engine.consequences import ENGINE
from covey.engine.pauses import run_number
from covey.engine.turns import Bench
from covey.errors import StaleOperationError
from covey.model import events as e
from covey.model.budget import Account, Budget, Overrun, overrun
from covey.model.ids import new_id
from covey.model.pause import PauseKind, PauseMode
from covey.model.session import Session, about, is_terminal
from covey.model.usage import Spent, spent_by
from covey.store.base import Operation


class _Ledger:
    """What the sessions of one run have spent, and the models of what has no price."""

    def __init__(self) -> None:
        self.total = Spent()
        self.models: dict[str, None] = {}
        self._by_session: dict[str, Spent] = {}

    def put(self, session_id: str, spent: Spent, models: Iterable[str], *, is_older: bool = False) -> None:
        """Note how much a session has spent by now; what is `older` says nothing about one that is known."""
        before = self._by_session.get(session_id)
        if before is not None and is_older:
            return
        if before == spent:
            return
        self._by_session[session_id] = spent
        self.models.update(dict.fromkeys(models))
        known = before or Spent()
        usd = None if spent.usd is None else spent.usd - (known.usd or 0.0)
        self.total = self.total.plus(Spent(spent.tokens - known.tokens, usd))


class Budgets:
    """Knows what runs and sessions may spend, and what they have spent."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._runs: dict[int, str] = {}
        self._budgets: dict[str, Budget] = {}
        self._ledgers: dict[str, _Ledger] = {}
        self._one_at_a_time = asyncio.Lock()

    def know(self, sessions: Iterable[Session]) -> None:
        """Learn from rows, as they are after each commit."""
        for session in sessions:
            if session.session_id is None:
                self._runs[run_number(session)] = session.id
                if session.budget is not None:
                    self._budgets[session.id] = session.budget
            ledger = self._ledgers.get(session.run_id)
            if ledger is not None and session.usage:
                ledger.put(session.id, spent_by(session), session.unpriced)

    async def account(self, root_id: str) -> Account:
        """What counts against a run's budget: what all runs that share it have spent."""
        budget = self._budgets.get(root_id)
        sharing = [root_id] if budget is None else [key for key, each in self._budgets.items() if each.id == budget.id]
        return await self.account_of(sharing)

    async def account_of(self, run_ids: Sequence[str]) -> Account:
        """What these runs have spent together."""
        ledgers = [await self._ledger(key) for key in run_ids]
        prices = self._bench.tools.settings.prices
        models = dict.fromkeys(model for ledger in ledgers for model in ledger.models if prices.of(model) is None)
        spent = Spent()
        for ledger in ledgers:
            spent = spent.plus(ledger.total)
        return Account(spent, tuple(models), needs_prices=self._bench.tools.settings.run.session_budget_usd is not None)

    async def look_at(self, number: int) -> None:
        """Pause the run with this number, hard, where nothing may be spent any more; asked before anything starts."""
        run_id = self._runs.get(number)
        if run_id is not None:
            await self.look(run_id)

    async def look(self, run_id: str) -> None:
        """Pause a run, hard, where nothing may be spent any more; costs nothing while no budget is set."""
        found = await self._found(run_id)
        while found is not None:
            root = await self._bench.store.session(self._bench.scope, run_id)
            if root is None or is_terminal(root) or (root.paused and root.paused.mode is PauseMode.HARD):
                return
            try:
                await self._bench.store.append(self._pause(root, found))
            except StaleOperationError:
                found = await self._found(run_id)
            else:
                return

    async def allow_turn(self, session_id: str, run_id: str) -> None:
        """Look whether a session may take a turn of its model; pauses its run where the run may not.

        Raises:
            BudgetSpentError: what the session may spend by itself is spent.
        """
        run = self._bench.tools.settings.run
        if run.session_budget_usd is not None or run.session_budget_tokens is not None:
            position = await self._bench.store.position(self._bench.scope, session_id)
            objection = position and self.objection(position.session)
            if objection:
                raise BudgetSpentError(objection)
        await self.look(run_id)

    def objection(self, session: Session) -> str | None:
        """Why a session may take no other turn, and what to do; None while it has something left."""
        run = self._bench.tools.settings.run
        own = Budget(usd=run.session_budget_usd, tokens=run.session_budget_tokens)
        found = overrun(own, Account(spent_by(session)))
        if found is None:
            return None
        return f"its budget: {found.reason}; raise session_{found.limit} under [run] in covey.toml, then retry it"

    async def _found(self, run_id: str) -> Overrun | None:
        budget = self._budgets.get(run_id)
        if budget is None and self._bench.tools.settings.run.session_budget_usd is None:
            return None
        return overrun(budget, await self.account(run_id))

    async def _ledger(self, run_id: str) -> _Ledger:
        """What the sessions of a run have spent; nobody is given one that is still being read."""
        async with self._one_at_a_time:
            return self._ledgers.get(run_id) or await self._read_ledger(run_id)

    async def _read_ledger(self, run_id: str) -> _Ledger:
        # Followed from here on, so that what is written while the rest is being read is not overlooked.
        ledger = self._ledgers[run_id] = _Ledger()
        try:
            for row in await self._bench.store.spending(self._bench.scope, [run_id]):
                ledger.put(row.session_id, row.spent, row.models, is_older=True)
        except BaseException:
            del self._ledgers[run_id]
            raise
        return ledger

    def _pause(self, root: Session, found: Overrun) -> Operation:
        paused = e.RunPaused(
            at=self._bench.tools.clock.now(),
            **about(root),
            kind=PauseKind.BUDGET,
            mode=PauseMode.HARD,
            cause=found.reason,
            by=ENGINE,
            decision_id=new_id(),
            limit=found.limit,
        )
        return Operation(events=(paused,), versions={root.id: root.version})
