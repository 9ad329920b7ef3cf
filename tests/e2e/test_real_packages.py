"""Real packages from beginning to end: the installed sources of two of covey's own dependencies."""

import re
import shutil
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
import watchfiles

from covey.artifacts.checks import check_design
from covey.config.settings import REVIEW_SECTIONS
from tests.cli.program import Ran, end, program, read_until
from tests.e2e.scene import contents, running, session_of, status

PACKAGES = {"aiosqlite": Path(aiosqlite.__file__).parent, "watchfiles": Path(watchfiles.__file__).parent}
SECTIONS = ("Purpose", "Public API", "Dependencies")
ONE = {"aiosqlite": "cursor", "watchfiles": "filters"}
"""A module of each package whose document is what a test is about."""
FOUND = {
    "aiosqlite": "- `aiosqlite.context` → `aiosqlite.cursor` → `aiosqlite.core` → `aiosqlite.context`\n",
    "watchfiles": "- `watchfiles.version`, line 25: `watchfiles._rust_notify` is no component\n",
}
"""What the review of each package finds: a circle of imports, and a module that is there only in machine code."""
OTHER = {"aiosqlite": "core", "watchfiles": "main"}


def of(root: Path) -> str:
    return root.name


def document(root: Path, module: str) -> Path:
    return root / f"docs/design/{of(root)}/{module}.md"


def completed(ran: Ran) -> dict[str, bool]:
    """Which components completed, and whether what was there was kept."""
    events = [line for line in ran.lines if line["event"] == "session_completed"]
    return {event["component"]: event["kept"] for event in events if event["type"] == "ComponentDesignSessions"}


def review(root: Path) -> Path:
    return root / f"docs/design/{of(root)}/design_review.md"


def reviewed(ran: Ran) -> list[bool]:
    """For each review that completed, whether it was kept."""
    events = [line for line in ran.lines if line["event"] == "session_completed"]
    return [event["kept"] for event in events if event["type"] == "ComponentDesignReviewSessions"]


