"""`covey run test` and `covey run code`, from the command line to the exit code, with a program as the agent."""

from pathlib import Path

import pytest

from tests.cli.program import covey
from tests.tested import COMMANDS, RIGHT, TOTAL, WRONG

AGENT = """\
import pathlib, sys
target = pathlib.Path(sys.argv[1])
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(pathlib.Path("answers", target.name).read_text())
"""
TEST, CODE = "tests/shop/test_alpha.py", "shop/alpha.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one component, whose agent answers with what lies in `answers`."""
    (tmp_path / "covey.toml").write_text(
        f'[run]\nagent = "mine"\nmax_revisions = 0\n{COMMANDS}'
        '[agents.mine]\nkind = "command"\ncommand = ["python3", "agent.py", "{target}"]\n'
        '[[context]]\nname = "Shop"\nmodule = "shop"\n'
        '[[context.component]]\nname = "Alpha"\nmodule = "shop.alpha"\n'
    )
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers/alpha.py").write_text(TOTAL)
    (tmp_path / "answers/test_alpha.py").write_text(RIGHT)
    (tmp_path / "shop").mkdir()
    return tmp_path


class TestRun:
    """The runs of tests and code are runs like any other."""

    def test_tests_are_written_kept_and_written_anew(self, project: Path) -> None:
        (project / CODE).write_text(TOTAL)
        first = covey("run", "test", "Shop", "--headless", "--json", cwd=project)
        again = covey("run", "test", "Shop", "--headless", cwd=project)
        anew = covey("run", "test", "Shop", "--headless", "--overwrite", "--json", cwd=project)

        assert (first.code, again.code, anew.code) == (0, 4, 0)
        begun, *_, finished = first.lines
        assert (begun["event"], begun["workflow"]) == ("run_started", "test")
        assert (finished["event"], finished["exit_code"]) == ("run_finished", 0)
        assert "Shop: nothing to do: every file is there and passes" in again.out
        assert [path.read_text() for path in project.glob(".covey/replaced/*/tests/shop/test_alpha.py")] == [RIGHT]

    def test_a_run_that_needs_a_human_is_gone_on_with(self, project: Path) -> None:
        (project / CODE).write_text(TOTAL)
        (project / "answers/test_alpha.py").write_text(WRONG)
        ran = covey("run", "test", "Shop", "--headless", cwd=project)
        status = covey("status", "--json", cwd=project).object

        assert ran.code == 6
        assert (status["workflow"], status["counts"]["failed"]) == ("test", 1)
        (failed,) = status["needs_human"]["failed"]
        assert (failed["cause"], failed["reason"]) == (
            "check_failed",
            f"{TEST}: test_total (line 5): assert 3 == 4 + where 3 = total([1, 2])",
        )
        self._is_reported(project)
        (project / TEST).write_text(RIGHT)
        assert covey("retry", failed["session_id"], cwd=project).code == 0
        last = covey("run", "test", "Shop", "--headless", "--json", cwd=project)
        assert last.code == 0
        (completed,) = [
            line for line in last.lines if line["event"] == "session_completed" and line["component"] == "Alpha"
        ]
        assert completed["kept"] is True

    @staticmethod
    def _is_reported(project: Path) -> None:
        """Every report names the test that fails, and where."""
        said = "assert 3 == 4 + where 3 = total([1, 2])"
        page = covey("report", cwd=project).out
        assert f"  - test `test_total` in `{TEST}:5`: assert 3 == 4 + where 3 = total(\\[1, 2\\])" in page
        (alpha,) = [each for each in covey("report", "--json", cwd=project).object["sessions"] if each["failed_tests"]]
        assert alpha["failed_tests"] == [
            {"name": "test_total", "file": TEST, "line": 5, "message": said, "kind": "failed"}
        ]
        assert f"test test_total ({TEST}:5): {said}" in covey("report", "--format", "junit", cwd=project).out

    def test_code_is_written_against_the_tests(self, project: Path) -> None:
        (project / "tests/shop").mkdir(parents=True)
        (project / TEST).write_text(RIGHT)
        ran = covey("run", "code", "Shop", "--headless", cwd=project)
        (context,) = covey("contexts", "--json", cwd=project).object

        assert ran.code == 0
        assert (project / CODE).read_text() == TOTAL
        assert context["components"][0]["artifacts"] == {
            "design": {"path": "docs/design/shop/alpha.md", "present": False},
            "test": {"path": TEST, "present": True},
            "code": {"path": CODE, "present": True},
        }

    def test_what_would_be_run(self, project: Path) -> None:
        ran = covey("run", "code", "Shop", "--dry-run", "--json", cwd=project)
        assert ran.object == {
            "context": "Shop",
            "run_id": None,
            "how": "started",
            "components": 1,
            "reviews": 0,
            "estimate": None,
        }

    def test_a_workflow_that_does_not_exist(self, project: Path) -> None:
        ran = covey("run", "tests", "Shop", cwd=project)
        assert ran.code == 2
        assert 'unknown workflow "tests"; did you mean "test"?; known: design, test, code' in ran.err

    def test_what_is_missing_is_told_before_anything_starts(self, project: Path) -> None:
        manifest = project / "covey.toml"
        manifest.write_text(manifest.read_text().replace('"pytest"', '"pytest", "{fiel}"'))
        wrong = covey("run", "test", "Shop", cwd=project)
        manifest.write_text(manifest.read_text().replace(', "{fiel}"', "").replace('"env"', '"no-env"'))
        missing = covey("run", "test", "Shop", cwd=project)

        assert (wrong.code, missing.code) == (2, 2)
        assert 'covey.toml:6: "test", entry 6 has the unknown placeholder "{fiel}"; did you mean "file"?' in wrong.err
        assert "the tests cannot be run: the program 'no-env' is not on the PATH" in missing.err
        assert "install it, or set python or test under [commands] in covey.toml" in missing.err
