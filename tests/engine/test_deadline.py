"""An engine that was told to stop leaves in any case, with everything stored that was acknowledged."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

from covey.client.engine import place_order, run_order
from covey.engine.deadline import Deadline
from covey.model import events as e
from covey.model.status import Phase
from covey.store.lock import engine_lives
from tests.e2e.scene import wait_for

from .conftest import Bench

PROGRAM = """
import asyncio
from pathlib import Path
from covey.agents.registry import AgentRegistry
from covey.engine.daemon import serve
from covey.engine.deadline import Deadline
from covey.testing.agents import scripted

async def stubborn(assignment, desk):
    Path("working").touch()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue

registry = AgentRegistry(extra={"scripted": scripted(stubborn)})
with Deadline() as deadline:
    asyncio.run(serve(Path.cwd(), registry, on_stop=deadline.leave_within))
"""


class TestDeadline:
    """It is over once its block is left, and ends the program otherwise."""

    def test_it_ends_the_program_after_its_time(self) -> None:
        over = threading.Event()
        with Deadline(lambda seconds: over.set() if seconds == 0 else None) as deadline:
            deadline.leave_within(1000)
            deadline.leave_within(0)
            assert over.wait(20)

    def test_it_does_nothing_after_its_block(self) -> None:
        before = threading.active_count()
        with Deadline(lambda _: None) as deadline:
            deadline.leave_within(1000)
        wait_for(lambda: threading.active_count() == before)


def started(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=root, stderr=subprocess.PIPE)


class TestStubbornAgent:
    """Work inside the engine that swallows every cancellation holds nothing up for long."""

    async def test_the_engine_leaves_and_says_so(self, bench: Bench) -> None:
        bench.extra = '[run]\nagent = "scripted"\ncancel_grace = "0.1s"\n'
        bench.write_manifest()
        with started(bench.root) as engine:
            await asyncio.to_thread(wait_for, lambda: engine_lives(bench.root / ".covey"))
            await place_order(bench.root, run_order("design", ("shop",), by="ada"))
            await asyncio.to_thread(wait_for, (bench.root / "working").exists)
            engine.send_signal(signal.SIGTERM)
            _, said = await asyncio.to_thread(engine.communicate, timeout=60)
        assert engine.returncode == 130
        assert b"did not end within" in said
        events = await bench.events()
        assert isinstance(events[-1], e.EngineStopped)
        assert [event.reason for event in events if isinstance(event, e.RunStopped)] == ["terminated (SIGTERM)"]
        phases = {session.component: session.phase for session in (await bench.tree()).sessions.values()}
        assert phases["Alpha"] is Phase.INTERRUPTED
        assert not engine_lives(bench.root / ".covey")
