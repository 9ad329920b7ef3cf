"""No agent works on without its engine: what a program that was killed leaves behind is ended within moments."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.workspace import process_table
from covey.workspace.processes import ProcessRecord
from covey.workspace.sentry import Sentry
from tests.e2e.scene import lives, numbers, wait_for

ENGINE = """
import asyncio, os, sys
from pathlib import Path
from covey.workspace.processes import Grace, run_process
from covey.workspace.sentry import Sentry

class Ledger:
    def __init__(self):
        self.sentry = Sentry(0.2)
    async def opened(self, record):
        self.sentry.guard(record)
    async def closed(self, record):
        self.sentry.release(record)

async def ear(stream, text): ...

async def main():
    ledger = Ledger()
    run = lambda script: run_process(["sh", "-c", script], cwd=Path.cwd(), env=dict(os.environ), ledger=ledger,
                                     on_output=ear, grace=Grace())
    await run("echo $$ >> ended")
    await asyncio.gather(*(run(script) for script in sys.argv[1:]))

asyncio.run(main())
"""
TOLD = "trap 'echo told >> told; exit' TERM; sleep 1000 & echo $! >> working; echo $$ >> working; wait"
DEAF = "trap '' TERM; echo $$ >> working; while :; do sleep 0.1; done"


def killed(tmp_path: Path, *scripts: str, processes: int) -> list[int]:
    """The processes that were at work for a program that has been killed with SIGKILL."""
    with subprocess.Popen([sys.executable, "-c", ENGINE, *scripts], cwd=tmp_path) as engine:
        found = wait_for(lambda: found if len(found := numbers(tmp_path / "working")) == processes else [])
        assert all(map(lives, found))
        engine.kill()
    return found


class TestKilled:
    """The program is gone from one moment to the next."""

    def test_the_whole_group_is_told_and_ends(self, tmp_path: Path) -> None:
        agents = killed(tmp_path, TOLD, processes=2)
        wait_for(lambda: not any(map(lives, agents)), 10)
        assert (tmp_path / "told").read_text() == "told\n"

    def test_a_group_that_is_deaf_is_killed_after_the_grace(self, tmp_path: Path) -> None:
        agents = killed(tmp_path, DEAF, TOLD, processes=3)
        wait_for(lambda: not any(map(lives, agents)), 20)


class TestInGoodOrder:
    """Whoever leaves in good order leaves nothing behind."""

    @pytest.fixture
    def sentry(self) -> Sentry:
        return Sentry(0.1)

    def test_nothing_is_started_where_nothing_is_to_be_guarded(self, sentry: Sentry) -> None:
        sentry.dismiss()
        assert sentry.groups == frozenset()

    def test_what_was_released_is_left_alone(self, sentry: Sentry) -> None:
        with asleep() as other:
            sentry.guard(recorded(other.pid))
            assert sentry.groups == {other.pid}
            sentry.release(recorded(other.pid))
            sentry.dismiss()
            assert lives(other.pid)

    def test_what_is_still_at_work_is_ended_behind_it(self, sentry: Sentry) -> None:
        with asleep() as other:
            sentry.guard(recorded(other.pid))
            sentry.dismiss()
            assert other.wait(20) == -signal.SIGTERM

    def test_one_that_was_killed_is_replaced(self, sentry: Sentry) -> None:
        with asleep() as first, asleep() as second:
            before = children_of(os.getpid())
            sentry.guard(recorded(first.pid))
            (child,) = children_of(os.getpid()) - before
            os.kill(child, signal.SIGKILL)
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            sentry.guard(recorded(second.pid))
            sentry.dismiss()
            assert [each.wait(20) for each in (first, second)] == [-signal.SIGTERM] * 2


@contextlib.contextmanager
def asleep() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, ended with the block."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def children_of(pid: int) -> set[int]:
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def recorded(pid: int) -> ProcessRecord:
    found = process_table.look(pid)
    assert found is not None
    return ProcessRecord(pid, pid, f"{process_table.here()} {found.started}")
