"""A logout, a tmux server that is killed, and the engine's own sudden death: the run goes on."""

import os
import pty
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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


class TestKilledEngine:
    """SIGKILL ends an engine between two instructions: its agents end behind it, and the next one takes over."""

    def test_its_agents_end_behind_it_and_the_next_one_says_what_it_found(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--agent", "waits", "--detach", cwd=own).code == 0
        agents = at_work(own)
        os.kill(engine_of(own), signal.SIGKILL)
        wait_for(lambda: not any(map(lives, agents)))
        assert not status(own)["engine"]["alive"], "no other engine has done it"
        sessions = [each["session_id"] for each in status(own)["sessions"]]
        (own / "gate").touch()
        ran = program("run", "design", "catalog", "--headless", cwd=own)
        assert ran.code == 0, ran
        assert "took over from an engine that died: 3 resumed, 1 adopted" in ran.out
        assert [each["session_id"] for each in status(own)["sessions"]][:4] == sessions

    def test_the_log_of_an_engine_of_its_own_names_each_session(self, own: Path) -> None:
        assert program("run", "design", "catalog", "--agent", "waits", "--detach", cwd=own).code == 0
        at_work(own)
        names = [each["component"] for each in status(own)["sessions"][1:]]
        os.kill(engine_of(own), signal.SIGKILL)
        (own / "gate").touch()
        assert program("run", "design", "catalog", "--detach", cwd=own).code == 0
        assert program("wait", cwd=own).code == 0
        log = (own / ".covey/engine.log").read_text(encoding="utf-8")
        assert "took over from an engine that died: 3 resumed, 1 adopted" in log
        resumed = [line.split(" INFO ")[1] for line in log.splitlines() if " resumes at " in line]
        assert sorted(resumed) == [f"{name} resumes at generate design" for name in sorted(names)]
