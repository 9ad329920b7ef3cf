"""The engine as a process of its own: it outlives whoever started it, is handed runs, and leaves in good order."""

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.testing.samples import mend_shop
from tests.cli.program import command, end, environment, program, read_until
from tests.e2e.scene import (
    engine_of,
    interrupted,
    is_whole,
    listens_to,
    lives,
    no_engine_left,
    numbers,
    refused,
    running,
    session_of,
    status,
    wait_for,
)


@pytest.fixture
def own(shop: Path) -> Iterator[Path]:
    """The shop; whatever engine is at work at the end of the test is ended then."""
    with no_engine_left(shop):
        yield shop


def detached(root: Path, context: str, *arguments: str) -> str:
    """Begin a run in an engine of its own; its id."""
    ran = program("run", "design", context, "--detach", *arguments, cwd=root)
    assert ran.code == 0, ran
    (run_id,) = ran.out.split()
    return run_id


def held(root: Path, context: str = "catalog", agents: int = 3) -> str:
    """Begin a run whose agents wait for the gate; its id, once they are at work."""
    run_id = detached(root, context, "--agent", "waits")
    wait_for(lambda: len(numbers(root / "working")) == agents)
    return run_id


def gone(root: Path) -> bool:
    return not status(root)["engine"]["alive"]