def copy_package(root: Path) -> Path:
    root.mkdir()
    shutil.copytree(PACKAGES[of(root)], root / of(root), ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    assert program("init", cwd=root).code == 0
    return root


@pytest.fixture(scope="session", params=PACKAGES)
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A package in a new project, and its first run."""
    root = copy_package(tmp_path_factory.mktemp("package") / request.param)
    return root, program("run", "design", of(root), "--headless", "--json", cwd=root)


@pytest.fixture
def finished(first: tuple[Path, Ran], tmp_path: Path) -> Path:
    """A package whose modules all have their documents."""
    return Path(shutil.copytree(first[0], tmp_path / of(first[0])))


class TestFirstRun:
    """One command, and every module has a design document that passes."""

    def test_ends_well(self, first: tuple[Path, Ran]) -> None:
        ran = first[1]
        assert (ran.code, ran.err) == (0, "")
        assert ran.lines[-1]["event"] == "run_finished"
        assert ran.lines[-1]["exit_code"] == 0
        assert set(completed(ran).values()) == {False}

    def test_every_module_has_a_document_that_passes(self, first: tuple[Path, Ran]) -> None:
        root, ran = first
        left_out = {"__version__", "__main__"}
        modules = {path.stem for path in PACKAGES[of(root)].glob("*.py")} - left_out
        assert set(completed(ran)) == modules
        known = {of(root), *(f"{of(root)}.{module}" for module in modules)}
        for module in modules:
            assert check_design(document(root, module).read_text(encoding="utf-8"), SECTIONS, known) == ()

    def test_the_design_is_reviewed(self, first: tuple[Path, Ran]) -> None:
        root, ran = first
        assert reviewed(ran) == [False]
        text = review(root).read_text(encoding="utf-8")
        assert check_design(text, REVIEW_SECTIONS, ()) == ()
        assert FOUND[of(root)] in text
        for untrue in ("disagree with the code", "Integration gaps", "cannot be read", "without a document"):
            assert untrue not in text, text
        for module in completed(ran):
            assert f"`{of(root)}/{module}.py`" in text

    def test_the_package_itself_is_left_alone(self, first: tuple[Path, Ran]) -> None:
        root = first[0]
        for path, content in contents(root / of(root)).items():
            assert (PACKAGES[of(root)] / path).read_bytes() == content

    def test_a_second_one_has_nothing_to_do(self, finished: Path) -> None:
        before = contents(finished)
        ran = program("run", "design", of(finished), "--json", cwd=finished)
        assert (ran.code, ran.err) == (4, "")
        assert list(ran.object) == ["event", "exit_code", "counts", "reason"]
        assert ran.object["event"] == "run_left"
        assert ran.object["exit_code"] == 4
        assert contents(finished) == before


class TestWhatIsThere:
    """What is satisfied is not done again, and nothing that a person wrote is lost."""

    def test_one_that_was_deleted_is_done_again_alone(self, finished: Path) -> None:
        before = contents(finished)
        times = {path: (finished / path).stat().st_mtime_ns for path in before}
        one = document(finished, ONE[of(finished)])
        one.unlink()
        ran = program("run", "design", of(finished), "--json", cwd=finished)
        assert ran.code == 0
        assert {name for name, kept in completed(ran).items() if not kept} == {ONE[of(finished)]}
        assert contents(finished) == before
        changed = {path for path in before if (finished / path).stat().st_mtime_ns != times[path]}
        assert changed == {str(path.relative_to(finished)) for path in (one, review(finished))}
        assert reviewed(ran) == [False]

    def test_a_review_that_was_deleted_is_done_again_alone(self, finished: Path) -> None:
        before = contents(finished)
        review(finished).unlink()
        ran = program("run", "design", of(finished), "--json", cwd=finished)
        assert ran.code == 0
        assert (set(completed(ran).values()), reviewed(ran)) == ({True}, [False])
        assert contents(finished) == before

    def test_an_edit_that_passes_is_kept_byte_for_byte(self, finished: Path) -> None:
        mine = document(finished, OTHER[of(finished)])
        edited = mine.read_bytes().replace(b"\n## Dependencies", b"\r\nMine, with \xc3\xa4  \t\n\n\n## Dependencies")
        mine.write_bytes(edited)
        document(finished, ONE[of(finished)]).unlink()
        ran = program("run", "design", of(finished), "--json", cwd=finished)
        assert ran.code == 0
        assert completed(ran)[OTHER[of(finished)]] is True
        assert mine.read_bytes() == edited

    def test_an_edit_that_does_not_pass_is_mended_around_it(self, finished: Path) -> None:
        mine = document(finished, ONE[of(finished)])
        text = mine.read_text(encoding="utf-8")
        without = re.sub(
            r"\n## Public API\n.*?(?=\n## )", "\n## In my own words\n\nIt is *mine*.\n", text, flags=re.DOTALL
        )
        assert "## Public API" not in without
        mine.write_text(without, encoding="utf-8")
        ran = program("run", "design", of(finished), "--json", cwd=finished)
        assert ran.code == 0
        assert {name for name, kept in completed(ran).items() if not kept} == {ONE[of(finished)]}
        mended = mine.read_text(encoding="utf-8")
        assert check_design(mended, SECTIONS, ()) == ()
        lines = iter(mended.splitlines())
        assert all(line in lines for line in without.splitlines()), "a line of mine is gone, or moved"


@pytest.fixture(params=PACKAGES)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A package of which one module does not parse; nothing was ever run."""
    root = copy_package(tmp_path / request.param)
    with (root / of(root) / f"{OTHER[of(root)]}.py").open("a", encoding="utf-8") as module:
        module.write("\ndef unfinished(:\n")
    return root


class TestWhileBlocked:
    """A document that goes while its parent waits for a human is reported, and taken again when it is back."""

    def test_deleted_reported_restored_and_on_it_goes(self, broken: Path) -> None:
        one = document(broken, ONE[of(broken)])
        path = one.relative_to(broken).as_posix()
        with running("run", "design", of(broken), "--headless", "--stay", "--json", cwd=broken) as process:
            begun = read_until(process, "session_blocked")
            assert self.problems(begun[-1]) == ([OTHER[of(broken)]], [])

            text = one.read_bytes()
            one.unlink()
            missing = read_until(process, "artifact_missing")[-1]
            assert (missing["component"], missing["path"]) == (ONE[of(broken)], path)
            both = read_until(process, "session_blocked")[-1]
            assert self.problems(both) == ([OTHER[of(broken)]], [path])
            assert both["reason"].endswith(f"Design files missing: {path}")
            shown = status(broken)
            assert [each["path"] for each in shown["needs_human"]["missing_files"]] == [path]
            assert shown["engine"]["pid"] == process.pid
            assert f"file missing  {path}" in program("status", cwd=broken).out

            one.write_bytes(text)
            assert read_until(process, "artifact_found")[-1]["path"] == path
            assert self.problems(read_until(process, "session_blocked")[-1]) == ([OTHER[of(broken)]], [])

            other = session_of(broken, OTHER[of(broken)])
            answer = program("skip", other, "--reason", "not today", "--json", cwd=broken).object
            assert (answer["state"], answer["changed"]) == ("settled", True)
            left = end(process)
        assert (left.code, left.err) == (3, "")
        assert left.lines[-1]["event"] == "run_finished"
        assert (left.lines[-1]["exit_code"], left.lines[-1]["counts"]["skipped"]) == (3, 1)
        assert one.read_bytes() == text

    @staticmethod
    def problems(blocked: dict[str, Any]) -> tuple[list[str], list[str]]:
        needs = blocked["needs_human"]
        return [each["component"] for each in needs["failed"]], [each["path"] for each in needs["missing_files"]]
