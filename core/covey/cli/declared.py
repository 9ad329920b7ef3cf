"""The project with its manifest, for those commands that need more than the state of its runs."""

from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.client.place import find_root
from covey.projects.manifest import DeclaredProject, load_project


def declared_project(directory: Path | None, registry: AgentRegistry | None = None) -> DeclaredProject:
    """The project that a command works on, as its manifest declares it.

    Raises:
        UsageError: There is none.
        ConfigError: The manifest has mistakes: all of them.
    """
    return load_project(find_root(directory), registry or AgentRegistry())
