"""The branch of a run: made as the run begins, and given one commit with exactly the artifacts as it ends."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from covey.engine.git_job import Job, standing
from covey.engine.publishing import (
    commit_message,
    demand_host_program,
    open_pull_request,
    push_branch,
    write_message,
)
from covey.model.command import Result
from covey.steps.git_work import GIT, GIT_BEFORE, ISOLATED
from covey.workspace.files import copy_file
from covey.workspace.git import GitError
from covey.workspace.repository import (
    MOST_GONE,
    Repository,
    UnusableError,
    changed_since,
    demand_identity,
    find_repository,
    ignored_paths,
    missing_files,
    named,
    not_committed,
    remote_of,
    submodules,
)
from covey.workspace.worktrees import (
    Worktree,
    changed_between,
    commit,
    stage_paths,
)


class RunBranch(Job):
    """A run's first and last command of kind `git`."""

    async def begin(self) -> Result:
        """Make the run's branch, in a worktree of its own."""
        facts = self.facts
        try:
            repository = await find_repository(self.home)
        except UnusableError as error:
            reason = f"no branch is made in the git repository: {error}"
            if facts["isolated"] or facts["push"]:
                asked = "isolation" if facts["isolated"] else "push"
                raise GitError(f"[run] {asked} needs a git repository with a commit: {error}") from error
            await self.say(reason)
            return self.done({GIT: {"branch": None, "commit": None, "worktree": None, "reason": reason}})
        await self._demand(repository)
        known = facts[GIT] or {}
        path = self.home / str(facts["worktree"])
        worktree = await self.open(
            repository, path, name=str(facts["name"]), branch=known.get("branch"), base=known.get("base")
        )
        base = known.get("base") or await worktree.head()
        git = standing(worktree, base, known.get("commit"), str(facts["worktree"]))
        await self.say(f"The run's branch is {worktree.branch}, from {base[:10]}, in {facts['worktree']}.")
        kept: dict[str, object] = {GIT: git, GIT_BEFORE: facts["before"] or await _before(repository, path)}
        if facts["isolated"]:
            kept[ISOLATED] = {"branch": worktree.branch, "base": base, "worktree": str(facts["worktree"])}
            dirty = await not_committed(repository.git)
            if dirty:
                await self.say(f"Sessions work on the last commit; these are not in it: {named(dirty)}.")
        return self.done(kept)

    async def _demand(self, repository: Repository) -> None:
        await demand_identity(repository.git)
        if self.facts["push"]:
            await remote_of(repository.git)
        if self.facts["pull_request"]:
            demand_host_program(self.home)

    async def finish(self) -> Result:
        """Commit the artifacts of the run's complete children to its branch, and publish it if that is asked for."""
        facts = self.facts
        repository = await find_repository(self.home)
        own = facts[GIT]
        relative = str(facts["worktree"])
        worktree = await self.open(
            repository, self.home / relative, name=own["branch"], branch=own["branch"], base=own["base"]
        )
        data, message = await self._commit(repository, worktree)
        head = await worktree.head()
        data["files"] = await changed_between(worktree.git, own["base"], head)
        data["changed_outside"] = await self._changed_outside(repository)
        made = head if head != own["base"] else None
        data[GIT] = standing(worktree, own["base"], made, relative)
        if made is not None and facts["push"]:
            data["pushed_to"] = await push_branch(repository.git, self.custody, worktree.branch)
        if made is not None and facts["pull_request"]:
            base = repository.branch
            data["pull_request"] = await open_pull_request(self.home, self.custody, worktree.branch, base, message)
        await self.remove(repository, worktree, data)
        await self._sum_up(data)
        return self.done(data)

    async def _commit(self, repository: Repository, worktree: Worktree) -> tuple[dict[str, Any], str]:
        """Copy the artifacts to the worktree and commit what differs; what was left out, and the message."""
        places = {
            f"{repository.prefix}{await asyncio.to_thread(_real, self.home, fact['path'])}": fact
            for fact in self.facts["artifacts"]
        }
        modules = await submodules(worktree.git) if places else []
        foreign = [path for path in places if any(path.startswith(f"{module}/") for module in modules)]
        ignored = await ignored_paths(worktree.git, [path for path in places if path not in foreign])
        wanted = [path for path in places if path not in {*ignored, *foreign}]
        for path in wanted:
            own_place = path.removeprefix(repository.prefix)
            await asyncio.to_thread(copy_file, self.home, own_place, worktree.path, path)
        staged = set(await stage_paths(worktree, wanted))
        of_commit = [fact for path, fact in places.items() if path in staged] if staged else list(places.values())
        message = commit_message(self.facts["title"], self.session.run_id, of_commit, self.facts["skipped"])
        if staged:
            file = await asyncio.to_thread(write_message, self.home, self.session.id, message)
            await commit(worktree, self.custody, file)
        return {"ignored": ignored, "in_submodules": foreign}, message

    async def _changed_outside(self, repository: Repository) -> list[str]:
        before = self.facts["before"]
        if not before:
            return []
        artifacts = set(self.facts["paths"])
        gone = before["gone"]
        changed = await changed_since(repository.git, before["since"], gone or ())
        return [path for path in changed if path not in artifacts and (gone is not None or _exists(self.home, path))]

    async def _sum_up(self, data: Mapping[str, Any]) -> None:
        branch, files = data[GIT]["branch"], data["files"]
        if data[GIT]["commit"] is None:
            await self.say(f"Nothing to commit: {branch} stays at its base.")
        else:
            await self.say(f"{branch} is at {data[GIT]['commit'][:10]}, with {named(files)}.")
        if data["ignored"]:
            await self.say(f"Not committed, for the repository ignores them: {named(data['ignored'])}.")
        if data["in_submodules"]:
            await self.say(f"Not committed, for they lie in a submodule: {named(data['in_submodules'])}.")
        if data["changed_outside"]:
            await self.say(f"Also changed during the run, and not committed: {named(data['changed_outside'])}.")
        if "pushed_to" in data:
            await self.say(f"{branch} was pushed to {data['pushed_to']}.")
        if "pull_request" in data:
            await self.say(f"Pull request: {data['pull_request']}")


async def _before(repository: Repository, path: Path) -> dict[str, object]:
    """What tells later what has changed meanwhile: the moment, by the disk's own clock, and what was missing then."""
    made = await asyncio.to_thread(os.stat, path / ".git")
    gone = await missing_files(repository.git)
    return {"since": made.st_ctime_ns, "gone": list(gone) if len(gone) <= MOST_GONE else None}


def _real(root: Path, path: str) -> str:
    """A path of the project with the links on its way resolved, as git wants it."""
    base = os.path.realpath(root)
    return os.path.relpath(os.path.realpath(os.path.join(base, path)), base)  # noqa: PTH118 - texts in, a text out


def _exists(root: Path, path: str) -> bool:
    return os.path.lexists(root / path)
