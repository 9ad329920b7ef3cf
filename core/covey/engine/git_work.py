"""Executing what steps ask of git: a run's branch, sessions in worktrees of their own, and what is committed of them.

Worktrees are made one at a time, and one child at a time is merged into its run's branch. Each piece of work finds out
what is there already, so one that was cut off is simply done again.
"""

import asyncio
from collections import defaultdict

from covey.agents.base import Desk
from covey.engine.isolation import Check, Isolated
from covey.engine.run_branch import RunBranch
from covey.engine.runtime import Turn
from covey.errors import CoveyError
from covey.model.command import Result
from covey.model.status import FailureCause
from covey.steps.base import Tools, own_path
from covey.steps.git_work import GitTask
from covey.workspace.handover import UsersChangeError
from covey.workspace.worktrees import (
    MergeConflictError,
)


class GitWork:
    """Does what commands of kind `git` say; one for each engine."""

    def __init__(self) -> None:
        self._making = asyncio.Lock()
        self._merging: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def execute(self, tools: Tools, turn: Turn, desk: Desk, check: Check) -> Result:
        """Do what the turn's command says; `check` is what the step itself wants, for those of a child."""
        run = RunBranch(tools, turn, desk, self._making)
        child = self._isolated(tools, turn, desk)
        try:
            return await _carry_out(GitTask(str(turn.interaction.command.metadata["task"])), run, child, check)
        except MergeConflictError as error:
            return child.failed(error, FailureCause.MERGE_CONFLICT, error.files)
        except UsersChangeError as error:
            return child.failed(error, FailureCause.MERGE_CONFLICT, (own_path(turn.session),))
        except (CoveyError, OSError) as error:
            return run.failed(error, FailureCause.CHECK_FAILED)

    async def reopen(self, tools: Tools, turn: Turn, desk: Desk) -> None:
        """Make sure that the worktree of a session in isolation is there, for it may have been removed meanwhile.

        Raises:
            GitError: it cannot be made again.
        """
        await self._isolated(tools, turn, desk).reopen()

    def _isolated(self, tools: Tools, turn: Turn, desk: Desk) -> Isolated:
        return Isolated(tools, turn, desk, self._making, self._merging[turn.session.run_id])


async def _carry_out(task: GitTask, run: RunBranch, child: Isolated, check: Check) -> Result:
    match task:
        case GitTask.BEGIN:
            return await run.begin()
        case GitTask.FINISH:
            return await run.finish()
        case GitTask.ISOLATE:
            return await child.isolate(check)
        case GitTask.INTEGRATE:
            return await child.integrate(check)
