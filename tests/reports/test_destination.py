"""Where a report may be put: in the place of an older one, never of what a project lives of."""

import os
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from covey.cli.out import encode
from covey.errors import UsageError
from covey.reports.data import data
from covey.reports.destination import destination, put
from covey.reports.facts import Facts
from covey.reports.junit import junit
from covey.reports.markdown import markdown

from .runs import HOSTILE, complete, facts, session


def none() -> Iterable[Path]:
    return ()


class TestDestination:
    """What is refused, and that it is said why."""

    def test_a_new_file_is_fine_wherever_it_is(self, tmp_path: Path) -> None:
        assert destination(tmp_path / "a/b/report.md", tmp_path, none) == tmp_path / "a/b/report.md"

    @pytest.mark.parametrize("name", HOSTILE)
    @pytest.mark.parametrize("written", [markdown, junit, lambda facts: encode(data(facts))])
    def test_an_older_report_is_too(self, tmp_path: Path, name: str, written: Callable[[Facts], str | bytes]) -> None:
        old = written(facts(session("money", **complete()), root=complete(component=name, module=name)))
        (tmp_path / "report").write_bytes(old.encode() if isinstance(old, str) else old)
        assert destination(tmp_path / "report", tmp_path, none) == tmp_path / "report"

    def test_an_empty_file_is_too(self, tmp_path: Path) -> None:
        (tmp_path / "report").touch()
        assert destination(tmp_path / "report", tmp_path, none) == tmp_path / "report"

    @pytest.mark.parametrize(
        "text", ["# covey\n\nOurs.\n", "# covey: notes\n", '{"run": 1}', "<?xml?>\n<testsuites/>", " \n", "\0"]
    )
    @pytest.mark.parametrize("inside", [True, False])
    def test_any_other_file_is_refused_wherever_it_is(self, tmp_path: Path, text: str, *, inside: bool) -> None:
        (tmp_path / "project").mkdir()
        path = tmp_path / ("project/notes" if inside else "notes")
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="no report of covey's; name another one, or delete it first"):
            destination(path, tmp_path / "project", none)

    @pytest.mark.skipif(sys.platform != "linux", reason="there is no such file elsewhere")
    def test_one_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"/mem cannot be read: Input/output error"):
            destination(Path("/proc/self/mem"), tmp_path, none)

    @pytest.mark.parametrize("name", ["there", "there/", "link"])
    def test_a_directory_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "link").symlink_to("there")
        with pytest.raises(UsageError, match="is a directory"):
            destination(tmp_path / name, tmp_path, none)

    @pytest.mark.parametrize("name", ["covey.toml", "docs/../covey.toml", "link"])
    def test_a_manifest_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "link").symlink_to("covey.toml")
        with pytest.raises(UsageError, match="manifest"):
            destination(tmp_path / name, tmp_path, none)

    @pytest.mark.parametrize("name", [".covey/report.md", ".covey/covey.db", "link/x", "docs/../.covey/logs/x"])
    def test_the_inside_of_covey_s_own_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / ".covey").mkdir()
        (tmp_path / "link").symlink_to(".covey")
        with pytest.raises(UsageError, match=r"inside of \.covey"):
            destination(tmp_path / name, tmp_path, none)

    @pytest.mark.parametrize("name", ["docs/money.md", "link.md", "docs/hard.md"])
    def test_a_component_s_file_is_refused_by_whichever_name(self, tmp_path: Path, name: str) -> None:
        artifact = tmp_path / "docs/money.md"
        artifact.parent.mkdir()
        artifact.write_text("# Money", encoding="utf-8")
        (tmp_path / "link.md").symlink_to(artifact)
        (tmp_path / "docs/hard.md").hardlink_to(artifact)
        with pytest.raises(UsageError, match="file of a component"):
            destination(tmp_path / name, tmp_path, lambda: [tmp_path / "gone", tmp_path / "a\0b", artifact])

    def test_a_link_is_followed_to_the_file_itself(self, tmp_path: Path) -> None:
        (tmp_path / "newest.md").symlink_to("report.md")
        assert destination(tmp_path / "newest.md", tmp_path, none) == tmp_path / "report.md"


class TestPut:
    """A report is there whole or not at all."""

    def test_directories_are_made(self, tmp_path: Path) -> None:
        assert put(tmp_path / "a/b/report.md", b"new")
        assert (tmp_path / "a/b/report.md").read_bytes() == b"new"

    def test_an_older_one_is_replaced_at_once_and_keeps_its_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "report.md"
        path.write_bytes(b"old")
        path.chmod(0o640)
        with path.open("rb") as reader:
            assert put(path, b"new")
            assert reader.read() == b"old", "whoever was reading it goes on reading the older one"
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert list(tmp_path.iterdir()) == [path]

    def test_the_same_again_changes_nothing(self, tmp_path: Path) -> None:
        put(tmp_path / "report.md", b"same")
        before = (tmp_path / "report.md").stat()
        assert not put(tmp_path / "report.md", b"same")
        assert (tmp_path / "report.md").stat() == before

    def test_a_pipe_is_written_to(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert destination(tmp_path / "pipe", tmp_path, none) == tmp_path / "pipe"
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        assert put(tmp_path / "pipe", b"news")
        assert os.read(reader, 100) == b"news"
        os.close(reader)
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)

    def test_what_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(UsageError, match=r"file/report.md cannot be written: Not a directory"):
            put(tmp_path / "file/report.md", b"new")
        with pytest.raises(UsageError, match="/dev/full cannot be written: No space left on device"):
            put(Path("/dev/full"), b"new")
        with pytest.raises(UsageError, match="File name too long"):
            put(tmp_path / ("x" * 256), b"new")
        assert list(tmp_path.iterdir()) == [tmp_path / "file"]
