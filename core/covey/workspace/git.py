"""Git as covey calls it: plain subprocesses, never a shell, in an environment in which nothing leads it elsewhere.

Where git is only asked, no program that a repository's settings name is started: no hook, no file monitor, no pager,
no fetch of what is missing. What takes its time or runs the user's own hooks is started by `Git.do`, recorded and
ended like any other program of a session. The variables of a caller that itself runs below git (`GIT_DIR`,
`GIT_INDEX_FILE`) are dropped; those that say who commits are kept.
"""

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from covey.errors import CoveyError
from covey.text.quoting import visible
from covey.text.sanitise import sanitise
from covey.workspace.credentials import holds_one
from covey.workspace.output import Stream
from covey.workspace.processes import (
    Ended,
    Finished,
    Grace,
    ProcessLedger,
    ProgramNotFoundError,
    carried_through,
    run_process,
)

ASK_SECONDS = 60.0
DO_SECONDS = 20 * 60.0
"""How long an answer, and a piece of work with the user's hooks in it, may take."""

_MOST_BYTES = 64 * 1024 * 1024
_SAID_LINES, _SAID_CHARACTERS = 20, 2000
_KEPT = re.compile(
    r"GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)|GIT_SSH(?:_COMMAND|_VARIANT)?"
    r"|GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM"
)
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_SETTINGS = ("core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "submodule.recurse=false")
_NO_HOOKS = "core.hooksPath=/dev/null"


class GitError(CoveyError):
    """Git refused or could not be run; the text says what was tried and what git said."""


@dataclass(frozen=True, slots=True)
class Custody:
    """Who records the programs that work for a session, how they are ended, and who hears what they print."""

    ledger: ProcessLedger
    grace: Grace
    on_output: Callable[[Stream, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one directory.

    With `git_dir` it is told where its own directory is, instead of looking for it from `directory` upwards: in a
    worktree that an agent may write to, nobody can make it work on another repository or on the user's checkout.
    """

    directory: Path
    git_dir: Path | None = None

    async def ask(self, *arguments: str, stdin: bytes = b"", ok: Sequence[int] = (0,), literal: bool = True) -> bytes:
        """What git prints; carried to its end though the caller is cancelled meanwhile.

        Paths are taken as they are, unless `literal` is false: a few commands know no such mode.

        Raises:
            GitError: it exits with another code than those in `ok`, takes too long, or prints without end.
        """
        code, out, err = await carried_through(asyncio.to_thread(self._run, arguments, stdin, literal=literal))
        if code not in ok:
            raise GitError(f"git {arguments[0]} failed: {said(err) or f'exit code {code}'}")
        return out

    async def holds(self, *arguments: str) -> bool:
        """Whether git answers yes (0) or no (1).

        Raises:
            GitError: it does neither.
        """
        code, _, err = await carried_through(asyncio.to_thread(self._run, arguments, b""))
        if code not in {0, 1}:
            raise GitError(f"git {arguments[0]} failed: {said(err) or f'exit code {code}'}")
        return code == 0

    async def do(self, custody: Custody, *arguments: str, hooks: bool = False) -> Finished:
        """Let git work, recorded and ended like any program of a session; its exit code is for the caller to judge.

        Raises:
            GitError: it cannot be started, or took longer than `DO_SECONDS`.
        """
        argv = ("git", *self._options(hooks=hooks), *arguments)
        # A hook needs no proxy's password; it gets one only where git itself has to have it.
        proxies = not hooks or arguments[0] == "push"
        env = self._environment(online=True, literal=not hooks, proxies=proxies)
        return await run_program(argv, self.directory, env, custody)

    async def must(self, custody: Custody, *arguments: str, hooks: bool = False) -> Finished:
        """As `do`, for what has to succeed.

        Raises:
            GitError: it does not.
        """
        finished = await self.do(custody, *arguments, hooks=hooks)
        if finished.code != 0:
            raise GitError(f"git {arguments[0]} failed: {said_by(finished)}")
        return finished

    def _options(self, *, hooks: bool) -> tuple[str, ...]:
        settings = _SETTINGS if hooks else (*_SETTINGS, _NO_HOOKS)
        return ("--no-pager", *(word for setting in settings for word in ("-c", setting)))

    def _environment(self, *, online: bool = False, literal: bool = True, proxies: bool = False) -> dict[str, str]:
        own = {"GIT_LITERAL_PATHSPECS": "1"} if literal else {}
        if not online:
            own |= {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
        if self.git_dir is not None:
            own |= {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.directory)}
        return environment(proxies=proxies) | own

    def _run(self, arguments: Sequence[str], stdin: bytes, *, literal: bool = True) -> tuple[int, bytes, bytes]:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            try:
                ended = subprocess.run(  # noqa: S603 - no shell
                    ["git", *self._options(hooks=False), *arguments],  # noqa: S607 - the user's git
                    cwd=self.directory,
                    stdin=given,
                    stdout=out,
                    stderr=err,
                    env=self._environment(literal=literal),
                    timeout=ASK_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise GitError(f"git {arguments[0]} took longer than {ASK_SECONDS:g} seconds") from error
            except FileNotFoundError as error:
                if error.filename != "git":
                    raise GitError(f"{visible(str(self.directory))} is gone") from error
                raise GitError("the program git is not on the PATH; install it") from error
            except (OSError, ValueError) as error:
                raise GitError(f"git could not be run in {visible(str(self.directory))}: {error}") from error
            answer = _read(out, _MOST_BYTES + 1)
            if len(answer) > _MOST_BYTES:
                raise GitError(f"git {arguments[0]} says more than covey reads")
            return ended.returncode, answer, _read(err, _SAID_CHARACTERS * 4)


def environment(*, proxies: bool = False) -> dict[str, str]:
    """The user's own environment, without what leads git elsewhere, without secrets, and with nobody to be asked.

    With `proxies`, for what goes over the network, those are kept though their addresses have passwords.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith("GIT_") or _KEPT.fullmatch(name))
        and (not holds_one(name, value) or (proxies and name.lower() in _PROXIES))
    }
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": ":",
        "GIT_PAGER": "cat",
        "SSH_ASKPASS_REQUIRE": "never",
    }


