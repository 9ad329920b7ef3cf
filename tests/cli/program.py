"""The program with its outputs and exit code apart: as a process of its own, or in this one, which is faster."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from covey.cli import main

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """How a call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def object(self) -> Any:
        """Standard output as one JSON value."""
        (line,) = self.out.splitlines()
        return json.loads(line)


def command(*arguments: str) -> list[str]:
    """The argv of a call."""
    return [sys.executable, "-m", "covey", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of a call: this one, with coverage's and the program's own switches as the tests want them."""
    return {**os.environ, "COVEY_DEBUG": "0", **more}


def covey(*arguments: str, cwd: Path) -> Ran:
    """Carry out a command line in this very process: all but the start of the program, which takes its time."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return Ran(code, _printed(out), _printed(err))


def _printed(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def program(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Call the program as its users do, and wait for its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=dict(env) if env is not None else environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the program and leave it running; whoever starts it ends it."""
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=dict(env) if env is not None else environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def read_until(process: subprocess.Popen[str], event: str, **facts: object) -> list[dict[str, Any]]:
    """Read a program's JSON lines up to the event that has these facts; a program that never says it is killed."""
    assert process.stdout is not None
    read = []
    with _killed_after(process, SECONDS):
        for line in process.stdout:
            read.append(json.loads(line))
            if read[-1]["event"] == event and all(read[-1].get(key) == value for key, value in facts.items()):
                return read
    raise AssertionError(f"{event} {facts} never came; the last lines: {read[-3:]}")


@contextlib.contextmanager
def _killed_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def end(process: subprocess.Popen[str]) -> Ran:
    """Wait for a program's end; what it printed since it was last read."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ran(process.returncode, out, err)
