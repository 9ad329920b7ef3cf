"""Turns: how a command is issued and a result recorded, each whole or not at all.

The numbers are those of semantics.md, section 9.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.engine.runtime import Next, Running, Turn
from covey.engine.turns import Bench, Turns
from covey.errors import NotFoundError, RefusedError
from covey.model import events as e
from covey.model.ids import new_id
from covey.model.scope import Scope
from covey.model.session import Session, about
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.steps.spawn import CODING, TESTING
from covey.testing.faults import FaultyStore
from covey.workflows.registry import CONTEXT_CODING, CONTEXT_TESTING, ERROR, WORKFLOWS
from covey.workflows.workflow import Workflow
from tests.engine.taking import CHILDLESS, issued, running, steps_of, take, turns_of
from tests.family import CHILD, PARENT, Family, Meanwhile, component, failed, names, open_family, result

SPAWN = "SpawnComponentDesignSessions"
PARENTS = [WORKFLOWS[PARENT], CONTEXT_TESTING, CONTEXT_CODING]
CHILD_TYPES = {PARENT: CHILD, CONTEXT_TESTING.name: TESTING.child_type, CONTEXT_CODING.name: CODING.child_type}


async def spawning(family: Family, turns: Turns, workflow: Workflow | None = None) -> tuple[Session, Turn]:
    """A parent at its spawn step, with children that nobody has started yet."""
    parent = await family.parent(type=workflow.name if workflow else PARENT)
    await take(turns, parent)
    return parent, await issued(turns, parent)


class TestStarted:
    """The loop of a session begins once for each attempt."""

    async def test_it_is_recorded_once(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)

        assert await turns.started(running(parent))
        assert await turns.started(running(parent))

        assert [type(event) for event in await family.log()] == [e.SessionCreated, e.SessionStarted]
        assert (await family.now(parent)).phase is Phase.RUNNING

    async def test_a_session_that_has_ended(self, family: Family) -> None:
        parent = await family.cancel(await family.parent())

        assert not await turns_of(family).started(running(parent))
        assert (await family.now(parent)).started_at is None

    async def test_another_attempt(self, family: Family) -> None:
        first = await family.parent()
        second = await family.retry(await family.fail(first))
        turns = turns_of(family)

        assert not await turns.started(running(first))
        assert await turns.started(running(second))


class TestNextCommand:
    """What is to be done next: the same, however often one asks."""

    async def test_the_first_step_is_stored_and_returned(self, family: Family) -> None:
        parent = await family.parent()

        turn = await issued(turns_of(family), parent)

        stored = (await family.interactions(parent))[0]
        now = await family.now(parent)
        assert (stored.id, stored.step, stored.attempt, stored.epoch) == (turn.interaction.id, "Initialize", 1, 1)
        assert stored.result is None
        assert (now.pending, now.step, now.command, now.phase) == (stored.id, "Initialize", "check", Phase.RUNNING)
        assert turn.session == now
        assert not turn.recovered

    async def test_a_pending_one_is_returned_as_it_is(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        first = await issued(turns, parent)
        log = await family.log()

        again = await turns.next_command(running(parent))

        assert again is not None
        assert again.interaction == (await family.interactions(parent))[0]
        assert again.interaction.id == first.interaction.id
        assert again.recovered
        assert await family.log() == log

    @pytest.mark.parametrize("status", sorted({*Status} - {Status.ACTIVE}))
    async def test_a_terminal_session_is_refused(self, family: Family, status: Status) -> None:
        parent = await family.parent()
        child = await family.child(parent, component("Alpha"))
        ends = {"complete": family.complete, "failed": family.fail, "cancelled": family.cancel, "skipped": family.skip}
        child = await ends[status](child)
        log = await family.log()

        assert child.status is status
        assert await turns_of(family).next_command(running(child)) is None
        assert await family.interactions(child) == []
        assert await family.log() == log

    async def test_another_attempt_is_not_this_loops(self, family: Family) -> None:
        first = await family.parent()
        await family.retry(await family.fail(first))

        assert await turns_of(family).next_command(running(first)) is None

    async def test_41_unknown_session(self, family: Family) -> None:
        with pytest.raises(NotFoundError) as caught:
            await turns_of(family).next_command(Running("unknown", 1))

        assert caught.value.code == "session_not_found"

    async def test_41_a_session_of_another_project(self, family: Family) -> None:
        parent = await family.parent()
        elsewhere = Scope(project=replace(family.scope.project, id="another"), user="ada")

        with pytest.raises(NotFoundError) as caught:
            await turns_of(family, scope=elsewhere).next_command(running(parent))

        assert caught.value.code == "session_not_found"

    async def test_a_step_that_the_workflow_no_longer_has(self, family: Family) -> None:
        parent = await family.parent()
        await take(turns_of(family), parent)
        changed = {PARENT: replace_steps(WORKFLOWS[PARENT], without="Initialize")}
        turns = Turns(Bench(family.scope, family.store, changed, family.tools()))

        with pytest.raises(NotFoundError) as caught:
            await turns.next_command(running(parent))

        assert caught.value.code == "invalid_interaction"
        assert len(await family.interactions(parent)) == 1

    async def test_an_unknown_workflow(self, family: Family) -> None:
        parent = await family.parent(type="OfSomebodyElse")

        with pytest.raises(NotFoundError, match="there is no workflow OfSomebodyElse"):
            await turns_of(family).next_command(running(parent))

    async def test_timestamps_increase_though_the_clock_stands_still(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        await take(turns, parent)
        await issued(turns, parent)

        first, second = (each.command.timestamp for each in await family.interactions(parent))
        assert first < second

    async def test_a_new_attempt_begins_anew_and_keeps_the_old_interactions(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        await take(turns, parent)
        parent = await family.retry(await family.fail(parent))

        turn = await issued(turns, parent)

        assert turn.interaction.step == "Initialize"
        assert [(each.attempt, each.step) for each in await family.interactions(parent)] == [
            (1, "Initialize"),
            (2, "Initialize"),
        ]

    async def test_resume(self, family: Family) -> None:
        parent = await family.retry(await family.fail(await family.parent()), resume_step="Finalize")

        turn = await issued(turns_of(family), parent)

        assert turn.interaction.step == "Finalize"

    async def test_a_blocked_parent_looks_again(self, family: Family) -> None:
        turns = turns_of(family)
        parent, turn = await spawning(family, turns)
        for child in await family.children(parent):
            await family.fail(child)
        await turns.handle_result(turn, result())
        assert (await family.now(parent)).phase is Phase.BLOCKED

        again = await issued(turns, parent)

        now = await family.now(parent)
        assert (now.phase, now.error_message, now.needs_human) == (Phase.WAITING, None, None)
        assert again.interaction.id != turn.interaction.id
        assert again.interaction.step == SPAWN
        assert again.interaction.command.metadata == turn.interaction.command.metadata

    async def test_31_a_parent_that_changes_while_its_command_is_made(self, family: Family) -> None:
        parent = await family.parent()
        await take(turns_of(family), parent)
        parent = await family.now(parent)
        cancelled = e.SessionCancelled(
            at=parent.updated_at, **about(parent), reason="enough", decision_id="d", by="ada"
        )

        turn = await turns_of(family, store=Meanwhile(family, cancelled)).next_command(running(parent))

        assert turn is None
        assert (await family.now(parent)).status is Status.CANCELLED
        assert await family.children(parent) == []
        assert [each.step for each in await family.interactions(parent)] == ["Initialize"]

    async def test_31_it_is_made_anew_from_what_the_parent_is_now(self, family: Family) -> None:
        parent = await family.parent()
        await take(turns_of(family), parent)
        parent = await family.now(parent)
        changed = e.SessionReconfigured(at=parent.updated_at, **about(parent), agent="another", model=None)

        turn = await issued(turns_of(family, store=Meanwhile(family, changed)), parent)

        assert turn.interaction.command.metadata["failed_components"] == []
        assert [child.agent for child in await family.children(parent)] == ["another"] * 3


class TestStepError:
    """42: a precondition that fails stores no interaction; it ends the session."""

    async def test_42_no_child_components(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        await take(turns, parent)
        await family.declare()

        assert await turns.next_command(running(parent)) is None

        now = await family.now(parent)
        assert (now.status, now.failure_cause) == (Status.FAILED, FailureCause.SPAWN_ERROR)
        assert now.error_message == "No child components found for context"
        assert await steps_of(family, parent) == ["Initialize"]

    async def test_42_not_a_single_child(self, family: Family) -> None:
        faulty = FaultyStore(family.store, dict.fromkeys(("Alpha", "Beta", "Gamma"), "no room"))
        parent = await family.parent()
        turns = turns_of(family, store=faulty)
        await take(turns, parent)

        assert await turns.next_command(running(parent)) is None

        now = await family.now(parent)
        assert (now.failure_cause, now.error_message) == (
            FailureCause.SPAWN_ERROR,
            "Failed to spawn any child sessions",
        )
        assert await steps_of(family, parent) == ["Initialize"]
        assert isinstance((await family.log())[-1], e.RunFinished)

    async def test_42_a_retry_begins_anew(self, family: Family) -> None:
        faulty = FaultyStore(family.store, dict.fromkeys(("Alpha", "Beta", "Gamma"), "no room"))
        parent = await family.parent()
        turns = turns_of(family, store=faulty)
        await take(turns, parent)
        await turns.next_command(running(parent))
        faulty.refused.clear()
        parent = await family.retry(parent)

        await take(turns, parent)
        turn = await issued(turns, parent)

        assert turn.interaction.step == SPAWN
        assert names(await family.children(parent)) == ["Alpha", "Beta", "Gamma"]

    async def test_42_outside_of_a_spawn_step_it_is_an_agent_error(self, family: Family) -> None:
        session = await family.parent(type=CHILDLESS.name)

        assert await turns_of(family).next_command(running(session)) is None

        now = await family.now(session)
        assert (now.status, now.failure_cause) == (Status.FAILED, FailureCause.AGENT_ERROR)
        assert now.error_message == "the moon is not full"
        assert await family.interactions(session) == []

    async def test_42_children_that_are_active_end_with_it(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        await take(turns, parent)
        stranger = await family.child(parent, component("Alpha"), type="ComponentCodingSessions")

        await turns.next_command(running(parent))

        expected = "Invalid child session type: expected ComponentDesignSessions, got ComponentCodingSessions"
        assert (await family.now(parent)).error_message == expected
        assert (await family.now(stranger)).status is Status.CANCELLED
        assert {stranger.id, parent.id} <= set(family.commits[-1].sessions)

    async def test_a_result_that_can_no_longer_be_judged(self, family: Family) -> None:
        session = await family.parent(type=CHILDLESS.name)
        session = await family.retry(await family.fail(session), note="issue it")
        turns = turns_of(family)

        await take(turns, session)

        now = await family.now(session)
        assert (now.status, now.failure_cause) == (Status.FAILED, FailureCause.CRASH)
        assert now.error_message == "the moon has set (Refusing: ok)"
        assert (await family.interactions(session))[0].result is not None


class TestHandleResult:
    """A result is recorded once, with all that follows from it."""

    async def test_result_updates_and_status_land_together(self, family: Family) -> None:
        parent = await family.parent()
        child = await family.child(parent, component("Alpha"))
        turns = turns_of(family)
        await take(turns, child)
        turn = await issued(turns, child)
        before = len(family.commits)

        given = result(ERROR, "exit 3", cause=FailureCause.TIMEOUT)
        assert await turns.handle_result(turn, given) is Next.END

        assert len(family.commits) == before + 1
        assert [type(entry.event) for entry in family.commits[-1].entries] == [e.ResultRecorded, e.SessionFailed]
        now, stored = await family.now(child), (await family.interactions(child))[-1]
        assert (now.status, now.failure_cause, now.error_message) == (Status.FAILED, FailureCause.TIMEOUT, "exit 3")
        assert now.state == {"note_taken": 1}
        assert stored.result == given
        assert stored.completed_at is not None

    async def test_40_a_second_result_is_refused(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        turn = await issued(turns, parent)
        first = result()
        await turns.handle_result(turn, first)
        log = await family.log()

        with pytest.raises(RefusedError, match=r"^interaction_already_completed$"):
            await turns.handle_result(turn, result(ERROR, "a second opinion"))

        assert (await family.interactions(parent))[0].result == first
        assert await family.log() == log

    async def test_40_of_an_older_attempt_too(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        turn = await issued(turns, parent)
        await turns.handle_result(turn, result())
        await family.retry(await family.fail(parent))

        with pytest.raises(RefusedError, match=r"^interaction_already_completed$"):
            await turns.handle_result(turn, result())

    async def test_41_unknown_interaction(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        turn = await issued(turns, parent)
        unknown = Turn(turn.running, turn.session, replace(turn.interaction, id=new_id()))

        with pytest.raises(NotFoundError) as caught:
            await turns.handle_result(unknown, result())

        assert caught.value.code == "interaction_not_found"
        assert (await family.now(parent)).pending == turn.interaction.id

    async def test_41_unknown_session(self, family: Family) -> None:
        parent = await family.parent()
        turns = turns_of(family)
        turn = await issued(turns, parent)
        unknown = Turn(Running("unknown", 1), turn.session, turn.interaction)

        with pytest.raises(NotFoundError) as caught:
            await turns.handle_result(unknown, result())

        assert caught.value.code == "session_not_found"

    @pytest.mark.parametrize("workflow", PARENTS, ids=lambda workflow: workflow.name)
    async def test_31_a_child_that_changes_while_the_parent_validates(self, family: Family, workflow: Workflow) -> None:
        parent, turn = await spawning(family, turns_of(family), workflow)
        children = await family.children(parent)
        assert {child.type for child in children} == {CHILD_TYPES[workflow.name]}
        store = Meanwhile(family, failed(children[1], "it broke just now"))

        await turns_of(family, store=store).handle_result(turn, result())

        verdict = (await family.interactions(parent))[-1].result
        assert verdict is not None
        assert verdict.error_message == (
            "Child sessions still running: Alpha, Gamma; Child sessions failed: Beta (reason: it broke just now)"
        )
        recorded = [event for event in await family.log() if isinstance(event, e.ResultRecorded)]
        assert [event.step for event in recorded] == ["Initialize", turn.interaction.step]


class TestLateResult:
    """52: what came too late completes its interaction and changes nothing of the session."""

    @pytest.mark.parametrize("end", ["cancel", "skip"])
    async def test_52_after_the_session_has_ended(self, family: Family, end: str) -> None:
        parent = await family.parent()
        child = await family.child(parent, component("Alpha"))
        turns = turns_of(family)
        await take(turns, child)
        turn = await issued(turns, child)
        ended = await (family.cancel(child) if end == "cancel" else family.skip(child))
        family.write(turn.session.artifact_path or "")

        given = result()
        assert await turns.handle_result(turn, given) is Next.GO_ON

        now = await family.now(child)
        assert ended.phase is Phase.CANCELLING
        assert now == replace(ended, phase=None, pending=None, version=ended.version + 1, updated_at=now.updated_at)
        assert late(await family.log()) == [(turn.interaction.id, 1)]
        assert (await family.interactions(child))[-1].result == given
        assert await turns.next_command(running(child)) is None

    async def test_52_of_an_older_attempt(self, family: Family) -> None:
        parent = await family.parent()
        child = await family.child(parent, component("Alpha"))
        turns = turns_of(family)
        old = await issued(turns, child)
        child = await family.retry(await family.cancel(child))
        new = await issued(turns, child)
        before = await family.now(child)

        await turns.handle_result(old, result(ERROR, "killed"))

        now = await family.now(child)
        assert now == replace(before, version=before.version + 1, updated_at=now.updated_at)
        assert now.pending == new.interaction.id
        assert late(await family.log()) == [(old.interaction.id, 1)]
        first, second = await family.interactions(child)
        assert first.result is not None
        assert second.result is None

    async def test_of_an_older_engine(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            parent = await family.parent()
            old = await issued(turns_of(family), parent)
        async with open_family(tmp_path) as family:
            before = await family.now(parent)

            await turns_of(family).handle_result(old, result(ERROR, "killed"))

            now = await family.now(parent)
            assert old.interaction.epoch < family.store.row.epoch
            assert now == replace(before, pending=None, version=before.version + 1, updated_at=now.updated_at)
            assert late(await family.log()) == [(old.interaction.id, 1)]

    async def test_what_an_engine_left_behind_can_be_taken_over(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            parent = await family.parent()
            old = await issued(turns_of(family), parent)
        async with open_family(tmp_path) as family:
            await family.store.take_over()
            turns = turns_of(family)

            turn = await turns.next_command(running(parent))
            assert turn is not None
            await turns.handle_result(turn, result())

            assert turn.interaction.id == old.interaction.id
            assert late(await family.log()) == []
            assert (await issued(turns, parent)).interaction.step == SPAWN

    async def test_a_session_that_is_cancelled_while_its_result_is_judged(self, family: Family) -> None:
        parent, turn = await spawning(family, turns_of(family))
        parent = await family.now(parent)
        cancelled = e.SessionCancelled(
            at=parent.updated_at, **about(parent), reason="enough", decision_id="d", by="ada"
        )

        await turns_of(family, store=Meanwhile(family, cancelled)).handle_result(turn, result())

        now = await family.now(parent)
        assert (now.status, now.phase, now.error_message) == (Status.CANCELLED, None, "enough")
        assert late(await family.log()) == [(turn.interaction.id, 1)]


class TestParent:
    """How a parent's verdict is recorded, and how its run ends."""

    async def test_waiting_goes_on_at_once(self, family: Family) -> None:
        turns = turns_of(family)
        parent, turn = await spawning(family, turns)

        assert await turns.handle_result(turn, result()) is Next.GO_ON

        assert (await family.now(parent)).phase is Phase.WAITING
        assert (await issued(turns, parent)).interaction.step == SPAWN

    async def test_needs_human_waits(self, family: Family) -> None:
        turns = turns_of(family)
        parent, turn = await spawning(family, turns)
        await family.fail((await family.children(parent))[0])

        assert await turns.handle_result(turn, result()) is Next.WAIT

        now = await family.now(parent)
        message = "Child sessions still running: Beta, Gamma; Child sessions failed: Alpha (reason: it broke)"
        assert (now.status, now.phase, now.error_message) == (Status.ACTIVE, Phase.BLOCKED, message)
        assert now.needs_human is not None
        assert [fact["component"] for fact in now.needs_human["failed"]] == ["Alpha"]
        assert not any(isinstance(event, e.RunFinished) for event in await family.log())

    async def test_what_was_not_created_is_in_its_verdict(self, family: Family) -> None:
        turns = turns_of(family, store=FaultyStore(family.store, {"Beta": "no room"}))
        parent, turn = await spawning(family, turns)
        for child in await family.children(parent):
            await finish(family, child)

        given = result(failed_components=turn.interaction.command.metadata["failed_components"])
        assert await turns.handle_result(turn, given) is Next.WAIT

        assert (await family.now(parent)).error_message == "Child sessions not created: Beta (reason: no room)"

    async def test_a_file_that_its_verdict_does_not_find_is_missing_in_the_log(self, family: Family) -> None:
        turns = turns_of(family)
        parent, turn = await spawning(family, turns)
        for child in await family.children(parent):
            await finish(family, child)
        (family.root / "docs/design/shop/beta.md").unlink()

        await turns.handle_result(turn, result())

        missing = [event for event in await family.log() if isinstance(event, e.ArtifactMissing)]
        assert [event.path for event in missing] == ["docs/design/shop/beta.md"]
        states = [child.artifact for child in await family.children(parent)]
        assert states == [ArtifactState.PRESENT, ArtifactState.MISSING, ArtifactState.PRESENT]

    @pytest.mark.parametrize(
        ("skipped", "code", "counts"),
        [
            ((), 0, {"active": 0, "complete": 4, "failed": 0, "cancelled": 0, "skipped": 0}),
            (("Beta",), 3, {"active": 0, "complete": 3, "failed": 0, "cancelled": 0, "skipped": 1}),
            (("Review of Shop",), 3, {"active": 0, "complete": 3, "failed": 0, "cancelled": 0, "skipped": 1}),
        ],
    )
    async def test_a_run_that_ends_well(
        self, family: Family, skipped: tuple[str, ...], code: int, counts: dict[str, int]
    ) -> None:
        turns = turns_of(family)
        parent, turn = await spawning(family, turns)
        for child in await family.children(parent):
            await (family.skip(child) if child.component in skipped else finish(family, child))

        await turns.handle_result(turn, result())
        turn = await issued(turns, parent)
        review = (await family.children(parent))[-1]
        await (family.skip(review) if review.component in skipped else finish(family, review))
        await turns.handle_result(turn, result())
        await take(turns, parent)

        now, finished = await family.now(parent), (await family.log())[-1]
        assert (now.status, now.kept) == (Status.COMPLETE, False)
        assert isinstance(finished, e.RunFinished)
        assert (finished.run_id, finished.exit_code, finished.counts) == (parent.id, code, counts)
        assert [type(entry.event) for entry in family.commits[-1].entries] == [
            e.ResultRecorded,
            e.SessionCompleted,
            e.RunFinished,
        ]
        assert await turns.next_command(running(parent)) is None

    async def test_a_parent_that_fails_cancels_its_active_children_in_the_same_transaction(
        self, family: Family
    ) -> None:
        parent = await family.retry(await family.fail(await family.parent()), resume_step="Finalize")
        alpha, beta, gamma = [
            await family.child(parent, component(name), position=place)
            for place, name in enumerate(("Alpha", "Beta", "Gamma"))
        ]
        beta = await finish(family, beta)
        turns = turns_of(family)
        turn = await issued(turns, parent)

        await turns.handle_result(turn, result(ERROR, "the disk is full"))

        committed = family.commits[-1]
        assert [(type(entry.event), entry.event.session_id) for entry in committed.entries] == [
            (e.ResultRecorded, parent.id),
            (e.SessionCancelled, gamma.id),
            (e.SessionCancelled, alpha.id),
            (e.SessionFailed, parent.id),
            (e.RunFinished, parent.id),
        ]
        finished = committed.entries[-1].event
        assert isinstance(finished, e.RunFinished)
        assert finished.exit_code == 1
        assert finished.counts == {"active": 0, "complete": 1, "failed": 0, "cancelled": 2, "skipped": 0}
        assert (await family.now(alpha)).error_message == "its parent Shop failed"
        assert await family.now(beta) == beta

    async def test_a_nested_parent_ends_no_run(self, family: Family) -> None:
        root = await family.parent()
        nested = await family.child(root, component("Alpha"), type=PARENT, artifact_path=None)
        nested = await family.retry(await family.fail(nested), resume_step="Finalize")

        await take(turns_of(family), nested)

        assert (await family.now(nested)).status is Status.COMPLETE
        assert not any(isinstance(event, e.RunFinished) for event in await family.log())


