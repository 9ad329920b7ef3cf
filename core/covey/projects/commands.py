"""The project's own commands: with which program, and with which arguments, the tests of one file are run.

Here a command is put together; nothing is run. A path that is no absolute one is taken from the project root.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from covey.config.settings import Preset, Settings

_DEFAULTS: Mapping[Preset, tuple[str, ...]] = {
    Preset.PYTHON: ("{python}", "-m", "pytest", "--import-mode=importlib", "{file}"),
    Preset.ELIXIR: ("mix", "test", "{file}"),
}
_PROJECT_PYTHON = ".venv/bin/python"
_PYTHON = "python3"
_PLACEHOLDER = re.compile(r"\{(python|file)\}")
_PYTEST = frozenset({"pytest", "py.test"})


def python_of(root: Path, settings: Settings) -> str:
    """The project's own Python: the one that is set, else that of its `.venv`, else the one on the PATH."""
    chosen = settings.commands.python
    if chosen is None:
        own = root / _PROJECT_PYTHON
        return str(own) if own.is_file() else _PYTHON
    # Not resolved: a Python is of its environment by the path that it is called by.
    return os.path.join(root, chosen) if "/" in chosen else chosen  # noqa: PTH118 - a str in, a str out


def command_for(root: Path, settings: Settings, file: str) -> list[str]:
    """The command that runs the tests of one file, its placeholders filled in; the working directory is the root."""
    command = settings.commands.test or _DEFAULTS[settings.project.preset]
    # A file is an argument, whatever its name begins with.
    values = {"python": python_of(root, settings), "file": f"./{file}" if file.startswith("-") else file}
    return [_PLACEHOLDER.sub(lambda match: values[match[1]], argument) for argument in command]


def command_within(workspace: Path, home: Path, settings: Settings, file: str) -> list[str]:
    """The same command for a workspace that may be another place than the project's `home`.

    A program that is not in the workspace is taken from the project: an environment lies there, and git does not know
    of it.
    """
    program, *rest = command_for(home, settings, file)
    is_elsewhere = "/" in program and not (workspace / program).exists()
    return [str(home / program) if is_elsewhere else program, *rest]


def pytest_place(command: Sequence[str]) -> int | None:
    """Where in a command pytest is named, so that its options may follow; None when it runs something else."""
    return next((place for place, each in enumerate(command) if PurePosixPath(each).name in _PYTEST), None)


def with_options(command: Sequence[str], options: Sequence[str]) -> list[str]:
    """The command with options for pytest, if that is what it runs."""
    if pytest_place(command) is None:
        return list(command)
    # The last word counts, and behind a bare -- there are no options.
    at = command.index("--") if "--" in command else len(command)
    return [*command[:at], *options, *command[at:]]


def import_paths(root: Path, sources: Sequence[str]) -> str:
    """The source roots as PYTHONPATH has them."""
    return os.pathsep.join(str(root if source == "." else root / source) for source in sources)
