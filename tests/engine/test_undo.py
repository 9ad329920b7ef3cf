"""Undo in an engine at work: rows, runs and agents come back to where they were (semantics, section 8)."""

import asyncio

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.decisions import happenings, newest
from covey.client.requests import Answer, Wish, request_control
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.session import Session, is_terminal
from covey.model.status import FailureCause, Phase, Status
from covey.store.sqlite import open_viewer
from covey.testing.agents import write_least

from .conftest import MOST_SECONDS, REVIEW, Bench, Run, fail
from .test_pausing import left


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


class Holding:
    """Plays that go on when the test lets them, and end when it does; `at_work` once so many have begun."""

    def __init__(self, wanted: int = 1) -> None:
        self._wanted = wanted
        self.begun: list[str] = []
        self.working: set[str] = set()
        self.at_work = asyncio.Event()
        self.open = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        name = assignment.component.name
        assert name not in self.working, "two attempts at once"
        self.begun.append(name)
        self.working.add(name)
        if len(self.begun) >= self._wanted:
            self.at_work.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            await self.may_end.wait()
            raise
        finally:
            self.working.discard(name)
        return await write_least(assignment, desk)


def both_held(bench: Bench) -> Holding:
    """Alpha and Beta are held at work, and at their end."""
    holding = Holding(wanted=2)
    holding.may_end.clear()
    bench.plays = dict.fromkeys(("Alpha", "Beta"), holding.play)
    return holding


async def undo(run: Run) -> Answer:
    return await run.ask(Action.UNDO)


class TestSkip:
    async def test_the_failure_is_back_and_the_parent_blocked_again(self, bench: Bench) -> None:
        bench.plays = {"Alpha": fail, "Beta": fail}
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="not needed")
            await run.until(lambda root: blocked(root) and "Beta" not in (root.error_message or ""))
            answer = await undo(run)
            assert (answer.session_id, answer.state) == (run.run_id, RequestState.SETTLED)
            assert (answer.changed, answer.reason) == (True, "skip of Beta")
            root = await run.until(lambda root: blocked(root) and "Beta" in (root.error_message or ""))
            beta = await run.child("Beta")
            assert (beta.status, beta.failure_cause, beta.attempt) == (Status.FAILED, FailureCause.AGENT_ERROR, 1)
            assert (beta.error_message, beta.skip_reason) == ("no idea", None)
            assert [fact["component"] for fact in (root.needs_human or {})["failed"]] == ["Alpha", "Beta"]

    async def test_refused_once_the_parent_has_gone_on(self, bench: Bench) -> None:
        holding = Holding()
        bench.plays = {"Beta": fail, REVIEW: holding.play}
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta")
            await holding.at_work.wait()
            answer = await undo(run)
            assert answer.state is RequestState.REFUSED
            assert answer.reason == "cannot undo the skip of Beta: Shop is already at SpawnReviewSession"
            assert (await run.child("Beta")).status is Status.SKIPPED
            holding.open.set()
            await run.until(complete)


