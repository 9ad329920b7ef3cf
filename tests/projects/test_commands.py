"""The test command: the preset's or the project's own, with this Python on this file."""

import os
from pathlib import Path
from typing import Any

import pytest

from covey.agents.registry import AgentRegistry
from covey.config.settings import CommandsTable, Preset, ProjectTable, Settings
from covey.projects.commands import (
    command_for,
    command_within,
    import_paths,
    pytest_place,
    python_of,
    with_options,
)

FILE = "tests/shop/test_a.py"


def settings(preset: Preset = Preset.PYTHON, source: tuple[str, ...] = (".",), **commands: Any) -> Settings:
    project = ProjectTable(preset=preset, source=source)
    return Settings(kinds=AgentRegistry(), project=project, commands=CommandsTable(**commands))


class TestPython:
    """The one that is set, else the project's own, else the one on the PATH."""

    def test_the_one_on_the_path(self, tmp_path: Path) -> None:
        assert python_of(tmp_path, settings()) == "python3"

    def test_the_projects_own_is_not_resolved(self, tmp_path: Path) -> None:
        (tmp_path / ".venv/bin").mkdir(parents=True)
        (tmp_path / ".venv/bin/python").symlink_to("/bin/sh")
        assert python_of(tmp_path, settings()) == f"{tmp_path}/.venv/bin/python"

    @pytest.mark.parametrize(
        ("given", "expected"),
        [("python3.12", "python3.12"), ("env/bin/python", "{root}/env/bin/python"), ("/opt/python", "/opt/python")],
    )
    def test_the_one_that_is_set(self, tmp_path: Path, given: str, expected: str) -> None:
        assert python_of(tmp_path, settings(python=given)) == expected.format(root=tmp_path)


class TestCommand:
    """Placeholders are filled in, in one pass."""

    def test_python(self, tmp_path: Path) -> None:
        command = command_for(tmp_path, settings(), FILE)
        assert command == ["python3", "-m", "pytest", "--import-mode=importlib", FILE]

    def test_elixir(self, tmp_path: Path) -> None:
        assert command_for(tmp_path, settings(Preset.ELIXIR), "test/a_test.exs") == ["mix", "test", "test/a_test.exs"]

    def test_its_own(self, tmp_path: Path) -> None:
        own = settings(python="p", test=("run", "--with={python}", "{x y}", "{file}:{file}"))
        assert command_for(tmp_path, own, "{python}.py") == ["run", "--with=p", "{x y}", "{python}.py:{python}.py"]

    def test_a_file_is_no_option(self, tmp_path: Path) -> None:
        assert command_for(tmp_path, settings(), "-x/test_a.py")[-1] == "./-x/test_a.py"


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["python", "-m", "pytest", "x"], 2),
        ([".venv/bin/pytest", "x"], 0),
        (["uv", "run", "py.test", "x"], 2),
        (["mix", "test", "x"], None),
        (["sh", "-c", "pytest x"], None),
    ],
)
def test_where_pytest_is_named(command: list[str], place: int | None) -> None:
    assert pytest_place(command) == place


@pytest.mark.parametrize(
    ("command", "called"),
    [
        (["python", "-m", "pytest", "x"], ["python", "-m", "pytest", "x", "-p", "no:x"]),
        (["pytest", "--", "-x"], ["pytest", "-p", "no:x", "--", "-x"]),
        (["mix", "test", "x"], ["mix", "test", "x"]),
    ],
)
def test_options_for_pytest(command: list[str], called: list[str]) -> None:
    assert with_options(command, ("-p", "no:x")) == called


def test_a_program_that_only_the_project_has(tmp_path: Path) -> None:
    workspace, home = tmp_path / "workspace", tmp_path / "home"
    own = settings(test=("bin/test", "{file}"))
    assert command_within(workspace, home, own, FILE) == [f"{home}/bin/test", FILE]
    (workspace / "bin").mkdir(parents=True)
    (workspace / "bin" / "test").touch()
    assert command_within(workspace, home, own, FILE) == ["bin/test", FILE]
    assert command_within(workspace, home, settings(), FILE)[0] == "python3"


def test_the_source_roots_are_the_path(tmp_path: Path) -> None:
    assert import_paths(tmp_path, ("src", ".")) == f"{tmp_path}/src{os.pathsep}{tmp_path}"
