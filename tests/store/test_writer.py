"""The writer: rows and events change together, an operation whole or not at all, many of them in one transaction."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.errors import FenceLostError, IllegalEventError, StaleOperationError, StoreError
from covey.model import events as e
from covey.model.command import CommandKind, ResultStatus
from covey.model.status import Status
from covey.store.base import Committed, Operation, Process
from covey.store.sqlite import EngineStore
from covey.testing.clock import FakeClock
from tests.model.strategies import START
from tests.store.lives import (
    SCOPE,
    apply,
    complete,
    create,
    engine_store,
    fail,
    family,
    finish,
    folded,
    issue,
    live,
    outside,
    said,
    sequence,
    start,
    stored_log,
    stored_sessions,
    traced,
)


def nowhere(session_id: str = "stranger") -> Operation:
    """An operation that is illegal whatever the state."""
    return Operation(events=(e.SessionStarted(at=START, run_id="root", session_id=session_id, attempt=1),))


async def outcomes(store: EngineStore, *operations: Operation) -> list[str]:
    """Append all at once; what each came to, by the name of its type."""
    answers = await asyncio.gather(*map(store.append, operations), return_exceptions=True)
    return [type(answer).__name__ for answer in answers]


class TestProjection:
    """What the rows say is what the log says."""

    async def test_many_lives_at_once_leave_rows_that_equal_the_fold_of_the_log(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        await family(store, 40)
        names = [f"child-{n:04}" for n in range(40)]

        ends = await asyncio.gather(*(live(store, name, fails=n % 3 == 0) for n, name in enumerate(names)))

        assert {session.status for session in ends} == {Status.COMPLETE}
        assert stored_sessions(tmp_path) == folded(stored_log(tmp_path))
        assert len(stored_sessions(tmp_path)) == 41
        numbers = sequence(tmp_path)
        assert numbers == list(range(1, len(numbers) + 1))

    async def test_columns_beside_the_body_follow_it(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 2)
        await live(store, "child-0000", fails=True)

        with outside(tmp_path) as database:
            rows = database.execute("SELECT id, status, attempt, parent_id, run_id FROM sessions").fetchall()
        by_id = stored_sessions(tmp_path)
        assert len(rows) == 3
        for key, status, attempt, parent_id, run_id in rows:
            session = by_id[key]
            assert (status, attempt, parent_id, run_id) == (
                session.status,
                session.attempt,
                session.session_id,
                session.run_id,
            )

    async def test_an_append_returns_what_is_stored(self, store: EngineStore, tmp_path: Path) -> None:
        committed = await store.append(create("root"))

        assert committed.sessions == stored_sessions(tmp_path)
        assert [entry.event for entry in committed.entries] == stored_log(tmp_path)
        assert [entry.seq for entry in committed.entries] == [1]

    async def test_the_engine_is_told_before_the_caller_goes_on(self, tmp_path: Path) -> None:
        told: list[Committed] = []
        async with engine_store(tmp_path, on_commit=told.append) as store:
            committed = await store.append(create("root"))
            assert [(each.entries, dict(each.sessions)) for each in told] == [
                (committed.entries, dict(committed.sessions))
            ]


class TestWholeOrNotAtAll:
    """What does not fit writes nothing, and takes nothing else with it."""

    async def test_an_illegal_event_writes_nothing_of_its_operation(self, store: EngineStore, tmp_path: Path) -> None:
        root = await apply(store, create("root"))
        legal, illegal = start(root).events[0], nowhere().events[0]

        with pytest.raises(IllegalEventError, match="there is no session stranger"):
            await store.append(Operation(events=(legal, illegal), issued=issue(root, "i1").issued))

        assert sequence(tmp_path) == [1]
        assert stored_sessions(tmp_path) == {"root": root}
        assert await store.interactions(SCOPE, "root") == ()

    async def test_a_stale_version_writes_nothing_and_leaves_no_gap(self, store: EngineStore, tmp_path: Path) -> None:
        root = await apply(store, create("root"))
        await store.append(start(root))

        with pytest.raises(StaleOperationError, match="session root has changed since"):
            await store.append(fail(root))
        await store.append(create("child", "root"))

        assert sequence(tmp_path) == [1, 2, 3]
        assert stored_sessions(tmp_path)["root"].status is Status.ACTIVE

    async def test_a_version_of_a_session_that_is_gone_is_stale(self, store: EngineStore) -> None:
        with pytest.raises(StaleOperationError):
            await store.append(Operation(versions={"gone": 1}))

    async def test_a_row_that_was_only_looked_at_counts_too(self, store: EngineStore) -> None:
        root = await family(store, 1)
        child = await store.session(SCOPE, "child-0000")
        assert child is not None
        await store.append(start(child))

        with pytest.raises(StaleOperationError, match="child-0000"):
            await store.append(
                Operation(events=fail(root).events, versions={root.id: root.version, child.id: child.version})
            )

    async def test_in_one_batch_only_what_no_longer_fits_fails(self, store: EngineStore, tmp_path: Path) -> None:
        root = await family(store, 3)
        children = [await store.session(SCOPE, f"child-000{n}") for n in range(3)]
        first, second, third = (child for child in children if child is not None)
        before = len(sequence(tmp_path))

        async with traced(store._writer._connection) as statements:
            came_to = await outcomes(store, start(first), fail(first), start(second), nowhere(), start(third))

        assert came_to == ["Committed", "StaleOperationError", "Committed", "IllegalEventError", "Committed"]
        assert sum(statement == "COMMIT" for statement in statements) == 1
        assert sequence(tmp_path) == list(range(1, before + 4))
        assert stored_sessions(tmp_path) == folded(stored_log(tmp_path))
        assert root.version == stored_sessions(tmp_path)["root"].version

    async def test_a_second_child_for_the_same_component_and_type_fails_alone(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        await family(store, 0)
        twin = create("a", "root").events[0]
        twins = Operation(events=(replace(twin, session_id="twin"),))

        came_to = await outcomes(store, create("a", "root"), twins, create("b", "root"), create("c", "no parent"))

        assert came_to == ["Committed", "IllegalEventError", "Committed", "IllegalEventError"]
        assert set(stored_sessions(tmp_path)) == {"root", "a", "b"}
        assert stored_sessions(tmp_path) == folded(stored_log(tmp_path))
        numbers = sequence(tmp_path)
        assert numbers == list(range(1, len(numbers) + 1))

    async def test_two_runs_on_one_context_are_no_twins(self, store: EngineStore, tmp_path: Path) -> None:
        assert await outcomes(store, create("first"), create("second")) == ["Committed", "Committed"]
        assert set(stored_sessions(tmp_path)) == {"first", "second"}

    async def test_a_caller_that_is_cancelled_withdraws_nothing(self, store: EngineStore, tmp_path: Path) -> None:
        caller = asyncio.create_task(store.append(create("root")))
        await asyncio.sleep(0)  # it runs as far as its wait
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller

        await store.append(create("other"))

        assert set(stored_sessions(tmp_path)) == {"root", "other"}

    async def test_what_was_taken_is_written_before_the_store_closes(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            caller = asyncio.create_task(store.append(create("root")))
            await asyncio.sleep(0)
            caller.cancel()

        assert set(stored_sessions(tmp_path)) == {"root"}

    async def test_a_closed_store_refuses(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            pass

        with pytest.raises(StoreError, match="closed"):
            await store.append(create("root"))


class TestTime:
    """The log's times only ever grow, whatever the clock does."""

    async def test_a_clock_that_stands_still_or_goes_back(
        self, store: EngineStore, clock: FakeClock, tmp_path: Path
    ) -> None:
        for number, seconds in enumerate([0.0, 0.0, -3600.0, -1.0, 5.0, 0.0]):
            clock.set(clock.now() + timedelta(seconds=seconds))
            event = e.EngineStarted(at=clock.now(), pid=number, epoch=1, version="1")
            await store.append(Operation(events=(event, event)))

        times = [event.at for event in stored_log(tmp_path)]
        assert len(times) == 12
        assert all(earlier < later for earlier, later in pairwise(times))

    async def test_a_clock_that_went_back_between_two_engines(self, tmp_path: Path, clock: FakeClock) -> None:
        event = e.EngineStarted(at=clock.now(), pid=1, epoch=1, version="1")
        async with engine_store(tmp_path, clock) as store:
            await store.append(Operation(events=(event,)))
        clock.set(clock.now() - timedelta(days=1))
        async with engine_store(tmp_path, clock) as store:
            await store.append(Operation(events=(replace(event, at=clock.now()),)))

        first, second = stored_log(tmp_path)
        assert first.at < second.at

    async def test_a_time_that_is_later_is_kept(self, store: EngineStore, clock: FakeClock, tmp_path: Path) -> None:
        clock.advance(60)
        await store.append(Operation(events=(e.EngineStarted(at=clock.now(), pid=1, epoch=1, version="1"),)))

        assert [event.at for event in stored_log(tmp_path)] == [clock.now()]

    async def test_commands_of_a_session_have_growing_timestamps(self, store: EngineStore, tmp_path: Path) -> None:
        session = await apply(store, create("root"))
        session = await apply(store, start(session))
        for key in ("i1", "i2", "i3"):
            operation = issue(session, key)
            assert operation.issued is not None
            assert operation.issued.command.timestamp == session.updated_at
            session = await apply(store, operation)
            session = await apply(store, finish(session, key))

        interactions = await store.interactions(SCOPE, "root")
        times = [interaction.command.timestamp for interaction in interactions]
        assert times == [event.at for event in stored_log(tmp_path) if isinstance(event, e.CommandIssued)]
        assert len(times) == 3
        assert all(earlier < later for earlier, later in pairwise(times))
        assert times == [interaction.inserted_at for interaction in interactions]


