"""Programs that work for a session: each in a session and process group of its own, recorded before it may act.

A program is started behind a gate: a shell that waits for one line and then becomes the program. The line is sent
once the ledger has stored who the process is; should covey die before that, the gate closes and the program never
runs; should it die after, whoever comes next finds the group by the record and ends it. Nothing of a group outlives
`run_process`. No argument is ever interpreted by a shell. What a program prints is bounded by `covey.workspace.output`.
"""

import asyncio
import math
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar, cast

import msgspec

from covey.clock import AwakeTime
from covey.errors import CoveyError
from covey.workspace import process_table
from covey.workspace.output import Output, Stream
from covey.workspace.process_table import Sight

KEEP_BYTES = 10 * 1024 * 1024
"""How much of what a program prints is delivered, its beginning and its end."""

OUT_OF_SIGHT = frozenset({Sight.OTHER_NAMESPACE, Sight.OTHER_HOST})
"""Whether a process of there lives, nobody can tell from here."""
KILL_SECONDS = 5.0
"""How long SIGKILL is waited for: a process in the middle of a disk operation dies when that is over."""

_GATE = 'read -r go && exec "$@" </dev/null; exit 125'
_LINGER_SECONDS = 0.5
_FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 0.005, 0.2

_LOOK_SECONDS = 5.0
"""So often at least it is looked at the time while a program runs; what covey itself slept through does not count."""

T = TypeVar("T")
Listener = Callable[[Stream, str], Awaitable[None]]
"""Told what a program prints; an empty text says that it printed something which is not shown yet."""


class ProgramNotFoundError(CoveyError):
    """A program that is not there or may not be executed."""


class ProcessRecord(msgspec.Struct, frozen=True):
    """Who a process is: its id, its group, and the boot, namespace and moment in which it began."""

    pid: int
    group: int
    started: str


class ProcessLedger(Protocol):
    """Where processes are recorded, so that they are found again whatever happens to covey."""

    async def opened(self, record: ProcessRecord) -> None:
        """Store the record durably; the program acts only after this."""
        ...

    async def closed(self, record: ProcessRecord) -> None:
        """Nothing of the group is left. Says nothing about a record that was never stored."""
        ...


@dataclass(slots=True)
class Grace:
    """How long work may take to end: `seconds`, cut short at once when `now` is set."""

    seconds: float = 10.0
    now: asyncio.Event = field(default_factory=asyncio.Event)


class Fate(StrEnum):
    """What became of a recorded group: nothing was left of it, it was ended, it could not be, it cannot be seen."""

    GONE = "gone"
    ENDED = "ended"
    SURVIVED = "survived"
    OUT_OF_SIGHT = "out_of_sight"


class Ended(StrEnum):
    """Why a program is no longer running."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    IDLE_TIMEOUT = "idle_timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended. `code` is its exit code, negative for a signal, None when it could not be ended.

    `stdout` and `stderr` are the last 64 KiB of each; `left_out` counts the bytes that were not delivered.
    """

    code: int | None
    ended: Ended
    stdout: str
    stderr: str
    left_out: int


def find_program(name: str, cwd: Path, env: Mapping[str, str]) -> str:
    """The absolute path of a program: one with a `/` relative to `cwd`, any other by the PATH of `env`.

    Raises:
        ProgramNotFoundError: there is none, or it may not be executed; says where it was looked for.
    """
    if "/" in name:
        path = cwd / name
        if not path.is_file():
            raise ProgramNotFoundError(f"the program {path} does not exist")
        if not os.access(path, os.X_OK):
            raise ProgramNotFoundError(f"the program {path} may not be executed; try: chmod +x {path}")
        return str(path)
    directories = [str(cwd / directory) for directory in env.get("PATH", os.defpath).split(os.pathsep)]
    found = shutil.which(name, path=os.pathsep.join(directories))
    if found is None:
        raise ProgramNotFoundError(f"the program {name!r} is not on the PATH ({os.pathsep.join(directories)})")
    return found


