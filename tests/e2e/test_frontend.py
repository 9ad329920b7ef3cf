"""With a terminal the commands open the front end that is installed: here one that says how it was called."""

import contextlib
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import command, environment, program
from tests.e2e.scene import engine_of, no_engine_left, numbers, status, wait_for

FAKE = """\
import sys

def monitor(project_root, run, *, read_only):
    heavy = sorted({"pydantic", "tree_sitter", "covey.engine", "covey.agents"} & set(sys.modules))
    print("MONITOR", project_root, run, read_only, heavy)
    return 7
"""


@pytest.fixture
def own(shop: Path) -> Iterator[Path]:
    with no_engine_left(shop):
        yield shop


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A Python path with a distribution that offers a monitor; it goes before whatever is installed."""
    path = tmp_path / "frontend"
    (path / "fake-1.dist-info").mkdir(parents=True)
    (path / "fake-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1\n")
    (path / "fake-1.dist-info/entry_points.txt").write_text("[covey.frontends]\nmonitor = fake_monitor:monitor\n")
    (path / "fake_monitor.py").write_text(FAKE)
    return path


def on_a_terminal(*arguments: str, cwd: Path, **env: str) -> tuple[int, str]:
    """Call the program on a terminal of its own: its exit code, and what it showed."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        command(*arguments), cwd=cwd, env=environment(**env), stdin=its, stdout=its, stderr=its
    ) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                shown += part
        process.wait()
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def test_run_begins_and_opens_it_on_the_run(own: Path, fake: Path) -> None:
    code, shown = on_a_terminal("run", "design", "catalog", "--agent", "waits", cwd=own, PYTHONPATH=str(fake))
    found = status(own)
    assert code == 7
    assert shown.startswith(f"MONITOR {own} {found['run_id']} False ")
    wait_for(lambda: len(numbers(own / "working")) == 3)
    assert engine_of(own), "to leave the monitor stops nothing"
    (own / "gate").touch()
    assert program("wait", cwd=own).code == 0


def test_run_opens_it_on_all_of_several(own: Path, fake: Path) -> None:
    code, shown = on_a_terminal("run", "design", "--all", cwd=own, PYTHONPATH=str(fake))
    assert (code, shown.startswith(f"MONITOR {own} None False ")) == (7, True)


def test_run_has_nothing_to_show_where_there_is_nothing_to_do(own: Path, fake: Path) -> None:
    assert program("run", "design", "catalog", cwd=own).code == 0
    code, shown = on_a_terminal("run", "design", "catalog", cwd=own, PYTHONPATH=str(fake))
    assert code == 4
    assert "MONITOR" not in shown
    assert "nothing to do" in shown


def test_what_is_refused_opens_nothing(own: Path, fake: Path) -> None:
    code, shown = on_a_terminal("run", "design", "catalog", "--agent", "nobody", cwd=own, PYTHONPATH=str(fake))
    assert (code, "MONITOR" in shown) == (2, False)


@pytest.mark.parametrize("switch", ["--headless", "--json"])
def test_without_it_if_it_is_not_wanted(own: Path, fake: Path, switch: str) -> None:
    code, shown = on_a_terminal("run", "design", "catalog", switch, cwd=own, PYTHONPATH=str(fake))
    assert (code, "MONITOR" in shown) == (0, False)


def test_watch_opens_it_on_what_there_is_and_loads_nothing_heavy_before(blocked: Path, fake: Path) -> None:
    run_id = status(blocked)["run_id"]
    assert on_a_terminal("watch", cwd=blocked, PYTHONPATH=str(fake)) == (7, f"MONITOR {blocked} None False []\n")
    arguments = ["watch", run_id[:6], "--read-only"]
    assert on_a_terminal(*arguments, cwd=blocked, PYTHONPATH=str(fake)) == (7, f"MONITOR {blocked} {run_id} True []\n")


def test_one_that_cannot_be_loaded_is_named(blocked: Path, fake: Path) -> None:
    (fake / "fake_monitor.py").write_text("")
    code, shown = on_a_terminal("watch", cwd=blocked, PYTHONPATH=str(fake))
    assert code == 2
    assert "the terminal monitor fake_monitor:monitor cannot be loaded" in shown
    assert "covey watch --plain" in shown


def test_demo_opens_it_on_its_two_problems_and_says_what_else_there_is(tmp_path: Path, fake: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    code, shown = on_a_terminal("demo", cwd=tmp_path, PYTHONPATH=str(fake), TMPDIR=str(temporary))
    (root,) = temporary.iterdir()
    with no_engine_left(root):
        found = status(root)
        assert code == 7
        assert re.search(rf"^MONITOR {root} {found['run_id']} False ", shown, re.MULTILINE)
        assert re.search(rf"^  cd {root}\s+covey status$", shown, re.MULTILINE)
        assert found["engine"]["alive"]
        assert [each["component"] for each in found["needs_human"]["failed"]] == ["tax"]
        assert [each["component"] for each in found["needs_human"]["missing_files"]] == ["payment"]
