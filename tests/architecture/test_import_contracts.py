"""The import contracts of `pyproject.toml`: kept by the real tree, and each broken by a planted import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

PLANTS = [
    ("Rooms import downwards only", "model/planted.py", "import covey.store"),
    ("Rooms import downwards only", "text/planted.py", "import covey.model"),
    ("Rooms import downwards only", "client/planted.py", "import covey.engine"),
    ("Rooms import downwards only", "errors.py", "import covey.clock"),
    ("The core knows no screen", "cli/planted.py", "import covey_tui"),
    ("The core knows no screen", "cli/planted.py", "from textual.app import App"),
    ("The core knows no screen", "text/planted.py", "def f():\n    import rich"),
    ("The model does no I/O and reads no clock", "model/planted.py", "import asyncio"),
    ("The model does no I/O and reads no clock", "model/planted.py", "from pathlib import Path"),
    ("The model does no I/O and reads no clock", "model/planted.py", "import time"),
    ("Only the store talks to the database", "engine/planted.py", "import sqlite3"),
    ("Only the store talks to the database", "client/planted.py", "import aiosqlite"),
    ("Only the command line parses arguments", "client/planted.py", "import cyclopts"),
    ("Only the offline agent reads code with griffe", "projects/planted.py", "import griffe"),
    ("Only the watcher watches files", "engine/planted.py", "from watchfiles import awatch"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `root/pyproject.toml` on the packages under `root`."""
    places = os.pathsep.join(str(root / place) for place in ("core", "tui"))
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", root / "pyproject.toml"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": places, "NO_COLOR": "1", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source tree in a place where it may be spoilt."""
    without_caches = shutil.ignore_patterns("__pycache__")
    for place in ("core", "tui"):
        shutil.copytree(ROOT / place, tmp_path / place, ignore=without_caches)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_contracts_are_kept() -> None:
    checked = lint(ROOT)
    assert checked.returncode == 0, checked.stdout
    assert " 0 broken" in checked.stdout


@pytest.mark.parametrize(("contract", "file", "code"), PLANTS)
def test_a_planted_import_breaks_its_contract(contract: str, file: str, code: str, copy: Path) -> None:
    with (copy / "core" / "covey" / file).open("a", encoding="utf-8") as planted:
        planted.write(f"\n{code}\n")
    checked = lint(copy)
    assert checked.returncode == 1
    assert f"{contract} BROKEN" in checked.stdout, checked.stdout


def test_a_room_without_a_place_in_the_layers_is_refused(copy: Path) -> None:
    (copy / "core" / "covey" / "attic.py").write_text("", encoding="utf-8")
    checked = lint(copy)
    assert checked.returncode == 1
    assert "attic" in checked.stdout
