"""GenerateImplementation: an agent writes the code of a component, so that its tests pass."""

from covey.model.command import Command, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import assign, judge
from covey.steps.base import Handled, Tools
from covey.steps.run_tests import demand_tests
from covey.steps.tested import subject_of


class GenerateImplementation:
    """Has the session's agent write the code."""

    name = "GenerateImplementation"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the file to the agent.

        Raises:
            StepError: there are no tests that say what the code has to do.
        """
        demand_tests(self._tools, subject_of(self._tools, session, ArtifactKind.CODE))
        return assign(self._tools, self.name, session, "generate", artifact=ArtifactKind.CODE)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether the tests pass is for RunTests to say."""
        return judge(self._tools, session, result, ArtifactKind.CODE)
