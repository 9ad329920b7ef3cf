"""What the system says when it watches no more files, and what ends the watching."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from covey.artifacts.watcher import changes

PROGRAM = """
import asyncio, os, resource, sys
from pathlib import Path
from covey.artifacts.watcher import changes

async def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, hard))
    async for _ in changes(frozenset({Path(sys.argv[1])}), asyncio.Event()):
        pass

try:
    asyncio.run(main())
except OSError as error:
    print(error)
"""


def test_a_system_that_refuses_is_told_of(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "Too many open files" in told.stdout


async def test_a_name_that_is_not_utf8_ends_the_watching_and_nothing_else(tmp_path: Path) -> None:
    async def write_until(ended: asyncio.Event) -> None:
        while not ended.is_set():
            await asyncio.to_thread((tmp_path / os.fsdecode(b"\xff.md")).touch)

    ended = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(write_until(ended))
        async for _ in changes(frozenset({tmp_path}), asyncio.Event()):
            pass
        ended.set()
