"""Agents for tests and benchmarks: they do what a script says, in this very process."""

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from covey.agents.base import Assignment, Desk, Outcome, TurnUsage
from covey.config.settings import Table
from covey.model.ability import Ability
from covey.projects.paths import ArtifactKind

Play = Callable[[Assignment, Desk], Awaitable[Outcome]]
"""What a scripted agent does with an assignment."""


class NoSettings(Table):
    """A table without keys."""


class ScriptedAgent:
    """An agent that plays a script; made by `scripted`."""

    Settings: ClassVar[type[BaseModel]] = NoSettings
    abilities: ClassVar[frozenset[Ability]] = frozenset()
    play: ClassVar[Play]

    def __init__(self, settings: BaseModel) -> None:
        self._settings = settings

    def preflight(self, workspace: Path) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Always usable."""
        return ()

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Play the script."""
        return await type(self).play(assignment, desk)


def scripted(play: Play, abilities: Collection[Ability] = ()) -> type[ScriptedAgent]:
    """An agent that plays this script and says that it can do these things, for the `extra` of a registry."""
    return type("Scripted", (ScriptedAgent,), {"play": staticmethod(play), "abilities": frozenset(abilities)})


def least_document(assignment: Assignment) -> str:
    """The shortest document that passes: each required section with one sentence."""
    sections = "".join(f"\n## {title}\n\nNothing.\n" for title in assignment.sections)
    return f"# {assignment.component.name}\n{sections}"


def least_file(assignment: Assignment) -> str:
    """The shortest file that passes, of whatever kind is asked for: its tests only import what they are to test."""
    match assignment.kind:
        case ArtifactKind.DESIGN | ArtifactKind.REVIEW:
            return least_document(assignment)
        case ArtifactKind.TEST:
            module = assignment.component.module_name
            return f'import importlib\n\n\ndef test_it() -> None:\n    importlib.import_module("{module}")\n'
        case ArtifactKind.CODE:
            return '"""Nothing."""\n'


def leaves(text: str) -> Play:
    """A script: leave a file with this text, whatever was there, and say that all is well."""

    async def play(assignment: Assignment, desk: Desk) -> Outcome:  # noqa: ARG001 - a Play
        _write(assignment, text)
        return Outcome(ok=True)

    return play


async def write_least(assignment: Assignment, desk: Desk) -> Outcome:  # noqa: ARG001 - a Play
    """Write the shortest file that passes."""
    _write(assignment, least_file(assignment))
    return Outcome(ok=True)


def _write(assignment: Assignment, text: str) -> None:
    target = assignment.workspace / assignment.target
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def spends(*turns: TurnUsage, then: Play = write_least) -> Play:
    """A script: take these turns and pay for them, then do something else; writes a file by default."""

    async def play(assignment: Assignment, desk: Desk) -> Outcome:
        for turn in turns:
            await desk.before_turn()
            await desk.spent(turn)
        return await then(assignment, desk)

    return play


async def do_nothing(assignment: Assignment, desk: Desk) -> Outcome:  # noqa: ARG001 - a Play
    """End well without having done anything."""
    return Outcome(ok=True)


IdleAgent = scripted(write_least)
"""An agent that does nothing but leave the shortest file that passes."""
