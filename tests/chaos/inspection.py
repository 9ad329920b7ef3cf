"""What has to hold of a project's store and processes after anything: looked at from outside, changing nothing."""

import contextlib
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from covey.model.session import Session
from covey.model.tree import SessionTree
from covey.store import codec

_PATIENCE = 10.0
"""So many seconds a process that was killed may take to be gone."""


def database_of(root: Path) -> Path:
    return root / ".covey" / "covey.db"


def query(root: Path, statement: str) -> list[tuple[Any, ...]]:
    """Rows as stored, read without changing anything on disk; none where there is no database (or no table) yet."""
    path = database_of(root)
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def sessions_of(root: Path) -> dict[str, Session]:
    """The sessions by id, as their rows have them."""
    return {each.id: each for each in (codec.session(body) for (body,) in query(root, "SELECT body FROM sessions"))}


@dataclass(frozen=True)
class Moment:
    """What was true when a process was killed, and must not be lost: attempts that had ended, starts, sessions."""

    ended: frozenset[str]
    starts: tuple[str, ...]
    sessions: frozenset[str]
    told: tuple[tuple[int, str], ...]


def moment_of(root: Path, printed: str = "") -> Moment:
    """The present moment; `printed` is what a process has told of the log, one JSON object a line."""
    stored = sessions_of(root)
    ended = (f"{each.id}-{attempt}" for each in stored.values() for attempt in range(1, each.attempt + 1))
    active = {f"{each.id}-{each.attempt}" for each in stored.values() if each.status == "active"}
    return Moment(frozenset(ended) - active, starts_of(root), frozenset(stored), tuple(_told(printed)))


def _told(printed: str) -> Iterator[tuple[int, str]]:
    for line in printed.splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # a process that is killed may be in the middle of a line
            found = json.loads(line)
            if "seq" in found:
                yield found["seq"], found["event"]


def starts_of(root: Path) -> tuple[str, ...]:
    """The starts that agents have noted: session and attempt."""
    notes = root / "starts.txt"
    return tuple(notes.read_text(encoding="utf-8").split()) if notes.exists() else ()


def flaws_of_the_store(root: Path) -> list[str]:
    """Damage, gaps in the log, rows that are not the fold of the log, requests that were decided twice."""
    flaws = []
    checked = query(root, "PRAGMA integrity_check")
    if checked not in ([("ok",)], []):
        flaws.append(f"the database is damaged: {checked}")
    rows = query(root, "SELECT seq, body FROM events ORDER BY seq")
    if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
        flaws.append("the log has gaps")
    events = [codec.entry(row).event for row in rows]
    tree = SessionTree()
    tree.fold(events)
    stored = sessions_of(root)
    if dict(tree.sessions) != stored:
        differ = [key for key in tree.sessions.keys() | stored.keys() if tree.sessions.get(key) != stored.get(key)]
        flaws.append(f"rows are not the fold of the log: {sorted(differ)}")
    flaws += _flaws_of_the_rest(root, stored)
    return flaws


def _flaws_of_the_rest(root: Path, stored: dict[str, Session]) -> Iterator[str]:
    pending = {row[0] for row in query(root, "SELECT id FROM interactions WHERE completed_at IS NULL")}
    # One that an older attempt has left is closed as late; the rows know of the newest attempt's alone.
    unknown = {each.pending for each in stored.values() if each.pending} - pending
    if unknown:
        yield f"interactions that sessions wait for are closed or gone: {sorted(unknown)}"
    decided = Counter(
        json.loads(body)["request_id"]
        for (body,) in query(root, "SELECT body FROM events WHERE json_extract(body, '$.event') = 'control_settled'")
    )
    requests = dict(query(root, "SELECT id, state FROM controls"))
    twice = [key for key, times in decided.items() if times > 1]
    if twice:
        yield f"requests were decided twice: {twice}"
    differ = [key for key, state in requests.items() if (state == "queued") == (decided[key] > 0)]
    if differ:
        yield f"requests and the log tell different things: {differ}"


def flaws_since(before: Moment, root: Path) -> list[str]:
    """What was lost or done again since that moment."""
    flaws = []
    gone = before.sessions - sessions_of(root).keys()
    if gone:
        flaws.append(f"sessions are gone: {sorted(gone)}")
    again = before.ended.intersection(starts_of(root)[len(before.starts) :])
    if again:
        flaws.append(f"attempts that had ended were run again: {sorted(again)}")
    log = dict(query(root, "SELECT seq, json_extract(body, '$.event') FROM events"))
    lost = [line for line in before.told if log.get(line[0]) != line[1]]
    if lost:
        flaws.append(f"lines of the log that had been told are gone: {lost}")
    return flaws


def flaws_at_the_end(root: Path) -> list[str]:
    """What must not be left once an engine has left in good order: work, requests, processes."""
    flaws = []
    if query(root, "SELECT id FROM interactions WHERE completed_at IS NULL"):
        flaws.append("interactions are pending")
    if query(root, "SELECT id FROM controls WHERE state = 'queued'"):
        flaws.append("requests wait")
    if query(root, "SELECT pid FROM processes"):
        flaws.append("processes are recorded that have ended")
    left = _processes_left(root)
    if left:
        flaws.append(f"processes are left: {left}")
    return flaws


def _processes_left(root: Path) -> list[str]:
    """Processes that work in the project, once those that are just ending had the time for it."""
    until = time.monotonic() + _PATIENCE
    while (left := processes_in(root)) and time.monotonic() < until:
        time.sleep(0.01)
    return left


def processes_in(root: Path) -> list[str]:
    """The processes whose working directory lies in the project, by number and command line; not this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(root):
                    argv = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    found.append(f"{entry.name} {argv}")
    return found


def statuses(root: Path) -> dict[str, str]:
    """How each session stands: status and attempt by component; the root and the review by their own names."""
    return {each.component: f"{each.status} {each.attempt}" for each in sessions_of(root).values()}


def session_id(root: Path, component: str) -> str:
    """The id of the session of a component."""
    return next(each.id for each in sessions_of(root).values() if each.component == component)


def documents(root: Path, names: Sequence[str]) -> list[str]:
    """Those of the documents that are not there."""
    return [name for name in names if not (root / name).is_file()]
