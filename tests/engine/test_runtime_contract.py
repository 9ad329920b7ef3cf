"""What every runtime has to stand: the whole scenario, SIGKILL, SIGSTOP, doubled requests (one runtime so far).

A runtime is driven from outside only: its engine is a process, its log and requests are those of the command line.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from covey.client.requests import Answer, Wish, request_control
from covey.model.control import Action
from covey.store.sqlite import open_viewer
from tests.cli.program import covey

AGENT = """#!/bin/sh
# $1 component, $2 target; waits for a line in the fifo "gate" or "gate-$1" where there is one,
# fails where there is a file "no-$1"
echo "$$" > "pid-$1"
test -p gate && read -r _ < gate
test -p "gate-$1" && read -r _ < "gate-$1"
test -e "no-$1" && { echo "no $1 today" >&2; exit 3; }
mkdir -p "$(dirname "$2")"
printf '# %s\\n\\n## Purpose\\n\\nP.\\n\\n## Public API\\n\\nA.\\n\\n## Dependencies\\n\\nNone.\\n' "$1" > "$2.part"
printf '\\n## Summary\\n\\nS.\\n\\n## Findings\\n\\nF.\\n\\n## Components reviewed\\n\\nC.\\n' >> "$2.part"
mv "$2.part" "$2"
"""
MANIFEST = """
[run]
agent = "script"
cancel_grace = "5s"
[agents.script]
kind = "command"
command = ["./agent.sh", "{component}", "{target}"]
[[context]]
name = "Shop"
module = "shop"
"""


REVIEW, REVIEW_FILE = "Review of Shop", "docs/design/shop/design_review.md"


@dataclass
class Engine:
    """An engine process; its log is read line by line."""

    process: "subprocess.Popen[str]"
    lines: list[dict[str, Any]] = field(default_factory=list)

    def until(self, event: str, **wanted: object) -> dict[str, Any]:
        """Read on until such an event; the test's own deadline bounds it."""
        assert self.process.stdout is not None
        for text in self.process.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if line["event"] == event and wanted.items() <= line.items():
                return line
        raise AssertionError(f"{event} {wanted} never came; the last was {self.lines[-1:]}")

    def end(self) -> int:
        """Read to the end; the exit code."""
        assert self.process.stdout is not None
        self.lines.extend(json.loads(text) for text in self.process.stdout)
        return self.process.wait()


@dataclass
class LocalRuntimeDriver:
    """Drives the local runtime in a project of its own."""

    root: Path
    engines: list[Engine] = field(default_factory=list)

    def project(self, *components: str) -> None:
        tables = "".join(f'[[context.component]]\nname = "{name}"\nmodule = "shop.{name}"\n' for name in components)
        (self.root / "covey.toml").write_text(MANIFEST + tables)
        (self.root / "agent.sh").write_text(AGENT)
        (self.root / "agent.sh").chmod(0o755)

    def start(self, *options: str) -> Engine:
        command = [sys.executable, "-m", "covey", "run", "design", "Shop", "--headless", "--json", *options]
        process = subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.engines.append(Engine(process))
        return self.engines[-1]

    def ask(self, *words: str) -> tuple[int, list[dict[str, Any]]]:
        ran = covey(*words, "--json", cwd=self.root)
        return ran.code, ran.lines

    def status(self) -> dict[str, Any]:
        return self.ask("status")[1][0]

    def session(self, component: str) -> dict[str, Any]:
        return next(each for each in self.status()["sessions"][1:] if each["component"] == component)

    def pids(self, *components: str) -> list[int]:
        """The agents of these components, once each has begun."""
        paths = [self.root / f"pid-{component}" for component in components]
        while not all(path.exists() and path.read_text().endswith("\n") for path in paths):
            os.sched_yield()
        return [int(path.read_text()) for path in paths]


