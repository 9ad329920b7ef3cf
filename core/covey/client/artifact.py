"""A session's file as it is on disk at this moment, and how it differs from what git has of it.

Nothing here trusts the project: paths are confined to its root, and of git only its store of objects is asked, since
the settings and attributes of a repository can name programs that `git diff` would run. Disk and git are waited for
on a thread.
"""

import asyncio
import os
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from covey.artifacts.presence import look_at
from covey.workspace.files import NotTextError, read_start
from covey.workspace.walk import OutsideError

SHOWN_LIMIT = 1024 * 1024
"""The most bytes of a file that are read to be shown."""

DIFF_LIMIT = 512 * 1024
"""The most bytes that either side of a comparison may have."""

_GIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file as it is now. Not `present`: `reason` says why there is nothing to read, as in "is not there".

    `text` is the beginning when `truncated`; bytes that are no UTF-8 are replaced. `size` in bytes is the whole file's.
    """

    path: str
    present: bool = False
    text: str = ""
    size: int = 0
    modified_at: datetime | None = None
    truncated: bool = False
    reason: str | None = None


async def read_artifact(root: Path, path: str, limit: int = SHOWN_LIMIT) -> Artifact:
    """Read a file of the project to show it, at most `limit` bytes; one that leads out of the project is not read."""
    return await asyncio.to_thread(_read, root, path, limit)


def _read(root: Path, path: str, limit: int) -> Artifact:
    try:
        start = read_start(root, path, limit)
    except (NotTextError, OutsideError, OSError) as error:
        return Artifact(path, reason=look_at(root, path).reason or f"cannot be read: {_why(error)}")
    return Artifact(
        path,
        present=True,
        text=start.data.decode(errors="replace").removeprefix("\ufeff"),
        size=start.size,
        modified_at=datetime.fromtimestamp(start.modified, UTC),
        truncated=start.size > len(start.data),
    )


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


async def diff_of(root: Path, path: str) -> str | None:
    """What has changed in a file since the last commit, as the hunks of a unified diff; empty when nothing has.

    None when there is nothing to compare with: no git, no repository, a file that the last commit does not have, or
    one that is too large on either side.
    """
    return await asyncio.to_thread(_diff, root, path)


def _diff(root: Path, path: str) -> str | None:
    artifact = _read(root, path, DIFF_LIMIT)
    before = _git("-C", str(root), "cat-file", "blob", f"HEAD:./{path}")
    if before is None or artifact.truncated or len(before) > DIFF_LIMIT:
        return None
    # Compared outside of the repository, where none of its settings and attributes hold.
    with tempfile.TemporaryDirectory() as outside:
        sides = [Path(outside, side) for side in ("before", "after")]
        for side, text in zip(sides, (before, artifact.text), strict=True):
            side.write_text("".join(f"{line}\n" for line in text.removeprefix("\ufeff").splitlines()), "utf-8")
        arguments = ("--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--")
        diff = _git("-C", outside, "diff", *arguments, *(side.name for side in sides), differs=1)
    return None if diff is None else diff[diff.find("@@") :] if "@@" in diff else ""


def _git(*arguments: str, differs: int = 0) -> str | None:
    """What git prints, at most a little more than `DIFF_LIMIT`; None when it fails or takes too long.

    `differs` is the exit code, beside 0, that is no failure.
    """
    with tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(  # noqa: S603 - no shell
                ["git", "--no-pager", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607 - the user's git
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                timeout=_GIT_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        output.seek(0)
        data = output.read(4 * DIFF_LIMIT)
    return data.decode(errors="replace") if ended.returncode in {0, differs} else None


def _environment() -> dict[str, str]:
    """The user's own, without what would lead git elsewhere; an object that is not there is fetched from nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CEILING_DIRECTORIES": tempfile.gettempdir(),
    }
