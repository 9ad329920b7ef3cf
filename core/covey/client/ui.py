"""How the monitor looks and which keys it has: the two tables of covey.toml that are its own, read at once.

Whoever opens a screen must not wait for the whole manifest to be checked. What is wrong in these two tables keeps its
default and is told on the screen.

A theme that somebody picks on the screen is kept in `.covey/theme.json`, together with the one that covey.toml names.
It holds until covey.toml names another one: who writes a theme down means it, and later than the pick.
"""

import json
import tomllib
from pathlib import Path

from covey.client.place import MANIFEST
from covey.config.keys import ALL_KEYS, KEYS, TREE_KEYS, shown
from covey.config.state_dir import STATE_DIRECTORY, state_directory
from covey.config.ui import UiMistake, UiSettings, ui_settings_from
from covey.errors import UsageError

__all__ = ["ALL_KEYS", "KEYS", "TREE_KEYS", "UiMistake", "UiSettings", "remember_theme", "shown", "ui_settings"]

_THEME = "theme.json"


def ui_settings(project_root: Path) -> UiSettings:
    """The monitor's settings in a project; the defaults where there is no manifest that can be read."""
    settings = _written(project_root)
    return settings._replace(theme=_picked(project_root, settings.theme) or settings.theme)


def remember_theme(project_root: Path, theme: str) -> None:
    """Keep a theme that somebody has picked, until covey.toml names another than now.

    Raises:
        UsageError: it cannot be written down; the text says why.
    """
    pick = {"theme": theme, "instead_of": _written(project_root).theme}
    file = state_directory(project_root) / _THEME
    try:
        file.write_text(f"{json.dumps(pick)}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the theme is not kept: {_THEME} cannot be written ({error.strerror})") from error


def _written(project_root: Path) -> UiSettings:
    try:
        data = tomllib.loads((project_root / MANIFEST).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return UiSettings()  # whoever runs something meets the error where it can be told with its line
    return ui_settings_from(data)


def _picked(project_root: Path, written: str) -> str | None:
    """The theme that was picked instead of the written one; a file that says nothing of the kind picks nothing."""
    try:
        pick = json.loads((project_root / STATE_DIRECTORY / _THEME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    theme = pick.get("theme") if isinstance(pick, dict) and pick.get("instead_of") == written else None
    return theme if isinstance(theme, str) else None
