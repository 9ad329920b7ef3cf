"""Money on the command line: what was spent and what may be, what more will take, how a run goes on without any left.

An agent that is paid is played in the tests' own engine, under the name of one that the command line knows.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome, TurnUsage
from covey.agents.registry import AgentRegistry
from covey.cli.out import Out
from covey.cli.run import Order, tell_how_it_was_left
from covey.engine.runs import RunOptions
from covey.engine.service import open_engine
from covey.model.outcome import STOPPED, Begun, How, Left
from covey.projects.manifest import find_contexts, load_project
from covey.testing.agents import scripted, write_least
from tests.cli.program import covey
from tests.manifests import declared

MANIFEST = '[project]\nname = "shop"\n[prices."metered"]\ninput = 10.0\noutput = 100.0\n' + declared(
    "Shop", "Alpha", "Beta", "Gamma"
)

Run = Callable[..., int]


async def _paid(assignment: Assignment, desk: Desk) -> Outcome:
    """Two cents a piece; Gamma has no idea what to write."""
    model = "home" if assignment.component.name == "Shop" else "metered"
    await desk.spent(TurnUsage(model=model, tokens={"input": 1_000, "output": 100}))
    if assignment.component.name == "Gamma":
        return Outcome(ok=False, message="no idea")
    return await write_least(assignment, desk)


async def _run(root: Path, context: str, options: RunOptions) -> int:
    registry = AgentRegistry(extra={"offline": scripted(_paid)})
    project = load_project(root, registry)
    async with open_engine(project, registry) as engine:
        await engine.begin("design", find_contexts(project, (context,)), options)
        return (await engine.until_left()).exit_code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "covey.toml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(root: Path) -> Run:
    def it(context: str = "Shop", **options: float) -> int:
        return asyncio.run(_run(root, context, RunOptions(max_sessions=1, **options)))  # type: ignore[arg-type]

    return it


def by_name(status: dict[str, list[dict[str, object]]]) -> dict[object, dict[str, object]]:
    return {session["component"]: session for session in status["sessions"]}


def run_of(runs: list[dict[str, object]], context: str) -> str:
    return next(str(run["run_id"]) for run in runs if run["context"] == context)


class TestSpent:
    """What was spent is told of sessions, of the run, and of the day."""

    def test_everywhere_that_a_run_is_told_of(self, root: Path, run: Run) -> None:
        assert run(budget_usd=5.0) == 6
        status = covey("status", "--json", cwd=root).object
        assert status["usage"] == {"input": 3_000, "output": 300}
        assert status["cost_usd"] == pytest.approx(0.06)
        assert status["budget"] == {"budget_usd": 5.0, "budget_tokens": None}
        assert status["today"] == {"tokens": 3_300, "cost_usd": pytest.approx(0.06)}
        alpha = by_name(status)["Alpha"]
        assert (alpha["usage"], alpha["cost_usd"]) == ({"input": 1_000, "output": 100}, pytest.approx(0.02))
        text = covey("status", cwd=root).out
        assert "2 of 3 complete, 1 failed   3.3k tokens, $0.06 of $5.00" in text
        assert "complete  1.1k tokens, $0.02" in text
        assert "3.3k tokens, $0.06 of $5.00" in covey("status", "--plain", cwd=root).out
        shown = covey("show", str(alpha["session_id"]), cwd=root).out
        assert "used       1,000 input, 100 output tokens, $0.02" in shown
        events = [line for line in covey("events", "--json", cwd=root).lines if line["event"] == "usage_recorded"]
        assert [event["tokens"] for event in events] == [{"input": 1_000, "output": 100}] * 3
        assert {(event["model"], event["step"]) for event in events} == {("metered", "GenerateComponentDesign")}
        assert [event["cost_usd"] for event in events] == pytest.approx([0.02] * 3)
        assert "- Used: 3.3k tokens, $0.06 of $5.00" in covey("report", cwd=root).out
        report = covey("report", "--format", "json", cwd=root).object
        assert (report["tokens"], report["budget"]) == (3_300, {"budget_usd": 5.0, "budget_tokens": None})

    def test_a_second_run_is_of_the_same_day(self, root: Path, run: Run) -> None:
        run()
        gamma = by_name(covey("status", "--json", cwd=root).object)["Gamma"]
        covey("skip", str(gamma["session_id"]), "--reason", "later", cwd=root)
        assert run() == 3
        told = covey("status", cwd=root).out
        assert "4.4k tokens, $0.06" in told
        review = by_name(covey("status", "--json", cwd=root).object)["Review of Shop"]
        assert "no price is known for home" in covey("show", str(review["session_id"]), cwd=root).out
        assert "- No price is known for `home`: only tokens are counted" in covey("report", cwd=root).out
        assert "today" not in told
        again = covey("run", "design", "shop", "--overwrite", "--headless", "--max-sessions", "1", cwd=root)
        assert again.code in {0, 6}
        assert "  today 4.4k tokens, $0.06" in covey("status", cwd=root).out

    def test_the_day_of_all_runs_that_are_shown_is_theirs_and_not_told_again(self, root: Path, run: Run) -> None:
        with (root / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(declared("Store", "Delta", "Epsilon"))
        assert run() == 6
        assert run(context="Store", budget_usd=0.01) == 6
        told = covey("status", cwd=root).out
        assert "3.3k tokens, $0.06" in told
        assert "1.1k tokens, $0.02 of $0.01" in told
        assert "today" not in told
        alone = covey("status", run_of(covey("status", "--json", cwd=root).lines, "Store"), cwd=root).out
        assert "  today 4.4k tokens, $0.08\n" in alone


class TestBudgets:
    def test_a_spent_budget_says_how_the_run_goes_on_and_it_does(self, root: Path, run: Run) -> None:
        assert run(budget_usd=0.03) == 6
        status = covey("status", "--json", cwd=root).object
        (pause,) = status["needs_human"]["paused"]
        assert (pause["kind"], pause["name"], pause["cause"]) == ("budget", "Shop", "$0.04 of $0.03 are spent")
        text = covey("status", cwd=root).out
        assert "paused: $0.04 of $0.03 are spent; nothing is at work: it is safe to stop" in text
        assert f"covey resume {status['run_id'][:8]} --budget-usd ..." in text
        refused = covey("resume", cwd=root)
        assert refused.code == 1
        assert "refused: $0.04 of $0.03 are spent; covey resume --budget-usd with more goes on" in refused.out
        assert covey("resume", "--budget-usd", "0.04", cwd=root).code == 1
        assert covey("resume", "--budget-usd", "4", "--json", cwd=root).object["state"] == "queued"
        assert run() == 6
        assert covey("status", "--json", cwd=root).object["needs_human"]["paused"] == []
        told = [line["event"] for line in covey("events", cwd=root).lines]
        assert (told.count("budget_set"), told.count("run_paused"), told.count("run_resumed")) == (2, 1, 1)

    def test_covey_alone_names_the_command_that_goes_on_and_no_other(self, root: Path, run: Run) -> None:
        assert run(budget_usd=0.03) == 6
        run_id = covey("status", "--json", cwd=root).object["run_id"][:8]
        told = covey(cwd=root).out
        assert "Shop: paused: $0.04 of $0.03 are spent." in told
        assert f"  covey resume {run_id} --budget-usd ... --start  let it go on, with more than is spent\n" in told
        assert "covey run" not in told, "which does nothing for a paused run"

    def test_so_does_whoever_is_interrupted_while_it_waits(
        self, root: Path, run: Run, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(budget_usd=0.03) == 6
        run_id = covey("status", "--json", cwd=root).object["run_id"]
        project = load_project(root, AgentRegistry())
        order = Order(
            project=project,
            registry=AgentRegistry(),
            workflow="design",
            contexts=find_contexts(project, ("Shop",)),
            options=RunOptions(),
        )
        begun, left = [Begun("Shop", run_id, How.ADOPTED)], Left(STOPPED, {}, "interrupted (SIGINT)")
        asyncio.run(tell_how_it_was_left(order, begun, left, set(), Out(asked_json=True)))
        assert capsys.readouterr().err == (
            f"covey: interrupted (SIGINT); go on with: covey resume {run_id[:8]} --budget-usd ... --start\n"
        )

    @pytest.mark.parametrize(
        ("option", "value", "message"),
        [
            ("--budget-usd", "0", "--budget-usd takes US dollars, more than 0, like 2.50; not 0"),
            ("--budget-usd", "nan", "--budget-usd takes US dollars"),
            ("--budget-tokens", "0", "--budget-tokens takes a number from 1 on, not 0"),
        ],
    )
    def test_nothing_is_no_budget(self, root: Path, option: str, value: str, message: str) -> None:
        for verb in (("run", "design", "--all"), ("resume",)):
            ran = covey(*verb, f"{option}={value}", cwd=root)
            assert (ran.code, ran.out) == (2, "")
            assert message in ran.err
        assert not (root / ".covey").exists()

    def test_a_model_without_a_price_is_refused_with_what_to_do(self, root: Path) -> None:
        ran = covey("run", "design", "--all", "--model", "home", "--budget-usd", "1", "--headless", cwd=root)
        assert ran.code == 2
        assert 'no price is known for "home"' in ran.err
        assert 'add [prices."home"] to covey.toml, or set a budget in tokens instead' in ran.err
        assert not (root / ".covey").exists()

    def test_a_budget_that_is_none_is_a_mistake_of_the_manifest(self, root: Path) -> None:
        (root / "covey.toml").write_text("[run]\nbudget_usd = 0\nsession_budget_tokens = 1.5\n" + MANIFEST)
        ran = covey("run", "design", "--all", cwd=root)
        assert ran.code == 2
        assert "covey.toml:2: " in ran.err
        assert "covey.toml:3: " in ran.err


class TestEstimates:
    def test_before_a_run_and_before_a_retry(self, root: Path, run: Run) -> None:
        nothing = covey("run", "design", "--all", "--dry-run", cwd=root).out
        assert nothing == "Shop: a new run would start; 3 components to work on, no estimate yet\n"
        run()
        status = covey("status", "--json", cwd=root).object
        run_id, gamma, alpha = status["run_id"], by_name(status)["Gamma"], by_name(status)["Alpha"]
        asked = f"retry Gamma ({str(gamma['session_id'])[:8]}) would be asked for\n"
        retried = covey("retry", "--failed", "--dry-run", cwd=root).out
        assert retried == f"{asked}it would take about 1.1k tokens, $0.02 (by 2 sessions like it)\n"
        (design := root / "docs" / "design" / "shop" / "alpha.md").rename(kept := root / "alpha.md")
        both = covey("retry", "--failed", "--dry-run", cwd=root).out
        assert both.endswith("\ntogether they would take about 2.2k tokens, $0.04 (by 2 sessions like them)\n")
        kept.rename(design)
        other = covey("retry", "--failed", "--dry-run", "--model", "home", cwd=root).out
        assert other == f"{asked}no estimate yet\n"
        refused = covey("retry", str(alpha["session_id"]), "--dry-run", cwd=root)
        assert refused.code == 1
        assert f"retry Alpha ({str(alpha['session_id'])[:8]}) would be refused: " in refused.out
        (line,) = covey("run", "design", "--all", "--dry-run", "--json", cwd=root).lines
        estimate = {"tokens": 1_100, "cost_usd": pytest.approx(0.02), "by": 2}
        due = {"components": 1, "reviews": 1, "estimate": estimate}
        assert line == {"context": "Shop", "run_id": run_id, "how": "adopted", **due}
        text = covey("run", "design", "--all", "--dry-run", cwd=root).out
        assert "1 component to work on, about 1.1k tokens, $0.02 (by 2 sessions like them, for 1 of 2)" in text

    def test_when_only_the_review_is_left(self, root: Path, run: Run) -> None:
        assert run(budget_usd=0.05) == 6
        status = covey("status", "--json", cwd=root).object
        gamma = by_name(status)["Gamma"]
        covey("skip", str(gamma["session_id"]), "--reason", "later", cwd=root)
        assert run() == 6
        command = ("run", "design", "--all", "--dry-run")
        adopted = f"Shop: it would go on with run {status['run_id'][:8]}; the review to write"
        assert covey(*command, cwd=root).out == f"{adopted}, no estimate yet\n"
        assert covey("resume", "--budget-usd", "1", cwd=root).code == 0
        assert run() == 3
        design = root / "docs" / "design" / "shop"
        (design / "gamma.md").write_bytes((design / "alpha.md").read_bytes())
        (design / "design_review.md").unlink()
        left = "Shop: a new run would start; the review to write"
        assert covey(*command, cwd=root).out == f"{left}, about 1.1k tokens (by 1 session like it)\n"
        (line,) = covey(*command, "--json", cwd=root).lines
        assert (line["components"], line["reviews"]) == (0, 1)
        assert line["estimate"] == {"tokens": 1_100, "cost_usd": None, "by": 1}
