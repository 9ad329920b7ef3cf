"""ReviseDesign: an agent mends what ValidateDesign found."""

from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import assign, judge, open_note
from covey.steps.base import Handled, Tools, own_path


class ReviseDesign:
    """Has the session's agent mend the document, keeping what is there."""

    name = "ReviseDesign"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the findings to the agent; on a document that became valid meanwhile, only look at it."""
        findings = [str(finding) for finding in self._tools.design_findings(session)]
        if not findings and open_note(session) is None:
            return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session))
        return assign(self._tools, self.name, session, "revise", findings, artifact=ArtifactKind.DESIGN)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether it passes is for ValidateDesign to say."""
        if "present" in result.data:
            return Handled({}, result)
        return judge(self._tools, session, result, ArtifactKind.DESIGN)