class TestCancel:
    async def test_the_run_goes_on_where_it_was(self, bench: Bench) -> None:
        holding = both_held(bench)
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.until(complete, "Gamma")
            assert (await run.ask(Action.CANCEL)).changed
            assert (await run.root()).status is Status.CANCELLED
            assert (await undo(run)).reason == "cancel of Shop and what is under it"
            holding.open.set()
            holding.may_end.set()
            root = await run.until(complete)
            assert root.attempt == 2
            attempts = {name: (await run.child(name)).attempt for name in bench.components}
            assert attempts == {"Alpha": 2, "Beta": 2, "Gamma": 1}
        steps = [ev.step for ev in await bench.events() if isinstance(ev, e.CommandIssued) and ev.attempt == 2]
        assert steps.count("Initialize") == 0
        finished = [ev for ev in await bench.events() if isinstance(ev, e.RunFinished)]
        assert [ev.exit_code for ev in finished] == [1, 0]

    async def test_a_run_that_was_paused_stays_paused_until_it_is_resumed(self, bench: Bench) -> None:
        holding = both_held(bench)
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.until(complete, "Gamma")
            await run.ask(Action.PAUSE)
            await run.ask(Action.CANCEL)
            assert (await undo(run)).changed
            holding.may_end.set()
            assert (await run.ask(Action.PAUSE)).changed is False
        async with bench.running(stay=False) as run:
            code, reason = await left(run)
        assert (code, sorted(holding.begun)) == (6, ["Alpha", "Beta"])
        assert reason is not None
        assert reason.endswith("; covey resume goes on")
        holding.open.set()
        async with bench.running() as run:
            await run.ask(Action.RESUME)
            await run.until(complete)
        assert sorted(holding.begun) == ["Alpha", "Alpha", "Beta", "Beta"]

    async def test_the_new_attempt_waits_until_the_old_work_has_ended(self, bench: Bench) -> None:
        holding = Holding()
        holding.may_end.clear()
        bench.plays["Beta"] = holding.play
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.ask(Action.CANCEL, "Beta")
            assert (await run.child("Beta")).phase is Phase.CANCELLING
            assert (await undo(run)).changed
            again = await run.child("Beta")
            assert (again.attempt, again.phase) == (2, Phase.QUEUED)
            assert holding.begun == ["Beta"]
            holding.open.set()
            holding.may_end.set()
            await run.until(complete)
            assert holding.begun == ["Beta", "Beta"]

    async def test_of_a_child_of_a_blocked_parent(self, bench: Bench) -> None:
        bench.plays["Alpha"] = fail
        holding = Holding()
        bench.plays["Beta"] = holding.play
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.until(is_terminal, "Alpha")
            await run.ask(Action.CANCEL, "Beta")
            await run.until(blocked)
            assert (await undo(run)).changed
            holding.open.set()
            await run.until(complete, "Beta")
            root = await run.until(blocked)
            assert root.error_message == "Child sessions failed: Alpha (reason: no idea)"


class TestRetry:
    async def test_undone_while_it_waits_for_a_slot_and_asked_for_once_more(self, bench: Bench) -> None:
        holding = Holding()
        bench.plays = {"Alpha": fail, "Beta": holding.play}
        async with bench.running(RunOptions(max_sessions=1)) as run:
            await holding.at_work.wait()
            await run.until(is_terminal, "Alpha")
            await run.ask(Action.RETRY, "Alpha", note="be brave")
            assert (await undo(run)).reason == "retry of Alpha"
            alpha = await run.child("Alpha")
            assert (alpha.status, alpha.attempt, alpha.note) == (Status.FAILED, 1, None)
            del bench.plays["Alpha"]
            assert (await run.ask(Action.RETRY, "Alpha")).changed
            assert (await run.child("Alpha")).attempt == 2
            holding.open.set()
            await run.until(complete)

    async def test_undone_and_asked_for_again_while_the_first_work_still_ends(self, bench: Bench) -> None:
        holding = Holding()
        holding.may_end.clear()
        bench.plays["Beta"] = holding.play
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.ask(Action.CANCEL, "Beta")
            await run.ask(Action.RETRY, "Beta")
            assert (await undo(run)).reason == "retry of Beta"
            assert (await run.child("Beta")).status is Status.CANCELLED
            assert (await run.ask(Action.RETRY, "Beta")).changed
            holding.open.set()
            holding.may_end.set()
            await run.until(complete)
            assert (await run.child("Beta")).attempt == 2
            assert holding.begun == ["Beta", "Beta"]

    async def test_refused_once_it_has_started(self, bench: Bench) -> None:
        holding = Holding()
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.plays["Beta"] = holding.play
            await run.ask(Action.RETRY, "Beta")
            await run.until(lambda beta: beta.phase is Phase.RUNNING, "Beta")
            answer = await undo(run)
            assert (answer.state, answer.changed) == (RequestState.REFUSED, False)
            assert answer.reason == "cannot undo the retry of Beta: Beta has started"
            holding.open.set()
            await run.until(complete)

    async def test_a_restart_is_undone_while_the_old_work_ends(self, bench: Bench) -> None:
        holding = Holding()
        holding.may_end.clear()
        bench.plays["Beta"] = holding.play
        async with bench.running() as run:
            await holding.at_work.wait()
            await run.ask(Action.RETRY, "Beta", note="anew")
            assert (await undo(run)).reason == "retry of Beta"
            again = await run.child("Beta")
            assert (again.attempt, again.note, again.state["resume_step"]) == (3, None, "GenerateComponentDesign")
            holding.open.set()
            holding.may_end.set()
            await run.until(complete)
        started = [ev.attempt for ev in await bench.events() if isinstance(ev, e.SessionStarted) and ev.attempt != 1]
        assert started == [3]


