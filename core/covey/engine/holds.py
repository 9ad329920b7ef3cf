"""What keeps sessions from going on: pauses, questions, budgets and credentials; and their slots meanwhile.

Whoever stands still works in no slot. It is given back for others, and another one is waited for in the queue.
"""

import functools
from collections.abc import Awaitable, Callable

from covey.engine.budgets import Budgets
from covey.engine.credentials import Credentials
from covey.engine.dialogue import Questions
from covey.engine.executor import Executor
from covey.engine.pauses import STEPS, Pauses
from covey.engine.runtime import Running
from covey.engine.slots import Place, Slots
from covey.engine.till import Till
from covey.engine.turns import Bench
from covey.engine.work import Work, all_done
from covey.model.status import Phase
from covey.store.base import Committed


class Holds:
    """Who stands still, and for what. `moved` is called when somebody begins to."""

    def __init__(self, bench: Bench, executor: Executor, slots: Slots, moved: Callable[[], None]) -> None:
        self._bench = bench
        self._slots = slots
        self._moved = moved
        credential_of = functools.partial(_credential_of, bench, executor)
        self.credentials = Credentials(bench, credential_of, executor.gates, slots.look_again)
        slots.stands_still = self._gets_no_slot
        self.pauses = Pauses(slots, self.credentials.asks_for)
        self.budgets = Budgets(bench)
        self.questions = Questions()

    def know(self, committed: Committed) -> None:
        """Learn from what was written."""
        self.pauses.know(committed.sessions.values())
        self.questions.know(committed.sessions.values())
        self.budgets.know(committed.sessions.values())
        self.credentials.know(committed)

    def holds(self, work: Work) -> bool:
        """It is to take no other step or turn for now."""
        return not work.stopped and self.pauses.holds(work.run_number, STEPS)

    async def lets_no_turn_begin(self, work: Work, till: Till, rest: Callable[[], Awaitable[None]]) -> bool:
        """Likewise, be it that the budget of its run has just been found spent.

        An agent that had asked, and waits for its answer no more, gets into a slot again first: by its `rest`.

        Raises:
            BudgetSpentError: what the session may spend by itself is spent.
        """
        if work.at is not None and not work.has_slot:
            await rest()
        await till.before_turn()
        return self.holds(work)

    def is_standing_still(self, session_id: str) -> bool:
        """The session waits for the end of a pause or for an answer, and for nothing else."""
        return self.pauses.is_standing_still(session_id) or self.questions.is_waiting(session_id)

    async def slot(self, work: Work, at: Place) -> bool:
        """Wait for a slot in which there is money to work with; False when the session was withdrawn.

        Work of older attempts has ended by then: what is still to be ended is so in this slot, or in its own before it.
        Whoever does not get True has none: it was given back, whatever happened meanwhile.
        """
        while await self.pauses.acquire(work.running.session_id, at):
            goes_on = False
            try:
                await all_done(work.waiting_for)
                await self.budgets.look_at(work.run_number)
                goes_on = not self.pauses.holds(work.run_number) or work.stopped
            finally:
                if not goes_on:
                    self._slots.release(work.running.session_id)
            if goes_on:
                return True
            self._moved()
        return False

    async def rest(self, work: Work, until: Callable[[], Awaitable[None]] | None = None) -> None:
        """Stand still until then, and until the run goes on; the slot is for others meanwhile."""
        self._moved()
        if work.has_slot:
            self._slots.release(work.running.session_id)
            work.has_slot = False
        if until is not None:
            await until()
        await self.back_at_work(work)

    async def back_at_work(self, work: Work) -> None:
        """Wait for a slot, unless it has one, needs none, or nobody wants it any more.

        What an agent does at the same time comes back one after the other: into one slot.
        """
        async with work.coming_back:
            if work.stopped or work.has_slot:
                return
            if work.at is None:
                await self.pauses.passed(work.running.session_id, work.run_number, STEPS)
            else:
                work.has_slot = await self.pauses.acquire(work.running.session_id, work.at)

    async def answered(self, running: Running) -> None:
        """An agent that asks is not called again before there is an answer, whichever engine it had asked."""

        async def asks() -> bool:
            position = await self._bench.store.position(self._bench.scope, running.session_id)
            session = position.session if position is not None else None
            return session is not None and session.attempt == running.attempt and session.phase is Phase.ASKING

        if await asks():
            self._moved()
            await self.questions.answered(running.session_id, asks)

    def _gets_no_slot(self, session_id: str) -> bool:
        return self.pauses.is_closing or self.credentials.holds(session_id)


def _credential_of(bench: Bench, executor: Executor, agent: str) -> str | None:
    return executor.credential_of(bench.tools, agent)