class TestCrashed:
    """A task that dies leaves a result and a failed session, never something pending."""

    async def test_with_a_command_pending(self, family: Family) -> None:
        parent = await family.parent()
        child = await family.child(parent, component("Alpha"))
        turns = turns_of(family)
        turn = await issued(turns, child)

        await turns.crashed(running(child), "ValueError: no")

        now, stored = await family.now(child), (await family.interactions(child))[0]
        assert (now.status, now.failure_cause, now.error_message) == (
            Status.FAILED,
            FailureCause.CRASH,
            "ValueError: no",
        )
        assert stored.id == turn.interaction.id
        assert stored.result is not None
        assert (stored.result.status, stored.result.error_message) == (ERROR, "ValueError: no")

    async def test_a_root_ends_its_run_and_what_is_below_it(self, family: Family) -> None:
        turns = turns_of(family)
        parent, _ = await spawning(family, turns)

        await turns.crashed(running(parent), "ValueError: no")

        assert {child.status for child in await family.children(parent)} == {Status.CANCELLED}
        finished = (await family.log())[-1]
        assert isinstance(finished, e.RunFinished)
        assert finished.exit_code == 1

    async def test_a_session_that_has_ended_stays_as_it_is(self, family: Family) -> None:
        parent = await family.cancel(await family.parent())

        await turns_of(family).crashed(running(parent), "ValueError: no")

        assert await family.now(parent) == parent

    async def test_a_later_attempt_stays_as_it_is(self, family: Family) -> None:
        first = await family.parent()
        second = await family.retry(await family.fail(first))

        await turns_of(family).crashed(running(first), "ValueError: no")

        assert await family.now(second) == second


async def finish(family: Family, child: Session) -> Session:
    """The child ends well, with its file."""
    family.write(child.artifact_path or "")
    return await family.complete(child)


def late(log: list[e.AnyEvent]) -> list[tuple[str, int | None]]:
    """The interactions that have late results, with their attempts."""
    return [
        (event.interaction_id, event.attempt) for event in log if isinstance(event, e.ResultRecorded) and event.late
    ]


def replace_steps(workflow: Workflow, *, without: str) -> Workflow:
    """The workflow as a version of covey might have it that no longer knows a step."""
    steps = {name: make for name, make in workflow.steps.items() if name != without}
    return Workflow(name=workflow.name, steps=steps, transitions={}, final=workflow.final, loops=workflow.loops)
