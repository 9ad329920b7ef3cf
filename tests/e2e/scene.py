"""Projects to run the program in, agents that are shell scripts, and programs that are watched while they run."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from covey.workspace import process_table
from tests.cli.program import Ran, command, covey, end, environment

SECONDS = 60.0

SECTIONS = ("Purpose", "Public API", "Dependencies", "Summary", "Findings", "Components reviewed")
LEAST = "# least\\n" + "".join(
    f"\\n## {title}\\n\\n{'None.' if title == 'Dependencies' else 'x'}\\n" for title in SECTIONS
)
"""The shortest document that passes as a design, and as a review of designs, as printf wants it."""

WRITES = f"""\
mkdir -p "$(dirname "$2")"
printf '{LEAST}' > "$2"
"""

WAITS = f"""\
trap 'echo "$$" >> told; exit 1' TERM
echo "$$" >> working
until [ -e gate ]; do sleep 0.02; done
{WRITES}"""
"""An agent that says in the file `working` that it works, and writes its document once there is a file `gate`."""

DEAF = """\
trap 'echo "$$" >> told' TERM
echo "$$" >> working
while :; do sleep 0.02; done
"""
"""An agent that notes in the file `told` that it was told to end, and does not."""

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], seconds: float = SECONDS) -> Found:
    """Look again and again until there is something to see."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"it did not come within {seconds:.0f} s")
        time.sleep(0.02)
    return found


def add_agent(root: Path, name: str, script: str) -> None:
    """Declare a command agent that is a shell script: its first argument is the prompt file, its second the target."""
    path = root / f"{name}.sh"
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)
    with (root / "covey.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(f'\n[agents.{name}]\nkind = "command"\n')
        manifest.write(f'command = ["./{name}.sh", "{{prompt_file}}", "{{target}}"]\n')


def numbers(path: Path) -> list[int]:
    """The process ids that agents have written into a file, a line each."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def lives(pid: int) -> bool:
    """The process is there, and no zombie."""
    found = process_table.look(pid)
    return found is not None and not found.zombie


@contextlib.contextmanager
def running(
    *arguments: str, cwd: Path, stdout: int = subprocess.PIPE, seconds: float = SECONDS
) -> Iterator[subprocess.Popen[str]]:
    """The program at work beside the block; ended when it takes too long, and at the end of the block."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    alarm = threading.Timer(seconds, process.kill)
    alarm.start()
    try:
        yield process
    finally:
        alarm.cancel()
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def interrupted(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> Ran:
    """Send a program a signal, and wait for its end."""
    process.send_signal(number)
    return end(process)


def listens_to(pid: int) -> set[int]:
    """The signals that a process catches."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    mask = int(facts["SigCgt"], 16)
    return {number for number in range(1, 65) if mask & (1 << (number - 1))}


def status(root: Path) -> dict[str, Any]:
    """`covey status --json` of the one run that it shows."""
    found: dict[str, Any] = covey("status", "--json", cwd=root).object
    return found


@contextlib.contextmanager
def no_engine_left(root: Path) -> Iterator[Path]:
    """The project, whose engine is ended with the block, if it has one of its own then."""
    try:
        yield root
    finally:
        engine = _engine(root)
        if engine["alive"]:
            os.kill(engine["pid"], signal.SIGKILL)
            wait_for(lambda: not lives(engine["pid"]))


def engine_of(root: Path) -> int:
    """The process id of the engine at work."""
    engine = _engine(root)
    assert engine["alive"]
    return int(engine["pid"])


def _engine(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = covey("status", "--json", cwd=root).lines[0]["engine"]
    return found


def session_of(root: Path, component: str) -> str:
    """The id of a component's session in the run that status shows."""
    (found,) = [each["session_id"] for each in status(root)["sessions"] if each["component"] == component]
    return str(found)


def is_whole(root: Path) -> bool:
    """`covey doctor` finds the database in order."""
    findings = covey("doctor", "--json", cwd=root).object["findings"]
    return [each["severity"] for each in findings if each["check"] == "database"] == ["ok"]


def contents(root: Path) -> dict[str, bytes]:
    """What is in a project, covey's own state apart."""
    files = (path for path in root.rglob("*") if path.is_file() and ".covey" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def refused(ran: Ran, *said: str) -> None:
    """A command was refused: it said why, for people, and nothing else."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("covey: ")
    assert "Traceback" not in ran.err
    assert "bug" not in ran.err
    for text in said:
        assert text in ran.err, ran.err


def as_owner_without_powers() -> list[str]:
    """What to put before a program so that the rights of files hold for it, though root runs these tests."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
