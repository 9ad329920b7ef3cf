"""A real terminal for the monitor: a pty with a size, and pyte, which understands what is written to it.

Waiting is reading: whatever the program writes is taken as it comes, until what is waited for is on the screen.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte

_OF_THE_TESTS = frozenset({"NO_COLOR", "TEXTUAL_THEME", "COLUMNS", "LINES"})
"""What the tests' own surroundings say of a screen: pytest's workers have its width and height in the environment."""
PATIENCE = 40.0
"""How many seconds a screen may take to show what it should before the test gives up."""


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, process: "pexpect.spawn[bytes]", columns: int, lines: int) -> None:
        self.process = process
        self.written = b""
        self._text: str | None = None
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        if self._text is None:
            self._text = "\n".join(line.rstrip() for line in self._screen.display)
        return self._text

    def line_with(self, text: str) -> int:
        """The number of the first line that has a text in it."""
        return next(y for y, line in enumerate(self._screen.display) if text in line)

    def color_of(self, text: str) -> str:
        """The colour in which a text is written, as six hexadecimal digits or a name."""
        y = self.line_with(text)
        x = self._screen.display[y].index(text)
        return str(self._screen.buffer[y][x].fg)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys.encode())

    def until(self, *texts: str, gone: Sequence[str] = (), seconds: float = PATIENCE) -> str:
        """Read until all of the texts are on the screen, and none of those that should be gone."""
        return self.until_true(
            lambda: all(text in self.text for text in texts) and not any(text in self.text for text in gone),
            f"{texts}, without {gone}",
            seconds,
        )

    def until_true(self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> str:
        """Read until a condition holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"not seen: {what}\n{self.text}")
        return self.text

    def until_row(self, *words: str, seconds: float = PATIENCE) -> str:
        """Read until one line has all of the words in it."""

        def holds() -> bool:
            return any(all(word in line for word in words) for line in self.text.splitlines())

        return self.until_true(holds, f"a row with {words}", seconds)

    def hang_up(self) -> int:
        """Close the terminal under the program, as its window does; how the program ended."""
        self.process.ptyproc.fileobj.close()
        return self._ended()

    def kill(self) -> int:
        """End the program so that it can tidy up nothing; how it ended."""
        os.kill(self.process.pid, signal.SIGKILL)
        return self._ended()

    def _ended(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self.process.isalive():
            assert time.monotonic() < deadline, "it did not end"
            time.sleep(0.02)
        return self._code()

    def _code(self) -> int:
        process = self.process
        return process.exitstatus if process.exitstatus is not None else -process.signalstatus

    def until_ended(self) -> int:
        """Read until the program has ended; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"it did not end\n{self.text}"
        self.process.close()
        return self._code()

    def _read(self) -> bool:
        """Take what has been written, waiting a moment for it; False once the program is gone."""
        try:
            data = self.process.read_nonblocking(65_536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += data
        self._stream.feed(data)
        self._text = None
        return True

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal larger or smaller."""
        self._screen.resize(lines, columns)
        self._text = None
        self.process.setwinsize(lines, columns)


@contextmanager
def terminal(*command: str, at: Path, columns: int = 100, lines: int = 30, **environment: str) -> Iterator[Terminal]:
    """Run a program in a terminal; it is ended with the block, should it still run."""
    settings = {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TEXTUAL_ANIMATIONS": "none",
        "COVEY_DEBUG": "0",
    }
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_THE_TESTS}
    process = pexpect.spawn(
        command[0],
        list(command[1:]),
        cwd=str(at),
        env={**inherited, **settings, **environment},
        dimensions=(lines, columns),
    )
    opened = Terminal(process, columns, lines)
    try:
        yield opened
    finally:
        process.close(force=True)
