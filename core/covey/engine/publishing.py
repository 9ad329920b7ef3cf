"""What a run says of itself to git and beyond: the commit's message, the push, the pull request."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from covey.config.state_dir import STATE_DIRECTORY
from covey.text.sanitise import sanitise_line
from covey.text.words import short_id
from covey.workspace.files import write_own
from covey.workspace.git import Custody, Git, GitError, environment, run_program, said_by
from covey.workspace.processes import ProgramNotFoundError, find_program
from covey.workspace.repository import remote_of

HOST_PROGRAM = "gh"
_OF_THE_HOST = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_ARGUMENT_BYTES = 100_000


def commit_message(
    title: str, run_id: str, made: Iterable[Mapping[str, Any]], skipped: Iterable[Mapping[str, Any]]
) -> str:
    """The message of a commit: its components with their files, and those that were skipped, with reasons."""
    parts = [f"- {_line(fact['component'])}: {_line(fact['path'])}" for fact in made]
    left_out = [f"- {_line(fact['component'])}: {_line(fact['reason']) or 'no reason given'}" for fact in skipped]
    blocks = [_line(title), "\n".join(parts)]
    if left_out:
        blocks.append("\n".join(["Skipped:", *left_out]))
    blocks.append(f"Made by covey, run {short_id(run_id)}.")
    return "\n\n".join(block for block in blocks if block) + "\n"


def write_message(root: Path, session_id: str, text: str) -> Path:
    """Write a message where git can read it; its file."""
    name = f"{STATE_DIRECTORY}/messages/{session_id}.txt"
    write_own(root, name, text)
    return root / name


def demand_host_program(root: Path) -> str:
    """The program that opens pull requests.

    Raises:
        GitError: it is not there.
    """
    try:
        return find_program(HOST_PROGRAM, root, os.environ)
    except ProgramNotFoundError as error:
        raise GitError(f"[run] pull_request needs {HOST_PROGRAM}: {error}; install it, or set it to false") from error


async def push_branch(git: Git, custody: Custody, branch: str) -> str:
    """Push a branch under its own name; the remote.

    Raises:
        GitError: there is no remote, or it refuses.
    """
    remote = await remote_of(git)
    ref = f"refs/heads/{branch}"
    finished = await git.do(custody, "push", "--quiet", "--", remote, f"{ref}:{ref}", hooks=True)
    if finished.code != 0:
        raise GitError(f"{branch} could not be pushed to {sanitise_line(remote)}: {said_by(finished)}")
    return remote


async def open_pull_request(root: Path, custody: Custody, branch: str, base: str | None, message: str) -> str:
    """Open a pull request for a branch that was pushed, unless there is one; its address, as the program tells it.

    Raises:
        GitError: the program is not there, or refuses.
    """
    program = demand_host_program(root)
    own = {name: os.environ[name] for name in _OF_THE_HOST if name in os.environ}
    known = await run_program(
        (program, "pr", "view", branch, "--json", "url", "--jq", ".url"), root, environment(proxies=True) | own, custody
    )
    if known.code == 0 and known.stdout.strip():
        return _last_line(known.stdout)
    title, _, body = message.partition("\n\n")
    text = body.encode()[:_ARGUMENT_BYTES].decode(errors="ignore")
    onto = () if base is None else ("--base", base)
    argv = (program, "pr", "create", "--head", branch, *onto, "--title", title, "--body", text)
    finished = await run_program(argv, root, environment(proxies=True) | own, custody)
    if finished.code != 0:
        raise GitError(f"no pull request could be opened for {branch}: {said_by(finished)}")
    return _last_line(finished.stdout)


def _last_line(text: str) -> str:
    lines: Sequence[str] = [sanitise_line(line) for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _line(text: object) -> str:
    return "" if text is None else sanitise_line(str(text))
