"""What the step loop needs of whatever runs it: time, tasks, I/O and the store all stand behind this protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from covey.model.command import Interaction, Result
from covey.model.session import Session
from covey.store.base import Child


class Running(NamedTuple):
    """A session in one attempt: what a loop works on. A later attempt is another loop's."""

    session_id: str
    attempt: int


class Next(Enum):
    """What the loop does after a result was recorded."""

    GO_ON = "go_on"
    WAIT = "wait"
    END = "end"


@dataclass(frozen=True, slots=True)
class Turn:
    """One interaction that is to be executed. `recovered`: an engine that died had begun with it."""

    running: Running
    session: Session
    interaction: Interaction
    recovered: bool = False


class Due(NamedTuple):
    """The children of a session: those to be started now, and the ids of all that have not ended, those among them."""

    start: Sequence[Child]
    left: set[str]


class Runtime(Protocol):
    """Runs sessions. A ticket counts a session's wake-ups: take it before reading the store, wait for a newer one."""

    def ticket(self, running: Running) -> int:
        """The number of wake-ups so far: its own controls, its children's status changes, their artifacts."""
        ...

    async def changed(self, running: Running, ticket: int) -> None:
        """Wait for a wake-up that is newer than the ticket."""
        ...

    async def next_command(self, running: Running) -> Turn | None:
        """The turn to take; None when the session has ended or another attempt has begun."""
        ...

    async def execute(self, turn: Turn) -> Result:
        """Do what the turn's command says, anything but spawning; never raises for what an agent does."""
        ...

    async def handle_result(self, turn: Turn, result: Result) -> Next:
        """Record the result and what follows from it."""
        ...

    async def due_children(self, running: Running, before: Due | None) -> Due:
        """The children that are neither terminal nor running; `before` is what was due when this was asked last."""
        ...

    async def start_child(self, parent: Running, child: Child) -> None:
        """Start a child's loop; starting one that runs already changes nothing."""
        ...

    async def any_done(self, parent: Running, ticket: int) -> None:
        """Wait until a child's status has changed since the ticket."""
        ...

    def spawned(self, turn: Turn) -> Result:
        """The result of a spawn command whose children have all ended."""
        ...
