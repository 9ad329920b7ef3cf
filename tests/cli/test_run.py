"""`covey run`: exit codes, the lines it prints, and how it is interrupted."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from covey.testing.samples import mend_shop
from tests.cli.program import command, covey, end, environment, read_until, start

SLOW = '\n[agents.slow]\nkind = "command"\ncommand = ["sh", "-c", "sleep 60"]\n'


def design(root: Path, module: str) -> Path:
    return root / f"docs/design/shop/{module}.md"


@contextmanager
def running(*arguments: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """The program at work; killed at the end of the block if it still is."""
    process = start(*arguments, cwd=root)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class TestExitCodes:
    """Each way in which a run is left has its own code."""

    def test_complete(self, shop: Path) -> None:
        ran = covey("run", "design", "catalog", "--headless", "--json", cwd=shop)
        assert ran.code == 0
        assert design(shop, "catalog/product").read_text(encoding="utf-8").startswith("# ")

    def test_needs_a_human(self, shop: Path) -> None:
        assert covey("run", "design", "billing", "--json", cwd=shop).code == 6

    def test_nothing_to_do(self, shop: Path) -> None:
        assert covey("run", "design", "catalog", cwd=shop).code == 0
        ran = covey("run", "design", "catalog", "--json", cwd=shop)
        assert ran.code == 4
        assert ran.object["event"] == "run_left"
        assert ran.object["exit_code"] == 4
        assert ran.object["reason"]

    def test_some_skipped(self, blocked: Path) -> None:
        tax = covey("status", "--json", cwd=blocked).object["sessions"][-1]["session_id"]
        assert covey("skip", tax, "--reason", "later", cwd=blocked).code == 0
        ran = covey("run", "design", "billing", "--json", cwd=blocked)
        assert ran.code == 3
        assert ran.lines[-1]["event"] == "run_finished"
        assert ran.lines[-1]["exit_code"] == 3

    def test_cancelled_root(self, blocked: Path) -> None:
        root = covey("status", "--json", cwd=blocked).object["run_id"]
        assert covey("cancel", root, cwd=blocked).code == 0
        ran = covey("run", "design", "billing", "--json", cwd=blocked)
        assert ran.code in {1, 6}  # the cancelled run ends, and is not silently begun anew within the same call
        assert "run_finished" in {line["event"] for line in covey("events", cwd=blocked).lines}

    def test_of_several_contexts_the_worst(self, shop: Path) -> None:
        ran = covey("run", "design", "--all", "--json", cwd=shop)
        assert ran.code == 6
        finished = [line["component"] for line in ran.lines if line["event"] == "run_finished"]
        assert finished == ["shop.catalog"]
        assert ran.lines[-1]["event"] == "run_left"

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["desing", "billing"], "design"),
            (["design"], "--all"),
            (["design", "billing", "--all"], "not both"),
            (["design", "biling"], "shop.billing"),
            (["design", "billing", "--max-sessions", "0"], "--max-sessions"),
            (["design", "billing", "--agent", "nobody"], "nobody"),
            (["design", "billing", "--agent", "anthropic"], "nothing was started"),
        ],
    )
    def test_refused(self, shop: Path, arguments: list[str], said: str) -> None:
        ran = covey("run", *arguments, "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
        assert covey("status", "--json", cwd=shop).object["run_id"] is None
        assert not (shop / ".covey").exists()

    def test_a_context_without_components_is_refused(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write('\n[[context]]\nname = "Empty"\nmodule = "shop.empty"\n')
        ran = covey("run", "design", "Empty", "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert "Empty" in ran.err

    def test_overwrite_is_refused_on_an_unfinished_run(self, blocked: Path) -> None:
        ran = covey("run", "design", "billing", "--overwrite", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")

    def test_of_a_run_that_was_handed_to_the_engine_at_work(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", root=shop) as first:
            read_until(first, "session_blocked")
            ran = covey("run", "design", "catalog", "--json", cwd=shop)
            assert (ran.code, ran.lines[-1]["event"]) == (0, "run_finished")
            assert covey("status", "--json", cwd=shop).object["engine"]["pid"] == first.pid


class TestLines:
    """What `--json` prints: one object a line, from the run's own start to its end, and nothing else."""

    def test_begins_with_the_run_and_ends_with_its_end(self, shop: Path) -> None:
        ran = covey("run", "design", "catalog", "--json", cwd=shop)
        assert ran.err == ""
        assert ran.lines[0]["event"] == "run_started"
        assert ran.lines[0]["context"] == "shop.catalog"
        last = ran.lines[-1]
        assert (last["event"], last["exit_code"]) == ("run_finished", 0)
        assert last["counts"] == {"active": 0, "complete": 4, "failed": 0, "cancelled": 0, "skipped": 0}

    def test_is_the_log(self, shop: Path) -> None:
        printed = covey("run", "design", "catalog", "--json", cwd=shop).lines
        log = covey("events", cwd=shop).lines
        assert printed == [line for line in log if printed[0]["seq"] <= line["seq"] <= printed[-1]["seq"]]

    def test_who_leaves_earlier_says_so_in_the_last_line(self, shop: Path) -> None:
        last = covey("run", "design", "billing", "--json", cwd=shop).lines[-1]
        assert list(last) == ["event", "exit_code", "counts", "reason"]
        assert (last["event"], last["exit_code"]) == ("run_left", 6)
        assert last["counts"] == {"active": 0, "complete": 4, "failed": 1, "cancelled": 0, "skipped": 0}
        assert last["reason"].startswith("shop.billing: Child sessions failed: tax")

    def test_an_adopted_run_says_so(self, blocked: Path) -> None:
        run_id = covey("status", "--json", cwd=blocked).object["run_id"]
        lines = covey("run", "design", "billing", "--json", cwd=blocked).lines
        (adopted,) = [line for line in lines if line["event"] == "run_adopted"]
        assert (adopted["run_id"], adopted["workflow"], adopted["context"]) == (run_id, "design", "shop.billing")
        assert "run_started" not in {line["event"] for line in lines}

    def test_a_request_that_waited_is_told_with_the_adoption(self, blocked: Path) -> None:
        tax = covey("status", "--json", cwd=blocked).object["sessions"][-1]["session_id"]
        covey("retry", tax, "--note", "mended", cwd=blocked)
        mend_shop(blocked)
        lines = covey("run", "design", "billing", "--json", cwd=blocked).lines
        (retried,) = [line for line in lines if line["event"] == "session_retried"]
        assert (retried["note"], retried["attempt"]) == ("mended", 2)

    def test_people_get_a_line_a_change_and_what_to_do(self, shop: Path) -> None:
        ran = covey("run", "design", "billing", cwd=shop)
        run = covey("status", "--json", cwd=shop).object
        lines = ran.out.splitlines()
        assert lines[0].startswith("● shop.billing")
        assert any(line.startswith("✗ tax") and "failed: agent:" in line for line in lines)
        assert any(line.startswith("✓ money") and line.endswith("complete") for line in lines)
        tax = run["sessions"][-1]["session_id"][:8]
        assert f"  covey retry {tax} --note '...'" in ran.out
        assert f"  covey skip {tax} --reason '...'" in ran.out
        assert "interaction" not in ran.out

    def test_a_file_that_vanishes_and_comes_back_lets_the_run_go_on(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", root=shop) as process:
            read_until(process, "session_blocked")
            text = design(shop, "billing/money").read_text(encoding="utf-8")
            design(shop, "billing/money").unlink()
            (missing,) = [
                line for line in read_until(process, "artifact_missing") if line["event"] == "artifact_missing"
            ]
            assert (missing["component"], missing["path"]) == ("money", "docs/design/shop/billing/money.md")
            design(shop, "billing/money").write_text(text, encoding="utf-8")
            read_until(process, "artifact_found", component="money")


class TestDryRun:
    """`--dry-run` says what would be run, and leaves no trace."""

    def test_of_nothing_run_yet(self, shop: Path) -> None:
        ran = covey("run", "design", "--all", "--dry-run", "--json", cwd=shop)
        assert ran.code == 0
        assert ran.lines == [
            {
                "context": "shop.billing",
                "run_id": None,
                "how": "started",
                "components": 5,
                "reviews": 1,
                "estimate": None,
            },
            {
                "context": "shop.catalog",
                "run_id": None,
                "how": "started",
                "components": 3,
                "reviews": 1,
                "estimate": None,
            },
        ]
        assert not (shop / ".covey").exists()

    def test_of_an_unfinished_run(self, blocked: Path) -> None:
        run_id = covey("status", "--json", cwd=blocked).object["run_id"]
        ran = covey("run", "design", "billing", "--dry-run", "--json", cwd=blocked)
        assert [(line["run_id"], line["how"], line["components"]) for line in ran.lines] == [(run_id, "adopted", 1)]

    def test_what_would_be_refused_is_told(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write('\n[agents.gone]\nkind = "command"\ncommand = ["nosuch-program"]\n')
        ran = covey("run", "design", "catalog", "--agent", "gone", "--dry-run", cwd=shop)
        foretold = "shop.catalog: a new run would start; 3 components to work on, no estimate yet\n"
        assert (ran.code, ran.out) == (0, foretold)
        assert ran.err.startswith("covey: as things stand, this would be refused:\n  agent gone: ")
        assert not (shop / ".covey").exists()


class TestInterruption:
    """Ctrl+C and SIGTERM at any time: exit code 130, and the run can be adopted."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_at_work(self, shop: Path, number: signal.Signals) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(SLOW)
        with running("run", "design", "catalog", "--agent", "slow", "--json", root=shop) as process:
            run_id = _at_work(read_until(process, "command_issued", step="GenerateComponentDesign"))
            process.send_signal(number)
            ran = end(process)
        assert ran.code == 130
        assert ran.lines[-1]["event"] == "run_left"
        assert ran.lines[-1]["exit_code"] == 130
        assert number.name in ran.lines[-1]["reason"]
        assert "covey run design shop.catalog" in ran.err
        found = covey("status", "--json", cwd=shop).object
        assert (found["run_id"], found["status"]) == (run_id, "active")
        assert found["needs_human"]["interrupted"]

    def test_the_next_run_goes_on_with_the_same_sessions(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(SLOW)
        with running("run", "design", "catalog", "--agent", "slow", "--json", root=shop) as process:
            run_id = _at_work(read_until(process, "command_issued", step="GenerateComponentDesign"))
            process.send_signal(signal.SIGINT)
            assert end(process).code == 130
        before = {session["session_id"] for session in covey("status", "--json", cwd=shop).object["sessions"]}
        ran = covey("run", "design", "catalog", "--agent", "offline", "--json", cwd=shop)
        assert ran.code in {0, 6}
        found = covey("status", run_id, "--json", cwd=shop).object
        new = [session["component"] for session in found["sessions"] if session["session_id"] not in before]
        assert new == ["Review of shop.catalog"]
        assert len(found["sessions"]) == len(before) + 1

    def test_while_it_waits_for_a_human(self, shop: Path) -> None:
        with running("run", "design", "billing", "--stay", "--json", root=shop) as process:
            read_until(process, "session_blocked")
            process.send_signal(signal.SIGINT)
            assert end(process).code == 130
        assert covey("status", "--json", cwd=shop).object["status"] == "active"

    def test_a_reader_that_goes_away_does_not_end_the_run(self, shop: Path) -> None:
        with subprocess.Popen(
            command("run", "design", "catalog"),
            cwd=shop,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 0
        assert design(shop, "catalog/search").exists()


def _at_work(lines: list[dict[str, Any]]) -> str:
    return str(lines[0]["run_id"])
