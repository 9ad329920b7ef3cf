"""Whole projects with a model, from `covey init` to the last file: run by hand, `python tests/e2e/model_projects.py`.

The sample project and an installed package, designed and tested by `covey run` as a process of its own, with the two
variables that a user would set and nothing configured; the fake server is the model. The key is then looked for in
every file that was left.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

sys.path.insert(0, str(Path(__file__).parents[2]))

from covey.testing.messages_server import FakeMessagesServer, author
from covey.testing.samples import mend_shop, write_shop
from tests.cli.program import Ran, environment, program
from tests.tested import COMMANDS

KEY = "sk-ant-api03-of-nobody"
SHOP, PACKAGE = "shop", "aiosqlite"
DESIGN, TEST = "design", "test"


@dataclass(frozen=True, slots=True)
class Done:
    """A run that has ended: what it printed, what the server saw, and the files that hold the key."""

    root: Path
    ran: Ran
    statuses: Counter[int]
    tools: Counter[str]
    failed_calls: int
    leaks: tuple[Path, ...]

    @property
    def complete(self) -> int:
        """How many sessions without children were complete."""
        parents = {line["session_id"] for line in self.ran.lines if line["event"] == "run_started"}
        ended = [line for line in self.ran.lines if line["event"] == "session_completed"]
        return sum(line["session_id"] not in parents for line in ended)


def main() -> None:
    """Do all of them, and print how they went."""
    bad = 0
    for project in (SHOP, PACKAGE):
        for workflow in (DESIGN, TEST):
            with tempfile.TemporaryDirectory(prefix="covey-model-") as directory:
                began = time.perf_counter()
                done = asyncio.run(run(prepared(Path(directory) / project), workflow))
                seconds = time.perf_counter() - began
            bad += done.ran.code != 0 or bool(done.leaks)
            tools = ", ".join(f"{name} {count}" for name, count in sorted(done.tools.items()))
            print(  # noqa: T201 - a program for people
                f"{project} {workflow}: exit code {done.ran.code}, {done.complete} sessions complete, "
                f"{done.statuses[200]} answers, calls: {tools} ({done.failed_calls} failed), "
                f"the key in {len(done.leaks)} files, {seconds:.1f} s",
                done.ran.err,
            )
    sys.exit(1 if bad else 0)


def prepared(root: Path) -> Path:
    """A project with its manifest."""
    root.mkdir(parents=True)
    if root.name == SHOP:
        write_shop(root)
        mend_shop(root)
    else:
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(Path(aiosqlite.__file__).parent, root / PACKAGE, ignore=ignored)
    ran = program("init", cwd=root)
    assert ran.code == 0, ran.err
    with (root / "covey.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(f"\n{COMMANDS}")
    return root


async def run(root: Path, workflow: str, contexts: str = "--all") -> Done:
    """`covey run` over contexts of a project."""
    async with FakeMessagesServer(author) as server:
        told = environment(ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=server.base_url)
        call = ("run", workflow, contexts, "--agent", "anthropic", "--model", "fake-large", "--headless", "--json")
        ran = await asyncio.to_thread(program, *call, cwd=root, env=told)
    results = [result for request in server.requests for result in request.tool_results[-1:]]
    return Done(
        root,
        ran,
        server.statuses,
        Counter(result.name for result in results),
        sum(result.is_error for result in results),
        tuple(path for path in root.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()),
    )


if __name__ == "__main__":
    main()
