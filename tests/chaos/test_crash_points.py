"""The short form of the crash points and of the faults: one point of each kind that matters, in the smallest story."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("program", "chosen", "says"),
    [
        ("crash_points", ["--story", "offline", "--every", "70"], "0 not reached"),
        ("crash_points", ["--story", "humans", "--every", "250"], "0 not reached"),
        ("faults", ["--every", "500", "--short"], "faults, 0 flaws"),
    ],
)
def test_nothing_is_lost(program: str, chosen: list[str], says: str) -> None:
    """In a process of its own: it forks, and has to be alone for that."""
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{program}", *chosen], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    assert says in ran.stdout
    assert "0 flaws" in ran.stdout
