"""Initialize: where every session begins."""

from msgspec.structs import replace

from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.scope import Scope
from covey.model.session import Session
from covey.steps.base import Handled, Tools, own_path, replaced_directory


class InitializeParent:
    """The first step of a parent."""

    name = "Initialize"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Nothing is to be looked at."""
        return self._tools.command(self.name, CommandKind.CHECK)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The result as it is."""
        return Handled({}, result)


class InitializeChild:
    """The first step of a child: is its file there already?"""

    name = "Initialize"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Look at the file; on the first attempt of an `--overwrite` run, move it aside first."""
        replaces = bool(session.state.get("overwrite")) and session.attempt == 1
        aside = replaced_directory(session) if replaces else None
        return self._tools.command(self.name, CommandKind.CHECK, path=own_path(session), move_aside_to=aside)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """A warning when the file is there: then nothing is generated, the file is validated as it is."""
        if result.status is ResultStatus.OK and result.data.get("present"):
            message = f"{own_path(session)} is already there"
            return Handled({}, replace(result, status=ResultStatus.WARNING, error_message=message), present=True)
        return Handled({}, result)
