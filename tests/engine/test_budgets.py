"""Budgets in the engine: whose money is spent stops, everybody else goes on, and a human is asked once."""

import asyncio

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.engine import run_order
from covey.client.requests import Wish, request_control
from covey.client.snapshot import attach, status_json
from covey.engine.runs import RunOptions
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.pause import PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.projects.manifest import find_contexts, load_project
from covey.store.sqlite import open_viewer
from covey.testing.agents import spends, write_least
from tests.manifests import declared

from .conftest import MOST_SECONDS, REVIEW, Bench, cancelled_at_once, fail
from .test_spending import PRICES, turn

ONE_SLOT = RunOptions(max_sessions=1)
RUN = '[run]\nagent = "scripted"\nmax_sessions = 1\n'
NAMES = ("Alpha", "Beta", "Gamma")
STORE = declared("Store", "Delta")


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """Every component costs two cents: a turn of 1,000 tokens in and 100 out."""
    bench.extra = RUN + PRICES
    bench.plays = {name: spends(turn(name)) for name in (*NAMES, "Delta")}
    return bench


def limited(usd: float | None = None, tokens: int | None = None) -> RunOptions:
    return RunOptions(budget_usd=usd, budget_tokens=tokens)


async def children(bench: Bench) -> dict[str, Session]:
    tree = await bench.tree()
    return {child.component: child for child in tree.children(tree.roots()[0].id)}


async def of_kind(bench: Bench, kind: type[e.Event]) -> list[e.Event]:
    return [event for event in await bench.events() if isinstance(event, kind)]


async def paused(bench: Bench) -> list[dict[str, object]]:
    """What `covey status --json` says about pauses, of all runs."""
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        views = [await attach(viewer, bench.root, root.id) for root in await viewer.roots(viewer.scope)]
    return [pause for view in views for pause in status_json(view)["needs_human"]["paused"]]  # type: ignore[index]


async def called(bench: Bench, contexts: tuple[str, ...], options: RunOptions | None = None) -> int:
    """One call of `covey run` for these contexts, to its end; the exit code."""
    async with bench.engine() as engine:
        await engine.begin("design", find_contexts(load_project(bench.root, bench.registry), contexts), options)
        return (await asyncio.wait_for(engine.until_left(), MOST_SECONDS)).exit_code


async def resume(bench: Bench, **wish: object) -> tuple[RequestState, str | None]:
    """Ask for it where no engine lives."""
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        root = (await viewer.roots(viewer.scope))[0]
        wished = Wish(action=Action.RESUME, **wish)  # type: ignore[arg-type]
        (answer,) = await request_control(viewer, bench.root, [root], wished)
        return answer.state, answer.reason


