"""Fleets of sessions on one credential: run by hand, `python tests/benchmarks/fleet.py limit` (and `lag`).

`limit`: as many sessions as `--sessions`, each of three turns, against a server that allows 60 requests a minute and
holds a minute's worth; as covey does it, with its one gate, and as the same number of clients do it that each try again
by themselves. The ideal time is what the server needs to let that many requests through, and the length of the last
turn. `--faster 10` has a minute last six seconds, turns likewise.

`lag`: a hundred sessions, each of whose answers streams 50 deltas a second; how late the engine's event loop is with
what it is to do at a certain moment, and how long a key takes to the screen of a monitor that follows them.

The server is a process of its own, which is not measured.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from anthropic import AnthropicError, AsyncAnthropic

from covey.agents.registry import AgentRegistry
from covey.engine.runs import RunOptions
from covey.engine.service import Engine, open_engine
from covey.model.session import Session, is_terminal
from covey.model.status import Status
from covey.projects.manifest import find_contexts, load_project
from covey.store.sqlite import Viewer, open_viewer
from tests.benchmarks.engine import machine_facts
from tests.benchmarks.fleet_server import Counts, Plan, Server, running
from tests.benchmarks.monitor import KEY_P50, KEY_P95, MONITOR
from tests.benchmarks.processes import Watcher

RESULTS = Path(__file__).with_name("fleet_results.md")
MOST_REFUSED, MOST_TIME, MOST_LAG = 1.5, 1.25, 0.016
TURNS = 3
"""Read the source, write the document, end."""
KEY = "sk-ant-api03-of-nobody"
_TICK = 0.005
_PROMPT = """\
# Write the file `docs/c{0}.md`

- Source file: `src/c{0}.py`
- Markdown in UTF-8, beginning with the heading `# c{0}`.
  - `## Purpose`
"""
_TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("read_file", "write_file")]


@dataclass(frozen=True, slots=True)
class Fleet:
    """How one way of doing it went."""

    way: str
    sessions: int
    complete: int
    seconds: float
    ideal: float
    refused: int
    most_at_once: int

    @property
    def times_ideal(self) -> float:
        """The seconds by the ideal ones."""
        return self.seconds / self.ideal

    @property
    def is_in_order(self) -> bool:
        """Whether it keeps its aims."""
        few = self.refused <= MOST_REFUSED * self.sessions
        return few and self.times_ideal <= MOST_TIME and self.complete == self.sessions


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the event loop was, and how long a key took, in milliseconds; `deltas` were sent a second in all."""

    sessions: int
    deltas: float
    seconds: float
    p50: float
    p95: float
    p99: float
    most: float
    cpu: float
    """The engine's, of one core."""
    key_p50: float
    key_p95: float

    @property
    def is_in_order(self) -> bool:
        """Whether it keeps its aims."""
        keys = self.key_p50 <= KEY_P50 * 1000 and self.key_p95 <= KEY_P95 * 1000
        return self.p95 < MOST_LAG * 1000 and keys


