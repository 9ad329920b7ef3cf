"""The processes of the monitor's benchmark, seen from outside: the writer of a log, and programs in terminals."""

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COLUMNS, LINES = 200, 50
_PATIENCE = 120.0
_BETWEEN_PRESSES, _SETTLE = 0.1, 1.0


class LogWriter:
    """The engine's side; see `log_writer`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **asked: object) -> dict[str, Any]:
        """Ask for something, and wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the writer of the log has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def log_writer(root: Path, sessions: int) -> Iterator[LogWriter]:
    """A project with a log, and who writes it."""
    root.mkdir()
    (root / "covey.toml").write_text('[[context]]\nname = "Shop"\nmodule = "shop"\n', encoding="utf-8")
    command = [sys.executable, str(HERE / "log_writer.py"), str(root), str(sessions)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        writer = LogWriter(process)
        try:
            writer.answer()
            yield writer
        finally:
            process.terminate()


class InTerminal:
    """A program in a terminal of its own, of which everything that it writes is read."""

    def __init__(
        self, command: Sequence[str], passed: Sequence[int] = (), wanted: str = "", cwd: Path | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        surroundings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            pass_fds=passed,
            start_new_session=True,
            env=surroundings,
            cwd=cwd,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no other thread of ours holds a lock
        )
        os.close(slave)
        self.seen: dict[bytes, float] = {}
        self._wanted = {wanted.encode()} if wanted else set()
        self._tail = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, text: str) -> float:
        """Seconds from the program's start until it wrote the text that was wanted."""
        deadline = time.monotonic() + _PATIENCE
        while text.encode() not in self.seen:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"not seen: {text!r} in {self._tail[-2000:]!r}")
            time.sleep(0.005)
        return self.seen[text.encode()] - self.began

    def press(self, keys: str) -> float:
        """Press keys; the moment of it."""
        os.write(self._master, keys.encode())
        return time.monotonic()

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self._process.send_signal(number)

    def end(self) -> None:
        """End the program, and wait for its end."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        os.close(self._master)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.5)
            if not ready:
                if self._process.poll() is not None:
                    return
                continue
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:  # the last one who had it open is gone
                return
            self._look_for(data)

    def _look_for(self, data: bytes) -> None:
        if not self._wanted:
            self._tail = data
            return
        self._tail = self._tail[-100:] + data
        for text in [text for text in self._wanted if text in self._tail]:
            self.seen[text] = time.monotonic()
            self._wanted.discard(text)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Watcher(InTerminal):
    """One of the apps of `viewer`, which tells what it has measured."""

    def __init__(self, kind: str, root: Path, profile: str = "") -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, str(HERE / "viewer.py"), kind, str(root), str(theirs.fileno())]
        super().__init__([*command, profile] if profile else command, (theirs.fileno(),))
        theirs.close()
        self._control = ours
        self._answers = ours.makefile("r", encoding="utf-8")

    def report(self) -> dict[str, Any]:
        """What was measured since the last time."""
        self._control.sendall(b"report\n")
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"the viewer has ended: {self._tail[-2000:]!r}")
        report: dict[str, Any] = json.loads(line)
        return report

    def attached(self) -> dict[str, Any]:
        """Wait until the board is on the screen."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            report = self.report()
            if report["attach"]:
                return report
            time.sleep(0.1)
        raise RuntimeError("the viewer does not attach")

    def press_each(self, keys: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Press keys one after the other: seconds from each to the update that answers it, and the frames meanwhile."""
        self.report()
        pressed = []
        for key in keys:
            pressed.append(self.press(key))
            time.sleep(_BETWEEN_PRESSES)
        time.sleep(_SETTLE)
        seen = self.report()
        if len(seen["keys"]) != len(pressed):
            raise RuntimeError(f"{len(pressed)} keys were pressed, {len(seen['keys'])} answered")
        answered = (after - before for before, after in zip(pressed, seen["keys"], strict=True))
        return tuple(answered), tuple(seen["frames"])
