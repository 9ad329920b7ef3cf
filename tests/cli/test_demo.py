"""`covey demo`: the run and its story happen for real, in a directory of their own."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.cli.program import Ran, covey, end, environment, program, read_until, start


def demo(tmp_path: Path, *arguments: str) -> tuple[Ran, Path]:
    ran = program("demo", *arguments, cwd=tmp_path, env=environment(TMPDIR=str(tmp_path)))
    (root,) = tmp_path.glob("covey-demo-*")
    return ran, root


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """The bare run, as programs read it."""
    return demo(tmp_path_factory.mktemp("bare"), "--headless", "--json")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """The story, as people read it."""
    return demo(tmp_path_factory.mktemp("told"))


class TestHeadless:
    """The bare run: one component fails, one file goes missing, and it ends needing a human."""

    def test_ends_needing_a_human(self, bare: tuple[Ran, Path]) -> None:
        ran, root = bare
        assert ran.code == 6
        assert ran.lines[0]["event"] == "run_started"
        assert (ran.lines[-1]["event"], ran.lines[-1]["exit_code"]) == ("run_left", 6)
        needs = covey("status", "--json", cwd=root).object["needs_human"]
        assert [each["component"] for each in needs["failed"]] == ["tax"]
        assert [each["path"] for each in needs["missing_files"]] == ["docs/design/shop/billing/payment.md"]

    def test_the_missing_file_is_reported_while_the_failure_keeps_the_parent_open(self, bare: tuple[Ran, Path]) -> None:
        ran, _ = bare
        (missing,) = [line for line in ran.lines if line["event"] == "artifact_missing"]
        assert missing["component"] == "payment"
        verdict = [line for line in ran.lines if line["event"] == "session_blocked"][-1]
        assert "Child sessions failed: tax" in verdict["reason"]
        assert "Design files missing: docs/design/shop/billing/payment.md" in verdict["reason"]

    def test_people_are_told_where_and_what_to_do(self, tmp_path: Path) -> None:
        ran, root = demo(tmp_path, "--headless")
        assert ran.code == 6
        assert str(root) in ran.err
        assert "covey retry" in ran.out


class TestStory:
    """Without `--headless` the same two problems are mended by requests, to the end."""

    def test_is_told_to_the_end(self, told: tuple[Ran, Path]) -> None:
        ran, root = told
        assert (ran.code, ran.err) == (0, "")
        assert [f"\n{number}. " in ran.out for number in range(1, 7)] == [True] * 6
        assert "6 of 6 complete" in ran.out
        assert str(root) in ran.out

    def test_happens_for_real(self, tmp_path: Path) -> None:
        ran, root = demo(tmp_path, "--json")
        assert ran.code == 0
        events = [(line["event"], line["component"]) for line in ran.lines]
        acts = [
            ("session_failed", "tax"),
            ("session_skipped", "tax"),
            ("session_retried", "tax"),
            ("session_retried", "payment"),
            ("session_completed", "Review of shop.billing"),
            ("run_finished", "shop.billing"),
        ]
        assert [event for event in events if event in acts] == acts
        assert ran.lines[-1]["exit_code"] == 0
        found = covey("status", "--json", cwd=root).object
        assert {session["status"] for session in found["sessions"]} == {"complete"}

    def test_the_note_is_in_the_document(self, told: tuple[Ran, Path]) -> None:
        _, root = told
        text = (root / "docs/design/shop/billing/tax.md").read_text(encoding="utf-8")
        assert "the bracket in tax_on is closed now" in text

    def test_what_it_advises_works(self, told: tuple[Ran, Path], tmp_path: Path) -> None:
        root = Path(shutil.copytree(told[1], tmp_path / "shop"))
        assert covey("status", cwd=root).code == 0
        assert covey("contexts", cwd=root).code == 0
        assert covey("run", "design", "catalog", cwd=root).code == 0

    @pytest.mark.parametrize("arguments", [["--json"], ["--json", "--headless"]])
    def test_can_be_interrupted(self, tmp_path: Path, arguments: list[str]) -> None:
        process = start("demo", *arguments, cwd=tmp_path, env=environment(TMPDIR=str(tmp_path)))
        read_until(process, "session_started")
        process.send_signal(signal.SIGINT)
        ran = end(process)
        assert ran.code == 130
        assert json.loads(ran.out.splitlines()[-1])["event"] == "run_left"
