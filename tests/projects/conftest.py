from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from covey.config.settings import Table
from covey.errors import ConfigError
from covey.projects.manifest import DeclaredProject, load_project


class OfflineSettings(Table):
    """An agent that needs no settings."""


class Kinds:
    """The one kind that these tests have installed."""

    def names(self) -> tuple[str, ...]:
        return ("offline",)

    def settings(self, kind: str) -> type[BaseModel]:
        return {"offline": OfflineSettings}[kind]


@pytest.fixture
def kinds() -> Kinds:
    return Kinds()


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], DeclaredProject]:
    def load_text(text: str) -> DeclaredProject:
        (tmp_path / "covey.toml").write_text(text, encoding="utf-8")
        return load_project(tmp_path, Kinds())

    return load_text


@pytest.fixture
def mistakes(load: Callable[[str], DeclaredProject]) -> Callable[[str], list[tuple[int, str]]]:
    """The line and the message of every mistake in a text."""

    def mistakes_of(text: str) -> list[tuple[int, str]]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return [(mistake.line, mistake.message) for mistake in caught.value.mistakes]

    return mistakes_of


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Makes a project directory named `shop-app` from texts by path."""

    def make(files: dict[str, str]) -> Path:
        root = tmp_path / "shop-app"
        root.mkdir()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make
