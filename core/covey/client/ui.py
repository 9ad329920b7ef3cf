"""How the monitor looks and which keys it has: the two tables of covey.toml that are its own, read at once.

Whoever opens a screen must not wait for the whole manifest to be checked. What is wrong in these two tables keeps its
default and is told on the screen.
"""

import tomllib
from pathlib import Path

from covey.client.place import MANIFEST
from covey.config.keys import ALL_KEYS, KEYS, TREE_KEYS, shown
from covey.config.ui import UiMistake, UiSettings, ui_settings_from

__all__ = ["ALL_KEYS", "KEYS", "TREE_KEYS", "UiMistake", "UiSettings", "shown", "ui_settings"]


def ui_settings(project_root: Path) -> UiSettings:
    """The monitor's settings in a project; the defaults where there is no manifest that can be read."""
    try:
        data = tomllib.loads((project_root / MANIFEST).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return UiSettings()  # whoever runs something meets the error where it can be told with its line
    return ui_settings_from(data)
