"""A session in isolation: its worktree as it begins; as it ends its commit, its merge, and its file in the project."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from covey.agents.base import Desk
from covey.config.state_dir import state_directory
from covey.engine.git_job import Facts, Job, standing
from covey.engine.publishing import (
    commit_message,
    write_message,
)
from covey.engine.runtime import Turn
from covey.model.command import Result, ResultStatus
from covey.steps.base import WORKSPACE, Tools, own_path, replaced_directory
from covey.steps.git_work import GIT, IN_ORDER, TAKEN
from covey.workspace.handover import demand_place, give, give_again, hand_over
from covey.workspace.repository import (
    Repository,
    find_repository,
)
from covey.workspace.worktrees import (
    Worktree,
    changed_between,
    commit,
    merge,
    stage_all,
)

Check = Callable[[Tools], Awaitable[Result]]
"""What a step itself wants looked at, in a workspace."""


class Isolated(Job):
    """A child's first and last command of kind `git`; `merging` is held while its work is merged."""

    def __init__(self, tools: Tools, turn: Turn, desk: Desk, making: asyncio.Lock, merging: asyncio.Lock) -> None:
        super().__init__(tools, turn, desk, making)
        self._merging = merging

    async def isolate(self, check: Check) -> Result:
        """Open the session's worktree, give it the file as the project has it, and have the step look at that."""
        repository = await find_repository(self.home)
        known, run = self.facts[GIT] or {}, self.facts["run"]
        base = known.get("base") or await self._run_head(repository, run)
        relative = str(self.facts["worktree"])
        name = str(self.facts["name"])
        worktree = await self.open(repository, self.home / relative, name=name, branch=known.get("branch"), base=base)
        workspace = worktree.path / repository.prefix
        taken = await asyncio.to_thread(self._give, workspace, known_before=bool(known))
        await self.say(f"Works in {relative}, on the branch {worktree.branch}.")
        checked = await check(self.tools.bound_to(workspace))
        kept = {
            GIT: standing(worktree, base, known.get("commit"), relative),
            WORKSPACE: f"{relative}/{repository.prefix}".rstrip("/"),
            TAKEN: taken,
        }
        return replace(checked, data={**checked.data, **kept})

    async def _run_head(self, repository: Repository, run: Facts) -> str:
        head = await repository.git.ask("rev-parse", "--verify", f"refs/heads/{run['branch']}^{{commit}}")
        return head.strip().decode()

    def _give(self, workspace: Path, *, known_before: bool) -> str | None:
        _make_workspace(workspace)
        path = own_path(self.session)
        if not known_before:
            return give(self.home, path, workspace)
        aside = Path(replaced_directory(self.session), f"{self.session.id}-{self.session.attempt}")
        return give_again(self.home, path, workspace, self.facts[TAKEN], aside)

    async def integrate(self, check: Check) -> Result:
        """Commit the session's work, merge it into the run's branch, and put its file in its place in the project."""
        repository = await find_repository(self.home)
        own = self.facts[GIT]
        relative = str(self.facts["worktree"])
        worktree = await self.open(
            repository, self.home / relative, name=own["branch"], branch=own["branch"], base=own["base"]
        )
        workspace = worktree.path / repository.prefix
        checked = await check(self.tools.bound_to(workspace))
        if not _is_in_order(checked):
            return checked
        path, taken = own_path(self.session), self.facts[TAKEN]
        await asyncio.to_thread(demand_place, self.home, path, workspace, taken)
        await self._commit_all(worktree, workspace)
        await self._merge(repository, worktree)
        aside = Path(replaced_directory(self.session))
        there = await asyncio.to_thread(hand_over, self.home, path, workspace, taken, aside)
        head = await worktree.head()
        data: dict[str, Any] = {
            **checked.data,
            GIT: standing(worktree, own["base"], head if head != own["base"] else None, relative),
            TAKEN: there,
            "files": await changed_between(worktree.git, own["base"], head),
        }
        await self.remove(repository, worktree, data)
        return replace(checked, data=data)

    async def _commit_all(self, worktree: Worktree, workspace: Path) -> None:
        await asyncio.to_thread(state_directory, workspace)  # keeps what covey itself leaves there out of the commit
        if await stage_all(worktree):
            fact = {"component": self.session.component, "path": own_path(self.session)}
            text = commit_message(f"{self.session.component}", self.session.run_id, [fact], [])
            file = await asyncio.to_thread(write_message, self.home, self.session.id, text)
            await commit(worktree, self.custody, file)

    async def _merge(self, repository: Repository, worktree: Worktree) -> None:
        run = self.facts["run"]
        async with self._merging:
            into = await self.open(
                repository, self.home / run["worktree"], name=run["branch"], branch=run["branch"], base=run["base"]
            )
            await merge(into, self.custody, worktree.branch, f"Merge {worktree.branch}")

    async def reopen(self) -> None:
        """Make sure that the session's worktree is there, for it may have been removed meanwhile.

        Raises:
            GitError: it cannot be made again.
        """
        own = self.session.state[GIT]
        repository = await find_repository(self.home)
        worktree = await self.open(
            repository, self.home / own["worktree"], name=own["branch"], branch=own["branch"], base=own["base"]
        )
        await asyncio.to_thread(_make_workspace, worktree.path / repository.prefix)


def _make_workspace(workspace: Path) -> None:
    workspace.mkdir(parents=True, exist_ok=True)
    state_directory(workspace)


def _is_in_order(checked: Result) -> bool:
    if IN_ORDER in checked.data:
        return bool(checked.data[IN_ORDER])
    well = checked.status is ResultStatus.OK and checked.data.get("present", True)
    return bool(well) and not checked.data.get("findings")