async def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    ledger: ProcessLedger,
    on_output: Listener,
    grace: Grace,
    timeout: float | None = None,  # noqa: ASYNC109 - the group has to be ended within the grace, not merely left
    idle_timeout: float | None = None,
    keep: int = KEEP_BYTES,
) -> Finished:
    """Run a program to its end and end whatever it leaves behind in its group.

    It gets no input and no environment but `env`. `timeout` counts from its start, `idle_timeout` from the last thing
    that it printed, both in seconds; once one is over, or the caller is cancelled, the group is ended: SIGTERM, after
    the grace SIGKILL. A second cancellation ends the grace. Time that covey itself slept through does not count. Output
    goes to `on_output` as it comes.

    Raises:
        ProgramNotFoundError: there is no such program.
        OSError: it cannot be started; E2BIG when the arguments are too long.
    """
    program = find_program(argv[0], cwd, env)
    process = _Process(Output(keep), on_output)
    try:
        # A start that is cancelled half-way would leave its pipes to the garbage collector.
        record = await carried_through(process.start((program, *argv[1:]), cwd, env), process.kill)
        await ledger.opened(record)
        process.go()
        ended = await process.watch(timeout, idle_timeout)
    except asyncio.CancelledError:
        await carried_through(process.end_and_tell(grace, ledger), process.kill)
        raise
    except BaseException:
        # The ledger or the listener failed: the rest of the output has nobody to go to.
        await carried_through(process.end(grace, ledger), process.kill)
        raise
    await carried_through(process.end_and_tell(grace, ledger), process.kill)
    return process.finished(ended)


async def end_recorded(record: ProcessRecord, grace: Grace) -> Fate:
    """End what is left of a recorded group, as `run_process` does; what became of it.

    A group that merely has the same number is left alone. What SIGKILL does not end is in the middle of something that
    the kernel waits for, or is another user's.
    """
    if sight_of(record) in OUT_OF_SIGHT:
        return Fate.OUT_OF_SIGHT
    if not is_left(record):
        return Fate.GONE
    _signal(record, signal.SIGTERM)
    _signal(record, signal.SIGCONT)  # one that is stopped hears of its end only as it goes on
    if await _gone(record, grace.seconds, grace.now) or await _killed(record):
        return Fate.ENDED
    return Fate.SURVIVED


def sight_of(record: ProcessRecord) -> Sight:
    """Whether a recorded process can be looked at from here."""
    return process_table.sight(record.started.rpartition(" ")[0])


