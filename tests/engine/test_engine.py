"""The engine end to end, in this process, over real files and a real database (semantics, sections 3, 8 and 9)."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.requests import Wish, request_control
from covey.engine.runs import RunOptions
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.session import Session, about, file_is_missing
from covey.model.status import FailureCause, Phase, Status
from covey.steps.finalize import FinalizeParent
from covey.steps.spawn import DESIGN, SpawnStep
from covey.steps.spawn_review import SpawnReviewSession
from covey.store.base import Operation
from covey.testing.agents import write_least
from covey.testing.faults import FaultyStore
from covey.workflows.registry import CONTEXT_COMPONENTS_DESIGN, WORKFLOWS

from .conftest import REVIEW, Bench, fail

REVIEW_STEP = SpawnReviewSession.name


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


class Gate:
    """Plays that begin and then wait until the test lets them go on."""

    def __init__(self, wanted: int = 1) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.count = 0
        self.most = 0
        self._now = 0
        self._wanted = wanted

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        self.count += 1
        self._now += 1
        self.most = max(self.most, self._now)
        if self.count >= self._wanted:
            self.begun.set()
        try:
            await self.open.wait()
        finally:
            self._now -= 1
        return await write_least(assignment, desk)


class TestRun:
    """A run from its start to its end."""

    async def test_all_complete(self, bench: Bench) -> None:
        assert await bench.run() == 0
        tree = await bench.tree()
        assert {s.status for s in tree.sessions.values()} == {Status.COMPLETE}
        assert all(bench.document(name).exists() for name in bench.components)

    async def test_second_run_has_nothing_to_do(self, bench: Bench) -> None:
        await bench.run()
        assert await bench.run() == 4
        assert len((await bench.tree()).roots()) == 1

    async def test_redoes_only_what_is_missing(self, bench: Bench) -> None:
        await bench.run()
        bench.document("Beta").unlink()
        bench.seen.clear()
        assert await bench.run() == 0
        assert [a.component.name for a in bench.seen] == ["Beta"]
        tree = await bench.tree()
        kept = {child.component: child.kept for child in tree.children(tree.roots()[1].id)}
        assert kept == {"Alpha": True, "Beta": False, "Gamma": True, REVIEW: False}

    async def test_children_start_concurrently(self, bench: Bench) -> None:
        gate = Gate(wanted=3)
        bench.plays = dict.fromkeys(bench.components, gate.play)
        async with bench.running() as run:
            await asyncio.wait_for(gate.begun.wait(), 20)
            gate.open.set()
            await run.until(complete)
        assert gate.most == 3

    async def test_no_more_at_once_than_there_are_slots(self, bench: Bench) -> None:
        gate = Gate(wanted=2)
        bench.components = tuple(f"C{i}" for i in range(6))
        bench.plays = dict.fromkeys(bench.components, gate.play)
        async with bench.running(RunOptions(max_sessions=2)) as run:
            await asyncio.wait_for(gate.begun.wait(), 20)
            gate.open.set()
            await run.until(complete)
        assert (gate.most, gate.count) == (2, 6)

    async def test_parent_judges_once_after_the_last_child(self, bench: Bench) -> None:
        await bench.run()
        events = await bench.events()
        spawned = [n for n, ev in enumerate(events) if isinstance(ev, e.ResultRecorded) and ev.step == DESIGN.step]
        judged = [n for n, ev in enumerate(events) if isinstance(ev, e.ResultRecorded) and ev.step == REVIEW_STEP]
        ended = [n for n, ev in enumerate(events) if isinstance(ev, e.SessionCompleted) and ev.session_id != ev.run_id]
        assert (len(spawned), len(judged), len(ended)) == (1, 1, 4)
        assert ended[2] < spawned[0] < ended[3] < judged[0]

    async def test_priority_comes_first(self, bench: Bench) -> None:
        bench.write_manifest()
        text = (bench.root / "covey.toml").read_text()
        (bench.root / "covey.toml").write_text(text + "priority = 7\n")  # the last one, Gamma
        assert await bench.run(RunOptions(max_sessions=1)) == 0
        assert [a.component.name for a in bench.seen] == ["Gamma", "Alpha", "Beta"]

    async def test_a_thousand_components(self, bench: Bench) -> None:
        bench.components = tuple(f"C{i:04}" for i in range(1000))
        async with bench.running(RunOptions(max_sessions=256), stay=False) as run:
            assert (await asyncio.wait_for(asyncio.shield(run.left), 300)).exit_code == 0
        tree = await bench.tree()
        assert tree.counts(tree.roots()[0].id)["complete"] == 1001  # the review among them


class TestNeedsHuman:
    """What a person must decide, and what happens once they do."""

    async def test_failed_child_blocks_and_exits_six(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        tree = await bench.tree()
        root = tree.roots()[0]
        assert root.error_message == "Child sessions failed: Beta (reason: no idea)"
        assert tree.children(root.id)[1].failure_cause is FailureCause.AGENT_ERROR

    async def test_retry_runs_only_that_child_and_the_parent_goes_on(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            del bench.plays["Beta"]
            bench.seen.clear()
            answer = await run.ask(Action.RETRY, "Beta", note="be brave")
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            await run.until(complete)
        assert [(a.component.name, a.attempt, a.note, a.failure) for a in bench.seen] == [
            ("Beta", 2, "be brave", "no idea")
        ]
        assert (await run.left).exit_code == 0

    async def test_skip_lets_the_parent_go_on(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="not this time")
            await run.until(complete)
        assert (await run.left).exit_code == 3
        beta = child_of(await bench.tree(), "Beta")
        assert (beta.status, beta.skip_reason, beta.error_message) == (Status.SKIPPED, "not this time", "no idea")

    async def test_retry_while_siblings_run(self, bench: Bench) -> None:
        gate = Gate()
        bench.plays = {"Alpha": gate.play, "Beta": fail}
        async with bench.running() as run:
            await gate.begun.wait()
            await run.until(lambda s: s.status is Status.FAILED, "Beta")
            del bench.plays["Beta"]
            await run.ask(Action.RETRY, "Beta")
            await run.until(complete, "Beta")
            assert (await run.child("Alpha")).status is Status.ACTIVE
            gate.open.set()
            await run.until(complete)

    async def test_cancel_cascades_and_late_results_change_nothing(self, bench: Bench) -> None:
        gate = Gate(wanted=3)
        bench.plays = dict.fromkeys(bench.components, gate.play)
        async with bench.running() as run:
            await gate.begun.wait()
            answer = await run.ask(Action.CANCEL)
            assert answer.changed
            left = await asyncio.wait_for(asyncio.shield(run.left), 20)
        assert left.exit_code == 1
        tree = await bench.tree()
        assert {s.status for s in tree.sessions.values()} == {Status.CANCELLED}
        assert {s.phase for s in tree.sessions.values()} == {None}
        late = [ev for ev in await bench.events() if isinstance(ev, e.ResultRecorded) and ev.late]
        assert len(late) == 4
        assert not any(bench.document(name).exists() for name in bench.components)

    async def test_a_cancelled_run_is_retried_with_the_children_of_that_decision(self, bench: Bench) -> None:
        gate = Gate(wanted=3)
        bench.plays = dict.fromkeys(bench.components, gate.play)
        async with bench.running() as run:
            await gate.begun.wait()
            await run.ask(Action.CANCEL, "Beta")
            await run.until(lambda s: s.status is Status.CANCELLED and s.phase is None, "Beta")
            await run.ask(Action.CANCEL)
            bench.plays.clear()
            await run.ask(Action.RETRY)
            await run.until(blocked)
            statuses = [(await run.child(name)).status for name in bench.components]
        assert statuses == [Status.COMPLETE, Status.CANCELLED, Status.COMPLETE]

    async def test_restart_of_a_running_child(self, bench: Bench) -> None:
        gate = Gate()
        bench.plays = {"Alpha": gate.play}
        async with bench.running() as run:
            await gate.begun.wait()
            del bench.plays["Alpha"]
            await run.ask(Action.RETRY, "Alpha")
            await run.until(complete)
            assert (await run.child("Alpha")).attempt == 2

    async def test_doubled_requests_change_nothing(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.plays["Beta"] = (gate := Gate()).play
            first, second = await asyncio.gather(run.ask(Action.RETRY, "Beta"), run.ask(Action.RETRY, "Beta"))
            assert sorted((first.changed, second.changed)) == [False, True]
            assert {first.state, second.state} == {RequestState.SETTLED}
            gate.open.set()
            await run.until(complete)
            assert (await run.child("Beta")).attempt == 2

    async def test_a_request_is_decided_once_however_many_look_at_the_inbox(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.plays["Beta"] = (gate := Gate()).play
            answered = asyncio.Event()

            async def look_on() -> None:
                while not answered.is_set():
                    await run.engine._controls.drain()

            async with asyncio.TaskGroup() as tasks:
                for _ in range(5):
                    tasks.create_task(look_on())
                answer = await run.ask(Action.RETRY, "Beta")
                answered.set()
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            gate.open.set()
            await run.until(complete)
        settled = [event for event in await bench.events() if isinstance(event, e.ControlSettled)]
        assert len(settled) == 1

    async def test_a_stale_request_is_refused_with_what_changed(self, bench: Bench) -> None:
        bench.plays = {"Beta": fail, "Gamma": fail}
        async with bench.running() as run:
            await run.until(blocked)
            seen = await run.child("Beta")
            await run.ask(Action.SKIP, "Beta", reason="no")
            late = (await request_control(run.viewer, bench.root, [seen], Wish(action=Action.RETRY), wait_seconds=20))[
                0
            ]
            assert (late.state, late.changed) == (RequestState.REFUSED, False)
            assert "attempt 1 was failed, now attempt 1 is skipped" in (late.reason or "")

    async def test_a_manifest_that_was_broken_meanwhile_refuses_the_retry(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            (bench.root / "covey.toml").write_text("[run]\nagnet = 1\n")
            answer = await run.ask(Action.RETRY, "Beta")
            assert answer.state is RequestState.REFUSED
            assert "covey.toml:2" in (answer.reason or "")


class TestFiles:
    """The file decides."""

    async def test_agent_that_ends_well_without_its_file(self, bench: Bench) -> None:
        async def lie(assignment: Assignment, desk: Desk) -> Outcome:
            return Outcome(ok=True)

        bench.plays["Beta"] = lie
        assert await bench.run() == 6
        beta = child_of(await bench.tree(), "Beta")
        assert beta.failure_cause is FailureCause.MISSING_FILE
        assert "docs/design/shop/beta.md" in (beta.error_message or "")

    async def test_a_file_that_vanishes_is_reported_and_its_return_lets_the_run_go_on(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            text = bench.document("Alpha").read_text()
            bench.document("Alpha").unlink()
            await run.until(file_is_missing, "Alpha")
            await run.until(lambda s: "Design files missing: docs/design/shop/alpha.md" in (s.error_message or ""))
            await run.ask(Action.SKIP, "Beta", reason="no")
            await run.until(lambda s: blocked(s) and "failed" not in (s.error_message or ""))
            bench.document("Alpha").write_text(text)
            await run.until(complete)

    async def test_a_complete_child_without_its_file_can_be_retried(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.document("Alpha").unlink()
            await run.until(file_is_missing, "Alpha")
            bench.seen.clear()
            await run.ask(Action.RETRY, "Alpha")
            await run.until(lambda s: complete(s) and s.attempt == 2, "Alpha")
            assert bench.seen[0].missing == ("docs/design/shop/alpha.md",)

    async def test_a_whole_directory_may_go_and_come_back(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            (bench.root / "docs").rename(bench.root / "elsewhere")
            await run.until(file_is_missing, "Alpha")
            (bench.root / "elsewhere").rename(bench.root / "docs")
            await run.until(complete, "Alpha")
            await run.until(lambda s: not file_is_missing(s), "Alpha")

    async def test_a_document_that_a_person_has_written_is_kept(self, bench: Bench) -> None:
        bench.document("Alpha").parent.mkdir(parents=True)
        mine = "# Alpha\n\n## Purpose\n\nMine.\n\n## Public API\n\nMine.\n\n## Dependencies\n\nNone.\n"
        bench.document("Alpha").write_text(mine)
        assert await bench.run() == 0
        assert bench.document("Alpha").read_text() == mine
        assert {a.component.name for a in bench.seen} == {"Beta", "Gamma"}

    async def test_overwrite_moves_the_old_document_aside(self, bench: Bench) -> None:
        await bench.run()
        bench.document("Alpha").write_text(bench.document("Alpha").read_text() + "\nmine\n")
        bench.seen.clear()
        assert await bench.run(RunOptions(overwrite=True)) == 0
        assert len(bench.seen) == 3
        aside = list((bench.root / ".covey" / "replaced").rglob("alpha.md"))
        assert [path.read_text().endswith("mine\n") for path in aside] == [True]

    async def test_overwrite_is_refused_on_an_unfinished_run(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        await bench.run()
        with pytest.raises(UsageError, match="unfinished run"):
            await bench.run(RunOptions(overwrite=True))

    async def test_revisions_are_limited(self, bench: Bench) -> None:
        async def half(assignment: Assignment, desk: Desk) -> Outcome:
            target = assignment.workspace / assignment.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("# Beta\n\n## Purpose\n\nHalf of it.\n")
            return Outcome(ok=True)

        bench.plays["Beta"] = half
        bench.extra = '[run]\nagent = "scripted"\nmax_revisions = 2\n'
        assert await bench.run() == 6
        assert [a.step for a in bench.seen if a.component.name == "Beta"] == [
            "GenerateComponentDesign",
            "ReviseDesign",
            "ReviseDesign",
        ]
        beta = child_of(await bench.tree(), "Beta")
        assert beta.failure_cause is FailureCause.CHECK_FAILED
        assert "Public API" in (beta.error_message or "")


def take_over(root: Path) -> None:
    """Make the database look as if another engine had taken it over."""
    with contextlib.closing(sqlite3.connect(root / ".covey" / "covey.db", isolation_level=None)) as other:
        other.execute("UPDATE engine SET epoch = epoch + 1")


class TestTroubles:
    """Errors of agents, of the store and of the machine."""

    async def test_an_agent_that_raises_fails_its_session_alone(self, bench: Bench) -> None:
        async def burst(assignment: Assignment, desk: Desk) -> Outcome:
            raise ZeroDivisionError("a bug")

        bench.plays["Beta"] = burst
        assert await bench.run() == 6
        tree = await bench.tree()
        beta = child_of(tree, "Beta")
        assert (beta.failure_cause, beta.error_message) == (FailureCause.CRASH, "ZeroDivisionError: a bug")
        assert beta.pending is None
        assert child_of(tree, "Gamma").status is Status.COMPLETE

    async def test_sessions_that_could_not_be_created_are_topped_up(self, bench: Bench) -> None:
        faults: list[FaultyStore] = []
        refused = {"Beta": "no room"}

        def spawn(tools):  # noqa: ANN001, ANN202
            faults.append(FaultyStore(tools.store, refused))
            return SpawnStep(replace(tools, store=faults[-1]), DESIGN)

        parent = replace(CONTEXT_COMPONENTS_DESIGN, steps={**CONTEXT_COMPONENTS_DESIGN.steps, DESIGN.step: spawn})
        bench.workflows = {**WORKFLOWS, parent.name: parent}
        async with bench.running() as run:
            root = await run.until(blocked)
            assert root.error_message == "Child sessions not created: Beta (reason: no room)"
            refused.clear()
            assert (await run.ask(Action.RETRY)).changed
            await run.until(complete)
            assert (await run.child("Beta")).status is Status.COMPLETE
            assert (await run.root()).attempt == 1

    async def test_stop_leaves_a_run_that_can_be_adopted(self, bench: Bench) -> None:
        gate = Gate(wanted=3)
        bench.plays = dict.fromkeys(bench.components, gate.play)
        async with bench.running() as run:
            await gate.begun.wait()
            run.engine.stop("the test says so")
            left = await run.left
        assert left.exit_code == 130
        tree = await bench.tree()
        assert {s.status for s in tree.sessions.values()} == {Status.ACTIVE}
        assert {s.phase for s in tree.sessions.values()} == {Phase.INTERRUPTED}
        ids = set(tree.sessions)
        bench.plays.clear()
        assert await bench.run() == 0
        after = (await bench.tree()).sessions
        assert {after[key].component for key in set(after) - ids} == {REVIEW}
        assert ids <= set(after)

    async def test_adoption_with_another_agent(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        bench.extra = '[run]\nagent = "scripted"\n[agents.other]\nkind = "scripted"\n'
        await bench.run()
        async with bench.running(RunOptions(agent="other")) as run:
            bench.plays.clear()
            await run.until(blocked)
            await run.ask(Action.RETRY, "Beta")
            await run.until(complete)
            assert (await run.child("Beta")).agent == "other"
            assert (await run.child("Alpha")).agent == "scripted"

    async def test_a_project_root_that_vanishes_ends_the_engine(self, bench: Bench, tmp_path: Path) -> None:
        gate = Gate()
        bench.root = tmp_path / "project"
        bench.root.mkdir()
        bench.plays = {"Alpha": gate.play}
        async with bench.running() as run:
            await gate.begun.wait()
            bench.root.rename(tmp_path / "gone")
            left = await asyncio.wait_for(asyncio.shield(run.left), 20)
        assert left.exit_code == 130
        assert "is gone" in (left.reason or "")
        assert not bench.root.exists()

    async def test_a_database_that_cannot_be_written_ends_the_engine(self, bench: Bench) -> None:
        gate = Gate()
        bench.plays = {"Alpha": gate.play}
        async with bench.running() as run:
            await gate.begun.wait()
            await asyncio.to_thread(take_over, bench.root)
            gate.open.set()
            left = await asyncio.wait_for(asyncio.shield(run.left), 20)
        assert left.exit_code == 130
        assert "another engine" in (left.reason or "")

    async def test_an_unusable_agent_is_refused_before_anything_starts(self, bench: Bench) -> None:
        bench.extra = '[run]\nagent = "mine"\n[agents.mine]\nkind = "command"\ncommand = ["no-such-program-at-all"]\n'
        with pytest.raises(UsageError, match="no-such-program-at-all"):
            await bench.run()
        assert (await bench.tree()).roots() == []

    async def test_a_context_without_components_is_refused(self, bench: Bench) -> None:
        bench.components = ()
        with pytest.raises(UsageError, match="no components in Shop"):
            await bench.run()


def child_of(tree, name: str) -> Session:  # noqa: ANN001
    return next(s for s in tree.sessions.values() if s.component == name and s.session_id is not None)


class TestParentThatHasPassedItsSpawnStep:
    """A request that lands between the verdict and the parent's end."""

    async def test_goes_back_for_a_child_that_was_retried(self, bench: Bench) -> None:
        """The retry is decided in the very transaction window between the spawn step's ok and Finalize's result."""
        retried: list[str] = []

        class Late(FinalizeParent):
            async def get_command(self, scope, session):  # noqa: ANN001, ANN202
                if not retried:
                    child = (await self._tools.store.family(scope, session.id))[1]
                    retried.append(child.id)
                    event = e.SessionRetried(
                        at=self._tools.clock.now(),
                        **{**about(child), "attempt": 2},
                        agent=child.agent,
                        decision_id="d",
                        by="a person",
                    )
                    await self._tools.store.append(Operation(events=(event,)))
                return await super().get_command(scope, session)

        async def at_the_second_attempt(assignment: Assignment, desk: Desk) -> Outcome:
            return (
                Outcome(ok=False, message="not at first")
                if assignment.attempt == 1
                else await write_least(assignment, desk)
            )

        bench.plays["Alpha"] = at_the_second_attempt
        parent = replace(CONTEXT_COMPONENTS_DESIGN, steps={**CONTEXT_COMPONENTS_DESIGN.steps, "Finalize": Late})
        bench.workflows = {**WORKFLOWS, parent.name: parent}
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Alpha", reason="later")
            await run.until(complete)
        assert (await run.left).exit_code == 0
        assert child_of(await bench.tree(), "Alpha").status is Status.COMPLETE
