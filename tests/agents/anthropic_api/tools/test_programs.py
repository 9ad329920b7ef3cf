"""Tests, searches and commands: what they get, what is told of them, and that nothing of them is left."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from covey.agents.anthropic_api.tools.arguments import SearchText
from covey.agents.anthropic_api.tools.programs import ProgramTools
from covey.agents.base import Reviewed
from covey.model.command import TranscriptKind
from covey.testing.desk import RecordingDesk
from covey.workspace import process_table
from covey.workspace.processes import Grace
from tests.agents.anthropic_api.tools.bench import COMPONENT, PYTEST, Bench, refused, said
from tests.workspace.traps import TARGET

HANGS = "import os, time\nprint('began', flush=True)\nif os.fork() == 0:\n    time.sleep(600)\ntime.sleep(600)\n"


@dataclass
class HearingDesk(RecordingDesk):
    """A desk that says when it has been told something."""

    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def report(self, kind: TranscriptKind, text: str) -> None:
        await super().report(kind, text)
        self.heard.set()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def write(bench: Bench, path: str, text: str) -> None:
    (bench.root / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.root / path).write_text(text)


class TestRunTests:
    """The project's own command, on the component's own file."""

    async def test_what_is_run_and_told(self, bench: Bench) -> None:
        write(bench, "src/shop.py", "price = 3\n")
        write(
            bench, TARGET, "import os, shop, sys\nprint(shop.price, os.getcwd(), sys.stdin.read() == '')\nsys.exit(3)\n"
        )
        answer = said(await bench.toolbox().call("run_tests", {}))
        assert answer == f"$ {sys.executable} -S {TARGET}\nexited with code 3\n3 {bench.root} True\n"
        assert len(bench.desk.ledger.records) == 1
        assert not bench.desk.ledger.living

    async def test_pytest_leaves_nothing_in_the_tree(self, bench: Bench) -> None:
        write(bench, "src/shop.py", "price = 3\n")
        write(bench, TARGET, "import shop\n\ndef test_price():\n    assert shop.price == 4\n")
        answer = said(await bench.toolbox(test_command=PYTEST).call("run_tests", {}))
        assert "exited with code 1" in answer
        assert "assert 3 == 4" in answer
        files = {str(path.relative_to(bench.root)) for path in bench.root.rglob("*") if path.is_file()}
        assert files == {"src/shop.py", TARGET}

    async def test_one_that_hangs_is_ended_with_all_its_children(self, bench: Bench) -> None:
        write(bench, TARGET, HANGS)
        bench.desk.grace.seconds = 0.1
        answer = refused(await bench.toolbox(test_timeout=0.5).call("run_tests", {}))
        assert "took longer than 0.5s" in answer
        assert_nothing_is_left(bench)

    async def test_a_flood_keeps_its_head_and_its_tail(self, bench: Bench) -> None:
        write(bench, TARGET, "print('first')\nfor n in range(100_000): print(n)\nprint('last')\n")
        answer = said(await bench.toolbox().call("run_tests", {}))
        assert "\nfirst\n0\n" in answer
        assert "bytes left out …" in answer
        assert answer.endswith("99999\nlast\n")
        assert len(answer) < 50_000

    async def test_a_program_that_is_not_there(self, bench: Bench) -> None:
        toolbox = bench.toolbox(test_command=("no-such-program", TARGET))
        assert "no-such-program" in refused(await toolbox.call("run_tests", {}))

    async def test_one_that_is_killed(self, bench: Bench) -> None:
        write(bench, TARGET, "import os\nos.kill(os.getpid(), 9)\n")
        assert "was ended by SIGKILL" in refused(await bench.toolbox().call("run_tests", {}))


class TestSearch:
    """Lines that match, found by a process that can be ended."""

    async def test_found(self, bench: Bench) -> None:
        write(bench, "src/a.py", "one = 1\ntwo = 2\n")
        write(bench, "src/b/c.py", f"x = '{'y' * 1000} two {'z' * 1000}'\r\n")
        write(bench, ".env", "two")
        lines = (await bench.done("search_text", pattern=r"\btwo\b")).splitlines()
        assert lines[0] == "src/a.py:2: two = 2"
        assert lines[1].startswith("src/b/c.py:1: …yyy")
        assert " two zzz" in lines[1]
        assert len(lines) == 2
        assert (await bench.done("search_text", pattern="two", path="src/b")).startswith("src/b/c.py:1")
        assert (await bench.done("search_text", pattern="two", path="src/a.py")) == "src/a.py:2: two = 2"

    async def test_what_the_assignment_names_is_searched(self, bench: Bench) -> None:
        write(bench, ".docs/shop.md", "two\n")
        reviewed = tuple(Reviewed(COMPONENT, f"docs/{n:0>99}.md", f"src/{n:0>99}.py") for n in range(1_000))
        toolbox = bench.toolbox(design_path=".docs/shop.md", reviewed=reviewed)
        assert said(await toolbox.call("search_text", {"pattern": "two"})) == ".docs/shop.md:1: two"

    async def test_what_is_no_expression(self, bench: Bench) -> None:
        write(bench, "a.txt", "f(x\n")
        answer = await bench.done("search_text", pattern="f(x")
        assert answer == "a.txt:1: f(x\n[the pattern is no regular expression; it was looked for as it stands]"

    async def test_an_expression_that_is_too_large(self, bench: Bench) -> None:
        write(bench, "a.txt", "a\n")
        assert "as it stands" in await bench.done("search_text", pattern="a{99999999999}")

    async def test_very_many(self, bench: Bench) -> None:
        write(bench, "a.txt", "a\n" * 300)
        lines = (await bench.done("search_text", pattern="a")).splitlines()
        assert len(lines) == 201
        assert lines[-1].startswith("[there are more than 200 lines")

    async def test_lines_in_any_script_are_all_told(self, bench: Bench) -> None:
        write(bench, "docs/names.md", ("名" * 290 + "\n") * 190)
        answer = said(await bench.toolbox().call("search_text", {"pattern": "名"}))
        left_out = re.search(r"\[… ([\d,]+) characters left out …\]", answer)
        assert left_out
        assert answer.count("名") + int(left_out[1].replace(",", "")) >= 190 * 290

    async def test_what_was_left_out_is_said(self, bench: Bench) -> None:
        (bench.root / "a.bin").write_bytes(b"\xff")
        write(bench, "b.txt", "x" * 1_100_000)
        assert "[2 files left out" in await bench.done("search_text", pattern="x")

    async def test_an_expression_that_never_ends(self, bench: Bench) -> None:
        """What was found before it is told, the process is ended, and nobody else had to wait."""
        write(bench, "a.txt", "ab\n")
        write(bench, "b.txt", "a" * 5_000 + "\n")
        tools = ProgramTools(bench.assignment(), bench.desk, ())
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0)
                beats += 1

        async with asyncio.TaskGroup() as group:
            beating = group.create_task(beat())
            answer = await tools.search(SearchText(pattern="(a+)+b"), (), seconds=2.0)
            beating.cancel()
        assert answer.startswith("a.txt:1: ab\n[ended after 2s")
        assert beats > 100
        assert_nothing_is_left(bench)


class TestRunCommand:
    """Only what the settings allow, without a shell."""

    async def test_allowed_beginnings(self, bench: Bench) -> None:
        toolbox = bench.toolbox(["echo", "a"], ["true"])
        assert (
            said(await toolbox.call("run_command", {"argv": ["echo", "a", "b c"]}))
            == "$ echo a 'b c'\nexited with code 0\na b c\n"
        )
        assert said(await toolbox.call("run_command", {"argv": ["true"]})).endswith("[it printed nothing]")
        assert '"echo a", "true"' in refused(await toolbox.call("run_command", {"argv": ["echo", "b"]}))

    async def test_an_empty_beginning_allows_nothing(self, bench: Bench) -> None:
        toolbox = bench.toolbox([])
        assert "not allowed" in refused(await toolbox.call("run_command", {"argv": ["true"]}))

    async def test_paths_inside_may_be_named(self, bench: Bench) -> None:
        write(bench, "a.txt", "text")
        toolbox = bench.toolbox(["cat"])
        assert said(await toolbox.call("run_command", {"argv": ["cat", str(bench.root / "a.txt")]})).endswith("text")

    async def test_a_caller_that_is_cancelled_leaves_nothing(self, bench: Bench) -> None:
        write(bench, "hangs.py", HANGS)
        desk = bench.desk = HearingDesk(grace=Grace(0.1))
        toolbox = bench.toolbox([sys.executable])
        async with asyncio.TaskGroup() as group:
            call = group.create_task(toolbox.call("run_command", {"argv": [sys.executable, "hangs.py"]}))
            await desk.heard.wait()
            call.cancel()
        assert_nothing_is_left(bench)


def assert_nothing_is_left(bench: Bench) -> None:
    assert bench.desk.ledger.records
    assert not bench.desk.ledger.living
    groups = {record.group for record in bench.desk.ledger.records}
    assert not [each for each in process_table.everybody() if each.group in groups and not each.zombie]
    assert os.getpgrp() not in groups
