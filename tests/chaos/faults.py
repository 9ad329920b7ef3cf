"""Make the store fail at every statement, in a run of its own each time, and see that nothing told is lost.

By hand, all of them:                         .venv/bin/python -m tests.chaos.faults
Each statement, with one error of the three:   .venv/bin/python -m tests.chaos.faults --in-turn
A statement fails once, or it and every later one: a full disk, an I/O error, a lock that another program holds. Then
the fault is over, the same is called again, and the story goes on to its end. Faults that need no pretence are
`full_disk` (SQLite's own limit on its pages), `locked` (another program's transaction) and `removed`.
"""

import argparse
import contextlib
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from .breakable import Break, Ran, preload, start
from .crash_points import Report, Told, some_of, tell
from .inspection import database_of, flaws_at_the_end, flaws_of_the_store, flaws_since, moment_of, query
from .stories import HUMANS, ended_as_told

FAULTS = ("database or disk is full", "disk I/O error", "database is locked")
STOPPED, REFUSED = 130, 2


def fault(told: Told, number: int, wished: Break, root: Path) -> list[str]:
    """Tell the story from a step on, with a fault in it; the flaws."""
    shutil.rmtree(root)
    shutil.copytree(told.copies[number], root, symlinks=True)
    step, flaws = told.story.steps[number], list[str]()
    step.before(root)
    ran = step.call(root, wished=wished)
    flaws += [*flaws_of_an_end(ran, step.code), *flaws_of_the_store(root)]
    before = moment_of(root, ran.out)
    if ran.code != step.code and not step.is_over(root):
        again = step.call(root)
        if again.code != step.code:
            flaws.append(f"{step.name!r} ended with {again.code} after the fault: {again.err.strip()[-300:]}")
    for following in told.story.steps[number + 1 :]:
        following.before(root)
        then = following.call(root)
        if then.code != following.code:
            flaws.append(f"{following.name!r} ended with {then.code}: {then.err.strip()[-300:]}")
    flaws += [*flaws_since(before, root), *flaws_of_the_store(root), *flaws_at_the_end(root)]
    return [*flaws, *ended_as_told(told.story, root)]


def flaws_of_an_end(ran: Ran, wished: int, *, says: str = "covey.db") -> list[str]:
    """What is wrong with how a process ended whose store failed: it says so in a sentence, and nothing else."""
    flaws = []
    if "Traceback" in ran.err + ran.out:
        flaws.append(f"a traceback: {ran.err.strip()[-600:]}")
    if ran.code not in {wished, STOPPED, REFUSED}:
        flaws.append(f"it ended with {ran.code}: {ran.err.strip()[-300:]}")
    if (ran.code != wished or wished == STOPPED) and says not in ran.err:
        flaws.append(f"it does not say what happened: {ran.err.strip()[-300:]!r}")
    return flaws


def fail_at(
    told: Told, chosen: Iterable[tuple[int, str]], root: Path, report: Report, *, errors: Iterable[str] = FAULTS
) -> None:
    """Make each of the statements fail, given with the number of their step: once, and from then on."""
    for number, point in chosen:
        for error in errors:
            for stays in (False, True):
                kind = "from then on" if stays else "once"
                flaws = fault(told, number, Break(point, error, stays), root)
                report.points[f"{error}, {kind}"] += 1
                where = f"{told.story.steps[number].name} / {point} / {error} {kind}"
                report.flaws += [f"{where}: {flaw}" for flaw in flaws]
                if flaws:
                    print(*(f"FLAW {where}: {flaw}" for flaw in flaws), sep="\n", flush=True)


def statements_of(told: Told, *, each: bool, every: int) -> list[tuple[int, str]]:
    """The points that are statements, each by its number and name."""
    return [
        (number, point.removeprefix("after "))
        for number, points in enumerate(told.points)
        for point in some_of([p for p in points if _can_fail(p)], each=each, every=every)
    ]


def _can_fail(point: str) -> bool:
    return point.startswith("after ") and not point.startswith(("after PRAGMA", "after the gate"))


