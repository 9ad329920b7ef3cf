"""What `covey doctor` looks at: the manifest, covey's own directory, the database, the engine, processes, agents.

Every check only looks, unless it is asked to mend what can be mended without any loss. A finding says what it saw, how
bad it is, and what to do.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.client.worktrees import Finding, Severity, stale_worktrees
from covey.clock import Clock, SystemClock
from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import ConfigError, StoreError, UsageError
from covey.model.session import is_terminal
from covey.projects.manifest import DeclaredProject, load_project
from covey.store.base import Process
from covey.store.connection import database_path
from covey.store.lock import engine_lives
from covey.store.sqlite import Viewer, open_viewer
from covey.text.words import ago, plural, size
from covey.workspace import process_table


def in_order(findings: list[Finding]) -> bool:
    """Nothing is wrong."""
    return all(finding.severity in {Severity.OK, Severity.NOTE} for finding in findings)


async def examine(root: Path, clock: Clock | None = None, *, fix: bool = False) -> list[Finding]:
    """All findings about the project at `root`; with `fix`, what can be mended without any loss is mended."""
    clock = clock or SystemClock()
    registry = AgentRegistry()
    findings = [*_manifest(root, registry), *_state_directory(root)]
    findings.extend([finding async for finding in _database(root, clock)])
    findings.extend([finding async for finding in stale_worktrees(root, fix=fix)])
    return [*findings, *_agents(root, registry)]


def _manifest(root: Path, registry: AgentRegistry) -> Iterator[Finding]:
    try:
        declared = load_project(root, registry)
    except ConfigError as error:
        for mistake in error.mistakes:
            yield Finding("manifest", Severity.ERROR, str(mistake), "correct the line")
    except UsageError as error:
        yield Finding("manifest", Severity.ERROR, str(error), "run: covey init")
    else:
        contexts = plural(len(declared.contexts), "context")
        components = plural(sum(len(context.components) for context in declared.contexts), "component")
        yield Finding("manifest", Severity.OK, f"covey.toml declares {contexts} with {components}")


def _state_directory(root: Path) -> Iterator[Finding]:
    state = root / STATE_DIRECTORY
    place = state if state.exists() else root
    if not os.access(place, os.W_OK | os.X_OK):
        fix = f"give yourself the right to write there: chmod u+rwx {place}"
        yield Finding("state", Severity.ERROR, f"{place} cannot be written, covey keeps its state there", fix)
    elif state.exists():
        yield Finding("state", Severity.OK, f"{state} can be written")
    else:
        yield Finding("state", Severity.NOTE, "nothing has been run here yet")


async def _database(root: Path, clock: Clock) -> AsyncIterator[Finding]:
    path = database_path(root / STATE_DIRECTORY)
    try:
        async with open_viewer(root) as viewer:
            if viewer is None:
                return
            yield _integrity(await viewer.integrity(), path)
            async for finding in _engine(viewer, root, clock):
                yield finding
    except StoreError as error:
        yield Finding("database", Severity.ERROR, str(error))  # it says what to do: that depends on the cause


def _integrity(verdict: str, path: Path) -> Finding:
    if verdict == "ok":
        return Finding("database", Severity.OK, f"{path} is whole ({size(path.stat().st_size)})")
    fix = f"move {path} aside and run covey again; finished documents are kept"
    return Finding("database", Severity.ERROR, f"{path} is damaged: {verdict}", fix)


async def _engine(viewer: Viewer, root: Path, clock: Clock) -> AsyncIterator[Finding]:
    row = await viewer.engine()
    alive = engine_lives(root / STATE_DIRECTORY)
    if alive and row is not None:
        age = ago(row.since, clock.now())
        if process_table.is_stopped(row.pid):
            message = f"the engine (pid {row.pid}, for {age}) has been stopped by a signal and does nothing"
            fix = f"let it go on: kill -CONT {row.pid}; or end it: kill -KILL {row.pid}"
            yield Finding("engine", Severity.WARNING, message, fix)
        else:
            yield Finding("engine", Severity.OK, f"an engine is at work (pid {row.pid}, for {age})")
        return
    unfinished = [run for run in await viewer.roots(viewer.scope) if not is_terminal(run)]
    waiting = len(await viewer.queued_controls())
    message = f"no engine is at work; {plural(len(unfinished), 'unfinished run')}, {plural(waiting, 'waiting request')}"
    go_on = "see how to go on: covey status" if unfinished or waiting else None
    yield Finding("engine", Severity.NOTE if unfinished or waiting else Severity.OK, message, go_on)
    for process in await viewer.processes():
        finding = _orphan(process)
        if finding is not None:
            yield finding


def _orphan(process: Process) -> Finding | None:
    """A recorded process that goes on although its engine is gone."""
    members = [each.pid for each in process_table.everybody() if each.group == process.group and not each.zombie]
    leader = process_table.look(process.pid)
    is_ours = leader is None or process.started == f"{process_table.here()} {leader.started}"
    if not members or not is_ours or not process.started.startswith(process_table.here()):
        return None
    message = f"a program of session {process.session_id} goes on without its engine (process group {process.group})"
    fix = f"the next covey run ends it; or: kill -- -{process.group}"
    return Finding("processes", Severity.WARNING, message, fix)


def _agents(root: Path, registry: AgentRegistry) -> Iterator[Finding]:
    kinds = ", ".join(sorted(registry.names()))
    yield Finding("agents", Severity.OK, f"kinds of agents that are installed: {kinds}")
    try:
        declared = load_project(root, registry)
    except UsageError:
        return  # the manifest has its own finding
    for name in dict.fromkeys([declared.settings.run.agent, *declared.settings.agents]):
        yield from _agent(declared, registry, name)


def _agent(declared: DeclaredProject, registry: AgentRegistry, name: str) -> Iterator[Finding]:
    try:
        configured = declared.settings.agent(name)
        problems = registry.create(configured.kind, configured.options).preflight(declared.root)
    except UsageError as error:
        problems = (str(error),)
    for problem in problems:
        yield Finding("agents", Severity.ERROR, f"agent {name}: {problem}")
    if not problems:
        yield Finding("agents", Severity.OK, f"agent {name} is usable")
