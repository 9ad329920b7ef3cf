"""Executing a command: what a step asked for is done here, whatever kind of command it is, except spawning."""

import asyncio
import functools
import os
from pathlib import Path

from msgspec.structs import replace

from covey.agents.base import Agent, Assignment, CredentialStoppedError, Desk, Outcome, Reviewed, Task
from covey.agents.registry import AgentRegistry
from covey.artifacts.presence import look_at
from covey.engine.discretion import DiscreetDesk, discreet
from covey.engine.git_work import GitWork
from covey.engine.runtime import Turn
from covey.engine.shell import run_tests
from covey.errors import CoveyError, UsageError
from covey.model.ability import Ability
from covey.model.command import Command, CommandKind, Result, ResultStatus, TranscriptKind
from covey.model.component import Component, spawn_order
from covey.model.credential import GateState
from covey.model.ids import new_id
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.projects.commands import command_within
from covey.projects.paths import ArtifactKind
from covey.steps.base import Tools, own_path
from covey.steps.git_work import IN_ORDER, is_isolated
from covey.steps.outcome import findings_in
from covey.steps.tested import Expected, subject_of
from covey.workspace.credentials import Credentials
from covey.workspace.files import move_aside

CHECKED_AT_ONCE = 64 * 1024
"""Documents of more bytes than this are checked in a thread."""


_DOCUMENTS = (ArtifactKind.DESIGN, ArtifactKind.REVIEW)


class Executor:
    """Does what commands say, with the agents of the registry."""

    def __init__(self, registry: AgentRegistry) -> None:
        self._registry = registry
        self._git = GitWork()
        self._credentials = Credentials()

    async def execute(self, tools: Tools, turn: Turn, desk: Desk) -> Result:
        """Do what the turn's command says; the result says how it went and how long it took."""
        started = tools.clock.monotonic()
        discreet_desk = DiscreetDesk(desk, self._credentials)
        try:
            result = await self._execute(tools, turn, discreet_desk)
        except CredentialStoppedError as error:
            raise CredentialStoppedError(error.cause, self.hidden(error.message), error.resets_at) from None
        finally:
            await discreet_desk.settle()
        duration = round((tools.clock.monotonic() - started) * 1000)
        return replace(discreet(result, self._credentials), duration_ms=duration)

    def hidden(self, text: str) -> str:
        """A text without the credentials of this process."""
        return self._credentials.hidden(text)

    async def _execute(self, tools: Tools, turn: Turn, desk: Desk) -> Result:
        command, session, tools = turn.interaction.command, turn.session, tools.within(turn.session)
        if command.command is CommandKind.AGENT:
            return await self._agent(tools, turn, desk)
        if command.command is CommandKind.SHELL:
            return await run_tests(tools, command, desk)
        if command.command is CommandKind.GIT:
            return await self._git.execute(tools, turn, desk, lambda bound: self._own(bound, session, command, desk))
        return await self._check(tools, session, command, desk)

    async def _own(self, tools: Tools, session: Session, command: Command, desk: Desk) -> Result:
        """What the step itself asks for beside what git does for it: a run of tests, or a look."""
        if "arguments" not in command.metadata:
            return await self._check(tools, session, command, desk)
        result = await run_tests(tools, command, desk)
        return replace(result, data={**result.data, IN_ORDER: not findings_in(result)})

    async def _agent(self, tools: Tools, turn: Turn, desk: Desk) -> Result:
        command, session = turn.interaction.command, turn.session
        if is_isolated(session) and not tools.root.is_dir():
            await self._git.reopen(tools, turn, desk)
        path, aside = own_path(session), command.metadata.get("move_aside_to")
        replaces = isinstance(aside, str) and not _is_there(f"{tools.root}/{aside}/{path}")
        is_new = not command.metadata.get("existed") or (isinstance(aside, str) and not replaces)
        if turn.recovered and is_new and tools.present(path):
            return _result(tools, ResultStatus.OK, recovered=True)
        if replaces:
            moved = await _replace(tools, path, str(aside), desk)
            if moved.status is ResultStatus.ERROR:
                return moved
        agent = self.agent(tools, session.agent)
        outcome = await agent.run(assignment(tools, session, command), desk)
        if outcome.message:
            await desk.report(TranscriptKind.OUTPUT, outcome.message + "\n")
        return _of_outcome(tools, outcome)

    def agent(self, tools: Tools, name: str) -> Agent:
        """The agent of this name, with its settings.

        Raises:
            UsageError: there is no such agent.
        """
        configured = tools.settings.agent(name)
        return self._registry.create(configured.kind, configured.options)

    def abilities(self, tools: Tools, name: str) -> tuple[Ability, ...]:
        """What the agent of this name can do beside its work; nothing where it is not known, or cannot be loaded."""
        try:
            return self._registry.abilities(tools.settings.agent(name).kind)
        except (UsageError, KeyError):  # told by the step that needs it
            return ()

    def credential_of(self, tools: Tools, name: str) -> str | None:
        """The name of the credential that the agent of this name works with; None where it has none.

        Raises:
            UsageError: there is no such agent.
        """
        tell = getattr(self.agent(tools, name), "credential", None)
        return tell() if callable(tell) else None

    def gates(self) -> tuple[GateState, ...]:
        """How the gates before credentials stand."""
        return self._registry.gates()

    async def _check(self, tools: Tools, session: Session, command: Command, desk: Desk) -> Result:
        path = command.metadata.get("path")
        if not isinstance(path, str):
            return _result(tools, ResultStatus.OK)
        aside = command.metadata.get("move_aside_to")
        if isinstance(aside, str):
            return await _replace(tools, path, aside, desk)
        kind = next((kind for kind in _DOCUMENTS if command.metadata.get(kind)), None)
        if kind is not None:
            return await self._check_document(tools, session, kind, desk)
        state = look_at(tools.root, path)
        return _result(tools, ResultStatus.OK, present=state.present, reason=state.reason)

    async def _check_document(self, tools: Tools, session: Session, kind: ArtifactKind, desk: Desk) -> Result:
        path = own_path(session)
        # A document of ordinary size is checked in less time than it takes to hand it to a thread and back.
        large = _size(f"{tools.root}/{path}") > CHECKED_AT_ONCE
        look = functools.partial(tools.design_findings, session, kind)
        found = await asyncio.to_thread(look) if large else look()
        for finding in found:
            await desk.report(TranscriptKind.CHECK, f"{path}: {finding}\n")
        present = not found or tools.present(path)
        return _result(tools, ResultStatus.OK, present=present, findings=[str(finding) for finding in found])