async def run_program(argv: Sequence[str], directory: Path, env: dict[str, str], custody: Custody) -> Finished:
    """Run git, or a program beside it, to its end.

    Raises:
        GitError: it cannot be started, or took longer than `DO_SECONDS`.
    """
    try:
        finished = await run_process(
            argv,
            cwd=directory,
            env=env,
            ledger=custody.ledger,
            on_output=custody.on_output,
            grace=custody.grace,
            timeout=DO_SECONDS,
        )
    except (ProgramNotFoundError, OSError) as error:
        raise GitError(visible(f"{argv[0]} could not be run: {error}")) from error
    if finished.ended is not Ended.EXITED:
        raise GitError(f"{argv[0]} took longer than {DO_SECONDS:g} seconds and was ended: {said_by(finished)}")
    return finished


def said_by(finished: Finished) -> str:
    """The end of what a program printed, errors first; its exit code where it printed nothing."""
    text = "\n".join(part.strip() for part in (finished.stderr, finished.stdout) if part.strip())
    return said(text.encode(errors="replace")) or f"exit code {finished.code}"


def said(data: bytes) -> str:
    """The last lines of what a program printed, for a message, without what would drive a terminal."""
    lines = [line for line in sanitise(data.decode(errors="replace")).splitlines() if line.strip()]
    text = "\n".join(lines[-_SAID_LINES:])
    return text if len(text) <= _SAID_CHARACTERS else f"…{text[-_SAID_CHARACTERS:]}"


def _read(file: IO[bytes], limit: int) -> bytes:
    file.seek(0)
    return file.read(limit)
