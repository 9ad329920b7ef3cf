"""`covey pause`, `covey resume`, `covey slots` and `covey retry --force`: with a living engine and without one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Ran, covey, end, read_until, start

KEYS = ["session_id", "action", "state", "changed", "reason"]
SAFE = "nothing is at work: it is safe to stop"


def status(root: Path) -> Any:
    return covey("status", "--json", cwd=root).object


def answer(ran: Ran) -> tuple[int, str, bool | None]:
    """Exit code, state and whether it changed something; the shape is checked on the way."""
    assert ran.err == ""
    assert list(ran.object)[:5] == KEYS
    return ran.code, ran.object["state"], ran.object["changed"]


class TestWithoutEngine:
    """Pause, resume and slots are kept for the next engine."""

    def test_a_pause_is_kept_and_the_next_run_stays_paused(self, blocked: Path) -> None:
        run = status(blocked)["run_id"]
        ran = covey("pause", "--json", cwd=blocked)
        assert answer(ran) == (0, "queued", None)
        assert (ran.object["session_id"], ran.object["action"]) == (run, "pause")
        covey("retry", "--failed", cwd=blocked)
        ran = covey("run", "design", "billing", "--json", cwd=blocked)
        assert ran.code == 6
        assert "paused by" in ran.lines[-1]["reason"]
        assert "covey resume goes on" in ran.lines[-1]["reason"]
        assert [line["mode"] for line in ran.lines if line["event"] == "run_paused"] == ["soft"]
        found = status(blocked)
        assert found["phase"] == "paused"
        (paused,) = found["needs_human"]["paused"]
        assert list(paused) == ["kind", "name", "cause", "since", "resets_at"]
        assert (paused["kind"], paused["name"], paused["resets_at"]) == ("human", "shop.billing", None)
        assert {each["phase"] for each in found["sessions"] if each["component"] == "tax"} == {"paused"}

    def test_people_are_told_why_and_what_helps(self, blocked: Path) -> None:
        run = status(blocked)["run_id"][:8]
        covey("pause", "--hard", cwd=blocked)
        covey("retry", "--failed", cwd=blocked)
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        asked = covey("cancel", run, cwd=blocked).out
        assert f"but its run is paused; covey resume {run} --start goes on" in asked
        said = covey("status", cwd=blocked).out
        assert "paused by" in said
        assert SAFE in said
        assert f"covey resume {run} --start" in said
        assert "covey run design" not in said, "which would go on with nothing"

    def test_of_several_runs_only_the_paused_one_waits_for_its_resume(self, blocked: Path) -> None:
        (blocked / "src/shop/catalog/product.py").write_text("(", encoding="utf-8")
        covey("pause", cwd=blocked)
        assert covey("run", "design", "--all", cwd=blocked).code == 6
        failed = [each for run in covey("status", "--json", cwd=blocked).lines for each in run["needs_human"]["failed"]]
        tax, product = sorted((each["component"], each["session_id"]) for each in failed)[::-1]
        answers = covey("retry", product[1], tax[1], "--note", "again", "--json", cwd=blocked).lines
        assert [", but its run is paused; " in answer["reason"] for answer in answers] == [False, True]

    def test_a_resume_lets_the_next_run_go_on(self, blocked: Path) -> None:
        covey("pause", cwd=blocked)
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        assert answer(covey("pause", "--json", cwd=blocked)) == (0, "settled", False)
        assert answer(covey("resume", "--json", cwd=blocked)) == (0, "queued", None)
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        found = status(blocked)
        assert (found["phase"], found["needs_human"]["paused"]) == ("blocked", [])

    def test_a_resume_takes_back_a_pause_that_still_waits(self, blocked: Path) -> None:
        covey("pause", cwd=blocked)
        assert answer(covey("resume", "--json", cwd=blocked)) == (0, "queued", None)
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        assert status(blocked)["phase"] == "blocked"

    def test_resume_of_what_is_not_paused_changes_nothing(self, blocked: Path) -> None:
        assert answer(covey("resume", "--json", cwd=blocked)) == (0, "settled", False)

    def test_a_run_that_has_ended_cannot_be_paused(self, shop: Path) -> None:
        assert covey("run", "design", "catalog", cwd=shop).code == 0
        ran = covey("pause", "--json", cwd=shop)
        assert answer(ran) == (1, "refused", False)
        assert ran.object["reason"] == "cannot pause: the run is complete"

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_an_unknown_run(self, shop: Path, verb: str) -> None:
        ran = covey(verb, "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert "nothing has been run here yet" in ran.err

    def test_slots(self, blocked: Path) -> None:
        assert "max_sessions of covey.toml" in covey("slots", cwd=blocked).out
        ran = covey("slots", "4", "--json", cwd=blocked)
        assert answer(ran) == (0, "queued", None)
        assert ran.object["reason"] == "no engine is at work; the next covey run takes it"
        assert covey("slots", "3", cwd=blocked).out == "asked for: no engine is at work; the next covey run takes it\n"
        assert covey("slots", cwd=blocked).out == "no engine is at work; 3 are asked for of the next one\n"
        lines = covey("run", "design", "billing", "--json", cwd=blocked).lines
        assert [line["slots"] for line in lines if line["event"] == "slots_changed"] == []
        changed = [line for line in covey("events", cwd=blocked).lines if line["event"] == "slots_changed"]
        assert [line["slots"] for line in changed] == [4, 3]
        assert changed[-1]["seq"] < lines[0]["seq"], "before anything begins"

    def test_slots_of_the_next_run_are_the_last_word(self, blocked: Path) -> None:
        covey("slots", "4", cwd=blocked)
        covey("run", "design", "billing", "--max-sessions", "2", cwd=blocked)
        changed = [line for line in covey("events", cwd=blocked).lines if line["event"] == "slots_changed"]
        assert [line["slots"] for line in changed] == [4, 2]

    def test_slots_where_nothing_was_ever_run(self, shop: Path) -> None:
        assert covey("slots", cwd=shop).code == 0
        ran = covey("slots", "0", cwd=shop)
        assert ran.code == 2
        assert "a number from 1" in ran.err


class TestForce:
    """The same retry that failed twice the same way is refused, with what to do about it."""

    def test_the_third_is_refused_and_can_be_forced(self, blocked: Path) -> None:
        def again(*options: str) -> Ran:
            return covey("retry", "--failed", "--json", *options, cwd=blocked)

        for _ in range(2):
            assert answer(again()) == (0, "queued", None)
            assert covey("run", "design", "billing", cwd=blocked).code == 6
        refused = again()
        assert answer(refused) == (1, "refused", False)
        assert refused.object["reason"] == (
            "the same retry failed twice the same way; change something (note, agent) or --force"
        )
        assert answer(again("--dry-run", "--note", "another"))[1] == "queued"
        assert answer(again("--force")) == (0, "queued", None)


class TestWithEngine:
    """A living engine decides within the moment."""

    @pytest.fixture
    def living(self, blocked: Path) -> Iterator[Path]:
        process = start("run", "design", "billing", "--stay", "--json", cwd=blocked)
        try:
            read_until(process, "session_blocked")
            yield blocked
        finally:
            process.kill()
            end(process)

    def test_pause_says_when_it_is_safe_to_stop_and_resume_goes_on(self, living: Path) -> None:
        ran = covey("pause", "--json", cwd=living)
        assert answer(ran) == (0, "settled", True)
        assert ran.object["reason"] == SAFE
        again = covey("pause", cwd=living)
        assert "nothing to do: it is paused already" in again.out
        assert SAFE in again.out
        assert covey("wait", cwd=living).code == 6
        covey("retry", "--failed", cwd=living)
        assert covey("wait", cwd=living).code == 6, "what was asked for waits for the end of the pause"
        assert answer(covey("resume", "--json", cwd=living)) == (0, "settled", True)
        assert status(living)["needs_human"]["paused"] == []

    def test_slots(self, living: Path) -> None:
        assert covey("slots", "--json", cwd=living).object["slots"] == 8
        ran = covey("slots", "3", "--json", cwd=living)
        assert answer(ran) == (0, "settled", True)
        assert ran.object["slots"] == 3
        assert answer(covey("slots", "3", "--json", cwd=living)) == (0, "settled", False)
        assert covey("slots", cwd=living).out == "3 slots\n"
        changed = [line for line in covey("events", cwd=living).lines if line["event"] == "slots_changed"]
        assert [(line["slots"], line["run_id"], line["session_id"]) for line in changed] == [(3, None, None)]

    def test_whoever_goes_on_with_a_paused_run_is_told(self, living: Path) -> None:
        run = covey("pause", "--json", cwd=living).object["session_id"]
        ran = covey("run", "design", "billing", "--detach", cwd=living)
        assert (ran.code, ran.out.strip()) == (0, run)
        assert "shop.billing is paused by" in ran.err
        assert f"go on with: covey resume {run[:8]}" in ran.err
        stopped = covey("stop", cwd=living).out
        assert stopped == f"stop run {run[:8]} done; covey resume {run[:8]} --start goes on with it\n"