def main() -> None:
    """Measure, print, and write down what was asked for."""
    options = _options()
    os.environ["ANTHROPIC_API_KEY"] = KEY
    measured = asyncio.run(_limit(options) if options.what == "limit" else _lag(options))
    if options.write:
        _write(options.what, [asdict(each) for each in measured], options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fleets of sessions on one credential.")
    parser.add_argument("what", choices=["limit", "lag"])
    parser.add_argument("--sessions", type=int, help="64 for limit, 100 for lag")
    parser.add_argument("--faster", type=float, default=1.0, help="limit: how much faster time passes for the server")
    parser.add_argument("--turn-seconds", type=float, default=3.0, help="limit: how long an answer takes")
    parser.add_argument("--seconds", type=float, default=15.0, help="lag: for how long it is measured")
    parser.add_argument("--write", action="store_true", help=f"note it in {RESULTS.name} beside this file")
    return parser.parse_args()


# One limit for all.


async def _limit(options: argparse.Namespace) -> list[Fleet]:
    sessions = options.sessions or 64
    plan = Plan(requests=60, seconds=60 / options.faster, turn_seconds=options.turn_seconds / options.faster)
    ways: dict[str, Callable[[Server], Any]] = {
        "covey": lambda server: by_covey(server, sessions),
        "a client each, 2 retries": lambda server: by_clients(server, sessions, retries=2),
        "a client each, 100 retries": lambda server: by_clients(server, sessions, retries=100),
    }
    fleets = []
    for way, go in ways.items():
        async with running(plan) as server:
            complete, seconds, counts = await go(server)
        pause = plan.seconds / 60
        ideal = max(max(0, sessions * TURNS - 60) * pause + plan.turn_seconds, TURNS * plan.turn_seconds)
        fleets.append(Fleet(way, sessions, complete, seconds, ideal, counts.refused, counts.most_at_once))
        print(_told(fleets[-1]), flush=True)
    return fleets


def _told(fleet: Fleet) -> str:
    return (
        f"{fleet.way:<28} {fleet.complete:>3} of {fleet.sessions} complete  {fleet.seconds:6.1f} s, "
        f"{fleet.times_ideal:.2f} times the ideal {fleet.ideal:.1f} s  {fleet.refused} answers 429, "
        f"{fleet.refused / fleet.sessions:.2f} by session  {fleet.most_at_once} at once  "
        f"{'in order' if fleet.is_in_order else 'NOT IN ORDER'}"
    )


async def by_covey(server: Server, sessions: int) -> tuple[int, float, Counts]:
    """How many children were complete, after how many seconds, and what the server counted until then."""
    with tempfile.TemporaryDirectory(prefix="covey-fleet-") as directory:
        async with engine_at_work(Path(directory), server.base_url, sessions) as (_, viewer, run_id):
            began = time.perf_counter()
            while not all(is_terminal(child) for child in await children(viewer, run_id, sessions)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # as any viewer looks
            seconds, counts = time.perf_counter() - began, await server.counts()
            ended = await children(viewer, run_id, sessions)
            for child in ended:
                if child.status is not Status.COMPLETE:
                    print(f"  {child.component}: {child.status} ({child.failure_cause}) {child.error_message}")
    return sum(child.status is Status.COMPLETE for child in ended), seconds, counts


@asynccontextmanager
async def engine_at_work(root: Path, base_url: str, sessions: int) -> AsyncIterator[tuple[Engine, Viewer, str]]:
    """An engine that has just begun a run of so many sessions, all of which may work at once."""
    (root / "covey.toml").write_text(_manifest(base_url, sessions), encoding="utf-8")
    (root / "src").mkdir()
    for number in range(sessions):
        (root / "src" / f"c{number:03}.py").write_text("def do() -> None: ...\n", encoding="utf-8")
    registry = AgentRegistry()
    project = load_project(root, registry)
    async with open_engine(project, registry) as engine, open_viewer(root) as viewer, asyncio.TaskGroup() as tasks:
        assert viewer is not None
        begun = await engine.begin("design", find_contexts(project, ("Shop",)), RunOptions(max_sessions=sessions))
        leaving = tasks.create_task(engine.until_left())
        yield engine, viewer, begun[0].run_id or ""
        engine.stop("it is measured")
        await leaving


async def children(viewer: Viewer, run_id: str, sessions: int) -> list[Session]:
    """The sessions of the components; they are not there from the first moment."""
    while True:
        family = await viewer.run(viewer.scope, run_id)
        found = [session for session in family if session.type == "ComponentDesignSessions"]
        if len(found) == sessions:
            return found
        await asyncio.sleep(0.01)


def _manifest(base_url: str, sessions: int) -> str:
    head = (
        '[project]\nsource = ["src"]\n\n[run]\nagent = "model"\n\n'
        f'[agents.model]\nkind = "anthropic"\nmodel = "fake-large"\nbase_url = "{base_url}"\n\n'
        '[[context]]\nname = "Shop"\nmodule = "shop"\n'
    )
    component = '\n[[context.component]]\nname = "c{0:03}"\nmodule = "c{0:03}"\n'
    return head + "".join(component.format(number) for number in range(sessions))


async def by_clients(server: Server, sessions: int, *, retries: int) -> tuple[int, float, Counts]:
    """The same conversations by as many tasks, whose client tries again by itself."""
    began = time.perf_counter()
    async with AsyncAnthropic(base_url=server.base_url, api_key=KEY, max_retries=retries) as client:
        ended = await asyncio.gather(*(_converse(client, number) for number in range(sessions)))
    return sum(ended), time.perf_counter() - began, await server.counts()


async def _converse(client: AsyncAnthropic, number: int) -> bool:
    messages: list[Any] = [{"role": "user", "content": _PROMPT.format(f"{number:03}")}]
    try:
        while True:
            asked: dict[str, Any] = {"model": "fake-large", "max_tokens": 900, "messages": messages, "tools": _TOOLS}
            async with client.messages.stream(**asked) as stream:
                message = await stream.get_final_message()
            calls = [block for block in message.content if block.type == "tool_use"]
            if not calls:
                return True
            results = [{"type": "tool_result", "tool_use_id": call.id, "content": "done"} for call in calls]
            messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    except AnthropicError:
        return False


# A hundred streams.


async def _lag(options: argparse.Namespace) -> list[Lag]:
    sessions = options.sessions or 100
    plan = Plan(deltas=int((options.seconds + 20) * 50))
    with tempfile.TemporaryDirectory(prefix="covey-fleet-") as directory:
        root = Path(directory)
        async with (
            running(plan) as server,
            engine_at_work(root, server.base_url, sessions),
            monitor_of(root) as monitor,
        ):
            while (await server.counts()).answered < sessions:  # noqa: ASYNC110 - it is another process that counts
                await asyncio.sleep(0.05)
            await asyncio.sleep(2)
            sent = (await server.counts()).deltas
            cpu, began = time.process_time(), time.perf_counter()
            keys = asyncio.to_thread(monitor.press_each, ("j", "k") * int(options.seconds * 4))
            late, (answered, _) = await asyncio.gather(_lateness(options.seconds), keys)
            seconds = time.perf_counter() - began
            sent = (await server.counts()).deltas - sent
            cpu = (time.process_time() - cpu) / seconds
    p50, p95, p99 = (statistics.quantiles(late, n=100)[cut - 1] * 1000 for cut in (50, 95, 99))
    key_p50, key_p95 = (statistics.quantiles(answered, n=100)[cut - 1] * 1000 for cut in (50, 95))
    lag = Lag(sessions, sent / seconds, seconds, p50, p95, p99, max(late) * 1000, cpu, key_p50, key_p95)
    verdict = "in order" if lag.is_in_order else "NOT IN ORDER"
    print(
        f"{sessions} sessions, {lag.deltas:.0f} deltas a second, for {seconds:.0f} s: the loop is late by "
        f"{p50:.1f} ms (p50), {p95:.1f} ms (p95), {p99:.1f} ms (p99), {lag.most:.1f} ms (most); "
        f"{cpu:.0%} of a core; a key takes {key_p50:.1f} ms (p50), {key_p95:.1f} ms (p95); {verdict}"
    )
    return [lag]


@asynccontextmanager
async def monitor_of(root: Path) -> AsyncIterator[Watcher]:
    """A monitor that has begun to follow a project."""
    monitor = Watcher(MONITOR, root)
    try:
        await asyncio.to_thread(monitor.attached)
        yield monitor
    finally:
        await asyncio.to_thread(monitor.end)


async def _lateness(seconds: float) -> list[float]:
    """How much later than it should the loop comes back to a task that sleeps; in seconds, one for each sleep."""
    late, until = [], time.perf_counter() + seconds
    while (before := time.perf_counter()) < until:
        await asyncio.sleep(_TICK)
        late.append(max(0.0, time.perf_counter() - before - _TICK))
    return late


# Writing down.


def _write(what: str, measured: Sequence[dict[str, Any]], options: argparse.Namespace) -> None:
    """Replace what is noted of this measurement, and keep what is noted of the other."""
    head = "# Fleets on one credential\n\nWritten by `python tests/benchmarks/fleet.py {limit,lag} --write`.\n"
    noted = RESULTS.read_text(encoding="utf-8").split("\n## ")[1:] if RESULTS.exists() else []
    parts = {part.partition("\n")[0]: part for part in noted}
    shared = {"load": f"{os.getloadavg()[0]:.1f}", "priority": _priority()}
    facts = machine_facts() | shared | _asked(what, options)
    listed = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    columns = list(measured[0])
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    rows += ["| " + " | ".join(_cell(row[column]) for column in columns) + " |" for row in measured]
    parts[what] = f"{what}\n\n{listed}\n\n" + "\n".join(rows) + "\n"
    RESULTS.write_text("\n## ".join([head, *(parts[name] for name in sorted(parts))]), encoding="utf-8")


def _asked(what: str, options: argparse.Namespace) -> dict[str, str]:
    if what == "lag":
        return {"seconds": f"{options.seconds:g}"}
    return {"a minute": f"{60 / options.faster:g} s", "a turn": f"{options.turn_seconds / options.faster:g} s"}


def _priority() -> str:
    """On a machine that is shared, a loop's lag is that of its neighbours unless it goes before them (`chrt -r 1`)."""
    return "ordinary" if os.sched_getscheduler(0) == os.SCHED_OTHER else "before all others"


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
