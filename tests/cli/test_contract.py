"""What holds for every command: exit codes, what goes to which output, and how mistakes are told."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from covey.cli.commands import COMMANDS, HIDDEN
from tests.cli.program import command, covey, environment, program

WITH_A_PROJECT = ["contexts", "run design x", "status", "show x", "logs x", "events", "retry x", "cancel x", "doctor"]
WITH_A_PROJECT += ["prune", "watch", "stop", "stop --engine", "wait", "report"]
ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
KEY = "sk-ant-api03-0123456789"


class TestUsage:
    """A command line that is wrong ends with 2, one message on standard error, and nothing on standard output."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("statsu", 'there is no command "statsu"; did you mean "status"?'),
            ("xyzzy", 'there is no command "xyzzy"; see: covey --help'),
            ("status --jsn", "unknown option: --jsn. Did you mean --json?; see: covey status --help"),
            ("run design a --max-session 3", "unknown option: --max-session. Did you mean --max-sessions?; see: "),
            ("run design a --max-sessions", "--max-sessions requires an argument; see: covey run --help"),
            ("--project . status", '"--project" is no command, and options stand behind one; see: covey --help'),
            ("init src more", 'too much is said: "more"; see: covey init --help'),
            ("status --project src/no", "src/no is no directory"),
            ("run", "see: covey run --help"),
            ("run design --max-sessions many", "see: covey run --help"),
            ("skip abc", "--reason requires an argument"),
            ("retry", "which sessions?"),
            ("retry --failed a b", "--failed takes one run"),
            ("events --after soon", "see: covey events --help"),
            ("report --format html", "see: covey report --help"),
            ("prune --older soon", 'should be an age like "30d", "2w" or "12h", not "soon"'),
            ("report -o --json", "-o requires a file"),
            ("report --format junit --json", "--json is a format of its own"),
        ],
    )
    def test_is_told_in_one_line(self, shop: Path, arguments: str, said: str) -> None:
        ran = covey(*arguments.split(), cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
        assert ran.err.startswith("covey: ")
        assert len(ran.err.splitlines()) == 1

    @pytest.mark.parametrize("arguments", ["status", "show", "run", "run design", "retry x --note", "message x"])
    def test_text_that_is_none_is_refused(self, shop: Path, arguments: str) -> None:
        ran = covey(*arguments.split(), os.fsdecode(b"\xff"), cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert '"\\udcff" is not UTF-8' in ran.err

    @pytest.mark.parametrize("arguments", ["status", "stop", "pause", "resume", "undo", "report", "wait", "watch"])
    def test_an_empty_id_means_no_run(self, blocked: Path, arguments: str) -> None:
        ran = covey(arguments, "", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "a run's id is needed" in ran.err

    def test_a_working_directory_that_is_gone_is_told(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        call = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *command("status")]
        ran = subprocess.run(call, cwd=gone, env=environment(), capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (
            2,
            "covey: the working directory is gone; change to one that is there\n",
        )

    @pytest.mark.parametrize("arguments", WITH_A_PROJECT)
    def test_a_place_without_a_manifest_is_named(self, tmp_path: Path, arguments: str) -> None:
        ran = covey(*arguments.split(), "--json", cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert f"no covey.toml in {tmp_path}" in ran.err
        assert "covey init" in ran.err

    @pytest.mark.parametrize("arguments", ["contexts", "run design billing"])
    def test_all_mistakes_of_a_manifest_are_told_with_their_lines(self, shop: Path, arguments: str) -> None:
        manifest = shop / "covey.toml"
        manifest.write_text("[project]\nnane = 'x'\n[run]\nmax_sessions = 0\n", encoding="utf-8")
        ran = covey(*arguments.split(), "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert f"{manifest}:2:" in ran.err
        assert f"{manifest}:4:" in ran.err

    def test_escapes_in_what_was_typed_do_not_reach_the_terminal(self, shop: Path) -> None:
        ran = program("\x1b]0;owned\x07", cwd=shop)
        assert ran.code == 2
        assert "\x1b" not in ran.err
        assert "\x07" not in ran.err


class TestProject:
    """`--project` names the root; without it, the nearest directory with a manifest does."""

    def test_a_directory_below_belongs_to_the_project(self, shop: Path) -> None:
        assert covey("contexts", cwd=shop / "src/shop/billing").code == 0

    def test_another_root_can_be_named(self, shop: Path, tmp_path: Path) -> None:
        ran = covey("status", "--json", "--project", str(shop), cwd=tmp_path)
        assert ran.object["project_root"] == str(shop)

    def test_looking_leaves_no_trace(self, shop: Path) -> None:
        before = sorted(shop.rglob("*"))
        for arguments in ("status", "contexts", "events", "doctor"):
            assert covey(arguments, cwd=shop).code == 0
        assert sorted(shop.rglob("*")) == before


class TestOutput:
    """Standard output may be anything: a pipe that closes, a full disk, a terminal of the last century."""

    def test_a_reader_that_goes_away_is_no_error(self, blocked: Path) -> None:
        with subprocess.Popen(
            command("events"), cwd=blocked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 0

    @pytest.mark.parametrize("typed", ["--help", "--version", "--completion bash", "run --help", "slots -h"])
    def test_a_full_disk_is_told_in_one_line(self, tmp_path: Path, typed: str) -> None:
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command(*typed.split()),
                cwd=tmp_path,
                env=environment(),
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 0
        assert done.stderr == b"covey: standard output cannot be written any more: No space left on device\n"

    def test_a_mistake_that_cannot_be_told_keeps_its_exit_code(self, tmp_path: Path) -> None:
        with Path("/dev/full").open("wb") as full:
            assert (
                subprocess.run(command("nope"), cwd=tmp_path, env=environment(), stderr=full, check=False).returncode
                == 2
            )

    def test_a_terminal_without_unicode_gets_signs_of_its_own(self, blocked: Path) -> None:
        ran = program("status", cwd=blocked, env=environment(PYTHONIOENCODING="ascii"))
        assert ran.code == 0
        assert ran.out.startswith("! shop.billing")
        assert ran.out.isascii()

    def test_json_is_utf_8_in_any_locale(self, blocked: Path) -> None:
        manifest = blocked / "covey.toml"
        text = manifest.read_text(encoding="utf-8").replace('name = "shop.billing"', 'name = "Rechnungen für Ärzte"')
        manifest.write_text(text, encoding="utf-8")
        ran = program("contexts", "--json", cwd=blocked, env=environment(PYTHONIOENCODING="latin-1"))
        assert "Rechnungen für Ärzte" in {context["context"] for context in json.loads(ran.out)}


class TestNumbers:
    """What is no whole number is refused, never rounded."""

    @pytest.mark.parametrize(
        "tokens",
        [
            ("slots", "2.5"),
            ("run", "design", "--all", "--budget-tokens", "2.5"),
            ("run", "design", "--all", "--max-sessions", "2.5"),
            ("resume", "--budget-tokens", "2.5"),
            ("logs", "abc", "--attempt", "2.5"),
            ("events", "--after", "2.5"),
        ],
    )
    def test_a_fraction(self, tmp_path: Path, tokens: tuple[str, ...]) -> None:
        ran = covey(*tokens, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert f'"2.5" is no whole number; see: covey {tokens[0]} --help\n' in ran.err

    @pytest.mark.parametrize("number", [str(2**63), f"-{2**63}", f"1_{'0' * 5_000}"])
    def test_one_that_no_database_holds(self, shop: Path, number: str) -> None:
        for tokens in (("events", f"--after={number}"), ("run", "design", "--all", f"--budget-tokens={number}")):
            ran = covey(*tokens, cwd=shop)
            assert (ran.code, ran.out) == (2, "")
            assert f'"{number}" is too large a number; see: covey {tokens[0]} --help\n' in ran.err

    def test_groups_of_digits_are_one_number(self, shop: Path) -> None:
        assert covey("run", "design", "--all", "--budget-tokens", "2_000_000", "--dry-run", cwd=shop).code == 0


class TestHelp:
    """Help says what each command does, in plain text."""

    def test_every_command_is_listed(self, tmp_path: Path) -> None:
        ran = program("--help", cwd=tmp_path)
        assert ran.code == 0
        assert all(f"  {name}: {entry.summary}" in " ".join(ran.out.split("\n")) for name, entry in COMMANDS.items())

    def test_what_only_programs_call_is_not(self, tmp_path: Path) -> None:
        assert HIDDEN
        listed = covey("--help", cwd=tmp_path).out
        assert all(f"  {name}: " not in listed for name in HIDDEN)
        assert all(covey(name, "--help", cwd=tmp_path).code == 0 for name in HIDDEN)

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_explains_its_options(self, tmp_path: Path, name: str) -> None:
        ran = covey(name, "--help", cwd=tmp_path)
        assert ran.code == 0
        assert f"Usage: covey {name}" in ran.out
        assert "--json: " in ran.out
        (example,) = (line for line in ran.out.splitlines() if line.startswith("Example: "))
        assert f"{example} ".startswith(f"Example: covey {name} ")
        options = [word for word in example.split() if word.startswith("-")]
        assert all(re.search(rf"^  .*{option}[ ,:]", ran.out, re.MULTILINE) for option in options)

    @pytest.mark.parametrize("columns", [50, 80])
    @pytest.mark.parametrize("name", COMMANDS)
    def test_it_is_as_wide_as_the_terminal(
        self, tmp_path: Path, name: str, columns: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        _, _, options = covey(name, "--help", cwd=tmp_path).out.partition("Parameters:\n")
        lines = options.rstrip("\n").split("\n")
        assert all(len(line) <= columns and line == line.rstrip() for line in lines)
        assert all(line.startswith(("  --", "      ")) for line in lines), "what goes on is set in"
        broken = [(line, after.split()[0]) for line, after in pairwise(lines) if not after.startswith("  --")]
        assert all(len(line) + len(word) >= columns for line, word in broken), "no line is broken before it is full"

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("demo", "[OPTIONS]"),
            ("run", "WORKFLOW [CONTEXTS...] [OPTIONS]"),
            ("skip", "SESSION [SESSIONS...] [OPTIONS]"),
            ("watch", "[RUN] [OPTIONS]"),
        ],
    )
    def test_it_begins_with_how_the_command_is_typed(self, tmp_path: Path, name: str, typed: str) -> None:
        assert covey(name, "--help", cwd=tmp_path).out.startswith(f"Usage: covey {name} {typed}\n\n")

    def test_what_there_is_to_know_beside_the_options_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        about, _, _ = covey("resume", "-h", cwd=tmp_path).out.partition("\nExample: ")
        assert (
            "\n\nOne whose budget is spent goes on with a higher one; all runs that share the\nbudget get it." in about
        )
        assert "Args:" not in about

    def test_what_an_option_takes_is_said(self, tmp_path: Path) -> None:
        text = " ".join(covey("report", "--help", cwd=tmp_path).out.split())
        assert "--format CHOICE: markdown for people (the default), junit for CI servers, json for programs. " in text
        assert "[choices: markdown, junit, json] --output, -o PATH: A file to write" in text
        assert "WORKFLOW: Which: design, test or code. [required]" in covey("run", "--help", cwd=tmp_path).out

    def test_the_directory_of_a_new_project_is_looked_for_nowhere(self, tmp_path: Path) -> None:
        assert "  --project PATH: The same as DIRECTORY.\n" in covey("init", "--help", cwd=tmp_path).out

    def test_the_version_is_told(self, tmp_path: Path) -> None:
        assert program("--version", cwd=tmp_path).out == "covey 0.1.0\n"


class TestCrash:
    """A bug of covey ends with 1 and a short message; its traceback is kept where it can be found."""

    def test_the_traceback_is_in_a_file(self, blocked: Path) -> None:
        env = environment(PYTHONPATH=str(_with_a_bug(blocked)), SOME_API_KEY=KEY)
        ran = program("status", cwd=blocked, env=env)
        assert ran.code == 1
        assert "Traceback" not in ran.err
        (log,) = (blocked / ".covey").glob("crash-*.txt")
        assert str(log) in ran.err
        text = log.read_text(encoding="utf-8")
        assert "ZeroDivisionError" in text
        assert text.count("by [credential]") == 2
        assert "by [credential]" in ran.err
        assert KEY not in text + ran.err

    def test_an_engine_that_crashed_is_told_by_the_next_one_and_by_the_doctor(self, shop: Path) -> None:
        ran = program("run", "design", "catalog", cwd=shop, env=environment(PYTHONPATH=str(_with_a_crash(shop))))
        assert ran.code == 1
        (report,) = (shop / ".covey").glob("crash-*.txt")
        assert str(report) in ran.err
        text = report.read_text(encoding="utf-8")
        assert "error: ZeroDivisionError: by none" in text
        assert "ContextComponentsDesignSessions of shop.catalog" in text
        stopped = [line for line in covey("events", cwd=shop).lines if line["event"] == "engine_stopped"]
        assert [line["reason"] for line in stopped] == ["it crashed: ZeroDivisionError"]
        said = "ZeroDivisionError: by none; report: .covey/" + report.name
        assert said in covey("doctor", cwd=shop).out
        again = covey("run", "design", "catalog", "--headless", cwd=shop)
        assert again.code == 0
        assert said in again.err
        assert said not in covey("run", "design", "catalog", "--headless", cwd=shop).err

    def test_debugging_shows_it_on_the_screen(self, blocked: Path) -> None:
        env = environment(PYTHONPATH=str(_with_a_bug(blocked)), COVEY_DEBUG="1")
        assert "ZeroDivisionError" in program("status", cwd=blocked, env=env).err


def _with_a_crash(directory: Path) -> Path:
    """A Python path on which the engine's watcher raises what nobody expects."""
    path = directory / "crashing"
    path.mkdir()
    program = "def awatch(*_, **__):\n    raise ZeroDivisionError('by none')\n"
    (path / "watchfiles.py").write_text(program, encoding="utf-8")
    return path


def _with_a_bug(directory: Path) -> Path:
    """A Python path on which a module that status needs is broken: a real process, nothing patched inside it."""
    path = directory / "broken"
    path.mkdir()
    program = "import os\nraise ZeroDivisionError('by ' + os.environ.get('SOME_API_KEY', 'none'))\n"
    (path / "aiosqlite.py").write_text(program, encoding="utf-8")
    return path


class TestFileNames:
    """A component may be called by any letters, whatever Python takes file names for."""

    @pytest.fixture
    def cafe(self, tmp_path: Path) -> Path:
        """A project with a component that ASCII has no name for."""
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop/__init__.py").touch()
        (tmp_path / "shop/café.py").write_text('"""Coffee."""\n', encoding="utf-8")
        assert covey("init", cwd=tmp_path).code == 0
        return tmp_path

    def test_ascii_does_for_every_name(self, cafe: Path) -> None:
        env = environment(**ASCII)
        assert program("init", cwd=cafe, env=env).out.splitlines()[1].startswith("left as it was")
        assert program("run", "design", "shop", "--headless", cwd=cafe, env=env).code == 0
        assert (cafe / "docs/design/shop/café.md").is_file()
        shown = program("status", cwd=cafe, env=env)
        assert (shown.code, shown.err) == (0, "")
        assert "caf?" in shown.out
        assert "missing" not in shown.out

    def test_a_name_that_cannot_be_one_is_told_with_its_line(self, cafe: Path) -> None:
        told = subprocess.run(
            [sys.executable, "-X", "utf8=0", "-m", "covey", "run", "design", "shop"],
            cwd=cafe,
            env=environment(**ASCII),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stdout) == (2, "")
        line = (cafe / "covey.toml").read_text(encoding="utf-8").splitlines().index('module = "shop.café"') + 1
        assert f'covey.toml:{line}: the design file "docs/design/shop/caf\\xe9.md"' in told.stderr
        assert "set LC_ALL=C.UTF-8" in told.stderr
