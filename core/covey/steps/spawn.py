"""The shared spawn step: one child session per component, and the parent's verdict over all of them.

Its configurations: children that design, whose files the parent looks for itself, and children that write tests or
code, whose own last step guarantees their file.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from covey import errors
from covey.errors import CoveyError, FenceLostError, StaleOperationError, StepError
from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.component import Component
from covey.model.events import SessionCreated
from covey.model.ids import id_for, new_id
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import ExecutionMode, Status
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools
from covey.steps.git_work import ISOLATED
from covey.store.base import Operation

log = logging.getLogger(__name__)

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SpawnConfig:
    """What one configuration of the spawn step makes.

    `artifact` is the kind of file that a child leaves; None for children that are parents themselves. With
    `parent_checks` the parent looks for the files of complete children. `made_by_workflow` are all types of
    children that the parent's workflow ever makes.
    """

    step: str
    child_type: str
    artifact: ArtifactKind | None
    parent_checks: bool
    made_by_workflow: frozenset[str]


DESIGN = SpawnConfig(
    step="SpawnComponentDesignSessions",
    child_type="ComponentDesignSessions",
    artifact=ArtifactKind.DESIGN,
    parent_checks=True,
    made_by_workflow=frozenset({"ComponentDesignSessions"}),
)
TESTING = SpawnConfig(
    step="SpawnComponentTestingSessions",
    child_type="ComponentTestSessions",
    artifact=ArtifactKind.TEST,
    parent_checks=False,
    made_by_workflow=frozenset({"ComponentTestSessions"}),
)
CODING = SpawnConfig(
    step="SpawnComponentCodingSessions",
    child_type="ComponentCodingSessions",
    artifact=ArtifactKind.CODE,
    parent_checks=False,
    made_by_workflow=frozenset({"ComponentCodingSessions"}),
)


@dataclass(slots=True)
class Findings:
    """What a parent's verdict rests on, as lists of facts; their order is that of the message."""

    running: list[Facts] = field(default_factory=list)
    failed: list[Facts] = field(default_factory=list)
    cancelled: list[Facts] = field(default_factory=list)
    missing_files: list[Facts] = field(default_factory=list)
    not_created: list[Facts] = field(default_factory=list)
    skipped: list[Facts] = field(default_factory=list)

    def message(self) -> str:
        """All findings in one message; empty when all is in order."""
        parts = (
            ("Child sessions still running", [fact["component"] for fact in self.running]),
            ("Child sessions failed", [_with_reason(fact) for fact in self.failed]),
            ("Child sessions cancelled", [fact["component"] for fact in self.cancelled]),
            ("Design files missing", [fact["path"] for fact in self.missing_files]),
            ("Child sessions not created", [_with_reason(fact) for fact in self.not_created]),
        )
        return "; ".join(f"{title}: {', '.join(names)}" for title, names in parts if names)

    def lists(self) -> Facts:
        """The same facts as JSON."""
        return {
            "running": self.running,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "missing_files": self.missing_files,
            "not_created": self.not_created,
            "skipped": self.skipped,
        }

    def only_waiting(self) -> bool:
        """Nothing is wrong but that children still run."""
        return bool(self.running) and not (self.failed or self.cancelled or self.missing_files or self.not_created)


def _with_reason(fact: Facts) -> str:
    return f"{fact['component']} (reason: {fact['reason']})"


