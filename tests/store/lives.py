"""Lives of sessions for the tests of the store: small operations by name, and looks at the file from outside."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

import aiosqlite
from msgspec.structs import replace

from covey.model import events as e
from covey.model.command import Command, CommandKind, Interaction, Result, ResultStatus, TranscriptKind, TranscriptRow
from covey.model.component import Component
from covey.model.scope import Project, Scope
from covey.model.session import Session, about
from covey.model.status import FailureCause
from covey.model.tree import SessionTree
from covey.store import codec
from covey.store.base import Committed, Completion, Operation
from covey.store.connection import database_path
from covey.store.sqlite import EngineStore, open_engine_store
from covey.testing.clock import FakeClock
from tests.model.strategies import created

SCHEMAS = Path(__file__).parent / "schemas"
PROJECT = Project(id="project", name="Shop", root="/shop", preset="python", config={})
SCOPE = Scope(project=PROJECT, user="ada")
COMPONENTS = (
    Component(id="component-root", project_id="project", name="Shop", module_name="shop"),
    Component(
        id="component-a",
        project_id="project",
        name="A",
        module_name="shop.a",
        priority=7,
        parent_component_id="component-root",
    ),
)


@contextlib.asynccontextmanager
async def engine_store(
    root: Path, clock: FakeClock | None = None, on_commit: Callable[[Committed], None] = lambda _: None
) -> AsyncIterator[EngineStore]:
    """An engine's store in a directory, with the project declared."""
    async with open_engine_store(root, clock=clock or FakeClock(), version="1", on_commit=on_commit) as store:
        await store.declare(PROJECT, COMPONENTS)
        yield store


def file_of(root: Path) -> Path:
    return database_path(root / ".covey")


def left_by_an_older_one(root: Path, schema: int) -> None:
    """A database that the covey of that schema has really written: two runs, a retry, a request that waits."""
    file_of(root).parent.mkdir()
    with contextlib.closing(sqlite3.connect(file_of(root))) as database:
        database.executescript((SCHEMAS / f"schema-{schema}.sql").read_text(encoding="utf-8"))


@contextlib.contextmanager
def outside(root: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody else's, in autocommit mode."""
    with contextlib.closing(sqlite3.connect(file_of(root), isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def sequence(root: Path) -> list[int]:
    """The numbers of all lines of the log."""
    with outside(root) as database:
        return [row[0] for row in database.execute("SELECT seq FROM events ORDER BY seq")]


def stored_log(root: Path) -> list[e.AnyEvent]:
    with outside(root) as database:
        return [codec.entry(row).event for row in database.execute("SELECT seq, body FROM events ORDER BY seq")]


def stored_sessions(root: Path) -> dict[str, Session]:
    with outside(root) as database:
        bodies = [codec.session(row[0]) for row in database.execute("SELECT body FROM sessions")]
    return {session.id: session for session in bodies}


def folded(log: Iterable[e.AnyEvent]) -> dict[str, Session]:
    tree = SessionTree()
    tree.fold(log)
    return dict(tree.sessions)


@contextlib.asynccontextmanager
async def traced(connection: aiosqlite.Connection) -> AsyncIterator[list[str]]:
    """The statements that a connection runs within the block."""
    statements: list[str] = []
    await connection.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        await connection.set_trace_callback(lambda _: None)


def plan_of(root: Path, statement: str) -> str:
    """How SQLite goes about a statement, in its own words."""
    with outside(root) as database:
        return "; ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}"))


# Operations.


def create(session_id: str, parent_id: str | None = None, *, position: int = 0) -> Operation:
    return Operation(events=(created(session_id, parent_id, position=position),))


def of_run(run_id: str, operation: Operation, module: str = "shop") -> Operation:
    """The creation of a session, as one of that run and of that context."""
    (event,) = operation.events
    return Operation(events=(replace(event, run_id=run_id, module=module),))


def start(session: Session) -> Operation:
    event = e.SessionStarted(at=session.updated_at, **about(session))
    return Operation(events=(event,), versions={session.id: session.version})


def issue(session: Session, key: str, kind: CommandKind = CommandKind.CHECK, step: str = "Initialize") -> Operation:
    at = session.updated_at
    event = e.CommandIssued(at=at, **about(session), interaction_id=key, step=step, command=kind)
    interaction = Interaction(
        id=key,
        session_id=session.id,
        attempt=session.attempt,
        step=step,
        command=Command(id=f"c-{key}", module=step, command=kind, timestamp=at),
        epoch=1,
        inserted_at=at,
    )
    return Operation(events=(event,), versions={session.id: session.version}, issued=interaction)


def finish(session: Session, key: str, status: ResultStatus = ResultStatus.OK) -> Operation:
    at = session.updated_at
    event = e.ResultRecorded(at=at, **about(session), interaction_id=key, step=session.step or "", status=status)
    completion = Completion(key, Result(id=f"r-{key}", status=status, timestamp=at), at)
    return Operation(events=(event,), versions={session.id: session.version}, completed=(completion,))


def complete(session: Session) -> Operation:
    found = e.ArtifactFound(at=session.updated_at, **about(session), path=session.artifact_path or "")
    completed = e.SessionCompleted(at=session.updated_at, **about(session))
    events = (found, completed) if session.artifact_path else (completed,)
    return Operation(events=events, versions={session.id: session.version})


def fail(session: Session) -> Operation:
    event = e.SessionFailed(at=session.updated_at, **about(session), cause=FailureCause.CRASH, reason="boom")
    return Operation(events=(event,), versions={session.id: session.version})


def retry(session: Session) -> Operation:
    event = e.SessionRetried(
        at=session.updated_at,
        run_id=session.run_id,
        session_id=session.id,
        attempt=session.attempt + 1,
        agent=session.agent,
        decision_id="d1",
        by="ada",
    )
    return Operation(events=(event,), versions={session.id: session.version})


def said(session: Session, *numbers: int, text: str = "hello") -> list[TranscriptRow]:
    at = session.inserted_at
    return [
        TranscriptRow(
            session_id=session.id,
            attempt=session.attempt,
            step="Initialize",
            n=n,
            at=at,
            kind=TranscriptKind.TEXT,
            text=f"{text} {n}",
        )
        for n in numbers
    ]


async def apply(store: EngineStore, operation: Operation) -> Session:
    """Append an operation about one session; the session as it is then."""
    committed = await store.append(operation)
    (session,) = committed.sessions.values()
    return session


async def family(store: EngineStore, children: int) -> Session:
    """A root, at work, with so many children; the root."""
    await apply(store, create("root"))
    names = [f"child-{position:04}" for position in range(children)]
    await asyncio.gather(*(store.append(create(name, "root", position=n)) for n, name in enumerate(names)))
    root = await store.session(SCOPE, "root")
    assert root is not None
    return await apply(store, start(root))


async def live(store: EngineStore, name: str, *, fails: bool) -> Session:
    """A child's whole life, with a retry where it fails first."""
    found = await store.session(SCOPE, name)
    assert found is not None
    session = await apply(store, start(found))
    session = await apply(store, issue(session, f"{name}-{session.attempt}-1"))
    store.transcribe(said(session, 1, 2))
    session = await apply(store, finish(session, f"{name}-{session.attempt}-1"))
    if fails:
        session = await apply(store, fail(session))
        session = await apply(store, retry(session))
        return await live(store, name, fails=False)
    return await apply(store, complete(session))
