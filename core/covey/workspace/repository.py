"""The git repository that a project lies in: whether covey can work with it, and what has changed in the project.

The user's checkout, index, HEAD and stash are only looked at here, and nowhere else touched.
"""

import asyncio
import os
import re
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from covey.text.quoting import quoted, visible
from covey.workspace.git import Git, GitError

MOST_GONE = 1000
"""How many files that were missing before a run are remembered; with more of them, none that vanishes is reported."""


class UnusableError(GitError):
    """A repository in which no branch can be made; the text is the reason, as in "it has no commit yet"."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around a project root.

    `prefix` is the root's place below the top of the repository, empty or with a `/` at its end. `common` is git's own
    directory, shared by all worktrees. `head` is the commit that is checked out, `branch` its branch unless detached.
    """

    root: Path
    prefix: str
    common: Path
    head: str
    branch: str | None

    @property
    def git(self) -> Git:
        """Git in the project root, to be asked."""
        return Git(self.root)

    def git_directory(self, worktree: Path) -> Path | None:
        """Git's own directory of a worktree, as the repository has it; None when it knows no such worktree."""
        wanted = str(worktree / ".git")
        for known in sorted(self.common.glob("worktrees/*/gitdir")):
            if known.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n") == wanted:
                return known.parent
        return None


def lies_in_repository(root: Path) -> bool:
    """Whether git would find a repository here; no program is started for it."""
    return any(os.path.lexists(each / ".git") or _is_bare(each) for each in (root, *root.parents))


def _is_bare(directory: Path) -> bool:
    return (directory / "HEAD").is_file() and (directory / "objects").is_dir() and (directory / "refs").is_dir()


async def find_repository(root: Path) -> Repository:
    """The repository around a project root.

    Raises:
        UnusableError: no branch can be made in it: says why.
    """
    git = Git(root)
    try:
        inside = (await git.ask("rev-parse", "--is-inside-work-tree")).strip() == b"true"
    except GitError as error:
        raise UnusableError(f"git cannot work with it: {error}") from error
    if not inside:
        raise UnusableError("it is a bare repository, which has no working tree to commit from")
    head = (await git.ask("rev-parse", "--quiet", "--verify", "HEAD^{commit}", ok=(0, 1, 128))).strip()
    if not head:
        raise UnusableError("it has no commit yet, so there is nothing that a branch could begin with")
    common = os.fsdecode(_line(await git.ask("rev-parse", "--git-common-dir")))
    branch = _line(await git.ask("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1)))
    return Repository(
        root=root,
        prefix=os.fsdecode(_line(await git.ask("rev-parse", "--show-prefix"))),
        common=await asyncio.to_thread(Path(root, common).resolve),
        head=head.decode(),
        branch=os.fsdecode(branch) or None,
    )


async def demand_identity(git: Git) -> None:
    """Make sure that git knows in whose name to commit.

    Raises:
        GitError: it does not; says what to do.
    """
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        try:
            await git.ask("var", who)
        except GitError as error:
            raise GitError(
                "git does not know in whose name to commit: set it with git config user.name NAME "
                f"and git config user.email ADDRESS, then retry ({error})"
            ) from error


async def remote_of(git: Git) -> str:
    """The remote that a branch is pushed to: `remote.pushDefault`, else `origin`, else the only one.

    Raises:
        GitError: there is none, or several and nothing says which.
    """
    preferred = _line(await git.ask("config", "--get", "remote.pushDefault", ok=(0, 1))).decode(errors="replace")
    known = (await git.ask("remote")).decode(errors="replace").splitlines()
    if preferred:
        return preferred
    if "origin" in known or len(known) == 1:
        return "origin" if "origin" in known else known[0]
    if not known:
        raise GitError("[run] push needs a remote and the repository has none: git remote add origin URL")
    names = ", ".join(quoted(name) for name in known)
    raise GitError(f"[run] push does not know which remote is meant ({names}): git config remote.pushDefault NAME")


async def taken_branches(git: Git, name: str) -> set[str]:
    """The branches that begin with a name; what lies below one that is a directory counts as that directory."""
    listed = await git.ask("for-each-ref", "--format=%(refname)", f"refs/heads/{name}*", f"refs/heads/{name}*/**")
    names = os.fsdecode(listed).splitlines()
    return {name.removeprefix("refs/heads/").split("/", 1)[0] for name in names}


async def free_branch(git: Git, name: str) -> str:
    """The first of `name`, `name-2`, `name-3` and so on that no branch has yet."""
    taken = await taken_branches(git, name)
    number = 1
    while (candidate := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return candidate


async def not_committed(git: Git) -> list[str]:
    """The files below git's directory that differ from what is staged, by their times, or that are not tracked."""
    listed = await git.ask("diff-files", "-z", "--name-only", "--relative")
    others = await git.ask("ls-files", "-z", "--others", "--exclude-standard")
    return [_shown(name) for name in (listed + others).split(b"\0") if name]


async def missing_files(git: Git) -> tuple[str, ...]:
    """The files below git's directory that the repository has and the disk has not."""
    listed = (await git.ask("ls-files", "-z", "--deleted")).split(b"\0")
    return tuple(dict.fromkeys(_shown(name) for name in listed if name))


async def changed_since(git: Git, moment: int, gone_before: Collection[str]) -> list[str]:
    """The files below git's directory that were changed, made or removed since a moment.

    `moment` in nanoseconds since the epoch, of the file system's own clock. Ignored files do not count.
    """
    listed = await git.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = sorted({name for name in listed.split(b"\0") if name})
    changed = await asyncio.to_thread(_changed, git.directory, names, moment)
    return [name for name, is_gone in changed if not is_gone or name not in gone_before]


def _changed(directory: Path, names: Iterable[bytes], moment: int) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    base = os.fsencode(directory)
    for name in names:
        try:
            state = os.lstat(os.path.join(base, name))  # noqa: PTH118 - bytes: a name need not be text
        except OSError:
            found.append((_shown(name), True))
            continue
        if state.st_ctime_ns > moment and not stat.S_ISDIR(state.st_mode):
            found.append((_shown(name), False))
    return found


def _shown(name: bytes) -> str:
    return name.decode(errors="replace")


async def ignored_paths(git: Git, paths: Iterable[str]) -> list[str]:
    """Those of the paths that the repository ignores and does not track."""
    # This command knows no literal paths; with a ./ before it, no name begins with what has a meaning.
    given = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
    listed = await git.ask("check-ignore", "-z", "--stdin", stdin=given, ok=(0, 1), literal=False)
    return [os.fsdecode(name.removeprefix(b"./")) for name in listed.split(b"\0") if name]


async def submodules(git: Git) -> list[str]:
    """The directories that belong to submodules."""
    listed = await git.ask("ls-files", "-z", "--stage")
    entry = re.compile(rb"160000 [0-9a-f]+ \d\t(.*)", re.DOTALL)
    return [os.fsdecode(found[1]) for each in listed.split(b"\0") if (found := entry.fullmatch(each))]


def named(paths: Iterable[str], most: int = 10) -> str:
    """Paths for a message, the first few of them."""
    every = list(paths)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(visible(path) for path in every[:most]) + more


def _line(answer: bytes) -> bytes:
    return answer.removesuffix(b"\n")
