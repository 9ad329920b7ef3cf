"""From a file that vanishes to the monitor that shows it: run by hand, `python tests/benchmarks/files.py`.

An engine watches the files of many complete sessions (one of its sessions is held at work, so that it stays), and the
monitor follows it in a terminal of 200×50, each a process of its own. One file after the other is removed and put back;
the monitor tells itself when the line of the log that says so was painted (see `viewer`).
"""

import argparse
import asyncio
import contextlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.engine.runs import RunOptions
from covey.engine.service import open_engine
from covey.projects.manifest import find_contexts, load_project
from covey.store.connection import database_path
from covey.testing.agents import scripted
from tests.benchmarks.engine import THREE, WORK, lay_out, machine_facts, write_documents
from tests.benchmarks.processes import Watcher

RESULTS = Path(__file__).with_name("files_results.md")
AIM_SECONDS = 0.050
AT_ONCE = 256
_PATIENCE = 20.0
_SEED = 2026


_HELD = "c00000"
"""The component whose session never ends."""


async def hold_one(assignment: Assignment, desk: Desk) -> Outcome:
    """End well at once, but for one."""
    if assignment.component.name == _HELD:
        await asyncio.Event().wait()
    return Outcome(ok=True)


REGISTRY = AgentRegistry(extra={"idle": scripted(hold_one)})


def main() -> None:
    """Measure, print, and write down what was asked for."""
    options = _options()
    if options.engine:
        asyncio.run(_be_engine(options.engine))
        return
    with tempfile.TemporaryDirectory(prefix="covey-files-") as directory:
        root = Path(directory, "project")
        lay_out(root, options.components)
        write_documents(root, load_project(root, REGISTRY))
        took = _watch(root, options.components, options.files)
    page = _page(took, options)
    print(page)
    if options.write:
        RESULTS.write_text(page, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="From a file that vanishes to the monitor that shows it.")
    parser.add_argument("--components", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=60, help="how many are removed, one after the other")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} beside this file")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


async def _be_engine(root: Path) -> None:
    project = load_project(root, REGISTRY)
    async with open_engine(project, REGISTRY, workflows=WORK[THREE]) as engine:
        await engine.begin("design", find_contexts(project, ("Shop",)), RunOptions(max_sessions=AT_ONCE))
        await engine.until_left()


def _watch(root: Path, components: int, files: int) -> list[tuple[float, float]]:
    """For each file: seconds until its line was in the log, and until that was painted."""
    with _engine(root), contextlib.closing(_Log(root)) as log:
        log.wait_for("SELECT count(*) >= ? FROM sessions WHERE status = 'complete'", components - 1, patience=600)
        viewer = Watcher("covey", root)
        try:
            viewer.attached()
            chosen = random.Random(_SEED).sample(sorted((root / "docs").rglob("c*.md"))[1:], files)
            return [_vanish(log, viewer, path, path.relative_to(root).as_posix()) for path in chosen]
        finally:
            viewer.end()


@contextlib.contextmanager
def _engine(root: Path) -> Iterator[None]:
    with subprocess.Popen([sys.executable, __file__, "--engine", str(root)]) as process:
        try:
            yield
        finally:
            process.kill()


class _Log:
    """The log as any other program reads it."""

    def __init__(self, root: Path) -> None:
        self._path = database_path(root / ".covey")
        self._opened: sqlite3.Connection | None = None

    def wait_for(self, question: str, *values: object, patience: float = _PATIENCE) -> int:
        """The first answer that is not nothing."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with contextlib.suppress(sqlite3.OperationalError):  # it is not there yet
                self._opened = self._opened or sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
                (answer,) = self._opened.execute(question, values).fetchone() or (None,)
                if answer:
                    return int(answer)
            time.sleep(0.001)
        raise RuntimeError(f"it did not come: {question} {values}")

    def close(self) -> None:
        """Read no more."""
        if self._opened is not None:
            self._opened.close()


_LINE = """SELECT seq FROM events WHERE seq > ? AND body LIKE '%"' || ? || '"%' AND body LIKE '%' || ? || '%'"""


def _vanish(log: _Log, viewer: Watcher, path: Path, name: str) -> tuple[float, float]:
    """Remove a file, and put it back."""
    last = log.wait_for("SELECT max(seq) FROM events")
    document = path.read_bytes()
    viewer.report()
    removed = time.monotonic()
    path.unlink()
    line = log.wait_for(_LINE, last, "artifact_missing", name)
    logged = time.monotonic()
    painted = _painted(viewer, line)
    path.write_bytes(document)
    log.wait_for(_LINE, line, "artifact_found", name)
    return logged - removed, painted - removed


def _painted(viewer: Watcher, line: int) -> float:
    """The moment at which that line of the log was on the screen."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = next((at for last, at in viewer.report()["painted"] if last >= line), None)
        if found is not None:
            return float(found)
        time.sleep(0.005)
    raise RuntimeError("the monitor does not show it")


def _page(took: Sequence[tuple[float, float]], options: argparse.Namespace) -> str:
    facts = {**machine_facts(), "watched components": str(options.components), "files removed": str(len(took))}
    machine = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    rows = "\n".join(
        _row(what, values)
        for what, values in zip(("in the log", "on the screen"), zip(*took, strict=True), strict=True)
    )
    worst = _p95([shown for _, shown in took])
    verdict = "reached" if worst <= AIM_SECONDS else "**not reached**"
    return f"""# From a file that vanishes to the monitor that shows it

Written by `python tests/benchmarks/files.py --write`; milliseconds since the file was removed.

{machine}

| | p50 | p95 | most |
|---|---|---|---|
{rows}

The aim is {AIM_SECONDS * 1000:.0f} ms on the screen, 95 of 100 times: {verdict}.
"""


def _row(what: str, seconds: Sequence[float]) -> str:
    numbers = (statistics.median(seconds), _p95(seconds), max(seconds))
    return f"| {what} | {' | '.join(f'{number * 1000:.1f}' for number in numbers)} |"


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    main()
