"""How a turn is decided and stored: `next_command` and `handle_result` of the specification, over the store.

Each is decided on rows just read and stored with their versions; where they have changed meanwhile, it is decided
again. So both can be called twice, by anybody, at any moment.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from covey import errors
from covey.engine.consequences import (
    cancel_below,
    consequences,
    failed,
    found_if_unknown,
    missing_by_verdict,
    revived,
    run_finished,
    unblocked,
)
from covey.engine.runtime import Next, Running, Turn
from covey.errors import NotFoundError, RefusedError, StaleOperationError, StepError
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.command import CommandKind, Interaction, Result, ResultStatus, Try
from covey.model.ids import new_id
from covey.model.scope import Scope
from covey.model.session import Session, about, is_terminal, undecided
from covey.model.status import AT_WORK, FailureCause, Phase
from covey.steps.base import Handled, Step, Tools
from covey.steps.git_work import is_isolated
from covey.store.base import Completion, Operation, Position, Said
from covey.store.sqlite import EngineStore
from covey.workflows.workflow import Workflow, next_step

_LOOKS_BELOW = (e.SessionFailed, e.SessionCompleted, e.SessionBlocked)
"""What is decided on the sessions below as well."""


@dataclass(slots=True)
class Bench:
    """What the engine decides with; `tools` are replaced when the manifest is read anew."""

    scope: Scope
    store: EngineStore
    workflows: Mapping[str, Workflow]
    tools: Tools


class HeldBackError(Exception):
    """A run was paused just before a command that costs money; nothing was stored."""


class Turns:
    """Decides and stores turns.

    `abilities` tells what an agent can do, by its name, beside its work. `before_agent` is called with a session before
    an agent's command is issued for it; False holds the command back.
    """

    def __init__(
        self,
        bench: Bench,
        *,
        abilities: Callable[[str], tuple[Ability, ...]] = lambda _: (),
        before_agent: Callable[[Session], Awaitable[bool]] | None = None,
    ) -> None:
        self._bench = bench
        self._abilities = abilities
        self._before_agent = before_agent

    async def started(self, running: Running) -> bool:
        """Record that a session's loop runs; False when it has ended, waits for a human, or is at another attempt."""
        while True:
            session = (await self._position(running.session_id)).session
            if is_terminal(session) or undecided(session) or session.attempt != running.attempt:
                return False
            if session.phase not in {Phase.QUEUED, Phase.INTERRUPTED}:
                return True
            spawns = self._workflow(session).spawns
            abilities = () if spawns else self._abilities(session.agent)
            event = e.SessionStarted(at=self._now(), **about(session), abilities=abilities)
            if await self._stored(Operation(events=(event,), versions={session.id: session.version})):
                return True

    async def next_command(self, running: Running) -> Turn | None:
        """The turn to take: the pending interaction as it is, else the next step's command, stored as a new one.

        None when the session has ended or another attempt has begun.

        Raises:
            NotFoundError: `session_not_found`, or `invalid_interaction` for a step that the workflow does not have.
            HeldBackError: the run was paused before an agent may work.
        """
        while True:
            position = await self._position(running.session_id)
            session = position.session
            if is_terminal(session) or session.attempt != running.attempt:
                return None
            if session.pending is not None:
                return Turn(running, session, await self._interaction(session.pending), recovered=True)
            try:
                turn = await self._issue(running, position)
            except StaleOperationError:
                continue
            except StepError as error:
                if await self._stored(await self._ending(session, FailureCause.SPAWN_ERROR, str(error))):
                    return None
                continue
            return turn

    async def _issue(self, running: Running, position: Position) -> Turn:
        session = position.session
        workflow = self._workflow(session)
        name = next_step(workflow, position.tries, session.state.get("resume_step")) or workflow.final
        command = await self._step(session, name).get_command(self._bench.scope, session)
        if command.command is CommandKind.AGENT and self._before_agent and not await self._before_agent(session):
            raise HeldBackError
        interaction = Interaction(
            id=new_id(),
            session_id=session.id,
            attempt=session.attempt,
            step=name,
            command=command,
            epoch=self._bench.store.row.epoch,
            inserted_at=command.timestamp,
        )
        issued = e.CommandIssued(
            at=command.timestamp,
            **about(session),
            interaction_id=interaction.id,
            step=name,
            command=command.command,
        )
        committed = await self._bench.store.append(
            Operation(
                events=(*unblocked(session, command.timestamp), issued),
                versions={session.id: session.version},
                issued=interaction,
            )
        )
        return Turn(running, committed.sessions[session.id], interaction)

    async def handle_result(self, turn: Turn, result: Result) -> Next:
        """Record a result with all that follows from it, in one transaction.

        A result for a session that has ended, of an older attempt or of an older engine is recorded as late and
        changes nothing of the session.

        Raises:
            NotFoundError: `session_not_found` or `interaction_not_found`.
            RefusedError: `interaction_already_completed`.
        """
        while True:
            position = await self._position(turn.running.session_id)
            interaction = await self._open_interaction(position, turn.interaction)
            try:
                if _is_late(position.session, interaction, self._bench.store.row.epoch):
                    await self._bench.store.append(self._late(position.session, interaction, result))
                    return Next.GO_ON
                return await self._record(position, interaction, result)
            except StaleOperationError:
                continue
            except StepError as error:
                return await self._precondition_gone(position.session, interaction, result, error)

    async def _record(self, position: Position, interaction: Interaction, result: Result) -> Next:
        session, scope = position.session, self._bench.scope
        handled = await self._step(session, interaction.step).handle_result(scope, session, result)
        operation = await self._verdict(position, interaction, handled)
        committed = await self._bench.store.append(operation)
        after = committed.sessions[session.id]
        if is_terminal(after):
            return Next.END
        return Next.WAIT if after.phase is Phase.BLOCKED else Next.GO_ON

    async def _verdict(self, position: Position, interaction: Interaction, handled: Handled) -> Operation:
        session, now = position.session, self._now()
        # What lies in a worktree is not in the project yet, and only that is what the log speaks of.
        found = found_if_unknown(session, now) if handled.present and not is_isolated(session) else ()
        recorded = (*revived(session, now), _recorded(session, interaction, handled, now), *found)
        tries = tuple(
            each if each.interaction_id != interaction.id else _closed(each, handled.result) for each in position.tries
        )
        limits = self._bench.tools.settings.run
        after = consequences(self._workflow(session), limits, session, tries=tries, result=handled.result, at=now)
        versions = {session.id: session.version, **handled.versions}
        below: tuple[Session, ...] = ()
        if any(isinstance(event, _LOOKS_BELOW) for event in after):
            below = await self._below(session)
            versions = {**{child.id: child.version for child in below}, **versions}
        if any(isinstance(event, e.SessionFailed) for event in after):
            after = (*cancel_below(session, below, now), *after)
        gone = missing_by_verdict(handled.result, below, now)
        events = (*recorded, *gone, *after)
        if session.session_id is None:
            events = (*events, *run_finished(events, session, below, now))
        return Operation(events=events, versions=versions, completed=(_completion(interaction, handled.result, now),))

    async def crashed(self, running: Running, reason: str, cause: FailureCause = FailureCause.CRASH) -> bool:
        """Record that a session's task died, or was ended: its interaction gets a result, the session fails.

        False when it had ended otherwise, or another attempt has begun.
        """
        while True:
            session = (await self._position(running.session_id)).session
            if is_terminal(session) or session.attempt != running.attempt:
                return False
            if await self._stored(await self._ending(session, cause, reason)):
                return True

    async def noted(
        self, running: Running, change: Callable[[Session], tuple[e.AnyEvent, ...]], said: Sequence[Said] = ()
    ) -> Session | None:
        """Record what happens to a session at work, as `change` has it for the row of the moment; the row after it.

        None when the session is gone or another attempt has begun: then nothing but what was `said` is stored.
        """
        while True:
            position = await self._position_or_none(running.session_id)
            session = position.session if position is not None else None
            if session is not None and session.attempt != running.attempt:
                session = None
            events = change(session) if session is not None else ()
            if not events and not said:
                return session
            versions = {session.id: session.version} if session is not None and events else {}
            try:
                committed = await self._bench.store.append(
                    Operation(events=events, versions=versions, said=tuple(said))
                )
            except StaleOperationError:
                continue
            return committed.sessions.get(running.session_id, session)

    async def stands_still(self, running: Running, reason: str) -> None:
        """Record that the work of a session was ended for now; its interaction stays pending."""

        def interrupted(session: Session) -> tuple[e.AnyEvent, ...]:
            if session.phase not in AT_WORK:
                return ()
            return (e.SessionInterrupted(at=self._now(), **about(session), reason=reason),)

        await self.noted(running, interrupted)

    async def again(self, turn: Turn) -> Turn | None:
        """The same turn on the session as it stands now, once its work has been taken up; None where it has ended."""
        if not await self.started(turn.running):
            return None
        return dataclasses.replace(turn, session=(await self._position(turn.running.session_id)).session)

    async def stalled(self, running: Running, since: datetime) -> bool:
        """Record that a command at work has given no sign of life after `since`; False where none is at work now."""
        position = await self._position_or_none(running.session_id)
        if position is None or position.session.attempt != running.attempt:
            return False
        session = position.session
        if session.phase is not Phase.RUNNING or session.pending is None:
            return False
        event = e.SessionStalled(at=self._now(), **about(session), since=since)
        return await self._stored(Operation(events=(event,), versions={session.id: session.version}))

    async def revived(self, running: Running) -> None:
        """Record that a stalled session has given a sign of life; one that is stalled no more needs no record."""
        await self.noted(running, lambda session: revived(session, self._now()))

    async def _ending(self, session: Session, cause: FailureCause, reason: str) -> Operation:
        """End a session as failed outside of a step's verdict, with what is active below it."""
        if cause is FailureCause.SPAWN_ERROR and not self._workflow(session).spawns:
            cause = FailureCause.AGENT_ERROR
        now = self._now()
        below = await self._below(session)
        events: tuple[e.AnyEvent, ...] = (*cancel_below(session, below, now), failed(session, cause, reason, now))
        completed: tuple[Completion, ...] = ()
        if session.pending is not None:
            interaction = await self._interaction(session.pending)
            result = error_result(reason, self._now())
            events = (*revived(session, now), _recorded(session, interaction, Handled({}, result), now), *events)
            completed = (_completion(interaction, result, now),)
        if session.session_id is None:
            events = (*events, *run_finished(events, session, below, now))
        versions = {each.id: each.version for each in (session, *below)}
        return Operation(events=events, versions=versions, completed=completed)

    async def _precondition_gone(
        self, session: Session, interaction: Interaction, result: Result, error: StepError
    ) -> Next:
        if await self._position_or_none(session.id) is None:
            raise NotFoundError("session_not_found", errors.SESSION_NOT_FOUND) from error
        await self.crashed(Running(session.id, session.attempt), f"{error} ({interaction.step}: {result.status})")
        return Next.GO_ON

    def _late(self, session: Session, interaction: Interaction, result: Result) -> Operation:
        event = e.ResultRecorded(
            at=self._now(),
            run_id=session.run_id,
            session_id=session.id,
            attempt=interaction.attempt,
            interaction_id=interaction.id,
            step=interaction.step,
            status=result.status,
            late=True,
        )
        return Operation(
            events=(event,),
            versions={session.id: session.version},
            completed=(Completion(interaction.id, result, event.at, late=True),),
        )

    async def _open_interaction(self, position: Position, interaction: Interaction) -> Interaction:
        """The interaction, if it still waits for its result."""
        stored = next((each for each in position.tries if each.interaction_id == interaction.id), None)
        if stored is not None:
            if stored.status is not None:
                raise RefusedError("interaction_already_completed")
            return interaction
        older = await self._bench.store.interaction(self._bench.scope, interaction.id)
        if older is None:
            raise NotFoundError("interaction_not_found", f"there is no interaction {interaction.id}")
        if older.result is not None:
            raise RefusedError("interaction_already_completed")
        return older

    async def _position(self, session_id: str) -> Position:
        position = await self._position_or_none(session_id)
        if position is None:
            raise NotFoundError("session_not_found", errors.SESSION_NOT_FOUND)
        return position

    async def _position_or_none(self, session_id: str) -> Position | None:
        return await self._bench.store.position(self._bench.scope, session_id)

    async def _interaction(self, interaction_id: str) -> Interaction:
        interaction = await self._bench.store.interaction(self._bench.scope, interaction_id)
        if interaction is None:
            raise NotFoundError("interaction_not_found", f"there is no interaction {interaction_id}")
        return interaction

    async def _below(self, session: Session) -> tuple[Session, ...]:
        if not self._workflow(session).spawns:
            return ()
        return await self._bench.store.below(self._bench.scope, session.id)

    async def _stored(self, operation: Operation) -> bool:
        """Store an operation; False when it no longer fits and has to be decided again."""
        try:
            await self._bench.store.append(operation)
        except StaleOperationError:
            return False
        return True

    def _workflow(self, session: Session) -> Workflow:
        workflow = self._bench.workflows.get(session.type)
        if workflow is None:
            raise NotFoundError("workflow_not_found", f"there is no workflow {session.type}")
        return workflow

    def _step(self, session: Session, name: str) -> Step:
        return self._workflow(session).steps[name](self._bench.tools.within(session))

    def _now(self) -> datetime:
        return self._bench.tools.clock.now()


def error_result(message: str, at: datetime, **data: object) -> Result:
    """A result that says why there is no other."""
    return Result(id=new_id(), status=ResultStatus.ERROR, error_message=message, data=data, timestamp=at)


def _recorded(session: Session, interaction: Interaction, handled: Handled, at: datetime) -> e.ResultRecorded:
    return e.ResultRecorded(
        at=at,
        **about(session),
        interaction_id=interaction.id,
        step=interaction.step,
        status=handled.result.status,
        updates=dict(handled.updates),
    )


def _closed(each: Try, result: Result) -> Try:
    return replace(each, status=result.status)


def _completion(interaction: Interaction, result: Result, at: datetime) -> Completion:
    return Completion(interaction.id, result, at)


def _is_late(session: Session, interaction: Interaction, epoch: int) -> bool:
    return is_terminal(session) or interaction.attempt != session.attempt or interaction.epoch != epoch
