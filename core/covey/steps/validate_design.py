"""ValidateDesign: does the document pass its checks?"""

from msgspec.structs import replace

from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.steps.agent_work import open_note
from covey.steps.base import Handled, Tools, own_path


class ValidateDesign:
    """Checks the document; a note that no agent has been given yet counts as a finding."""

    name = "ValidateDesign"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Check the document."""
        return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session), design=True)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """An error that lists all findings, or ok."""
        return Handled({}, with_findings(session, result, open_note(session)))


def with_findings(session: Session, result: Result, note: str | None = None) -> Result:
    """The result of a check as a verdict: its findings in one message, with the cause of a failure."""
    found = result.data.get("findings")
    findings = [str(finding) for finding in found] if isinstance(found, list) else []
    if note is not None:
        findings.append(f"a person asks: {note}")
    if result.status is not ResultStatus.OK or not findings:
        return result
    cause = FailureCause.CHECK_FAILED if result.data.get("present") else FailureCause.MISSING_FILE
    return replace(
        result,
        status=ResultStatus.ERROR,
        error_message=f"{own_path(session)}: {'; '.join(findings)}",
        data={**result.data, "cause": cause},
    )
