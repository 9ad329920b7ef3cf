"""What the system says when it watches no more files."""

import subprocess
import sys
from pathlib import Path

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