class TestOrder:
    async def test_twice_and_no_more(self, bench: Bench) -> None:
        bench.plays = dict.fromkeys(bench.components, fail)
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta")
            await run.ask(Action.SKIP, "Gamma")
            assert [(await undo(run)).reason, (await undo(run)).reason] == ["skip of Gamma", "skip of Beta"]
            nothing = await undo(run)
            assert (nothing.state, nothing.changed) == (RequestState.SETTLED, False)
            assert nothing.reason == "nothing is left to undo"
            await run.until(lambda root: blocked(root) and len((root.needs_human or {})["failed"]) == 3)

    async def test_a_bulk_decision_is_one_operation(self, bench: Bench) -> None:
        bench.plays = {"Alpha": fail, "Beta": fail, "Gamma": fail}
        async with bench.running() as run:
            await run.until(blocked)
            rows = [await run.child(name) for name in ("Alpha", "Beta")]
            await request_control(run.viewer, bench.root, rows, Wish(action=Action.SKIP), wait_seconds=MOST_SECONDS)
            assert (await undo(run)).reason == "skip of 2 sessions"
            await run.until(blocked)
        undone = [ev for ev in await bench.events() if isinstance(ev, e.DecisionUndone)]
        assert [(ev.status, ev.action) for ev in undone] == [(Status.FAILED, Action.SKIP)] * 2
        assert len({ev.decision_id for ev in undone}) == 1


class TestWithoutEngine:
    async def blocked_run(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6

    async def ask(self, bench: Bench, action: Action, name: str | None = None) -> Answer:
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            root = (await viewer.roots(viewer.scope))[0]
            run = await viewer.run(viewer.scope, root.id)
            session = next(each for each in run if each.component == name) if name else root
            return (await request_control(viewer, bench.root, [session], Wish(action=action), wait_seconds=0))[0]

    async def test_nothing_to_undo_is_settled_at_once(self, bench: Bench) -> None:
        await self.blocked_run(bench)
        answer = await self.ask(bench, Action.UNDO)
        assert (answer.state, answer.changed) == (RequestState.SETTLED, False)

    async def test_refused_by_the_same_rules(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta")
            await run.until(complete)
        answer = await self.ask(bench, Action.UNDO)
        assert answer.state is RequestState.REFUSED
        assert answer.reason == "cannot undo the skip of Beta: Shop is already complete"

    async def test_a_request_that_waits_can_be_taken_back_before_anybody_takes_it(self, bench: Bench) -> None:
        await self.blocked_run(bench)
        assert (await self.ask(bench, Action.RETRY, "Beta")).state is RequestState.QUEUED
        assert (await self.ask(bench, Action.UNDO)).state is RequestState.QUEUED
        bench.seen.clear()
        async with bench.running() as run:
            await run.until(blocked)
            assert (await run.child("Beta")).attempt == 1
        assert bench.seen == []

    async def test_a_cancelled_run_is_undone_by_the_next_engine(self, bench: Bench) -> None:
        await self.blocked_run(bench)
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.CANCEL)
        assert (await self.ask(bench, Action.UNDO)).state is RequestState.QUEUED
        async with bench.running() as run:
            root = await run.until(blocked)
            assert (root.attempt, root.status) == (2, Status.ACTIVE)
        assert len((await bench.tree()).roots()) == 1


class TestLog:
    async def test_what_people_decided_and_what_came_to_need_them(self, bench: Bench) -> None:
        bench.plays = dict.fromkeys(bench.components, fail)
        async with bench.running() as run:
            await run.until(blocked)
            rows = [await run.child(name) for name in ("Alpha", "Beta")]
            wish = Wish(action=Action.SKIP, reason="not needed")
            await request_control(run.viewer, bench.root, rows, wish, wait_seconds=MOST_SECONDS)
            await undo(run)
            lines = await newest(run.viewer)
            told = happenings(lines)
            assert sorted(name for each in told[:3] for name in each.names) == ["Alpha", "Beta", "Gamma"]
            assert [(each.what, each.names, each.why) for each in told[3:]] == [
                ("skip", ["Alpha", "Beta"], "not needed"),
                ("undo", ["Shop"], "skip of 2 sessions"),
            ]
            # The root looks again after each decision, and is blocked once more: that may be in the log by now or not.
            assert happenings(await newest(run.viewer, after=lines[-1].entry.seq)) == []
            assert await newest(run.viewer, before=lines[3].entry.seq) == lines[:3]
