"""What other programs rely on: the event lines of a rich run, key by key, and what each option really does."""

import re
import shutil
import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.program import Ran, covey, end, program, read_until
from tests.e2e.scene import WRITES, add_agent, interrupted, numbers, running, session_of, status, wait_for

HEAD = ["seq", "at", "event", "run_id", "session_id", "parent_id", "type", "component", "module", "attempt"]
RUN = ["project_root", "workflow", "context"]
OWN = {
    "run_started": RUN,
    "run_adopted": RUN,
    "run_stopped": ["reason"],
    "run_paused": ["kind", "mode", "cause", "by", "decision_id", "limit"],
    "run_resumed": ["by", "decision_id"],
    "run_finished": ["exit_code", "counts"],
    "session_created": ["component_id", "execution_mode", "agent", "model", "environment", "artifact_path"],
    "session_started": ["abilities"],
    "command_issued": ["interaction_id", "step", "command"],
    "result_recorded": ["interaction_id", "step", "status", "updates", "late"],
    "session_reconfigured": ["agent", "model"],
    "session_blocked": ["reason", "needs_human"],
    "session_unblocked": [],
    "session_interrupted": ["reason", "needs_human"],
    "session_completed": ["kept"],
    "session_failed": ["cause", "reason"],
    "session_cancelled": ["reason", "decision_id", "by"],
    "session_skipped": ["reason", "decision_id", "by"],
    "session_retried": ["note", "resume_step", "conversation", "failure_cause", "agent", "model", "decision_id", "by"],
    "artifact_found": ["path"],
    "artifact_missing": ["path"],
    "control_requested": ["request_id", "decision_id", "action", "by", "reason", "note"],
    "control_settled": ["request_id", "decision_id", "action", "changed", "refused", "reason"],
    "slots_changed": ["slots", "by"],
    "engine_started": ["pid", "epoch", "version", "died", "resumed", "adopted", "waiting"],
    "engine_stopped": ["pid", "reason"],
}
"""Every event that this version writes, with what it has beside the head."""
OF_THE_SILENT = {"session_stalled", "session_revived"}
"""Events that take somebody's silence: `tests/cli/test_signs_of_life.py` has them."""

ANSWER = ["session_id", "action", "state", "changed", "reason"]
NOTE = "mind what people type: ä, é, 名前"
MONEY = "docs/design/shop/billing/money.md"


class Story(NamedTuple):
    """A rich run, as it was printed and as it was asked for."""

    root: Path
    stopped: list[dict[str, Any]]
    adopted: list[dict[str, Any]]
    answers: dict[str, dict[str, Any]]
    ended: Ran
    log: list[dict[str, Any]]


