"""The lookout: compares the files of sessions with what the log says of them, and puts each difference into the log.

Woken by the watcher, for the files that it names, and every two seconds for all of them. Only what is on disk at that
moment counts.
"""

import asyncio
import contextlib
import posixpath
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path, PurePosixPath

from covey.artifacts.presence import look_at
from covey.artifacts.watcher import nearest_directories
from covey.engine.machine import Machine
from covey.engine.turns import Bench
from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.session import Session, about
from covey.model.status import ArtifactState, Status
from covey.store.base import Operation

LOOK_SECONDS = 2.0


class Lookout:
    """Keeps an eye on the files of sessions; `know` tells it of each session as it stands.

    `watches` is told why the system refuses to watch files, and None once it does not any more.
    """

    def __init__(self, bench: Bench, machine: Machine, watches: Callable[[str | None], Awaitable[None]]) -> None:
        self._bench = bench
        self._machine = machine
        self._watches = watches
        self._sessions: dict[str, Session] = {}
        self._by_path: defaultdict[str, set[str]] = defaultdict(set)
        self._directories: set[str] = set()
        self._above: set[str] = set()
        self._watched: frozenset[Path] = frozenset()
        self._wake = asyncio.Event()
        self._rewatch = asyncio.Event()
        self._ended = False

    def know(self, sessions: Iterable[Session]) -> None:
        """Learn of sessions as they stand."""
        for session in sessions:
            path = session.artifact_path
            if path is None:
                continue
            known = session.id in self._sessions
            self._sessions[session.id] = session
            if known:
                continue  # its path never changes
            self._by_path[path].add(session.id)
            directory = posixpath.dirname(path)
            if directory not in self._directories:
                self._directories.add(directory)
                self._above.update(str(parent) for parent in PurePosixPath(path).parents)
                self._rewatch.set()

    async def look(self) -> None:
        """Look at every file once and store what differs from the log."""
        sessions = list(self._sessions.values())
        await self._store(await asyncio.to_thread(self._differences, sessions))

    async def keep_looking(self) -> None:
        """Look whenever the watcher gives a hint, and by the clock, until ended; `look` was called just before."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            await _wait(self._wake)
            while not self._ended:
                await self.look()
                if nearest_directories(self._bench.tools.root, self._directories) != self._watched:
                    self._rewatch.set()
                await _wait(self._wake)

    def end(self) -> None:
        """Stop looking."""
        self._ended = True
        self._wake.set()
        self._rewatch.set()

    async def _watch(self) -> None:
        while not self._ended:
            self._rewatch.clear()
            wanted = tuple(self._directories)
            self._watched = await asyncio.to_thread(nearest_directories, self._bench.tools.root, wanted)
            if self._watched:
                await self._watch_directories(self._watched)
            await _wait(self._rewatch)

    async def _watch_directories(self, directories: frozenset[Path]) -> None:
        """Follow the hints until something else is to be watched; without them, the clock is all there is."""
        try:
            async for paths in self._machine.watch(directories, self._rewatch):
                await self._watches(None)
                await self._hint(paths)
        except OSError as error:
            await self._watches(f"the system refuses to watch them ({error}); on Linux: sysctl fs.inotify")

    async def _hint(self, paths: Iterable[str]) -> None:
        """Look at the files that have changed; where a directory above one has, look at all."""
        root = str(self._bench.tools.root)
        names = [path[len(root) + 1 :] or "." for path in paths if path == root or path.startswith(f"{root}/")]
        if not self._above.isdisjoint(names):
            self._wake.set()
        keys = {key for name in names for key in self._by_path.get(name, ())}
        await self._store(self._differences([self._sessions[key] for key in keys]))

    def _differences(self, sessions: Iterable[Session]) -> list[e.AnyEvent]:
        return [event for session in sessions for event in self._difference(session)]

    def _difference(self, session: Session) -> Iterable[e.AnyEvent]:
        path = session.artifact_path
        if path is None or session.status is Status.SKIPPED:
            return
        known = session.artifact is ArtifactState.PRESENT
        if known and session.status is not Status.COMPLETE:
            return  # only a complete session can lose its file
        present = look_at(self._bench.tools.root, path).present
        if present == known:
            return
        kind = e.ArtifactFound if present else e.ArtifactMissing
        yield kind(
            at=self._bench.tools.clock.now(),
            **about(session),
            path=path,
        )

    async def _store(self, events: Iterable[e.AnyEvent]) -> None:
        await asyncio.gather(*(self._append(event) for event in events))

    async def _append(self, event: e.AnyEvent) -> None:
        with contextlib.suppress(IllegalEventError):  # the log has learned of it meanwhile
            await self._bench.store.append(Operation(events=(event,)))


async def _wait(event: asyncio.Event) -> None:
    """Wait for the event, for as long as until the next look is due."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            await event.wait()
    event.clear()
