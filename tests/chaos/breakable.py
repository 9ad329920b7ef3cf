"""covey as a process that breaks where it is told to: at a point with a name, between any two of its writes.

A point lies behind every statement of a connection that may write (each row of an `executemany` counts), before every
act on files and processes that Python's audit events tell of, and around the line that opens the gate of an agent's
process. Nothing of covey is changed for it: the wrapper stands between the program and the standard library. A process
is forked from one that has imported covey already, so that a thousand of them cost little.
"""

import fcntl
import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

MOST_SECONDS = 120
"""After so long a process is taken to hang; SIGALRM ends it, and the code says so."""

OnConnect = Callable[[sqlite3.Connection], None]
"""What is done with each connection that may write, as it is made."""
_ACTS = {
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.killpg": None,
    "open": 0,
}
"""Audit events of acts, with the place of the path among their arguments."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_RANDOM = re.compile(r"[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|tmp\w{8}|(?<=[.-])\w{8}(?=\.)")
_WORD = re.compile(r"[a-z]+(-[a-z]+)*")
_READS = re.compile(r"\s*(SELECT|PRAGMA (data_version|quick_check|user_version$))", re.IGNORECASE)
"""Between such a statement and the one before it nothing is written."""
_GATE_LINE = b"go\n"


@dataclass(frozen=True)
class Break:
    """Where and how to break. `error` None kills; otherwise it is raised in the statement's place, and in that of every
    later one that writes where it `stays`."""

    point: str
    error: str | None = None
    stays: bool = False


@dataclass(frozen=True)
class Ran:
    """How a process ended: its exit code (negative for a signal), and what it printed."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Points:
    """Counts the points of this process by name, notes each one, and breaks at the wished one."""

    def __init__(self, note: Path | None, wished: Break | None) -> None:
        self._counts: Counter[str] = Counter()
        self._note = None if note is None else os.open(note, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._wished = wished
        self._broken = False

    def reach(self, name: str) -> None:
        """A point that is no statement, or that lies behind one: here a process can only be killed."""
        if self._is_wished(name) and self._wished is not None and self._wished.error is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, statement: str) -> None:
        """A statement is about to run: here it can be made to fail."""
        wished = self._wished
        if wished is None or wished.error is None or _opens_or_reads(statement):
            return
        if self._is_wished(name_of(statement)) or (self._broken and wished.stays):
            self._broken = True
            raise sqlite3.OperationalError(wished.error)

    def _is_wished(self, name: str) -> bool:
        self._counts[name] += 1
        point = f"{name} #{self._counts[name]}"
        if self._note is not None:
            os.write(self._note, f"{point}\n".encode())
        return self._wished is not None and self._wished.point == point


def name_of(statement: str) -> str:
    """A statement's name: what it does, to which table."""
    text = " ".join(statement.strip(" ;\n").split())
    return re.split(r" \(| VALUES| WHERE| = \?", text)[0][:60]


def _opens_or_reads(statement: str) -> bool:
    return statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "ROLLBACK"))


def _breakable(points: Points) -> type[sqlite3.Connection]:
    class Breakable(sqlite3.Connection):
        """A connection with a point behind each statement."""

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            points.before(sql)
            cursor = super().execute(sql, parameters)
            if not _READS.match(sql):
                points.reach(f"after {name_of(sql)}")
            return cursor

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
            cursor = self.cursor()
            for row in parameters:
                cursor = self.execute(sql, row)
            return cursor

        def executescript(self, script: str, /) -> sqlite3.Cursor:
            cursor, statement = self.cursor(), ""
            for piece in script.split(";"):
                statement += f"{piece};"
                if sqlite3.complete_statement(statement) and statement.strip() != ";":
                    cursor = self.execute(statement.strip())
                    statement = ""
            return cursor

    return Breakable


