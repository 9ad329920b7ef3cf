"""The local runtime: every session is an asyncio task in this process. The only place that makes session tasks.

One wrapper around a session's loop catches everything: an error of our own or of an agent ends that session as failed,
never its siblings; an error of the store ends the engine. Engine shutdown is the one stop that cancels tasks.
"""

import asyncio
import contextlib
import functools
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable

from covey.agents.base import BudgetSpentError, CredentialStoppedError
from covey.engine.desk import EngineDesk, SessionLedger, StoredConversation, Transcript
from covey.engine.dialogue import Dialogue
from covey.engine.executor import Executor
from covey.engine.failures import RepeatedFailures
from covey.engine.holds import Holds
from covey.engine.loop import run_session
from covey.engine.pauses import STARTS, STEPS
from covey.engine.runtime import Due, Next, Running, Turn
from covey.engine.slots import Place, Slots, place
from covey.engine.till import Till
from covey.engine.turns import Bench, HeldBackError, Turns, error_result
from covey.engine.vitals import Life, Vitals
from covey.engine.wakeups import Wakeups
from covey.engine.work import CLEANUP_SECONDS, Work, all_done, end, left_after
from covey.errors import StoreError
from covey.model.command import CommandKind, Result, ResultStatus, TranscriptKind
from covey.model.ids import new_id
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.store.base import Child
from covey.text.sanitise import sanitise
from covey.workspace.endings import as_written
from covey.workspace.processes import Grace
from covey.workspace.sentry import Sentry

log = logging.getLogger(__name__)

ENDED = "ended before it had a result"


