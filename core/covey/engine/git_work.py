"""Executing what steps ask of git: a run's branch, sessions in worktrees of their own, and what is committed of them.

Worktrees are made one at a time, and one child at a time is merged into its run's branch. Each piece of work finds out
what is there already, so one that was cut off is simply done again.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from covey.agents.base import Desk
from covey.config.state_dir import state_directory
from covey.engine.publishing import (
    commit_message,
    demand_host_program,
    open_pull_request,
    push_branch,
    write_message,
)
from covey.engine.runtime import Turn
from covey.errors import CoveyError
from covey.model.command import Result, ResultStatus, TranscriptKind
from covey.model.ids import new_id
from covey.model.status import FailureCause
from covey.steps.base import WORKSPACE, Tools, own_path
from covey.steps.git_work import GIT, GIT_BEFORE, ISOLATED, TAKEN, GitTask
from covey.workspace.files import copy_file
from covey.workspace.git import Custody, GitError
from covey.workspace.handover import UsersChangeError, demand_place, give, give_again, hand_over
from covey.workspace.output import Stream
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
    MergeConflictError,
    Worktree,
    changed_between,
    commit,
    merge,
    open_worktree,
    remove_worktree,
    stage_all,
    stage_paths,
    unlock,
)

Check = Callable[[Tools], Awaitable[Result]]
Facts = Mapping[str, Any]


class GitWork:
    """Does what commands of kind `git` say; one for each engine."""

    def __init__(self) -> None:
        self._making = asyncio.Lock()
        self._merging: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def execute(self, tools: Tools, turn: Turn, desk: Desk, check: Check) -> Result:
        """Do what the turn's command says; `check` is what the step itself wants, for those of a child."""
        job = _Job(tools, turn, desk, self)
        work = {
            GitTask.BEGIN: job.begin,
            GitTask.ISOLATE: lambda: job.isolate(check),
            GitTask.INTEGRATE: lambda: job.integrate(check),
            GitTask.FINISH: job.finish,
        }[GitTask(str(turn.interaction.command.metadata["task"]))]
        try:
            return await work()
        except (MergeConflictError, UsersChangeError) as error:
            files = list(error.files) if isinstance(error, MergeConflictError) else [turn.session.artifact_path]
            return job.failed(error, {"cause": FailureCause.MERGE_CONFLICT, "files": files})
        except (CoveyError, OSError) as error:
            return job.failed(error, {"cause": FailureCause.CHECK_FAILED})

    async def reopen(self, tools: Tools, turn: Turn, desk: Desk) -> None:
        """Make sure that the worktree of a session in isolation is there, for it may have been removed meanwhile.

        Raises:
            GitError: it cannot be made again.
        """
        job = _Job(tools, turn, desk, self)
        own = turn.session.state[GIT]
        async with self._making:
            repository = await find_repository(tools.home)
            await open_worktree(
                repository,
                job.custody,
                tools.home / own["worktree"],
                name=own["branch"],
                branch=own["branch"],
                base=own["base"],
            )

    def making(self) -> asyncio.Lock:
        """Held while a worktree is made or removed."""
        return self._making

    def merging(self, run_id: str) -> asyncio.Lock:
        """Held while a child's work is merged into its run's branch."""
        return self._merging[run_id]


