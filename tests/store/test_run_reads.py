"""Reads over a whole run: one query each, of one project, however many sessions the run has."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from covey.model import events as e
from covey.model.command import ResultStatus
from covey.model.scope import Scope
from covey.model.session import about
from covey.store.base import Completion, Operation
from covey.store.run_reads import RunReads
from covey.store.sqlite import EngineStore, Viewer, open_viewer
from covey.testing.clock import FakeClock
from tests.store.lives import (
    PROJECT,
    SCOPE,
    apply,
    create,
    engine_store,
    fail,
    family,
    finish,
    issue,
    live,
    outside,
    plan_of,
    retry,
    said,
    start,
    traced,
)

STRANGER = Scope(project=replace(PROJECT, id="another project"), user="ada")
READS: dict[str, Callable[[RunReads, Scope], Awaitable[Any]]] = {
    "events": lambda store, scope: store.events_of_run(scope, "root", [e.SessionCreated, e.SessionRetried]),
    "steps": lambda store, scope: store.steps_of_run(scope, "root"),
    "data": lambda store, scope: store.result_data(scope, "root", ["Initialize"]),
    "transcripts": lambda store, scope: store.transcript_ends(scope, "root", 2),
    "paths": lambda store, scope: store.artifact_paths(scope),
}


@pytest.fixture
async def viewer(tmp_path: Path) -> AsyncIterator[Viewer]:
    """A viewer of a run whose twenty children have lived."""
    async with engine_store(tmp_path) as store:
        await family(store, 20)
        for number in range(20):
            await live(store, f"child-{number:04}", fails=False)
    async with open_viewer(tmp_path) as opened:
        assert opened is not None
        yield opened


@pytest.mark.parametrize("name", READS)
class TestEveryRead:
    """What holds for all of them."""

    async def test_is_one_query(self, viewer: Viewer, name: str) -> None:
        async with traced(viewer._connection) as statements:
            found = await READS[name](viewer, SCOPE)
        assert len(found) >= 20
        assert len(statements) == 1

    async def test_another_project_finds_nothing(self, viewer: Viewer, name: str) -> None:
        assert not await READS[name](viewer, STRANGER)


async def read(root: Path, name: str) -> Any:
    async with open_viewer(root) as viewer:
        assert viewer is not None
        return await READS[name](viewer, SCOPE)


class TestSteps:
    """Every try of every attempt, without what it carries."""

    async def test_of_all_attempts_and_pending_ones(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 1)
        await live(store, "child-0000", fails=True)
        root = await store.session(SCOPE, "root")
        assert root is not None
        await store.append(issue(root, "p1"))
        steps = await read(tmp_path, "steps")
        assert [(each.session_id, each.attempt, each.step, each.status) for each in steps] == [
            ("child-0000", 1, "Initialize", ResultStatus.OK),
            ("child-0000", 2, "Initialize", ResultStatus.OK),
            ("root", 1, "Initialize", None),
        ]
        assert steps[0].completed_at is not None
        assert steps[-1].completed_at is None


class TestResultData:
    """What the newest result of a step has found, in the present attempt."""

    async def test_the_newest_counts(self, store: EngineStore, tmp_path: Path) -> None:
        session = await apply(store, start(await apply(store, create("root"))))
        for key, found in (("i1", 1), ("i2", 2)):
            session = await apply(store, issue(session, key))
            session = await apply(store, with_data(finish(session, key), {"found": found}))
        assert await read(tmp_path, "data") == {("root", "Initialize"): {"found": 2}}

    async def test_that_of_an_earlier_attempt_does_not(self, store: EngineStore, tmp_path: Path) -> None:
        session = await apply(store, start(await apply(store, create("root"))))
        session = await apply(store, issue(session, "i1"))
        session = await apply(store, with_data(finish(session, "i1"), {"found": 1}))
        await apply(store, retry(await apply(store, fail(session))))
        assert await read(tmp_path, "data") == {}


def with_data(operation: Operation, data: dict[str, object]) -> Operation:
    (completion,) = operation.completed
    result = replace(completion.result, data=data)
    return replace(operation, completed=(Completion(completion.interaction_id, result, completion.completed_at),))


class TestTranscripts:
    """The last rows of each session's present attempt."""

    async def test_the_last_ones_in_order(self, store: EngineStore, tmp_path: Path) -> None:
        root = await family(store, 2)
        child = await store.session(SCOPE, "child-0001")
        assert child is not None
        store.transcribe([*said(root, 1, 2, 3), *said(child, 1)])
        await store.append(issue(root, "i1"))
        rows = await read(tmp_path, "transcripts")
        assert [(row.session_id, row.n, row.text) for row in rows] == [
            ("root", 2, "hello 2"),
            ("root", 3, "hello 3"),
            ("child-0001", 1, "hello 1"),
        ]

    async def test_of_a_long_row_only_the_end_is_read(self, store: EngineStore, tmp_path: Path) -> None:
        root = await family(store, 0)
        store.transcribe(said(root, 1, text="x" * 60_000))
        await store.append(issue(root, "i1"))
        (row,) = await read(tmp_path, "transcripts")
        assert len(row.text) == 4_000
        assert row.text.endswith("x 1")


class TestEvents:
    """The events of some kinds, oldest first."""

    async def test_only_these(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 1)
        await live(store, "child-0000", fails=True)
        events = await read(tmp_path, "events")
        assert [type(event) for event in events] == [e.SessionCreated, e.SessionCreated, e.SessionRetried]


class TestPaths:
    """The files that sessions were made for."""

    async def test_each_once(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 2)
        with outside(tmp_path) as database:
            bodies = [msgspec.json.decode(row[0]) for row in database.execute("SELECT body FROM sessions")]
        expected = {body["artifact_path"] for body in bodies if body.get("artifact_path") is not None}
        assert expected
        assert await read(tmp_path, "paths") == expected


class TestSpentSince:
    """What was spent today is read without what was spent before."""

    async def test_counts_what_was_spent_from_that_moment_on_and_looks_at_nothing_else(
        self, store: EngineStore, clock: FakeClock, tmp_path: Path
    ) -> None:
        session = await apply(store, start(await apply(store, create("root"))))
        for number in range(4):
            clock.advance(60)
            usage = e.UsageRecorded(
                at=clock.now(),
                **about(session),
                step="Initialize",
                model="m",
                tokens={"input": 10**number, "output": 5 * 10**number},
                cost_usd=0.5,
                request_id=f"r{number}",
            )
            await store.append(Operation(events=(usage,)))
        async with traced(store._connection) as statements:
            spent = await store.spent_since(clock.now() - timedelta(seconds=60))
        assert (spent.tokens, spent.usd) == (6_600, 1.0)
        (statement,) = statements
        assert "SEARCH events USING INDEX usage_by_moment (<expr>>?)" in plan_of(tmp_path, statement)
