"""What the store offers, apart from how: operations, what comes back of them, and the protocols.

An `Operation` is all that one decision changes, with the versions of the rows it was decided on. The writer applies it
whole or not at all, in one transaction with whatever else is pending, and whoever appended it continues only after
that transaction is durable.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from covey.model.command import Interaction, Result, Try
from covey.model.component import Component
from covey.model.control import ControlRequest
from covey.model.credential import GateState
from covey.model.events import AnyEvent, Entry
from covey.model.scope import Scope
from covey.model.session import Session


class Completion(NamedTuple):
    """The result of an interaction; a `late` one is kept for people, and nothing is decided on it."""

    interaction_id: str
    result: Result
    completed_at: datetime
    late: bool = False


class Said(NamedTuple):
    """A message of a session's conversation with its agent: its number, counted from 1, and the message as JSON.

    `conversation` is the attempt in which the conversation began, `interaction_id` the step in which this was said.
    """

    session_id: str
    conversation: int
    n: int
    interaction_id: str
    body: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """All that one decision changes.

    `versions` are the versions of the rows it was decided on, by session id; an operation that no longer fits fails
    with `StaleOperationError` and changes nothing. `issued` is stored as a pending interaction, `completed` closes
    one, `settled` are control requests with their outcome, `said` is added to conversations.
    """

    events: tuple[AnyEvent, ...] = ()
    versions: dict[str, int] = {}
    issued: Interaction | None = None
    completed: tuple[Completion, ...] = ()
    settled: tuple[ControlRequest, ...] = ()
    said: tuple[Said, ...] = ()


class Committed(NamedTuple):
    """What came of an operation: its lines of the log, and the rows of its sessions as they are now."""

    entries: tuple[Entry, ...]
    sessions: Mapping[str, Session]


class Position(NamedTuple):
    """A session with the tries of its present attempt, oldest first: what the next step is decided on."""

    session: Session
    tries: tuple[Try, ...]


class Child(NamedTuple):
    """An active child with what its place in the queue depends on; `priority` is its component's.

    One that is `held` was interrupted, and a human has to decide before it may go on; one that `asks` waits for the
    answer of a human.
    """

    session_id: str
    attempt: int
    type: str
    position: int
    priority: int | None
    held: bool = False
    asks: bool = False


class Line(msgspec.Struct, frozen=True):
    """A line of the log with the facts about its session that programs want beside it."""

    entry: Entry
    parent_id: str | None
    type: str | None
    component: str | None
    module: str | None


class EngineRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the present (or last) engine says of itself; whether it lives is told by the lock alone.

    `slots` is how many sessions may work at the same time; 0 where that was not written down. `held` is how many do for
    now, where the machine is `short_of` something; 0 where nothing is held back. `gates` are those before credentials,
    as they stood a second ago at most.
    """

    pid: int
    since: datetime
    epoch: int
    version: str
    stopped: bool = False
    slots: int = 0
    held: int = 0
    short_of: tuple[str, ...] = ()
    gates: tuple[GateState, ...] = ()


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process group that works for a session, recorded before it may act."""

    session_id: str
    attempt: int
    pid: int
    group: int
    started: str


class Sessions(Protocol):
    """What steps may ask of the store. Every call takes a scope; another project's rows are not found."""

    async def family(self, scope: Scope, session_id: str) -> tuple[Session, ...] | None:
        """A session followed by its children in spawn order, of one moment, in one query; None when it is unknown."""
        ...

    async def component(self, scope: Scope, component_id: str) -> Component | None:
        """One component."""
        ...

    async def components_of(self, scope: Scope, component_id: str) -> tuple[Component, ...]:
        """The components of a context, in spawn order."""
        ...

    async def append(self, operation: Operation) -> Committed:
        """Apply an operation; returns once it is durable.

        Raises:
            StaleOperationError: rows it was decided on have changed; nothing of it was written.
            IllegalEventError: the reducer refuses one of its events; nothing of it was written.
            FenceLostError: another engine has taken over.
            StoreError: the database cannot be written (full, gone, locked); the engine cannot go on.
        """
        ...