class SpawnStep:
    """Spawns one child session per component of the parent's context, and validates them all."""

    def __init__(self, tools: Tools, config: SpawnConfig) -> None:
        self._tools = tools
        self._config = config
        self.name = config.step

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """The ids of all children, after creating those that do not exist yet.

        Raises:
            StepError: no context component, no child components, an unknown session, a child of another workflow, or
                not a single child could be created.
        """
        context = await self._context(scope, session)
        family = await self._tools.store.family(scope, session.id)
        if family is None:
            raise StepError(errors.SESSION_NOT_FOUND)
        parent, existing = family[0], self._by_component(family[1:])
        components = await self._tools.store.components_of(scope, context.id)
        if not components:
            raise StepError(errors.NO_CHILD_COMPONENTS)
        failed = await self._create_missing(parent, context, components, existing)
        if not existing:
            raise StepError(errors.SPAWN_FAILED)
        ids = [existing[component.id].id for component in components if component.id in existing]
        return Command(
            id=new_id(),
            module=self.name,
            command=CommandKind.SPAWN_SESSIONS,
            metadata={"child_session_ids": ids, "failed_components": failed},
            timestamp=self._tools.clock.now(),
        )

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The verdict over all children, read in one snapshot.

        Raises:
            StepError: the session is gone.
        """
        family = await self._tools.store.family(scope, session.id)
        if family is None:
            raise StepError(errors.SESSION_NOT_FOUND)
        children = [child for child in family[1:] if child.type == self._config.child_type]
        findings = self._examine(children, result.data.get("failed_components"))
        message = findings.message() or self._nothing_done(children)
        data = findings.lists()
        if result.error_message is not None:
            data["client_error"] = result.error_message
        if message:
            data["kind"] = "waiting" if findings.only_waiting() else "needs_human"
        verdict = replace(
            result,
            status=ResultStatus.ERROR if message else ResultStatus.OK,
            error_message=message or None,
            data=data,
        )
        return Handled({}, verdict, {member.id: member.version for member in family})

    async def _context(self, scope: Scope, session: Session) -> Component:
        key = session.component_id
        context = await self._tools.store.component(scope, key) if key is not None else None
        if context is None:
            raise StepError(errors.COMPONENT_NOT_FOUND)
        return context

    def _by_component(self, children: Iterable[Session]) -> dict[str, Session]:
        """The children of this step by component; other steps of the workflow may have made others."""
        found: dict[str, Session] = {}
        for child in children:
            if child.type not in self._config.made_by_workflow:
                expected = self._config.child_type
                raise StepError(f"Invalid child session type: expected {expected}, got {child.type}")
            if child.type == self._config.child_type and child.component_id is not None:
                found[child.component_id] = child
        return found

    async def _create_missing(
        self, parent: Session, context: Component, components: Sequence[Component], existing: dict[str, Session]
    ) -> list[Facts]:
        """Create a session for each component that has none; those that could not be created, with the reason."""
        missing = [(place, each) for place, each in enumerate(components) if each.id not in existing]
        outcomes = await asyncio.gather(*(self._create(parent, context, each, place) for place, each in missing))
        failed: list[Facts] = []
        for (_, component), outcome in zip(missing, outcomes, strict=True):
            if isinstance(outcome, Session):
                existing[component.id] = outcome
                continue
            log.warning("no session for component %s: %s", component.name, outcome)
            failed.append({"component_id": component.id, "name": component.name, "reason": outcome})
        return failed

    async def _create(self, parent: Session, context: Component, component: Component, place: int) -> Session | str:
        """A new child session, or the reason why there is none."""
        event = self._created(parent, context, component, place)
        key = event.session_id or ""
        try:
            committed = await self._tools.store.append(Operation(events=(event,), versions={parent.id: parent.version}))
        except (StaleOperationError, FenceLostError):
            raise  # the parent has changed, or is no longer ours: nothing about this component
        except CoveyError as error:
            return str(error)
        return committed.sessions[key]

    def _created(self, parent: Session, context: Component, component: Component, place: int) -> SessionCreated:
        config, rules = self._config, self._tools.rules
        state: Facts = {key: parent.state[key] for key in ("overwrite", ISOLATED) if key in parent.state}
        if config.artifact is ArtifactKind.DESIGN:
            state["parent_context_name"] = context.name
            state["context_design_path"] = rules.path(ArtifactKind.DESIGN, context)
        return SessionCreated(
            at=self._tools.clock.now(),
            run_id=parent.run_id,
            session_id=id_for(parent.id, config.child_type, component.id),
            attempt=1,
            project_id=parent.project_id,
            parent_id=parent.id,
            type=config.child_type,
            component_id=component.id,
            component=component.name,
            module=component.module_name,
            position=place,
            execution_mode=ExecutionMode.AGENTIC,
            agent=parent.agent,
            model=parent.model,
            environment=parent.environment,
            artifact_path=rules.path(config.artifact, component) if config.artifact else None,
            state=state,
        )

    def _examine(self, children: Sequence[Session], failed_components: object) -> Findings:
        findings = Findings()
        for child in children:
            fact: Facts = {"session_id": child.id, "component": child.component, "module": child.module}
            match child.status:
                case Status.ACTIVE:
                    findings.running.append(fact)
                case Status.FAILED:
                    reason = child.error_message or errors.UNKNOWN_REASON
                    findings.failed.append({**fact, "reason": reason, "cause": child.failure_cause})
                case Status.CANCELLED:
                    findings.cancelled.append(fact)
                case Status.SKIPPED:
                    findings.skipped.append({**fact, "reason": child.skip_reason})
                case Status.COMPLETE:
                    if self._file_is_missing(child):
                        findings.missing_files.append({**fact, "path": child.artifact_path})
        findings.not_created.extend(_not_created(failed_components, children))
        return findings

    def _file_is_missing(self, child: Session) -> bool:
        if not self._config.parent_checks or child.artifact_path is None:
            return False
        return not self._tools.present(child.artifact_path)

    def _nothing_done(self, children: Sequence[Session]) -> str:
        if not children:
            return errors.NO_CHILD_SESSIONS
        if all(child.status is Status.SKIPPED for child in children):
            return errors.ALL_SKIPPED
        return ""


def _not_created(failed_components: object, children: Sequence[Session]) -> Iterable[Facts]:
    """Those components that the command could not create a session for and that have none still."""
    if not isinstance(failed_components, list):
        return
    have = {child.component_id for child in children}
    for failed in failed_components:
        if isinstance(failed, Mapping) and failed.get("component_id") not in have:
            reason = failed.get("reason") or errors.UNKNOWN_REASON
            yield {"component_id": failed.get("component_id"), "component": failed.get("name"), "reason": reason}
