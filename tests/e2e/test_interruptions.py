"""Ctrl+C and SIGTERM at any time, readers that go away, and a second engine: the run stays adoptable."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from tests.cli.program import Ran, program, read_until
from tests.e2e.scene import interrupted, is_whole, listens_to, lives, numbers, refused, running, status, wait_for

BOTH = [signal.SIGINT, signal.SIGTERM]


def goes_on(root: Path, context: str, sessions: dict[str, str], *arguments: str) -> Ran:
    """The next `covey run` adopts the run and ends it: the same sessions, and the review where it came to that."""
    ran = program("run", "design", context, *arguments, "--json", cwd=root)
    assert "run_adopted" in [line["event"] for line in ran.lines[:5]]
    assert "run_started" not in [line["event"] for line in ran.lines]
    after = {each["session_id"]: each["component"] for each in status(root)["sessions"]}
    assert sessions.items() <= after.items()
    assert {after[key] for key in set(after) - set(sessions)} <= {f"Review of shop.{context}"}
    assert is_whole(root)
    return ran


def was_left(left: Ran, reason: str) -> None:
    """The last line says that the run was left; nothing else but a sentence for people."""
    assert left.code == 130
    last = left.lines[-1]
    assert (last["event"], last["exit_code"]) == ("run_left", 130)
    assert last["reason"].startswith(reason)
    assert "seq" not in last
    assert left.err.startswith(f"covey: {reason}")
    assert len(left.err.splitlines()) == 1


class TestSignals:
    """Whenever it comes: exit code 130, no agent goes on, and the next run takes the same sessions up."""

    @pytest.mark.parametrize("number", BOTH)
    def test_while_agents_work(self, shop: Path, number: signal.Signals) -> None:
        with running("run", "design", "catalog", "--agent", "waits", "--headless", "--json", cwd=shop) as process:
            agents = wait_for(lambda: found if len(found := numbers(shop / "working")) == 3 else [])
            left = interrupted(process, number)
        was_left(left, {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[number])
        assert left.lines[-1]["counts"]["active"] == 3
        assert sorted(numbers(shop / "told")) == sorted(agents), "agents are told, so that they can clean up"
        assert not any(map(lives, agents))
        names = ["run_stopped", "engine_stopped", "run_left"]
        assert [line["event"] for line in left.lines[-3:]] == names
        found = status(shop)
        assert (found["status"], found["phase"], found["engine"]["alive"]) == ("active", "interrupted", False)
        assert len(found["needs_human"]["interrupted"]) >= 3
        (shop / "gate").touch()
        sessions = {each["session_id"]: each["component"] for each in found["sessions"]}
        assert goes_on(shop, "catalog", sessions).code == 0

    def test_before_the_first_session(self, shop: Path) -> None:
        with running("run", "design", "catalog", "--json", cwd=shop) as process:
            wait_for((shop / ".covey").exists)
            left = interrupted(process, signal.SIGTERM)
        assert left.code == 130
        assert left.lines[-1]["event"] == "run_left"
        assert "Traceback" not in left.err
        ran = program("run", "design", "catalog", "--json", cwd=shop)
        assert ran.code == 0 or (ran.code == 4 and status(shop)["status"] == "complete")
        assert is_whole(shop)

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process listens to is told by /proc")
    @pytest.mark.parametrize("number", BOTH)
    def test_while_it_is_only_starting(self, shop: Path, number: signal.Signals) -> None:
        with running("run", "design", "catalog", "--json", cwd=shop) as process:
            wait_for(lambda: signal.SIGTERM in listens_to(process.pid))
            left = interrupted(process, number)
        assert left.code == 130
        assert "Traceback" not in left.err

    def test_while_a_human_is_waited_for(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", cwd=shop) as process:
            read_until(process, "session_blocked")
            sessions = {each["session_id"]: each["component"] for each in status(shop)["sessions"]}
            left = interrupted(process)
        was_left(left, "interrupted")
        assert left.lines[-1]["counts"] == {"active": 0, "complete": 4, "failed": 1, "cancelled": 0, "skipped": 0}
        ran = goes_on(shop, "billing", sessions)
        assert (ran.code, ran.lines[-1]["event"]) == (6, "run_left")
        assert "command_issued" not in [line["event"] for line in ran.lines if line.get("parent_id")]

    def test_a_second_one_does_not_wait_for_agents_that_are_deaf(self, shop: Path) -> None:
        manifest = shop / "covey.toml"
        text = manifest.read_text(encoding="utf-8").replace("[run]\n", '[run]\ncancel_grace = "1h"\n')
        manifest.write_text(text, encoding="utf-8")
        with running("run", "design", "catalog", "--agent", "deaf", "--json", cwd=shop) as process:
            agents = wait_for(lambda: found if len(found := numbers(shop / "working")) == 3 else [])
            process.send_signal(signal.SIGINT)
            wait_for(lambda: len(numbers(shop / "told")) == 3)
            assert process.poll() is None
            left = interrupted(process)
        was_left(left, "interrupted")
        assert not any(map(lives, agents))

    def test_of_people_are_told_how_to_go_on(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", cwd=shop) as process:
            assert process.stdout is not None
            assert any("needs you" in line for line in process.stdout)
            left = interrupted(process)
        assert left.code == 130
        assert left.err == "covey: interrupted (SIGINT); go on with: covey run design shop.billing\n"


class TestReaders:
    """Whoever reads the output may go away or stand still: the work goes on, and the program ends."""

    def test_one_that_goes_away(self, shop: Path) -> None:
        with running("run", "design", "catalog", cwd=shop) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.wait() == 0
            assert process.stderr.read() == ""
        assert status(shop)["status"] == "complete"

    def test_one_that_stands_still(self, shop: Path) -> None:
        reading, writing = _full_pipe()
        try:
            with running("run", "design", "billing", "--json", cwd=shop, stdout=writing) as process:
                wait_for(lambda: status(shop)["phase"] == "blocked" and not status(shop)["engine"]["alive"])
                assert process.poll() is None, "it still has something to say"
                wait_for(lambda: process.send_signal(signal.SIGINT) or process.poll() is not None)
                assert process.wait() == 130
        finally:
            os.close(writing)
            os.close(reading)

    def test_one_that_stands_still_and_is_told_twice_while_agents_are_deaf(self, shop: Path) -> None:
        manifest = shop / "covey.toml"
        text = manifest.read_text(encoding="utf-8").replace("[run]\n", '[run]\ncancel_grace = "1h"\n')
        manifest.write_text(text, encoding="utf-8")
        reading, writing = _full_pipe()
        try:
            arguments = ("run", "design", "catalog", "--agent", "deaf", "--json")
            with running(*arguments, cwd=shop, stdout=writing) as process:
                agents = wait_for(lambda: found if len(found := numbers(shop / "working")) == 3 else [])
                process.send_signal(signal.SIGINT)
                wait_for(lambda: len(numbers(shop / "told")) == 3)
                process.send_signal(signal.SIGINT)
                assert process.wait() == 130, "no third one is needed, though nobody reads"
            assert not any(map(lives, agents))
        finally:
            os.close(writing)
            os.close(reading)


class TestSecondEngine:
    """One engine for each project: beside one that a signal has stopped, another run is refused."""

    def test_is_refused_beside_one_that_is_stopped(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", cwd=shop) as process:
            read_until(process, "session_blocked")
            process.send_signal(signal.SIGSTOP)
            try:
                second = program("run", "design", "catalog", "--json", cwd=shop)
                refused(second, f"(pid {process.pid})", f"kill -CONT {process.pid}", f"kill -KILL {process.pid}")
                ran = program("doctor", "--json", cwd=shop)
                (finding,) = [each for each in ran.object["findings"] if each["check"] == "engine"]
                assert (ran.code, finding["severity"]) == (1, "warning")
                assert f"kill -CONT {process.pid}" in finding["fix"]
            finally:
                process.send_signal(signal.SIGCONT)
            assert interrupted(process).code == 130
        assert [run["context"] for run in program("status", "--json", cwd=shop).lines] == ["shop.billing"]


def _full_pipe() -> tuple[int, int]:
    """A pipe that nobody reads and that has no room left: its two ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(1024))
    os.set_blocking(writing, True)
    return reading, writing
