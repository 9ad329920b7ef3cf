"""Files below a root: created whole, replaced only when unchanged, never outside."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from covey.workspace.files import (
    ChangedMeanwhileError,
    NotTextError,
    TooLargeError,
    move_aside,
    read_text,
    rewrite,
    write_new,
    write_own,
)
from covey.workspace.walk import OutsideError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project root with a neighbour that nobody may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "theirs.md").write_text("theirs")
    project = tmp_path / "project"
    project.mkdir()
    return project


def everything(root: Path) -> set[str]:
    """All files and links below the root; directories are left out."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_symlink() or not path.is_dir()}


OUTSIDE = ["../outside/new.md", "a/../../outside/new.md", "/etc/new.md", "away/new.md", "..", ".", "", "a\0b"]


class TestOutside:
    """Nothing outside the root is read, written or moved, whatever the path looks like."""

    @pytest.mark.parametrize("path", OUTSIDE)
    def test_each_way_out_is_refused(self, root: Path, path: str) -> None:
        (root / "away").symlink_to("../outside")
        (root / "file.md").write_text("x")
        before = everything(root.parent)
        with pytest.raises(OutsideError):
            write_new(root, path, "text")
        with pytest.raises(OutsideError):
            write_own(root, path, "text")
        with pytest.raises(OutsideError):
            move_aside(root, "file.md", Path(path))
        assert everything(root.parent) == before

    def test_reading_and_rewriting_do_not_follow_links_out(self, root: Path) -> None:
        (root / "relative.md").symlink_to("../outside/theirs.md")
        (root / "absolute.md").symlink_to(root.parent / "outside" / "theirs.md")
        for path in ("relative.md", "absolute.md", "../outside/theirs.md"):
            with pytest.raises(OutsideError):
                read_text(root, path)
            with pytest.raises(OutsideError):
                rewrite(root, path, "theirs", "ours")
        assert (root.parent / "outside" / "theirs.md").read_text() == "theirs"

    def test_links_that_stay_inside_are_followed(self, root: Path) -> None:
        (root / "real" / "deep").mkdir(parents=True)
        (root / "relative").symlink_to("real/deep")
        (root / "real" / "deep" / "up").symlink_to("../../real")
        (root / "absolute").symlink_to(root / "real")
        write_new(root, "relative/a.md", "a")
        write_new(root, "relative/up/b.md", "b")
        write_new(root, "absolute/c.md", "c")
        assert read_text(root, "real/deep/a.md") == "a"
        assert read_text(root, "real/b.md") == "b"
        assert read_text(root, "real/c.md") == "c"

    def test_a_root_that_is_itself_reached_through_a_link(self, root: Path) -> None:
        entrance = root.parent / "entrance"
        entrance.symlink_to(root)
        (root / "docs").mkdir()
        (root / "link").symlink_to(root / "docs")
        write_new(entrance, "link/a.md", "a")
        assert (root / "docs" / "a.md").read_text() == "a"

    def test_links_in_a_circle_end(self, root: Path) -> None:
        (root / "one").symlink_to("two")
        (root / "two").symlink_to("one")
        with pytest.raises(OSError, match="symbolic links") as caught:
            write_new(root, "one/a.md", "a")
        assert caught.value.errno == errno.ELOOP