class _Process(asyncio.SubprocessProtocol):
    """One program from the gate to the end: takes its output from the transport and tells the listener."""

    def __init__(self, output: Output, listener: Listener) -> None:
        self._output = output
        self._listener = listener
        self._record: ProcessRecord | None = None
        self._open = {1: Stream.STDOUT, 2: Stream.STDERR}
        self._has_printed = False
        self._news = asyncio.Event()
        self._exited = asyncio.Event()
        self._silent = asyncio.Event()
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._loop = asyncio.get_running_loop()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        # Bounded by what `Output` keeps, so a program that floods need not be held back.
        self._output.add(self._open[fd], data)
        self._has_printed = True
        self._news.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        self._open.pop(fd, None)
        if not self._open:
            self._silent.set()

    def process_exited(self) -> None:
        self._exited.set()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - likewise
        self._closed.set()

    async def start(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> ProcessRecord:
        """Start the program behind the gate; who it is."""
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self,
            *("/bin/sh", "-c", _GATE, "covey", *argv),
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
        self._record = _recorded(transport)
        return self._record

    def go(self) -> None:
        """Open the gate."""
        gate = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        gate.write(b"go\n")
        gate.close()

    def kill(self) -> None:
        """End the group at once; whoever waits for its end notices."""
        if self._record is not None:
            _signal(self._record, signal.SIGKILL)

    async def watch(self, timeout: float | None, idle_timeout: float | None) -> Ended:  # noqa: ASYNC109 - see run_process
        """Tell the listener what is printed until the program has exited or one of its times is over."""
        awake = AwakeTime(self._loop.time, 2 * _LOOK_SECONDS)
        heard = 0.0
        while True:
            self._news.clear()
            has_printed, self._has_printed = self._has_printed, False
            await self._tell(has_printed=has_printed)
            if self._exited.is_set():
                return Ended.EXITED
            now = awake.seconds()
            heard = now if has_printed else heard
            left = {Ended.TIMEOUT: _or_never(timeout) - now}
            left[Ended.IDLE_TIMEOUT] = heard + _or_never(idle_timeout) - now
            first = min(left, key=lambda which: left[which])
            if left[first] <= 0:
                return first
            await _up_to(min(left[first], _LOOK_SECONDS), self._news)

    async def end(self, grace: Grace, ledger: ProcessLedger) -> None:
        """End the group, take in what it still printed, and close the record unless something could not be ended."""
        if self._record is None:
            return
        await end_recorded(self._record, grace)
        await _up_to(KILL_SECONDS, self._exited)
        # Whoever left the group may hold the pipes for as long as it likes; we do not.
        await _up_to(_LINGER_SECONDS, self._silent)
        self._transport.close()
        await _up_to(_LINGER_SECONDS, self._closed)
        if not is_left(self._record):
            await ledger.closed(self._record)

    async def end_and_tell(self, grace: Grace, ledger: ProcessLedger) -> None:
        """As `end`, then tell the listener the rest of the output."""
        await self.end(grace, ledger)
        await self._tell()
        for stream, text in self._output.rest():
            await self._listener(stream, text)

    def finished(self, ended: Ended) -> Finished:
        """How it went, once it is over."""
        return Finished(
            code=self._transport.get_returncode(),
            ended=ended,
            stdout=self._output.tail(Stream.STDOUT),
            stderr=self._output.tail(Stream.STDERR),
            left_out=self._output.left_out,
        )

    async def _tell(self, *, has_printed: bool = False) -> None:
        """Tell what there is to show; where something was printed and nothing is to be shown yet, that."""
        is_told = False
        while (piece := self._output.live()) is not None:
            stream, text = piece
            if text:
                await self._listener(stream, text)
                is_told = True
        if has_printed and not is_told:
            await self._listener(Stream.STDOUT, "")


def _recorded(transport: asyncio.SubprocessTransport) -> ProcessRecord:
    pid = transport.get_pid()
    process = process_table.look(pid)
    if process is None:
        transport.close()
        raise ChildProcessError(f"process {pid} was killed before it could begin")
    return ProcessRecord(pid=pid, group=pid, started=f"{process_table.here()} {process.started}")


def is_left(record: ProcessRecord) -> bool:
    """Something of the recorded group lives, as far as can be seen from here.

    Whose group is it? The number stays taken for as long as the leader or any member lives, so:
    - another boot or namespace: the number means nothing here;
    - the leader is there and began when the record says: ours;
    - a process of that number began at another time: ours had been empty before the number was given away again;
    - no such process, but members: ours, unless a later process was given the number, made a group of it and died
      before them. Those who began before our leader, or whose session has another number, are not ours for certain.
      What cannot be told apart is a later *session leader* of that very number that died and left members behind:
      out of up to four million numbers, within the time that covey was away.
    """
    began = record.started.rpartition(" ")[2]
    if sight_of(record) is not Sight.HERE or record.group <= 1 or record.group == os.getpgrp():
        return False
    if _is_empty(record.group):
        return False
    leader = process_table.look(record.pid)
    if leader is not None and leader.started != int(began):
        return False
    if leader is not None and not leader.zombie:
        return True
    # A zombie in the group cannot be ended any more: its parent has to take note of it, if ever.
    return any(
        process.group == record.group
        and process.session in {record.group, None}
        and process.started >= int(began)
        and not process.zombie
        for process in process_table.everybody()
    )


def _is_empty(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody is there under another user's name; the table says who
    return False


def _signal(record: ProcessRecord, number: signal.Signals) -> None:
    if is_left(record):
        # Gone in the meantime, or another user's: what we may not end, we cannot.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(record.group, number)


async def _gone(record: ProcessRecord, seconds: float, hurry: asyncio.Event) -> bool:
    """Wait until the group is empty; no system tells of that, so it is looked for, less and less often."""
    loop = asyncio.get_running_loop()
    began, pause = loop.time(), _FIRST_LOOK_SECONDS
    while is_left(record):
        left = _left(loop, began, seconds)
        if left <= 0 or hurry.is_set():
            return False
        await _up_to(min(pause, left), hurry)
        pause = min(2 * pause, _LAST_LOOK_SECONDS)
    return True


async def _killed(record: ProcessRecord) -> bool:
    _signal(record, signal.SIGKILL)
    return await _gone(record, KILL_SECONDS, asyncio.Event())


def _left(loop: asyncio.AbstractEventLoop, since: float, seconds: float | None) -> float:
    return since + _or_never(seconds) - loop.time()


def _or_never(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


async def _up_to(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            await event.wait()


def _at_leisure() -> None:
    """What takes no longer than it has to is not to be hurried."""


async def carried_through(work: Coroutine[None, None, T], hurry: Callable[[], None] = _at_leisure) -> T:
    """Do what has to be done even if the caller is cancelled meanwhile: that hurries it, and is raised after it."""
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
            hurry()
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()
