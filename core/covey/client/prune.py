"""Putting away what ended long ago: which runs, and how much room that gives back.

The newest run of each context and workflow stays, however old it is: it says what is in order. So does every run that
has not ended, or of which anything is open. Of a run that is put away its sessions, steps and decisions can still be
shown; its transcripts and the other lines of its log are read from its archive, for as long as that is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from covey.clock import Clock, SystemClock
from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import StoreError, UsageError
from covey.store.alone import open_alone
from covey.store.archives import ARCHIVE, Prunable
from covey.store.connection import database_path
from covey.store.crash_reports import drop_old_reports
from covey.store.pruning import Pruner
from covey.store.sqlite import open_viewer


@dataclass(frozen=True, slots=True)
class PutAway:
    """One run that was put away, or would be; `archive` is its file, relative to the project root."""

    run: Prunable
    archive: str | None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What came of it: the runs, the database's size in bytes before and after, and why it did not shrink, if so."""

    runs: tuple[PutAway, ...]
    before: int
    after: int
    warning: str | None = None


async def prune(root: Path, older: timedelta, *, dry_run: bool = False, clock: Clock | None = None) -> Pruned:
    """Put away the runs of the project at `root` that ended so long ago; `dry_run` only says which these are.

    Raises:
        UsageError: an engine is at work.
        StoreError: the database cannot be used, or an archive not be written; what was put away by then is.
    """
    ended_before = (clock or SystemClock()).now() - older
    path = database_path(root / STATE_DIRECTORY)
    runs: Sequence[Prunable] = ()
    async with open_viewer(root) as viewer:
        if viewer is not None:
            runs = await viewer.prunable(viewer.scope.project.id, ended_before)
    size = _size(path)
    if dry_run or not runs:
        if not dry_run:
            drop_old_reports(root / STATE_DIRECTORY)
        return Pruned(tuple(PutAway(run, None) for run in runs), size, size)
    return await _pruned(root, path, ended_before, size)


async def _pruned(root: Path, path: Path, ended_before: datetime, size: int) -> Pruned:
    async with open_alone(root) as alone, open_viewer(root) as viewer:
        if alone is None or viewer is None:
            raise UsageError(await _at_work(root))
        pruner, put_away = Pruner(alone), list[PutAway]()
        for run in await viewer.prunable(viewer.scope.project.id, ended_before):
            written = await pruner.archive(run)
            await pruner.forget(written)
            put_away.append(PutAway(run, f"{STATE_DIRECTORY}/{ARCHIVE}/{written.file.name}"))
        warning = None
        try:
            await pruner.shrink()
        except StoreError as error:
            warning = f"the database is as large as before: {error}"
    drop_old_reports(root / STATE_DIRECTORY)
    return Pruned(tuple(put_away), size, _size(path), warning)


async def _at_work(root: Path) -> str:
    async with open_viewer(root) as viewer:
        row = None if viewer is None else await viewer.engine()
    who = "an engine is at work" if row is None else f"an engine is at work (pid {row.pid})"
    return f"{who}, and beside it nothing is put away; end it with: covey stop --engine; then run this again"


def _size(path: Path) -> int:
    """The size of the database with its write-ahead log, in bytes."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