class TestWriteNew:
    """A new file appears at once with its whole text, and never over anything."""

    def test_directories_are_made_and_line_ends_kept(self, root: Path) -> None:
        write_new(root, "docs/design/größe/a.md", "eins\r\nzwei\n\ufeffü")
        assert (root / "docs/design/größe/a.md").read_bytes() == "eins\r\nzwei\n\ufeffü".encode()
        assert everything(root) == {"docs/design/größe/a.md"}

    def test_the_mode_is_the_users(self, root: Path) -> None:
        program = (
            "import os, sys; from pathlib import Path; from covey.workspace.files import write_new;"
            "os.umask(0o027); write_new(Path(sys.argv[1]), 'a.md', 'a')"
        )
        subprocess.run([sys.executable, "-c", program, str(root)], check=True)
        assert stat.S_IMODE((root / "a.md").stat().st_mode) == 0o640

    @pytest.mark.parametrize("there", ["file", "directory", "link", "dangling"])
    def test_whatever_is_there_stays(self, root: Path, there: str) -> None:
        path = root / "a.md"
        match there:
            case "file":
                path.write_text("mine")
            case "directory":
                path.mkdir()
            case "link":
                path.symlink_to("../outside/theirs.md")
            case "dangling":
                path.symlink_to("nowhere.md")
        before = everything(root.parent)
        with pytest.raises(FileExistsError) as caught:
            write_new(root, "a.md", "new")
        assert caught.value.filename == str(path)
        assert everything(root.parent) == before
        assert not path.is_file() or path.read_text() != "new"

    def test_of_two_writers_at_once_one_wins(self, root: Path) -> None:
        barrier = threading.Barrier(8)
        won: list[int] = []

        def write(number: int) -> None:
            barrier.wait()
            try:
                write_new(root, "docs/a.md", f"{number}" * 10_000)
            except FileExistsError:
                return
            won.append(number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert read_text(root, "docs/a.md") == f"{won[0]}" * 10_000
        assert everything(root) == {"docs/a.md"}

    def test_a_vanished_root_is_not_made_anew(self, root: Path) -> None:
        shutil.rmtree(root)
        with pytest.raises(FileNotFoundError) as caught:
            write_new(root, "docs/a.md", "a")
        assert caught.value.filename == str(root)
        assert not root.exists()

    def test_a_covey_directory_that_leads_elsewhere_is_not_used(self, root: Path) -> None:
        (root / ".covey").symlink_to("../outside")
        write_new(root, "docs/a.md", "a")
        assert everything(root) == {"docs/a.md", ".covey"}
        assert everything(root.parent / "outside") == {"theirs.md"}

    def test_a_file_where_a_directory_should_be(self, root: Path) -> None:
        (root / "docs").write_text("a file")
        with pytest.raises(NotADirectoryError) as caught:
            write_new(root, "docs/a.md", "a")
        assert caught.value.filename == str(root / "docs/a.md")

    def test_a_name_that_the_file_system_cannot_hold(self, root: Path) -> None:
        with pytest.raises(OSError, match="too long") as caught:
            write_new(root, "x" * 300, "a")
        assert caught.value.errno == errno.ENAMETOOLONG
        assert everything(root) == set()

    def test_half_characters_are_refused_before_anything_is_written(self, root: Path) -> None:
        with pytest.raises(NotTextError, match="offset 1"):
            write_new(root, "a.md", "a\udc80")
        assert everything(root) == set()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="mounts a small tmpfs")
class TestDiskFull:
    """A full disk is said so, and nothing half is left behind."""

    def run(self, root: Path, program: str) -> str:
        script = 'mount -t tmpfs -o size=64k none "$1" && cd "$1" && exec "$2" -c "$3"'
        command = ["unshare", "-m", "/bin/sh", "-c", script, "sh", str(root), sys.executable, program]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if "permission denied" in ended.stderr.lower():
            pytest.skip("mounting is not allowed here")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def test_new_and_rewritten(self, root: Path) -> None:
        said = self.run(
            root,
            "import errno, os\n"
            "from pathlib import Path\n"
            "from covey.workspace.files import write_new, rewrite\n"
            "root = Path.cwd()\n"
            "write_new(root, 'old.md', 'old')\n"
            "for write in (lambda: write_new(root, 'docs/a.md', 'x' * 200_000),\n"
            "              lambda: rewrite(root, 'old.md', 'old', 'x' * 200_000)):\n"
            "    try:\n"
            "        write()\n"
            "    except OSError as error:\n"
            "        print(error.errno == errno.ENOSPC, end=' ')\n"
            "print(sorted(str(p.relative_to(root)) for p in root.rglob('*') if p.is_file()),\n"
            "      Path('old.md').read_text())\n",
        )
        assert said == "True True ['old.md'] old\n"

    def test_covey_directory_mounted_from_elsewhere(self, root: Path) -> None:
        said = self.run(
            root,
            "import subprocess\n"
            "from pathlib import Path\n"
            "from covey.workspace.files import write_new, rewrite\n"
            "root = Path.cwd()\n"
            "Path('.covey').mkdir()\n"
            "subprocess.run(['mount', '-t', 'tmpfs', 'none', '.covey'], check=True)\n"
            "write_new(root, 'docs/a.md', 'a')\n"
            "rewrite(root, 'docs/a.md', 'a', 'b')\n"
            "print(sorted(str(p.relative_to(root)) for p in root.rglob('*') if p.is_file()),\n"
            "      Path('docs/a.md').read_text())\n",
        )
        assert said == "['docs/a.md'] b\n"


