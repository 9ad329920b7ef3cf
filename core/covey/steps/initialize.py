"""Initialize: where every session begins."""

from msgspec.structs import replace

from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools, own_path, replaced_directory
from covey.steps.git_work import begin_command, kept
from covey.steps.run_tests import demand_tests
from covey.steps.tested import subject_of


class InitializeParent:
    """The first step of a parent; that of a run in a git repository makes the run's branch."""

    name = "Initialize"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Make the run's branch; without a repository there is nothing to do."""
        command = begin_command(self._tools, self.name, session)
        return command or self._tools.command(self.name, CommandKind.CHECK)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The result as it is; what git has made is kept with the session."""
        return Handled(kept(result), result)


class InitializeChild:
    """The first step of a child: is its file there already?"""

    name = "Initialize"

    def __init__(self, tools: Tools, kind: ArtifactKind) -> None:
        self._tools = tools
        self._kind = kind

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Look at the file; on the first attempt of an `--overwrite` run, move it aside first.

        Raises:
            StepError: code is asked for, and there are no tests that say what it has to do.
        """
        if self._kind is ArtifactKind.CODE:
            demand_tests(self._tools, subject_of(self._tools, session, self._kind))
        replaces = bool(session.state.get("overwrite")) and session.attempt == 1
        aside = replaced_directory(session) if replaces else None
        return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session), move_aside_to=aside)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """A warning when the file is there: then nothing is generated, the file is checked as it is."""
        if result.status is ResultStatus.OK and result.data.get("present"):
            message = f"{own_path(session)} is already there"
            return Handled({}, replace(result, status=ResultStatus.WARNING, error_message=message), present=True)
        return Handled({}, result)
