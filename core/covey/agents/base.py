"""What an agent is: something that is given an assignment, works at a desk, and says how it went.

An agent's word is worth nothing: whether the session ends well is decided by the file it leaves behind. An agent
comes in through the entry point group `covey.agents`; the name of the entry point is its `kind` in `covey.toml`.
An agent is ended by cancelling `run`; it cleans up within the desk's grace and lets the cancellation out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel

from covey.errors import CoveyError
from covey.model.command import TranscriptKind
from covey.model.component import Component
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from covey.workspace.processes import Grace, ProcessLedger


class Task(StrEnum):
    """What an agent is asked for."""

    GENERATE = "generate"
    REVISE = "revise"


class Reviewed(NamedTuple):
    """A component whose design is reviewed: its document and its code, by the path rules, whether they exist or not."""

    component: Component
    design: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One piece of work: write (or mend) the file `target` for a component.

    `kind` says what file that is. Paths are relative to `workspace` (absolute). `source` is the component's code by the
    path rules, `design_path` its design document and `test_path` its tests, whether they exist or not; `test_command`
    runs those tests, in the workspace, for at most `test_timeout` seconds. `must_fail`: there is no code yet, so the
    tests that are asked for have to be collected and fail. `sections` are the headings that a document must have.
    `findings` are what the last check found wrong, `failure` is how the attempt before this one ended and
    `failure_cause` its class, `note` what a human says about it. `components` are all components of the project
    (contexts among them), so that dependencies can be named as the project knows them. For a review, `component` is the
    context itself, and `reviewed` are its components in spawn order.
    """

    session_id: str
    attempt: int
    step: str
    task: Task
    kind: ArtifactKind = ArtifactKind.DESIGN
    workspace: Path
    target: str
    source: str
    component: Component
    context: Component
    context_design_path: str
    components: Collection[Component]
    sections: tuple[str, ...]
    design_path: str = ""
    test_path: str = ""
    test_command: tuple[str, ...] = ()
    test_timeout: float = 600.0
    must_fail: bool = False
    reviewed: tuple[Reviewed, ...] = ()
    source_roots: tuple[str, ...] = (".",)
    findings: tuple[str, ...] = ()
    failure: str | None = None
    failure_cause: FailureCause | None = None
    missing: tuple[str, ...] = ()
    note: str | None = None
    model: str | None = None


Message = dict[str, Any]
"""One message of a conversation, as the Messages API has it: `role`, and `content` as a list of blocks."""


class Conversation(Protocol):
    """What a session and its model have said to each other: durable, and gone on with by whatever resumes the session.

    The steps of an attempt share one conversation. A bare retry begins another.
    """

    async def load(self) -> list[Message]:
        """All messages so far, oldest first."""
        ...

    async def append(self, *messages: Message) -> None:
        """Add messages; returns once they are durable."""
        ...

    async def is_begun(self) -> bool:
        """The prompt of the present step was said already: its work was interrupted, and goes on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnUsage:
    """What one turn of a model has used, as its provider counts it.

    `model` is the one that answered, `asked` the one that was asked where that may be another: its price holds where
    none is known of the one that answered. `tokens` are those of each kind in `TOKEN_KINDS` that is not zero; `input`
    leaves out what was read from a cache or written to one. `request_id` is the provider's name for the turn, if it
    gives any.
    """

    model: str
    tokens: Mapping[str, int]
    request_id: str | None = None
    asked: str | None = None


class BudgetSpentError(Exception):
    """The session has no money left for another turn; raised by the desk. The text is the session's failure.

    An agent lets it out of `run`: the session then fails with the cause `budget`, and its work on disk stays.
    """


class Desk(Protocol):
    """What the engine lends an agent while it works."""

    @property
    def conversation(self) -> Conversation:
        """The conversation of the session, for agents that talk to a model themselves."""
        ...

    @property
    def grace(self) -> Grace:
        """How long the work may take to end once it is cancelled."""
        ...

    @property
    def ledger(self) -> ProcessLedger:
        """Where processes are recorded before they may act."""
        ...

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Add to the session's transcript; any length, the store splits it."""
        ...

    async def spent(self, usage: TurnUsage) -> None:
        """Count what a turn has used, once it is paid for: at its end, also where nothing of it can be used.

        Counted once for a `request_id`, however often it is told, and by whichever engine; without one, each time.
        It counts too while the agent is being ended.
        """
        ...

    async def before_turn(self) -> tuple[str, ...]:
        """What humans have said since the last turn, oldest first. For agents with `turns`, before each turn.

        Waits while the run is hard paused; the session's slot is given back meanwhile.
        """
        ...

    async def ask(self, question: str) -> str:
        """Ask a human, and wait for the answer, however long it takes; the session's slot is given back meanwhile.

        One question at a time: a second one waits for the first one's answer. What an agent that is started anew after
        an interruption asks again, in the same words, is the same question. So it is for one that has ceased to wait
        (its call was cancelled) and works on: its question stands until it asks another one, or ends.

        Raises:
            ValueError: the question has no words.
        """
        ...


