"""The work does not depend on the monitor, nor the monitor on the engine: each sees the other go, and goes on."""

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import command, covey, environment, program
from tests.e2e.scene import engine_of, lives, no_engine_left, numbers, status, wait_for
from tests.e2e.terminal import Terminal, terminal

RUN = command("run", "design", "catalog", "--agent", "waits")
WATCH = command("watch")


@pytest.fixture
def own(shop: Path) -> Iterator[Path]:
    with no_engine_left(shop):
        yield shop
    (shop / "gate").touch()  # no agent stays behind and waits


def until_at_work(shown: Terminal) -> None:
    """Read until all three agents are at work."""
    for name in ("price_list", "product", "search"):
        shown.until_row("●", name, "generate design")


def ends_well(root: Path) -> None:
    """Let the agents write their documents; the run comes to its end without anybody."""
    (root / "gate").touch()
    assert covey("wait", cwd=root).code == 0
    found = status(root)
    assert found["status"] == "complete"
    assert [each["attempt"] for each in found["sessions"]] == [1] * 5, "nothing had to begin anew"


def left_with_q(shown: Terminal) -> int:
    shown.type("q")
    code = shown.until_ended()
    assert "The work goes on. Come back with: covey watch" in shown.text
    return code


class TestLeaving:
    """However the monitor goes, the engine goes on, and the run ends well."""

    @pytest.mark.parametrize(
        ("leave", "code"),
        [(left_with_q, 0), (Terminal.hang_up, -signal.SIGHUP), (Terminal.kill, -signal.SIGKILL)],
        ids=["q", "hang-up", "kill"],
    )
    def test_the_run_goes_on(self, own: Path, leave: Callable[[Terminal], int], code: int) -> None:
        with terminal(*RUN, at=own) as shown:
            until_at_work(shown)
            engine = engine_of(own)
            assert leave(shown) == code
        assert engine_of(own) == engine
        ends_well(own)

    def test_a_second_one_beside_it_stays(self, own: Path) -> None:
        with terminal(*RUN, at=own) as first, terminal(*WATCH, at=own, columns=140) as second:
            until_at_work(first)
            until_at_work(second)
            assert left_with_q(first) == 0
            (own / "gate").touch()
            second.until("✓ Finished   4 of 4 complete")

    def test_what_one_decides_the_other_shows(self, own: Path) -> None:
        with terminal(*RUN, at=own) as first, terminal(*WATCH, at=own) as second:
            until_at_work(first)
            until_at_work(second)
            first.type("jjx")
            first.until("Cancel product?")
            first.type("y")
            second.until_row("⊘", "product", "cancelled")
            second.until("◆ 1 needs you   1 cancelled")


class TestHarmlessKeys:
    """Ctrl+C, Esc and the arrows end nothing, neither the monitor nor the work."""

    def test_end_nothing_and_confirm_nothing(self, own: Path) -> None:
        with terminal(*RUN, at=own) as shown:
            until_at_work(shown)
            engine = engine_of(own)
            shown.type("Q")
            shown.until("Stop the run?", "3 sessions are told to stop.", "Keep running")
            shown.type("\x03")
            shown.type("n")
            shown.until("3 of 8 slots", gone=["Stop the run?"])
            assert not numbers(own / "told"), "Ctrl+C confirms nothing"
            for key in ("\x03", "\x1b", "\x1b[D", "\x03", "\x1b[C", "\x1b"):
                shown.type(key)
            shown.type("?")
            shown.until("try again, with a note to the agent")
            shown.type("\x03")
            shown.type("\x1b")
            shown.until("session  ", "3 of 8 slots", gone=["try again, with a note to the agent"])
            assert engine_of(own) == engine
            assert not numbers(own / "told")
            ends_well(own)
            shown.until("✓ Finished   4 of 4 complete")


