"""The engine against a bare group-commit loop: run by hand, `python tests/benchmarks/engine.py`.

A run of many components, through the engine as `covey run` has it. Then the very same rows are written again by the
bare loop of `replay.py`, in the same process, turn about. The ratio is the bare loop's seconds by the engine's: 1 would
be an engine that costs nothing beside its commits.

Kinds of work: `nothing` is the engine alone (as many steps as a design session has, an agent that does nothing,
and no step that reads a file); `design` is the design workflow itself, with the shortest document that passes, written
by the agent (and by the bare loop: it is the agent's work, not the engine's) and read and checked three times. Each
with 256 slots and with 8. A third, `three steps`, is `nothing` with fewer steps, for `rivals.py` and `files.py`.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.agents.registry import AgentRegistry
from covey.engine.runs import RunOptions
from covey.engine.service import open_engine
from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.manifest import DeclaredProject, find_contexts, load_project
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools
from covey.store.connection import database_path
from covey.testing.agents import IdleAgent, do_nothing, scripted
from covey.workflows.registry import COMPONENT_DESIGN, COMPONENT_DESIGN_REVIEW, WORKFLOWS
from covey.workflows.workflow import Workflow
from tests.benchmarks.replay import AT_ONCE, read_lives, replay

RESULTS = Path(__file__).with_name("results.md")
AIM, LEAST = 0.5, 0.25
FEW_SLOTS = 8
REVIEW = 1
"""A run has one more child than it has components: the review of their design."""


class IdleStep:
    """A step that asks for nothing to be looked at."""

    def __init__(self, tools: Tools, name: str, kind: CommandKind) -> None:
        self._tools = tools
        self._kind = kind
        self.name = name

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """An agent's task, or a check of nothing."""
        return self._tools.command(
            self.name, self._kind, **({"task": "generate", "artifact": "design"} if self._kind == "agent" else {})
        )

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The result as it is."""
        return Handled({}, result)


def _idle(workflow: Workflow, of_agent: str) -> Workflow:
    """The workflow of a child with steps that do nothing, one of them by an agent."""
    kinds = dict.fromkeys(workflow.steps, CommandKind.CHECK) | {of_agent: CommandKind.AGENT}
    steps = {step: partial(IdleStep, name=step, kind=kind) for step, kind in kinds.items()}
    return replace(workflow, steps=steps)


def _three_steps(workflow: Workflow) -> Workflow:
    """A child's workflow without its first step and its revisions."""
    left_out = {"Initialize", *workflow.rounds.values()}
    return replace(
        workflow,
        steps={name: step for name, step in workflow.steps.items() if name not in left_out},
        transitions={key: to for key, to in workflow.transitions.items() if not {key[0], to} & left_out},
        rounds={},
    )


IDLE = (_idle(COMPONENT_DESIGN, "GenerateComponentDesign"), _idle(COMPONENT_DESIGN_REVIEW, "ExecuteReview"))
THREE_STEPS = _three_steps(IDLE[0])
NOTHING, DESIGN, THREE = "nothing", "design", "three steps"
WORK = {
    DESIGN: WORKFLOWS,
    NOTHING: {**WORKFLOWS, **{workflow.name: workflow for workflow in IDLE}},
    THREE: {**WORKFLOWS, **{workflow.name: workflow for workflow in (THREE_STEPS, IDLE[1])}},
}
AGENTS = {DESIGN: IdleAgent, NOTHING: scripted(do_nothing), THREE: scripted(do_nothing)}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the engine and the bare loop's writing of the same rows."""

    work: str
    slots: int
    sessions: int
    events: int
    operations: int
    engine_seconds: float
    engine_cpu: float
    bare_seconds: float
    bare_cpu: float
    bare_transactions: int

    @property
    def ratio(self) -> float:
        """The bare loop's seconds by the engine's."""
        return self.bare_seconds / self.engine_seconds

    @property
    def cpu_ratio(self) -> float:
        """The same of their CPU seconds, which other programs on the machine disturb less."""
        return self.bare_cpu / self.engine_cpu


