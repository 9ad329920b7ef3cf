"""What importing a room really loads: the static graph cannot see what libraries bring along."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

SCREEN = ("textual", "rich", "covey_tui")
HEAVY = ("griffe", "watchfiles", "tree_sitter", "anthropic", "httpx2", "aiohttp")
LATER = (
    "covey_tui.screens.dialog",
    "covey_tui.screens.intervention",
    "covey_tui.screens.help",
    "textual.widgets._text_area",
)
"""What the monitor shows only when it is asked to: the first paint does not wait for it."""
TUI = Path(__file__).parents[2] / "tui"
VIEWS = sorted(".".join(file.relative_to(TUI).with_suffix("").parts) for file in TUI.glob("covey_tui/view/**/[!_]*.py"))

LOADS_NOTHING_OF = {
    "covey.errors": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "msgspec", "pydantic"),
    "covey.text": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "msgspec", "pydantic"),
    "covey.model": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "pydantic", "aiosqlite"),
    "covey.model.reducer": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "pydantic", "aiosqlite"),
    "covey.model.decision": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "pydantic", "aiosqlite"),
    "covey.model.tree": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "pydantic", "aiosqlite"),
    "covey.agents.registry": (
        *(*SCREEN, "griffe", "watchfiles", "sqlite3", "anthropic", "httpx2"),
        *("covey.agents.offline", "covey.agents.anthropic_api"),
    ),
    "covey.agents.anthropic_api.agent": (*SCREEN, *HEAVY),
    "covey.client": (*SCREEN, *HEAVY, "covey.engine"),
    "covey.client.engine": (*SCREEN, *HEAVY, "pydantic", "covey.engine", "covey.agents"),
    "covey.client.presence": (*SCREEN, *HEAVY, "pydantic", "covey.engine", "covey.agents"),
    "covey.client.standing": (*SCREEN, *HEAVY, "pydantic", "covey.engine", "covey.agents"),
    "covey.client.requests": (*SCREEN, *HEAVY, "covey.engine", "covey.agents"),
    "covey.client.ui": (*SCREEN, *HEAVY, "asyncio", "sqlite3", "aiosqlite", "msgspec", "pydantic"),
    "covey.cli": (*SCREEN, *HEAVY),
    "covey.cli.report": (*SCREEN, "pydantic", *HEAVY, "covey.engine", "covey.agents"),
    "covey.cli.watch": (*SCREEN, "cyclopts", "pydantic", *HEAVY, "covey.engine", "covey.agents"),
    "covey.cli.status": (*SCREEN, "cyclopts", *HEAVY, "covey.engine"),
    "covey_tui": ("textual", "rich", *HEAVY, "asyncio", "sqlite3", "msgspec", "pydantic", "covey"),
    "covey_tui.app": (*HEAVY, "pydantic", "covey.engine", "covey.agents", "covey_tui.live", *LATER),
    "covey_tui.live": (*HEAVY, "pydantic", "covey.engine", "covey.agents", *LATER),
    **dict.fromkeys(VIEWS, ("textual", "rich", *HEAVY, "pydantic", "covey.engine", "covey.agents")),
}


TOGETHER = defaultdict[tuple[str, ...], list[str]](list)
"""Modules that may load the same, by what they may not: none of them does what all of them do not in one process."""
for _module, _names in LOADS_NOTHING_OF.items():
    TOGETHER[_names].append(_module)


@pytest.mark.parametrize("names", TOGETHER, ids=[", ".join(modules[:3]) for modules in TOGETHER.values()])
def test_importing(names: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for module, loaded in loaded_in_turn(*TOGETHER[names]):
        assert (module, sorted((loaded - seen) & set(names))) == (module, [])
        seen |= loaded


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["status"]])
def test_a_command_line_that_needs_no_parser_does_not_wait_for_one(arguments: list[str], tmp_path: Path) -> None:
    code = f"import sys; from covey.cli.commands import main; main({arguments}); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "covey.cli.commands" in ended.stdout.split()
    assert "cyclopts" not in ended.stdout.split()


def test_what_is_loaded_is_seen() -> None:
    (_, first), (module, loaded) = loaded_in_turn("covey.errors", "aiosqlite")
    assert "sqlite3" not in first
    assert (module, {"sqlite3", "asyncio", "aiosqlite"} <= loaded) == ("aiosqlite", True)


def loaded_in_turn(*modules: str) -> list[tuple[str, set[str]]]:
    """Each module with the names in `sys.modules` once it was imported, one after the other, in a fresh process."""
    code = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name); print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, *modules],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return [(name, set(line.split())) for name, line in zip(modules, ended.stdout.splitlines(), strict=True)]
