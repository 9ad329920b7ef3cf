"""The engine against LangGraph and DBOS, and at 50,000 sessions: run by hand, `python tests/benchmarks/rivals.py`.

Children with three recorded steps each, which do nothing; 256 at the same time; each step durable before the next. In
one run, turn about: covey's engine, the bare group-commit loop over the same rows (see `replay`), LangGraph's
AsyncSqliteSaver and DBOS on SQLite. Those two are installed into an environment of their own, which is thrown away at
the end; what would take them too long is left out (`--rivals-up-to`).

Then an engine is killed in the middle of the largest run, and another one goes on with it: the seconds until the first
session is at work again.
"""

import argparse
import asyncio
import contextlib
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.agents.registry import AgentRegistry
from covey.engine.runs import RunOptions
from covey.engine.service import open_engine
from covey.projects.manifest import find_contexts, load_project
from covey.store.connection import database_path
from tests.benchmarks.engine import AGENTS, THREE, WORK, machine_facts, run_engine
from tests.benchmarks.replay import AT_ONCE, read_lives, replay

HERE = Path(__file__).parent
RESULTS = HERE / "rivals_results.md"
COVEY, BARE, LANGGRAPH, DBOS = "covey", "bare loop", "LangGraph", "DBOS"
RIVALS = {LANGGRAPH: "rival_langgraph.py", DBOS: "rival_dbos.py"}
PACKAGES = ("langgraph", "langgraph-checkpoint-sqlite", "dbos")
AIMS = {BARE: 0.5, LANGGRAPH: 75, DBOS: 150}
"""How many times as fast as each of them covey is meant to be."""
WARM_UP, ONCE_BEYOND = 20, 10_000
FLAT, RESUME_SECONDS = 1.25, 2.0
"""How much more a session may cost at the largest size than at 1,000; how long it may take to go on."""


