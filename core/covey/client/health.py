"""What `covey doctor` looks at: the manifest, covey's own directory, the database, the engine, processes, agents.

Every check only looks, unless it is asked to mend what can be mended without any loss. A finding says what it saw, how
bad it is, and what to do.
"""

import os
import shlex
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from covey.agents.base import problems_of
from covey.agents.registry import AgentRegistry
from covey.client.checkup.finding import MEND, Finding, Severity
from covey.client.checkup.leases import beside_an_engine, engine_at_work, left_leases, no_engine
from covey.client.checkup.leftovers import leftovers
from covey.client.checkup.orphans import orphans
from covey.client.checkup.projection import projection
from covey.client.checkup.sizes import sizes
from covey.client.checkup.worktrees import stale_worktrees
from covey.clock import Clock, SystemClock
from covey.config.settings import RunTable
from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import ConfigError, StoreError, UsageError
from covey.projects.manifest import DeclaredProject, load_project
from covey.steps.git_work import repository_problems
from covey.store.alone import Alone, open_alone
from covey.store.connection import database_path
from covey.store.last_engine import how_it_ended
from covey.store.lock import engine_lives
from covey.store.sqlite import Viewer, open_viewer
from covey.text.words import plural, size


def in_order(findings: list[Finding]) -> bool:
    """Nothing is wrong."""
    return all(finding.severity in {Severity.OK, Severity.NOTE} for finding in findings)


async def examine(root: Path, clock: Clock | None = None, *, fix: bool = False) -> list[Finding]:
    """All findings about the project at `root`; with `fix`, what can be mended without any loss is mended.

    Mending keeps engines away for as long as it takes; beside one that is at work, nothing is mended.
    """
    clock = clock or SystemClock()
    registry = AgentRegistry()
    findings = [*_manifest(root, registry), *_state_directory(root)]
    if not database_path(root / STATE_DIRECTORY).exists():
        findings += [finding async for finding in stale_worktrees(root, fix=fix)]
    elif fix:
        findings += await _mended(root, clock, registry)
    else:
        findings += [finding async for finding in _looked_at(root, clock, registry, None)]
    return [*findings, *await _repository(root, registry), *_agents(root, registry)]


async def _mended(root: Path, clock: Clock, registry: AgentRegistry) -> list[Finding]:
    """Everything that the state directory holds, mended where nobody is at work on it."""
    try:
        async with open_alone(root) as alone:
            if alone is not None:
                upgraded = [] if alone.copy is None else [_upgraded(alone)]
                return [*upgraded, *[finding async for finding in _looked_at(root, clock, registry, alone)]]
    except StoreError as error:
        return [Finding("database", Severity.ERROR, str(error)), *await sizes(root, None)]
    pid = None
    with suppress(StoreError):  # told by what looks at it next
        async with open_viewer(root) as viewer:
            row = None if viewer is None else await viewer.engine()
            pid = None if row is None else row.pid
    found = [finding async for finding in _looked_at(root, clock, registry, None)]
    return [beside_an_engine(root, pid), *found]


def _upgraded(alone: Alone) -> Finding:
    message = f"{alone.path} was of an older covey (schema {alone.found}) and was brought up to date"
    return Finding("database", Severity.OK, f"{message}; as it was before: {alone.copy}")


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


async def _repository(root: Path, registry: AgentRegistry) -> list[Finding]:
    with suppress(UsageError):  # the manifest has its own finding
        missing = await repository_problems(load_project(root, registry))
        return [Finding("git", Severity.ERROR, each) for each in missing]
    return []


def _state_directory(root: Path) -> Iterator[Finding]:
    state = root / STATE_DIRECTORY
    place = state if state.exists() else root
    if not os.access(place, os.W_OK | os.X_OK):
        message = f"{place} cannot be written, covey keeps its state there"
        yield Finding("state", Severity.ERROR, message, _to_be_written(place))
    elif state.exists():
        yield Finding("state", Severity.OK, f"{state} can be written")
    else:
        yield Finding("state", Severity.NOTE, "nothing has been run here yet")


