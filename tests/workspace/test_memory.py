"""What memory there is: as the machine tells it, and as control groups limit it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from covey.workspace.memory import memory_now

HOLDS = "import sys; held = bytearray(64 << 20); print('ready', flush=True); sys.stdin.read()"


class TestThisMachine:
    """The real files of the kernel."""

    @pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells")
    def test_what_a_group_holds_and_what_is_left(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            found = memory_now([process.pid, os.getpgrp()])
            process.kill()
        assert found is not None
        assert 64 << 20 <= found.groups[process.pid] < 256 << 20
        assert found.groups[os.getpgrp()] > 0
        assert 0 < found.available <= found.total

    def test_a_system_that_does_not_tell(self, tmp_path: Path) -> None:
        assert memory_now([1], proc=tmp_path) is None


class TestControlGroups:
    """A container may have far less than its machine."""

    @pytest.fixture
    def proc(self, tmp_path: Path) -> Path:
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/meminfo").write_text("MemTotal: 8000 kB\nMemFree: 1 kB\nMemAvailable:   6000 kB\n")
        (tmp_path / "proc/self/cgroup").write_text("0::/a/b\n")
        (tmp_path / "cgroup/a/b").mkdir(parents=True)
        return tmp_path / "proc"

    def limit(self, group: Path, most: str, used: int, cached: int = 0) -> None:
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")

    def test_without_a_limit(self, proc: Path) -> None:
        self.limit(proc.parent / "cgroup/a/b", "max", 1000)
        assert memory_now([], proc, proc.parent / "cgroup") == (8000 * 1024, 6000 * 1024, {})

    def test_the_tightest_of_those_above_counts_without_what_is_only_cached(self, proc: Path) -> None:
        self.limit(proc.parent / "cgroup/a/b", str(4000 * 1024), 1000 * 1024)
        self.limit(proc.parent / "cgroup/a", str(5000 * 1024), 4500 * 1024, cached=300 * 1024)
        assert memory_now([], proc, proc.parent / "cgroup") == (5000 * 1024, 800 * 1024, {})

    def test_never_below_nothing(self, proc: Path) -> None:
        self.limit(proc.parent / "cgroup/a/b", "100", 300)
        found = memory_now([], proc, proc.parent / "cgroup")
        assert found is not None
        assert found.available == 0
