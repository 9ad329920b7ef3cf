"""The engine's log: bounded, and everything that the process prints goes along. In a process of its own, as it is."""

import os
import subprocess
import sys
from pathlib import Path

from covey.engine.log import OLD_LOGS

PROGRAM = """
import logging, os, sys
from pathlib import Path
from covey.engine.log import keep_log

keep_log(Path(sys.argv[1]))
log = logging.getLogger("covey.engine")
for number in range(int(sys.argv[2])):
    log.info("%d %s", number, "x" * 60_000)
print("printed after all", file=sys.stderr, flush=True)
os.write(1, b"and so was this\\n")
if len(sys.argv) > 3:
    os.abort()
"""


def run(root: Path, lines: int, *more: str, stderr: int | None = None) -> subprocess.CompletedProcess[bytes]:
    (root / ".covey").mkdir(exist_ok=True)
    with (root / ".covey/engine.log").open("ab") as sink:
        output = sink.fileno() if stderr is None else stderr
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, os.fspath(root), str(lines), *more],
            stdout=output,
            stderr=output,
            check=False,
        )


class TestLog:
    """As a starter opens it for the process."""

    def test_is_of_bounded_size_and_a_few_old_ones_stay(self, tmp_path: Path) -> None:
        run(tmp_path, 100)
        logs = sorted(path.name for path in (tmp_path / ".covey").iterdir())
        assert logs == ["engine.log", *(f"engine.log.{number}" for number in range(1, OLD_LOGS + 1))]
        assert all(path.stat().st_size <= 1 << 20 for path in (tmp_path / ".covey").iterdir())

    def test_what_is_printed_goes_to_the_present_one(self, tmp_path: Path) -> None:
        run(tmp_path, 20)
        present = (tmp_path / ".covey/engine.log").read_text(encoding="utf-8")
        assert "INFO 19 x" in present
        assert present.endswith("printed after all\nand so was this\n")

    def test_the_last_words_of_the_interpreter_are_in_it(self, tmp_path: Path) -> None:
        assert run(tmp_path, 1, "abort").returncode < 0
        assert "Fatal Python error: Aborted" in (tmp_path / ".covey/engine.log").read_text(encoding="utf-8")

    def test_elsewhere_it_prints_where_it_was_told_to(self, tmp_path: Path) -> None:
        ran = run(tmp_path, 1, stderr=subprocess.PIPE)
        assert b"INFO 0 x" in ran.stderr + (ran.stdout or b"")
        assert (tmp_path / ".covey/engine.log").stat().st_size == 0
