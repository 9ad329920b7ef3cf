"""The monitor against Textual's own tree: run by hand, `python tests/benchmarks/monitor.py`.

A writer holds the engine's lock and writes a log through the engine's store, at a rate. The monitor follows it in a
terminal of 200×50, a process of its own; then the stock tree follows the same log, turn about, with and without new
sessions. Each row of the table is one such pair. What happens within the viewer it tells itself (see `viewer`).

CPU seconds of a machine that others use too are too many: its other programs slow this one down. So what a fixed
piece of work costs is measured beside every window, and what it costs to wake a loop that sleeps, as the monitor's
does most of the time: by these rows of different days can be compared. `--first` asks
the system to run this benchmark before all others (it needs the right to), without which times say little there.
"""

import argparse
import asyncio
import bisect
import itertools
import os
import platform
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import textual

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.processes import COLUMNS, LINES, InTerminal, LogWriter, Watcher, log_writer

RESULTS = Path(__file__).with_name("monitor_results.md")
MONITOR, TREE = "covey", "tree"
SPAWNS = 0.02
FRAME, TWO_FRAMES = 1 / 60, 2 / 60
_SETTLE = 1.0
_PRESSES = 40
_WAKES = 120
_PAGE_DOWN, _PAGE_UP = "\x1b[6~", "\x1b[5~"
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
Bare().run()
"""


@dataclass(frozen=True, slots=True)
class Window:
    """What one app did while events came: shares of a core, seconds, megabytes."""

    cpu: float
    followed: float
    frames: tuple[float, ...]
    painted: tuple[float, ...]
    megabytes: float
    attach: float

    @property
    def cpu_per_event(self) -> float:
        """CPU seconds for each event that it has followed."""
        return self.cpu / self.followed if self.followed else float("inf")

    @property
    def cpu_per_frame(self) -> float:
        """Its share of a core for each of its frames; windows are equally long."""
        return self.cpu / len(self.frames) if self.frames else float("inf")


@dataclass(slots=True)
class Row:
    """One case of the table: the monitor with its keys, and the stock tree beside it."""

    sessions: int
    rate: int
    spawns: float
    work_milliseconds: float
    wake_microseconds: float
    monitor: Window
    tree: Window | None
    written: float
    keys: tuple[float, ...]
    paging: tuple[float, ...]
    idle: float


@dataclass(slots=True)
class Outcome:
    """All that was measured; what misses the least that was asked for is named."""

    rows: list[Row] = field(default_factory=list)
    first_paints: tuple[float, float] | None = None
    back: tuple[float, float] | None = None


def main() -> None:
    """Measure, print, and write down what was asked for."""
    options = _options()
    if options.first:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    load = os.getloadavg()[0]
    outcome = Outcome()
    for sessions in options.sessions:
        outcome.rows += measure(sessions, options.rates, options.seconds, with_tree=not options.alone)
    if not options.quick:
        outcome.back = after_stop(max(options.sessions[0], 10_000), max(options.rates), options.stopped)
    outcome.first_paints = first_paints(options.starts)
    page = _page(outcome, options, load)
    print(page)
    if options.write:
        RESULTS.write_text(page, encoding="utf-8")
    sys.exit(1 if list(missed(outcome)) else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The monitor against Textual's own tree.")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 5_000], help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is watched")
    parser.add_argument("--stopped", type=float, default=30.0, help="how long the viewer is stopped")
    parser.add_argument("--starts", type=int, default=5, help="how often each app is started for its first paint")
    parser.add_argument("--quick", action="store_true", help="1,000 sessions and 5 seconds, and nothing is stopped")
    parser.add_argument("--alone", action="store_true", help="without the stock tree")
    parser.add_argument("--first", action="store_true", help="before all other programs (real-time scheduling)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} beside this file")
    options = parser.parse_args()
    if options.quick:
        options.sessions, options.seconds = [1_000], 5.0
    return options


# Measuring.


def measure(sessions: int, rates: Sequence[int], seconds: float, *, with_tree: bool) -> list[Row]:
    """All rows of one number of sessions, each on a log of its own."""
    rows = []
    for rate, spawns in itertools.product(rates, (SPAWNS, 0.0)):
        with tempfile.TemporaryDirectory(prefix="covey-benchmark-") as directory:
            root = Path(directory, "project")
            with log_writer(root, sessions) as writer:
                rows.append(_row(writer, root, (sessions, rate, spawns), seconds, with_tree=with_tree))
        print(_line(rows[-1]), flush=True)
    return rows


def _row(writer: LogWriter, root: Path, case: tuple[int, int, float], seconds: float, *, with_tree: bool) -> Row:
    sessions, rate, spawns = case
    viewer = Watcher(MONITOR, root)
    try:
        monitor, written = _watch(viewer, writer, rate, spawns, seconds)
        writer.ask(do="stream", rate=rate, spawns=spawns)
        keys = viewer.press_each(("j",) * _PRESSES)[0]
        paging = viewer.press_each((_PAGE_DOWN,) * (_PRESSES // 2) + (_PAGE_UP,) * (_PRESSES // 2))[1]
        writer.ask(do="end")
        time.sleep(2 * _SETTLE)  # after a quiet second the feed looks less often
        viewer.report()
        time.sleep(min(seconds, 5.0))
        idle = viewer.report()
    finally:
        viewer.end()
    tree = _stock(writer, root, rate, spawns, seconds) if with_tree else None
    return Row(
        sessions,
        rate,
        spawns,
        _work_milliseconds(),
        asyncio.run(_wake_microseconds()),
        monitor,
        tree,
        written,
        keys,
        paging,
        idle["cpu"] / idle["seconds"],
    )


def _stock(writer: LogWriter, root: Path, rate: int, spawns: float, seconds: float) -> Window:
    viewer = Watcher(TREE, root)
    try:
        return _watch(viewer, writer, rate, spawns, seconds)[0]
    finally:
        viewer.end()


def _watch(viewer: Watcher, writer: LogWriter, rate: int, spawns: float, seconds: float) -> tuple[Window, float]:
    """Let it follow the log for so long; and the rate at which that was really written."""
    attach = viewer.attached()["attach"]
    writer.ask(do="stream", rate=rate, spawns=spawns)
    time.sleep(_SETTLE)
    viewer.report()
    time.sleep(seconds)
    seen = viewer.report()
    wrote = writer.ask(do="end")
    window = Window(
        cpu=seen["cpu"] / seen["seconds"],
        followed=seen["events"] / seen["seconds"],
        frames=tuple(seen["frames"]),
        painted=tuple(_latencies(wrote["commits"], seen["painted"])),
        megabytes=seen["megabytes"],
        attach=attach,
    )
    return window, wrote["rate"]


def _latencies(commits: Sequence[tuple[int, float]], painted: Sequence[tuple[int, float]]) -> Iterable[float]:
    """From each commit to the first update of the screen that has its last event in it."""
    lines = [line for line, _ in painted]
    for line, committed in commits:
        place = bisect.bisect_left(lines, line)
        if lines and lines[0] <= line and place < len(lines):
            yield painted[place][1] - committed


def after_stop(sessions: int, rate: int, seconds: float) -> tuple[float, float]:
    """Stop the viewer for a while, let it go on: until it is up to date, and until a key is answered then."""
    with tempfile.TemporaryDirectory(prefix="covey-benchmark-") as directory:
        root = Path(directory, "project")
        with log_writer(root, sessions) as writer:
            viewer = Watcher(MONITOR, root)
            try:
                viewer.attached()
                writer.ask(do="stream", rate=rate, spawns=SPAWNS)
                time.sleep(_SETTLE)
                viewer.signal(signal.SIGSTOP)
                time.sleep(seconds)
                last = writer.ask(do="last")["seq"]
                viewer.signal(signal.SIGCONT)
                began = time.monotonic()
                key = viewer.press("j")
                painted, answered = _until_back(viewer, last)
                writer.ask(do="end")
            finally:
                viewer.end()
    return painted - began, answered - key


def _until_back(viewer: Watcher, last: int) -> tuple[float, float]:
    """When a line of the log was on the screen, and when the key was answered."""
    painted, answered = 0.0, 0.0
    deadline = time.monotonic() + 60
    while not (painted and answered):
        if time.monotonic() > deadline:
            raise RuntimeError("the viewer does not come back")
        time.sleep(0.2)
        seen = viewer.report()
        answered = answered or next(iter(seen["keys"]), 0.0)
        painted = painted or next((at for line, at in seen["painted"] if line >= last), 0.0)
    return painted, answered


def first_paints(starts: int) -> tuple[float, float]:
    """Seconds to the first paint of `covey watch` and of an app with one word, started turn about; medians."""
    covey = str(Path(sys.executable).with_name("covey"))
    with tempfile.TemporaryDirectory(prefix="covey-benchmark-") as directory:
        root = Path(directory, "project")
        with log_writer(root, 1_000):
            pairs = [
                (
                    _first_paint([covey, "watch"], "covey", root),
                    _first_paint([sys.executable, "-c", _BARE], "bare", root),
                )
                for _ in range(starts)
            ]
    ours, bare = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(bare)


def _first_paint(command: Sequence[str], word: str, cwd: Path) -> float:
    program = InTerminal(command, wanted=word, cwd=cwd)
    try:
        return program.until(word)
    finally:
        program.end()


def _work_milliseconds() -> float:
    """What a fixed piece of work costs now, in milliseconds of CPU: the machine's own measure."""
    before = time.thread_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return (time.thread_time() - before) * 1_000


