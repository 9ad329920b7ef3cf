"""The shared spawn step: one child session per component, and the parent's verdict over all of them.

Its configurations: children that design, whose files the parent looks for itself, and children that write tests or
code, whose own last step guarantees their file.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from covey import errors
from covey.errors import CoveyError, FenceLostError, StaleOperationError, StepError
from covey.model.command import Command, CommandKind, Result
from covey.model.component import Component
from covey.model.events import SessionCreated
from covey.model.ids import id_for, new_id
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import ExecutionMode, Status
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools
from covey.steps.git_work import ISOLATED
from covey.steps.verdict import Facts, examine, verdict
from covey.store.base import Operation
from covey.text.sanitise import sanitise_line

log = logging.getLogger(__name__)


REVIEW_TYPE = "ComponentDesignReviewSessions"
"""The child that reviews what the design children have written; `covey.steps.spawn_review` makes it."""


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
    made_by_workflow=frozenset({"ComponentDesignSessions", REVIEW_TYPE}),
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
        context = await context_of(self._tools, scope, session)
        family = await self._tools.store.family(scope, session.id)
        if family is None:
            raise StepError(errors.SESSION_NOT_FOUND)
        refuse_strangers(family[1:], self._config.made_by_workflow, self._config.child_type)
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
        findings = examine(children, result.data.get("failed_components"), self._file_is_missing)
        return verdict(family, result, findings, self._nothing_done(children))

    def _by_component(self, children: Iterable[Session]) -> dict[str, Session]:
        """The children of this step by component; other steps of the workflow may have made others."""
        found: dict[str, Session] = {}
        for child in children:
            if child.type == self._config.child_type and child.component_id is not None:
                found[child.component_id] = child
        return found

    async def _create_missing(
        self, parent: Session, context: Component, components: Sequence[Component], existing: dict[str, Session]
    ) -> list[Facts]:
        """Create a session for each component that has none; those that could not be created, with the reason."""
        missing = [(place, each) for place, each in enumerate(components) if each.id not in existing]
        events = (self._created(parent, context, component, place) for place, component in missing)
        outcomes = await asyncio.gather(*(create(self._tools, parent, event) for event in events))
        failed: list[Facts] = []
        for (_, component), outcome in zip(missing, outcomes, strict=True):
            if isinstance(outcome, Session):
                existing[component.id] = outcome
            else:
                failed.append(could_not_create(component, component.name, outcome))
        return failed

    def _created(self, parent: Session, context: Component, component: Component, place: int) -> SessionCreated:
        config, rules = self._config, self._tools.rules
        state: Facts = {key: parent.state[key] for key in ("overwrite", ISOLATED) if key in parent.state}
        if config.artifact is ArtifactKind.DESIGN:
            state["parent_context_name"] = context.name
            state["context_design_path"] = rules.path(ArtifactKind.DESIGN, context)
        path = rules.path(config.artifact, component) if config.artifact else None
        return child_created(self._tools, parent, config.child_type, component, place, path=path, state=state)

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


async def context_of(tools: Tools, scope: Scope, parent: Session) -> Component:
    """The context that a parent works on.

    Raises:
        StepError: it has none, or the context is gone.
    """
    key = parent.component_id
    context = await tools.store.component(scope, key) if key is not None else None
    if context is None:
        raise StepError(errors.COMPONENT_NOT_FOUND)
    return context


def refuse_strangers(children: Iterable[Session], known: Collection[str], expected: str) -> None:
    """Nothing but children of the known types.

    Raises:
        StepError: a child of another type, where one of the type `expected` could have been.
    """
    for child in children:
        if child.type not in known:
            raise StepError(f"Invalid child session type: expected {expected}, got {child.type}")


async def create(tools: Tools, parent: Session, event: SessionCreated) -> Session | str:
    """A new child session, or the reason why there is none.

    Raises:
        StaleOperationError: the parent has changed; FenceLostError: it is no longer ours. Neither tells of the child.
    """
    try:
        committed = await tools.store.append(Operation(events=(event,), versions={parent.id: parent.version}))
    except (StaleOperationError, FenceLostError):
        raise
    except CoveyError as error:
        return str(error)
    return committed.sessions[event.session_id or ""]


def could_not_create(component: Component, name: str, reason: str) -> Facts:
    """The fact that there is no session for a component, for the log and for the command."""
    log.warning("no session for component %s: %s", sanitise_line(name), sanitise_line(reason))
    return {"component_id": component.id, "name": name, "reason": reason}


def child_created(
    tools: Tools,
    parent: Session,
    child_type: str,
    component: Component,
    position: int,
    *,
    path: str | None,
    state: Facts,
    name: str | None = None,
) -> SessionCreated:
    """The event that makes a child, which works as its parent does. `name` is shown for it, if not the component's."""
    return SessionCreated(
        at=tools.clock.now(),
        run_id=parent.run_id,
        session_id=id_for(parent.id, child_type, component.id),
        attempt=1,
        project_id=parent.project_id,
        parent_id=parent.id,
        type=child_type,
        component_id=component.id,
        component=name or component.name,
        module=component.module_name,
        position=position,
        execution_mode=ExecutionMode.AGENTIC,
        agent=parent.agent,
        model=parent.model,
        environment=parent.environment,
        artifact_path=path,
        state=state,
    )