def _to_be_written(place: Path) -> str:
    """What lets a directory be written, by what forbids it."""
    state, user, shown = place.stat(), os.geteuid(), shlex.quote(str(place))
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return "its file system is mounted read-only: mount it for writing, or move the project"
    if user not in {0, state.st_uid}:
        return "it belongs to somebody else: ask them for the right to write there, or move the project"
    if user == 0 or state.st_mode & stat.S_IRWXU == stat.S_IRWXU:
        return f"its mode allows it, so something else forbids it; if lsattr -d shows an i: chattr -i {shown}"
    return f"give yourself the right to write there: chmod u+rwx {shown}"


async def _looked_at(root: Path, clock: Clock, registry: AgentRegistry, alone: Alone | None) -> AsyncIterator[Finding]:
    """The database, who is at work, and what lies around; `alone`: to be mended."""
    # Held by ourselves, the lock tells nothing of others.
    engine_is_alive = alone is None and engine_lives(root / STATE_DIRECTORY)
    artifacts: frozenset[str] = frozenset()
    try:
        async with open_viewer(root) as viewer:
            if viewer is not None:
                async for finding in _database(viewer, root, clock, alone):
                    yield finding
                artifacts = await viewer.artifact_paths(viewer.scope)
                async for finding in _at_work(viewer, root, clock, registry, alone):
                    yield finding
                for finding in await sizes(root, viewer):
                    yield finding
    except StoreError as error:
        yield Finding("database", Severity.ERROR, str(error))  # it says what to do: that depends on the cause
    except msgspec.MsgspecError as error:
        yield Finding("database", Severity.ERROR, f"a row of the database cannot be read: {error}", MEND)
    if not engine_is_alive:
        for finding in leftovers(root, artifacts, fix=alone is not None):
            yield finding
    async for finding in stale_worktrees(root, fix=alone is not None):
        yield finding


async def _database(viewer: Viewer, root: Path, clock: Clock, alone: Alone | None) -> AsyncIterator[Finding]:
    path = database_path(root / STATE_DIRECTORY)
    verdict = await viewer.integrity()
    yield _integrity(verdict, path)
    if not viewer.is_current:
        message = f"{path} was last written by an older covey"
        advice = "the next covey run takes a copy and brings it up to date; then examine it again"
        yield Finding("database", Severity.NOTE, message, advice)
    elif verdict == "ok":
        async for finding in projection(viewer, clock, alone):
            yield finding


def _integrity(verdict: str, path: Path) -> Finding:
    if verdict == "ok":
        return Finding("database", Severity.OK, f"{path} is whole ({size(path.stat().st_size)})")
    fix = f"move {path} aside and run covey again; finished documents are kept"
    return Finding("database", Severity.ERROR, f"{path} is damaged: {verdict}", fix)


async def _at_work(
    viewer: Viewer, root: Path, clock: Clock, registry: AgentRegistry, alone: Alone | None
) -> AsyncIterator[Finding]:
    """The engine and its programs, or what one that is gone has left."""
    row = await viewer.engine()
    if alone is None and row is not None and engine_lives(root / STATE_DIRECTORY):
        yield engine_at_work(row, clock)
        return
    ended = await how_it_ended(viewer, root / STATE_DIRECTORY, ours=alone is not None)
    async for finding in no_engine(viewer, ended, alone):
        yield finding
    async for finding in orphans(viewer, _grace(root, registry), alone):
        yield finding
    if viewer.is_current:
        async for finding in left_leases(viewer, clock, alone):
            yield finding


def _grace(root: Path, registry: AgentRegistry) -> float:
    """How many seconds a program gets to end by itself."""
    with suppress(UsageError):  # the manifest has its own finding
        return load_project(root, registry).settings.run.cancel_grace
    return RunTable().cancel_grace


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
        agent = registry.create(configured.kind, configured.options)
        run = declared.settings.run
        # The manifest's model is meant for the manifest's agent; whoever names another one names its model, too.
        usual = name == run.agent
        problems = problems_of(agent, declared.root, run.model) if usual else agent.preflight(declared.root)
    except UsageError as error:
        problems = (str(error),)
    for problem in problems:
        yield Finding("agents", Severity.ERROR, f"agent {name}: {problem}")
    if not problems:
        yield Finding("agents", Severity.OK, f"agent {name} is usable")
