"""Worktrees of covey's own: a run's branch and its sessions' branches, away from the user's checkout.

Every worktree lies below `.covey/worktrees` and has a branch that covey made. Git is always told where a worktree's
own directory is, so what an agent writes into a worktree cannot lead git elsewhere. Branches are never deleted, and a
worktree only while nothing in it would be lost.
"""

import asyncio
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from covey.config.state_dir import STATE_DIRECTORY
from covey.text.quoting import visible
from covey.workspace.git import Custody, Git, GitError, said_by
from covey.workspace.repository import Repository, free_branch, named

WORKTREES = f"{STATE_DIRECTORY}/worktrees"
_MERGING = "covey-merging"
_LEFTOVERS = ("index.lock", "HEAD.lock")


class MergeConflictError(GitError):
    """Two changes of the same lines; carries the files."""

    def __init__(self, branch: str, files: Sequence[str]) -> None:
        self.files = tuple(files)
        super().__init__(f"merging {branch} conflicts in {named(files)}")


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree of covey's own, with its branch."""

    path: Path
    branch: str
    git: Git

    async def head(self) -> str:
        """The commit that its branch stands at."""
        return (await self.git.ask("rev-parse", "--verify", "HEAD")).strip().decode()


async def open_worktree(
    repository: Repository, custody: Custody, path: Path, *, name: str, branch: str | None, base: str
) -> Worktree:
    """The worktree at a path: the one that is there, else a new one.

    It is on `branch` if that is given, which is made anew from `base` should it be gone; else on a new branch that
    begins at `base` and is called `name`, with a number behind it where there is one of that name.

    Raises:
        GitError: it cannot be made, or somebody has taken the one that is there off its branch.
    """
    known = repository.git_directory(path)
    if known is not None:
        found = await _adopted(path, known)
        if found is not None:
            return found
        await _demand_unused(Git(path, known), branch or name)
        await repository.git.ask("worktree", "remove", "--force", "--force", str(path))
    exists = branch is not None and await _branch_exists(repository.git, branch)
    start = f"refs/heads/{branch}" if exists else base
    path.parent.mkdir(parents=True, exist_ok=True)
    await repository.git.must(custody, "worktree", "add", "--quiet", "--detach", str(path), start)
    git_directory = repository.git_directory(path)
    if git_directory is None:
        raise GitError(f"git has made no worktree at {visible(str(path))}")
    git = Git(path, git_directory)
    # The branch comes last: a worktree that has one is whole.
    branch = branch or await free_branch(repository.git, name)
    await git.ask("checkout", "--quiet", *(() if exists else ("--no-track", "-b")), branch)
    return Worktree(path, branch, git)


