import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from covey.client.artifact import DIFF_LIMIT, diff_of, read_artifact

PATH = "docs/payment.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one document, outside of git."""
    root = tmp_path / "shop"
    (root / "docs").mkdir(parents=True)
    (root / PATH).write_text("# Payment\n\nOld.\n")
    return root


def git(root: Path, *arguments: str) -> None:
    name = ("-c", "user.name=ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", root, *name, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(project: Path) -> Path:
    """The same project with its document committed."""
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "one")
    return project


def tried(root: Path, *arguments: str) -> str:
    """What git prints when a person uses it there, whatever comes of it."""
    return subprocess.run(
        ["git", "-C", root, *arguments], check=False, capture_output=True, text=True, timeout=20
    ).stdout


def trap(root: Path, end: str = "cat") -> tuple[Path, Path]:
    """A program that leaves a file behind when it is run, and that file."""
    program, mark = root.parent / "trap.sh", root.parent / "sprung"
    program.write_text(f'#!/bin/sh\ntouch "{mark}"\n{end}\n')
    program.chmod(0o755)
    return program, mark


class TestReading:
    """A file is read as it is now, within the project."""

    async def test_a_file_with_its_size_and_age(self, project: Path) -> None:
        os.utime(project / PATH, (1_700_000_000, 1_700_000_000))
        artifact = await read_artifact(project, PATH)
        assert (artifact.present, artifact.text, artifact.size) == (True, "# Payment\n\nOld.\n", 16)
        assert artifact.modified_at is not None
        assert artifact.modified_at.timestamp() == 1_700_000_000
        assert not artifact.truncated

    async def test_of_a_large_file_the_beginning(self, project: Path) -> None:
        artifact = await read_artifact(project, PATH, limit=5)
        assert (artifact.text, artifact.size, artifact.truncated) == ("# Pay", 16, True)

    async def test_bytes_that_are_no_text_are_replaced(self, project: Path) -> None:
        (project / PATH).write_bytes(b"\xff\xfe a")
        assert (await read_artifact(project, PATH)).text == "\ufffd\ufffd a"

    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (lambda path: path.unlink(), "is not there"),
            (lambda path: (path.unlink(), path.mkdir()), "is a directory"),
            (lambda path: (path.unlink(), path.symlink_to("/etc/hostname")), "points outside the project"),
            (lambda path: (path.unlink(), os.mkfifo(path)), "is not a regular file"),
        ],
    )
    async def test_what_cannot_be_read_says_why(
        self, project: Path, make: Callable[[Path], object], reason: str
    ) -> None:
        make(project / PATH)
        artifact = await read_artifact(project, PATH)
        assert (artifact.present, artifact.text, artifact.reason) == (False, "", reason)

    async def test_a_path_that_leads_out_is_refused(self, project: Path) -> None:
        (project.parent / "secret").write_text("key")
        artifact = await read_artifact(project, "../secret")
        assert not artifact.present
        assert artifact.text == ""


class TestDiff:
    """A file is compared with what the last commit has of it."""

    async def test_changed_lines(self, committed: Path) -> None:
        (committed / PATH).write_text("# Payment\n\nNew.\nMore.\n")
        diff = await diff_of(committed, PATH)
        assert diff is not None
        assert diff.splitlines() == ["@@ -1,3 +1,4 @@", " # Payment", " ", "-Old.", "+New.", "+More."]

    async def test_nothing_has_changed(self, committed: Path) -> None:
        assert await diff_of(committed, PATH) == ""

    async def test_line_ends_are_no_change(self, committed: Path) -> None:
        (committed / PATH).write_bytes(b"# Payment\r\n\r\nOld.\r\n")
        assert await diff_of(committed, PATH) == ""

    async def test_a_file_that_is_gone(self, committed: Path) -> None:
        (committed / PATH).unlink()
        diff = await diff_of(committed, PATH)
        assert diff is not None
        assert "-Old." in diff.splitlines()

    async def test_without_a_repository(self, project: Path) -> None:
        assert await diff_of(project, PATH) is None

    async def test_a_file_that_git_does_not_know(self, committed: Path) -> None:
        (committed / "docs/new.md").write_text("new\n")
        assert await diff_of(committed, "docs/new.md") is None

    async def test_a_project_below_the_repository(self, committed: Path) -> None:
        (committed / PATH).write_text("# Payment\n\nNew.\n")
        diff = await diff_of(committed / "docs", "payment.md")
        assert diff is not None
        assert "+New." in diff

    async def test_a_file_too_large_to_compare(self, committed: Path) -> None:
        (committed / PATH).write_text("x" * (DIFF_LIMIT + 1))
        assert await diff_of(committed, PATH) is None

    async def test_without_git(self, committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(committed))
        assert await diff_of(committed, PATH) is None

    async def test_the_callers_environment_does_not_lead_elsewhere(
        self, committed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        assert await diff_of(committed, PATH) == ""


class TestHostileRepository:
    """Nothing that a repository's settings name is run."""

    async def test_filters_drivers_and_monitors(self, committed: Path) -> None:
        program, mark = trap(committed)
        (committed / ".gitattributes").write_text("*.md filter=trap diff=trap\n")
        (committed / ".git/info/attributes").write_text("*.md filter=trap diff=trap\n")
        for key in (
            "filter.trap.clean",
            "filter.trap.smudge",
            "filter.trap.process",
            "diff.trap.command",
            "diff.trap.textconv",
            "diff.external",
            "core.fsmonitor",
            "core.pager",
            "pager.diff",
        ):
            git(committed, "config", key, str(program))
        (committed / PATH).write_text("# Payment\n\nNew.\n")
        # First see that the trap works at all.
        tried(committed, "diff")
        assert mark.exists()
        mark.unlink()
        assert "+New." in (await diff_of(committed, PATH) or "")
        assert not mark.exists()

    async def test_an_object_that_is_not_there_is_fetched_from_nowhere(self, committed: Path) -> None:
        program, mark = trap(committed, end="exit 1")
        name = tried(committed, "rev-parse", f"HEAD:{PATH}").strip()
        for key, value in (
            ("core.repositoryformatversion", "1"),
            ("extensions.partialclone", "origin"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.url", f"ext::{program}"),
            ("protocol.ext.allow", "always"),
        ):
            git(committed, "config", key, value)
        (committed / ".git/objects" / name[:2] / name[2:]).unlink()
        tried(committed, "cat-file", "blob", name)
        assert mark.exists()
        mark.unlink()
        assert await diff_of(committed, PATH) is None
        assert not mark.exists()
