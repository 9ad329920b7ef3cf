"""The import contracts of `pyproject.toml`: kept by the real tree, and each broken by a planted import."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

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
    ("Only the monitor draws on a screen", "cli/planted.py", "import textual"),
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
IN_NO_LAYER = [("Rooms import downwards only", "covey.attic"), (LAYERS, "covey_tui.attic")]
_IMPORTED = re.compile(r"(?:import|from) ([\w.]+)")
_FOUND = re.compile(r"-\s+([\w.]+) -> ([\w.]+) \(l\.")
_IN_NO_LAYER = re.compile(r"- ([\w.]+)")


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


def plant(package: Path, file: str, code: str) -> tuple[str, str]:
    """Add lines to a module; who imports what by them, as the report has it: of foreign packages the first name."""
    with (package / file).open("a", encoding="utf-8") as planted:
        planted.write(f"\n{code}\n")
    found = _IMPORTED.search(code)
    assert found is not None
    imported = found[1] if found[1].startswith("covey") else found[1].partition(".")[0]
    return ".".join([package.name, *Path(file).with_suffix("").parts]), imported


def reported(printed: str) -> tuple[set[tuple[str, tuple[str, str]]], set[tuple[str, str]]]:
    """What is told under each broken contract: the imports, and the modules that have no place in its layers."""
    imports, strays, contract = set(), set(), ""
    lines = printed.partition("Broken contracts")[2].splitlines()
    for line, underline in pairwise(lines):
        if underline and not underline.strip("-"):
            contract = line
        elif found := _FOUND.match(line.strip()):
            imports.add((contract, (found[1], found[2])))
        elif found := _IN_NO_LAYER.fullmatch(line.strip()):
            strays.add((contract, found[1]))
    return imports, strays


def test_all_contracts_are_kept() -> None:
    checked = lint(ROOT)
    assert checked.returncode == 0, checked.stdout
    assert " 0 broken" in checked.stdout


def test_every_planted_import_breaks_its_contract(tmp_path: Path) -> None:
    """All are planted at once, for a look at the whole tree takes its time: each is told under its own contract."""
    for place in ("core", "tui"):
        shutil.copytree(ROOT / place, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    core, monitor = tmp_path / "core/covey", tmp_path / "tui/covey_tui"
    wanted = {(contract, plant(core, file, code)) for contract, file, code in PLANTS}
    wanted |= {(contract, plant(monitor, file, code)) for contract, file, code in MONITOR_PLANTS}
    for package in (core, monitor):
        (package / "attic.py").write_text("", encoding="utf-8")

    checked = lint(tmp_path)

    imports, strays = reported(checked.stdout)
    assert checked.returncode == 1
    assert wanted - imports == set(), checked.stdout
    assert strays == set(IN_NO_LAYER), checked.stdout


def test_every_room_of_the_core_is_open_to_the_monitor_or_closed() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    closed = next(each["forbidden_modules"] for each in contracts["contracts"] if each["id"] == "monitor-core")
    core = ROOT / "core" / "covey"
    rooms = {path.parent.name for path in core.glob("*/__init__.py")} | {path.stem for path in core.glob("[!_]*.py")}
    assert {name.removeprefix("covey.") for name in closed} == rooms - {"client", "model", "text", "errors"}
