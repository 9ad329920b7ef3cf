"""Places that are not as they should be: read-only, gone, full, and databases that cannot be used."""

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from covey.store.schema import VERSION
from tests.cli.program import Ran, command, end, environment, program, read_until
from tests.e2e.scene import (
    WRITES,
    add_agent,
    as_owner_without_powers,
    contents,
    is_whole,
    lives,
    numbers,
    refused,
    running,
    status,
    wait_for,
)

DATABASE = ".covey/covey.db"


def as_owner(*arguments: str, cwd: Path) -> Ran:
    """The program, with the rights of files in force."""
    argv = [*as_owner_without_powers(), *command(*arguments)]
    done = subprocess.run(
        argv, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def rights(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


@pytest.mark.skipif(
    subprocess.run([*as_owner_without_powers(), "true"], check=False).returncode != 0,
    reason="root may write anywhere, and cannot give that up here",
)
class TestReadOnly:
    """What may not be written is named, whichever part of the project it is."""

    def test_a_root_in_which_nothing_was_ever_run(self, shop: Path) -> None:
        with rights(shop, 0o500):
            refused(as_owner("run", "design", "billing", "--json", cwd=shop), f"{shop}/.covey cannot be written")
            assert as_owner("status", cwd=shop).code == 0
            ran = as_owner("doctor", "--json", cwd=shop)
            assert (ran.code, ran.object["ok"]) == (1, False)

    def test_a_root_without_a_manifest(self, tmp_path: Path) -> None:
        with rights(tmp_path, 0o500):
            refused(as_owner("init", "--json", cwd=tmp_path), "covey.toml")

    def test_the_state_directory(self, blocked: Path) -> None:
        state = blocked / ".covey"
        with contextlib.ExitStack() as stack:
            for path in [*state.iterdir(), state]:
                stack.enter_context(rights(path, 0o500 if path.is_dir() else 0o400))
            refused(as_owner("run", "design", "billing", "--json", cwd=blocked), "engine.lock cannot be opened")
            refused(as_owner("retry", "--failed", "--json", cwd=blocked), f"{DATABASE} cannot be used")
            assert as_owner("status", "--json", cwd=blocked).object["counts"]["failed"] == 1
        assert program("run", "design", "billing", cwd=blocked).code == 6

    def test_a_state_directory_that_may_not_even_be_read(self, blocked: Path) -> None:
        with rights(blocked / ".covey", 0o000):
            refused(as_owner("status", "--json", cwd=blocked), f"{DATABASE} cannot be looked at")
            assert as_owner("doctor", "--json", cwd=blocked).code == 1

    def test_the_place_of_the_documents(self, shop: Path) -> None:
        (shop / "docs").mkdir()
        with rights(shop / "docs", 0o500):
            refused(as_owner("run", "design", "billing", "--json", cwd=shop), f"{shop}/docs cannot be written")
        assert program("status", "--json", cwd=shop).object["run_id"] is None

    def test_a_source_file_that_may_not_be_read_fails_its_session_alone(self, shop: Path) -> None:
        with rights(shop / "src/shop/catalog/search.py", 0o000):
            assert as_owner("run", "design", "catalog", "--json", cwd=shop).code == 6
        (failed,) = status(shop)["needs_human"]["failed"]
        assert failed["component"] == "search"
        assert "search.py" in failed["reason"]
        assert status(shop)["counts"]["complete"] == 2


def move_away(root: Path) -> None:
    root.rename(root.parent / "elsewhere")


class TestRootThatGoes:
    """A project root that vanishes ends the run, its agents, and nothing else; it is not made again."""

    @pytest.mark.parametrize("take", [shutil.rmtree, move_away])
    def test_while_agents_work(self, shop: Path, take: Callable[[Path], object]) -> None:
        with running("run", "design", "catalog", "--agent", "waits", "--json", cwd=shop) as process:
            agents = wait_for(lambda: found if len(found := numbers(shop / "working")) == 3 else [])
            take(shop)
            left = end(process)
        assert left.code == 130
        last = left.lines[-1]
        assert (last["event"], last["exit_code"]) == ("run_left", 130)
        assert f"{shop} or its database is gone" in last["reason"]
        assert f"{shop} or its database is gone" in left.err
        assert "Traceback" not in left.err
        assert not shop.exists()
        assert not any(map(lives, agents))
        elsewhere = shop.parent / "elsewhere"
        if elsewhere.exists():
            (elsewhere / "gate").touch()
            ran = program("run", "design", "catalog", "--json", cwd=elsewhere)
            assert (ran.code, ran.lines[-1]["event"]) == (0, "run_finished")

    def test_while_a_human_is_waited_for(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", cwd=shop) as process:
            read_until(process, "session_blocked")
            shutil.rmtree(shop)
            left = end(process)
        assert left.code == 130
        assert left.lines[-1]["event"] == "run_left"
        assert not shop.exists()


def checkpointed(path: Path) -> Path:
    """The database with everything in its one file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def header(path: Path) -> None:
    with checkpointed(path).open("r+b") as file:
        file.write(b"garbage!" * 8)


def pages(path: Path) -> None:
    size = checkpointed(path).stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 8192))


def directory(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    path.mkdir()


BROKEN = [(newer, "written by a newer covey"), (header, "damaged"), (pages, "damaged")]


class TestDatabase:
    """A database that cannot be used is named, with what to do; neither it nor any document is touched."""

    @pytest.mark.parametrize(("break_it", "said"), [*BROKEN, (directory, "cannot be used")])
    def test_is_refused(self, blocked: Path, break_it: Callable[[Path], None], said: str) -> None:
        break_it(blocked / DATABASE)
        before = contents(blocked)
        stored = (blocked / DATABASE).read_bytes() if (blocked / DATABASE).is_file() else b""
        for arguments in ("run design billing", "status"):
            refused(program(*arguments.split(), "--json", cwd=blocked), f"{blocked}/{DATABASE}", said)
        ran = program("doctor", "--json", cwd=blocked)
        assert (ran.code, ran.err) == (1, "")
        assert [each["severity"] for each in ran.object["findings"] if each["check"] == "database"] == ["error"]
        assert contents(blocked) == before
        assert not stored or (blocked / DATABASE).read_bytes() == stored

    def test_once_moved_aside_the_documents_are_kept(self, blocked: Path) -> None:
        before = contents(blocked)
        header(blocked / DATABASE)
        (blocked / DATABASE).rename(blocked / "aside.db")
        ran = program("run", "design", "billing", "--json", cwd=blocked)
        assert ran.code == 6
        kept = [event["kept"] for event in ran.lines if event["event"] == "session_completed"]
        assert kept == [True] * 4
        assert {**before, "aside.db": (blocked / "aside.db").read_bytes()} == contents(blocked)

    def test_that_another_program_locks_is_left_to_it(self, blocked: Path) -> None:
        with contextlib.closing(sqlite3.connect(blocked / DATABASE, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            refused(program("run", "design", "billing", "--json", cwd=blocked), "is locked by another program")
            other.execute("ROLLBACK")
        assert program("run", "design", "billing", "--json", cwd=blocked).code == 6


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system needs the right to mount one")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


HOG = f"""\
cat /dev/zero > "hog.$$" 2>/dev/null
echo full >&2
{WRITES}"""


class TestDiskFull:
    """A disk that is full ends the run or its sessions honestly; with some space again, the same run goes on."""

    def test_in_the_middle_of_a_run(self, shop: Path, small: Path) -> None:
        root = Path(shutil.copytree(shop, small / "shop"))
        add_agent(root, "hog", HOG)
        ran = program("run", "design", "catalog", "--agent", "hog", "--json", cwd=root)
        assert ran.code in {6, 130}
        assert "Traceback" not in ran.err
        last = ran.lines[-1]
        assert (last["event"], last["exit_code"]) == ("run_left", ran.code)
        assert ran.code == 6 or f"the disk that holds {root}/{DATABASE} is full" in last["reason"]
        run_id = status(root)["run_id"]
        for file in root.glob("hog.*"):
            file.unlink()
        assert program("retry", "--failed", "--agent", "offline", cwd=root).code == 0
        ran = program("run", "design", "catalog", "--agent", "offline", "--json", cwd=root)
        assert (ran.code, ran.lines[-1]["run_id"]) == (0, run_id)
        assert is_whole(root)

    def test_before_it_begins(self, shop: Path, small: Path) -> None:
        root = Path(shutil.copytree(shop, small / "shop"))
        with (small / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(65536))
        ran = program("run", "design", "catalog", "--json", cwd=root)
        assert ran.code in {2, 130}
        assert "Traceback" not in ran.err
        assert "No space left on device" in ran.err or "is full" in ran.err
        (small / "filler").unlink()
        assert program("run", "design", "catalog", "--json", cwd=root).code == 0
        assert is_whole(root)
