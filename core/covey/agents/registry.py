"""Which agents there are: the entry points of the group `covey.agents`, ours among them as anybody's.

A plug-in is loaded only when it is named, so one that is broken harms nobody who does not use it.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from pydantic import BaseModel

from covey.agents.base import Agent
from covey.errors import UsageError
from covey.model.ability import Ability
from covey.model.credential import GateState

GROUP = "covey.agents"

_BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError),
)
"""What a stranger's module raises as it is imported, when it is broken."""


class AgentRegistry:
    """The kinds of agents; `extra` adds some that have no entry point, and goes before those that have."""

    def __init__(self, extra: Mapping[str, type[Agent]] | None = None) -> None:
        self._loaded: dict[str, type[Agent]] = dict(extra or {})

    def names(self) -> tuple[str, ...]:
        """The names of all kinds, sorted; nothing is loaded for it."""
        return tuple(sorted({*self._loaded, *self._entry_points}))

    def settings(self, kind: str) -> type[BaseModel]:
        """What may be set for a kind in `covey.toml`.

        Raises:
            KeyError: there is no such kind.
            UsageError: its plug-in cannot be loaded, or is no agent.
        """
        return self._agent(kind).Settings

    def create(self, kind: str, options: BaseModel) -> Agent:
        """An agent of a kind, with its checked settings.

        Raises:
            KeyError: there is no such kind.
            UsageError: its plug-in cannot be loaded, or is no agent.
        """
        return self._agent(kind)(options)

    def abilities(self, kind: str) -> tuple[Ability, ...]:
        """What the agents of a kind can do beside their work, by their own word, in the order of `Ability`.

        Raises:
            KeyError: there is no such kind.
            UsageError: its plug-in cannot be loaded, or is no agent.
        """
        return _abilities(self._agent(kind)) or ()

    def gates(self) -> tuple[GateState, ...]:
        """How the gates before credentials stand, of all agents that were loaded and have some."""
        tellers = (getattr(agent, "gates", None) for agent in self._loaded.values())
        return tuple(state for tell in tellers if callable(tell) for state in tell())

    def _agent(self, kind: str) -> type[Agent]:
        if kind not in self._loaded:
            self._loaded[kind] = _load(self._entry_points[kind])
        return self._loaded[kind]

    @cached_property
    def _entry_points(self) -> dict[str, tuple[EntryPoint, ...]]:
        found: dict[str, tuple[EntryPoint, ...]] = {}
        for entry in entry_points(group=GROUP):
            found[entry.name] = (*found.get(entry.name, ()), entry)
        return found


def _load(entries: tuple[EntryPoint, ...]) -> type[Agent]:
    entry, *others = entries
    # A distribution that is found twice on the path says the same thing twice.
    if any(other.value != entry.value for other in others):
        both = " and ".join(f"{_distribution(each)} ({each.value})" for each in entries)
        raise UsageError(f"the agent {entry.name!r} is offered by {both}; uninstall all but one")
    try:
        loaded = entry.load()
    except _BROKEN as error:
        raise UsageError(f"{_plug_in(entry)} cannot be loaded: {type(error).__name__}: {error}") from error
    if not _is_agent(loaded):
        raise UsageError(f"{_plug_in(entry)} is no agent: it needs a pydantic model Settings, preflight and run")
    if _abilities(loaded) is None:
        known = ", ".join(Ability)
        raise UsageError(f"{_plug_in(entry)} has wrong abilities: it needs a frozenset of some of these: {known}")
    agent: type[Agent] = loaded
    return agent


def _abilities(agent: object) -> tuple[Ability, ...] | None:
    """What an agent's class says that it can do; None where that says nothing."""
    said: object = getattr(agent, "abilities", frozenset())
    if not isinstance(said, frozenset) or not said <= frozenset(Ability):
        return None
    return tuple(ability for ability in Ability if ability in said)


def _is_agent(loaded: object) -> bool:
    settings = getattr(loaded, "Settings", None)
    return (
        isinstance(loaded, type)
        and isinstance(settings, type)
        and issubclass(settings, BaseModel)
        and all(callable(getattr(loaded, method, None)) for method in ("preflight", "run"))
    )


def _plug_in(entry: EntryPoint) -> str:
    return f"the agent {entry.name!r} ({entry.value}, of {_distribution(entry)})"


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"