def main() -> None:
    """Measure, print, and write down what was asked for."""
    options = _options()
    cases = ((NOTHING, AT_ONCE), (DESIGN, AT_ONCE), (NOTHING, FEW_SLOTS), (DESIGN, FEW_SLOTS))
    runs: dict[tuple[str, int], list[Measured]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for (work, slots), measured in runs.items():
            measured.append(asyncio.run(measure(options.sessions, work, slots)))
            print(_line(measured[-1:]), flush=True)
    print("medians")
    lines = [_line(measured) for measured in runs.values()]
    print("\n".join(lines))
    ratios = {work: statistics.median(each.ratio for each in runs[work, AT_ONCE]) for work in (NOTHING, DESIGN)}
    for work, ratio in ratios.items():
        verdict = "the aim is met" if ratio >= AIM else "above the least" if ratio >= LEAST else "BELOW THE LEAST"
        print(f"ratio of {work} at {AT_ONCE} slots: {ratio:.2f} (aim {AIM}, least {LEAST}): {verdict}")
    if options.json:
        options.json.write_text(json.dumps(_record(runs.values()), indent=2) + "\n", encoding="utf-8")
    if options.write:
        RESULTS.write_text(_page(runs.values(), options.rounds), encoding="utf-8")
    sys.exit(0 if min(ratios.values()) >= LEAST else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The engine against a bare group-commit loop.")
    parser.add_argument("--sessions", type=int, default=1000, help="child sessions of the run")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; medians are reported")
    parser.add_argument("--json", type=Path, help="write all measurements to this file")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} beside this file")
    return parser.parse_args()


async def measure(sessions: int, work: str, slots: int) -> Measured:
    """One run of the engine, then the bare loop over its rows, on the same disk."""
    with tempfile.TemporaryDirectory(prefix="covey-benchmark-") as directory:
        root = Path(directory, "project")
        seconds, cpu = await run_engine(root, sessions, work, slots)
        lives = read_lives(database_path(root / ".covey"))
        assert len(lives.children) == sessions + REVIEW
        documents = _drafted(root, Path(directory, "bare")) if work == DESIGN else {}
        cpu_before = time.process_time()
        bare, transactions = await replay(lives, Path(directory, "bare.db"), documents)
        bare_cpu = time.process_time() - cpu_before
    return Measured(
        work=work,
        slots=slots,
        sessions=sessions,
        events=lives.events,
        operations=lives.operations,
        engine_seconds=seconds,
        engine_cpu=cpu,
        bare_seconds=bare,
        bare_cpu=bare_cpu,
        bare_transactions=transactions,
    )


def _drafted(root: Path, elsewhere: Path) -> dict[Path, bytes]:
    """The documents that the run left, each with a path for the bare loop."""
    written = (root / "docs").rglob("*.md")
    return {elsewhere / document.relative_to(root): document.read_bytes() for document in written}


async def run_engine(root: Path, sessions: int, work: str, slots: int) -> tuple[float, float]:
    """Run one context with that many components; the seconds and CPU seconds from its beginning to its end."""
    registry = AgentRegistry(extra={"idle": AGENTS[work]})
    lay_out(root, sessions)
    project = load_project(root, registry)
    if work != DESIGN:
        write_documents(root, project)
    contexts = find_contexts(project, ("Shop",))
    async with open_engine(project, registry, workflows=WORK[work]) as engine:
        started, cpu = time.perf_counter(), time.process_time()
        await engine.begin("design", contexts, RunOptions(max_sessions=slots))
        left = await engine.until_left()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if left.exit_code != 0 or left.counts["complete"] != sessions + REVIEW:
        raise RuntimeError(f"the run did not end well: {left}")
    return seconds, cpu


def lay_out(root: Path, sessions: int) -> None:
    """A project of one context with that many components."""
    root.mkdir()
    (root / "covey.toml").write_text(_manifest(sessions), encoding="utf-8")


def write_documents(root: Path, project: DeclaredProject) -> None:
    """All documents of the context, for work that writes and checks none: the lookout sees them."""
    context, *components = project.components("")
    paths = [project.rules.path(ArtifactKind.DESIGN, component) for component in components]
    for path in [*paths, project.rules.path(ArtifactKind.REVIEW, context)]:
        document = root / path
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_text("# Nothing\n", encoding="utf-8")


def _manifest(sessions: int) -> str:
    head = '[run]\nagent = "idle"\n\n[[context]]\nname = "Shop"\nmodule = "shop"\n'
    component = '\n[[context.component]]\nname = "c{0:05}"\nmodule = "shop.c{0:05}"\n'
    return head + "".join(component.format(number) for number in range(sessions))


def _line(runs: Sequence[Measured]) -> str:
    seconds = statistics.median(each.engine_seconds for each in runs)
    cpu = statistics.median(each.engine_cpu / each.events for each in runs)
    bare = statistics.median(each.bare_seconds for each in runs)
    ratio = statistics.median(each.ratio for each in runs)
    cpu_ratio = statistics.median(each.cpu_ratio for each in runs)
    first = runs[0]
    return (
        f"{first.work:<8} {first.slots:>3} slots  {first.sessions / seconds:7.0f} sessions/s"
        f"  {cpu * 1e6:6.0f} µs CPU/event  {first.events} events  {first.operations} operations"
        f"  engine {seconds:.2f} s  bare {bare:.2f} s"
        f"  ratio {ratio:.2f} (of CPU seconds {cpu_ratio:.2f})"
    )


def _record(runs: Iterable[Sequence[Measured]]) -> dict[str, object]:
    return {
        "machine": machine_facts(),
        "runs": [{**asdict(each), "ratio": each.ratio, "cpu_ratio": each.cpu_ratio} for some in runs for each in some],
    }


def machine_facts() -> dict[str, str]:
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _page(runs: Iterable[Sequence[Measured]], rounds: int) -> str:
    machine = "\n".join(f"- {name}: {value}" for name, value in machine_facts().items())
    rows = "\n".join(_row(some) for some in runs)
    return f"""# The engine against a bare group-commit loop

Written by `python tests/benchmarks/engine.py --write`: medians of {rounds} rounds, engine and bare loop turn about.
The bare loop writes the very rows (and documents) of the engine's run, {AT_ONCE} sessions at once, each step durable
before the next.
The ratio is its seconds by the engine's; the aim is {AIM}, the least {LEAST}, at {AT_ONCE} slots.
`nothing` is the engine alone, `design` has the shortest documents written, read and checked as well.

{machine}

| work | slots | sessions | sessions/s | events | µs CPU per event | engine s | bare s | ratio (each round) | of CPU |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def _row(runs: Sequence[Measured]) -> str:
    seconds = statistics.median(each.engine_seconds for each in runs)
    cpu = statistics.median(each.engine_cpu / each.events for each in runs)
    bare = statistics.median(each.bare_seconds for each in runs)
    ratio = statistics.median(each.ratio for each in runs)
    cpu_ratio = statistics.median(each.cpu_ratio for each in runs)
    ratios = ", ".join(f"{each.ratio:.2f}" for each in runs)
    first = runs[0]
    return (
        f"| {first.work} | {first.slots} | {first.sessions} | {first.sessions / seconds:.0f} | {first.events}"
        f" | {cpu * 1e6:.0f} | {seconds:.2f} | {bare:.2f} | **{ratio:.2f}** ({ratios}) | {cpu_ratio:.2f} |"
    )


if __name__ == "__main__":
    main()
