"""Finalize: the last step; a session ends well only through it."""

from msgspec.structs import replace

from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import SATISFIED
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools, own_path
from covey.steps.git_work import finish_command, kept
from covey.steps.outcome import findings_in
from covey.steps.run_tests import missing, run_command, verdict
from covey.steps.tested import findings_of, remembered, subject_of
from covey.steps.validate_design import with_findings


class FinalizeParent:
    """The last step of a parent: its children are still in order, as the step before has found them."""

    name = "Finalize"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Commit the run's work to its branch; without a branch there is nothing to do."""
        command = await finish_command(self._tools, scope, self.name, session)
        return command or self._tools.command(self.name, CommandKind.CHECK)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """A warning when a child was retried since the verdict: then the parent goes back and waits for it."""
        family = await self._tools.store.family(scope, session.id) or ()
        versions = {member.id: member.version for member in family}
        again = [child.component for child in family[1:] if child.status not in SATISFIED]
        if again and result.status is ResultStatus.OK:
            message = f"Child sessions at work again: {', '.join(again)}"
            return Handled(kept(result), replace(result, status=ResultStatus.WARNING, error_message=message), versions)
        return Handled(kept(result), result, versions)


class FinalizeDesign:
    """The last step of a child that writes a document, a design or a review: it is there and passes."""

    name = "Finalize"

    def __init__(self, tools: Tools, kind: ArtifactKind = ArtifactKind.DESIGN) -> None:
        self._tools = tools
        self._kind = kind

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Check the document once more."""
        return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session), **{self._kind: True})

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """An error when the document has gone or no longer passes."""
        return Handled({}, with_findings(session, result))


class FinalizeTested:
    """The last step of a child that writes tests or code: its file is there, and the tests are in order.

    They are run again only when one of the two files has changed since they were.
    """

    name = "Finalize"

    def __init__(self, tools: Tools, kind: ArtifactKind) -> None:
        self._tools = tools
        self._kind = kind

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Look at the file once more, or run the tests.

        Raises:
            StepError: there is no test file to run any more, or no program that runs it.
        """
        in_order = findings_of(session, subject_of(self._tools, session, self._kind)) == ()
        if in_order or not self._tools.present(own_path(session)):
            return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session))
        return run_command(self._tools, self.name, session, self._kind)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """An error when the file has gone, or the tests are no longer in order."""
        if "present" in result.data:
            return Handled({}, result if result.data["present"] else missing(session, result))
        found = findings_in(result)
        return Handled({"state": remembered(str(result.data.get("of", "")), found)}, verdict(session, result, found))
