"""The registry of agents, with real distributions on the path."""

import subprocess
import sys
from pathlib import Path

import pytest

from covey.agents.command import CommandAgent, CommandSettings
from covey.agents.registry import AgentRegistry
from covey.errors import UsageError
from covey.testing.agents import IdleAgent

GOOD = (
    "from pydantic import BaseModel\n"
    "class Agent:\n"
    "    class Settings(BaseModel):\n        colour: str = 'red'\n"
    "    def __init__(self, settings): self.settings = settings\n"
    "    def preflight(self, workspace): return ()\n"
    "    async def run(self, assignment, desk): ...\n"
)


def distribution(directory: Path, name: str, module: str, code: str, *, kind: str = "theirs") -> None:
    """An installed distribution with one agent, as an installer leaves it."""
    directory.mkdir(exist_ok=True)
    (directory / f"{module}.py").write_text(code)
    info = directory / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[covey.agents]\n{kind} = {module}:Agent\n")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the path for other people's distributions."""
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return tmp_path / "packages"


def test_ours_come_in_by_entry_points() -> None:
    registry = AgentRegistry()
    assert {"command", "offline"} <= set(registry.names())
    assert registry.settings("command") is CommandSettings
    agent = registry.create("command", CommandSettings.model_validate({"command": ["true"]}))
    assert isinstance(agent, CommandAgent)


def test_anybodys_do_too(packages: Path) -> None:
    distribution(packages, "theirs", "covey_theirs_good", GOOD)
    registry = AgentRegistry()
    assert "theirs" in registry.names()
    settings = registry.settings("theirs")
    agent = registry.create("theirs", settings.model_validate({"colour": "blue"}))
    assert agent.preflight(packages) == ()


def test_unknown_kinds() -> None:
    with pytest.raises(KeyError, match="nobody"):
        AgentRegistry().settings("nobody")
    with pytest.raises(KeyError, match="nobody"):
        AgentRegistry().create("nobody", CommandSettings.model_validate({"command": ["true"]}))


def test_extra_agents_go_first() -> None:
    registry = AgentRegistry(extra={"idle": IdleAgent, "command": IdleAgent})
    assert "idle" in registry.names()
    assert registry.names().count("command") == 1
    assert isinstance(registry.create("command", IdleAgent.Settings()), IdleAgent)


@pytest.mark.parametrize("code", ["import no_such_module_anywhere", "x = ", "raise RuntimeError('broken')", "x = 1"])
def test_one_that_cannot_be_loaded_says_whose_it_is(packages: Path, code: str) -> None:
    module = f"covey_theirs_broken_{abs(hash(code))}"
    distribution(packages, "theirs-broken", module, code)
    registry = AgentRegistry()
    assert "theirs" in registry.names()
    with pytest.raises(UsageError, match=rf"'theirs' \({module}:Agent, of theirs-broken 1\.2\) cannot be loaded"):
        registry.settings("theirs")


@pytest.mark.parametrize("code", ["Agent = 3", "class Agent: ...", "class Agent:\n    Settings = dict\n"])
def test_one_that_is_no_agent(packages: Path, code: str) -> None:
    module = f"covey_theirs_none_{abs(hash(code))}"
    distribution(packages, "theirs-none", module, code)
    with pytest.raises(UsageError, match="is no agent"):
        AgentRegistry().settings("theirs")


def test_two_of_one_name(packages: Path) -> None:
    distribution(packages, "theirs-one", "covey_theirs_one", GOOD)
    distribution(packages, "theirs-two", "covey_theirs_two", GOOD)
    with pytest.raises(UsageError, match="uninstall all but one") as caught:
        AgentRegistry().settings("theirs")
    assert "theirs-one 1.2" in str(caught.value)
    assert "theirs-two 1.2" in str(caught.value)


def test_only_the_plug_in_that_is_named_is_loaded() -> None:
    program = (
        "import sys; from covey.agents.registry import AgentRegistry; registry = AgentRegistry(); registry.names();"
        "assert 'covey.agents.command' not in sys.modules; registry.settings('command');"
        "assert 'covey.agents.command' in sys.modules; assert 'covey.agents.offline' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
