"""The work for one assignment: turns of the model and calls of its tools, until the model ends.

Whatever was said is in the conversation before anything follows from it: an answer before its tools run, each result as
its tool ends. So work that was interrupted goes on where it was, and no turn is paid for twice.
"""

from dataclasses import dataclass
from typing import Any

from covey.agents.anthropic_api.draft import Answer, Block, StopReason
from covey.agents.anthropic_api.failures import TOO_LONG_ADVICE
from covey.agents.anthropic_api.request import (
    INTERRUPTED,
    has_ended,
    request_for,
    result_of,
    said_by_user,
    unanswered,
)
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.anthropic_api.telling import Telling
from covey.agents.anthropic_api.tools import Toolbox
from covey.agents.anthropic_api.turns import TurnFailedError, Turns
from covey.agents.base import Assignment, Desk, Message, Outcome
from covey.agents.prompts import Reader, render, render_message, render_system, render_tokens_ran_out

ASK = "ask_human"
"""The one call that is made again after an interruption: the desk knows its question, and the answer may be there."""


@dataclass(slots=True, kw_only=True)
class Work:
    """What is done for an assignment; `messages` is the conversation so far."""

    assignment: Assignment
    desk: Desk
    settings: AnthropicSettings
    model: str
    tools: Toolbox
    turns: Turns
    telling: Telling
    messages: list[Message]

    async def do(self) -> Outcome:
        """Work until the model ends, or cannot go on.

        Raises:
            CredentialStoppedError: the API does not accept the credential.
            BudgetSpentError: there is no money left for another turn.
        """
        await self._take_up()
        if await self.desk.conversation.is_begun() and has_ended(self.messages):
            return Outcome(ok=True)
        try:
            for _ in range(self.settings.max_turns):
                if not await self._goes_on():
                    return Outcome(ok=True)
        except TurnFailedError as error:
            return Outcome(ok=False, message=str(error), cause=error.failure.cause)
        except _StoppedError as error:
            return Outcome(ok=False, message=str(error))
        return Outcome(ok=False, message=f"it took {self.settings.max_turns} turns (max_turns) and had not ended")

    async def _take_up(self) -> None:
        """Answer what was left open when the work was interrupted, and say this step's prompt unless it was said."""
        for call in unanswered(self.messages):
            if call["name"] == ASK and await self.desk.conversation.is_begun():
                await self._call(call)
            else:
                await self._say(result_of(call, INTERRUPTED, is_error=True))
        if not await self.desk.conversation.is_begun():
            await self._say(said_by_user(render(self.assignment, Reader.MODEL)))

    async def _goes_on(self) -> bool:
        """Take one turn; whether another one follows.

        Raises:
            TurnFailedError: there is no answer.
            _StoppedError: the model has stopped for good.
        """
        texts = await self.desk.before_turn()
        if texts:  # all in one: with the first of them they all count as heard
            await self._say(*(said_by_user(render_message(text)) for text in texts))
        answer = await self.turns.take(self._request())
        _demand_an_end(answer)
        said = [answer.message] if answer.content else []
        if answer.reason is StopReason.MAX_TOKENS and not answer.calls:
            await self._say(*said, self._cut_off(answer))
            return True
        if said:
            await self._say(*said)
        for call in answer.calls:
            await self._call(call)
        if answer.reason is StopReason.MAX_TOKENS:
            await self._say(self._cut_off(answer))
        return bool(answer.calls) or answer.reason in _CONTINUED

    async def _call(self, call: Block) -> None:
        """Make a call, and keep what came of it."""
        await self.telling.called(call)
        result = await self.tools.call(call["name"], call["input"])
        await self._say(result_of(call, result.text, is_error=result.is_error))
        await self.telling.done(result.text, is_error=result.is_error)

    def _cut_off(self, answer: Answer) -> Message:
        return said_by_user(render_tokens_ran_out(self.settings.max_tokens, lost_a_call=answer.was_cut))

    async def _say(self, *messages: Message) -> None:
        await self.desk.conversation.append(*messages)
        self.messages.extend(messages)

    def _request(self) -> dict[str, Any]:
        system = render_system(self.assignment.kind)
        return request_for(self.settings, self.model, system, self.tools.definitions(), self.messages)


_CONTINUED = frozenset({StopReason.PAUSE_TURN, StopReason.MAX_TOKENS})
"""The model has not ended, though it calls no tool."""


class _StoppedError(Exception):
    """The model has stopped, and does not go on by being asked again."""


def _demand_an_end(answer: Answer) -> None:
    """See that the model stopped in a way that the work can go on from, or end well with.

    Raises:
        _StoppedError: it did not.
    """
    match answer.reason:
        case StopReason.REFUSAL:
            why = f" ({answer.explanation})" if answer.explanation else ""
            raise _StoppedError(f"the model refuses to do this{why}; retry with a note, or with another model")
        case StopReason.CONTEXT_EXCEEDED:
            raise _StoppedError(f"the answer did not fit into the model's context any more: {TOO_LONG_ADVICE}")
        case StopReason.TOOL_USE if not answer.calls:
            raise _StoppedError("the model stopped to have a tool called, and named none")