async def _adopted(path: Path, git_directory: Path) -> Worktree | None:
    if not path.is_dir():  # noqa: ASYNC240 - a moment, on a local disk
        return None
    git = Git(path, git_directory)
    branch = (await git.ask("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))).strip().decode()
    if not branch:
        return None
    await asyncio.to_thread(_point_back, path / ".git", git_directory)
    return Worktree(path, branch, git)


async def _demand_unused(git: Git, branch: str) -> None:
    """Make sure that nothing was ever worked on in a worktree without a branch.

    Its directory is gone, or it was being made as its maker was killed; or somebody is in the middle of a rebase.

    Raises:
        GitError: what was done there would be lost with it.
    """
    assert git.git_dir is not None  # noqa: S101 - every worktree has one
    if not git.directory.is_dir() or (git.git_dir / "locked").exists():
        return  # git itself holds a lock as long as it makes a worktree
    lost = await at_risk(git)
    if lost is not None:
        there = visible(f"git -C {shlex.quote(str(git.directory))}")
        raise GitError(
            f"the worktree of {branch} is on another commit than that, and {lost}: end what was begun there "
            f"({there} status tells what), {there} checkout {branch}, then retry"
        )


def _point_back(link: Path, git_directory: Path) -> None:
    """See to it that whoever goes into a worktree, the user or a hook, finds its repository and no other."""
    wanted = f"gitdir: {git_directory}\n".encode(errors="surrogateescape")
    if link.is_symlink() or not link.is_file() or link.read_bytes() != wanted:
        link.unlink(missing_ok=True)
        link.write_bytes(wanted)


async def _branch_exists(git: Git, branch: str) -> bool:
    return await git.holds("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")


def unlock(worktree: Worktree) -> None:
    """Remove the locks that a git which was killed in the middle of its work has left in a worktree of ours."""
    assert worktree.git.git_dir is not None  # noqa: S101 - every worktree has one
    for name in _LEFTOVERS:
        (worktree.git.git_dir / name).unlink(missing_ok=True)


async def uncommitted(git: Git) -> list[str]:
    """What in a worktree is not committed, as paths; empty when all of it is."""
    listed = await git.ask("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return [os.fsdecode(entry[3:]) for entry in listed.split(b"\0") if entry]


async def at_risk(git: Git) -> str | None:
    """What would be lost with a worktree; None when all of it is committed, and on a branch."""
    left = await uncommitted(git)
    if left:
        return f"it has uncommitted changes: {named(left)}"
    on_branch = await git.ask("for-each-ref", "--count=1", "--contains=HEAD", "refs/heads", "refs/remotes", "refs/tags")
    return None if on_branch else "it has commits that are on no branch"


async def remove_worktree(repository: Repository, worktree: Worktree) -> str | None:
    """Remove a worktree in which everything is committed; else why it was kept. Its branch stays."""
    try:
        lost = await at_risk(worktree.git)
        if lost is not None:
            return lost
        # Git itself removes none that holds submodules unless it is forced to.
        await repository.git.ask("worktree", "remove", "--force", str(worktree.path))
    except GitError as error:
        return str(error)
    return None


async def stage_paths(worktree: Worktree, paths: Iterable[str]) -> list[str]:
    """Stage exactly these files; those among them that differ from the last commit.

    Raises:
        GitError: git refuses one of them.
    """
    await worktree.git.ask("reset", "--quiet")
    given = b"\0".join(map(os.fsencode, paths))
    if given:
        await worktree.git.ask("add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=given)
    return await _staged(worktree.git)


async def stage_all(worktree: Worktree) -> list[str]:
    """Stage all that has changed in a worktree; the files.

    Raises:
        GitError: git refuses, or somebody has begun to resolve a conflict here and is not done yet.
    """
    unmerged = await worktree.git.ask("diff", "--name-only", "--no-ext-diff", "--diff-filter=U", "-z")
    if unmerged:
        files = ", ".join(visible(name.decode(errors="replace")) for name in unmerged.split(b"\0") if name)
        raise GitError(f"{worktree.path} has conflicts that are not resolved yet: {files}; resolve them, git add them")
    await worktree.git.ask("-c", "advice.addEmbeddedRepo=false", "add", "--all")
    return await _staged(worktree.git)


async def _staged(git: Git) -> list[str]:
    listed = await git.ask("diff-index", "--cached", "-z", "--name-only", "--no-renames", "HEAD", "--")
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


async def commit(worktree: Worktree, custody: Custody, message: Path) -> str:
    """Commit what is staged as the user would, hooks included; the commit.

    Raises:
        GitError: git or a hook refuses; nothing is committed, and the files stay as they are.
    """
    finished = await worktree.git.do(
        custody, "commit", "--quiet", "--cleanup=whitespace", f"--file={message}", hooks=True
    )
    if finished.code != 0:
        raise GitError(f"the commit was refused by git or a hook: {said_by(finished)}")
    return await worktree.head()


async def changed_between(git: Git, before: str, after: str) -> list[str]:
    """The files that differ between two commits."""
    listed = await git.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after, "--")
    return [name.decode(errors="replace") for name in listed.split(b"\0") if name]


async def merge(into: Worktree, custody: Custody, branch: str, subject: str) -> None:
    """Merge a branch into a worktree's, or leave that as it was. A merge that was cut off is undone first.

    Raises:
        MergeConflictError: both have changed the same lines.
        GitError: it cannot be merged for another reason.
    """
    assert into.git.git_dir is not None  # noqa: S101 - every worktree has one
    mark = into.git.git_dir / _MERGING
    if mark.exists():
        await _undo(into, mark)
    left = await uncommitted(into.git)
    if left:
        what = f"{into.path} has changes that are not covey's ({named(left)})"
        raise GitError(f"{what}: commit or discard them, then retry")
    mark.touch()
    try:
        finished = await into.git.do(
            custody, "merge", "--no-ff", "--no-edit", "--quiet", "-m", subject, f"refs/heads/{branch}"
        )
        if finished.code == 0:
            mark.unlink()
            return
        listed = await into.git.ask("diff", "--name-only", "--no-ext-diff", "--diff-filter=U", "-z")
        files = [name.decode(errors="replace") for name in listed.split(b"\0") if name]
    except asyncio.CancelledError:
        await _undo(into, mark)
        raise
    await _undo(into, mark)
    if files:
        raise MergeConflictError(branch, files)
    raise GitError(f"{branch} could not be merged: {said_by(finished)}")


async def _undo(worktree: Worktree, mark: Path) -> None:
    """Back to the last commit; all there was before the merge had been committed."""
    unlock(worktree)
    await worktree.git.ask("reset", "--quiet", "--hard", "HEAD")
    await worktree.git.ask("clean", "--quiet", "-d", "--force")
    mark.unlink(missing_ok=True)  # noqa: ASYNC240 - a moment, on a local disk
