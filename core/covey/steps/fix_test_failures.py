"""FixTestFailures: an agent mends what RunTests found."""

from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import assign, judge, open_note
from covey.steps.base import Handled, Tools, own_path
from covey.steps.tested import findings_of, subject_of


class FixTestFailures:
    """Has the session's agent mend the session's file: the tests where those are asked for, else the code."""

    name = "FixTestFailures"

    def __init__(self, tools: Tools, kind: ArtifactKind) -> None:
        self._tools = tools
        self._kind = kind

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the failures to the agent; where somebody changed the files since they failed, only look at it."""
        path = own_path(session)
        present = self._tools.present(path)
        findings = findings_of(session, subject_of(self._tools, session, self._kind))
        if present and not findings and open_note(session) is None:
            return self._tools.command(self.name, CommandKind.CHECK, path=path)
        wrong = (*(findings or ()), *(() if present else (f"{path} is not there",)))
        return assign(self._tools, self.name, session, "revise", wrong, artifact=self._kind)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether the tests are in order now is for RunTests to say."""
        if "present" in result.data:
            return Handled({}, result)
        return judge(self._tools, session, result, self._kind)