@pytest.fixture(scope="session")
def story(_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A cancel, a stop, a retry without an engine, an adoption, a failure, a file that comes back, a pause, a skip."""
    root = Path(shutil.copytree(_shop, tmp_path_factory.mktemp("story") / "shop"))
    answers = {}
    with running("run", "design", "catalog", "--agent", "waits", "--json", cwd=root) as process:
        wait_for(lambda: len(numbers(root / "working")) == 3)
        search = session_of(root, "search")
        answers["cancelled"] = program("cancel", search[:12], "--json", cwd=root).object
        answers["cancelled again"] = covey("cancel", search, "--json", cwd=root).object
        stopped = interrupted(process, signal.SIGTERM).lines
    answers["retried"] = program("retry", search[:12], "--note", NOTE, "--json", cwd=root).object
    arguments = ["run", "design", "catalog", "billing", "--agent", "offline", "--stay", "--json"]
    with running(*arguments, cwd=root) as process:
        adopted = read_until(process, "session_blocked", component="shop.billing")
        text = (root / MONEY).read_bytes()
        (root / MONEY).unlink()
        adopted += read_until(process, "artifact_missing")
        (root / MONEY).write_bytes(text)
        adopted += read_until(process, "artifact_found")
        tax = next(event["session_id"] for event in adopted if event["event"] == "session_failed")
        run = next(event["run_id"] for event in adopted if event["event"] == "session_blocked")
        answers["paused"] = program("pause", run, "--json", cwd=root).object
        answers["resumed"] = program("resume", run, "--json", cwd=root).object
        covey("slots", "5", "--json", cwd=root)
        answers["root skipped"] = covey("skip", run, "--reason", "no", "--json", cwd=root).object
        answers["skipped"] = covey("skip", tax, "--reason", "does not parse", "--json", cwd=root).object
        ended = end(process)
    return Story(root, stopped, adopted + ended.lines, answers, ended, covey("events", "--json", cwd=root).lines)


class TestEvents:
    """The log of the rich run."""

    def test_has_every_event_that_there_is(self, story: Story) -> None:
        assert {event["event"] for event in story.log} == set(OWN) - OF_THE_SILENT

    def test_has_exactly_these_keys_in_this_order(self, story: Story) -> None:
        for event in story.log:
            assert list(event) == HEAD + OWN[event["event"]], event

    def test_counts_without_gaps_in_the_order_of_time(self, story: Story) -> None:
        log = story.log
        assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
        assert [event["at"] for event in log] == sorted({event["at"] for event in log})
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event["at"]) for event in log)

    def test_names_the_session_with_its_parent(self, story: Story) -> None:
        for event in story.log:
            if event["event"].startswith(("engine_", "slots_")):
                assert all(event[key] is None for key in HEAD[3:])
            else:
                assert event["run_id"]
                assert (event["parent_id"] is None) == (event["session_id"] == event["run_id"])
                assert event["parent_id"] in {None, event["run_id"]}
                assert event["module"].endswith(event["component"].removeprefix("Review of "))
                assert event["attempt"] >= 1

    def test_is_printed_by_the_run_line_by_line(self, story: Story) -> None:
        log = {event["seq"]: event for event in story.log}
        for printed in (story.stopped, story.adopted):
            lines = [line for line in printed if line["event"] != "run_left"]
            assert [log[line["seq"]] for line in lines] == lines

    def test_a_run_prints_its_own_start_first(self, story: Story) -> None:
        assert story.stopped[0]["event"] == "run_started"
        assert "run_adopted" in [line["event"] for line in story.adopted]

    def test_a_run_that_leaves_earlier_says_how_in_its_last_line(self, story: Story) -> None:
        assert [line["event"] for line in story.stopped].count("run_left") == 1
        assert list(story.stopped[-1]) == ["event", "exit_code", "counts", "reason"]
        assert list(story.stopped[-1]["counts"]) == ["active", "complete", "failed", "cancelled", "skipped"]

    def test_one_that_ends_says_so_for_each_context(self, story: Story) -> None:
        codes = {line["context"]: line for line in story.log if line["event"] in {"run_started", "run_adopted"}}
        ends = {line["component"]: line["exit_code"] for line in story.log if line["event"] == "run_finished"}
        assert ends == {"shop.catalog": 0, "shop.billing": 3}
        assert codes.keys() == ends.keys()
        assert (story.ended.code, story.ended.err) == (3, "")

    def test_after_begins_after_a_line(self, story: Story) -> None:
        log = story.log
        assert covey("events", "--after", str(len(log) - 3), cwd=story.root).lines == log[-3:]

    def test_of_one_run_are_those_of_its_sessions(self, story: Story) -> None:
        run_id = story.stopped[0]["run_id"]
        lines = covey("events", run_id[:10], cwd=story.root).lines
        assert lines == [event for event in story.log if event["run_id"] == run_id]

    def test_paths_are_relative_to_the_root(self, story: Story) -> None:
        (missing,) = [event for event in story.log if event["event"] == "artifact_missing"]
        assert missing["path"] == MONEY
        assert missing["component"] == "money"


class TestRequests:
    """The answers to requests, and what they left behind."""

    def test_have_exactly_these_keys(self, story: Story) -> None:
        assert {tuple(answer) for answer in story.answers.values()} == {tuple(ANSWER)}

    @pytest.mark.parametrize(
        ("answer", "action", "state", "changed"),
        [
            ("cancelled", "cancel", "settled", True),
            ("cancelled again", "cancel", "settled", False),
            ("retried", "retry", "queued", None),
            ("root skipped", "skip", "refused", False),
            ("skipped", "skip", "settled", True),
        ],
    )
    def test_say_what_came_of_it(self, story: Story, answer: str, action: str, state: str, changed: object) -> None:
        found = story.answers[answer]
        assert (found["action"], found["state"], found["changed"]) == (action, state, changed)

    def test_a_note_reaches_the_document(self, story: Story) -> None:
        assert NOTE in (story.root / "docs/design/shop/catalog/search.md").read_text(encoding="utf-8")
        (retried,) = [event for event in story.log if event["event"] == "session_retried"]
        assert (retried["note"], retried["attempt"], retried["resume_step"]) == (NOTE, 2, None)

    def test_a_cancel_ends_the_work_of_that_session_alone(self, story: Story) -> None:
        late = [event for event in story.log if event["event"] == "result_recorded" and event["late"]]
        assert [event["component"] for event in late] == ["search"]

    def test_another_agent_holds_for_what_had_not_started(self, story: Story) -> None:
        changed = [event for event in story.log if event["event"] == "session_reconfigured"]
        assert {event["agent"] for event in changed} == {"offline"}
        assert {"price_list", "product"} <= {event["component"] for event in changed}


class TestIds:
    """Whatever `covey status` shows as an id is one for every command."""

    def test_short_ones_work_everywhere(self, blocked: Path) -> None:
        shown = covey("status", cwd=blocked).out
        run, *sessions = re.findall(r"\b[0-9a-f]{8}\b", shown.partition("\n\n")[0])
        assert len(sessions) == 5
        assert status(blocked)["run_id"].startswith(run)
        failed = sessions[-1]
        assert covey("show", failed, "--json", cwd=blocked).object["session_id"].startswith(failed)
        assert covey("logs", failed, cwd=blocked).code == 0
        assert covey("retry", failed, "--dry-run", "--json", cwd=blocked).object["session_id"].startswith(failed)
        assert covey("retry", "--failed", run, "--dry-run", "--json", cwd=blocked).object["state"] == "queued"
        assert covey("status", run, "--json", cwd=blocked).object["run_id"].startswith(run)
        assert covey("skip", failed, "--reason", "later", "--json", cwd=blocked).object["state"] == "queued"
        assert covey("events", run, cwd=blocked).lines


class TestRetry:
    """What `covey retry` may be told."""

    def test_a_dry_run_changes_nothing(self, blocked: Path) -> None:
        log, before = covey("events", cwd=blocked).out, status(blocked)
        found = covey("retry", "--failed", "--dry-run", "--json", cwd=blocked).object
        assert (list(found), found["state"], found["changed"]) == (ANSWER, "queued", None)
        assert covey("run", "design", "billing", "--dry-run", "--json", cwd=blocked).object["how"] == "adopted"
        assert (covey("events", cwd=blocked).out, status(blocked)) == (log, before)
        ran = covey("run", "design", "billing", "--json", cwd=blocked)
        assert "control_requested" not in [line["event"] for line in ran.lines]

    @pytest.mark.parametrize(("resume", "step"), [([], "Initialize"), (["--resume"], "GenerateComponentDesign")])
    def test_resume_goes_on_at_the_step_that_failed(self, blocked: Path, resume: list[str], step: str) -> None:
        assert covey("retry", "--failed", *resume, cwd=blocked).code == 0
        ran = covey("run", "design", "billing", "--json", cwd=blocked)
        issued = [line for line in ran.lines if line["event"] == "command_issued" and line["attempt"] == 2]
        assert issued[0]["step"] == step


ASKED = f"""\
mkdir -p seen
cat "$1" > "seen/$(basename "$2" .md).$(ls seen | wc -l)"
echo "$3" > model
pwd > place
env > environment
cat > stdin
echo begin >> work
if [ "$(grep -c begin work)" = 1 ]; then mkdir -p "$(dirname "$2")"; printf '# half\\n\\n## Purpose\\n\\nmine\\n' > "$2"
else {WRITES}
fi
echo end >> work
echo "of the agent's own accord"
"""


class TestCommandAgent:
    """`--agent NAME` runs a program for each component, with a prompt in a file."""

    @pytest.fixture(scope="class")
    def asked(self, _shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
        root = Path(shutil.copytree(_shop, tmp_path_factory.mktemp("asked") / "shop"))
        add_agent(root, "asked", ASKED)
        manifest = root / "covey.toml"
        text = manifest.read_text(encoding="utf-8")
        tail = '"./asked.sh", "{prompt_file}", "{target}"'
        manifest.write_text(text.replace(tail, f'{tail}, "{{model}}"'), encoding="utf-8")
        arguments = ["--agent", "asked", "--model", "some-model", "--max-sessions", "1", "--json"]
        return root, program("run", "design", "catalog", *arguments, cwd=root)

    def test_ends_well(self, asked: tuple[Path, Ran]) -> None:
        root, ran = asked
        assert (ran.code, ran.err) == (0, "")
        assert (root / "model").read_text() == "some-model\n"
        assert (root / "place").read_text() == f"{root}\n"
        assert (root / "stdin").read_bytes() == b""

    def test_the_prompt_says_what_to_write_and_where(self, asked: tuple[Path, Ran]) -> None:
        prompt = (asked[0] / "seen/price_list.0").read_text(encoding="utf-8")
        for text in (
            "docs/design/shop/catalog/price_list.md",
            "shop.catalog.price_list",
            "src/shop/catalog/price_list.py",
            "## Purpose",
            "## Public API",
            "## Dependencies",
            "`shop.billing.money`",
        ):
            assert text in prompt, text

    def test_the_last_prompt_asks_for_a_review_of_all_documents(self, asked: tuple[Path, Ran]) -> None:
        prompt = (asked[0] / "seen/design_review.4").read_text(encoding="utf-8")
        for text in ("docs/design/shop/catalog/design_review.md", "docs/design/shop/catalog/search.md", "## Findings"):
            assert text in prompt, text

    def test_what_does_not_pass_is_asked_for_again_with_what_is_wrong(self, asked: tuple[Path, Ran]) -> None:
        root, ran = asked
        steps = [
            line["step"]
            for line in ran.lines
            if line["event"] == "command_issued" and line["component"] == "price_list"
        ]
        assert steps[1:5] == ["GenerateComponentDesign", "ValidateDesign", "ReviseDesign", "ValidateDesign"]
        revise = (root / "seen/price_list.1").read_text(encoding="utf-8")
        assert "Public API" in revise
        assert "missing" in revise

    def test_one_slot_is_one_agent_at_a_time(self, asked: tuple[Path, Ran]) -> None:
        assert (asked[0] / "work").read_text().split() == ["begin", "end"] * 5

    def test_only_what_is_let_through_reaches_it(self, asked: tuple[Path, Ran]) -> None:
        names = {line.partition("=")[0] for line in (asked[0] / "environment").read_text().splitlines()}
        assert "PATH" in names
        assert "COVEY_DEBUG" not in names

    def test_what_it_says_is_in_the_transcript(self, asked: tuple[Path, Ran]) -> None:
        session = session_of(asked[0], "product")
        rows = covey("logs", session[:8], "--json", cwd=asked[0]).lines
        assert "of the agent's own accord\n" in [row["text"] for row in rows if row["kind"] == "output"]


class TestOverwrite:
    """`--overwrite` does everything anew; what was there is moved aside, not lost."""

    def test_keeps_what_was_there(self, shop: Path) -> None:
        assert covey("run", "design", "catalog", cwd=shop).code == 0
        path = "docs/design/shop/catalog/search.md"
        mine = (shop / path).read_bytes() + b"\nMine.\n"
        (shop / path).write_bytes(mine)
        assert covey("run", "design", "catalog", "--json", cwd=shop).code == 4
        ran = covey("run", "design", "catalog", "--overwrite", "--json", cwd=shop)
        assert ran.code == 0
        assert {line["kept"] for line in ran.lines if line["event"] == "session_completed"} == {False}
        run_id = ran.lines[-1]["run_id"]
        assert (shop / ".covey/replaced" / run_id / path).read_bytes() == mine
        assert b"Mine." not in (shop / path).read_bytes()


class TestSeveralContexts:
    """`--all` takes every context, each in a run of its own; one exit code tells of all."""

    def test_all(self, shop: Path) -> None:
        ran = covey("run", "design", "--all", "--json", cwd=shop)
        assert ran.code == 6
        started = [line for line in ran.lines if line["event"] == "run_started"]
        assert {line["context"] for line in started} == {"shop.billing", "shop.catalog"}
        assert len({line["run_id"] for line in started}) == 2
        left = ran.lines[-1]
        assert (left["event"], left["exit_code"]) == ("run_left", 6)
        assert left["counts"] == {"active": 0, "complete": 8, "failed": 1, "cancelled": 0, "skipped": 0}
        assert covey("run", "design", "catalog", "--json", cwd=shop).code == 4
        # RUN is the newest unfinished one, though the other is newer or older.
        assert status(shop)["context"] == "shop.billing"
        assert covey("retry", "--failed", "--dry-run", "--json", cwd=shop).object["session_id"] == session_of(
            shop, "tax"
        )