async def _wake_microseconds() -> float:
    """What it costs now that a thread wakes a loop which sleeps, in microseconds of CPU, of sixty a second."""
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        for _ in range(_WAKES):
            time.sleep(FRAME)
            loop.call_soon_threadsafe(woken.set)

    before = time.process_time()
    sleeping = loop.run_in_executor(None, wake)
    for _ in range(_WAKES):
        await woken.wait()
        woken.clear()
    await sleeping
    return (time.process_time() - before) / _WAKES * 1_000_000


# What was asked for.


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that must not be above a limit; `of` is None where it was not measured."""

    name: str
    most: float
    of: Callable[[Row], float | None]


def _p(values: Sequence[float], percent: int) -> float | None:
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _over(frames: Sequence[float], seconds: float) -> int:
    return sum(1 for frame in frames if frame > seconds)


def _ratio(row: Row) -> float | None:
    return None if row.tree is None else row.tree.cpu_per_event / row.monitor.cpu_per_event


def _least_ratio(row: Row) -> float | None:
    ratio = _ratio(row)
    return None if ratio is None else 8 / ratio


def _cpu_limit(row: Row) -> float:
    return row.monitor.cpu / (0.12 if row.rate <= 1_000 else 0.20)


KEY_P50, KEY_P95 = 0.008, 0.025
LIMITS = (
    Limit("CPU, of 12 % of a core at 1,000 events/s, of 20 % above", 1, _cpu_limit),
    Limit("CPU while idle", 0.02, lambda row: row.idle),
    Limit("an eighth of the stock tree's CPU for an event", 1, _least_ratio),
    Limit("frames over 16.7 ms while events come", 0, lambda row: _over(row.monitor.frames, FRAME)),
    Limit("frames over 33 ms while paging", 0, lambda row: _over(row.paging, TWO_FRAMES)),
    Limit("commit to painted, p50", 0.017, lambda row: _p(row.monitor.painted, 50)),
    Limit("commit to painted, p95", 0.033, lambda row: _p(row.monitor.painted, 95)),
    Limit("key to painted, p50", KEY_P50, lambda row: _p(row.keys, 50)),
    Limit("key to painted, p95", KEY_P95, lambda row: _p(row.keys, 95)),
    Limit("attach", 1, lambda row: row.monitor.attach / (0.4 if row.sessions <= 10_000 else 0.6)),
    Limit("memory", 1, lambda row: row.monitor.megabytes / (60 if row.sessions <= 10_000 else 100)),
)
PAINT_LATER, BACK, ANSWERED = 0.15, 2.0, 0.1


def missed(outcome: Outcome) -> Iterable[str]:
    """What misses the least that was asked for."""
    for row in outcome.rows:
        for limit in LIMITS:
            value = limit.of(row)
            if value is not None and value > limit.most:
                yield f"{_case(row)}: {limit.name}: {value:.3g} (at most {limit.most:g})"
    if outcome.first_paints is not None:
        later = outcome.first_paints[0] - outcome.first_paints[1]
        if later > PAINT_LATER:
            yield f"first paint {later:.2f} s after that of a bare app (at most {PAINT_LATER})"
    if outcome.back is not None:
        back, answered = outcome.back
        if back > BACK:
            yield f"back after a stop in {back:.2f} s (at most {BACK})"
        if answered > ANSWERED:
            yield f"a key after a stop answered in {answered * 1000:.0f} ms (at most {ANSWERED * 1000:.0f})"


# Telling.


def _case(row: Row) -> str:
    return f"{row.sessions} sessions, {row.rate} events/s, {row.spawns:.0%} spawns"


def _milliseconds(*values: float | None) -> str:
    return " / ".join("–" if value is None else f"{value * 1000:.1f}" for value in values)


def _cells(row: Row) -> tuple[str, ...]:
    ours, tree, ratio = row.monitor, row.tree, _ratio(row)
    return (
        str(row.sessions),
        str(row.rate),
        f"{row.spawns:.0%}",
        f"{row.written:.0f}",
        f"{ours.cpu:.1%}",
        "–" if tree is None else f"{tree.cpu:.1%} ({tree.followed:.0f})",
        "–" if ratio is None else f"{ratio:.1f}",
        "–" if tree is None else f"{tree.cpu_per_frame / ours.cpu_per_frame:.1f}",
        f"{row.idle:.1%}",
        f"{_over(ours.frames, FRAME)} of {len(ours.frames)}, {_milliseconds(max(ours.frames, default=None))}",
        f"{_over(row.paging, TWO_FRAMES)} of {len(row.paging)}, {_milliseconds(max(row.paging, default=None))}",
        _milliseconds(_p(ours.painted, 50), _p(ours.painted, 95)),
        _milliseconds(_p(row.keys, 50), _p(row.keys, 95)),
        f"{ours.attach:.2f}",
        f"{ours.megabytes:.0f}",
        f"{row.work_milliseconds:.0f}",
        f"{row.wake_microseconds:.0f}",
    )


HEADS = (
    "sessions",
    "events/s",
    "spawns",
    "written/s",
    "CPU",
    "stock tree's (events/s it followed)",
    "ratio by event",
    "ratio by frame",
    "idle",
    "frames > 16.7 ms, longest ms",
    "paging > 33 ms, longest ms",
    "commit to painted p50 / p95 ms",
    "key p50 / p95 ms",
    "attach s",
    "MB",
    "work ms",
    "wake µs",
)


def _line(row: Row) -> str:
    return ", ".join(f"{head} {cell}" for head, cell in zip(HEADS, _cells(row), strict=True))


def _page(outcome: Outcome, options: argparse.Namespace, load: float) -> str:
    table = "\n".join(
        f"| {' | '.join(cells)} |" for cells in (HEADS, ("---",) * len(HEADS), *map(_cells, outcome.rows))
    )
    machine = "\n".join(f"- {name}: {value}" for name, value in _machine(load, first=options.first).items())
    faults = "\n".join(f"- {fault}" for fault in missed(outcome)) or "Nothing."
    return f"""# The monitor against Textual's own tree

