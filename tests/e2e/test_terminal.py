"""What a person sees on a terminal: nothing wider than it, nothing lost that matters, nothing but text."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from covey.text.cells import width
from tests.cli.program import command, environment, program
from tests.store.lives import outside

COLUMNS = 80
NAMES = {
    "invoice": "名前の長いコンポーネントの設計書を書く担当者のための",
    "money": "🦆" * 14,
    "payment": "a name that is longer than anybody likes to read in a list",
    "reminder": "e\u0301" * 12,
    "tax": "[b]\x1b[31m`x`",
}
LONG = "shop.billing.a_module_with_a_name_that_is_longer_than_anybody_likes_to_read_in_a_list"


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


@pytest.fixture
def odd(blocked: Path) -> Path:
    """The shop after its run, with names that take more or less room than they have letters, and with control codes."""
    with outside(blocked) as database:
        for plain, name in {**NAMES, "shop.billing": "Billing, " + "and so on, " * 12}.items():
            statement = "UPDATE sessions SET body = json_set(body, '$.component', ?) WHERE body ->> '$.component' = ?"
            database.execute(statement, (name, plain))
    manifest = blocked / "covey.toml"
    text = manifest.read_text(encoding="utf-8")
    for plain, name in NAMES.items():
        if plain != "tax":  # a manifest takes no control codes
            text = text.replace(f'name = "{plain}"', f'name = "{name}"')
    text = text.replace('module = "shop.billing.tax"', f'module = "{LONG}"')
    manifest.write_text(text.replace('"shop.billing.tax"', f'"{LONG}"'), encoding="utf-8")
    return blocked


def place_of(line: str, word: str) -> int:
    """In which cell a word of a line begins."""
    return width(line[: line.index(word)])


class TestOddNames:
    """Columns stand below each other whatever is in them, and nothing is broken in the middle of a word."""

    def test_in_contexts(self, odd: Path) -> None:
        heading, *rows = on_a_terminal("contexts", "billing", cwd=odd)
        assert heading == "shop.billing   5 components"
        assert max(map(width, rows)) <= COLUMNS
        assert len({place_of(row, "shop.billing") for row in rows}) == 1
        designed = [row for row in rows if row.endswith("design, code")]
        assert len(designed) == 4
        assert len({place_of(row, "design, code") for row in designed}) == 1

    def test_modules_are_whole_where_there_is_no_end_of_the_line(self, odd: Path) -> None:
        assert LONG in program("contexts", "billing", cwd=odd).out

    def test_in_status(self, odd: Path) -> None:
        lines = on_a_terminal("status", cwd=odd)
        assert max(map(width, lines)) <= COLUMNS
        begin = next(number for number, line in enumerate(lines) if line.startswith("  ✓"))
        heading = " ".join(" ".join(lines[:begin]).split())
        assert heading.endswith("needs you 4 of 5 complete, 1 failed"), "its end is not cut off by a long name"
        rows = lines[begin : begin + 5]
        states = [place_of(row, "complete" if "complete" in row else "failed: agent") for row in rows]
        assert len(set(states)) == 1

    def test_in_plain_status(self, odd: Path) -> None:
        lines = on_a_terminal("status", "--plain", cwd=odd)
        assert max(map(width, lines)) <= COLUMNS
        assert "\x1b" not in "".join(lines)

    def test_in_show(self, odd: Path) -> None:
        tax = program("status", "--json", cwd=odd).object["sessions"][-1]
        lines = on_a_terminal("show", tax["session_id"], cwd=odd)
        assert max(map(width, lines)) <= COLUMNS
        assert "\x1b" not in "".join(lines)
        begin = next(number for number, line in enumerate(lines) if line.startswith("problem"))
        end = next(number for number, line in enumerate(lines) if line.startswith("  1  initialize"))
        assert end - begin > 1
        assert " ".join(" ".join(lines[begin:end]).split()) == f"problem {tax['error_message']}"
        assert all(line.startswith(" " * 11) for line in lines[begin + 1 : end])
        steps = [line for line in lines if line.startswith("  1  ")]
        assert len({place_of(line, word) for line, word in zip(steps, ("ok", "error"), strict=True)}) == 1
        assert len({place_of(line, f" {line.split()[-1]}") for line in steps}) == 1, "how long each took"
