"""One turn of the model: through the gate, asked as often as it takes, told while it comes, and paid for.

A request is idempotent until its tools run, so one that broke is made again: after a moment of random length that grows
each time, and only so often.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from covey.agents.anthropic_api.draft import Answer
from covey.agents.anthropic_api.failures import Failure, Remedy
from covey.agents.anthropic_api.gate import Gate, gate_for
from covey.agents.anthropic_api.sharing import Line
from covey.agents.anthropic_api.telling import Sleep, Telling
from covey.agents.base import CredentialStoppedError, Desk, TurnUsage
from covey.workspace.credentials import Credentials

if TYPE_CHECKING:
    from covey.agents.anthropic_api.exchange import Exchange

MOST_BROKEN = 5
"""So many times in a row a request may break before its session fails."""
MOST_REFUSED = 30
"""So many times in a row the API may put a request off, each time for as long as the gate lets it wait."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a request is repeated: up to the first at first, and twice as many each time."""

_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a turn needs beside the API: time that passes, chance (from 0 to 1), and the gates."""

    sleep: Sleep = asyncio.sleep
    random: Callable[[], float] = random.random
    gate_for: Callable[[str, str | None], Gate] = gate_for


class TurnFailedError(Exception):
    """A turn has no answer, and asking again does not help."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Takes the turns of one session."""

    line: Line
    gate: Gate
    desk: Desk
    telling: Telling
    credentials: Credentials
    idle_seconds: float
    around: Surroundings

    async def take(self, request: dict[str, Any]) -> Answer:
        """Ask until there is a whole answer.

        Raises:
            TurnFailedError: there will be none.
            CredentialStoppedError: the API does not accept the credential, or not for a long while.
        """
        turn = self.gate.turn()
        failed = {Remedy.REPEAT: 0, Remedy.WAIT: 0}
        while True:
            async with turn:
                answer = await self._ask(request)
                if isinstance(answer, Failure):
                    self._look_at(answer)
            if isinstance(answer, Answer):
                return answer
            failed[answer.remedy] += 1
            if failed[Remedy.REPEAT] >= MOST_BROKEN or failed[Remedy.WAIT] >= MOST_REFUSED:
                times = f"{sum(failed.values())} times in a row"
                raise TurnFailedError(replace(answer, message=f"{times}, {answer.message}"))
            seconds = self._pause(failed[Remedy.REPEAT]) if answer.remedy is Remedy.REPEAT else 0.0
            await self.telling.broke_off(answer.message, seconds)
            await self.around.sleep(seconds)

    def _look_at(self, failure: Failure) -> None:
        """Leave at once where repeating does not help; let the gate know where the API puts everybody off.

        It is left within the gate: so whoever waits there is not let into the same wall.
        """
        if failure.remedy is Remedy.CREDENTIAL:
            raise CredentialStoppedError(failure.cause, failure.message)
        if failure.remedy is Remedy.WAIT:
            self.gate.refused(failure.status or _TOO_MANY, failure.headers)
        else:
            self.gate.not_refused()
        if failure.remedy is Remedy.NONE:
            raise TurnFailedError(failure)

    async def _ask(self, request: dict[str, Any]) -> Answer | Failure:
        exchange = self.line.exchange(hear=self.telling.hear, learn=self.gate.learn)
        try:
            async with self.telling.live():
                answer = await exchange.make(self.line.client, request, self.idle_seconds)
        finally:
            if exchange.tokens:
                await self.desk.spent(_usage(exchange, asked=request["model"]))
                await self.telling.used(exchange.tokens, exchange.request_id)
        return (
            answer if isinstance(answer, Answer) else replace(answer, message=self.credentials.hidden(answer.message))
        )

    def _pause(self, times: int) -> float:
        """Seconds before the next try: anything up to a length that doubles, so that not all come back together."""
        return self.around.random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (times - 1))


def _usage(exchange: "Exchange", asked: str) -> TurnUsage:
    answered = exchange.model or asked
    return TurnUsage(model=answered, tokens=exchange.tokens, request_id=exchange.request_id, asked=asked)
