"""From the inbox to the log: what humans ask for is decided on the rows of the moment and stored with its outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from covey.engine.consequences import run_finished
from covey.engine.local import LocalRuntime
from covey.engine.recovery import closed
from covey.engine.runtime import Running
from covey.engine.turns import Bench
from covey.errors import StaleOperationError
from covey.model import events as e
from covey.model.budget import Account
from covey.model.control import Action, ControlRequest, RequestState
from covey.model.decision import Decision, decide
from covey.model.pause import PauseKind
from covey.model.session import Session, about, undecided
from covey.model.status import Phase, Status
from covey.model.undo import undo
from covey.store.base import Completion, Operation
from covey.workflows.workflow import has_passed

INTERRUPTED = "its engine died before it had a result"


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows that a request is decided on."""

    session: Session
    above: tuple[Session, ...]
    below: tuple[Session, ...]

    def all(self) -> tuple[Session, ...]:
        """All of them."""
        return (self.session, *self.above, *self.below)

    @property
    def root(self) -> Session:
        """The root of the session's run."""
        return self.above[-1] if self.above else self.session


class Controls:
    """Takes requests and carries them out.

    `objection` says what stands against a retry, or against going on with more money, from outside the rows (a broken
    manifest, an unknown agent), or None.
    """

    def __init__(
        self,
        bench: Bench,
        runtime: LocalRuntime,
        objection: Callable[[ControlRequest], Awaitable[str | None]],
        wake_root: Callable[[Session], Awaitable[None]],
    ) -> None:
        self._bench = bench
        self._runtime = runtime
        self._objection = objection
        self._wake_root = wake_root
        self._one_at_a_time = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Requests are being decided at this moment."""
        return self._one_at_a_time.locked()

    async def drain(self) -> None:
        """Decide all requests that wait, oldest first, each once."""
        async with self._one_at_a_time:
            for request in await self._bench.store.queued_controls():
                await self._settle(request)

    async def _settle(self, request: ControlRequest) -> None:
        while True:
            standing = await self._standing(request.session_id)
            if standing is None:
                return  # its session was deleted, and the request with it
            decision = await self._decide(request, standing)
            try:
                ended = await self._left_open(standing, decision)
                committed = await self._bench.store.append(self._operation(request, standing, decision, ended))
            except StaleOperationError:
                continue
            await self._carry_out(request, standing, [entry.event for entry in committed.entries])
            return

    async def _standing(self, session_id: str) -> Standing | None:
        store, scope = self._bench.store, self._bench.scope
        session = await store.session(scope, session_id)
        if session is None:
            return None
        below = await store.below(scope, session_id) if self._bench.workflows[session.type].spawns else ()
        return Standing(session, await store.above(scope, session_id), below)

    async def _decide(self, request: ControlRequest, standing: Standing) -> Decision:
        if _reads_settings_anew(request, standing.root):
            objection = await self._objection(request)
            if objection is None and request.action is Action.RETRY:
                objection = self._runtime.holds.budgets.objection(standing.session)
            if objection is not None:
                return Decision(refused=True, reason=objection)
        now, limit = self._bench.tools.clock.now(), self._bench.tools.settings.run.retry_limit
        if request.action is Action.UNDO:
            run = (standing.root, *standing.below)
            history = await self._bench.store.history(self._bench.scope, standing.root.id)
            return undo(request, run, history, self._has_passed, now)
        rows = (standing.session, standing.above, standing.below)
        account, paused = await self._account(request, standing), self._runtime.holds.credentials.paused
        return decide(request, *rows, now, retry_limit=limit, account=account, paused=paused)

    async def _account(self, request: ControlRequest, standing: Standing) -> Account:
        """What counts against the budget of a run that is to go on."""
        if request.action is not Action.RESUME:
            return Account()
        return await self._runtime.holds.budgets.account(standing.root.id)

    def _has_passed(self, then: Session, now: Session) -> bool:
        return has_passed(self._bench.workflows.get(now.type), then.step, now.step)

    async def _left_open(self, standing: Standing, decision: Decision) -> Sequence[tuple[e.ResultRecorded, Completion]]:
        """Close what another engine had begun for sessions that this ends; what works here closes its own."""
        rows = {each.id: each for each in standing.all()}
        now, open_ones = self._bench.tools.clock.now(), []
        for event in decision.events:
            if isinstance(event, e.SessionCancelled | e.SessionSkipped):
                session = rows[event.session_id or ""]
                if session.pending is not None and not self._runtime.is_at_work(Running(session.id, session.attempt)):
                    interaction = await self._bench.store.interaction(self._bench.scope, session.pending)
                    if interaction is not None:
                        open_ones.append(closed(session, interaction, INTERRUPTED, now))
        return open_ones

    def _operation(
        self,
        request: ControlRequest,
        standing: Standing,
        decision: Decision,
        ended: Sequence[tuple[e.ResultRecorded, Completion]],
    ) -> Operation:
        now = self._bench.tools.clock.now()
        session = standing.session
        state = RequestState.REFUSED if decision.refused else RequestState.SETTLED
        requested = e.ControlRequested(
            at=now,
            **about(session),
            request_id=request.id,
            decision_id=request.decision_id,
            action=request.action,
            by=request.requested_by,
            reason=request.reason,
            note=request.note or request.message,
        )
        settled = e.ControlSettled(
            at=now,
            **about(session),
            request_id=request.id,
            decision_id=request.decision_id,
            action=request.action,
            changed=decision.changed,
            refused=decision.refused,
            reason=decision.reason,
        )
        is_root = session.session_id is None
        finished = run_finished(decision.events, session, standing.below, now) if is_root else ()
        outcome = replace(request, state=state, changed=decision.changed, outcome=decision.reason)
        return Operation(
            events=(requested, *decision.events, *(late for late, _ in ended), settled, *finished),
            versions={each.id: each.version for each in standing.all()},
            completed=tuple(completion for _, completion in ended),
            settled=(outcome,),
        )

    async def _carry_out(self, request: ControlRequest, standing: Standing, events: Sequence[e.AnyEvent]) -> None:
        """What is to be done beside the rows: end work that is no longer wanted, and let a root's loop run again."""
        for event in events:
            if isinstance(event, e.SessionCancelled | e.SessionSkipped) and event.session_id and event.attempt:
                self._runtime.stop_work(Running(event.session_id, event.attempt), now=request.now)
            is_restart = isinstance(event, e.SessionRetried) and standing.session.status is Status.ACTIVE
            if is_restart and event.session_id and event.attempt:
                self._runtime.restart(Running(event.session_id, event.attempt))
            if isinstance(event, e.DecisionUndone):
                self._stop_waiting(event, standing)
            if _sets_going(event) or _settles_what_waits(event, standing):
                await self._wake_root(standing.root)
        session = standing.session
        if request.action is Action.CANCEL and request.now and session.phase is Phase.CANCELLING:
            self._runtime.stop_work(Running(session.id, session.attempt), now=True)

    def _stop_waiting(self, event: e.DecisionUndone, standing: Standing) -> None:
        """The attempt that a retry had made is not to start any more."""
        was = next(each for each in standing.all() if each.id == event.session_id)
        if was.status is Status.ACTIVE:
            self._runtime.stop_work(Running(was.id, was.attempt))


def _reads_settings_anew(request: ControlRequest, root: Session) -> bool:
    """It begins an attempt, or goes on once a price or a budget in covey.toml is another."""
    needs_money = root.paused is not None and root.paused.kind is PauseKind.BUDGET
    return request.action is Action.RETRY or (request.action is Action.RESUME and needs_money)


def _sets_going(event: e.AnyEvent) -> bool:
    """Something is to be done for a session that had ended, or had been blocked."""
    goes_on = isinstance(event, e.DecisionUndone) and event.status is Status.ACTIVE
    kinds = e.SessionRetried | e.SessionUnblocked | e.RunResumed | e.QuestionAnswered | e.CredentialResumed
    return goes_on or isinstance(event, kinds)


def _settles_what_waits(event: e.AnyEvent, standing: Standing) -> bool:
    """A skip of what waits for a decision may be all that its run waited for."""
    return isinstance(event, e.SessionSkipped) and undecided(standing.session) is not None
