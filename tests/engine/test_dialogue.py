"""What agents and humans say to each other through an engine: messages, questions, and pauses between two turns."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from covey.agents.base import Assignment, BudgetSpentError, Desk, Outcome, TurnUsage
from covey.client.requests import Wish, request_control
from covey.client.snapshot import attach
from covey.engine.runs import RunOptions
from covey.engine.runtime import Running
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.control import Action, RequestState
from covey.model.message import MESSAGE_BYTES, text_objection
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.testing.agents import Play, write_least
from tests.store.lives import outside

from .conftest import MOST_SECONDS, Bench, Run
from .talking import QUESTION, Asking, Talkative, Turning

ONE_SLOT = RunOptions(max_sessions=1)
_WRITTEN_AND_WAITING = (
    "SELECT (SELECT count(*) FROM conversations),"
    " (SELECT count(*) FROM sessions WHERE json_array_length(body, '$.messages') > 0)"
)


@pytest.fixture
def bench(tmp_path: Path) -> Talkative:
    return Talkative(tmp_path)


def asks(session: Session) -> bool:
    return session.phase is Phase.ASKING


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


async def told(bench: Bench, kind: type[e.Event]) -> list[e.Event]:
    return [event for event in await bench.events() if isinstance(event, kind)]


async def transcript(run: Run, name: str) -> str:
    rows = await run.viewer.transcript((await run.child(name)).id, 1)
    return "".join(row.text for row in rows)


@contextlib.asynccontextmanager
async def told_first(bench: Bench, play: Play) -> AsyncIterator[Run]:
    """A run in which Alpha is told something once it has begun, and before it plays."""
    begun, sent = asyncio.Event(), asyncio.Event()

    async def listens(assignment: Assignment, desk: Desk) -> Outcome:
        begun.set()
        await sent.wait()
        return await play(assignment, desk)

    bench.plays["Alpha"] = listens
    async with bench.running() as run:
        await asyncio.wait_for(begun.wait(), MOST_SECONDS)
        await run.ask(Action.MESSAGE, "Alpha", message="use cents")
        sent.set()
        yield run


class TestAbilities:
    """What an agent can do is on the session from the moment it starts."""

    async def test_they_are_recorded_as_a_session_starts(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            assert (await run.child("Alpha")).abilities == (Ability.TURNS, Ability.MESSAGES)
            assert (await run.root()).abilities == ()
            turning.end()


class TestMessages:
    """A message is taken once, and handed over once, before the agent's next turn."""

    async def test_it_is_handed_over_at_the_next_turn_once(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            first = await run.ask(Action.MESSAGE, "Alpha", message="use cents")
            await run.ask(Action.MESSAGE, "Alpha", message="and no floats")
            assert (first.state, first.changed) == (RequestState.SETTLED, True)
            turning.go_on()
            await turning.began()
            turning.go_on()
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
            said = await transcript(run, "Alpha")
        assert turning.heard == [(), ("use cents", "and no floats"), ()]
        assert said.count("use cents") == 1
        assert [event.message for event in await told(bench, e.MessageSent)] == ["use cents", "and no floats"]
        assert [len(event.message_ids) for event in await told(bench, e.MessageDelivered)] == [2]

    async def test_one_that_was_taken_and_not_handed_over_comes_with_the_next_engine(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            await run.ask(Action.MESSAGE, "Alpha", message="use cents")
        async with bench.running() as run:
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
            assert (await run.child("Alpha")).messages == ()
        assert turning.heard == [(), ("use cents",)]

    @pytest.mark.parametrize("error", [RuntimeError("gone"), BudgetSpentError("all is spent"), None])
    async def test_what_was_handed_to_work_that_never_returned_comes_with_the_next(
        self, bench: Bench, error: Exception | None
    ) -> None:
        """It died, it was held back by its budget, or its human ended it."""
        told = asyncio.Event()
        heard: list[tuple[str, ...]] = []

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            heard.append(await desk.before_turn())
            if len(heard) > 1:
                return await write_least(assignment, desk)
            told.set()
            if error is None:
                await asyncio.Event().wait()
            raise error or AssertionError

        async with told_first(bench, play) as run:
            await asyncio.wait_for(told.wait(), MOST_SECONDS)
            if error is None:
                assert (await run.ask(Action.CANCEL, "Alpha")).changed
            await run.until(lambda session: session.status is not Status.ACTIVE and session.pending is None, "Alpha")
            assert (await run.ask(Action.RETRY, "Alpha")).changed
            after = await run.until(complete, "Alpha")
        assert (heard, after.messages) == ([("use cents",)] * 2, ())

    async def test_what_an_agent_writes_down_is_kept_with_the_note_that_it_has_the_message(self, bench: Bench) -> None:
        """No engine that dies between the two says it twice, also while others write to the database."""
        seen: set[tuple[int, int]] = set()

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            (text,) = await desk.before_turn()
            with outside(bench.root) as database:
                database.execute("UPDATE components SET body = body || ' '")
                await desk.spent(TurnUsage(model="none", tokens={"input": 1}))
                written = asyncio.ensure_future(desk.conversation.append({"role": "user", "content": text}))
                while not written.done():
                    seen.add(database.execute(_WRITTEN_AND_WAITING).fetchone())
                    await asyncio.sleep(0)
                await written
                seen.add(database.execute(_WRITTEN_AND_WAITING).fetchone())
            return await write_least(assignment, desk)

        async with told_first(bench, play) as run:
            await run.until(complete, "Alpha")
        assert seen == {(0, 1), (1, 0)}


class TestQuestions:
    """An agent that asks waits, without a slot, until somebody has answered."""

    async def test_its_slot_is_for_others_and_the_answer_lets_it_go_on(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        async with bench.running(ONE_SLOT) as run:
            session = await run.until(asks, "Alpha")
            assert (session.question, session.status) == (QUESTION, Status.ACTIVE)
            await run.until(complete, "Gamma")
            answer = await run.ask(Action.MESSAGE, "Alpha", message="cents")
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            after = await run.until(complete, "Alpha")
            assert (after.question, after.messages) == (None, ())
            said = await transcript(run, "Alpha")
        assert asking.answers == ["cents"]
        assert (said.count(QUESTION), said.count(": cents")) == (1, 1)

    async def test_a_run_that_only_asks_is_left_and_the_answer_waits_for_the_next_engine(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        assert await bench.run() == 6
        tree = await bench.tree()
        child = tree.children(tree.roots()[0].id)[0]
        assert (child.phase, child.question) == (Phase.ASKING, QUESTION)
        assert await bench.run() == 6
        assert asking.began == 1
        await bench.leave(child.id, Action.MESSAGE, message="cents")
        assert await bench.run() == 0
        assert (asking.began, asking.answers) == (2, ["cents"])
        assert len(await told(bench, e.QuestionAsked)) == 1

    @pytest.mark.parametrize("action", [Action.CANCEL, Action.SKIP])
    async def test_a_decision_ends_the_wait(self, bench: Bench, action: Action) -> None:
        bench.plays["Alpha"] = Asking().play
        async with bench.running() as run:
            await run.until(asks, "Alpha")
            assert (await run.ask(action, "Alpha", reason="enough")).changed
            ended = await run.until(lambda session: session.phase is None, "Alpha")
            assert (ended.pending, ended.question) == (None, None)

    async def test_who_is_retried_while_it_waits_for_its_slot_keeps_its_place(self, bench: Bench) -> None:
        beta, is_ended, may_end = Turning(), asyncio.Event(), asyncio.Event()

        async def ends_slowly(assignment: Assignment, desk: Desk) -> Outcome:
            if assignment.attempt > 1:
                return await write_least(assignment, desk)
            try:
                await desk.ask(QUESTION)
            finally:
                is_ended.set()
                await may_end.wait()
            return Outcome(ok=False)

        bench.plays |= {"Alpha": ends_slowly, "Beta": beta.play}
        async with bench.running(ONE_SLOT) as run:
            await run.until(asks, "Alpha")
            await beta.began()
            await run.ask(Action.MESSAGE, "Alpha", message="cents")
            await run.ask(Action.RETRY, "Alpha")
            await asyncio.wait_for(is_ended.wait(), MOST_SECONDS)
            work_of_beta = run.engine.runtime._works[Running((await run.child("Beta")).id, 1)].task
            assert work_of_beta is not None
            beta.end()
            await asyncio.wait_for(asyncio.shield(work_of_beta), MOST_SECONDS)
            may_end.set()
            await run.until(complete)
        assert [each.component.name for each in bench.seen] == ["Alpha", "Beta", "Alpha", "Gamma"]

    async def test_a_restart_asks_anew(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        async with bench.running() as run:
            first = await run.until(asks, "Alpha")
            assert (await run.ask(Action.RETRY, "Alpha")).changed
            again = await run.until(lambda session: asks(session) and session.attempt == 2, "Alpha")
            assert again.question_id != first.question_id
            await run.ask(Action.MESSAGE, "Alpha", message="cents")
            await run.until(complete, "Alpha")
        assert (asking.began, asking.answers) == (2, ["cents"])

    async def test_what_waits_in_a_later_engine_is_cancelled_without_being_called(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        assert await bench.run() == 6
        async with bench.running() as run:
            assert (await run.child("Alpha")).question == QUESTION
            assert (await run.ask(Action.CANCEL, "Alpha")).changed
            ended = await run.child("Alpha")
            assert (ended.status, ended.phase, ended.pending) == (Status.CANCELLED, None, None)
        assert asking.began == 1

    async def test_an_answer_to_another_question_is_refused(self, bench: Bench) -> None:
        asking = Asking("euros?", "cents?")
        bench.plays["Alpha"] = asking.play
        async with bench.running() as run:
            old = await run.until(asks, "Alpha")
            await run.ask(Action.MESSAGE, "Alpha", message="no")
            await run.until(lambda session: asks(session) and session.question == "cents?", "Alpha")
            wish = Wish(action=Action.MESSAGE, message="yes")
            (late,) = await request_control(run.viewer, bench.root, [old], wish, wait_seconds=MOST_SECONDS)
            assert late.state is RequestState.REFUSED
            assert late.reason == "it changed meanwhile: it asks by now: cents?"
            await run.ask(Action.MESSAGE, "Alpha", message="yes")
            await run.until(complete, "Alpha")
        assert asking.answers == ["no", "yes"]

    async def test_two_at_once_are_asked_one_after_the_other(self, bench: Bench) -> None:
        answers: list[str] = []

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            answers.extend(await asyncio.gather(desk.ask("one?"), desk.ask("two?")))
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = play
        async with bench.running() as run:
            for question, answer in (("one?", "1"), ("two?", "2")):
                await run.until(lambda session, asked=question: session.question == asked, "Alpha")  # type: ignore[misc]
                await run.ask(Action.MESSAGE, "Alpha", message=answer)
            await run.until(complete, "Alpha")
        assert answers == ["1", "2"]

    async def test_the_same_words_asked_again_by_the_same_work_are_another_question(self, bench: Bench) -> None:
        asking = Asking(QUESTION, QUESTION)
        bench.plays["Alpha"] = asking.play
        async with bench.running() as run:
            first = await run.until(asks, "Alpha")
            await run.ask(Action.MESSAGE, "Alpha", message="cents")
            await run.until(lambda each: asks(each) and each.question_id != first.question_id, "Alpha")
            await run.ask(Action.MESSAGE, "Alpha", message="cents, as I said")
            await run.until(complete, "Alpha")
        assert asking.answers == ["cents", "cents, as I said"]

    async def test_one_without_words_is_the_agents_mistake(self, bench: Bench) -> None:
        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            with pytest.raises(ValueError, match="a question needs words"):
                await desk.ask(" \n")
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = play
        assert await bench.run() == 0

    async def test_a_pause_beside_it_holds_what_was_answered(self, bench: Bench) -> None:
        asking = Asking()
        bench.plays["Alpha"] = asking.play
        async with bench.running() as run:
            await run.until(asks, "Alpha")
            await run.ask(Action.PAUSE, hard=True)
            assert (await run.child("Alpha")).phase is Phase.ASKING
            await run.ask(Action.MESSAGE, "Alpha", message="cents")
            held = await run.child("Alpha")
            assert (held.phase, held.pending is None) == (Phase.QUEUED, False)
            assert asking.answers == []
            await run.ask(Action.RESUME)
            await run.until(complete, "Alpha")
        assert asking.answers == ["cents"]


class TestAfterKillNine:
    """What an engine has taken is there for the next one, however it went: a copy of its state is what is left."""

    @staticmethod
    def copied(bench: Talkative, tmp_path: Path) -> Talkative:
        """The project as it is at this moment, without the engine that works on it."""
        there = tmp_path / "after"
        shutil.copytree(bench.root, there)
        return replace(bench, root=there, plays=dict(bench.plays), seen=[], reviews=[])

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Talkative:
        (tmp_path / "project").mkdir()
        return Talkative(tmp_path / "project")

    async def test_a_question_still_stands_and_its_answer_is_handed_over_once(
        self, bench: Talkative, tmp_path: Path
    ) -> None:
        bench.plays["Alpha"] = Asking().play
        async with bench.running() as run:
            key = (await run.until(asks, "Alpha")).id
            after = self.copied(bench, tmp_path)
        asking = Asking()
        after.plays["Alpha"] = asking.play
        assert await after.run() == 6
        assert asking.began == 0
        await after.leave(key, Action.MESSAGE, message="cents")
        assert await after.run() == 0
        assert asking.answers == ["cents"]
        assert len(await told(after, e.QuestionAsked)) == 1

    async def test_an_answer_that_was_taken_is_not_asked_for_again(self, bench: Talkative, tmp_path: Path) -> None:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.ask(QUESTION)
            reached.set()
            await go_on.wait()
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = play
        async with bench.running() as run:
            await run.until(asks, "Alpha")
            await run.ask(Action.MESSAGE, "Alpha", message="cents")
            await asyncio.wait_for(reached.wait(), MOST_SECONDS)
            after = self.copied(bench, tmp_path)
            go_on.set()
        asking = Asking()
        after.plays["Alpha"] = asking.play
        assert await after.run() == 0
        assert (asking.began, asking.answers) == (1, ["cents"])

    async def test_a_message_that_died_with_its_turn_is_handed_over_again(
        self, bench: Talkative, tmp_path: Path
    ) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            await run.ask(Action.MESSAGE, "Alpha", message="use cents")
            turning.go_on()
            await turning.began()
            after = self.copied(bench, tmp_path)
            turning.end()
        again = Turning()
        again.over = True
        again.next.release()

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            again.heard.append(await desk.before_turn())
            return await write_least(assignment, desk)

        after.plays["Alpha"] = play
        assert await after.run() == 0
        assert again.heard == [("use cents",)]

    async def test_a_message_that_the_conversation_has_is_not_handed_over_again(
        self, bench: Talkative, tmp_path: Path
    ) -> None:
        written = asyncio.Event()

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            await desk.conversation.append(*map(said, await desk.before_turn()))
            written.set()
            await asyncio.Event().wait()
            return Outcome(ok=True)

        async with told_first(bench, play):
            await asyncio.wait_for(written.wait(), MOST_SECONDS)
            after = self.copied(bench, tmp_path)
        known: list[object] = []

        async def play_on(assignment: Assignment, desk: Desk) -> Outcome:
            known.extend([await desk.conversation.load(), await desk.before_turn()])
            return await write_least(assignment, desk)

        after.plays["Alpha"] = play_on
        assert await after.run() == 0
        assert known == [[said("use cents")], ()]


def said(text: str) -> dict[str, object]:
    """A message of a conversation."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}


class TestRefusals:
    """What nobody would hear is refused, and says why."""

    async def test_an_agent_that_takes_no_messages(self, tmp_path: Path) -> None:
        bench, turning = Bench(tmp_path), Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            answer = await run.ask(Action.MESSAGE, "Alpha", message="hello")
            assert (answer.state, answer.reason) == (
                RequestState.REFUSED,
                "its agent (scripted) takes no messages",
            )
            turning.end()

    async def test_what_has_not_started_a_parent_and_what_has_ended(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Beta"] = turning.play
        async with bench.running(ONE_SLOT) as run:
            await turning.began()
            said = {"message": "hello"}
            assert (await run.ask(Action.MESSAGE, "Gamma", **said)).reason == "it has not started yet"
            above = await run.ask(Action.MESSAGE, **said)
            assert above.reason == "no agent is at work for it; it waits for those below it"
            ended = await run.ask(Action.MESSAGE, "Alpha", **said)
            assert ended.reason == "cannot message: it is complete and its file is in order"
            turning.end()

    @pytest.mark.parametrize("text", ["", "  \n", "x" * (MESSAGE_BYTES + 1), "\udc80"])
    async def test_what_is_no_message(self, bench: Bench, text: str) -> None:
        assert text_objection(text) is not None

    async def test_what_was_said_is_not_undone(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running() as run:
            await turning.began()
            await run.ask(Action.MESSAGE, "Alpha", message="use cents")
            answer = await run.ask(Action.UNDO)
            assert answer.state is RequestState.REFUSED
            assert answer.reason == "cannot undo the message to Alpha: what an agent was told is not taken back"
            turning.end()


class TestHardPause:
    """With turns, a hard pause takes effect at the next turn; without, at the end of the step (`test_pausing`)."""

    @staticmethod
    async def seen(run: Run) -> tuple[Phase | None, int]:
        """The phase in which Alpha is shown, and how many sessions still work."""
        view = await attach(run.viewer, run.bench.root, run.run_id)
        return next(each.phase for each in view.sessions if each.component == "Alpha"), view.working

    async def test_it_takes_effect_at_the_next_turn_and_gives_the_slot_back(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running(ONE_SLOT) as run:
            await turning.began()
            await run.ask(Action.PAUSE, hard=True)
            assert await self.seen(run) == (Phase.PAUSING, 1)
            turning.go_on()
            paused = await run.until(lambda session: session.phase is Phase.QUEUED, "Alpha")
            assert (paused.step, paused.pending is None) == ("GenerateComponentDesign", False)
            assert await self.seen(run) == (Phase.PAUSED, 0)
            assert turning.heard == [()]
            told_meanwhile = await run.ask(Action.MESSAGE, "Alpha", message="use cents")
            assert told_meanwhile.changed
            await run.ask(Action.RESUME)
            await turning.began()
            turning.end()
            await run.until(complete, "Alpha")
        assert turning.heard == [(), ("use cents",)]
        assert len(await told(bench, e.SessionPaused)) == 1

    async def test_what_stands_still_goes_on_in_a_later_engine(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running(ONE_SLOT, stay=False) as run:
            await turning.began()
            root = await run.root()
            await run.ask(Action.PAUSE, hard=True)
            turning.go_on()
            assert (await asyncio.wait_for(asyncio.shield(run.left), MOST_SECONDS)).exit_code == 6
        assert await bench.run() == 6
        await bench.leave(root.id, Action.RESUME)
        turning.over = True
        assert await bench.run() == 0

    async def test_a_cancel_ends_what_stands_still(self, bench: Bench) -> None:
        turning = Turning()
        bench.plays["Alpha"] = turning.play
        async with bench.running(ONE_SLOT) as run:
            await turning.began()
            await run.ask(Action.PAUSE, hard=True)
            turning.go_on()
            await run.until(lambda session: session.phase is Phase.QUEUED, "Alpha")
            assert (await run.ask(Action.CANCEL, "Alpha")).changed
            ended = await run.until(lambda session: session.phase is None, "Alpha")
            assert (ended.status, ended.pending) == (Status.CANCELLED, None)
