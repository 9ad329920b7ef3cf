"""Which preset a project of documents has, and why: told by what lies beside them."""

from collections.abc import Iterable
from pathlib import Path

from covey.config.settings import Preset
from covey.projects.python_tree import Found

ELIXIR_PROJECT = "mix.exs"
_PYTHON_PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")


def choose_preset(root: Path, sources: Found, names: Iterable[str]) -> tuple[Preset, str]:
    """The preset, and the reason for it. `names` are the components as documents write them.

    `mix.exs` makes it Elixir, a Python project or Python sources make it Python. Where there is neither, the names
    decide: only Elixir writes dotted modules with capitals throughout.
    """
    if (root / ELIXIR_PROJECT).is_file():
        return Preset.ELIXIR, f"there is a {ELIXIR_PROJECT}"
    marker = next((name for name in _PYTHON_PROJECTS if (root / name).is_file()), None)
    if marker is not None:
        return Preset.PYTHON, f"there is a {marker}"
    if sources.files:
        return Preset.PYTHON, "there are Python sources"
    dotted = [name for name in names if "." in name]
    if dotted and all(part[:1].isupper() for name in dotted for part in name.split(".")):
        return Preset.ELIXIR, "there is no Python project, and names are written like Shop.Billing"
    return Preset.PYTHON, f"there is no {ELIXIR_PROJECT}"
