"""The viewer's side of the monitor's benchmark: an app in a terminal that measures itself, and tells when asked.

What is measured is taken where the app meets the outside: the store it reads, and the file it writes to. A frame is
all that the main thread does from one update of the screen to the next; a batch of events counts as painted with the
first update that was written after it was folded. An object of JSON a line is asked on the file descriptor that is
named on the command line; the answer is what was measured since the last one.
"""

import asyncio
import contextlib
import cProfile
import json
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

os.environ.setdefault("TEXTUAL_FPS", "120")  # as `covey watch` has it
sys.path.insert(0, str(Path(__file__).parents[2]))

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from covey.client.watching import Watch
from covey.model.events import AnyEvent
from covey_tui.app import MonitorApp
from covey_tui.feed import Feed
from covey_tui.live import Live
from covey_tui.widgets.session_tree import SessionTree
from tests.benchmarks.stock_tree import StockTreeApp

MONITOR, TREE = "covey", "tree"


class Recorder:
    """What happened since it was asked last."""

    def __init__(self) -> None:
        self._attaching_since = 0.0
        self._attach = 0.0
        self._is_attached = False
        self._waiting: list[tuple[str, int]] = []
        self._written: deque[list[tuple[str, int]]] = deque()
        self._began = 0.0
        self._cpu = 0.0
        self._frame_began = time.thread_time()
        self._events = 0
        self._frames: list[float] = []
        self._painted: list[tuple[int, float]] = []
        self._keys: list[float] = []

    def attaching(self) -> None:
        """The app begins to read."""
        self._attaching_since = time.monotonic()

    def begun(self, last: int) -> None:
        """The board was loaded, with all that came before this line of the log."""
        self._waiting.append(("begun", last))

    def read(self, last: int, events: int) -> None:
        """Events have come, and are folded before anything is awaited."""
        self._events += events
        self._waiting.append(("batch", last))

    def key(self) -> None:
        """A key has been carried out."""
        self._waiting.append(("key", 0))

    def update(self) -> None:
        """An update of the screen goes to the thread that writes it."""
        now = time.thread_time()
        self._frames.append(now - self._frame_began)
        self._frame_began = now
        self._hand_over(self._waiting)
        self._waiting = []

    def other(self) -> None:
        """Something else goes the same way."""
        self._hand_over([])

    def _hand_over(self, waiting: list[tuple[str, int]]) -> None:
        self._written.append(waiting)

    def written(self) -> None:
        """The oldest of what went to the writing thread is with the terminal."""
        now = time.monotonic()
        for kind, seq in self._written.popleft():
            if kind == "key":
                self._keys.append(now)
            else:
                self._painted.append((seq, now))
            if kind == "begun" and not self._is_attached:
                self._is_attached, self._attach = True, now - self._attaching_since

    def report(self) -> dict[str, Any]:
        """What was measured; begins anew."""
        now, cpu = time.monotonic(), time.process_time()
        report = {
            "seconds": now - self._began,
            "cpu": cpu - self._cpu,
            "events": self._events,
            "frames": self._frames,
            "painted": self._painted,
            "keys": self._keys,
            "attach": self._attach,
            "megabytes": _megabytes(),
        }
        self._began, self._cpu, self._events = now, time.process_time(), 0
        self._frames, self._painted, self._keys = [], [], []
        return report


def _megabytes() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell how much memory a process has")


RECORDER = Recorder()


class _Written:
    """The terminal as the writing thread has it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
        RECORDER.written()

    def flush(self) -> None:
        """It has been, with what it was written."""

    def fileno(self) -> int:
        return self._file.fileno()


class MeasuredDriver(LinuxDriver):
    """Textual's driver, which tells when something is written. Sequences of the terminal are no updates."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._file: Any = _Written(self._file)

    def write(self, data: str) -> None:
        """Write to the terminal."""
        if data.startswith(("\x1b]", "\x1b[?", "\a")):
            RECORDER.other()
        else:
            RECORDER.update()
        super().write(data)


class MeasuredMonitor(MonitorApp):
    """The monitor."""

    def get_driver_class(self) -> type[MeasuredDriver]:
        """The one that tells."""
        return MeasuredDriver

    def _live(self, live: Live) -> object:
        RECORDER.attaching()
        return super()._live(live)


class MeasuredTree(StockTreeApp):
    """The stock tree."""

    def get_driver_class(self) -> type[MeasuredDriver]:
        """The one that tells."""
        return MeasuredDriver

    def _live(self) -> object:
        RECORDER.attaching()
        return super()._live()


def _listen_in() -> None:
    """Hear of what is read, loaded and pressed, without a change to anybody's code."""
    news: Callable[[Watch], Awaitable[tuple[AnyEvent, ...]]] = Watch.news
    begin: Callable[[Feed], Awaitable[None]] = Feed._begin
    move = SessionTree.action_move

    async def read(watch: Watch) -> tuple[AnyEvent, ...]:
        found = await news(watch)
        if found:
            RECORDER.read(watch._after, len(found))
        return found

    async def begun(feed: Feed) -> None:
        await begin(feed)
        RECORDER.begun(feed._watch._after)

    def moved(tree: SessionTree, by: int) -> None:
        move(tree, by)
        RECORDER.key()

    patches: dict[type, dict[str, Any]] = {
        Watch: {"news": read},
        Feed: {"_begin": begun},
        SessionTree: {"action_move": moved},
    }
    for owner, methods in patches.items():
        for name, method in methods.items():
            setattr(owner, name, method)


async def _serve(control: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=control)
    while await reader.readline():
        writer.write(json.dumps(RECORDER.report()).encode() + b"\n")


async def run(app: App[int], control: socket.socket) -> None:
    """Run the app until it ends, answering meanwhile."""
    serving = asyncio.create_task(_serve(control))
    await app.run_async()
    serving.cancel()


def main(kind: str, root: Path, control: int, profile: str = "") -> None:
    """Run one of the apps."""
    _listen_in()
    app = MeasuredMonitor(root) if kind == MONITOR else MeasuredTree(root)
    profiler = cProfile.Profile() if profile else contextlib.nullcontext()
    with profiler:
        asyncio.run(run(app, socket.socket(fileno=control)))
    if isinstance(profiler, cProfile.Profile):
        profiler.dump_stats(profile)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