Written by `python tests/benchmarks/monitor.py --write`: windows of {options.seconds:g} s, {COLUMNS}×{LINES}.
A frame is what the main thread does from one update of the screen to the next, in CPU time. The ratios are the stock
tree's CPU for each event that it followed, and for each of its frames, by the monitor's: a tree that has all of a core
takes many events at once, paints less often, and reads the rows anew where it cannot follow.
`work` is a million additions in Python, `wake` what it takes to wake a loop that sleeps, beside each row: the slower
the machine just then, the higher its CPU too.

{machine}

{table}

{_others(outcome)}

## What misses the least

{faults}
"""


def _others(outcome: Outcome) -> str:
    lines = []
    if outcome.first_paints is not None:
        ours, bare = outcome.first_paints
        lines.append(f"- first paint: `covey watch` {ours:.2f} s, a bare app {bare:.2f} s")
    if outcome.back is not None:
        back, answered = outcome.back
        lines.append(f"- after a stop: up to date in {back:.2f} s, a key answered in {answered * 1000:.0f} ms")
    return "\n".join(lines)


def _machine(load: float, *, first: bool) -> dict[str, str]:
    model = platform.processor()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line for line in lines if line.startswith("model name")).partition(":")[2].strip()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": str(os.cpu_count()),
        "load before": f"{load:.1f}",
        "scheduling": "before all others" if first else "as all others",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "textual": textual.__version__,
        "sqlite": sqlite3.sqlite_version,
    }


if __name__ == "__main__":
    main()
