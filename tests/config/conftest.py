from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from covey.config.durations import Duration
from covey.config.manifest import Manifest, load_manifest
from covey.config.settings import Table
from covey.errors import ConfigError


class OfflineSettings(Table):
    """An agent that needs no settings."""

    style: str = "plain"


class CommandSettings(Table):
    """An agent that cannot do without a command."""

    command: list[str] = Field(min_length=1)
    timeout: Duration = 1200.0


class CarelessSettings(BaseModel):
    """Settings of somebody who forgot to forbid unknown keys."""

    model_config = ConfigDict(frozen=True)
    speed: int = 1


class Kinds:
    """The kinds that these tests have installed."""

    known: dict[str, type[BaseModel]] = {  # noqa: RUF012 - never changed
        "offline": OfflineSettings,
        "command": CommandSettings,
        "careless": CarelessSettings,
    }

    def names(self) -> tuple[str, ...]:
        return tuple(self.known)

    def settings(self, kind: str) -> type[BaseModel]:
        return self.known[kind]


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Manifest]:
    def load_text(text: str) -> Manifest:
        (tmp_path / "covey.toml").write_text(text, encoding="utf-8")
        return load_manifest(tmp_path, Kinds())

    return load_text


@pytest.fixture
def mistakes(load: Callable[[str], Manifest]) -> Callable[[str], list[tuple[int, str]]]:
    """The line and the message of every mistake in a text."""

    def mistakes_of(text: str) -> list[tuple[int, str]]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return [(mistake.line, mistake.message) for mistake in caught.value.mistakes]

    return mistakes_of


@pytest.fixture
def kinds() -> Kinds:
    return Kinds()