class TestStopping:
    """`Q` asks, and ends the work for now; an action or `covey run` goes on with it."""

    def stopped(self, shown: Terminal, root: Path) -> None:
        until_at_work(shown)
        shown.type("Q")
        shown.until("Stop the run?", "covey run design shop.catalog")
        shown.type("y")
        shown.until_row("↯", "product", "interrupted")
        shown.until("↯ No engine runs. Any action starts one.", "no engine")
        assert len(numbers(root / "told")) == 3
        assert not status(root)["engine"]["alive"]

    def test_covey_run_goes_on(self, own: Path) -> None:
        with terminal(*RUN, at=own) as shown:
            self.stopped(shown, own)
            (own / "gate").touch()
            assert program(*RUN[3:], "--detach", cwd=own).code == 0
            shown.until("✓ Finished   4 of 4 complete", gone=["No engine"])

    def test_an_action_goes_on(self, own: Path) -> None:
        with terminal(*RUN, at=own) as shown:
            self.stopped(shown, own)
            (own / "gate").touch()
            shown.type("jjr")
            shown.until("✓ Finished   4 of 4 complete", gone=["No engine"])
            shown.until_row("product", "complete")


class TestEngineGone:
    """An engine that was killed is seen to be gone, and what it left is said to be inferred."""

    def test_is_seen(self, own: Path) -> None:
        with terminal(*RUN, at=own) as shown:
            until_at_work(shown)
            engine = engine_of(own)
            os.kill(engine, signal.SIGKILL)
            wait_for(lambda: not lives(engine))
            shown.until("↯ No engine runs. Any action starts one.", "no engine", seconds=5)
            for name in ("price_list", "product", "search"):
                shown.until_row(name, "interrupted?", seconds=5)
            (own / "gate").touch()
            assert program(*RUN[3:], "--detach", cwd=own).code == 0
            shown.until("✓ Finished   4 of 4 complete", gone=["No engine", "?  "])


_GREYS = 232
"""Of 256 colours, those from here on."""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
class TestTmux:
    """Within tmux it survives a detach, and fills whatever window it is attached to."""

    @pytest.fixture
    def tmux(self, own: Path) -> Iterator[Callable[..., str]]:
        """Call tmux on a server of our own."""
        socket = own.parent / f"tmux-{uuid.uuid4().hex[:8]}"

        def call(*arguments: str) -> str:
            done = subprocess.run(
                ["tmux", "-S", str(socket), "-f", "/dev/null", *arguments],
                cwd=own,
                env=environment(TERM="xterm-256color", LANG="C.UTF-8"),
                capture_output=True,
                timeout=60,
                check=False,
            )
            return done.stdout.decode()

        yield call
        call("kill-server")

    def test_detach_attach_and_resize(self, own: Path, tmux: Callable[..., Any]) -> None:
        tmux("new-session", "-d", "-x", "100", "-y", "31", *RUN)
        wait_for(lambda: "3 of 8 slots" in tmux("capture-pane", "-p"))
        grounds = {int(color) for color in re.findall(r"48;5;(\d+)", tmux("capture-pane", "-p", "-e"))}
        assert grounds
        assert min(grounds) >= _GREYS, "there are 256 colours within tmux, unless it is told of more"
        engine = engine_of(own)
        attach = ("tmux", "-S", tmux("display-message", "-p", "#{socket_path}").strip(), "attach-session")
        with terminal(*attach, at=own, columns=80, lines=25) as shown:
            until_at_work(shown)
            shown.type("\x02d")
            assert shown.until_ended() == 0
        with terminal(*attach, at=own, columns=160, lines=41) as shown:
            until_at_work(shown)
            shown.until_true(lambda: "? help   q leave" in shown.text.splitlines()[39], "the footer on the last line")
            shown.resize(60, 21)
            shown.until_true(lambda: "? help   q leave" in shown.text.splitlines()[19], "the footer on the last line")
            until_at_work(shown)
            assert engine_of(own) == engine
            (own / "gate").touch()
            shown.until("✓ Finished")
