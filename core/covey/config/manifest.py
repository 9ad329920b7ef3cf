"""Reading `covey.toml`: from the file's bytes to settings and context tables, with every mistake and its line.

`read_manifest` gathers mistakes and hands on what could be read, so that whoever checks more (the modules against one
another) can report all of it at once; `load_manifest` is for those who need the settings alone.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from covey.config.locations import KeyPath, Lines
from covey.config.prices import Prices, PriceTable
from covey.config.settings import (
    DEFAULT_AGENT,
    AgentKinds,
    CommandsTable,
    ConfiguredAgent,
    ContextTable,
    DesignTable,
    PathsTable,
    ProjectTable,
    RunTable,
    Settings,
    composed,
    resolve_agent,
)
from covey.config.ui import ui_settings_from
from covey.config.validation import Findings
from covey.errors import ConfigError, Mistake, UsageError
from covey.text.quoting import did_you_mean, listed, quoted, visible

MANIFEST = "covey.toml"
_TABLES = ("project", "paths", "commands", "run", "prices", "agents", "design", "ui", "keys", "context")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest without mistakes of its own."""

    path: Path
    settings: Settings
    contexts: tuple[ContextTable, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A context or component as far as it could be read; what is missing or of a wrong type is None, or left out.

    `where` is its path in the file; `depends_on` are the index and the module of each entry.
    """

    where: KeyPath
    name: str | None
    module: str | None
    depends_on: tuple[tuple[int, str], ...]
    components: tuple["Declared", ...]

    @property
    def is_context(self) -> bool:
        """Whether this is a `[[context]]`: its path is that key and an index, a component's is longer."""
        return len(self.where) == len(("context", 0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a manifest, and on which lines. `manifest` is there exactly when there are no mistakes.

    `project` and `paths` are there when those tables are in order, whatever the others hold.
    """

    path: Path
    lines: Lines
    project: ProjectTable | None
    paths: PathsTable | None
    declared: tuple[Declared, ...]
    manifest: Manifest | None
    mistakes: tuple[Mistake, ...]


def load_manifest(root: Path, agent_kinds: AgentKinds) -> Manifest:
    """The manifest of the project at `root`.

    Raises:
        UsageError: There is no manifest.
        ConfigError: It cannot be read, or has mistakes: all of them.
    """
    reading = read_manifest(root, agent_kinds)
    if reading.manifest is None:
        raise ConfigError(reading.mistakes)
    return reading.manifest


def read_manifest(root: Path, agent_kinds: AgentKinds) -> Reading:
    """What can be read of the manifest at `root`, and its mistakes.

    Raises:
        UsageError: There is no manifest.
        ConfigError: It is no text, or no TOML, so nothing more can be said about it.
    """
    path = root / MANIFEST
    text = _text_of(path)
    data = _parse(path, text)
    findings = Findings(path, Lines(text.encode()))
    for key in (key for key in data if key not in _TABLES):
        findings.unknown_key((key,), _TABLES)
    project = findings.validate(ProjectTable, data.get("project", {}), ("project",))
    paths = findings.validate(PathsTable, data.get("paths", {}), ("paths",))
    commands = findings.validate(CommandsTable, data.get("commands", {}), ("commands",))
    run = findings.validate(RunTable, data.get("run", {}), ("run",))
    design = findings.validate(DesignTable, data.get("design", {}), ("design",))
    prices = _prices(data.get("prices", {}), findings)
    for mistake in ui_settings_from(data).mistakes:
        findings.add(mistake.where, mistake.message)
    agents = _agents(data.get("agents", {}), agent_kinds, findings)
    _check_agent(data, agents, agent_kinds, findings)
    contexts = _contexts(data.get("context", []), findings)
    manifest = None
    if not findings.mistakes and project and paths and commands and run and design:
        settings = Settings(
            kinds=agent_kinds,
            project=project,
            paths=paths,
            commands=commands,
            run=run,
            design=design,
            prices=prices,
            agents=agents,
        )
        manifest = Manifest(path, settings, contexts)
    declared = _declared(data.get("context"), ("context",))
    return Reading(path, findings.lines, project, paths, declared, manifest, tuple(findings.mistakes))


def _text_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            _refuse(path, 0, "is not a regular file; covey needs a text file in its place")
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise UsageError(f"no {MANIFEST} in {visible(str(path.parent))} or above; run: covey init") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        _refuse(path, line, f"is not UTF-8 (byte 0x{error.object[error.start]:02x}); save it as UTF-8")
    except OSError as error:
        _refuse(path, 0, f"cannot be read: {error.strerror}")


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        _refuse(path, 0, "is nested too deeply to be read")
    except ValueError as error:
        message = str(error)
        place = _PLACE.search(message)
        line = 0
        if place is not None:
            line = int(place[1]) if place[1] else text.rstrip("\n").count("\n") + 1
            column = f", column {place[2]}" if place[2] else ", at the end of the file"
            message = f"{message[: place.start()]}{column}"
        _refuse(path, line, f"is not TOML: {message}")


def _refuse(path: Path, line: int, message: str) -> NoReturn:
    raise ConfigError((Mistake(path, line, visible(message)),))


def _prices(value: object, findings: Findings) -> Prices:
    """The prices whose tables are in order; each of the others has its mistakes among the findings."""
    if not isinstance(value, dict):
        findings.add(("prices",), f'"prices" should hold tables, like [prices."some-model"], not {quoted(value)}')
        return Prices()
    tables = {
        str(model): findings.validate(PriceTable, table, ("prices", str(model))) for model, table in value.items()
    }
    return Prices({model: table for model, table in tables.items() if table is not None})


def _agents(value: object, kinds: AgentKinds, findings: Findings) -> dict[str, ConfiguredAgent]:
    """The agents whose tables are in order; each of the others has its mistakes among the findings."""
    if not isinstance(value, dict):
        findings.add(("agents",), f'"agents" should hold tables, like [agents.mine], not {quoted(value)}')
        return {}
    agents: dict[str, ConfiguredAgent] = {}
    for name, table in value.items():
        agent = _agent(table, ("agents", name), kinds, findings)
        if agent is not None:
            agents[name] = agent
    return agents


def _agent(table: object, where: KeyPath, kinds: AgentKinds, findings: Findings) -> ConfiguredAgent | None:
    names = kinds.names()
    if not isinstance(table, dict):
        findings.add(where, f"{quoted(where[-1])} should be a table with a kind, not {quoted(table)}")
        return None
    kind = table.get("kind")
    if not isinstance(kind, str):
        given = f" should be a string, not {quoted(kind)}" if "kind" in table else " is missing"
        findings.add((*where, "kind"), f'"kind"{given}; known are {listed(names)}')
        return None
    if kind not in names:
        hint = did_you_mean(kind, names)
        findings.add((*where, "kind"), f"no agent kind {quoted(kind)} is installed{hint}; known are {listed(names)}")
        return None
    options = findings.validate(kinds.settings(kind), {k: v for k, v in table.items() if k != "kind"}, where)
    return None if options is None else ConfiguredAgent(kind, options)


def _check_agent(
    data: dict[str, Any], agents: dict[str, ConfiguredAgent], kinds: AgentKinds, findings: Findings
) -> None:
    """The agent that `[run]` names must exist, whatever else is wrong in `[run]`.

    One whose own table has mistakes has been reported already.
    """
    run, tables = data.get("run"), data.get("agents")
    name = run.get("agent", DEFAULT_AGENT) if isinstance(run, dict) else DEFAULT_AGENT
    if not isinstance(name, str) or (isinstance(tables, dict) and name in tables):
        return
    try:
        resolve_agent(name, agents, kinds)
    except UsageError as error:
        findings.add(("run", "agent"), str(error))


def _contexts(value: object, findings: Findings) -> tuple[ContextTable, ...]:
    if not isinstance(value, list):
        findings.add(("context",), '"context" should be tables, each headed [[context]] in double brackets')
        return ()
    tables = [findings.validate(ContextTable, table, ("context", index)) for index, table in enumerate(value)]
    return tuple(table for table in tables if table is not None)


def _declared(value: object, where: KeyPath) -> tuple[Declared, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(_entry(table, (*where, index)) for index, table in enumerate(value) if isinstance(table, dict))


def _entry(table: dict[str, Any], where: KeyPath) -> Declared:
    dependencies = table.get("depends_on")
    if not isinstance(dependencies, list):
        dependencies = []
    return Declared(
        where,
        _string(table.get("name")),
        _string(table.get("module")),
        tuple((index, composed(entry)) for index, entry in enumerate(dependencies) if isinstance(entry, str)),
        _declared(table.get("component"), (*where, "component")),
    )


def _string(value: object) -> str | None:
    return composed(value) if isinstance(value, str) else None
