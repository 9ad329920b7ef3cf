"""The tables of `covey.toml` as types, with their defaults: exactly the keys that this version acts on.

A key that nothing acts on yet is an error, not a wish: a budget that is read and ignored would be a lie. What spans
several tables (which agent exists, which module is known) is not decided here.
"""

import string
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError

from covey.config.durations import Duration
from covey.config.placeholders import check_argument, unknown
from covey.config.prices import Prices
from covey.errors import UsageError
from covey.model.activity import QUIET_AFTER
from covey.text.quoting import did_you_mean, has_controls, listed, quoted

TEST_PLACEHOLDERS = ("python", "file")
PLACEHOLDERS = ("path", "dir", "stem", "module", "name")
DEFAULT_AGENT = "offline"
DEFAULT_TYPE = "module"
DEFAULT_SECTIONS = {
    "module": ("Purpose", "Public API", "Dependencies"),
    "schema": ("Purpose", "Fields", "Dependencies"),
}
REVIEW_SECTIONS = ("Summary", "Findings", "Components reviewed")
"""The sections that the review of a context's design documents must have."""

_LARGEST = 1_000_000


class Preset(StrEnum):
    """Which rules say where a component's files are."""

    PYTHON = "python"
    ELIXIR = "elixir"


class Isolation(StrEnum):
    """Where sessions work: all in the project itself, or each in a git worktree of its own."""

    NONE = "none"
    WORKTREE = "worktree"


class Table(BaseModel):
    """A table of `covey.toml`: its values are taken as written, and other keys than its own are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC), in which all names are kept and compared."""
    return unicodedata.normalize("NFC", text)


def _label(text: str) -> str:
    if not text.strip():
        raise ValueError("should not be blank")
    if has_controls(text):
        raise ValueError(f"should have no control characters, not {quoted(text)}")
    return composed(text)


def _source_root(text: str) -> str:
    _label(text)
    if text.startswith("/") or "\\" in text or ".." in PurePosixPath(text).parts:
        raise ValueError(f'should be a directory inside the project, like "src", not {quoted(text)}')
    return str(PurePosixPath(text))


def _template(text: str) -> str:
    _label(text)
    try:
        fields = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"is no template: {error}; write a brace that is meant as such twice") from error
    for name, style, conversion in fields:
        if name not in PLACEHOLDERS or style or conversion:
            raise unknown(name or "", PLACEHOLDERS)
    if text.startswith("/") or "\\" in text or ".." in PurePosixPath(text).parts:
        raise ValueError(f"should be a path inside the project, not {quoted(text)}")
    return text


def _argument(text: str) -> str:
    check_argument(text, TEST_PLACEHOLDERS)
    return text


def _test_command(command: tuple[str, ...]) -> tuple[str, ...]:
    if not command or not command[0].strip() or "{file}" in command[0]:
        raise ValueError('should begin with a program, like ["{python}", "-m", "pytest", "{file}"]')
    if not any("{file}" in argument for argument in command):
        raise ValueError('should have {file} where the file goes, like ["{python}", "-m", "pytest", "{file}"]')
    return command


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("should have at least one entry")
    twice = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if twice:
        raise ValueError(f"has {listed(twice)} more than once")
    return values


Label = Annotated[str, AfterValidator(_label)]
Template = Annotated[str, AfterValidator(_template)]
Name = Annotated[str, AfterValidator(composed)]
Labels = Annotated[tuple[Label, ...], Strict(strict=False), AfterValidator(_distinct)]


class ProjectTable(Table):
    """`[project]`. `source` are the source roots, relative to the project root; no name means the directory's."""

    name: Label | None = None
    preset: Annotated[Preset, Strict(strict=False)] = Preset.PYTHON
    source: Annotated[
        tuple[Annotated[str, AfterValidator(_source_root)], ...], Strict(strict=False), AfterValidator(_distinct)
    ] = (".",)


class PathsTable(Table):
    """`[paths]`: templates that replace the preset's rules, one for each kind of artifact."""

    design: Template | None = None
    code: Template | None = None
    test: Template | None = None
    review: Template | None = None


class CommandsTable(Table):
    """`[commands]`. No `python` means the project's `.venv`, else the one on the PATH; no `test` means the preset's.

    `timeout` in seconds is for one call of the test command.
    """

    python: Label | None = None
    test: (
        Annotated[
            tuple[Annotated[str, AfterValidator(_argument)], ...], Strict(strict=False), AfterValidator(_test_command)
        ]
        | None
    ) = None
    timeout: Annotated[Duration, Field(gt=0)] = 10 * 60.0


