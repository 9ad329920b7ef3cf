"""`covey logs` and `covey events`."""

from pathlib import Path

from covey.testing.samples import mend_shop
from tests.cli.program import covey, end, read_until, start

HEAD = ["seq", "at", "event", "run_id", "session_id", "parent_id", "type", "component", "module", "attempt"]


def tax_of(root: Path) -> str:
    (failed,) = covey("status", "--json", cwd=root).object["needs_human"]["failed"]
    return str(failed["session_id"])


class TestEvents:
    """The whole log, one flat object a line."""

    def test_counts_without_gaps_from_one(self, blocked: Path) -> None:
        lines = covey("events", cwd=blocked).lines
        assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))

    def test_every_line_begins_with_the_same_keys(self, blocked: Path) -> None:
        lines = covey("events", "--json", cwd=blocked).lines
        assert all(list(line)[: len(HEAD)] == HEAD for line in lines)
        assert all(line["at"].endswith("Z") for line in lines)

    def test_a_line_names_the_session_it_is_about(self, blocked: Path) -> None:
        (failed,) = [line for line in covey("events", cwd=blocked).lines if line["event"] == "session_failed"]
        run_id = covey("status", "--json", cwd=blocked).object["run_id"]
        assert (failed["session_id"], failed["run_id"], failed["parent_id"]) == (tax_of(blocked), run_id, run_id)
        assert failed["type"] == "ComponentDesignSessions"
        assert (failed["component"], failed["module"], failed["attempt"]) == ("tax", "shop.billing.tax", 1)
        assert failed["cause"] == "agent_error"
        assert "tax.py:26" in failed["reason"]

    def test_a_run_begins_with_what_it_was_asked_for(self, blocked: Path) -> None:
        (started,) = [line for line in covey("events", cwd=blocked).lines if line["event"] == "run_started"]
        assert {key: started[key] for key in ("workflow", "context")} == {
            "workflow": "design",
            "context": "shop.billing",
        }
        assert started["session_id"] == started["run_id"]

    def test_an_engine_belongs_to_no_run(self, blocked: Path) -> None:
        first, *_, last = covey("events", cwd=blocked).lines
        assert (first["event"], last["event"]) == ("engine_started", "engine_stopped")
        assert all(first[key] is None for key in HEAD[3:])

    def test_after_leaves_out_what_is_known(self, blocked: Path) -> None:
        everything = covey("events", cwd=blocked).lines
        assert covey("events", "--after", "10", cwd=blocked).lines == everything[10:]

    def test_a_run_has_its_own_lines(self, blocked: Path) -> None:
        run_id = covey("status", "--json", cwd=blocked).object["run_id"]
        assert covey("run", "design", "catalog", cwd=blocked).code == 0
        assert {line["run_id"] for line in covey("events", run_id[:8], cwd=blocked).lines} == {run_id}

    def test_nothing_run_yet_is_an_empty_log(self, shop: Path) -> None:
        ran = covey("events", cwd=shop)
        assert (ran.code, ran.out) == (0, "")

    def test_following_goes_on_with_what_comes(self, blocked: Path) -> None:
        last = covey("events", cwd=blocked).lines[-1]["seq"]
        follower = start("events", "-f", "--after", str(last), cwd=blocked)
        try:
            assert covey("run", "design", "catalog", cwd=blocked).code == 0
            seen = read_until(follower, "run_finished")
        finally:
            follower.terminate()
            end(follower)
        assert [line["seq"] for line in seen] == list(range(last + 1, last + 1 + len(seen)))


class TestLogs:
    """A session's transcript, attempt by attempt."""

    def test_json_has_a_row_a_line(self, blocked: Path) -> None:
        rows = covey("logs", tax_of(blocked), "--json", cwd=blocked).lines
        assert rows
        assert all(list(row) == ["session_id", "attempt", "step", "n", "at", "kind", "text"] for row in rows)
        assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))

    def test_people_see_a_heading_for_each_step(self, blocked: Path) -> None:
        out = covey("logs", tax_of(blocked), cwd=blocked).out
        assert "-- generate design -- " in out
        assert "tax.py:26" in out

    def test_an_older_attempt_stays_readable(self, blocked: Path) -> None:
        tax = tax_of(blocked)
        mend_shop(blocked)
        assert covey("retry", tax, cwd=blocked).code == 0
        assert covey("run", "design", "billing", cwd=blocked).code == 0
        assert "tax.py:26" in covey("logs", tax, "--attempt", "1", cwd=blocked).out
        assert "tax.py:26" not in covey("logs", tax, cwd=blocked).out

    def test_an_attempt_that_never_was_is_an_error(self, blocked: Path) -> None:
        ran = covey("logs", tax_of(blocked), "--attempt", "2", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "attempt 2 does not exist" in ran.err

    def test_following_ends_with_the_attempt(self, blocked: Path) -> None:
        assert covey("logs", tax_of(blocked), "-f", cwd=blocked).code == 0

    def test_escapes_of_an_agent_do_not_reach_the_terminal(self, shop: Path) -> None:
        evil = shop / "evil"
        evil.write_text("#!/bin/sh\nprintf '\\033]0;owned\\007 \\033[2J done\\n'; exit 3\n", encoding="utf-8")
        evil.chmod(0o755)
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write('\n[agents.evil]\nkind = "command"\ncommand = ["./evil"]\n')
        ran = covey("run", "design", "catalog", "--agent", "evil", cwd=shop)
        assert ran.code == 6
        session = covey("status", "--json", cwd=shop).object["needs_human"]["failed"][0]["session_id"]
        shown = ran.out + covey("logs", session, cwd=shop).out + covey("status", cwd=shop).out
        shown += covey("show", session, cwd=shop).out
        assert "owned" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown
