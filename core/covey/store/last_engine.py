"""How the last engine ended, where it did not say so itself: it crashed and left a report, or was simply gone."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import StoreError
from covey.store.base import EngineRow
from covey.store.crash_reports import CrashReport, crash_reports
from covey.store.lock import engine_lives
from covey.store.reads import Reads
from covey.store.sqlite import open_viewer

_SECOND = timedelta(seconds=1)


class BadEnd(NamedTuple):
    """The end of an engine that was none in good order; `report` is what it left of its crash, if it left anything."""

    engine: EngineRow
    report: CrashReport | None

    def __str__(self) -> str:
        """What happened, in a line for people."""
        if self.report is None:
            who = f"the last engine (pid {self.engine.pid}, epoch {self.engine.epoch})"
            return f"{who} ended without saying why: it was killed, or the machine went down"
        place = f"{STATE_DIRECTORY}/{self.report.path.name}"
        at = self.report.at.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"the last engine crashed at {at}: {self.report.error()}; report: {place}"


async def how_it_ended(reads: Reads, state: Path, *, ours: bool = False) -> BadEnd | None:
    """How the last engine ended, if not in good order; None while one lives, too; `ours`: the lock is held by us.

    Raises:
        StoreError: the database cannot be read.
    """
    row = await reads.engine()
    if row is None or (not ours and engine_lives(state)):
        return None
    # A report's time has no fractions of a second.
    own = (each for each in crash_reports(state) if each.pid == row.pid and each.at >= row.since - _SECOND)
    report = next(own, None)
    if report is None and (row.stopped or await reads.engine_has_left()):
        return None
    return BadEnd(row, report)


async def bad_end(root: Path) -> BadEnd | None:
    """The same, of the project at `root`; a database that cannot be used is told by whoever needs it."""
    try:
        async with open_viewer(root) as viewer:
            return None if viewer is None else await how_it_ended(viewer, root / STATE_DIRECTORY)
    except StoreError:
        return None