class CredentialStoppedError(CoveyError):
    """The credential with which an agent works is refused, or used up: raised out of `run`, by whoever meets it first.

    It is no attempt of anybody's. The engine starts nobody else with that credential, and calls the agent again for the
    same work once the credential is resumed: at `resets_at` where that is known, else when a human says so. `cause` is
    the class of what happened, `message` what was said about it, for people, without any part of the credential.
    """

    def __init__(self, cause: FailureCause, message: str, resets_at: datetime | None = None) -> None:
        self.cause = cause
        self.message = message
        self.resets_at = resets_at
        super().__init__(message)

    def again(self) -> "CredentialStoppedError":
        """The same, for somebody else to raise."""
        return CredentialStoppedError(self.cause, self.message, self.resets_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the work went, in the agent's own words. `message` says why it failed; `code` is an exit code."""

    ok: bool
    message: str | None = None
    cause: FailureCause = FailureCause.AGENT_ERROR
    code: int | None = None
    stdout: str = ""
    stderr: str = ""


class Agent(Protocol):
    """The protocol of an agent; constructed with its checked settings from `covey.toml`.

    A class may say in `abilities`, a frozenset of `covey.model.ability.Ability`, what it can do beside its work; one
    that says nothing can do none of it. It may have more than that: `credential(self) -> str | None`, the NAME of the
    variable whose value it works with, never the value, where it matters by `covey.model.credential.used_at` with the
    address (agents that tell the same are paused together); `gates`, a static method that tells how the gates of its
    credentials stand; `model_problems(self, model) -> tuple[str, ...]`, what keeps it from working with the model that
    a run names (None: none), said before anything is started.
    """

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, settings: BaseModel) -> None: ...

    def preflight(self, workspace: Path) -> tuple[str, ...]:
        """What keeps the agent from working, each with what to do; empty when it is usable."""
        ...

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Do the work. A failure is an Outcome; an exception is taken as a crash of the agent.

        Raises CredentialStoppedError where the agent's credential is refused.

        An agent that cannot write the `kind` of file that is asked for says so in a failed Outcome, and writes nothing.
        """
        ...


@runtime_checkable
class NeedsModel(Protocol):
    """An agent that cannot work with just any model, or with none."""

    def model_problems(self, model: str | None) -> tuple[str, ...]:
        """What keeps it from working with the model that a run names, each with what to do; None: it names none."""
        ...


def problems_of(agent: Agent, workspace: Path, model: str | None) -> tuple[str, ...]:
    """What keeps an agent from working with this model, or with none, each with what to do."""
    of_model = agent.model_problems(model) if isinstance(agent, NeedsModel) else ()
    return (*agent.preflight(workspace), *of_model)
