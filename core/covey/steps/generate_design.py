"""GenerateComponentDesign: an agent writes the design document of a component."""

from covey.model.command import Command, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import assign, judge
from covey.steps.base import Handled, Tools


class GenerateComponentDesign:
    """Has the session's agent write the document."""

    name = "GenerateComponentDesign"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the document to the agent."""
        return assign(self._tools, self.name, session, "generate", artifact=ArtifactKind.DESIGN)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether it passes is for the next step to say."""
        return judge(self._tools, session, result, ArtifactKind.DESIGN)