def full_disk(told: Told, root: Path, pages: int) -> tuple[int, list[str]]:
    """The first run on a disk with room for so many pages of the database; its exit code, and the flaws."""
    _anew(told, root)

    def limit(database: sqlite3.Connection) -> None:
        sqlite3.Connection.execute(database, f"PRAGMA max_page_count = {pages}")

    return _after(told, root, told.story.steps[0].call(root, on_connect=limit))


def locked(told: Told, root: Path, *, lines: int = 15) -> tuple[int, list[str]]:
    """The first run, while another program holds the database from so many lines of the log on, to its end."""
    _anew(told, root)
    step = told.story.steps[0]
    child = start(step.words(root), root)
    while child.poll() is None and _length(root) < lines:
        time.sleep(0.005)
    with contextlib.closing(sqlite3.connect(database_of(root), isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        ran = child.end()
        other.execute("ROLLBACK")
    return _after(told, root, ran)


def removed(told: Told, root: Path, *, lines: int = 15) -> tuple[int, list[str]]:
    """The first run, whose database is taken away; what was in it is gone, and the next run begins anew."""
    _anew(told, root)
    step = told.story.steps[0]
    child = start(step.words(root), root)
    while child.poll() is None and _length(root) < lines:
        time.sleep(0.005)
    for path in (root / ".covey").glob("covey.db*"):
        path.unlink()
    ran = child.end()
    flaws = flaws_of_an_end(ran, STOPPED, says="database is gone")
    again = step.call(root)
    return ran.code, flaws + [f"the next run ended with {again.code}"] * (again.code != step.code)


def _length(root: Path) -> int:
    """How long the log is by now."""
    with contextlib.suppress(sqlite3.Error):
        rows = query(root, "SELECT max(seq) FROM events")
        return rows[0][0] or 0 if rows else 0
    return 0


def _anew(told: Told, root: Path) -> None:
    shutil.rmtree(root)
    shutil.copytree(told.copies[0], root, symlinks=True)


def _after(told: Told, root: Path, ran: Ran) -> tuple[int, list[str]]:
    flaws = [*flaws_of_an_end(ran, told.story.steps[0].code), *flaws_of_the_store(root)]
    before = moment_of(root, ran.out)
    for step in told.story.steps:
        step.before(root)
        then = step.call(root)
        if then.code != step.code:
            flaws.append(f"{step.name!r} ended with {then.code}: {then.err.strip()[-300:]}")
    flaws += [*flaws_since(before, root), *flaws_of_the_store(root), *flaws_at_the_end(root)]
    return ran.code, [*flaws, *ended_as_told(told.story, root)]


def main() -> int:
    """The long form, by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="the first and the last statement of each name")
    parser.add_argument("--in-turn", action="store_true", help="one error for each statement, all of them by turns")
    parser.add_argument("--short", action="store_true", help="one fault of each kind, and nothing that waits")
    given = parser.parse_args()
    preload()
    began, report = time.monotonic(), Report()
    with tempfile.TemporaryDirectory(prefix="covey-chaos-") as directory:
        root = Path(directory, HUMANS.name)
        told = tell(HUMANS, root, Path(directory))
        for pages in (40,) if given.short else (4, 20, 30, 40, 50):
            code, flaws = full_disk(told, root, pages)
            print(f"a disk with room for {pages} pages: exit code {code}, flaws: {flaws or 'none'}", flush=True)
            report.flaws += flaws
        happenings = () if given.short else (("locked by another program", locked), ("removed", removed))
        for what, happens in happenings:
            code, flaws = happens(told, root)
            print(f"{what}: exit code {code}, flaws: {flaws or 'none'}", flush=True)
            report.flaws += flaws
        chosen = statements_of(told, each=given.each, every=given.every)
        print(f"{len(chosen)} statements", flush=True)
        errors = FAULTS[:1] if given.short else FAULTS
        for place, statement in enumerate(chosen):
            turn = (errors[place % len(errors)],) if given.in_turn else errors
            fail_at(told, [statement], root, report, errors=turn)
    print(f"{sum(report.points.values())} faults, {len(report.flaws)} flaws, {time.monotonic() - began:.0f} s")
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