@dataclass(slots=True)
class Measured:
    """Seconds of each round, by how many children and by who had them."""

    seconds: dict[tuple[int, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    resumed: list[float] = field(default_factory=list)

    def median(self, children: int, who: str) -> float | None:
        """The seconds of the middle round; None where there was none."""
        rounds = self.seconds.get((children, who))
        return statistics.median(rounds) if rounds else None


def main() -> None:
    """Measure, print, and write down what was asked for."""
    options = _options()
    if options.until_killed:
        asyncio.run(run_engine(options.until_killed, options.children[0], THREE, AT_ONCE))
        return
    measured = Measured()
    with _rivals_python() as (python, versions), tempfile.TemporaryDirectory(prefix="covey-rivals-") as warm:
        asyncio.run(run_engine(Path(warm, "project"), WARM_UP, THREE, AT_ONCE))
        for round_ in range(options.rounds):
            for children in options.children:
                if not round_ or children <= ONCE_BEYOND:
                    _measure(measured, children, python if children <= options.rivals_up_to else None)
    measured.resumed.append(_resume(max(options.children)))
    print(f"goes on after {measured.resumed[-1]:.2f} s", flush=True)
    page = _page(measured, options, versions)
    print(page)
    if options.write:
        RESULTS.write_text(page, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The engine against LangGraph and DBOS, and at 50,000 sessions.")
    parser.add_argument("--children", type=int, nargs="+", default=[100, 1000, 10_000, 50_000])
    parser.add_argument("--rivals-up-to", type=int, default=1000, help="the most children that the others get")
    parser.add_argument("--rounds", type=int, default=3, help="how often each up to 10,000 is measured")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} beside this file")
    parser.add_argument("--until-killed", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


@contextlib.contextmanager
def _rivals_python() -> Iterator[tuple[Path, dict[str, str]]]:
    """The Python of an environment that has them, and what is in it."""
    with tempfile.TemporaryDirectory(prefix="covey-rivals-") as directory:
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        python = Path(directory, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        listed = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
        installed = dict(line.split("==") for line in listed.splitlines() if "==" in line)
        yield python, {name: installed[name] for name in PACKAGES}


def _measure(measured: Measured, children: int, python: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="covey-rivals-") as directory:
        took = dict(_seconds(Path(directory), children, python))
    for who, seconds in took.items():
        measured.seconds[children, who].append(seconds)
        print(f"{children:>6} children  {who:<9}  {seconds:8.2f} s  {children / seconds:8.0f} a second", flush=True)


def _seconds(directory: Path, children: int, python: Path | None) -> Iterator[tuple[str, float]]:
    seconds, _ = asyncio.run(run_engine(directory / "project", children, THREE, AT_ONCE))
    yield COVEY, seconds
    lives = read_lives(database_path(directory / "project/.covey"))
    yield BARE, asyncio.run(replay(lives, directory / "bare.db", {}))[0]
    if python is not None:
        for who, script in RIVALS.items():
            yield who, _of_rival(python, script, directory / f"{who}.db", children)


def _of_rival(python: Path, script: str, database: Path, children: int) -> float:
    command = [python, HERE / script, database, str(children)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return float(printed.split()[-1])


def _resume(children: int) -> float:
    """Kill an engine when half of its run is done; the seconds in which another one has sessions at work again."""
    with tempfile.TemporaryDirectory(prefix="covey-rivals-") as directory:
        root = Path(directory, "project")
        _kill_halfway(root, children)
        return asyncio.run(_go_on(root))


def _kill_halfway(root: Path, children: int) -> None:
    command = [sys.executable, __file__, "--until-killed", str(root), "--children", str(children)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as engine:
        while _complete(root) < children / 2:
            if engine.poll() is not None:
                raise RuntimeError("the engine has ended")
            time.sleep(0.2)
        engine.send_signal(signal.SIGKILL)


def _complete(root: Path) -> int:
    with contextlib.suppress(sqlite3.OperationalError):  # it is not there yet
        return _ask(root, "SELECT count(*) FROM sessions WHERE status = 'complete'")
    return 0


def _ask(root: Path, question: str, *values: object) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database_path(root / '.covey')}?mode=ro", uri=True)) as database:
        (answer,) = database.execute(question, values).fetchone()
        return int(answer or 0)


async def _go_on(root: Path) -> float:
    registry = AgentRegistry(extra={"idle": AGENTS[THREE]})
    project = load_project(root, registry)
    contexts = find_contexts(project, ("Shop",))
    last = _ask(root, "SELECT max(seq) FROM events")
    began = time.perf_counter()
    async with open_engine(project, registry, workflows=WORK[THREE]) as engine:
        await engine.begin("design", contexts, RunOptions(max_sessions=AT_ONCE))
        commands = "SELECT count(*) FROM events WHERE seq > ? AND body LIKE '%\"command_issued\"%'"
        while not _ask(root, commands, last):  # noqa: ASYNC110 - it asks like any other program
            await asyncio.sleep(0.01)
        return time.perf_counter() - began


def _page(measured: Measured, options: argparse.Namespace, versions: Mapping[str, str]) -> str:
    facts = {**machine_facts(), "covey": version("covey"), **versions, "rounds": str(options.rounds)}
    machine = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    rows = "\n".join(_row(measured, children) for children in options.children)
    verdicts = "\n".join(f"- {line}" for line in _verdicts(measured, options.children))
    return f"""# The engine against LangGraph and DBOS

Written by `python tests/benchmarks/rivals.py --write`: children with three recorded steps that do nothing,
{AT_ONCE} at the same time, each step durable before the next. Medians of the rounds, all of them in brackets.

{machine}

| children | covey s | children/s | bare loop s | its speed | LangGraph s | times as fast | DBOS s | times as fast |
|---|---|---|---|---|---|---|---|---|
{rows}

{verdicts}
"""


def _row(measured: Measured, children: int) -> str:
    covey = measured.median(children, COVEY) or 0.0
    cells = [str(children), _cell(measured, children, COVEY), f"{children / covey:.0f}"]
    for who in (BARE, LANGGRAPH, DBOS):
        seconds = measured.median(children, who)
        cells += [_cell(measured, children, who), f"**{seconds / covey:.2f}**" if seconds else ""]
    return f"| {' | '.join(cells)} |"


def _cell(measured: Measured, children: int, who: str) -> str:
    rounds = measured.seconds.get((children, who))
    return f"{statistics.median(rounds):.2f} ({', '.join(f'{each:.2f}' for each in rounds)})" if rounds else ""


def _verdicts(measured: Measured, sizes: Sequence[int]) -> Iterator[str]:
    """Each aim, and what was reached of it."""
    for who, aim in AIMS.items():
        size = max((size for size, name in measured.seconds if name == who), default=None)
        if size is None:  # it was left out at every size
            continue
        times = (measured.median(size, who) or 0.0) / (measured.median(size, COVEY) or 1.0)
        yield f"{who}, {size} children: {times:.2f} (aim {aim}){'' if times >= aim else ': not reached'}"
    costs = {size: (measured.median(size, COVEY) or 0.0) / size for size in sizes if size >= min(1000, max(sizes))}
    more = costs[max(costs)] / costs[min(costs)]
    missed = "" if more <= FLAT else ": not flat"
    yield f"a session of {max(costs)} costs {more:.2f} times as much as one of {min(costs)} (at most {FLAT}){missed}"
    resumed = statistics.median(measured.resumed)
    missed = "" if resumed <= RESUME_SECONDS else ": not reached"
    rounds = ", ".join(f"{each:.2f}" for each in measured.resumed)
    yield f"goes on with {max(sizes)} after {resumed:.2f} s ({rounds}; at most {RESUME_SECONDS}){missed}"


if __name__ == "__main__":
    main()
