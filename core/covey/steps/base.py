"""What a step is, and what it is given to work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from covey.artifacts.checks import Finding, check_design_file
from covey.artifacts.presence import look_at
from covey.clock import Clock
from covey.config.settings import DEFAULT_TYPE, REVIEW_SECTIONS, Settings
from covey.model.command import Command, CommandKind, Result
from covey.model.component import Component
from covey.model.ids import new_id
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind, PathRules
from covey.store.base import Sessions

WORKSPACE = "workspace"
"""The key of `state` under which a session in isolation has its workspace, relative to the project root."""


class Handled(NamedTuple):
    """A step's judgement: updates of the session (only `state`), the result as it stands, and what it was decided on.

    `versions` are the versions of rows beside the session itself; the judgement holds only while they do.
    `present`: the step has seen the session's file, so the log learns of it together with the result.
    """

    updates: Mapping[str, Any]
    result: Result
    versions: Mapping[str, int] = {}
    present: bool = False


class Step(Protocol):
    """One step of a workflow."""

    name: str

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """What is to be done.

        Raises:
            StepError: a precondition does not hold; the session ends as failed.
        """
        ...

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Judge what came of it; a judgement that something is wrong is a result with status `error`."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What steps work with: the store, the clock, and the project as its manifest stands.

    `root` is where files are looked at: the project's root, or for a session that works in isolation its workspace.
    """

    store: Sessions
    clock: Clock
    root: Path
    settings: Settings
    rules: PathRules
    components: Mapping[str, Component] = field(default_factory=dict)
    """All components of the project by id, contexts among them."""
    known_modules: frozenset[str] = frozenset()
    """The modules of all components, which documents may name as dependencies."""
    project_root: Path | None = None
    """The project's root where that is not `root`."""

    @property
    def home(self) -> Path:
        """The project's own root, whatever `root` is."""
        return self.project_root or self.root

    def within(self, session: Session) -> "Tools":
        """The same tools, bound to the workspace of a session that has one of its own."""
        workspace = session.state.get(WORKSPACE)
        return self if workspace is None else self.bound_to(self.home / str(workspace))

    def bound_to(self, workspace: Path) -> "Tools":
        """The same tools, looking at files below another directory."""
        rules = PathRules(workspace, self.settings.project, self.settings.paths)
        return replace(self, root=workspace, rules=rules, project_root=self.home)

    def command(self, step: str, kind: CommandKind, **metadata: object) -> Command:
        """A command of a step, with a new id and the present time."""
        return Command(id=new_id(), module=step, command=kind, metadata=metadata, timestamp=self.clock.now())

    def present(self, path: str) -> bool:
        """The file counts as present."""
        return look_at(self.root, path).present

    def design_findings(self, session: Session, kind: ArtifactKind = ArtifactKind.DESIGN) -> tuple[Finding, ...]:
        """What is wrong with the session's design document, or with its review of others; empty when it passes.

        A review may name modules that nobody knows: that is what it is for.
        """
        known = frozenset[str]() if kind is ArtifactKind.REVIEW else self.known_modules
        return check_design_file(self.root, own_path(session), self.sections(session, kind), known)

    def sections(self, session: Session, kind: ArtifactKind = ArtifactKind.DESIGN) -> tuple[str, ...]:
        """The sections that the document of the session's component must have, or the review of a context's."""
        if kind is ArtifactKind.REVIEW:
            return REVIEW_SECTIONS
        component = self.components.get(session.component_id or "")
        return self.settings.design.sections_for(component.type if component else DEFAULT_TYPE)


def own_path(session: Session) -> str:
    """The path of the session's artifact; every child session has one."""
    assert session.artifact_path is not None, f"{session.type} has no artifact"  # noqa: S101 - a bug, not an input
    return session.artifact_path


def replaced_directory(session: Session) -> str:
    """Where the files are kept that a run has replaced."""
    return f".covey/replaced/{session.run_id}"
