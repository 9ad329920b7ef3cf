"""`covey retry`, `covey skip`, `covey cancel`: with a living engine and without one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covey.testing.samples import mend_shop
from tests.cli.program import Ran, covey, end, read_until, start

KEYS = ["session_id", "action", "state", "changed", "reason"]


def session(root: Path, component: str) -> dict[str, Any]:
    sessions = covey("status", "--json", cwd=root).object["sessions"]
    (found,) = [each for each in sessions if each["component"] == component]
    assert isinstance(found, dict)
    return found


def answer(ran: Ran) -> tuple[int, str, bool | None]:
    """Exit code, state and whether it changed something; the shape is checked on the way."""
    assert ran.err == ""
    assert list(ran.object) == KEYS
    return ran.code, ran.object["state"], ran.object["changed"]


class TestWithoutEngine:
    """What the stored state rules out is refused at once; the rest is kept for the next engine."""

    def test_a_retry_is_kept(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        ran = covey("retry", tax, "--json", cwd=blocked)
        assert answer(ran) == (0, "queued", None)
        assert (ran.object["session_id"], ran.object["action"]) == (tax, "retry")
        assert "no engine" in ran.object["reason"]

    def test_the_next_engine_takes_it(self, blocked: Path) -> None:
        mend_shop(blocked)
        covey("retry", session(blocked, "tax")["session_id"], "--note", "mended", cwd=blocked)
        assert covey("run", "design", "billing", cwd=blocked).code == 0
        assert session(blocked, "tax")["attempt"] == 2

    def test_a_retry_of_what_is_in_order_is_refused(self, blocked: Path) -> None:
        ran = covey("retry", session(blocked, "money")["session_id"], "--json", cwd=blocked)
        assert answer(ran) == (1, "refused", False)
        assert "complete" in ran.object["reason"]

    def test_a_refusal_leaves_no_event(self, blocked: Path) -> None:
        before = covey("events", cwd=blocked).out
        covey("retry", session(blocked, "money")["session_id"], cwd=blocked)
        assert covey("events", cwd=blocked).out == before

    def test_a_retry_of_a_file_that_only_the_disk_misses_is_kept(self, blocked: Path) -> None:
        (blocked / "docs/design/shop/billing/money.md").unlink()
        money = session(blocked, "money")["session_id"]
        assert answer(covey("retry", money, "--json", cwd=blocked)) == (0, "queued", None)

    def test_a_root_is_never_skipped(self, blocked: Path) -> None:
        root = session(blocked, "shop.billing")["session_id"]
        assert answer(covey("skip", root, "--reason", "no", "--json", cwd=blocked)) == (1, "refused", False)

    def test_a_cancel_of_what_has_ended_is_refused(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        assert answer(covey("cancel", tax, "--json", cwd=blocked)) == (1, "refused", False)

    def test_already_as_wished_is_settled(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        covey("skip", tax, "--reason", "later", cwd=blocked)
        assert covey("run", "design", "billing", cwd=blocked).code == 3
        assert answer(covey("skip", tax, "--reason", "later", "--json", cwd=blocked)) == (0, "settled", False)

    def test_one_line_for_each_session(self, blocked: Path) -> None:
        ids = [session(blocked, name)["session_id"] for name in ("tax", "money")]
        ran = covey("retry", *ids, ids[0], "--json", cwd=blocked)
        assert ran.code == 1
        assert [(line["session_id"], line["state"]) for line in ran.lines] == [(ids[0], "queued"), (ids[1], "refused")]

    def test_nothing_is_asked_when_one_is_unknown(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        ran = covey("retry", tax, "ffffffffffff", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        assert session(blocked, "tax")["attempt"] == 1

    def test_an_agent_that_does_not_exist_is_an_error(self, blocked: Path) -> None:
        ran = covey("retry", session(blocked, "tax")["session_id"], "--agent", "nobody", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "nobody" in ran.err

    def test_a_dry_run_asks_for_nothing(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        assert answer(covey("retry", tax, "--dry-run", "--json", cwd=blocked)) == (0, "queued", None)
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        assert session(blocked, "tax")["attempt"] == 1

    def test_people_are_told_in_a_sentence(self, blocked: Path) -> None:
        tax = session(blocked, "tax")["session_id"]
        assert covey("retry", tax, cwd=blocked).out.startswith(f"retry tax ({tax[:8]}) asked for: no engine is at work")


class TestFailed:
    """`retry --failed` takes what failed or lost its file, and never what somebody cancelled."""

    def test_takes_failed_and_missing(self, blocked: Path) -> None:
        (blocked / "docs/design/shop/billing/money.md").unlink()
        ran = covey("retry", "--failed", "--json", cwd=blocked)
        assert ran.code == 0
        wanted = {session(blocked, name)["session_id"] for name in ("tax", "money")}
        assert {line["session_id"] for line in ran.lines} == wanted

    def test_of_a_run_that_is_named(self, blocked: Path) -> None:
        run_id = session(blocked, "shop.billing")["session_id"]
        assert covey("run", "design", "catalog", cwd=blocked).code == 0
        (line,) = covey("retry", "--failed", run_id[:8], "--json", cwd=blocked).lines
        assert line["session_id"] == session(blocked, "tax")["session_id"]

    def test_nothing_failed_is_no_error(self, shop: Path) -> None:
        assert covey("run", "design", "catalog", cwd=shop).code == 0
        ran = covey("retry", "--failed", "--json", cwd=shop)
        assert (ran.code, ran.out) == (0, "")


class TestWithEngine:
    """A living engine decides within the moment, and the command says what it decided."""

    @pytest.fixture
    def living(self, blocked: Path) -> Iterator[Path]:
        process = start("run", "design", "billing", "--stay", "--json", cwd=blocked)
        try:
            read_until(process, "session_blocked")
            yield blocked
        finally:
            process.kill()
            end(process)

    def test_status_names_the_engine(self, living: Path) -> None:
        engine = covey("status", "--json", cwd=living).object["engine"]
        assert engine["alive"] is True
        assert isinstance(engine["pid"], int)
        assert engine["since"].endswith("Z")

    def test_a_retry_is_settled(self, living: Path) -> None:
        tax = session(living, "tax")["session_id"]
        assert answer(covey("retry", tax, "--json", cwd=living)) == (0, "settled", True)
        assert session(living, "tax")["attempt"] == 2

    def test_a_skip_lets_the_run_end(self, living: Path) -> None:
        tax = session(living, "tax")["session_id"]
        ran = covey("skip", tax, "--reason", "later", "--json", cwd=living)
        assert answer(ran) == (0, "settled", True)
        found = session(living, "tax")
        assert (found["status"], found["skip_reason"]) == ("skipped", "later")
        assert _finished(living)["exit_code"] == 3

    def test_a_refusal_says_why(self, living: Path) -> None:
        ran = covey("retry", session(living, "money")["session_id"], "--json", cwd=living)
        assert answer(ran) == (1, "refused", False)
        assert "complete" in ran.object["reason"]

    def test_nobody_has_to_wait(self, living: Path) -> None:
        tax = session(living, "tax")["session_id"]
        assert answer(covey("retry", tax, "--no-wait", "--json", cwd=living))[0] == 0

    def test_a_cancelled_root_ends_the_run(self, living: Path) -> None:
        root = session(living, "shop.billing")["session_id"]
        assert answer(covey("cancel", root, "--now", "--json", cwd=living)) == (0, "settled", True)
        assert session(living, "shop.billing")["status"] == "cancelled"


def _finished(root: Path) -> dict[str, Any]:
    """The end of the run, as soon as it is in the log."""
    follower = start("events", "-f", cwd=root)
    try:
        return read_until(follower, "run_finished")[-1]
    finally:
        follower.kill()
        end(follower)
