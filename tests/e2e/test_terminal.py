"""What a person sees on a terminal: nothing wider than it, nothing lost that matters, nothing but text."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from covey.text.cells import width
from tests.cli.program import command, environment, program

COLUMNS = 80


def on_a_terminal(*arguments: str, cwd: Path) -> list[str]:
    """The lines that a command shows on a terminal of so many columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    env = {name: value for name, value in environment().items() if name != "COLUMNS"}
    with subprocess.Popen(command(*arguments), cwd=cwd, env=env, stdin=its, stdout=its) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                shown += part
        process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n").splitlines()


class TestWidth:
    """Rows of a tree are cut; what needs a human is told whole, in as many rows as it takes."""

    def test_of_status(self, blocked: Path) -> None:
        lines = on_a_terminal("status", cwd=blocked)
        assert max(map(width, lines)) <= COLUMNS
        assert not any("\x1b" in line for line in lines)
        blank = lines.index("")
        assert len(lines[:blank]) == 6, "the run and its sessions have a row each"
        assert lines[blank - 1].endswith("…")
        needs = " ".join(" ".join(lines[blank + 1 : lines.index("What you can do:")]).split())
        reason = program("status", "--json", cwd=blocked).object["needs_human"]["failed"][0]["reason"]
        assert reason in needs

    def test_of_a_run(self, blocked: Path) -> None:
        lines = on_a_terminal("run", "design", "billing", "--headless", cwd=blocked)
        assert max(map(width, lines)) <= COLUMNS
        assert "(reason: src/shop/billing/tax.py:26:" in " ".join(" ".join(lines).split())

    def test_elsewhere_lines_are_whole(self, blocked: Path) -> None:
        lines = program("status", cwd=blocked).out.splitlines()
        assert max(map(width, lines)) > COLUMNS
        assert not any(line.endswith("…") for line in lines)
