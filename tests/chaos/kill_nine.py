"""Kill the engine with SIGKILL in the middle of a run, again and again, and see that nothing is lost or done twice.

By hand, the long form:   .venv/bin/python -m tests.chaos.kill_nine --components 400 --kills 200
Each kill comes after a random number of lines of the log and a random instant more, so it hits any moment of a
session's life. The agent is a real program that notes each of its starts. Prints a verdict; exits 1 on a flaw.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from .inspection import flaws_at_the_end, flaws_of_the_store

_INSTANT_SECONDS = 0.05
AGENT = """#!/bin/sh
# notes its start, then writes the document of its component in two gulps
echo "$1" >> starts.txt
mkdir -p "$(dirname "$2")"
printf '# %s\\n\\n## Purpose\\n\\nP.\\n\\n' "$1" > "$2.part"
printf '## Public API\\n\\nA.\\n\\n## Dependencies\\n\\nNone.\\n' >> "$2.part"
printf '\\n## Summary\\n\\nS.\\n\\n## Findings\\n\\nF.\\n\\n## Components reviewed\\n\\nC.\\n' >> "$2.part"
mv "$2.part" "$2"
"""
MANIFEST = """
[run]
agent = "script"
[agents.script]
kind = "command"
command = ["./agent.sh", "{component}", "{target}"]
[[context]]
name = "Shop"
module = "shop"
"""


@dataclass
class Report:
    """What a chaos run saw; `flaws` is empty when all is well."""

    kills: int = 0
    flaws: list[str] = field(default_factory=list)
    exit_code: int | None = None


def chaos(root: Path, *, components: int, kills: int, seed: int, slots: int = 8) -> Report:
    """Run a context of so many components, killing the engine so often on the way."""
    dice = random.Random(seed)
    _write_project(root, components)
    report = Report()
    ids: set[str] = set()
    lines_a_run = max(components * 12 // (kills + 1), 10)
    for _ in range(kills):
        complete = _complete(root)
        starts = _starts(root)
        if _run_and_kill(root, slots, dice.randrange(1, lines_a_run), dice) is None:
            break
        report.kills += 1
        _compare(root, report, ids, complete, starts)
    complete, starts = _complete(root), _starts(root)
    report.exit_code = _finish(root, slots)
    _compare(root, report, ids, complete, starts)
    _inspect(root, report, components)
    return report


def _write_project(root: Path, components: int) -> None:
    tables = "".join(f'[[context.component]]\nname = "C{i}"\nmodule = "shop.c{i}"\n' for i in range(components))
    (root / "covey.toml").write_text(MANIFEST + tables)
    (root / "agent.sh").write_text(AGENT)
    (root / "agent.sh").chmod(0o755)
    (root / "starts.txt").touch()


def _command(slots: int) -> list[str]:
    return [
        *(sys.executable, "-m", "covey", "run", "design", "Shop", "--headless", "--json"),
        *("--max-sessions", str(slots)),
    ]


def _run_and_kill(root: Path, slots: int, after: int, dice: random.Random) -> int | None:
    """Run the engine and kill it after so many lines of its log; None when it ended by itself before."""
    with subprocess.Popen(_command(slots), cwd=root, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        for number, _ in enumerate(engine.stdout, start=1):
            if number >= after:
                time.sleep(dice.random() * _INSTANT_SECONDS)
                os.kill(engine.pid, signal.SIGKILL)
                break
        engine.stdout.read()
        engine.wait()
    return None if engine.returncode == 0 else engine.returncode


def _finish(root: Path, slots: int) -> int:
    ended = subprocess.run(_command(slots), cwd=root, stdout=subprocess.PIPE, check=False, text=True)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return 0 if lines and lines[-1]["event"] == "run_left" and lines[-1]["exit_code"] == 4 else ended.returncode


def _query(root: Path, statement: str) -> list[tuple[str, ...]]:
    path = root / ".covey" / "covey.db"
    if not path.exists():
        return []
    with sqlite3.connect(path) as connection:
        rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


def _complete(root: Path) -> set[str]:
    return {
        row[0]
        for row in _query(root, "SELECT json_extract(body, '$.component') FROM sessions WHERE status = 'complete'")
    }


def _starts(root: Path) -> list[str]:
    return (root / "starts.txt").read_text().split()


def _compare(root: Path, report: Report, ids: set[str], complete: set[str], starts: list[str]) -> None:
    """No session of an earlier engine is gone, none was made twice, and no complete one was worked on again."""
    found = {row[0] for row in _query(root, "SELECT id FROM sessions")}
    report.flaws += flaws_of_the_store(root)
    if not ids <= found:
        report.flaws.append(f"{len(ids - found)} sessions are gone")
    ids |= found
    again = complete & set(_starts(root)[len(starts) :])
    if again:
        report.flaws.append(f"complete ones were done again: {sorted(again)}")


def _inspect(root: Path, report: Report, components: int) -> None:
    report.flaws += [*flaws_of_the_store(root), *flaws_at_the_end(root)]
    sessions = _query(root, "SELECT status, count(*) FROM sessions GROUP BY status")
    if sessions != [("complete", components + 2)]:  # the root, and the review of the design
        report.flaws.append(f"sessions at the end: {sessions}")
    if report.exit_code != 0:
        report.flaws.append(f"the last run ended with {report.exit_code}")


def main() -> int:
    """The long form, by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--components", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="covey-chaos-") as directory:
        report = chaos(Path(directory), components=given.components, kills=given.kills, seed=given.seed)
    print(
        f"seed {given.seed}: {report.kills} kills over {given.components} components; flaws: {report.flaws or 'none'}"
    )
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