class TestOfRuns:
    """The run's budget: it is paused before the next start or turn, and goes on with a higher one."""

    @pytest.mark.parametrize(
        ("options", "limit", "said"),
        [
            (limited(usd=0.03), "budget_usd", "$0.04 of $0.03 are spent"),
            (limited(tokens=2_200), "budget_tokens", "2,200 of 2,200 tokens are spent"),
        ],
    )
    async def test_a_spent_budget_pauses_the_run_before_the_next_start_and_asks_once(
        self, bench: Bench, options: RunOptions, limit: str, said: str
    ) -> None:
        assert await bench.run(options) == 6
        assert [assignment.component.name for assignment in bench.seen] == ["Alpha", "Beta"]
        (pause,) = await of_kind(bench, e.RunPaused)
        assert isinstance(pause, e.RunPaused)
        assert (pause.kind, pause.mode, pause.cause, pause.limit) == (PauseKind.BUDGET, PauseMode.HARD, said, limit)
        assert [(entry["kind"], entry["name"], entry["cause"]) for entry in await paused(bench)] == [
            ("budget", "Shop", said)
        ]
        assert (await children(bench))["Gamma"].phase is Phase.QUEUED

    async def test_it_goes_on_with_more_and_only_with_more(self, bench: Bench) -> None:
        assert await bench.run(limited(usd=0.03)) == 6
        for wish in ({}, {"budget_usd": 0.04}, {"budget_usd": 0.02}):
            state, reason = await resume(bench, **wish)
            assert state is RequestState.REFUSED
            assert "are spent; covey resume --budget-usd with more goes on" in (reason or "")
        assert (await resume(bench, budget_usd=1.0))[0] is RequestState.QUEUED
        assert await bench.run() == 0
        assert len(bench.seen) == 3
        assert [event.budget.usd for event in await of_kind(bench, e.BudgetSet)] == [0.03, 1.0]  # type: ignore[attr-defined]
        assert await paused(bench) == []

    async def test_a_living_engine_refuses_too_little_and_goes_on_with_more(self, bench: Bench) -> None:
        async with bench.running(limited(usd=0.03)) as run:
            await run.until(lambda session: session.paused is not None)
            refused = await run.ask(Action.RESUME, budget_usd=0.04)
            assert (refused.state, refused.changed) == (RequestState.REFUSED, False)
            answer = await run.ask(Action.RESUME, budget_usd=0.05)
            assert answer.changed
            await run.until(lambda session: session.paused is not None or session.status is Status.COMPLETE)
            root = await run.until(lambda session: session.paused is not None)
            assert root.paused is not None
            assert root.paused.cause == "$0.06 of $0.05 are spent"
            assert (await run.ask(Action.RESUME, budget_tokens=10)).state is RequestState.REFUSED
            assert (await run.ask(Action.RESUME, budget_usd=1.0)).changed
            await run.until(lambda session: session.status is Status.COMPLETE)

    async def test_a_run_may_be_given_more_before_it_needs_it(self, bench: Bench) -> None:
        open_, begun = asyncio.Event(), asyncio.Event()

        async def waits(assignment: Assignment, desk: Desk) -> Outcome:
            begun.set()
            await open_.wait()
            return await spends(turn("Alpha"))(assignment, desk)

        bench.plays["Alpha"] = waits
        async with bench.running(limited(usd=0.01)) as run:
            await asyncio.wait_for(begun.wait(), MOST_SECONDS)
            answer = await run.ask(Action.RESUME, budget_usd=2.0)
            assert (answer.changed, answer.state) == (True, RequestState.SETTLED)
            again = await run.ask(Action.RESUME, budget_usd=2.0)
            assert (again.changed, again.reason) == (False, "it is not paused")
            open_.set()
            await run.until(lambda session: session.status is Status.COMPLETE)
        assert await of_kind(bench, e.RunPaused) == []

    async def test_who_spends_the_last_of_it_on_the_last_turn_ends_like_any_other(self, bench: Bench) -> None:
        bench.plays[REVIEW] = spends(turn("review"))
        assert await bench.run(limited(usd=0.08)) == 0
        assert await of_kind(bench, e.RunPaused) == []

    async def test_a_turn_of_an_agent_that_revises_is_looked_at_too(self, bench: Bench) -> None:
        """Its document does not pass; mending it would cost another turn."""

        async def sketch(assignment: Assignment, desk: Desk) -> Outcome:
            path = assignment.workspace / assignment.target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("# Alpha\n")
            await desk.spent(turn(None))
            return Outcome(ok=True)

        bench.components, bench.plays["Alpha"] = ("Alpha",), sketch
        assert await bench.run(limited(usd=0.02)) == 6
        assert len(bench.seen) == 1
        assert (await children(bench))["Alpha"].step == "ValidateDesign"

    async def test_what_was_spent_before_a_restart_counts(self, bench: Bench) -> None:
        begun = asyncio.Event()

        async def stays(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.spent(turn("Beta"))
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        bench.plays["Beta"] = stays
        async with bench.running(limited(usd=0.03)):
            await asyncio.wait_for(begun.wait(), MOST_SECONDS)
        bench.plays["Beta"] = write_least
        assert await bench.run() == 6
        assert [assignment.component.name for assignment in bench.seen] == ["Alpha", "Beta"]
        assert (await children(bench))["Beta"].phase is Phase.INTERRUPTED
        assert (await paused(bench))[0]["cause"] == "$0.04 of $0.03 are spent"

    async def test_one_budget_holds_for_all_runs_of_a_call(self, bench: Bench) -> None:
        bench.extra += STORE
        bench.write_manifest()
        project = load_project(bench.root, bench.registry)
        async with bench.engine() as engine:
            begun = await engine.begin("design", find_contexts(project, ("Shop", "Store")), limited(usd=0.03))
            left = await asyncio.wait_for(engine.until_left(), MOST_SECONDS)
        assert (left.exit_code, len(begun)) == (6, 2)
        assert len(bench.seen) == 2
        causes = {entry["name"]: entry["cause"] for entry in await paused(bench)}
        assert causes["Shop"] == "$0.04 of $0.03 are spent"
        assert {event.budget.id for event in await of_kind(bench, e.BudgetSet)} == {  # type: ignore[attr-defined]
            (await of_kind(bench, e.BudgetSet))[0].budget.id  # type: ignore[attr-defined]
        }

    async def test_what_runs_were_given_one_by_one_is_raised_by_what_each_has_spent(self, bench: Bench) -> None:
        bench.extra += STORE
        assert await called(bench, ("Shop",), limited(usd=0.03)) == 6
        assert await called(bench, ("Store",), limited(usd=0.01)) == 6
        manifest = bench.root / "covey.toml"
        manifest.write_text(manifest.read_text().replace("max_sessions", "budget_usd = 0.05\nmax_sessions"))
        assert await called(bench, ("Shop", "Store")) == 6
        assert {assignment.component.name for assignment in bench.seen} == {*NAMES, "Delta"}
        assert {entry["name"]: entry["cause"] for entry in await paused(bench)} == {"Shop": "$0.06 of $0.05 are spent"}

    async def test_an_order_of_another_program_brings_its_budget_along(self, bench: Bench) -> None:
        order = run_order("design", ("shop",), budget_usd=0.5, budget_tokens=9, by="ada")
        async with bench.engine() as engine:
            await engine.runs.begin_ordered(order)
            engine.stop("the test is over")
            await engine.until_left()
        (given,) = await of_kind(bench, e.BudgetSet)
        assert isinstance(given, e.BudgetSet)
        assert (given.budget.usd, given.budget.tokens, given.by) == (0.5, 9, "ada")

    async def test_the_budget_of_the_manifest_holds_and_more_of_it_lets_an_adopted_run_go_on(
        self, bench: Bench
    ) -> None:
        bench.extra = RUN.replace("max", "budget_usd = 0.03\nmax") + PRICES
        assert await bench.run() == 6
        assert await bench.run() == 6
        manifest = bench.root / "covey.toml"
        manifest.write_text(manifest.read_text().replace("0.03", "0.04"))
        assert await bench.run() == 6
        manifest.write_text(manifest.read_text().replace("0.04", "0.5"))
        assert await bench.run() == 0
        assert len(await of_kind(bench, e.RunPaused)) == 1

    async def test_running_again_gives_nothing_back(self, bench: Bench) -> None:
        assert await bench.run(limited(usd=0.03)) == 6
        with pytest.raises(UsageError, match=r"Shop: \$0\.04 of \$0\.04 are spent already; name more than that"):
            await bench.run(limited(usd=0.04))
        assert await bench.run(limited(usd=0.1)) == 0

    async def test_an_agent_between_two_turns_waits_for_more_and_goes_on_where_it_was(self, bench: Bench) -> None:
        """Its slot is given back meanwhile; nothing is paid for twice."""
        bench.components = ("Alpha",)
        bench.plays["Alpha"] = spends(turn("1"), turn("2"), turn("3"))
        async with bench.running(limited(usd=0.03)) as run:
            await run.until(lambda session: session.phase is Phase.QUEUED and bool(session.usage), "Alpha")
            assert (await run.ask(Action.RESUME, budget_usd=1.0)).changed
            await run.until(lambda session: session.status is Status.COMPLETE)
        assert len(bench.seen) == 1
        recorded = await of_kind(bench, e.UsageRecorded)
        assert [event.request_id for event in recorded] == ["1", "2", "3"]  # type: ignore[attr-defined]

    async def test_the_engine_leaves_when_all_that_works_waits_for_money(self, bench: Bench) -> None:
        bench.plays["Alpha"] = spends(turn("1"), turn("2"), turn("3"))
        assert await bench.run(limited(usd=0.03)) == 6
        assert (await children(bench))["Alpha"].usage == {"input": 2_000, "output": 200}
        assert len(await of_kind(bench, e.RunPaused)) == 1


class TestAccounts:
    """What a run has spent is read once, and nobody decides on a part of it."""

    async def test_who_asks_while_it_is_being_read_is_told_all_of_it(self, bench: Bench) -> None:
        assert await bench.run(limited(usd=0.03)) == 6
        root = (await bench.tree()).roots()[0]
        async with bench.engine() as engine:
            account = engine.runtime.holds.budgets.account
            accounts = await asyncio.gather(account(root.id), account(root.id))
        assert [each.spent.usd for each in accounts] == [pytest.approx(0.04)] * 2

    async def test_what_was_not_read_to_its_end_is_read_again(self, bench: Bench) -> None:
        assert await bench.run(limited(usd=0.03)) == 6
        root = (await bench.tree()).roots()[0]
        async with bench.engine() as engine:
            account = engine.runtime.holds.budgets.account
            await cancelled_at_once(account(root.id))
            assert (await account(root.id)).spent.usd == pytest.approx(0.04)


class TestOfSessions:
    """A session's own budget: it fails, the others go on."""

    @pytest.mark.parametrize("limit", ["session_budget_usd = 0.02", "session_budget_tokens = 1_100"])
    async def test_a_spent_budget_fails_the_session_before_its_next_turn(self, bench: Bench, limit: str) -> None:
        async def sketch(assignment: Assignment, desk: Desk) -> Outcome:
            path = assignment.workspace / assignment.target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("# Alpha\n")
            await desk.spent(turn(None))
            return Outcome(ok=True)

        bench.extra = RUN + limit + "\n" + PRICES
        bench.plays["Alpha"] = sketch
        assert await bench.run() == 6
        session = (await children(bench))["Alpha"]
        assert (session.status, session.failure_cause) == (Status.FAILED, FailureCause.BUDGET)
        name = limit.split(" ", maxsplit=1)[0]
        assert (session.error_message or "").endswith(f"raise {name} under [run] in covey.toml, then retry it")
        assert {(await children(bench))[name].status for name in ("Beta", "Gamma")} == {Status.COMPLETE}
        assert len(bench.seen) == 3

    async def test_it_is_looked_at_before_each_turn_of_an_agent_that_tells_of_them(self, bench: Bench) -> None:
        bench.extra = RUN + "session_budget_usd = 0.03\n" + PRICES
        bench.plays["Alpha"] = spends(turn("1"), turn("2"), turn("3"))
        assert await bench.run() == 6
        session = (await children(bench))["Alpha"]
        assert (session.failure_cause, session.usage["input"]) == (FailureCause.BUDGET, 2_000)

    async def test_a_retry_gives_nothing_back_and_is_refused_until_there_is_more(self, bench: Bench) -> None:
        async def fails(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.spent(turn("Alpha"))
            return Outcome(ok=False, message="no idea")

        bench.components, bench.plays["Alpha"] = ("Alpha",), fails
        bench.extra = RUN + "session_budget_usd = 0.02\n" + PRICES
        async with bench.running() as run:
            await run.until(lambda session: session.status is Status.FAILED, "Alpha")
            refused = await run.ask(Action.RETRY, "Alpha")
            assert refused.state is RequestState.REFUSED
            assert (refused.reason or "").startswith("its budget: $0.02 of $0.02 are spent; raise session_budget_usd")
            manifest = bench.root / "covey.toml"
            manifest.write_text(manifest.read_text().replace("0.02", "0.20"))
            bench.plays["Alpha"] = write_least
            assert (await run.ask(Action.RETRY, "Alpha")).changed
            await run.until(lambda session: session.status is Status.COMPLETE, "Alpha")


class TestWithoutPrice:
    """A budget in dollars that could not hold would be a lie."""

    @pytest.mark.parametrize(("extra", "options"), [("", limited(usd=1.0)), ("session_budget_usd = 1.0\n", limited())])
    async def test_a_model_without_a_price_is_refused_before_anything_starts(
        self, bench: Bench, extra: str, options: RunOptions
    ) -> None:
        bench.extra = f'{RUN}model = "home"\n{extra}{PRICES}'
        with pytest.raises(UsageError, match=r'no price is known for "home".*add \[prices\."home"\] to covey\.toml'):
            await bench.run(options)
        assert bench.seen == []

    async def test_a_run_that_has_spent_what_has_none_can_be_given_no_dollars(self, bench: Bench) -> None:
        bench.plays |= {"Alpha": spends(turn("Alpha", "home")), "Beta": fail}
        assert await bench.run(limited(tokens=100_000)) == 6
        with pytest.raises(UsageError, match=r'Shop: no price is known for "home".*or set a budget in tokens instead$'):
            await bench.run(limited(usd=1.0))

    async def test_tokens_need_no_price(self, bench: Bench) -> None:
        bench.extra = f'{RUN}model = "home"\n{PRICES}'
        assert await bench.run(limited(tokens=100_000)) == 0

    @pytest.mark.parametrize(("extra", "options"), [("", limited(usd=1.0)), ("session_budget_usd = 1.0\n", limited())])
    async def test_one_that_turns_up_later_pauses_the_run_until_it_has_a_price(
        self, bench: Bench, extra: str, options: RunOptions
    ) -> None:
        bench.extra = RUN + extra + PRICES
        bench.plays["Alpha"] = spends(turn("Alpha", "home"))
        async with bench.running(options) as run:
            root = await run.until(lambda session: session.paused is not None)
            assert root.paused is not None
            assert root.paused.kind is PauseKind.BUDGET
            assert root.paused.cause.startswith('no price is known for "home"')
            assert len(bench.seen) == 1
            assert (await run.ask(Action.RESUME)).state is RequestState.REFUSED
            manifest = bench.root / "covey.toml"
            manifest.write_text(manifest.read_text() + '\n[prices."home"]\ninput = 1\noutput = 1\n')
            assert (await run.ask(Action.RESUME)).changed
            await run.until(lambda session: session.status is Status.COMPLETE)
        assert (await children(bench))["Alpha"].cost_usd is None
