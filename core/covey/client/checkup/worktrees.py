"""The worktrees that are left below `.covey/worktrees`: which of them no unfinished run needs any more.

One in which everything is committed may be removed; any other, and every branch, is for its owner to decide about.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from covey.client.checkup.finding import Finding, Severity
from covey.errors import StoreError
from covey.model.session import is_terminal
from covey.store.sqlite import open_viewer
from covey.workspace.git import Git, GitError
from covey.workspace.repository import Repository, find_repository
from covey.workspace.worktrees import WORKTREES, Worktree, at_risk, remove_worktree


async def stale_worktrees(root: Path, *, fix: bool) -> AsyncIterator[Finding]:
    """A finding for each worktree that no unfinished run needs; with `fix`, those without any loss are removed."""
    paths = await asyncio.to_thread(lambda: sorted((root / WORKTREES).glob("*/")))
    needed = await _needed(root) if paths else frozenset()
    stale = [path for path in paths if path.name not in needed]
    if not stale:
        return
    try:
        repository = await find_repository(root)
    except GitError as error:
        yield Finding("worktrees", Severity.WARNING, f"worktrees are left in {WORKTREES}, but git says: {error}")
        return
    for path in stale:
        yield await _finding(repository, path, fix=fix)


async def _needed(root: Path) -> frozenset[str]:
    """The ids of all sessions of unfinished runs; those of a database that cannot be read are taken for needed."""
    try:
        async with open_viewer(root) as viewer:
            if viewer is None:
                return frozenset()
            unfinished = [run for run in await viewer.roots(viewer.scope) if not is_terminal(run)]
            runs = [await viewer.run(viewer.scope, run.id) for run in unfinished]
            return frozenset(session.id for run in runs for session in run)
    except StoreError:
        return frozenset(path.name for path in (root / WORKTREES).iterdir())


async def _finding(repository: Repository, path: Path, *, fix: bool) -> Finding:
    shown = f"{WORKTREES}/{path.name}"
    git_directory = repository.git_directory(path)
    if git_directory is None:
        advice = "look at it and remove it by hand"
        return Finding("worktrees", Severity.WARNING, f"{shown} is no worktree that git knows of", advice)
    git = Git(path, git_directory)
    try:
        branch = (await git.ask("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))).decode().strip()
        of = branch or "no branch"
        lost = await at_risk(git)
        if lost is not None:
            message = f"no unfinished run needs the worktree {shown} of {of}, but {lost}"
            advice = f"commit them to a branch there or discard them, then: git worktree remove {shown}"
            return Finding("worktrees", Severity.WARNING, message, advice)
        if not fix:
            message = f"no unfinished run needs the worktree {shown} of {of}, in which everything is committed"
            return Finding("worktrees", Severity.WARNING, message, "covey doctor --fix")
        kept = await remove_worktree(repository, Worktree(path, branch, git))
    except GitError as error:
        kept = str(error)
    if kept is not None:
        return Finding("worktrees", Severity.WARNING, f"the worktree {shown} could not be removed: {kept}")
    kept_branch = f"; its branch {branch} is there still" if branch else ""
    return Finding("worktrees", Severity.OK, f"the worktree {shown} was removed{kept_branch}")
