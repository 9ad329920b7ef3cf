"""GenerateTestsAndFixtures: an agent writes the tests of a component."""

from covey.model.command import Command, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import assign, judge
from covey.steps.base import Handled, Tools


class GenerateTestsAndFixtures:
    """Has the session's agent write the test file, with the fixtures that it needs."""

    name = "GenerateTestsAndFixtures"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the test file to the agent."""
        return assign(self._tools, self.name, session, "generate", artifact=ArtifactKind.TEST)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether its tests are in order is for RunTests to say."""
        return judge(self._tools, session, result, ArtifactKind.TEST)
