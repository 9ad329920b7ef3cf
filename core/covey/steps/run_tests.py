"""RunTests: the project's own test command on the component's one test file, and what its outcome means."""

from msgspec.structs import replace

from covey.errors import StepError
from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.projects.commands import command_within
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import open_note
from covey.steps.base import Handled, Tools, own_path
from covey.steps.outcome import UNCOMMITTED, findings_in
from covey.steps.tested import Subject, remembered, subject_of
from covey.workspace.endings import environment
from covey.workspace.processes import ProgramNotFoundError, find_program

_NAMED = 3


class RunTests:
    """Runs the tests; a note that no agent has been given yet counts as a finding, though they pass."""

    name = "RunTests"

    def __init__(self, tools: Tools, kind: ArtifactKind) -> None:
        self._tools = tools
        self._kind = kind

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Run them; where the session's file is not there, only look.

        Raises:
            StepError: there is no test file to run, or no program that runs it.
        """
        if not self._tools.present(own_path(session)):
            return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session))
        return run_command(self._tools, self.name, session, self._kind)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """An error that lists what is wrong, or ok."""
        if "present" in result.data:
            return Handled({}, _looked_at(session, result))
        found = findings_in(result)
        of = str(result.data.get("of", ""))
        return Handled({"state": remembered(of, found)}, verdict(session, result, found, open_note(session)))


def run_command(tools: Tools, step: str, session: Session, kind: ArtifactKind) -> Command:
    """The command that runs the tests of a session's component.

    Raises:
        StepError: there is no test file to run, or no program that runs it.
    """
    subject = subject_of(tools, session, kind)
    demand_tests(tools, subject)
    arguments = command_within(tools.root, tools.home, tools.settings, subject.test)
    try:
        find_program(arguments[0], tools.root, environment())
    except ProgramNotFoundError as error:
        raise StepError(f"{error}; install it, or set python or test under [commands] in covey.toml") from error
    return tools.command(
        step,
        CommandKind.SHELL,
        arguments=arguments,
        test=subject.test,
        code=subject.code,
        implemented=subject.implemented,
        uncommitted=subject.code in subject.uncommitted,
        expected=subject.expected,
        of=subject.state,
    )


def demand_tests(tools: Tools, subject: Subject) -> None:
    """Refuse to go on where nothing says what the code has to do.

    Raises:
        StepError: the test file is not there.
    """
    if subject.test in subject.uncommitted:
        raise StepError(f"{subject.test} {UNCOMMITTED}")
    if not tools.present(subject.test):
        raise StepError(f"{subject.test} is not there, so nothing tells whether the code is right: covey run test")


def verdict(session: Session, result: Result, findings: tuple[str, ...], note: str | None = None) -> Result:
    """The result of a run of tests as a verdict: what is wrong in one message, with the cause of a failure."""
    wrong = [*findings[:_NAMED], *([f"and {len(findings) - _NAMED} more"] if len(findings) > _NAMED else [])]
    if note is not None:
        wrong.append(f"a person asks: {note}")
    data = {**result.data, "findings": list(findings)}
    if not wrong:
        return replace(result, status=ResultStatus.OK, error_message=None, data=data)
    return replace(
        result,
        status=ResultStatus.ERROR,
        error_message=f"{result.data.get('test', own_path(session))}: {'; '.join(wrong)}",
        data={**data, "cause": FailureCause.CHECK_FAILED},
    )


def missing(session: Session, result: Result) -> Result:
    """The result of a look at a file that is not there."""
    message = f"{own_path(session)} {result.data.get('reason') or 'is not there'}"
    data = {**result.data, "cause": FailureCause.MISSING_FILE}
    return replace(result, status=ResultStatus.ERROR, error_message=message, data=data)


def _looked_at(session: Session, result: Result) -> Result:
    """A file that was missing is missing still, or has come into being meanwhile: then it has to be run."""
    if not result.data.get("present"):
        return missing(session, result)
    message = f"{own_path(session)} is there now"
    return replace(result, status=ResultStatus.WARNING, error_message=message)
