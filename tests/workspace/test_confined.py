"""What an agent may have of a workspace: in both ways of walking, with every trap, and with swaps at every moment."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.errors import CoveyError
from covey.workspace.beneath import is_known_to_the_kernel, open_beneath
from covey.workspace.confined import Confined, Is, OutOfReachError
from covey.workspace.files import ChangedMeanwhileError
from covey.workspace.walk import OutsideError
from tests.workspace.traps import CODE, MARK, TARGET, Traps

WAYS = [pytest.param(True, id="kernel"), pytest.param(False, id="walk")]
FIXTURES = "tests/fixtures/test_shop"


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path).set()


@pytest.fixture(params=WAYS)
def files(request: pytest.FixtureRequest, traps: Traps) -> Confined:
    return confined(traps.root, by_kernel=request.param)


def confined(root: Path, *, by_kernel: bool = True, before: Callable[[str], None] | None = None) -> Confined:
    return Confined(root, named=("src/shop.py",), writable=TARGET, beside=FIXTURES, by_kernel=by_kernel, before=before)


class TestReading:
    """What lies inside and is text is read, over links that stay inside too."""

    @pytest.mark.parametrize("path", ["src/shop.py", "./src//shop.py", "{root}/src/shop.py"])
    def test_every_name_of_a_file(self, files: Confined, path: str) -> None:
        assert files.read(path.format(root=files.root)) == CODE

    def test_over_a_link_inside(self, files: Confined) -> None:
        assert files.read("inner/er/module.py") == "x = 1\n"

    def test_a_root_that_is_a_link(self, traps: Traps) -> None:
        (traps.base / "entrance").symlink_to(traps.root)
        files = confined(traps.base / "entrance")
        assert files.read(f"{traps.root}/src/shop.py") == files.read(f"{traps.base}/entrance/src/shop.py") == CODE

    def test_what_the_assignment_names_is_in_reach(self, traps: Traps) -> None:
        traps.write("workspace/.docs/design/shop.md", "# Shop\n")
        with pytest.raises(OutOfReachError):
            confined(traps.root).read(".docs/design/shop.md")
        files = Confined(traps.root, named=(".docs/design/shop.md", ".git/config"))
        assert files.exceptions() == [".docs/design/shop.md", ".git/config"]
        assert files.read(".docs/design/shop.md") == "# Shop\n"
        assert [entry.path for entry in files.entries(".docs")] == [".docs/design"]
        with pytest.raises(OutOfReachError):
            files.read(".docs/other.md")
        with pytest.raises(OutOfReachError):
            files.read(".git/config")

    def test_no_file_of_another_name_beside(self, files: Confined) -> None:
        with pytest.raises(OutsideError, match="hard links"):
            files.read("twin.txt")


class TestListing:
    """A list shows what is in reach, and looks into no link."""

    def test_a_directory(self, files: Confined) -> None:
        shown = {entry.path: entry.kind for entry in files.entries(".")}
        assert shown["src"] is Is.DIRECTORY
        assert shown["away"] is Is.LINK
        assert not {"pipe", "socket", "device", ".git", ".env", ".covey", "secrets.toml"} & set(shown)
        assert {entry.path: entry.size for entry in files.entries("src")}["src/shop.py"] == len(CODE)

    def test_all_below(self, files: Confined) -> None:
        shown = [entry.path for entry in files.below(".")]
        assert "src/deep/er/module.py" in shown
        assert not [path for path in shown if path.startswith(("away/", "inner/", "keys/s", "."))]
        assert [entry.path for entry in files.below("src/shop.py")] == ["src/shop.py"]

    def test_over_a_link_inside(self, files: Confined) -> None:
        assert [entry.path for entry in files.below("inner")] == ["inner/er", "inner/er/module.py"]

    def test_not_over_one_that_leads_out(self, files: Confined) -> None:
        with pytest.raises(OutsideError):
            files.entries("away")

    def test_names_that_are_no_text(self, files: Confined) -> None:
        (files.root / "src" / os.fsdecode(b"\xff.py")).write_text(MARK)
        assert not any("\udcff" in entry.path for entry in files.entries("src"))


class TestWriting:
    """Only what is asked for is written, whole, over nothing that was not looked at."""

    def test_a_new_file_and_another_text(self, files: Confined) -> None:
        files.create(TARGET, "one")
        (files.root / TARGET).chmod(0o640)
        files.replace(TARGET, "one", "two")
        assert (files.root / TARGET).read_text() == "two"
        assert stat.S_IMODE((files.root / TARGET).stat().st_mode) == 0o640
        files.create(f"{FIXTURES}/more/data.json", "{}")
        assert files.read(f"{FIXTURES}/more/data.json") == "{}"

    def test_nothing_is_written_over(self, files: Confined) -> None:
        (files.root / TARGET).write_text("theirs")
        with pytest.raises(FileExistsError):
            files.create(TARGET, "ours")
        with pytest.raises(ChangedMeanwhileError):
            files.replace(TARGET, "before", "ours")
        assert (files.root / TARGET).read_text() == "theirs"

    @pytest.mark.parametrize("target", ["../src/shop.py", "../../outside/secret.txt", "nowhere.py"])
    def test_a_file_that_is_a_link(self, files: Confined, target: str) -> None:
        (files.root / TARGET).symlink_to(target)
        with pytest.raises(FileExistsError):
            files.create(TARGET, "ours")
        for before in (CODE, f"{MARK}\n"):
            with pytest.raises(OutOfReachError, match="a link"):
                files.replace(TARGET, before, "ours")
        assert (files.root / "src/shop.py").read_text() == CODE
        assert (files.root.parent / "outside/secret.txt").read_text() == f"{MARK}\n"

    def test_the_file_that_is_asked_for_may_lie_behind_a_link_of_a_persons(self, traps: Traps) -> None:
        files = Confined(traps.root, writable="inner/new.py")
        files.create("inner/new.py", "ours")
        files.replace("inner/new.py", "ours", "ours, too")
        assert (traps.root / "src/deep/new.py").read_text() == "ours, too"

    @pytest.mark.parametrize(
        "path", ["src/shop.py", "sitecustomize.py", "tests/conftest.py", f"{FIXTURES}/conftest.py", FIXTURES, "new.py"]
    )
    def test_nothing_else(self, files: Confined, path: str) -> None:
        with pytest.raises(OutOfReachError):
            files.create(path, "ours")

    def test_where_nothing_is_asked_for(self, traps: Traps) -> None:
        with pytest.raises(OutOfReachError, match="write nothing"):
            Confined(traps.root).create("a.md", "a")

    def test_a_text_is_kept_once(self, files: Confined) -> None:
        assert files.keep(TARGET, "one", ".covey/replaced/s-1") == f".covey/replaced/s-1/{TARGET}"
        assert files.keep(TARGET, "one", ".covey/replaced/s-1") is None
        assert files.keep(TARGET, "two", ".covey/replaced/s-1") == f".covey/replaced/s-1/{TARGET}.2"
        assert (files.root / f".covey/replaced/s-1/{TARGET}").read_text() == "one"


class TestSwaps:
    """Whatever somebody swaps for a link out, at whatever moment: nothing outside is read, listed or written."""

    @pytest.mark.parametrize("by_kernel", WAYS)
    @pytest.mark.parametrize("swapped", ["src", "src/deep", "src/deep/er", "src/deep/er/module.py"])
    def test_reading(self, tmp_path: Path, swapped: str, *, by_kernel: bool) -> None:
        for traps, hook in moments(tmp_path, swapped):
            with suppress(CoveyError, OSError):
                assert confined(traps.root, by_kernel=by_kernel, before=hook).read("src/deep/er/module.py") == "x = 1\n"

    @pytest.mark.parametrize("by_kernel", WAYS)
    @pytest.mark.parametrize("swapped", ["src", "src/deep"])
    def test_listing(self, tmp_path: Path, swapped: str, *, by_kernel: bool) -> None:
        for traps, hook in moments(tmp_path, swapped):
            with suppress(CoveyError, OSError):
                found = confined(traps.root, by_kernel=by_kernel, before=hook).entries("src/deep")
                assert [entry.path for entry in found] == ["src/deep/er"]

    @pytest.mark.parametrize("by_kernel", WAYS)
    @pytest.mark.parametrize("swapped", ["tests", "tests/fixtures", FIXTURES])
    def test_writing(self, tmp_path: Path, swapped: str, *, by_kernel: bool) -> None:
        for traps, hook in moments(tmp_path, swapped):
            before = sorted(os.walk(traps.outside))
            with suppress(CoveyError, OSError):
                confined(traps.root, by_kernel=by_kernel, before=hook).create(f"{FIXTURES}/data.txt", "ours")
            assert sorted(os.walk(traps.outside)) == before

    @pytest.mark.parametrize("by_kernel", WAYS)
    @pytest.mark.parametrize("moment", [1, 2], ids=["before it is looked at", "before it is opened"])
    @pytest.mark.parametrize("becomes", ["pipe", "twin"])
    def test_a_file_that_becomes_another(self, traps: Traps, moment: int, becomes: str, *, by_kernel: bool) -> None:
        told: list[str] = []

        def swap(name: str) -> None:
            told.append(name)
            if told.count("shop.py") == moment:
                place = traps.root / "src/shop.py"
                place.unlink()
                os.mkfifo(place) if becomes == "pipe" else place.hardlink_to(traps.outside / "secret.txt")

        with pytest.raises(CoveyError, match=r"not a regular file|hard links"):
            confined(traps.root, by_kernel=by_kernel, before=swap).read("src/shop.py")


def moments(base: Path, swapped: str) -> Iterator[tuple[Traps, Callable[[str], None]]]:
    """A workspace for each moment of a walk, with a hook that swaps `swapped` for a link out at that moment."""
    reached = True
    moment = 0
    while reached:
        traps = Traps(base / str(moment))
        traps.write("workspace/src/deep/er/module.py", "x = 1\n")
        traps.write(f"workspace/{FIXTURES}/old.txt", "old\n")
        for path in ("module.py", "er/module.py", "deep/er/module.py", "data/old.txt"):
            traps.write(f"outside/{path}", MARK)
        steps: list[str] = []

        def hook(name: str, steps: list[str] = steps, moment: int = moment, traps: Traps = traps) -> None:
            if len(steps) == moment:
                (traps.root / swapped).rename(traps.base / "away")
                is_file = swapped.endswith(".py")
                (traps.root / swapped).symlink_to(traps.outside / "module.py" if is_file else traps.outside)
            steps.append(name)

        yield traps, hook
        reached = len(steps) > moment
        moment += 1
    assert moment > 1, "nothing was ever swapped"


PARTS = st.sampled_from(
    [
        *("..", ".", "", "src", "deep", "er", "module.py", "shop.py", "away", "inner", "here", "hooks", "one", "two"),
        *("notes.txt", "twin.txt", "secret.txt", ".git", "config", ".env", "tests", "fixtures", "test_shop", "pipe"),
        *("socket", "device", "circle", "‥", "．．", "/", "\0", "a\nb", "x" * 256, "outside", "proc", "self", "root"),
        *("link.txt", "environ.txt", "keys", "server.pem", "test_shop.py", "data.txt", "\ud800", "workspace-beside"),
    ]
)
PATHS = st.builds(lambda parts, start: start + "/".join(parts), st.lists(PARTS, max_size=6), st.sampled_from(["", "/"]))


def test_no_path_leads_out(traps: Traps) -> None:
    before = traps.state()

    @settings(max_examples=60, deadline=None)
    @given(path=PATHS | PATHS.map(lambda path: f"{traps.root}/{path}") | st.text(max_size=20), by_kernel=st.booleans())
    def any_path(path: str, *, by_kernel: bool) -> None:
        files = confined(traps.root, by_kernel=by_kernel)
        with suppress(CoveyError, OSError):
            assert MARK not in files.read(path)
        with suppress(CoveyError, OSError):
            assert not any(entry.path.startswith((".git", ".env")) for entry in files.entries(path))
        with suppress(CoveyError, OSError):
            files.create(path, "ours")
        with suppress(CoveyError, OSError):
            files.replace(path, f"{MARK}\n", "ours")

    any_path()
    assert traps.state() == before


class TestTheKernel:
    """Where the kernel walks, it goes down directories and over no link."""

    @pytest.mark.skipif(not is_known_to_the_kernel(), reason="this kernel has no openat2")
    def test_it_opens_what_is_below_and_nothing_else(self, traps: Traps) -> None:
        root = os.open(traps.root, os.O_RDONLY)
        try:
            opened = open_beneath(root, "src/deep/er")
            assert opened is not None
            assert [entry.name for entry in os.scandir(opened)] == ["module.py"]
            assert not os.get_inheritable(opened)
            os.close(opened)
            for refused in ("away", "inner", "here", "..", "/", "nothing", "src/shop.py", "x" * 300):
                assert open_beneath(root, refused) is None, refused
        finally:
            os.close(root)
