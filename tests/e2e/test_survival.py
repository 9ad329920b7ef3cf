"""A logout, a tmux server that is killed, and the engine's own sudden death: the run goes on."""

import contextlib
import os
import pty
import shlex
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.workspace.process_table import here, place_of
from tests.cli.program import command, environment, program
from tests.e2e.scene import engine_of, is_whole, lives, no_engine_left, numbers, status, wait_for


@pytest.fixture
def own(shop: Path) -> Iterator[Path]:
    """The shop; whatever engine is at work at the end of the test is ended then."""
    with no_engine_left(shop):
        yield shop


def at_work(root: Path) -> list[int]:
    """The agents of a run of catalog, once all three are at work."""
    return wait_for(lambda: found if len(found := numbers(root / "working")) == 3 else [])


def goes_on(root: Path, agents: list[int]) -> None:
    """The agents that were at work are still, and the run comes to its end."""
    assert all(map(lives, agents))
    (root / "gate").touch()
    assert program("wait", cwd=root).code == 0
    assert numbers(root / "working")[:3] == agents
    assert is_whole(root)


DETACHED = shlex.join(command("run", "design", "catalog", "--agent", "waits", "--detach"))


class TestWithoutATerminal:
    """What happens to the terminal does not happen to the work."""

    def test_logout_the_session_leader_dies(self, own: Path) -> None:
        ours, its = pty.openpty()
        with subprocess.Popen(
            ["sh", "-c", f"{DETACHED}; exec sleep 1000"],
            cwd=own,
            env=environment(),
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        ) as leader:
            os.close(its)
            agents = at_work(own)
            leader.kill()
        os.close(ours)
        goes_on(own, agents)

    @pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
    def test_the_tmux_server_is_killed(self, own: Path) -> None:
        tmux = ["tmux", "-S", str(own / ".tmux-socket"), "-f", "/dev/null"]
        env = {**environment(), "TERM": "xterm-256color"}
        inside = f"{DETACHED}; exec sleep 1000"
        subprocess.run([*tmux, "new-session", "-d", inside], cwd=own, env=env, check=True)
        try:
            agents = at_work(own)
        finally:
            subprocess.run([*tmux, "kill-server"], cwd=own, env=env, check=True)
        goes_on(own, agents)


def interactions(root: Path, session_id: str) -> dict[str, object]:
    """The interactions of a session, oldest first, with their results."""
    shown = program("show", session_id, "--json", cwd=root).object
    return {each["id"]: each["result"] for each in shown["interactions"]}


def began_in_another_container(root: Path) -> None:
    """Let all recorded processes be of another pid namespace, where they cannot be looked at."""
    place = place_of(here())
    with contextlib.closing(sqlite3.connect(root / ".covey/covey.db", isolation_level=None)) as database:
        database.execute("UPDATE processes SET started = replace(started, ?, 'pid:[1]')", (place.namespace,))


class TestKilledEngine:
    """SIGKILL ends an engine between two instructions: its agents end behind it, and the next one takes over."""

    def test_its_agents_end_behind_it_and_the_next_one_says_what_it_found(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--agent", "waits", "--detach", cwd=own).code == 0
        agents = at_work(own)
        os.kill(engine_of(own), signal.SIGKILL)
        wait_for(lambda: not any(map(lives, agents)))
        assert not status(own)["engine"]["alive"], "no other engine has done it"
        sessions = [each["session_id"] for each in status(own)["sessions"]]
        begun = [interactions(own, key) for key in sessions]
        (own / "gate").touch()
        ran = program("run", "design", "catalog", "--headless", cwd=own)
        assert ran.code == 0, ran
        assert "took over from an engine that died: 3 resumed, 1 adopted" in ran.out
        assert [each["session_id"] for each in status(own)["sessions"]][:4] == sessions
        for key, before in zip(sessions, begun, strict=True):
            after = interactions(own, key)
            assert list(before) == list(after)[: len(before)], "what was pending is gone on with, and not begun anew"
            assert all(after.values()), "and nothing is left pending"

    def test_what_cannot_be_seen_to_have_ended_waits_for_a_human(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--agent", "waits", "--detach", cwd=own).code == 0
        agents = at_work(own)
        os.kill(engine_of(own), signal.SIGKILL)
        wait_for(lambda: not any(map(lives, agents)))
        began_in_another_container(own)
        (own / "gate").touch()
        ran = program("run", "design", "catalog", "--headless", cwd=own)
        assert ran.code == 6, ran
        assert "took over from an engine that died: 1 adopted, 3 wait for you" in ran.out
        found = status(own)["needs_human"]["interrupted"]
        assert [each["reason"].partition(";")[0].endswith("another container") for each in found] == [True] * 3
        assert program("wait", cwd=own).code == 6
        said = program("status", cwd=own).out
        first = found[0]["session_id"][:8]
        assert f"({first}): interrupted: its old process" in said
        assert f"covey retry {first}" in said
        keys = [each["session_id"] for each in found]
        assert program("retry", *keys[:2], cwd=own).code == 0
        assert program("skip", keys[2], "--reason", "enough", cwd=own).code == 0
        assert program("run", "design", "catalog", "--headless", cwd=own).code == 3
        attempts = {each["session_id"]: each["attempt"] for each in status(own)["sessions"]}
        assert [attempts[key] for key in keys] == [2, 2, 1]
        assert is_whole(own)
