"""CONTRIBUTING.md is the map: what it names exists, and what exists is on it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE, TUI = ROOT / "core" / "covey", ROOT / "tui" / "covey_tui"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one of the same level."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title: str) -> set[str]:
    """What stands in backticks in the first column of a section's table."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| ")]
    return {name for cell in rows for name in re.findall(r"`([^`]+)`", cell)}


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for house in (CORE, TUI) for path in house.glob("*/__init__.py")}
    modules = {path.stem for house in (CORE, TUI) for path in house.glob("*.py")} - {"__init__", "__main__"}
    assert first_column("The rooms") == rooms | modules


def test_every_dependency_is_defended() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert first_column("Why each dependency") == {name.partition(">")[0] for name in project["dependencies"]}


def test_every_file_that_is_named_exists() -> None:
    files = set(re.findall(r"`([\w/]+\.py)`", TEXT))
    assert files
    assert [name for name in sorted(files) if not ((CORE / name).exists() or (ROOT / name).exists())] == []


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in contracts["contracts"] if each["id"] == "layers")
    assert f"`{' → '.join(layer for layer in layers if layer != '(__main__)')}`" in section("The rooms")
