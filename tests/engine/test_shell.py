"""The project's own tests, really run: real pytest and other programs, well-behaved and not."""

import re
import sys
from typing import Any

import pytest

from covey.config.settings import CommandsTable
from covey.engine.shell import remove_leftovers, run_tests
from covey.model.command import Result, ResultStatus, TranscriptKind
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.outcome import NO_TESTS, findings_in
from covey.steps.run_tests import RunTests
from covey.testing.desk import RecordingDesk
from covey.workspace.process_table import everybody
from covey.workspace.processes import Grace
from tests.engine.conftest import Bench
from tests.family import Family, component
from tests.tested import CODE, QUICK, RIGHT, TEST, TOTAL, WRONG


class Stage:
    """A child whose test file is run, with the project's files as the test has them."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.desk = RecordingDesk(grace=Grace(seconds=0.2))

    async def run(
        self, test: str, *command: str, code: str | None = TOTAL, seconds: float = 60.0, **run: Any
    ) -> Result:
        """Write both files and run the tests with this command, or pytest."""
        self.family.write(TEST, test)
        if code is not None:
            self.family.write(CODE, code)
        table = CommandsTable(python=sys.executable, test=command or QUICK)
        tools = self.family.tools(commands=table.model_copy(update={"timeout": seconds}), **run)
        issued = await RunTests(tools, ArtifactKind.TEST).get_command(self.family.scope, await self._child())
        return await run_tests(tools, issued, self.desk)

    async def _child(self) -> Session:
        parent = await self.family.parent()
        return await self.family.child(parent, component("Alpha"), type="ComponentTestSessions", artifact_path=TEST)

    @property
    def files(self) -> list[str]:
        """All files of the project, but covey's database."""
        return sorted(
            path.relative_to(self.family.root).as_posix()
            for path in self.family.root.rglob("*")
            if path.is_file() and not path.name.startswith(("covey.db", "engine.lock", ".gitignore"))
        )


@pytest.fixture
def stage(family: Family) -> Stage:
    return Stage(family)


class TestLeftovers:
    """What a killed engine could not clear away goes as the next one starts."""

    def test_are_removed_and_nothing_else_is(self, family: Family) -> None:
        for path in ("tests-1/cache/a", "tests-1/report.xml", "other/b", "tests-file"):
            family.write(f".covey/tmp/{path}", "x")
        elsewhere = family.write("elsewhere/tests-2/mine", "mine")
        (family.root / ".covey/tmp/tests-link").symlink_to(elsewhere.parent)

        remove_leftovers(family.root)
        remove_leftovers(family.root / "nowhere")

        left = sorted(path.name for path in (family.root / ".covey/tmp").iterdir())
        assert left == ["other", "tests-file", "tests-link"]
        assert elsewhere.read_text() == "mine"

    def test_a_link_in_place_of_their_directory_leads_nowhere(self, family: Family) -> None:
        mine = family.write("elsewhere/tests-1/mine", "mine")
        (family.root / ".covey/tmp").symlink_to(family.root / "elsewhere")
        remove_leftovers(family.root)
        assert mine.read_text() == "mine"

    async def test_by_the_engine_that_starts(self, bench: Bench) -> None:
        left = bench.root / ".covey/tmp/tests-1"
        left.mkdir(parents=True)
        assert await bench.run() == 0
        assert not left.exists()