class TestRewrite:
    """A file is replaced at once, only as long as it is what was read."""

    def test_replaced_with_its_mode(self, root: Path) -> None:
        path = root / "a.md"
        path.write_bytes(b"one\r\n")
        path.chmod(0o604)
        rewrite(root, "a.md", read_text(root, "a.md"), "two\r\n")
        assert path.read_bytes() == b"two\r\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
        assert everything(root) == {"a.md"}

    @pytest.mark.parametrize("now", ["else", "longer than before", "", None])
    def test_changed_or_gone(self, root: Path, now: str | None) -> None:
        path = root / "a.md"
        if now is not None:
            path.write_text(now)
        with pytest.raises(ChangedMeanwhileError, match=r"a\.md"):
            rewrite(root, "a.md", "before", "after")
        assert (path.read_text() if path.exists() else None) == now
        assert everything(root) == ({"a.md"} if now is not None else set())

    def test_gone_with_its_directory(self, root: Path) -> None:
        with pytest.raises(ChangedMeanwhileError):
            rewrite(root, "docs/a.md", "before", "after")
        assert not (root / "docs").exists()

    def test_a_link_stays_a_link(self, root: Path) -> None:
        (root / "real.md").write_text("before")
        (root / "a.md").symlink_to("real.md")
        rewrite(root, "a.md", "before", "after")
        assert (root / "a.md").is_symlink()
        assert (root / "real.md").read_text() == "after"

    def test_a_vanished_root(self, root: Path) -> None:
        shutil.rmtree(root)
        with pytest.raises(FileNotFoundError) as caught:
            rewrite(root, "a.md", "before", "after")
        assert caught.value.filename == str(root)


class TestWriteOwn:
    """Covey's own files may be written again, and are for the user's eyes only."""

    def test_again(self, root: Path) -> None:
        write_own(root, ".covey/prompts/a.md", "one")
        write_own(root, ".covey/prompts/a.md", "two")
        assert read_text(root, ".covey/prompts/a.md") == "two"
        assert stat.S_IMODE((root / ".covey/prompts/a.md").stat().st_mode) == 0o600
        assert everything(root) == {".covey/prompts/a.md"}


class TestReadText:
    """Text is read as it stands, within a limit."""

    def test_line_ends_are_kept(self, root: Path) -> None:
        (root / "a.md").write_bytes(b"a\r\nb\rc\n")
        assert read_text(root, "a.md") == "a\r\nb\rc\n"

    def test_not_utf8_names_the_line(self, root: Path) -> None:
        (root / "a.md").write_bytes(b"fine\nnot \xff fine\n")
        with pytest.raises(NotTextError, match=r"a\.md:2: "):
            read_text(root, "a.md")

    def test_the_limit(self, root: Path) -> None:
        (root / "a.md").write_bytes(b"12345")
        assert read_text(root, "a.md", limit=5) == "12345"
        with pytest.raises(TooLargeError, match="4 bytes"):
            read_text(root, "a.md", limit=4)

    def test_neither_directories_nor_fifos(self, root: Path) -> None:
        (root / "directory").mkdir()
        os.mkfifo(root / "fifo")
        for path in ("directory", "fifo"):
            with pytest.raises((NotTextError, IsADirectoryError)):
                read_text(root, path)

    def test_missing(self, root: Path) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            read_text(root, "docs/a.md")
        assert caught.value.filename == str(root / "docs/a.md")


class TestMoveAside:
    """The old file is kept, and whatever was kept before is too."""

    def test_moved_with_its_text(self, root: Path) -> None:
        write_new(root, "docs/a.md", "mine")
        move_aside(root, "docs/a.md", Path(".covey/replaced/run/docs/a.md"))
        write_new(root, "docs/a.md", "second")
        move_aside(root, "docs/a.md", root / ".covey/replaced/next/docs/a.md")
        assert read_text(root, ".covey/replaced/run/docs/a.md") == "mine"
        assert everything(root) == {".covey/replaced/run/docs/a.md", ".covey/replaced/next/docs/a.md"}

    def test_never_over_anything(self, root: Path) -> None:
        write_new(root, "a.md", "new")
        write_new(root, "kept/a.md", "old")
        with pytest.raises(FileExistsError) as caught:
            move_aside(root, "a.md", Path("kept/a.md"))
        assert caught.value.filename == str(root / "kept/a.md")
        assert (read_text(root, "a.md"), read_text(root, "kept/a.md")) == ("new", "old")

    def test_nothing_is_made_for_what_is_not_there(self, root: Path) -> None:
        with pytest.raises(FileNotFoundError):
            move_aside(root, "a.md", Path("kept/a.md"))
        assert not (root / "kept").exists()
