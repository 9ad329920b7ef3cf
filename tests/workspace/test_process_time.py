"""The times that a program has, while covey itself stands still now and then; and signs of life that are not shown."""

import asyncio
import os
import sys
from pathlib import Path

from covey.testing.desk import RecordingLedger
from covey.workspace.output import Stream
from covey.workspace.processes import Ended, Finished, Grace, run_process

TALKS = [sys.executable, "-c", "print('one', flush=True); input_ = open('gate').read(); print('two', flush=True)"]
FLOODS = [sys.executable, "-c", "import sys\nfor _ in range(64): print('x' * 4096, flush=True)"]


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time jumps ahead when it is told to, as if the process had been stopped meanwhile."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def test_what_covey_slept_through_is_nobodys_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")

    async def talk() -> Finished:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)

        async def on_output(_: Stream, text: str) -> None:
            if "one" in text:
                loop.ahead += 8 * 3600
                await asyncio.to_thread((tmp_path / "gate").write_text, "go on")

        return await run_process(
            TALKS,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            ledger=RecordingLedger(),
            on_output=on_output,
            grace=Grace(),
            timeout=600,
            idle_timeout=300,
        )

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        finished = runner.run(talk())
    assert (finished.ended, finished.code, finished.stdout) == (Ended.EXITED, 0, "one\ntwo\n")


async def test_output_that_is_held_back_is_a_sign_of_life_all_the_same(tmp_path: Path) -> None:
    heard: list[str] = []

    async def on_output(_: Stream, text: str) -> None:
        heard.append(text)

    finished = await run_process(
        FLOODS,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        ledger=RecordingLedger(),
        on_output=on_output,
        grace=Grace(),
        keep=1024,
    )
    assert finished.code == 0
    assert "" in heard
