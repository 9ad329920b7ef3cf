"""Kill covey at every point between any two of its writes, each in a run of its own, and see that nothing is lost.

By hand, all points of all stories:   .venv/bin/python -m tests.chaos.crash_points
Each story is told once without harm, and the points that its processes reach are noted by name. Then, for each point,
the story is told again from the step in which it lies, with a kill there; the step is called anew, and the story goes
on to its end. `--every N` takes each Nth point, `--each` the first and the last of every name.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .breakable import Break, Ran, preload
from .inspection import flaws_at_the_end, flaws_of_the_store, flaws_since, moment_of
from .stories import STORIES, Step, Story, ended_as_told

_BY_THE_CLOCK = "INSERT INTO activity"
"""Signs of life are written twice a second: a story that is told faster has none, and is chosen none of."""


@dataclass
class Report:
    """What was done, and what was wrong; `flaws` is empty when all is well.

    `earlier` counts the points that came fewer times than when the story was told first: commits and signs of life
    come by the clock. Each was taken where it came for the last time.
    """

    points: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    earlier: int = 0
    not_reached: list[str] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Told:
    """A story told without harm: the points of each step, and the project as it was before it."""

    story: Story
    points: tuple[tuple[str, ...], ...]
    copies: tuple[Path, ...]


def tell(story: Story, root: Path, copies: Path) -> Told:
    """Tell a story without harm, in `root`; the project is copied before each step."""
    root.mkdir()
    story.write(root)
    points, kept = [], []
    for number, step in enumerate(story.steps):
        kept.append(copies / f"{story.name}-{number}")
        shutil.copytree(root, kept[-1], symlinks=True)
        step.before(root)
        note = copies / f"{story.name}-{number}-points.txt"
        ran = step.call(root, note=note)
        assert ran.code == step.code, ran
        points.append(tuple(note.read_text().splitlines()) if note.exists() else ())
    flaws = [*flaws_of_the_store(root), *flaws_at_the_end(root), *ended_as_told(story, root)]
    assert flaws == [], flaws
    return Told(story, tuple(points), tuple(kept))


def crash(told: Told, number: int, point: str, root: Path) -> tuple[bool, list[str]]:
    """Tell the story from a step on, with a kill at the point in it; whether it was reached, and the flaws."""
    shutil.rmtree(root)
    shutil.copytree(told.copies[number], root, symlinks=True)
    step, flaws = told.story.steps[number], list[str]()
    step.before(root)
    ran = step.call(root, wished=Break(point))
    if ran.killed:
        before = moment_of(root, ran.out)
        flaws += flaws_of_the_store(root)
        if not step.is_over(root):
            _again(step, root, flaws)
        flaws += flaws_since(before, root)
    elif ran.code != step.code:
        flaws.append(_said(step, ran))
    for following in told.story.steps[number + 1 :]:
        following.before(root)
        _again(following, root, flaws)
    flaws += [*flaws_of_the_store(root), *flaws_at_the_end(root), *ended_as_told(told.story, root)]
    return ran.killed, flaws


def _again(step: Step, root: Path, flaws: list[str]) -> None:
    ran = step.call(root)
    if ran.code != step.code and not (step.code in {0, 3} and ran.code == 4):
        flaws.append(_said(step, ran))


def _said(step: Step, ran: Ran) -> str:
    return f"{step.name!r} ended with {ran.code} instead of {step.code}: {ran.err.strip()[-600:]}"


def some_of(points: Sequence[str], *, each: bool, every: int) -> list[str]:
    """All points, or every so many, or the first and the last of each name."""
    if not each:
        return list(points[::every])
    firsts: dict[str, str] = {}
    lasts: dict[str, str] = {}
    for point in points:
        name = point.rpartition(" #")[0]
        firsts.setdefault(name, point)
        lasts[name] = point
    return list(dict.fromkeys([*firsts.values(), *lasts.values()]))


def _one_before(point: str) -> str | None:
    """The point of the same name that comes before; None before the first."""
    name, _, count = point.rpartition(" #")
    return f"{name} #{int(count) - 1}" if name and int(count) > 1 else None


def crash_at(told: Told, chosen: Iterable[tuple[int, str]], root: Path, report: Report, *, loud: bool = False) -> None:
    """Crash at each of the points, given with the number of their step."""
    for number, point in chosen:
        name = f"{told.story.name} / {told.story.steps[number].name} / {point}"
        reached, flaws = crash(told, number, point, root)
        before = _one_before(point)
        report.earlier += not reached and before is not None
        while not reached and before is not None:
            reached, more = crash(told, number, before, root)
            flaws, before = [*flaws, *more], _one_before(before)
        report.points[told.story.name] += 1
        report.killed += reached
        if not reached:
            report.not_reached.append(name)
        report.flaws += [f"{name}: {flaw}" for flaw in flaws]
        if loud and sum(report.points.values()) % 50 == 0:
            print(f"  {sum(report.points.values())} points, {report.killed} kills", flush=True)
        if loud and flaws:
            print(*(f"FLAW {name}: {flaw}" for flaw in flaws), sep="\n", flush=True)


def main() -> int:
    """The long form, by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--story", choices=[story.name for story in STORIES], action="append")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--only", default="", help="points with this in their name")
    parser.add_argument("--list", action="store_true", help="name the points, and crash at none")
    given = parser.parse_args()
    is_all = given.every == 1 and not given.each
    preload()
    began, report = time.monotonic(), Report()
    with tempfile.TemporaryDirectory(prefix="covey-chaos-") as directory:
        for story in STORIES:
            if given.story is None or story.name in given.story:
                root = Path(directory, story.name)
                told = tell(story, root, Path(directory))
                chosen = [
                    (number, point)
                    for number, points in enumerate(told.points)
                    for point in some_of(points, each=given.each, every=given.every)
                    if given.only in point and (is_all or _BY_THE_CLOCK not in point)
                ]
                print(f"{story.name}: {sum(map(len, told.points))} points, {len(chosen)} chosen", flush=True)
                if given.list:
                    print(*(f"  {story.steps[number].name}: {point}" for number, point in chosen), sep="\n")
                else:
                    crash_at(told, chosen, root, report, loud=True)
    print(f"{sum(report.points.values())} points, {report.killed} kills, {len(report.not_reached)} not reached")
    if report.earlier:
        print(f"{report.earlier} taken where they came for the last time")
    print(f"{len(report.flaws)} flaws, {time.monotonic() - began:.0f} s")
    print(*(f"not reached: {name}" for name in report.not_reached), sep="\n")
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