class TestDetached:
    """`--detach` leaves the work to an engine of its own, which leaves when it is done."""

    def test_the_work_goes_on_to_its_end(self, own: Path) -> None:
        run_id = held(own)
        found = status(own)
        pid = found["engine"]["pid"]
        assert (found["run_id"], found["status"]) == (run_id, "active")
        assert os.getsid(pid) == pid, "it has a session of its own"
        assert program("wait", run_id[:8], "--timeout", "0.2", cwd=own).code == 5
        (own / "gate").touch()
        assert program("wait", run_id[:8], cwd=own).code == 0
        wait_for(lambda: gone(own))
        wait_for(lambda: not lives(pid))
        assert status(own)["status"] == "complete"
        assert is_whole(own)

    def test_is_told_with_a_line_for_each_context(self, own: Path) -> None:
        ran = program("run", "design", "--all", "--detach", "--json", cwd=own)
        assert ran.code == 0
        assert [(line["context"], line["how"]) for line in ran.lines] == [
            ("shop.billing", "started"),
            ("shop.catalog", "started"),
        ]
        assert {run["run_id"] for run in program("status", "--json", cwd=own).lines} <= {
            line["run_id"] for line in ran.lines
        }
        assert program("wait", ran.lines[0]["run_id"], "--json", cwd=own).object["exit_code"] == 6

    def test_nothing_to_do_is_told(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 0
        ran = program("run", "design", "catalog", "--detach", cwd=own)
        assert (ran.code, ran.out) == (4, "")
        assert "nothing to do" in ran.err

    def test_one_that_was_blocked_is_waited_for_until_it_has_looked_again(self, own: Path) -> None:
        assert program("run", "design", "billing", "--headless", cwd=own).code == 6
        tax = session_of(own, "tax")
        mend_shop(own)
        assert program("retry", tax, cwd=own).code == 0
        run_id = detached(own, "billing")
        assert program("wait", run_id, cwd=own).code == 0

    def test_when_all_is_blocked_and_nobody_watches_it_leaves_after_idle_exit(self, own: Path) -> None:
        manifest = own / "covey.toml"
        text = manifest.read_text(encoding="utf-8").replace("[run]\n", '[run]\nidle_exit = "0.2s"\n')
        manifest.write_text(text, encoding="utf-8")
        run_id = detached(own, "billing")
        assert program("wait", run_id, cwd=own).code == 6
        wait_for(lambda: gone(own))
        assert "nobody watches" in (own / ".covey/engine.log").read_text(encoding="utf-8")
        assert status(own)["phase"] == "blocked"

    def test_its_log_tells_what_it_did(self, own: Path) -> None:
        run_id = detached(own, "catalog")
        assert program("wait", run_id, cwd=own).code == 0
        wait_for(lambda: gone(own))
        first, second, last = (own / ".covey/engine.log").read_text(encoding="utf-8").splitlines()
        assert "is at work on" in first
        assert f"design shop.catalog: started {run_id[:8]}" in second
        assert last.endswith("leaves: all its runs have ended")

    def test_a_long_log_is_put_aside(self, own: Path) -> None:
        (own / ".covey").mkdir()
        (own / ".covey/engine.log").write_bytes(b"x" * (1 << 20) + b"\n")
        program("wait", detached(own, "catalog"), cwd=own)
        assert (own / ".covey/engine.log").stat().st_size < 1 << 10
        assert (own / ".covey/engine.log.1").stat().st_size > 1 << 20


class TestRefused:
    """What cannot be started is told to whoever asked, and no run comes of it."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["nowhere"], "nowhere"),
            (["catalog", "--agent", "nobody"], "nobody"),
            (["catalog", "--agent", "gone"], "gone"),
        ],
    )
    def test_says_why(self, own: Path, arguments: list[str], said: str) -> None:
        with (own / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write('\n[agents.gone]\nkind = "command"\ncommand = ["no-such-program-anywhere"]\n')
        refused(program("run", "design", *arguments, "--detach", cwd=own), said)
        assert status(own)["run_id"] is None

    def test_an_engine_that_cannot_start_is_told_with_the_end_of_its_log(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 0
        for path in (own / ".covey").glob("covey.db*"):
            path.unlink()
        (own / ".covey/covey.db").write_bytes(b"no database at all" * 1000)
        ran = program("run", "design", "billing", "--detach", cwd=own)
        assert ran.code == 2
        assert "is damaged" in ran.err
        assert "move it aside" in ran.err
        (own / ".covey/covey.db").unlink()

    def test_a_directory_that_cannot_be_written(self, own: Path) -> None:
        (own / ".covey").write_text("in the way", encoding="utf-8")
        refused(program("run", "design", "catalog", "--detach", cwd=own), ".covey cannot be written")
        (own / ".covey").unlink()


class TestHandedOver:
    """A run beside a living engine is handed to it and followed, as if it were ours."""

    def test_to_its_end(self, own: Path) -> None:
        held(own)
        first = engine_of(own)
        ran = program("run", "design", "billing", "--agent", "offline", "--headless", "--json", cwd=own)
        assert (ran.code, ran.err) == (6, "")
        assert (ran.lines[0]["event"], ran.lines[0]["context"]) == ("run_started", "shop.billing")
        assert (ran.lines[-1]["event"], ran.lines[-1]["exit_code"]) == ("run_left", 6)
        assert {line["run_id"] for line in ran.lines[:-1]} <= {ran.lines[0]["run_id"], None}
        assert engine_of(own) == first
        (own / "gate").touch()

    def test_to_one_inside_another_command(self, own: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", cwd=own) as process:
            read_until(process, "session_blocked")
            ran = program("run", "design", "catalog", "--json", cwd=own)
            assert (ran.code, ran.err) == (0, "")
            assert ran.lines[0]["event"] == "run_started"
            assert (ran.lines[-1]["event"], ran.lines[-1]["component"]) == ("run_finished", "shop.catalog")
            assert engine_of(own) == process.pid
            assert program("run", "design", "catalog", "--headless", cwd=own).code == 4
            assert interrupted(process).code == 130

    def test_people_are_told_the_same(self, own: Path) -> None:
        held(own)
        ran = program("run", "design", "billing", "--agent", "offline", cwd=own)
        assert ran.code == 6
        assert ran.out.startswith("● shop.billing")
        assert "covey retry" in ran.out
        (own / "gate").touch()

    def test_who_stops_following_stops_nothing(self, own: Path) -> None:
        run_id = held(own)
        with running("run", "design", "catalog", "--json", cwd=own) as process:
            read_until(process, "run_adopted")
            ran = interrupted(process)
        assert ran.code == 130
        assert ran.lines[-1]["event"] == "run_left"
        assert "the work goes on" in ran.err
        assert f"covey watch {run_id[:8]}" in ran.err
        assert all(map(lives, numbers(own / "working")))
        (own / "gate").touch()
        assert program("wait", run_id, cwd=own).code == 0

    def test_one_who_stays_sees_the_human_settle_it(self, own: Path) -> None:
        held(own)
        with running("run", "design", "billing", "--agent", "offline", "--stay", "--json", cwd=own) as process:
            read_until(process, "session_blocked")
            tax = next(each for each in program("status", "--json", cwd=own).lines if each["context"] == "shop.billing")
            failed = tax["needs_human"]["failed"][0]["session_id"]
            assert program("skip", failed, "--reason", "later", cwd=own).code == 0
            assert end(process).code == 3
        (own / "gate").touch()

    def test_an_engine_that_dies_is_seen(self, own: Path) -> None:
        held(own)
        pid = engine_of(own)
        with running("run", "design", "catalog", "--json", cwd=own) as process:
            read_until(process, "run_adopted")
            os.kill(pid, signal.SIGKILL)
            ran = end(process)
        assert ran.code == 130
        assert ran.lines[-1]["reason"] == "its engine is gone"
        assert "covey run design shop.catalog" in ran.err
        _end_agents(own)

    def test_an_engine_that_a_signal_has_stopped_is_named(self, own: Path) -> None:
        held(own)
        pid = engine_of(own)
        os.kill(pid, signal.SIGSTOP)
        try:
            refused(program("run", "design", "billing", cwd=own), f"pid {pid}", f"kill -CONT {pid}")
        finally:
            os.kill(pid, signal.SIGCONT)
        (own / "gate").touch()
        assert program("wait", cwd=own).code == 0
        assert [run["context"] for run in program("status", "--json", cwd=own).lines] == ["shop.catalog"]


class TestRace:
    """However many start at once, there is one engine, and every run begins once."""

    def test_of_two(self, own: Path) -> None:
        calls = [
            subprocess.Popen(
                command("run", "design", context, "--detach"),
                cwd=own,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for context in ("billing", "catalog")
        ]
        ended = [end(call) for call in calls]
        assert [ran.code for ran in ended] == [0, 0], ended
        runs = [ran.out.strip() for ran in ended]
        assert len(set(runs)) == 2
        assert program("wait", runs[0], cwd=own).code == 6
        assert program("wait", runs[1], cwd=own).code == 0
        started = [line for line in program("events", cwd=own).lines if line["event"] == "run_started"]
        assert {line["run_id"] for line in started} == set(runs)
        assert len(started) == 2


class TestSurvival:
    """Nothing that happens to whoever started it, or to a terminal, happens to the engine."""

    def test_its_terminal_is_closed(self, own: Path) -> None:
        ours, its = pty.openpty()
        with subprocess.Popen(
            command("run", "design", "catalog", "--agent", "waits", "--detach"),
            cwd=own,
            env=environment(),
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        ) as process:
            os.close(its)
            with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
                while os.read(ours, 1024):
                    continue
            assert process.wait() == 0
        os.close(ours)
        wait_for(lambda: len(numbers(own / "working")) == 3)
        (own / "gate").touch()
        assert program("wait", cwd=own).code == 0

    def test_sighup(self, own: Path) -> None:
        held(own)
        os.kill(engine_of(own), signal.SIGHUP)
        log = own / ".covey/engine.log"
        wait_for(lambda: "the work goes on" in log.read_text(encoding="utf-8"))
        (own / "gate").touch()
        assert program("wait", cwd=own).code == 0

    def test_when_it_is_killed_the_next_one_goes_on(self, own: Path) -> None:
        run_id = held(own)
        sessions = [each["session_id"] for each in status(own)["sessions"]]
        os.kill(engine_of(own), signal.SIGKILL)
        found = wait_for(lambda: now if not (now := status(own))["engine"]["alive"] else None)
        assert (found["status"], found["phase"]) == ("active", "interrupted")
        assert program("wait", run_id, cwd=own).code == 130
        (own / "gate").touch()
        assert detached(own, "catalog") == run_id
        assert program("wait", run_id, cwd=own).code == 0
        *same, review = status(own)["sessions"]
        assert [each["session_id"] for each in same] == sessions
        assert review["type"] == "ComponentDesignReviewSessions"
        assert is_whole(own)


class TestStop:
    """`covey stop` ends the work for now; `--engine` lets the engine leave."""

    def test_a_run(self, own: Path) -> None:
        run_id = held(own)
        ran = program("stop", "--json", cwd=own)
        assert ran.code == 0
        assert list(ran.object) == ["session_id", "action", "state", "changed", "reason"]
        assert ran.object == {
            "session_id": run_id,
            "action": "stop",
            "state": "settled",
            "changed": True,
            "reason": None,
        }
        assert not any(map(lives, numbers(own / "working")))
        assert sorted(numbers(own / "told")) == sorted(numbers(own / "working"))
        found = status(own)
        assert (found["status"], found["phase"]) == ("active", "interrupted")
        again = program("stop", run_id, "--json", cwd=own).object
        assert (again["state"], again["changed"]) == ("settled", False)
        assert program("wait", run_id, cwd=own).code == 130
        (own / "gate").touch()
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 0

    def test_the_engine(self, own: Path) -> None:
        run_id = held(own)
        pid = engine_of(own)
        ran = program("stop", "--engine", "--json", cwd=own)
        assert (ran.code, ran.object["session_id"], ran.object["changed"]) == (0, run_id, True)
        assert gone(own)
        wait_for(lambda: not lives(pid))
        (again,) = program("stop", "--engine", "--json", cwd=own).lines
        assert (again["session_id"], again["state"], again["changed"]) == (None, "settled", False)
        assert "covey run goes on" not in program("stop", "--engine", cwd=own).out

    def test_takes_a_run_or_the_engine(self, own: Path) -> None:
        refused(program("stop", "abc", "--engine", cwd=own), "not both")


class TestStart:
    """A request with `--start` has an engine carry it out, and the run goes on."""

    def test_a_retry(self, own: Path) -> None:
        assert program("run", "design", "billing", "--headless", cwd=own).code == 6
        mend_shop(own)
        answer = program("retry", "--failed", "--start", "--json", cwd=own).object
        assert (answer["state"], answer["changed"]) == ("settled", True)
        assert program("wait", cwd=own).code == 0
        wait_for(lambda: gone(own))

    def test_what_is_ruled_out_starts_nothing(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 0
        ran = program("skip", session_of(own, "search"), "--reason", "x", "--start", "--json", cwd=own)
        assert (ran.code, ran.object["state"]) == (1, "refused")
        assert gone(own)
        assert not (own / ".covey/engine.log").exists()


class TestWait:
    """`covey wait` tells how a run comes out."""

    def test_without_an_engine(self, blocked: Path) -> None:
        ran = program("wait", "--json", cwd=blocked)
        assert ran.code == 6
        assert list(ran.object) == ["run_id", "exit_code", "counts", "reason"]
        assert ran.object["counts"]["failed"] == 1
        assert "tax" in ran.object["reason"]

    def test_of_nothing(self, shop: Path) -> None:
        refused(program("wait", cwd=shop), "nothing has been run here yet")

    def test_interrupted(self, own: Path) -> None:
        held(own)
        with running("wait", cwd=own) as process:
            wait_for(lambda: signal.SIGTERM in listens_to(process.pid))
            assert interrupted(process).code == 130
        assert status(own)["engine"]["alive"]
        (own / "gate").touch()


class TestPlain:
    """Lines without signs, one for each session or change."""

    def test_status(self, blocked: Path) -> None:
        ran = program("status", "--plain", cwd=blocked)
        lines = ran.out.splitlines()
        found = status(blocked)
        assert [line[:8] for line in lines] == [each["session_id"][:8] for each in found["sessions"]]
        assert lines[0].isascii()
        assert "needs you" in lines[0]
        assert "4 of 5 complete, 1 failed" in lines[0]
        assert {line.index("attempt") for line in lines} == {lines[0].index("attempt")}

    def test_watch_prints_what_is_and_then_what_happens(self, own: Path) -> None:
        held(own)
        with running("watch", "--plain", cwd=own) as process:
            assert process.stdout is not None
            present = [process.stdout.readline() for _ in range(5)]
            assert sum("attempt 1" in line for line in present) == 4
            assert present[-1] == f"an engine is at work (pid {engine_of(own)})\n"
            (own / "gate").touch()
            ran = end(process)
        assert ran.code == 0
        assert [line.split()[0] for line in ran.out.splitlines() if line.endswith("  complete")][-1] == "shop.catalog"
        assert ran.out.isascii()

    def test_watch_tells_that_the_engine_has_died(self, own: Path) -> None:
        held(own)
        with running("watch", "--plain", cwd=own) as process:
            assert process.stdout is not None
            assert any(line.startswith("an engine is at work") for line in process.stdout)
            os.kill(engine_of(own), signal.SIGKILL)
            assert any(line.startswith("no engine is at work") for line in process.stdout)
            assert interrupted(process).code == 130
        _end_agents(own)

    def test_watch_of_what_has_ended_prints_it_once(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 0
        ran = program("watch", cwd=own)
        assert ran.code == 0
        assert len(ran.out.splitlines()) == 6

    def test_watch_with_json_is_the_log_from_now_on(self, own: Path) -> None:
        held(own)
        search = session_of(own, "search")
        with running("watch", "--json", cwd=own) as process:
            wait_for(lambda: is_watched(own))
            assert program("cancel", search, cwd=own).code == 0
            lines = read_until(process, "session_cancelled")
            assert program("retry", search, cwd=own).code == 0
            (own / "gate").touch()
            lines += read_until(process, "run_finished")
            assert end(process).code == 0
        log = {line["seq"]: line for line in program("events", cwd=own).lines}
        assert lines == [log[number] for number in range(lines[0]["seq"], lines[-1]["seq"] + 1)]


def is_watched(root: Path) -> bool:
    """Somebody has said in the database that they watch."""
    with contextlib.closing(sqlite3.connect(root / ".covey/covey.db")) as database:
        return bool(database.execute("SELECT 1 FROM viewers").fetchall())


def _end_agents(root: Path) -> None:
    """What an engine that was killed has left behind is ended by the next one."""
    (root / "gate").touch()
    program("run", "design", "catalog", "--headless", cwd=root)
    assert not any(map(lives, numbers(root / "working")))
