"""How much memory programs hold and how much is left, as Linux tells; other systems are not asked.

What is left is what can be had before the machine swaps: `MemAvailable`, or less where a control group has a limit.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
_KIB = 1024
_FIELD = re.compile(r"^(\w+)(?::|)\s+(\d+)", re.MULTILINE)


class Memory(NamedTuple):
    """In bytes: what the machine (or the control group) has, what of it can still be had, and what each group holds."""

    total: int
    available: int
    groups: dict[int, int]


def memory_now(groups: Collection[int], proc: Path = PROC, cgroups: Path = CGROUPS) -> Memory | None:
    """The memory of this moment; None where the system does not tell. `groups` are process groups."""
    try:
        facts = _facts(proc / "meminfo")
        total, available = facts["MemTotal"] * _KIB, facts["MemAvailable"] * _KIB
    except (OSError, KeyError):
        return None
    limit = _limit(proc, cgroups)
    if limit is not None:
        total, available = min(total, limit[0]), min(available, limit[1])
    return Memory(total, max(0, available), _resident(proc, frozenset(groups)) if groups else {})


def _facts(path: Path) -> dict[str, int]:
    return {name: int(number) for name, number in _FIELD.findall(path.read_text(encoding="ascii", errors="replace"))}


def _limit(proc: Path, cgroups: Path) -> tuple[int, int] | None:
    """What the tightest control group above this process allows (version 2), and what is left of that."""
    try:
        lines = (proc / "self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if own is None:
        return None
    here = cgroups / own
    above = [here, *(each for each in here.parents if each.is_relative_to(cgroups))]
    found = [limit for each in above if (limit := _limit_of(each)) is not None]
    return min(found, key=lambda limit: limit[1], default=None)


def _limit_of(group: Path) -> tuple[int, int] | None:
    try:
        most = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        # What the kernel only keeps of files, it gives away before it swaps.
        cached = _facts(group / "memory.stat").get("inactive_file", 0)
    except (OSError, ValueError):  # "max": there is no limit here
        return None
    return most, most - used + cached


def _resident(proc: Path, groups: frozenset[int]) -> dict[int, int]:
    """What the processes of each group hold; memory that they share counts for each of them."""
    page = os.sysconf("SC_PAGE_SIZE")
    held = dict.fromkeys(groups, 0)
    for directory in proc.iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            stat = (directory / "stat").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        # The program's name stands in brackets and may hold anything: proc_pid_stat(5).
        fields = stat[stat.rindex(b")") + 2 :].split()
        group = int(fields[2])
        if group in groups:
            held[group] += int(fields[21]) * page
    return held