class TestInteractionsAndTranscripts:
    """What belongs to an operation lands with it; what belongs to none, no later than the next one."""

    async def test_an_interaction_is_pending_until_its_result_is_stored(self, store: EngineStore) -> None:
        session = await apply(store, create("root"))
        session = await apply(store, start(session))
        session = await apply(store, issue(session, "i1", CommandKind.AGENT))
        pending = await store.interaction(SCOPE, "i1")
        assert pending is not None
        assert (pending.result, pending.completed_at) == (None, None)

        await store.append(finish(session, "i1", ResultStatus.WARNING))

        done = await store.interaction(SCOPE, "i1")
        assert done is not None
        assert done.result is not None
        assert (done.result.status, done.command) == (ResultStatus.WARNING, pending.command)

    async def test_a_command_and_its_result_in_one_batch(self, store: EngineStore) -> None:
        session = await apply(store, start(await apply(store, create("root"))))
        session = await apply(store, issue(session, "i1"))
        issued = replace(session, version=session.version + 2, pending="i2")

        came_to = await outcomes(
            store,
            finish(session, "i1"),
            issue(replace(session, version=session.version + 1), "i2"),
            finish(issued, "i2"),
        )

        assert came_to == ["Committed"] * 3
        assert [each.result is not None for each in await store.interactions(SCOPE, "root")] == [True, True]

    async def test_transcript_rows_are_on_disk_with_the_next_operation(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        session = await apply(store, create("root"))
        store.transcribe(said(session, 1, 2))
        store.transcribe(said(session, 3))

        await store.append(start(session))

        with outside(tmp_path) as database:
            rows = database.execute("SELECT n, text FROM transcripts").fetchall()
        assert rows == [(1, "hello 1"), (2, "hello 2"), (3, "hello 3")]

    async def test_transcript_rows_after_the_last_operation_are_written_at_the_end(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            session = await apply(store, create("root"))
            store.transcribe(said(session, 1))

        async with engine_store(tmp_path) as store:
            assert [row.text for row in await store.transcript("root", 1)] == ["hello 1"]

    async def test_a_transcript_row_that_the_database_refuses_fails_alone(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        session = await apply(store, create("root"))
        store.transcribe(said(session, 1))
        await store.append(start(session))
        store.transcribe(said(session, 1, text="again"))

        await store.append(create("other"))

        assert set(stored_sessions(tmp_path)) == {"root", "other"}
        assert [row.text for row in await store.transcript("root", 1)] == ["hello 1"]

    async def test_a_process_is_on_disk_once_it_is_recorded_and_gone_once_it_is_closed(
        self, store: EngineStore
    ) -> None:
        await apply(store, create("root"))
        process = Process(session_id="root", attempt=1, pid=4711, group=4711, started="boot+12")

        await store.open_process(process)
        assert await store.processes() == (process,)
        await store.close_process(4711, "another start")
        assert await store.processes() == (process,)
        await store.close_process(4711, "boot+12")
        assert await store.processes() == ()


class TestGroupCommit:
    """Many that write at once share a transaction."""

    async def test_operations_at_once_end_in_few_transactions(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 0)

        async with traced(store._writer._connection) as statements:
            await asyncio.gather(*(store.append(create(f"c{n}", "root")) for n in range(256)))

        assert sum(statement == "COMMIT" for statement in statements) <= 2
        assert len(stored_sessions(tmp_path)) == 257

    async def test_lives_at_once_end_in_about_as_many_transactions_as_one_life(self, store: EngineStore) -> None:
        await family(store, 101)
        async with traced(store._writer._connection) as one:
            await live(store, "child-0000", fails=False)
        async with traced(store._writer._connection) as many:
            await asyncio.gather(*(live(store, f"child-{n:04}", fails=False) for n in range(1, 101)))

        alone = sum(statement == "COMMIT" for statement in one)
        assert sum(statement == "COMMIT" for statement in many) <= 3 * alone

    async def test_the_writer_waits_for_the_disk(self, store: EngineStore) -> None:
        connection = store._writer._connection
        assert list(await connection.execute_fetchall("PRAGMA journal_mode")) == [("wal",)]
        assert list(await connection.execute_fetchall("PRAGMA synchronous")) == [(2,)]  # FULL
        assert list(await connection.execute_fetchall("PRAGMA foreign_keys")) == [(1,)]


class TestFence:
    """A writer of an older epoch writes nothing more."""

    async def test_a_newer_epoch_locks_the_older_writer_out(self, store: EngineStore, tmp_path: Path) -> None:
        root = await apply(store, create("root"))
        with outside(tmp_path) as database:
            database.execute("UPDATE engine SET epoch = epoch + 1")
        store.transcribe(said(root, 1))

        with pytest.raises(FenceLostError, match="another engine has taken this project over"):
            await store.append(start(root))
        with pytest.raises(FenceLostError):
            await store.append(create("other"))

        assert sequence(tmp_path) == [1]
        assert stored_sessions(tmp_path) == {"root": root}
        assert await store.transcript("root", 1) == ()

    async def test_what_a_dead_engine_left_pending_is_taken_over(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            session = await apply(store, create("root"))
            session = await apply(store, start(session))
            session = await apply(store, issue(session, "done"))
            session = await apply(store, finish(session, "done"))
            await store.append(issue(session, "pending"))
        async with engine_store(tmp_path) as store:
            await store.take_over()
            epochs = {each.id: each.epoch for each in await store.interactions(SCOPE, "root")}

        assert epochs == {"done": 1, "pending": 2}


class TestDeclare:
    """The manifest's components are the stored ones."""

    async def test_a_component_that_left_the_manifest_is_gone_and_its_sessions_stay(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await family(store, 1)
            assert len(await store.components_of(SCOPE, "component-root")) == 1
            await store.declare(SCOPE.project, ())

            assert await store.components_of(SCOPE, "component-root") == ()
            assert len(stored_sessions(tmp_path)) == 2

    async def test_completing_a_whole_run(self, store: EngineStore, tmp_path: Path) -> None:
        root = await family(store, 2)
        await asyncio.gather(*(live(store, f"child-000{n}", fails=False) for n in range(2)))
        root = await apply(store, complete(root))

        assert root.status is Status.COMPLETE
        assert {session.status for session in stored_sessions(tmp_path).values()} == {Status.COMPLETE}
