"""The Anthropic agent: a session that works by itself, with a model on the Messages API and covey's own tools."""

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from covey.agents.anthropic_api.account import NO_CREDENTIAL, credential_at, credential_name
from covey.agents.anthropic_api.failures import NoClientError, Remedy
from covey.agents.anthropic_api.gate import gate_states
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.anthropic_api.sharing import shared_line
from covey.agents.anthropic_api.telling import Telling
from covey.agents.anthropic_api.tools import Toolbox
from covey.agents.anthropic_api.turns import Surroundings, Turns
from covey.agents.anthropic_api.work import Work
from covey.agents.base import Assignment, CredentialStoppedError, Desk, Outcome
from covey.model.ability import Ability
from covey.model.credential import GateState
from covey.model.status import FailureCause
from covey.workspace.credentials import Credentials

NO_MODEL = "no model is set: set [run] model, model in the agent's own table, or --model"


class AnthropicAgent:
    """Talks to a model until it has written the file; `around` is what tests put in place of time and chance."""

    Settings: ClassVar[type[BaseModel]] = AnthropicSettings
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.TURNS, Ability.MESSAGES, Ability.RESUME})

    def __init__(self, settings: BaseModel, around: Surroundings | None = None) -> None:
        self._settings = AnthropicSettings.model_validate(settings)
        self._around = around or Surroundings()

    def credential(self) -> str | None:
        """The name of the credential that is used, and where; never its value. None where there is none."""
        return credential_at(self._settings.base_url)

    @staticmethod
    def gates() -> tuple[GateState, ...]:
        """How the gates of this process stand."""
        return gate_states()

    def preflight(self, workspace: Path) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """What is missing: a credential."""
        return () if self.credential() is not None else (NO_CREDENTIAL,)

    def model_problems(self, model: str | None) -> tuple[str, ...]:
        """What is missing where a run names this model, or none: a model."""
        return () if model or self._settings.model else (NO_MODEL,)

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Work until the model ends.

        Raises:
            CredentialStoppedError: the API does not accept the credential, or not for a long while.
            BudgetSpentError: there is no money left for another turn.
        """
        model, credential = assignment.model or self._settings.model, credential_name(self._settings.base_url)
        if credential is None:
            return Outcome(ok=False, message=NO_CREDENTIAL, cause=FailureCause.AUTH)
        if model is None:
            return Outcome(ok=False, message=NO_MODEL)
        try:
            return await self._work(assignment, desk, model, credential)
        except NoClientError as error:
            failure = error.failure
        if failure.remedy is Remedy.CREDENTIAL:
            raise CredentialStoppedError(failure.cause, failure.message)
        return Outcome(ok=False, message=failure.message, cause=failure.cause)

    async def _work(self, assignment: Assignment, desk: Desk, model: str, credential: str) -> Outcome:
        telling, credentials = Telling(desk, self._around.sleep), Credentials()
        async with shared_line(credential, self._settings.base_url) as line:
            turns = Turns(
                line=line,
                gate=self._around.gate_for(self.credential() or credential, self._settings.base_url),
                desk=desk,
                telling=telling,
                credentials=credentials,
                idle_seconds=self._settings.idle_timeout,
                around=self._around,
            )
            work = Work(
                assignment=assignment,
                desk=desk,
                settings=self._settings,
                model=model,
                tools=Toolbox(assignment, desk, self._settings, credentials),
                turns=turns,
                telling=telling,
                messages=await desk.conversation.load(),
            )
            return await work.do()