class _Job:
    """One command of kind `git`."""

    def __init__(self, tools: Tools, turn: Turn, desk: Desk, work: GitWork) -> None:
        self._tools = tools
        self._home = tools.home
        self._session = turn.session
        self._recovered = turn.recovered
        self._facts: Facts = turn.interaction.command.metadata
        self._desk = desk
        self._work = work
        self.custody = Custody(desk.ledger, desk.grace, self._heard)

    # The run.

    async def begin(self) -> Result:
        """Make the run's branch, in a worktree of its own."""
        facts = self._facts
        try:
            repository = await find_repository(self._home)
        except UnusableError as error:
            reason = f"no branch is made in the git repository: {error}"
            if facts["isolated"] or facts["push"]:
                asked = "isolation" if facts["isolated"] else "push"
                raise GitError(f"[run] {asked} needs a git repository with a commit: {error}") from error
            await self._say(reason)
            return self._done({GIT: {"branch": None, "commit": None, "worktree": None, "reason": reason}})
        await self._demand(repository)
        known = facts[GIT] or {}
        path = self._home / str(facts["worktree"])
        worktree = await self._open(
            repository, path, name=str(facts["name"]), branch=known.get("branch"), base=known.get("base")
        )
        base = known.get("base") or await worktree.head()
        git = _standing(worktree, base, known.get("commit"), str(facts["worktree"]))
        await self._say(f"The run's branch is {worktree.branch}, from {base[:10]}, in {facts['worktree']}.")
        kept: dict[str, object] = {GIT: git, GIT_BEFORE: facts["before"] or await _before(repository, path)}
        if facts["isolated"]:
            kept[ISOLATED] = {"branch": worktree.branch, "base": base, "worktree": str(facts["worktree"])}
            dirty = await not_committed(repository.git)
            if dirty:
                await self._say(f"Sessions work on the last commit; these are not in it: {named(dirty)}.")
        return self._done(kept)

    async def _demand(self, repository: Repository) -> None:
        await demand_identity(repository.git)
        if self._facts["push"]:
            await remote_of(repository.git)
        if self._facts["pull_request"]:
            demand_host_program(self._home)

    async def finish(self) -> Result:
        """Commit the artifacts of the run's complete children to its branch, and publish it if that is asked for."""
        facts = self._facts
        repository = await find_repository(self._home)
        own = facts[GIT]
        relative = own["worktree"] or f".covey/worktrees/{self._session.id}"
        worktree = await self._open(
            repository, self._home / relative, name=own["branch"], branch=own["branch"], base=own["base"]
        )
        data, message = await self._commit(repository, worktree)
        head = await worktree.head()
        data["files"] = await changed_between(worktree.git, own["base"], head)
        data["changed_outside"] = await self._changed_outside(repository)
        made = head if head != own["base"] else None
        data[GIT] = _standing(worktree, own["base"], made, relative)
        if made is not None and facts["push"]:
            data["pushed_to"] = await push_branch(repository.git, self.custody, worktree.branch)
        if made is not None and facts["pull_request"]:
            base = repository.branch
            data["pull_request"] = await open_pull_request(self._home, self.custody, worktree.branch, base, message)
        await self._remove(repository, worktree, data)
        await self._sum_up(data)
        return self._done(data)

    async def _commit(self, repository: Repository, worktree: Worktree) -> tuple[dict[str, Any], str]:
        """Copy the artifacts to the worktree and commit what differs; what was left out, and the message."""
        places = {
            f"{repository.prefix}{await asyncio.to_thread(_real, self._home, fact['path'])}": fact
            for fact in self._facts["artifacts"]
        }
        modules = await submodules(worktree.git) if places else []
        foreign = [path for path in places if any(path.startswith(f"{module}/") for module in modules)]
        ignored = await ignored_paths(worktree.git, [path for path in places if path not in foreign])
        wanted = [path for path in places if path not in {*ignored, *foreign}]
        for path in wanted:
            own_place = path.removeprefix(repository.prefix)
            await asyncio.to_thread(copy_file, self._home, own_place, worktree.path, path)
        staged = set(await stage_paths(worktree, wanted))
        of_commit = [fact for path, fact in places.items() if path in staged] if staged else list(places.values())
        message = commit_message(self._facts["title"], self._session.run_id, of_commit, self._facts["skipped"])
        if staged:
            file = await asyncio.to_thread(write_message, self._home, self._session.id, message)
            await commit(worktree, self.custody, file)
        return {"ignored": ignored, "in_submodules": foreign}, message

    async def _changed_outside(self, repository: Repository) -> list[str]:
        before = self._facts["before"]
        if not before:
            return []
        artifacts = set(self._facts["paths"])
        gone = before["gone"]
        changed = await changed_since(repository.git, before["since"], gone or ())
        return [path for path in changed if path not in artifacts and (gone is not None or _exists(self._home, path))]

    async def _remove(self, repository: Repository, worktree: Worktree, data: dict[str, Any]) -> None:
        """Remove a worktree that has served, unless something in it would be lost."""
        async with self._work.making():
            kept = await remove_worktree(repository, worktree)
        if kept is None:
            data[GIT] = {**data[GIT], "worktree": None}
        else:
            await self._say(f"The worktree {data[GIT]['worktree']} is kept: {kept}.")

    async def _sum_up(self, data: Mapping[str, Any]) -> None:
        branch, files = data[GIT]["branch"], data["files"]
        if data[GIT]["commit"] is None:
            await self._say(f"Nothing to commit: {branch} stays at its base.")
        else:
            await self._say(f"{branch} is at {data[GIT]['commit'][:10]}, with {named(files)}.")
        if data["ignored"]:
            await self._say(f"Not committed, for the repository ignores them: {named(data['ignored'])}.")
        if data["in_submodules"]:
            await self._say(f"Not committed, for they lie in a submodule: {named(data['in_submodules'])}.")
        if data["changed_outside"]:
            await self._say(f"Also changed during the run, and not committed: {named(data['changed_outside'])}.")
        if "pushed_to" in data:
            await self._say(f"{branch} was pushed to {data['pushed_to']}.")
        if "pull_request" in data:
            await self._say(f"Pull request: {data['pull_request']}")

    # A child in isolation.

    async def isolate(self, check: Check) -> Result:
        """Open the session's worktree, give it the file as the project has it, and have the step look at that."""
        repository = await find_repository(self._home)
        known, run = self._facts[GIT] or {}, self._facts["run"]
        base = known.get("base") or await self._run_head(repository, run)
        relative = str(self._facts["worktree"])
        name = str(self._facts["name"])
        worktree = await self._open(repository, self._home / relative, name=name, branch=known.get("branch"), base=base)
        workspace = worktree.path / repository.prefix
        taken = await asyncio.to_thread(self._give, workspace, known_before=bool(known))
        await self._say(f"Works in {relative}, on the branch {worktree.branch}.")
        checked = await check(self._tools.bound_to(workspace))
        kept = {
            GIT: _standing(worktree, base, known.get("commit"), relative),
            WORKSPACE: f"{relative}/{repository.prefix}".rstrip("/"),
            TAKEN: taken,
        }
        return replace(checked, data={**checked.data, **kept})

    async def _run_head(self, repository: Repository, run: Facts) -> str:
        head = await repository.git.ask("rev-parse", "--verify", f"refs/heads/{run['branch']}^{{commit}}")
        return head.strip().decode()

    def _give(self, workspace: Path, *, known_before: bool) -> str | None:
        workspace.mkdir(parents=True, exist_ok=True)
        state_directory(workspace)
        path = own_path(self._session)
        if not known_before:
            return give(self._home, path, workspace)
        aside = Path(".covey/replaced", self._session.run_id, f"{self._session.id}-{self._session.attempt}")
        return give_again(self._home, path, workspace, self._facts[TAKEN], aside)

    async def integrate(self, check: Check) -> Result:
        """Commit the session's work, merge it into the run's branch, and put its file in its place in the project."""
        repository = await find_repository(self._home)
        own = self._facts[GIT]
        relative = str(self._facts["worktree"])
        worktree = await self._open(
            repository, self._home / relative, name=own["branch"], branch=own["branch"], base=own["base"]
        )
        workspace = worktree.path / repository.prefix
        checked = await check(self._tools.bound_to(workspace))
        if not _is_in_order(checked):
            return checked
        path, taken = own_path(self._session), self._facts[TAKEN]
        await asyncio.to_thread(demand_place, self._home, path, workspace, taken)
        await self._commit_all(worktree, workspace)
        await self._merge(repository, worktree)
        aside = Path(".covey/replaced", self._session.run_id) if self._session.state.get("overwrite") else None
        there = await asyncio.to_thread(hand_over, self._home, path, workspace, taken, aside)
        head = await worktree.head()
        data: dict[str, Any] = {
            **checked.data,
            GIT: _standing(worktree, own["base"], head if head != own["base"] else None, relative),
            TAKEN: there,
            "files": await changed_between(worktree.git, own["base"], head),
        }
        await self._remove(repository, worktree, data)
        return replace(checked, data=data)

    async def _commit_all(self, worktree: Worktree, workspace: Path) -> None:
        await asyncio.to_thread(state_directory, workspace)  # keeps what covey itself leaves there out of the commit
        if await stage_all(worktree):
            fact = {"component": self._session.component, "path": own_path(self._session)}
            text = commit_message(f"{self._session.component}", self._session.run_id, [fact], [])
            file = await asyncio.to_thread(write_message, self._home, self._session.id, text)
            await commit(worktree, self.custody, file)

    async def _merge(self, repository: Repository, worktree: Worktree) -> None:
        run = self._facts["run"]
        async with self._work.merging(self._session.run_id):
            into = await self._open(
                repository, self._home / run["worktree"], name=run["branch"], branch=run["branch"], base=run["base"]
            )
            await merge(into, self.custody, worktree.branch, f"Merge {worktree.branch}")

    # What all of them need.

    async def _open(
        self, repository: Repository, path: Path, *, name: str, branch: str | None, base: str | None
    ) -> Worktree:
        async with self._work.making():
            worktree = await open_worktree(
                repository, self.custody, path, name=name, branch=branch, base=base or repository.head
            )
        if self._recovered:
            unlock(worktree)
        return worktree

    def _advice(self, error: Exception) -> str:
        """What went wrong, where the work is, and what to do next."""
        own = self._facts[GIT] or {}
        if isinstance(error, MergeConflictError):
            run = self._facts["run"]["branch"]
            return (
                f"{error}; its work is safe on {own['branch']}: in {self._facts['worktree']} run git merge {run}, "
                f"resolve and commit, then covey retry {self._session.id[:8]} --resume"
            )
        where = f"; its work is in {own['worktree']}, on {own['branch']}" if own.get("worktree") else ""
        return f"{error}{where}"

    def failed(self, error: Exception, data: dict[str, object]) -> Result:
        """The result of a command that could not be carried out."""
        return replace(self._done(data), status=ResultStatus.ERROR, error_message=self._advice(error))

    def _done(self, data: dict[str, Any]) -> Result:
        return Result(id=new_id(), status=ResultStatus.OK, data=data, timestamp=self._tools.clock.now())

    async def _say(self, text: str) -> None:
        await self._desk.report(TranscriptKind.TEXT, f"{text}\n")

    async def _heard(self, _: Stream, text: str) -> None:
        await self._desk.report(TranscriptKind.OUTPUT, text)


def _standing(worktree: Worktree, base: str, made: str | None, relative: str) -> dict[str, object]:
    return {"branch": worktree.branch, "base": base, "commit": made, "worktree": relative}


async def _before(repository: Repository, path: Path) -> dict[str, object]:
    """What tells later what has changed meanwhile: the moment, by the disk's own clock, and what was missing then."""
    made = await asyncio.to_thread(os.stat, path / ".git")
    gone = await missing_files(repository.git)
    return {"since": made.st_ctime_ns, "gone": list(gone) if len(gone) <= MOST_GONE else None}


def _is_in_order(checked: Result) -> bool:
    well = checked.status is ResultStatus.OK and checked.data.get("present", True)
    return bool(well) and not checked.data.get("findings")


def _real(root: Path, path: str) -> str:
    """A path of the project with the links on its way resolved, as git wants it."""
    base = os.path.realpath(root)
    return os.path.relpath(os.path.realpath(os.path.join(base, path)), base)  # noqa: PTH118 - texts in, a text out


def _exists(root: Path, path: str) -> bool:
    return os.path.lexists(root / path)