class RunTable(Table):
    """`[run]`. `max_tries` counts tries of a step that errs, `max_revisions` rounds of Validate/Revise and Run/Fix.

    A session is retried `retry_limit` times unless somebody insists; a run in which more sessions than that fail for
    the same cause, within `retry_window` seconds, is paused. With `tests_first`, tests of what is not implemented yet
    have to fail. `push` and `pull_request` say what happens to a run's branch once all is committed; the second implies
    the first. With `auto_resume` a credential whose limit is reached is resumed once that is over. After `idle_exit`
    an engine of its own leaves, when all its runs are blocked and nobody watches.

    A session at work that gives no sign of life is shown as quiet after `quiet_after`, and needs a human from
    `stall_timeout` on. `session_timeout` is for all the work of one attempt, its time in the queue apart; parents have
    no such limit.

    The budgets are what one call of `covey run` may spend in all its runs, and what each session may by itself, over
    all its attempts: in US dollars, and in tokens of all kinds together.
    """

    agent: Label = DEFAULT_AGENT
    model: Label | None = None
    max_sessions: Annotated[int, Field(ge=1, le=_LARGEST)] = 8
    max_revisions: Annotated[int, Field(ge=0, le=_LARGEST)] = 3
    max_tries: Annotated[int, Field(ge=1, le=_LARGEST)] = 1
    retry_limit: Annotated[int, Field(ge=0, le=_LARGEST)] = 5
    retry_window: Annotated[Duration, Field(gt=0)] = 600.0
    cancel_grace: Duration = 10.0
    quiet_after: Annotated[Duration, Field(gt=0)] = QUIET_AFTER
    auto_resume: bool = True
    idle_exit: Duration = 600.0
    stall_timeout: Annotated[Duration, Field(gt=0)] = 5 * 60.0
    session_timeout: Annotated[Duration, Field(gt=0)] = 60 * 60.0
    tests_first: bool = False
    isolation: Annotated[Isolation, Strict(strict=False)] = Isolation.NONE
    push: bool = False
    pull_request: bool = False
    budget_usd: Annotated[float, Field(gt=0, le=_LARGEST, allow_inf_nan=False)] | None = None
    budget_tokens: Annotated[int, Field(gt=0)] | None = None
    session_budget_usd: Annotated[float, Field(gt=0, le=_LARGEST, allow_inf_nan=False)] | None = None
    session_budget_tokens: Annotated[int, Field(gt=0)] | None = None


class DesignTable(Table):
    """`[design]`: the sections that a design document must have, by the type of its component."""

    sections: dict[Label, Labels] = {}

    def sections_for(self, component_type: str) -> tuple[str, ...]:
        """The required sections of a component of this type; a type without its own has those of "module"."""
        known = DEFAULT_SECTIONS | self.sections
        return known.get(component_type, known[DEFAULT_TYPE])


class ComponentTable(Table):
    """`[[context.component]]`. The contents of names and modules are checked where all of them are known."""

    name: Name
    module: Name
    type: Label = DEFAULT_TYPE
    description: str = ""
    priority: Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)] | None = None
    depends_on: Annotated[tuple[Name, ...], Strict(strict=False)] = ()


class ContextTable(Table):
    """`[[context]]` with its components."""

    name: Name
    module: Name
    description: str = ""
    depends_on: Annotated[tuple[Name, ...], Strict(strict=False)] = ()
    component: Annotated[tuple[ComponentTable, ...], Strict(strict=False)] = ()


class AgentKinds(Protocol):
    """The kinds of agents that are installed, and what each may be told in its table."""

    def names(self) -> tuple[str, ...]:
        """The names of all kinds."""
        ...

    def settings(self, kind: str) -> type[BaseModel]:
        """The settings of a kind. Raises KeyError where there is no such kind."""
        ...


@dataclass(frozen=True, slots=True)
class ConfiguredAgent:
    """An agent that the manifest names: its kind, and its settings as that kind has checked them."""

    kind: str
    options: BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a project; `prices` are what models cost, `agents` those with a table of their own."""

    kinds: AgentKinds
    project: ProjectTable = field(default_factory=ProjectTable)
    paths: PathsTable = field(default_factory=PathsTable)
    commands: CommandsTable = field(default_factory=CommandsTable)
    run: RunTable = field(default_factory=RunTable)
    design: DesignTable = field(default_factory=DesignTable)
    prices: Prices = field(default_factory=Prices)
    agents: dict[str, ConfiguredAgent] = field(default_factory=dict)

    def agent(self, name: str) -> ConfiguredAgent:
        """The agent of this name: a table under `[agents]`, or a kind that needs no settings.

        Raises:
            UsageError: There is none, or it needs settings; says which names there are.
        """
        return resolve_agent(name, self.agents, self.kinds)


def resolve_agent(name: str, agents: dict[str, ConfiguredAgent], kinds: AgentKinds) -> ConfiguredAgent:
    """The agent of this name among those of the manifest and the kinds that are installed.

    Raises:
        UsageError: There is none, or it is a kind that cannot do without settings.
    """
    if name in agents:
        return agents[name]
    known = sorted({*agents, *kinds.names()})
    if name not in kinds.names():
        raise UsageError(f"no agent {quoted(name)}{did_you_mean(name, known)}; known are {listed(known)}")
    try:
        return ConfiguredAgent(name, kinds.settings(name).model_validate({}))
    except ValidationError as error:
        missing = listed(str(part["loc"][0]) for part in error.errors() if part["loc"])
        raise UsageError(
            f"the agent {quoted(name)} needs settings{f' ({missing})' if missing else ''}: "
            f'add a table [agents.NAME] with kind = "{name}", and name that one'
        ) from error