def _is_there(path: str) -> bool:
    return os.path.lexists(path)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - asked of every document, often
    except OSError:
        return 0


async def _replace(tools: Tools, path: str, aside: str, desk: Desk) -> Result:
    """Move a file that is to be made anew out of the way, where it is kept."""
    if not look_at(tools.root, path).present:
        return _result(tools, ResultStatus.OK, present=False)
    try:
        move_aside(tools.root, path, Path(aside, path))
    except (CoveyError, OSError) as error:
        return _result(tools, ResultStatus.ERROR, f"{path} could not be moved to {aside}: {error}")
    await desk.report(TranscriptKind.CHECK, f"{path} was moved to {aside}/{path}\n")
    return _result(tools, ResultStatus.OK, present=False, moved_to=f"{aside}/{path}")


def assignment(tools: Tools, session: Session, command: Command) -> Assignment:
    """The work that a command hands to an agent."""
    component = _component(tools, session)
    context = tools.components.get(component.parent_component_id or "", component)
    kind = ArtifactKind(str(command.metadata["artifact"]))
    missing = session.state.get("missing_files") or ()
    cause = session.state.get("failure_cause")
    findings = command.metadata.get("findings")
    paths = {each: tools.rules.path(each, component) for each in ArtifactKind} | {kind: own_path(session)}
    must_fail = kind is ArtifactKind.TEST and subject_of(tools, session, kind).expected is Expected.FAIL
    return Assignment(
        session_id=session.id,
        attempt=session.attempt,
        step=command.module,
        task=Task(str(command.metadata["task"])),
        kind=kind,
        workspace=tools.root,
        target=paths[kind],
        source=paths[ArtifactKind.CODE],
        design_path=paths[ArtifactKind.DESIGN],
        test_path=paths[ArtifactKind.TEST],
        test_command=tuple(command_within(tools.root, tools.home, tools.settings, paths[ArtifactKind.TEST])),
        test_timeout=tools.settings.commands.timeout,
        must_fail=must_fail,
        component=component,
        context=context,
        context_design_path=str(
            session.state.get("context_design_path") or tools.rules.path(ArtifactKind.DESIGN, context)
        ),
        components=tools.components.values(),
        sections=tools.sections(session, kind),
        reviewed=_reviewed(tools, component) if kind is ArtifactKind.REVIEW else (),
        source_roots=tuple(tools.settings.project.source),
        findings=tuple(str(finding) for finding in findings) if isinstance(findings, list) else (),
        failure=session.state.get("failure"),
        failure_cause=None if cause is None else FailureCause(cause),
        missing=tuple(str(path) for path in missing),
        note=session.note,
        model=session.model,
    )


def _reviewed(tools: Tools, context: Component) -> tuple[Reviewed, ...]:
    """The components of a context with their files, in spawn order."""
    below = sorted(
        (each for each in tools.components.values() if each.parent_component_id == context.id), key=spawn_order
    )
    rules = tools.rules
    return tuple(
        Reviewed(each, rules.path(ArtifactKind.DESIGN, each), rules.path(ArtifactKind.CODE, each)) for each in below
    )


def _component(tools: Tools, session: Session) -> Component:
    found = tools.components.get(session.component_id or "")
    if found is not None:
        return found
    # Left out of the manifest since the session was created: what the session knows of it is enough to go on.
    return Component(
        id=session.component_id or session.id,
        project_id=session.project_id,
        name=session.component,
        module_name=session.module,
    )


def _of_outcome(tools: Tools, outcome: Outcome) -> Result:
    return Result(
        id=new_id(),
        status=ResultStatus.OK if outcome.ok else ResultStatus.ERROR,
        data={} if outcome.ok else {"cause": outcome.cause},
        code=outcome.code,
        error_message=None if outcome.ok else outcome.message or "the agent failed without saying why",
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        timestamp=tools.clock.now(),
    )


def _result(tools: Tools, status: ResultStatus, message: str | None = None, **data: object) -> Result:
    return Result(id=new_id(), status=status, error_message=message, data=data, timestamp=tools.clock.now())