def _install(points: Points, on_connect: OnConnect | None) -> None:
    connect, write = sqlite3.connect, os.write
    breakable = _breakable(points)

    def connecting(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        reads_only = "mode=ro" in str(database)
        connection = connect(database, *arguments, **options, **({} if reads_only else {"factory": breakable}))
        if on_connect is not None and not reads_only:
            on_connect(connection)
        return connection

    def writing(handle: int, data: bytes, /) -> int:
        if data != _GATE_LINE:
            return write(handle, data)
        points.reach("before the gate opens")
        written = write(handle, data)
        points.reach("after the gate opened")
        return written

    sqlite3.connect = connecting  # type: ignore[assignment]
    os.write = writing  # type: ignore[assignment]
    sys.addaudithook(lambda event, arguments: _hear(points, event, arguments))


def _hear(points: Points, event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        points.reach(f"before starting {_program(arguments[1])}")
    elif event in _ACTS:
        place = _ACTS[event]
        if event == "open" and not _is_written(arguments[2]):
            return
        what = "" if place is None else _path(arguments[place])
        if what is not None:
            points.reach(f"before {event} {what}".strip())


def _is_written(flags: Any) -> bool:
    """A file with a name is opened for writing; one without a name is gone with its process."""
    return isinstance(flags, int) and bool(flags & _WRITES) and flags & os.O_TMPFILE != os.O_TMPFILE


def _program(argv: Any) -> str:
    words = [os.fsdecode(word) for word in argv]
    if "covey" in words[:4]:  # behind the gate
        words = words[words.index("covey") + 1 :]
    named = [Path(words[0]).name, *(word for word in words[1:] if _WORD.fullmatch(word))]
    return " ".join(named[:3])


def _path(path: Any) -> str | None:
    if isinstance(path, int) or path is None:
        return None
    name = os.fsdecode(path)
    if name in {os.devnull, "/dev/tty"} or name.startswith("/proc/") or name.endswith("points.txt"):
        return None
    return _RANDOM.sub("*", Path(name).name)


def start(
    arguments: Sequence[str],
    root: Path,
    *,
    note: Path | None = None,
    wished: Break | None = None,
    on_connect: OnConnect | None = None,
) -> "Child":
    """Fork a process that carries out covey's command line in `root`.

    `note` is a file for the names of the points that it reaches, `on_connect` is called with each connection that may
    write.
    """
    prints = [os.memfd_create(name) for name in ("out", "err")]
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _be_covey(arguments, root, prints, Points(note, wished), on_connect)
    return Child(pid, prints)


def _be_covey(
    arguments: Sequence[str],
    root: Path,
    prints: Sequence[int],
    points: Points,
    on_connect: OnConnect | None,
) -> NoReturn:
    code = 70
    try:
        from covey.cli import main  # noqa: PLC0415 - not before the standard library is what this process needs

        os.chdir(root)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for handle, print_to in enumerate(prints, start=1):
            fcntl.fcntl(print_to, fcntl.F_SETFL, os.O_APPEND)
            os.dup2(print_to, handle)
        signal.alarm(MOST_SECONDS)
        _install(points, on_connect)
        sys.argv = ["covey", *arguments]
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter would have it
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Child:
    """A process that was started."""

    def __init__(self, pid: int, prints: Sequence[int]) -> None:
        self.pid = pid
        self._prints = prints
        self._ran: Ran | None = None

    def poll(self) -> Ran | None:
        """How it ended; None while it works."""
        return self._wait(os.WNOHANG)

    def end(self) -> Ran:
        """Wait for its end."""
        ran = self._wait(0)
        assert ran is not None
        return ran

    def _wait(self, options: int) -> Ran | None:
        if self._ran is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                out, err = (self._printed(handle) for handle in self._prints)
                self._ran = Ran(os.waitstatus_to_exitcode(status), out, err)
        return self._ran

    def _printed(self, handle: int) -> str:
        with os.fdopen(handle, "rb") as file:
            file.seek(0)
            return file.read().decode()


def preload() -> None:
    """Import what the processes to be forked need, once."""
    import griffe  # noqa: F401, PLC0415 - for those that are forked

    import covey.agents.command  # noqa: PLC0415 - likewise
    import covey.agents.offline  # noqa: PLC0415 - likewise
    import covey.cli.control  # noqa: PLC0415 - likewise
    import covey.cli.run  # noqa: F401, PLC0415 - likewise
