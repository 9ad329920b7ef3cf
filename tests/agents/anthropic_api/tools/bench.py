"""A toolbox in a workspace full of traps, at a desk that answers."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from covey.agents.anthropic_api.tools import Toolbox, ToolResult
from covey.agents.base import Assignment, Task
from covey.model.component import Component
from covey.projects.paths import ArtifactKind
from covey.testing.desk import RecordingDesk
from tests.workspace.traps import TARGET

COMPONENT = Component(id="c", project_id="p", name="Shop", module_name="shop")
SCRIPT = (sys.executable, "-S", TARGET)
PYTEST = (sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", TARGET)


@dataclass(frozen=True)
class Allowed:
    """Settings that allow some commands."""

    allow_commands: Sequence[Sequence[str]] = ()


@dataclass
class Bench:
    """Where a toolbox is tried out."""

    root: Path
    desk: RecordingDesk = field(default_factory=RecordingDesk)

    def assignment(self, **changes: object) -> Assignment:
        plain = Assignment(
            session_id="s",
            attempt=1,
            step="GenerateTestsAndFixtures",
            task=Task.GENERATE,
            kind=ArtifactKind.TEST,
            workspace=self.root,
            target=TARGET,
            source="src/shop.py",
            test_path=TARGET,
            test_command=SCRIPT,
            source_roots=("src",),
            component=COMPONENT,
            context=COMPONENT,
            context_design_path="docs/design/shop.md",
            components=(COMPONENT,),
            sections=(),
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    def toolbox(self, *allowed: Sequence[str], by_kernel: bool = True, **changes: object) -> Toolbox:
        return Toolbox(self.assignment(**changes), self.desk, Allowed(allowed), by_kernel=by_kernel)

    async def done(self, name: str, **arguments: object) -> str:
        """The answer of a call that is carried out, by a toolbox of its own."""
        return said(await self.toolbox().call(name, arguments))


def said(result: ToolResult) -> str:
    """The answer to a call that was carried out."""
    assert not result.is_error, result.text
    return result.text


def refused(result: ToolResult) -> str:
    """Why a call was not carried out."""
    assert result.is_error, result.text
    return result.text
