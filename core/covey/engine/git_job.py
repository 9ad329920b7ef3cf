"""What every command of kind `git` works with: the session's worktrees, its transcript, and how its result is made."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from covey.agents.base import Desk
from covey.engine.runtime import Turn
from covey.model.command import Result, ResultStatus, TranscriptKind
from covey.model.ids import new_id
from covey.model.status import FailureCause
from covey.steps.base import Tools
from covey.steps.git_work import GIT, GIT_FAILED
from covey.workspace.git import Custody
from covey.workspace.handover import UsersChangeError
from covey.workspace.output import Stream
from covey.workspace.repository import (
    Repository,
)
from covey.workspace.worktrees import (
    MergeConflictError,
    Worktree,
    open_worktree,
    remove_worktree,
    unlock,
)

Facts = Mapping[str, Any]


class Job:
    """One command of kind `git`; `making` is held while a worktree is made or removed."""

    def __init__(self, tools: Tools, turn: Turn, desk: Desk, making: asyncio.Lock) -> None:
        self.tools = tools
        self.home = tools.home
        self.session = turn.session
        self.facts: Facts = turn.interaction.command.metadata
        self.custody = Custody(desk.ledger, desk.grace, self._heard)
        self._recovered = turn.recovered
        self._desk = desk
        self._making = making

    async def open(
        self, repository: Repository, path: Path, *, name: str, branch: str | None, base: str | None
    ) -> Worktree:
        """A worktree, as `open_worktree` gives it; without locks that a killed git has left."""
        async with self._making:
            worktree = await open_worktree(
                repository, self.custody, path, name=name, branch=branch, base=base or repository.head
            )
        if self._recovered:
            unlock(worktree)
        return worktree

    def _advice(self, error: Exception) -> str:
        """What went wrong, where the work is, and what to do next."""
        own = self.facts[GIT] or {}
        again = f"covey retry {self.session.id[:8]} --resume"
        if isinstance(error, MergeConflictError):
            # To be typed where covey is: in the worktree lies a manifest of its own, and covey would read that.
            there, run = f"git -C {self.facts['worktree']}", self.facts["run"]["branch"]
            return (
                f"{error}; its work is safe on {own['branch']}: {there} merge {run}, resolve the files there, "
                f"{there} commit -a --no-edit, then {again}"
            )
        where = f"; its work is in {own['worktree']}, on {own['branch']}" if own.get("worktree") else ""
        then = f"; then {again}" if isinstance(error, UsersChangeError) else ""
        return f"{error}{where}{then}"

    def failed(self, error: Exception, cause: FailureCause, files: Sequence[str] = ()) -> Result:
        """The result of a command that could not be carried out; `files` are those that are quarrelled about."""
        data = {"cause": cause, "files": list(files), GIT_FAILED: True}
        return replace(self.done(data), status=ResultStatus.ERROR, error_message=self._advice(error))

    def done(self, data: dict[str, Any]) -> Result:
        """The result of a command that was carried out."""
        return Result(id=new_id(), status=ResultStatus.OK, data=data, timestamp=self.tools.clock.now())

    async def say(self, text: str) -> None:
        """Tell the session's transcript."""
        await self._desk.report(TranscriptKind.TEXT, f"{text}\n")

    async def _heard(self, _: Stream, text: str) -> None:
        await self._desk.report(TranscriptKind.OUTPUT, text)

    async def remove(self, repository: Repository, worktree: Worktree, data: dict[str, Any]) -> None:
        """Remove a worktree that has served, unless something in it would be lost."""
        async with self._making:
            kept = await remove_worktree(repository, worktree)
        if kept is None:
            data[GIT] = {**data[GIT], "worktree": None}
        else:
            await self.say(f"The worktree {data[GIT]['worktree']} is kept: {kept}.")


def standing(worktree: Worktree, base: str, made: str | None, relative: str) -> dict[str, object]:
    """Where a session's work stands, as its state keeps it; `made` is None while there is no commit beyond the base."""
    return {"branch": worktree.branch, "base": base, "commit": made, "worktree": relative}