class LocalRuntime:
    """Runs sessions as tasks (see `covey.engine.runtime.Runtime`)."""

    def __init__(self, bench: Bench, executor: Executor, slots: Slots, moved: Callable[[], None]) -> None:
        self._hurried = asyncio.Event()
        self.sentry = Sentry(bench.tools.settings.run.cancel_grace)
        self._bench = bench
        self._executor = executor
        self._slots = slots
        self._moved = moved
        self._works: dict[Running, Work] = {}
        self.holds = Holds(bench, executor, slots, moved)
        self.failures = RepeatedFailures(bench)
        self.turns = Turns(
            bench, abilities=lambda agent: executor.abilities(bench.tools, agent), before_agent=self._may_pay
        )
        self.vitals = Vitals(bench, self.turns, self._time_out)
        self.wakeups = Wakeups()
        self.broken: BaseException | None = None

    # What the loop asks for.

    def ticket(self, running: Running) -> int:
        """The number of wake-ups so far."""
        return self.wakeups.ticket(running.session_id)

    async def changed(self, running: Running, ticket: int) -> None:
        """Wait for a wake-up that is newer than the ticket."""
        self._moved()
        await self.wakeups.changed(running.session_id, ticket)

    async def any_done(self, parent: Running, ticket: int) -> None:
        """Wait until a child's status has changed since the ticket."""
        await self.changed(parent, ticket)

    async def next_command(self, running: Running) -> Turn | None:
        """The turn to take; None when the session has ended or another attempt has begun."""
        while True:
            await self._stand_still(self._works[running])
            with contextlib.suppress(HeldBackError):  # its run has just been paused
                return await self.turns.next_command(running)

    async def handle_result(self, turn: Turn, result: Result) -> Next:
        """Record the result and what follows from it."""
        work = self._works.get(turn.running)
        if work is not None and result is work.timed_out:
            reason = result.error_message or ""
            if await self.turns.crashed(turn.running, reason, FailureCause.TIMEOUT):
                return Next.END
        return await self.turns.handle_result(turn, result)

    async def execute(self, turn: Turn) -> Result:
        """Do what the turn's command says; ended early when the session is.

        An agent whose credential is refused has not begun: it is called again once somebody has seen to that.
        """
        work, next_turn = self._works[turn.running], turn
        while True:
            try:
                return await self._executed(work, next_turn)
            except CredentialStoppedError as error:
                await self.holds.credentials.stop(next_turn.session, error)
                if work.at is None:
                    return error_result(error.message, self._bench.tools.clock.now(), cause=error.cause)
                resumed = await self._wait_for_credential(work, next_turn)
                if resumed is None:
                    return self._ended(work)
                next_turn = resumed

    async def _executed(self, work: Work, turn: Turn) -> Result:
        if work.transcript is None:
            work.transcript = await self._transcript(turn)
        # From here on nothing is waited for before the work has begun, so that it can be ended.
        if work.stopped or work.limit is not None:
            return self._ended(work)
        with self.vitals.acting(turn.running) as life:
            if turn.interaction.command.command is CommandKind.AGENT and self.holds.credentials.holds(turn.session.id):
                raise self.holds.credentials.error(turn.session.id)
            desk = self._desk(work, turn, work.transcript, life)
            if turn.interaction.command.command is CommandKind.CHECK:
                return await self._executor.execute(self._bench.tools, turn, desk)
            return await self._act(work, turn, desk)

    async def _act(self, work: Work, turn: Turn, desk: EngineDesk) -> Result:
        work.acting = asyncio.create_task(self._paid(turn, desk))
        try:
            await asyncio.wait({work.acting})
        except asyncio.CancelledError:
            await end(work.acting)
            raise
        acting, work.acting = work.acting, None
        if not work.has_slot:
            await self._rest(work)
        return self._ended(work) if acting.cancelled() else acting.result()

    async def _paid(self, turn: Turn, desk: EngineDesk) -> Result:
        """Do what the turn's command says, unless it is an agent's and the session has no money left."""
        try:
            if turn.interaction.command.command is CommandKind.AGENT:
                await desk.till.before_turn()
            result = await self._executor.execute(self._bench.tools, turn, desk)
            await desk.dialogue.kept()  # what was handed over to work that never returned is handed over again
        except BudgetSpentError as error:
            return error_result(str(error), self._bench.tools.clock.now(), cause=FailureCause.BUDGET)
        return result

    async def _may_pay(self, session: Session) -> bool:
        """Its run has not just been paused because its budget is spent."""
        await self.holds.budgets.look(session.run_id)
        root_number = self._works[Running(session.id, session.attempt)].run_number
        return not self.holds.pauses.holds(root_number, STEPS)

    async def due_children(self, running: Running, before: Due | None) -> Due:
        """The children that are neither terminal nor running, nor wait for a human.

        As long as children have only ended since, nobody is looked for: with many of them that would take the square.
        """
        ended = self.wakeups.ended(running.session_id)
        if before is not None and ended is not None:
            before.left.difference_update(ended)
            if before.left:
                return Due((), before.left)
        store = self._bench.store
        active = await store.active_children(running.session_id)
        due = [session_id for session_id, attempt in active if not self._works_on(Running(session_id, attempt))]
        found = await store.children(self._bench.scope, due) if due else ()
        return Due(tuple(child for child in found if not child.held), {session_id for session_id, _ in active})

    async def start_child(self, parent: Running, child: Child) -> None:
        """Start a child's loop as a task of its own; it waits for a slot unless it is a parent itself."""
        number = self._works[parent].run_number
        spawns = self._bench.workflows[child.type].spawns
        at = None if spawns else place(child.priority, number, child.position)
        running = Running(child.session_id, child.attempt)
        if not self._works_on(running):
            self._start(running, number, at, asks=child.asks)

    def spawned(self, turn: Turn) -> Result:
        """The result of a spawn command whose children have all ended."""
        failed = turn.interaction.command.metadata.get("failed_components", [])
        now = self._bench.tools.clock.now()
        return Result(id=new_id(), status=ResultStatus.OK, data={"failed_components": failed}, timestamp=now)

    # What the engine asks for.

    def start_root(self, running: Running, run_number: int) -> None:
        """Start the loop of a run's root, unless it runs already."""
        if not self._works_on(running):
            self._start(running, run_number, None, is_root=True)

    def runs(self, session_id: str) -> bool:
        """A loop of the session runs, whichever attempt's it is."""
        return any(running.session_id == session_id and not work.stopped for running, work in self._works.items())

    def is_at_work(self, running: Running) -> bool:
        """Something works for this attempt, and will record a result for what it has begun."""
        work = self._works.get(running)
        return work is not None and work.begun

    def stop_work(self, running: Running, *, now: bool = False) -> None:
        """End what works for a session whose status says that it has ended; `now` cuts its grace short."""
        work = self._works.get(running)
        if work is None:
            return
        if now:
            work.grace.now.set()
        if not work.stopped:
            work.stopped = True
            self.holds.pauses.withdraw(running.session_id)
            if work.acting is not None:
                work.acting.cancel()

    def restart(self, running: Running) -> None:
        """Have an attempt wait for its slot while the one before it ends, so that nobody behind it goes first.

        Where nothing works for the one before it, or takes no slot, its parent starts it.
        """
        older = self._works.get(Running(running.session_id, running.attempt - 1))
        if older is None or older.at is None or self._works_on(running):
            return
        if older.task is not None and not older.task.cancelling():  # its run is not being stopped
            self._start(running, older.run_number, older.at)

    def _time_out(self, running: Running, limit: float) -> None:
        """End what works for a session whose time is over, gracefully; the next result says so."""
        work = self._works.get(running)
        if work is None or work.stopped or work.limit is not None:
            return
        work.limit = limit
        if work.acting is not None:
            work.acting.cancel()

    def at_rest(self) -> bool:
        """Nothing can go on by itself: every session that is at work waits for something that has not happened."""
        return all(
            not work.stopped
            and (self.wakeups.at_rest(running.session_id) or self.holds.is_standing_still(running.session_id))
            for running, work in self._works.items()
        )

    def hurry(self) -> None:
        """Cut every grace short, that of work which is still to be ended among them."""
        self._hurried.set()
        for work in self._works.values():
            work.grace.now.set()

    async def end_all(self) -> None:
        """End all work for now; interactions stay pending, so that the next engine goes on with them.

        Takes no longer than the grace, SIGKILL and some cleaning up do; work that has not ended by then is left behind.
        """
        await self._end(self._works.values())

    @property
    def left_behind(self) -> bool:
        """Some work did not end, though it had time to."""
        return any(work.left_behind for work in self._works.values())

    async def end_run(self, run_number: int) -> None:
        """End the work of one run for now, likewise."""
        await self._end(work for work in self._works.values() if work.run_number == run_number)

    async def _end(self, works: Iterable[Work]) -> None:
        ending = {work.task: work for work in works if work.task is not None and not work.left_behind}
        for task in ending:
            task.cancel()
        grace = Grace(self._bench.tools.settings.run.cancel_grace, self._hurried)
        for task in await left_after(set(ending), grace, CLEANUP_SECONDS):
            ending[task].left_behind = True
            log.warning("%s does not end; it is left behind", task.get_name())

    # How a session runs.

    def _works_on(self, running: Running) -> bool:
        """Something works for the attempt, or will; a retry that was undone before it began may come once more."""
        work = self._works.get(running)
        return work is not None and (work.begun or not work.stopped)

    def _start(
        self, running: Running, run_number: int, at: Place | None, *, is_root: bool = False, asks: bool = False
    ) -> None:
        attempts = (Running(running.session_id, attempt) for attempt in range(1, running.attempt + 1))
        older = [work.task for key in attempts if (work := self._works.get(key)) is not None and work.task]
        grace = Grace(seconds=self._bench.tools.settings.run.cancel_grace)
        work = Work(running, run_number, grace, at, is_root, asks, waiting_for=older)
        self._works[running] = work
        work.task = asyncio.create_task(self._session(work), name=f"session {running.session_id}")

    async def _session(self, work: Work) -> None:
        """The session wrapper: the one place that catches everything."""
        try:
            if work.at is None:
                await all_done(work.waiting_for)
            await self._in_slot(work)
        except asyncio.CancelledError:
            raise
        except StoreError as error:
            self.broken = self.broken or error
        except Exception as error:  # noqa: BLE001 - what becomes of it is told in `_crashed`
            await self._crashed(work, error)
        finally:
            if self._works.get(work.running) is work:
                del self._works[work.running]
            self._moved()

    async def _in_slot(self, work: Work) -> None:
        """Start once a slot is free and the run is not paused; a run's root starts at once, and starts nothing."""
        if work.asks:
            await self.holds.answered(work.running)
        if work.stopped:
            return
        session_id = work.running.session_id
        if self.holds.pauses.holds(work.run_number):
            self._moved()
        if work.at is None:
            if not work.is_root:
                await self.holds.pauses.passed(session_id, work.run_number, STARTS)
            await self._loop(work)
            return
        work.has_slot = await self.holds.slot(work, work.at)
        try:
            if work.has_slot:
                with self.vitals.at_work(work.running, is_limited=True):
                    await self._loop(work)
        finally:
            if work.has_slot:
                self._slots.release(session_id)

    async def _stand_still(self, work: Work) -> None:
        """Between two steps: take no other while the run is hard paused; the slot is for others meanwhile."""
        if not self.holds.holds(work):
            return
        if work.at is not None:
            await self._rest(work)
        else:  # a parent has no slot, and its time is not limited
            self._moved()
            await self.holds.back_at_work(work)

    async def _rest(self, work: Work, until: Callable[[], Awaitable[None]] | None = None) -> None:
        """Stand still until then, and until the run goes on: that is not of the session's time."""
        with self.vitals.resting(work.running):
            await self.holds.rest(work, until)

    async def _wait_for_credential(self, work: Work, turn: Turn) -> Turn | None:
        """Stand still in the middle of a step, the slot given back, until the credential is resumed; then begin again.

        None when the session was ended meanwhile.
        """
        await self.turns.stands_still(work.running, self.holds.credentials.why(work.running.session_id))
        if work.stopped or work.at is None:
            return None
        await self._rest(work)
        return await self.turns.again(turn) if work.has_slot else None

    async def _loop(self, work: Work) -> None:
        if not work.stopped and await self.turns.started(work.running):
            work.begun = True
            await run_session(self, work.running)
            # Before the slot is free: no other session of the run starts once it has failed too often.
            await self.failures.look()

    async def _crashed(self, work: Work, error: Exception) -> None:
        # Whatever an agent was told may be in its error: neither escapes nor credentials get into the log.
        trace = sanitise(self._executor.hidden("".join(traceback.format_exception(error))))
        log.error("session %s died\n%s", work.running.session_id, trace)
        try:
            await self.turns.crashed(work.running, self._executor.hidden(f"{type(error).__name__}: {error}"))
            await self.failures.look()
        except StoreError as worse:
            self.broken = self.broken or worse

    def _desk(self, work: Work, turn: Turn, transcript: Transcript, life: Life) -> EngineDesk:
        step = turn.interaction.step
        transcript.add(step, TranscriptKind.STEP, step)
        store, running = self._bench.store, work.running
        ledger = SessionLedger(store, self.sentry, running.session_id, running.attempt, life.sign)
        till = Till(self._bench, self.holds.budgets, turn.session)
        rest = functools.partial(self._rest, work)
        dialogue = Dialogue(
            self.turns,
            turn,
            transcript,
            self._bench.tools.clock,
            questions=self.holds.questions,
            rest=rest,
            is_held=functools.partial(self.holds.lets_no_turn_begin, work, till, rest),
        )
        return EngineDesk(
            transcript,
            ledger=ledger,
            till=till,
            conversation=StoredConversation(
                store, turn.session, turn.interaction.id, sign=life.sign, keep=dialogue.kept
            ),
            dialogue=dialogue,
            grace=work.grace,
            step=step,
            sign=life.sign,
        )

    async def _transcript(self, turn: Turn) -> Transcript:
        store, (session_id, attempt) = self._bench.store, turn.running
        started = turn.session.started_at
        begun_before = started is None or started < store.row.since
        last = await store.last_transcript_row(session_id, attempt) if begun_before else 0
        return Transcript(store, self._bench.tools.clock, session_id, attempt, last)

    def _ended(self, work: Work) -> Result:
        """The result of work that was ended before it had one: because its session has ended, or its time is over."""
        now = self._bench.tools.clock.now()
        if work.stopped or work.limit is None:
            return error_result(ENDED, now)
        reason = f"its work took longer than {as_written(work.limit)}, the session_timeout of [run] in covey.toml"
        work.timed_out = error_result(reason, now, cause=FailureCause.TIMEOUT)
        return work.timed_out
