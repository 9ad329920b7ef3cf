"""The import contracts of `pyproject.toml`: kept by the real tree, and each broken by a planted import."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

PLANTS = [
    ("Rooms import downwards only", "model/planted.py", "import covey.store"),
    ("Rooms import downwards only", "text/planted.py", "import covey.model"),
    ("Rooms import downwards only", "client/planted.py", "import covey.engine"),
    ("Rooms import downwards only", "testing/planted.py", "import covey.reports"),
    ("Rooms import downwards only", "reports/planted.py", "import covey.cli"),
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
    ("Only the Anthropic agent talks to the API", "engine/planted.py", "import anthropic"),
    ("Only the Anthropic agent talks to the API", "agents/planted.py", "def f():\n    import httpx2"),
    ("Only the fake server speaks HTTP", "client/planted.py", "import h11"),
]

LAYERS, CORE = "The monitor imports downwards only", "The monitor meets the core in four rooms"
MONITOR_PLANTS = [
    (LAYERS, "view/planted.py", "import covey_tui.palette"),
    (LAYERS, "palette.py", "import covey_tui.painted"),
    (LAYERS, "painted.py", "import covey_tui.widgets.lines"),
    (LAYERS, "widgets/planted.py", "import covey_tui.link"),
    (LAYERS, "widgets/planted.py", "import covey_tui.screens.dialog"),
    (LAYERS, "screens/planted.py", "import covey_tui.feed"),
    (LAYERS, "feed.py", "import covey_tui.screens.monitor"),
    (LAYERS, "link.py", "import covey_tui.widgets.lines"),
    (LAYERS, "notifier.py", "import covey_tui.link"),
    (LAYERS, "screens/planted.py", "import covey_tui.app"),
    (CORE, "link.py", "import covey.engine"),
    (CORE, "feed.py", "from covey.store.sqlite import Viewer"),
    (CORE, "view/planted.py", "from covey.config.keys import KEYS"),
    (CORE, "app.py", "import covey.clock"),
    ("What is shown is decided without a screen", "view/planted.py", "from textual.color import Color"),
    ("What is shown is decided without a screen", "view/detail/planted.py", "def f():\n    import rich.text"),
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


def plant(file: Path, code: str) -> None:
    """Add a line to a module."""
    with file.open("a", encoding="utf-8") as planted:
        planted.write(f"\n{code}\n")


def assert_broken(contract: str, root: Path) -> None:
    """The contract is broken on the packages under `root`, and said to be."""
    checked = lint(root)
    assert checked.returncode == 1
    assert f"{contract} BROKEN" in checked.stdout, checked.stdout


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
    plant(copy / "core" / "covey" / file, code)
    assert_broken(contract, copy)


@pytest.mark.parametrize(("contract", "file", "code"), MONITOR_PLANTS)
def test_an_import_planted_in_the_monitor_breaks_its_contract(contract: str, file: str, code: str, copy: Path) -> None:
    plant(copy / "tui" / "covey_tui" / file, code)
    assert_broken(contract, copy)


def test_only_the_monitor_may_draw_on_a_screen(copy: Path) -> None:
    """The core breaks two contracts at once; this one also stands for packages that are still to come."""
    (copy / "core" / "covey" / "cli" / "planted.py").write_text("import textual\n", encoding="utf-8")
    assert "Only the monitor draws on a screen BROKEN" in lint(copy).stdout


def test_every_room_of_the_core_is_open_to_the_monitor_or_closed() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    closed = next(each["forbidden_modules"] for each in contracts["contracts"] if each["id"] == "monitor-core")
    core = ROOT / "core" / "covey"
    rooms = {path.parent.name for path in core.glob("*/__init__.py")} | {path.stem for path in core.glob("[!_]*.py")}
    assert {name.removeprefix("covey.") for name in closed} == rooms - {"client", "model", "text", "errors"}


def test_a_module_of_the_monitor_without_a_place_in_the_layers_is_refused(copy: Path) -> None:
    (copy / "tui" / "covey_tui" / "attic.py").write_text("", encoding="utf-8")
    checked = lint(copy)
    assert checked.returncode == 1
    assert "attic" in checked.stdout


def test_a_room_without_a_place_in_the_layers_is_refused(copy: Path) -> None:
    (copy / "core" / "covey" / "attic.py").write_text("", encoding="utf-8")
    checked = lint(copy)
    assert checked.returncode == 1
    assert "attic" in checked.stdout