class TestPytest:
    """What its report says is what counts."""

    async def test_well(self, stage: Stage) -> None:
        given = await stage.run(RIGHT)

        assert (given.status, given.code, given.error_message) == (ResultStatus.OK, 0, None)
        assert given.data["counts"] == {"tests": 1, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}
        assert findings_in(given) == ()
        said = stage.desk.said(TranscriptKind.OUTPUT)
        assert "1 passed" in said
        assert stage.desk.said(TranscriptKind.TOOL) == (
            f"$ env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q {TEST}\n"
        )

    async def test_it_is_recorded_and_nothing_of_it_is_left(self, stage: Stage) -> None:
        await stage.run(WRONG)
        assert len(stage.desk.ledger.records) == 1
        assert stage.desk.ledger.living == []
        assert stage.files == [CODE, TEST]

    async def test_failures_errors_and_what_else_there_is(self, stage: Stage) -> None:
        given = await stage.run(
            "import pytest\n"
            "@pytest.fixture\n"
            "def broken():\n    raise OSError('no \\x1b[31m disk')\n"
            "def test_fails():\n    assert 1 == 2\n"
            "def test_errs(broken): ...\n"
            "@pytest.mark.skip\ndef test_skips(): ...\n"
            "@pytest.mark.parametrize('n', [1, 2])\ndef test_passes(n): ...\n"
        )
        assert (given.status, given.code) == (ResultStatus.ERROR, 1)
        assert given.data["counts"] == {"tests": 5, "passed": 2, "failed": 1, "errors": 1, "skipped": 1}
        failed, errs = given.data["failures"]  # type: ignore[misc]
        assert failed == {"name": "test_fails", "file": TEST, "line": 6, "message": "assert 1 == 2", "kind": "failed"}
        assert (errs["name"], errs["line"], errs["kind"]) == ("test_errs", 4, "error")
        assert errs["message"].startswith('failed on setup with "OSError: no #x1B[31m disk"')

    @pytest.mark.parametrize(
        ("test", "found"),
        [
            ("def test_a(:\n    pass\n", "SyntaxError: invalid syntax"),
            ("import nothing_of_the_kind\n", "No module named 'nothing_of_the_kind'"),
            ("x = 1\n", NO_TESTS),
            ("import pytest\npytest.skip('no', allow_module_level=True)\n", NO_TESTS),
            ("import os\ndef test_a():\n    os._exit(0)\n", "ended as if all were well (it left no report)"),
            ("import os\ndef test_a():\n    os.kill(os.getpid(), 9)\n", "was ended by SIGKILL"),
        ],
        ids=["syntax error", "import error", "no tests", "skips itself", "leaves at once", "kills itself"],
    )
    async def test_what_is_not_in_order(self, stage: Stage, test: str, found: str) -> None:
        (finding,) = findings_in(await stage.run(test))
        assert found in finding

    async def test_a_report_that_somebody_else_wrote(self, stage: Stage) -> None:
        forged = (
            "import os, sys, pathlib\n"
            "option = next(each for each in sys.argv if each.startswith('--junitxml='))\n"
            "def test_a():\n"
            "    pathlib.Path(option.partition('=')[2]).write_text('<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>')\n"
            "    os._exit(0)\n"
        )
        (finding,) = findings_in(await stage.run(forged))
        assert "its report cannot be read" in finding

    @pytest.mark.parametrize(
        ("options", "found"),
        [
            (("--nonsense",), r"exited with code 4: .*error: unrecognized arguments: --nonsense \(it left no report\)"),
            (("--junitxml=mine.xml", "-p", "no:cacheprovider"), ""),
            (("-q", "--"), ""),
        ],
    )
    async def test_a_command_with_options_of_its_own(self, stage: Stage, options: tuple[str, ...], found: str) -> None:
        given = await stage.run(RIGHT, *QUICK[:-1], *options, "{file}")
        assert re.fullmatch(found, "; ".join(findings_in(given)))
        assert stage.files == [CODE, TEST]

    async def test_no_pytest(self, stage: Stage) -> None:
        given = await stage.run(RIGHT, "{python}", "-S", "-m", "pytest", "{file}")
        (finding,) = findings_in(given)
        assert finding.startswith("exited with code 1: ")
        assert finding.endswith("No module named pytest (it left no report)")

    async def test_the_source_roots_are_on_its_path_and_no_credential_in_its_sight(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOME_API_KEY", "secret")
        monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
        given = await stage.run(
            "import os, sys\n"
            "import shop.alpha\n"
            "def test_a():\n"
            f"    assert os.environ['PYTHONPATH'] == {str(stage.family.root)!r}\n"
            "    assert 'SOME_API_KEY' not in os.environ\n"
            "    assert os.read(0, 1) == b''\n"
            f"    assert os.getcwd() == {str(stage.family.root)!r}\n",
        )
        assert findings_in(given) == ()

    async def test_an_import_of_what_does_not_exist_yet(self, stage: Stage) -> None:
        inside = "def test_a():\n    from shop.alpha import total\n"
        given = await stage.run(inside, code=None, tests_first=True)
        assert (given.status, findings_in(given)) == (ResultStatus.ERROR, ())
        (finding,) = findings_in(await stage.run(RIGHT, code=None, tests_first=True))
        assert "No module named 'shop'" in finding


class TestTroubles:
    """Tests are code: some never end, some say more than anybody wants to hear."""

    async def test_one_that_waits_for_ever_is_ended_with_all_that_it_started(self, stage: Stage) -> None:
        # However far it comes until its time is over, it has not come to its end.
        given = await stage.run(
            "import signal, subprocess, time\n"
            "def test_a():\n"
            "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "    print('begun', flush=True)\n"
            "    subprocess.run(['sleep', '1000'])\n"
            "    time.sleep(1000)\n",
            seconds=1.5,
        )
        assert given.status is ResultStatus.ERROR
        assert given.data["ended"] == "timeout"
        assert given.error_message == "took longer than 1.5s"
        assert findings_in(given) == ("took longer than 1.5s, and was ended: no test may wait for ever",)
        (record,) = stage.desk.ledger.records
        assert [each for each in everybody() if each.group == record.group and not each.zombie] == []
        assert stage.desk.ledger.living == []

    async def test_megabytes_and_escapes(self, stage: Stage) -> None:
        given = await stage.run(
            "import sys\n"
            "def test_a():\n"
            "    for _ in range(24):\n"
            "        sys.__stdout__.write('\\x1b[2J\\x1b]0;x\\x07' + 'x' * 1_000_000 + '\\n')\n"
            "    assert False, '\\x1b[2J' + 'y' * 3_000_000\n",
            "env",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
            "{python}",
            "-m",
            "pytest",
            "-q",
            "-s",
            "{file}",
        )
        assert len(given.stdout) <= 64 * 1024
        assert len(stage.desk.said(TranscriptKind.OUTPUT)) < 11 * 1024 * 1024
        (failure,) = given.data["failures"]  # type: ignore[misc]
        assert len(failure["message"]) == 1000
        assert "\x1b" not in failure["message"]
        (finding,) = findings_in(given)
        assert "\x1b" not in finding


class TestOtherRunners:
    """Of other programs the exit code counts."""

    async def test_well(self, stage: Stage) -> None:
        given = await stage.run(RIGHT, "sh", "-c", 'echo "ran $0"', "{file}")
        assert (given.status, given.code, findings_in(given)) == (ResultStatus.OK, 0, ())
        assert stage.desk.said(TranscriptKind.OUTPUT) == f"ran {TEST}\n"
        assert "counts" not in given.data

    async def test_badly(self, stage: Stage) -> None:
        given = await stage.run(RIGHT, "sh", "-c", "echo; echo two of three failed >&2; exit 2", "{file}")
        assert (given.status, given.code) == (ResultStatus.ERROR, 2)
        assert findings_in(given) == ("exited with code 2: two of three failed",)
        assert given.stderr == "two of three failed\n"

    async def test_a_program_that_cannot_be_run(self, stage: Stage) -> None:
        runner = stage.family.write("tools/run", "no program")
        runner.chmod(0o755)
        given = await stage.run(RIGHT, "tools/run", "{file}")
        assert given.status is ResultStatus.ERROR
        assert len(findings_in(given)) == 1
