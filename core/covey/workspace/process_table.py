"""What the system knows of its processes: who they are, so that none is ever taken for another.

A process id is used again after a while; together with the moment its process began it is not. Linux is asked through
`/proc`, other systems through `ps`. Only looking happens here; `covey.workspace.processes` starts and ends programs.
"""

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self/stat").exists()
_PS = "/bin/ps"
_PS_COLUMNS = "pid=,pgid=,stat=,lstart="


class Process(NamedTuple):
    """One process. `session` is None where the system does not tell; `started` only grows, in the system's units."""

    pid: int
    group: int
    session: int | None
    started: int
    zombie: bool


class Sight(StrEnum):
    """Whether a process can be looked at from here, by the place in which it began (`here` at that moment)."""

    HERE = "here"
    BEFORE_BOOT = "before_boot"
    OTHER_NAMESPACE = "other_namespace"
    OTHER_HOST = "other_host"


@cache
def here() -> str:
    """What process ids of this moment are valid in: host, boot and namespace; ids of another one mean nothing here."""
    if not _HAS_PROC:
        return "ps"
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{os.uname().nodename} {boot} {(_PROC / 'self/ns/pid').readlink()}"


class Place(NamedTuple):
    """Where and since when process ids mean something; records of covey 0.1 name no `host`: they were made on this."""

    host: str
    boot: str
    namespace: str


def place_of(text: str) -> Place:
    """A place as `here` wrote it down."""
    parts = text.split(" ")
    return Place(*parts) if len(parts) == len(Place._fields) else Place("", parts[0], parts[-1])


def sight(text: str) -> Sight:
    """Whether what began in a place can be looked at.

    The same boot is the same kernel, whatever the host is called by now. Another boot of a host of this name was before
    this one: nothing of then is left.
    """
    there, now = place_of(text), place_of(here())
    if there.boot == now.boot:
        return Sight.HERE if there.namespace == now.namespace else Sight.OTHER_NAMESPACE
    return Sight.BEFORE_BOOT if there.host in {"", now.host} else Sight.OTHER_HOST


def is_stopped(pid: int) -> bool:
    """Stopped by SIGSTOP or the like; only Linux tells."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The state follows the program's name, which stands in brackets and may hold anything: proc_pid_stat(5).
    return stat[stat.rindex(b")") + 2 :][:1] in {b"T", b"t"}


def look(pid: int) -> Process | None:
    """The process with this id; None when there is none."""
    if _HAS_PROC:
        return _from_proc(_PROC / str(pid))
    return next(iter(from_ps("-p", str(pid))), None)


def everybody() -> Iterator[Process]:
    """All processes of this moment; some may have ended by the time they are looked at."""
    if not _HAS_PROC:
        yield from from_ps("-A")
        return
    for directory in _PROC.iterdir():
        if directory.name.isdecimal():
            process = _from_proc(directory)
            if process is not None:
                yield process


def _from_proc(directory: Path) -> Process | None:
    try:
        stat = (directory / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name stands in brackets and may hold anything, brackets and blanks among it: proc_pid_stat(5).
    fields = stat[stat.rindex(b")") + 2 :].split()
    return Process(
        pid=int(directory.name),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
        zombie=fields[0] in {b"Z", b"X"},
    )


def from_ps(*selection: str) -> list[Process]:
    """The processes that `ps` selects, on systems without `/proc`; `started` in seconds since 1970."""
    command = [_PS, *selection, "-o", _PS_COLUMNS]
    printed = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}).stdout  # noqa: S603 - fixed program
    processes = []
    for line in printed.splitlines():
        pid, group, state, *began = line.split()
        started = datetime.strptime(" ".join(began), "%a %b %d %H:%M:%S %Y").astimezone()
        processes.append(Process(int(pid), int(group), None, int(started.timestamp()), state.startswith("Z")))
    return processes
