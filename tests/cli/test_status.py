"""`covey status` and `covey show`, on a run that needs a human and on none."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import covey

TAX_FAILED = "src/shop/billing/tax.py:26"
KEYS = [
    "run_id",
    "project_root",
    "workflow",
    "context",
    "status",
    "phase",
    "error_message",
    "engine",
    "counts",
    "usage",
    "cost_usd",
    "budget",
    "today",
    "needs_human",
    "sessions",
]


def status(root: Path, *arguments: str) -> dict[str, Any]:
    ran = covey("status", "--json", *arguments, cwd=root)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = ran.object
    return found


class TestStatusJson:
    """The shape that programs rely on, to the letter."""

    def test_has_exactly_these_keys_in_this_order(self, blocked: Path) -> None:
        found = status(blocked)
        assert list(found) == KEYS
        assert list(found["counts"]) == ["active", "complete", "failed", "cancelled", "skipped"]
        assert list(found["engine"]) == ["alive", "pid", "since"]
        needs = ["failed", "cancelled", "missing_files", "not_created", "stalled", "questions", "interrupted", "paused"]
        assert list(found["needs_human"]) == needs

    def test_tells_about_the_run(self, blocked: Path) -> None:
        found = status(blocked)
        assert found["project_root"] == str(blocked)
        assert (found["workflow"], found["context"]) == ("design", "shop.billing")
        assert (found["status"], found["phase"]) == ("active", "blocked")
        assert found["error_message"].startswith("Child sessions failed: tax (reason: ")
        assert found["engine"] == {"alive": False, "pid": None, "since": None}

    def test_counts_leave_the_root_out(self, blocked: Path) -> None:
        counts = status(blocked)["counts"]
        assert counts == {"active": 0, "complete": 4, "failed": 1, "cancelled": 0, "skipped": 0}

    def test_sessions_begin_with_the_root_and_keep_spawn_order(self, blocked: Path) -> None:
        found = status(blocked)
        sessions = found["sessions"]
        names = ["shop.billing", "invoice", "money", "payment", "reminder", "tax"]
        assert [session["component"] for session in sessions] == names
        assert sessions[0]["session_id"] == found["run_id"]
        assert {session["parent_id"] for session in sessions[1:]} == {found["run_id"]}

    def test_a_session_has_exactly_these_facts(self, blocked: Path) -> None:
        tax = status(blocked)["sessions"][-1]
        assert TAX_FAILED in tax.pop("error_message")
        assert tax.pop("session_id")
        assert tax.pop("parent_id")
        assert tax.pop("known_at").endswith("Z")
        assert tax == {
            "type": "ComponentDesignSessions",
            "component": "tax",
            "module": "shop.billing.tax",
            "status": "failed",
            "phase": None,
            "attempt": 1,
            "cause": "agent_error",
            "skip_reason": None,
            "usage": {},
            "cost_usd": None,
            "artifact": {"path": "docs/design/shop/billing/tax.md", "present": False},
            "known_by": "log",
            "last_sign_at": None,
        }

    def test_a_parent_has_no_artifact(self, blocked: Path) -> None:
        assert status(blocked)["sessions"][0]["artifact"] is None

    def test_who_needs_a_human_is_named_with_the_reason(self, blocked: Path) -> None:
        found = status(blocked)
        (failed,) = found["needs_human"]["failed"]
        assert list(failed) == ["session_id", "component", "module", "reason", "cause"]
        assert failed["session_id"] == found["sessions"][-1]["session_id"]
        assert (failed["component"], failed["module"], failed["cause"]) == ("tax", "shop.billing.tax", "agent_error")
        assert TAX_FAILED in failed["reason"]

    def test_a_file_that_is_gone_is_seen_at_the_call(self, blocked: Path) -> None:
        path = "docs/design/shop/billing/money.md"
        (blocked / path).unlink()
        found = status(blocked)
        (missing,) = found["needs_human"]["missing_files"]
        assert list(missing) == ["session_id", "component", "module", "path"]
        assert (missing["component"], missing["path"]) == ("money", path)
        assert found["sessions"][2]["artifact"] == {"path": path, "present": False}

    def test_a_blank_file_is_missing(self, blocked: Path) -> None:
        (blocked / "docs/design/shop/billing/money.md").write_text(" \n", encoding="utf-8")
        (missing,) = status(blocked)["needs_human"]["missing_files"]
        assert missing["component"] == "money"

    def test_nothing_run_yet_is_an_object_too(self, shop: Path) -> None:
        found = status(shop)
        assert (found["run_id"], found["status"], found["sessions"]) == (None, None, [])
        assert list(found) == KEYS
        assert sum(found["counts"].values()) == 0

    def test_what_was_spent_is_told_even_if_it_is_nothing(self, blocked: Path, shop: Path) -> None:
        nothing = {"usage": {}, "cost_usd": None, "budget": None, "today": {"tokens": 0, "cost_usd": None}}
        for root in (blocked, shop):
            found = status(root)
            assert {key: found[key] for key in nothing} == nothing

    def test_all_unfinished_runs_are_shown(self, blocked: Path) -> None:
        assert covey("run", "design", "catalog", cwd=blocked).code == 0
        (blocked / "src/shop/catalog/search.py").write_text("def (", encoding="utf-8")
        (blocked / "docs/design/shop/catalog/search.md").unlink()
        assert covey("run", "design", "catalog", cwd=blocked).code == 6
        ran = covey("status", "--json", cwd=blocked)
        assert [run["context"] for run in ran.lines] == ["shop.billing", "shop.catalog"]
        assert all(run["phase"] == "blocked" for run in ran.lines)


class TestStatusForPeople:
    """The tree once, what needs a human, and the very commands to type."""

    def test_shows_each_session_with_its_sign(self, blocked: Path) -> None:
        lines = covey("status", cwd=blocked).out.splitlines()
        assert lines[0].startswith("◆ shop.billing  design ")
        assert "needs you   4 of 5 complete, 1 failed" in lines[0]
        assert [line.split()[0] for line in lines[1:6]] == ["✓", "✓", "✓", "✓", "✗"]

    def test_names_commands_that_work(self, blocked: Path) -> None:
        out = covey("status", cwd=blocked).out
        (retry,) = [line.split("  ")[1] for line in out.splitlines() if "covey retry" in line and "--note" in line]
        assert covey(*retry.replace("'", "").split()[1:], cwd=blocked).code == 0

    def test_below_a_cancelled_root_it_names_the_run_and_no_command_that_is_refused(self, blocked: Path) -> None:
        run = status(blocked)["run_id"]
        covey("retry", "--failed", cwd=blocked)
        covey("cancel", run, "--start", cwd=blocked)
        assert covey("wait", run, cwd=blocked).code == 1
        out = covey("status", run, cwd=blocked).out
        commands = [line.split("  ")[1] for line in out.splitlines() if line.startswith("  covey ")]
        assert [each.split()[1] for each in commands] == ["logs", "retry", "run"]
        assert covey(*commands[1].split()[1:], "--dry-run", cwd=blocked).code == 0

    def test_of_a_run_that_is_complete_a_lost_file_takes_a_new_one(self, shop: Path) -> None:
        assert covey("run", "design", "catalog", "--headless", cwd=shop).code == 0
        (shop / "docs/design/shop/catalog/search.md").unlink()
        out = covey("status", cwd=shop).out
        assert "put the file back" in out
        assert "covey run design shop.catalog" in out
        assert "covey retry" not in out, "which would be refused"

    def test_where_all_were_skipped_it_says_so_and_what_helps(self, shop: Path) -> None:
        for module in (shop / "src/shop/catalog").glob("[!_]*.py"):
            module.write_text("(", encoding="utf-8")
        assert covey("run", "design", "catalog", "--headless", cwd=shop).code == 6
        failed = [each["session_id"] for each in status(shop)["needs_human"]["failed"]]
        covey("skip", *failed, "--reason", "not now", cwd=shop)
        assert covey("run", "design", "catalog", "--headless", cwd=shop).code == 6
        out = covey("status", cwd=shop).out
        assert "All child sessions were skipped" in out
        assert f"covey retry {failed[0][:8]}" in out

    def test_from_elsewhere_it_says_where_they_are_typed(self, blocked: Path) -> None:
        assert "What you can do:\n" in covey("status", cwd=blocked).out
        assert f"What you can do, in {blocked}:\n" in covey("status", "--project", str(blocked), cwd=blocked.parent).out

    def test_what_is_inferred_says_so(self, blocked: Path) -> None:
        (blocked / "docs/design/shop/billing/money.md").unlink()
        out = covey("status", cwd=blocked).out
        assert "file missing?  docs/design/shop/billing/money.md" in out

    def test_nothing_run_yet_says_how_to_begin(self, shop: Path) -> None:
        ran = covey("status", cwd=shop)
        assert ran.code == 0
        assert "covey run design" in ran.out


class TestFinding:
    """Runs and sessions are named by any unambiguous beginning of their ids."""

    def test_a_run_by_its_beginning(self, blocked: Path) -> None:
        run_id = status(blocked)["run_id"]
        assert status(blocked, run_id[:6])["run_id"] == run_id

    def test_an_unknown_run_is_an_error(self, blocked: Path) -> None:
        ran = covey("status", "ffffffffffff", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "no run's id begins with" in ran.err

    def test_a_session_is_no_run(self, blocked: Path) -> None:
        session = status(blocked)["sessions"][1]["session_id"]
        ran = covey("status", session, cwd=blocked)
        assert ran.code == 2
        assert f"{status(blocked)['run_id'][:8]} is its run" in ran.err

    @pytest.mark.parametrize("verb", ["show", "logs", "retry", "cancel"])
    def test_an_unknown_session_is_an_error(self, blocked: Path, verb: str) -> None:
        ran = covey(verb, "ffffffffffff", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "no session's id begins with" in ran.err

    def test_an_ambiguous_beginning_names_the_candidates(self, blocked: Path) -> None:
        for _ in range(3):  # 6 sessions, and 4 in each run: of 18 ids, two share their first digit
            assert covey("run", "design", "catalog", "--overwrite", cwd=blocked).code == 0
        ids = sorted({line["session_id"] for line in covey("events", cwd=blocked).lines if line["session_id"]})
        begin = next(key[0] for key, following in pairwise(ids) if key[0] == following[0])
        ran = covey("show", begin, cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert sum(key in ran.err for key in ids if key.startswith(begin)) > 1


class TestShow:
    """One session with all its interactions."""

    def test_json_has_the_session_and_every_step(self, blocked: Path) -> None:
        tax = status(blocked)["sessions"][-1]
        shown = covey("show", tax["session_id"], "--json", cwd=blocked).object
        interactions = shown.pop("interactions")
        assert shown == tax
        keys = ["id", "attempt", "step", "command", "result", "inserted_at", "completed_at"]
        assert all(list(interaction) == keys for interaction in interactions)
        assert [each["step"] for each in interactions] == ["Initialize", "GenerateComponentDesign"]
        assert interactions[-1]["command"]["command"] == "agent"
        assert interactions[-1]["result"]["status"] == "error"
        assert interactions[-1]["completed_at"].endswith("Z")

    def test_people_read_the_problem_and_the_steps(self, blocked: Path) -> None:
        tax = status(blocked)["sessions"][-1]["session_id"]
        out = covey("show", tax[:8], cwd=blocked).out
        assert f"session    {tax}" in out
        assert "status     failed" in out
        assert "docs/design/shop/billing/tax.md (not there)" in out
        assert "generate design" in out