@pytest.fixture(params=["local"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalRuntimeDriver]:
    """The runtime under contract; a second one is a second value here."""
    driver = {"local": LocalRuntimeDriver}[request.param](tmp_path)
    yield driver
    for engine in driver.engines:
        if engine.process.poll() is None:
            engine.process.kill()
        engine.process.communicate()


def lives(pid: int) -> bool:
    """The process lives; one that has ended and that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def retry_twice(root: Path, session_id: str) -> list[Answer]:
    """Two requests that were decided on the very same row, as of a key that was pressed twice."""
    async with open_viewer(root) as viewer:
        assert viewer is not None
        session = await viewer.session(viewer.scope, session_id)
        assert session is not None
        wish = Wish(action=Action.RETRY)
        asked = (request_control(viewer, root, [session], wish, wait_seconds=20) for _ in range(2))
        return [answer for answers in await asyncio.gather(*asked) for answer in answers]


class TestContract:
    """Whatever runs sessions keeps this."""

    def test_the_whole_scenario(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a", "b", "c")
        (runtime.root / "no-b").touch()
        engine = runtime.start("--stay")
        engine.until("session_blocked")
        document = runtime.root / "docs/design/shop/a.md"
        text = document.read_text()
        document.unlink()
        engine.until("artifact_missing", component="a")
        (runtime.root / "no-b").unlink()
        assert runtime.ask("retry", runtime.session("b")["session_id"])[1][0]["changed"] is True
        engine.until("session_completed", component="b")
        document.write_text(text)
        engine.until("artifact_found", component="a")
        assert engine.end() == 0
        assert engine.lines[-1]["event"] == "run_finished"
        assert engine.lines[-1]["counts"]["complete"] == 4
        assert (runtime.root / REVIEW_FILE).exists()

    def test_an_engine_that_is_killed_is_taken_over(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a", "b", "c")
        os.mkfifo(runtime.root / "gate")
        (runtime.root / "no-c").touch()
        first = runtime.start("--max-sessions", "2")
        for name in ("a", "b"):
            first.until("command_issued", component=name, step="GenerateComponentDesign")
        agents = runtime.pids("a", "b")
        before = {each["session_id"] for each in runtime.status()["sessions"]}
        first.process.send_signal(signal.SIGKILL)
        first.end()
        assert runtime.status()["engine"]["alive"] is False
        assert {each["component"] for each in runtime.status()["needs_human"]["interrupted"]} >= {"a", "b"}

        (runtime.root / "gate").unlink()
        (runtime.root / "no-c").unlink()
        second = runtime.start()
        second.until("run_adopted")
        assert not any(lives(pid) for pid in agents)  # ended before anything is tried again
        assert second.end() == 0
        after = {each["session_id"]: each["component"] for each in runtime.status()["sessions"]}
        assert [name for key, name in after.items() if key not in before] == [REVIEW]
        assert before <= set(after)
        assert {each["attempt"] for each in runtime.status()["sessions"]} == {1}

    def test_an_engine_that_is_killed_while_the_design_is_reviewed(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a", "b")
        os.mkfifo(runtime.root / "gate-Shop")
        first = runtime.start("--stay")
        first.until("command_issued", step="ExecuteReview")
        (reviewer,) = runtime.pids("Shop")
        before = runtime.session(REVIEW)
        first.process.send_signal(signal.SIGKILL)
        first.end()
        assert [each["component"] for each in runtime.status()["needs_human"]["interrupted"]] == [REVIEW]

        (runtime.root / "gate-Shop").unlink()
        second = runtime.start()
        second.until("run_adopted")
        assert not lives(reviewer)
        assert second.end() == 0
        assert [line["component"] for line in second.lines if line["event"] == "session_completed"] == [REVIEW, "Shop"]
        after = runtime.session(REVIEW)
        assert (after["session_id"], after["attempt"]) == (before["session_id"], 1)
        assert len(runtime.status()["sessions"]) == 4

    def test_a_review_that_fails_and_goes_missing_waits_for_a_human(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a")
        (runtime.root / "no-Shop").touch()
        engine = runtime.start("--stay")
        assert "Child sessions failed: Review of Shop (reason: " in engine.until("session_blocked")["reason"]
        (runtime.root / "no-Shop").unlink()
        document = runtime.root / "docs/design/shop/a.md"
        text = document.read_text()
        document.unlink()
        both = engine.until("session_blocked")
        assert [each["component"] for each in both["needs_human"]["failed"]] == [REVIEW]
        assert [each["path"] for each in both["needs_human"]["missing_files"]] == ["docs/design/shop/a.md"]
        document.write_text(text)
        engine.until("artifact_found", component="a")
        assert runtime.ask("retry", runtime.session(REVIEW)["session_id"])[1][0]["changed"] is True
        assert engine.end() == 0
        assert runtime.session(REVIEW)["attempt"] == 2

    def test_a_stopped_engine_keeps_its_lock(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a")
        (runtime.root / "no-a").touch()
        first = runtime.start("--stay")
        first.until("session_blocked")
        os.kill(first.process.pid, signal.SIGSTOP)
        second = runtime.start()
        _, complaint = second.process.communicate()
        assert second.process.returncode == 2
        assert f"pid {first.process.pid}" in complaint
        os.kill(first.process.pid, signal.SIGCONT)
        (runtime.root / "no-a").unlink()
        runtime.ask("retry", "--failed")
        assert first.end() == 0

    def test_doubled_requests_change_one_thing_once(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a", "b")
        (runtime.root / "no-a").touch()
        engine = runtime.start("--stay")
        engine.until("session_blocked")
        (runtime.root / "no-a").unlink()
        answers = asyncio.run(retry_twice(runtime.root, runtime.session("a")["session_id"]))
        assert engine.end() == 0
        assert sorted((each.state, each.changed) for each in answers) == [("settled", False), ("settled", True)]
        assert runtime.session("a")["attempt"] == 2

    def test_cancel_ends_the_process_group(self, runtime: LocalRuntimeDriver) -> None:
        runtime.project("a", "b")
        os.mkfifo(runtime.root / "gate")
        engine = runtime.start()
        engine.until("command_issued", component="b", step="GenerateComponentDesign")
        agents = runtime.pids("a", "b")
        code, answers = runtime.ask("cancel", engine.lines[-1]["run_id"])
        assert (code, answers[0]["changed"]) == (0, True)
        assert engine.end() == 1
        assert not any(lives(pid) for pid in agents)
        late = [line for line in runtime.ask("events")[1] if line["event"] == "result_recorded" and line["late"]]
        assert {line["component"] for line in late} == {"a", "b", "Shop"}
