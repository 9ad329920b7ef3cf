"""Files of covey's own that somebody was killed over: half-written ones, and what runs of tests left."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from covey.client.checkup.finding import MEND, Finding, Severity
from covey.config.state_dir import STATE_DIRECTORY
from covey.store.archives import ARCHIVE
from covey.store.copies import PART
from covey.text.words import plural
from covey.workspace.worktrees import WORKTREES

_TEMPORARY = "tmp"
_OURS = re.compile(r"\.covey-[0-9a-f]{16}|tests-.+", re.ASCII)
_HALF_WRITTEN = re.compile(r"\.covey-[0-9a-f]{16}", re.ASCII)
_NAMED = 3


def leftovers(root: Path, artifacts: Iterable[str], *, fix: bool) -> Iterator[Finding]:
    """Half-written files below the project and its worktrees; to be asked while no engine is at work.

    `artifacts` are the paths of files that sessions write, relative to the project.
    """
    found = sorted({*_of_state(root / STATE_DIRECTORY), *_beside(root, artifacts)})
    if not found:
        return
    shown = ", ".join(str(path.relative_to(root)) for path in found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    message = f"{plural(len(found), 'temporary file')} of covey's own left behind: {shown}"
    if not fix:
        yield Finding("files", Severity.WARNING, message, MEND)
        return
    left = [str(path.relative_to(root)) for path in found if not _removed(path)]
    if left:
        yield Finding("files", Severity.WARNING, f"cannot be removed: {', '.join(left)}", "remove it by hand")
    else:
        yield Finding("files", Severity.OK, f"{message}; removed")


def _of_state(state: Path) -> Iterator[Path]:
    if state.is_symlink():
        return  # by whoever made it: what lies behind it is not ours
    root = state.parent
    for place in (root, *(root / WORKTREES).glob("*")):
        yield from _within(place / STATE_DIRECTORY / _TEMPORARY, _OURS, of=root)
    yield from (path for path in state.glob(f"covey.db.before-*{PART}*") if path.is_file())
    yield from (path for path in (state / ARCHIVE).glob(f"*{PART}") if path.is_file())


def _beside(root: Path, artifacts: Iterable[str]) -> Iterator[Path]:
    """Where `.covey` could not be used, files were first written beside what they were to become."""
    for directory in {(root / path).parent for path in artifacts}:
        yield from _within(directory, _HALF_WRITTEN, of=root)


def _within(directory: Path, names: re.Pattern[str], *, of: Path) -> Iterator[Path]:
    """What has such a name in a directory that is really there, and not behind a link."""
    if directory.is_dir() and directory.resolve() == of.resolve() / directory.relative_to(of):
        yield from (path for path in directory.iterdir() if names.fullmatch(path.name) and not path.is_symlink())


def _removed(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()
