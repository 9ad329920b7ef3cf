"""Credentials as the engine keeps them: who stands still because one is refused, and when they go on.

The pauses themselves are in the log, and in rows of their own (`covey.model.credential`). The first agent that is
refused pauses the credential for all who work with it; nobody else is sent into the same wall. It is resumed by a
request, by the clock where its end is known, and by an engine that has another value of it than the one refused.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from covey.agents.base import CredentialStoppedError
from covey.config.fingerprint import fingerprint, is_another
from covey.engine.consequences import ENGINE
from covey.engine.rounds import Rounds
from covey.engine.turns import Bench
from covey.errors import UsageError
from covey.model import events as e
from covey.model.credential import (
    NONE_PAUSED,
    CredentialPause,
    GateState,
    Paused,
    pause_of_agent,
    paused_after,
    variable_of,
)
from covey.model.session import Session
from covey.store.base import Committed, Operation
from covey.text.sanitise import sanitise_line

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked whether a pause is over, and at most how often the gates are written down."""
_REASON = 400


class Credentials:
    """Pauses credentials and resumes them; see the module.

    `credential_of` tells the name of the credential of an agent by the agent's name (None: it has none), `gates` how
    the gates before credentials stand, `let_go` has the queue look again at who stands still.
    """

    def __init__(
        self,
        bench: Bench,
        credential_of: Callable[[str], str | None],
        gates: Callable[[], tuple[GateState, ...]],
        let_go: Callable[[], None],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.paused: Paused = NONE_PAUSED
        self._bench = bench
        self._credential_of = credential_of
        self._gates = gates
        self._let_go = let_go
        self._environment = environment
        self._agents: dict[str, str] = {}
        self._rounds = Rounds(LOOK_SECONDS)
        self._one_at_a_time = asyncio.Lock()

    # Who stands still.

    def holds(self, session_id: str) -> bool:
        """The session's agent works with a credential that is paused."""
        return self._pause_of(session_id) is not None

    def asks_for(self, session_id: str) -> bool:
        """Likewise, and nobody but a human lets it go on."""
        pause = self._pause_of(session_id)
        return pause is not None and pause.asks

    def why(self, session_id: str) -> str:
        """Why the session stands still, for its event."""
        pause = self._pause_of(session_id)
        return "its credential was refused" if pause is None else f"{pause.credential} is paused: {pause.reason}"

    def error(self, session_id: str) -> CredentialStoppedError:
        """What its agent would meet, were it called."""
        pause = self._pause_of(session_id)
        if pause is None:
            raise LookupError(f"nothing holds session {session_id}")
        return CredentialStoppedError(pause.cause, pause.reason, pause.resets_at)

    def know(self, committed: Committed) -> None:
        """Learn what was written: credentials that are paused or go on, and who works with which agent."""
        for session in committed.sessions.values():
            changed = self._agents.get(session.id) not in {None, session.agent}
            self._agents[session.id] = session.agent
            if changed and self.paused:
                self._let_go()
        before = self.paused
        for entry in committed.entries:
            self.paused = paused_after(self.paused, entry.event)
        if self.paused is not before:
            self._let_go()

    # Pausing.

    async def stop(self, session: Session, error: CredentialStoppedError) -> None:
        """Pause the credential of a session's agent, unless it is paused already."""
        async with self._one_at_a_time:
            name = self._works_with(session.agent) or session.agent
            known = self.paused.get(name)
            if known is not None and session.agent in known.agents:
                return
            await self._bench.store.append(Operation(events=(self._pause(name, session, error),)))
        # Whoever watches is told by the event: a warning would stand beside that in a command that is its own engine.
        log.info("%s is paused: %s", sanitise_line(name), sanitise_line(error.message, _REASON))

    def _pause(self, name: str, session: Session, error: CredentialStoppedError) -> e.CredentialPaused:
        now = self._bench.tools.clock.now()
        resets_at = error.resets_at if error.resets_at is not None and error.resets_at > now else None
        return e.CredentialPaused(
            at=now,
            credential=name,
            cause=error.cause,
            reason=sanitise_line(error.message, _REASON),
            agents=self._agents_with(name, session.agent),
            resets_at=resets_at,
            by_itself=resets_at is not None and self._bench.tools.settings.run.auto_resume,
            fingerprint=fingerprint(self._environment.get(variable_of(name))),
            by=ENGINE,
        )

    def _agents_with(self, name: str, agent: str) -> tuple[str, ...]:
        """The names of all agents that work with a credential, as far as they are known here."""
        settings = self._bench.tools.settings
        known = {*settings.agents, settings.run.agent, *self._agents.values()}
        return tuple(sorted({agent, *(each for each in known if self._works_with(each) == name)}))

    def _works_with(self, agent: str) -> str | None:
        """The name of an agent's credential, as far as the agent is known."""
        try:
            return self._credential_of(agent)
        except UsageError:  # it was left out of the manifest since
            return None

    # Resuming.

    async def open(self, open_sessions: Iterable[Session]) -> None:
        """Learn what is paused as the engine begins, and with which agents the sessions that are open work."""
        self._agents = {each.id: each.agent for each in open_sessions}
        self.paused = await self._bench.store.credentials()

    async def compare(self) -> None:
        """Resume what has another value in this engine than the one that was refused, and what is over."""
        for pause in self.paused.values():
            if is_another(self._environment.get(variable_of(pause.credential)), pause.fingerprint):
                await self._resume(pause, "it has another value in the environment of this engine")
        await self.look()

    async def look(self) -> None:
        """Resume whatever is over by the clock, and write down how the gates stand."""
        for pause in [pause for pause in self.paused.values() if self._is_over(pause)]:
            await self._resume(pause, "its limit is over")
        gates = self._gates()
        if gates != self._bench.store.row.gates:
            await self._bench.store.note_gates(gates)

    async def keep_looking(self) -> None:
        """Look by the clock, until ended."""
        while not self._rounds.are_over:
            await self.look()
            await self._rounds.next()

    def end(self) -> None:
        """Stop looking."""
        self._rounds.end()

    def _is_over(self, pause: CredentialPause) -> bool:
        return pause.by_itself and pause.resets_at is not None and pause.resets_at <= self._now()

    async def _resume(self, pause: CredentialPause, reason: str) -> None:
        resumed = e.CredentialResumed(at=self._now(), credential=pause.credential, by=ENGINE, reason=reason)
        await self._bench.store.append(Operation(events=(resumed,)))
        log.info("%s is resumed: %s", sanitise_line(pause.credential), reason)

    def _now(self) -> datetime:
        return self._bench.tools.clock.now()

    def _pause_of(self, session_id: str) -> CredentialPause | None:
        return pause_of_agent(self.paused, self._agents.get(session_id)) if self.paused else None
