"""Reads: for a scope, of one moment, with a number of queries that does not grow."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.errors import StaleOperationError, StoreError
from covey.model.command import CommandKind, ResultStatus
from covey.model.scope import Scope
from covey.store.sqlite import EngineStore, open_viewer
from tests.store.lives import (
    PROJECT,
    SCOPE,
    apply,
    complete,
    create,
    engine_store,
    fail,
    family,
    finish,
    issue,
    live,
    of_run,
    outside,
    plan_of,
    said,
    start,
    traced,
)

STRANGER = Scope(project=replace(PROJECT, id="another project"), user="ada")

SCOPED: dict[str, Callable[[EngineStore, Scope], Awaitable[object]]] = {
    "session": lambda store, scope: store.session(scope, "root"),
    "with_prefix": lambda store, scope: store.with_prefix(scope, "ro", 9),
    "position": lambda store, scope: store.position(scope, "root"),
    "family": lambda store, scope: store.family(scope, "root"),
    "below": lambda store, scope: store.below(scope, "root"),
    "above": lambda store, scope: store.above(scope, "child-0000"),
    "children": lambda store, scope: store.children(scope, ["child-0000"]),
    "roots": lambda store, scope: store.roots(scope),
    "open_sessions": lambda store, scope: store.open_sessions(scope),
    "newest_root": lambda store, scope: store.newest_root(scope, "ContextComponentsDesignSessions", "shop.root"),
    "files_to_watch": lambda store, scope: store.files_to_watch(scope),
    "run": lambda store, scope: store.run(scope, "root"),
    "component": lambda store, scope: store.component(scope, "component-a"),
    "components_of": lambda store, scope: store.components_of(scope, "component-root"),
    "interaction": lambda store, scope: store.interaction(scope, "i1"),
    "interactions": lambda store, scope: store.interactions(scope, "root"),
}


class TestScope:
    """What belongs to another project is not found."""

    @pytest.mark.parametrize("name", SCOPED)
    async def test_another_project_finds_nothing(self, store: EngineStore, name: str) -> None:
        await store.append(issue(await family(store, 1), "i1"))

        assert await SCOPED[name](store, SCOPE)
        assert not await SCOPED[name](store, STRANGER)

    async def test_the_project_itself(self, store: EngineStore) -> None:
        assert await store.project() == PROJECT

    async def test_no_project_before_the_first_run(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path):
            pass
        with outside(tmp_path) as database:
            database.execute("DELETE FROM components")
            database.execute("DELETE FROM project")
        async with open_viewer(tmp_path) as viewer:
            assert viewer is None


class TestNumberOfQueries:
    """A parent with its children is read with as many statements for 300 children as for 3."""

    @pytest.mark.parametrize(
        ("read", "most"),
        [
            (lambda store: store.family(SCOPE, "root"), 1),
            (lambda store: store.below(SCOPE, "root"), 1),
            (lambda store: store.run(SCOPE, "root"), 1),
            (lambda store: store.active_children("root"), 1),
            (lambda store: store.children(SCOPE, [f"child-{n:04}" for n in range(300)]), 1),
            (lambda store: store.positions([f"child-{n:04}" for n in range(300)]), 2),
            (lambda store: store.files_to_watch(SCOPE), 1),
        ],
    )
    @pytest.mark.parametrize("children", [3, 300])
    async def test_does_not_grow(
        self, store: EngineStore, read: Callable[[EngineStore], Awaitable[tuple[object, ...]]], most: int, children: int
    ) -> None:
        await family(store, children)

        async with traced(store._connection) as statements:
            found = await read(store)

        assert len(found) >= children
        assert len(statements) == most

    async def test_many_positions_at_once_are_one_reading(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await family(store, 50)
        async with engine_store(tmp_path) as store, traced(store._connection) as statements:
            found = await asyncio.gather(*(store.position(SCOPE, f"child-{n:04}") for n in range(50)))

            assert [position.session.id for position in found if position] == [f"child-{n:04}" for n in range(50)]
            assert len(statements) == 2


class TestOneOfMany:
    """What belongs to one session is found by an index: it costs the same among 50,000 of them."""

    @pytest.mark.parametrize("name", ["session", "family", "interaction", "interactions", "component"])
    async def test_nothing_else_is_looked_at(self, store: EngineStore, tmp_path: Path, name: str) -> None:
        await store.append(issue(await family(store, 1), "i1"))
        async with traced(store._connection) as statements:
            assert await SCOPED[name](store, SCOPE)
        assert statements
        for statement in statements:
            assert "SCAN" not in plan_of(tmp_path, statement)


class TestPosition:
    """A session with the tries of its present attempt."""

    async def test_what_the_engine_has_written_needs_no_reading(self, store: EngineStore) -> None:
        session = await family(store, 0)
        session = await apply(store, issue(session, "i1", CommandKind.CHECK))
        session = await apply(store, finish(session, "i1", ResultStatus.WARNING))
        session = await apply(store, issue(session, "i2", CommandKind.AGENT, step="Generate"))

        async with traced(store._connection) as statements:
            position = await store.position(SCOPE, "root")

        assert statements == []
        assert position is not None
        assert position.session == session
        assert [(each.interaction_id, each.step, each.command, each.status) for each in position.tries] == [
            ("i1", "Initialize", CommandKind.CHECK, ResultStatus.WARNING),
            ("i2", "Generate", CommandKind.AGENT, None),
        ]

    async def test_tries_of_an_earlier_attempt_do_not_count(self, store: EngineStore) -> None:
        await family(store, 1)
        await live(store, "child-0000", fails=True)

        position = (await store.positions(["child-0000"]))["child-0000"]

        assert position.session.attempt == 2
        assert [each.interaction_id for each in position.tries] == ["child-0000-2-1"]

    async def test_a_row_that_somebody_else_changed_is_read_anew_after_one_refusal(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        root = await apply(store, create("root"))
        changed = replace(root, version=9, note="by hand")
        with outside(tmp_path) as database:
            database.execute("UPDATE sessions SET body = json_set(body, '$.version', 9, '$.note', 'by hand')")

        with pytest.raises(StaleOperationError):
            await store.append(start(root))

        position = await store.position(SCOPE, "root")
        assert position is not None
        assert position.session == changed
        await store.append(start(position.session))

    async def test_rows_that_somebody_else_changed_are_not_remembered_whichever_session_comes_next(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        root, other = await apply(store, create("root")), await apply(store, create("other"))
        with outside(tmp_path) as database:
            database.execute("UPDATE sessions SET body = json_set(body, '$.version', 9) WHERE id = 'root'")

        await store.append(start(other))

        with pytest.raises(StaleOperationError):
            await store.append(start(root))

    async def test_one_that_ended_is_read_from_disk(self, store: EngineStore) -> None:
        session = await family(store, 0)
        session = await apply(store, fail(session))

        async with traced(store._connection) as statements:
            position = await store.position(SCOPE, "root")

        assert len(statements) == 2
        assert position is not None
        assert position.session == session

    async def test_an_unknown_one_is_not_found(self, store: EngineStore) -> None:
        assert await store.position(SCOPE, "nobody") is None


class TestFamily:
    """Parents, children, ancestors."""

    async def test_children_come_after_their_parent_in_spawn_order(self, store: EngineStore) -> None:
        await apply(store, create("root"))
        for name, position in [("c", 2), ("a", 0), ("b", 1)]:
            await store.append(create(name, "root", position=position))
        await store.append(create("grandchild", "a"))

        found = await store.family(SCOPE, "root")
        below = await store.below(SCOPE, "root")
        above = await store.above(SCOPE, "grandchild")

        assert found is not None
        assert [session.id for session in found] == ["root", "a", "b", "c"]
        assert [session.id for session in below] == ["a", "b", "c", "grandchild"]
        assert [session.id for session in above] == ["a", "root"]
        assert await store.family(SCOPE, "nobody") is None

    async def test_active_children_and_their_places(self, store: EngineStore) -> None:
        await family(store, 2)
        await store.append(create("a", "root", position=2))
        await live(store, "child-0000", fails=False)

        assert await store.active_children("root") == [("child-0001", 1), ("a", 1)]
        places = await store.children(SCOPE, ["a", "child-0001"])
        assert [(child.session_id, child.position, child.priority) for child in places] == [
            ("a", 2, 7),
            ("child-0001", 1, None),
        ]

    async def test_what_is_open(self, store: EngineStore) -> None:
        await family(store, 2)
        await live(store, "child-0000", fails=False)

        assert [session.id for session in await store.open_sessions(SCOPE)] == ["root", "child-0001"]

    async def test_files_to_watch_are_those_of_unfinished_runs_and_of_each_contexts_newest(
        self, store: EngineStore
    ) -> None:
        for run, module, ends in [
            ("r1", "shop", True),
            ("r2", "shop", True),
            ("r3", "bank", True),
            ("r4", "bank", False),
        ]:
            root = await apply(store, of_run(run, create(run), module))
            child = await apply(store, of_run(run, create(f"{run}-child", run), f"{module}.a"))
            await apply(store, complete(await apply(store, start(child))))
            if ends:
                await apply(store, complete(await apply(store, start(root))))

        newest = await store.newest_root(SCOPE, "ContextComponentsDesignSessions", "shop")

        assert [session.id for session in await store.files_to_watch(SCOPE)] == ["r2-child", "r4-child"]
        assert newest is not None
        assert newest.id == "r2"
        assert [session.id for session in await store.run(SCOPE, "r1")] == ["r1", "r1-child"]

    async def test_deleting_a_parent_deletes_everything_below_it(self, store: EngineStore, tmp_path: Path) -> None:
        root = await family(store, 2)
        await live(store, "child-0000", fails=True)
        store.transcribe(said(root, 1))
        await store.append(issue(root, "i1"))
        await store.append(create("other"))

        with outside(tmp_path) as database:
            database.execute("DELETE FROM sessions WHERE id = 'root'")

        assert [session.id for session in await store.roots(SCOPE)] == ["other"]
        with outside(tmp_path) as database:
            for table in ("interactions", "transcripts", "controls", "processes"):
                assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
            assert database.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


class TestLog:
    """Lines of the log, and transcripts, in pages."""

    async def test_lines_come_with_the_facts_of_their_session(self, store: EngineStore) -> None:
        await family(store, 1)

        lines = await store.lines(0)

        assert [line.entry.seq for line in lines] == [1, 2, 3]
        assert [(line.parent_id, line.component) for line in lines] == [
            (None, "Root"),
            ("root", "Child-0000"),
            (None, "Root"),
        ]
        assert [line.entry.seq for line in await store.lines(1, limit=1)] == [2]
        assert await store.lines(0, run_id="another") == ()
        assert await store.last_seq() == 3

    async def test_a_transcript_in_pages(self, store: EngineStore) -> None:
        session = await apply(store, create("root"))
        store.transcribe(said(session, *range(1, 8)))
        await store.append(start(session))

        page = await store.transcript("root", 1, after=2, limit=3)

        assert [row.n for row in page] == [3, 4, 5]
        assert await store.last_transcript_row("root", 1) == 7
        assert await store.last_transcript_row("root", 2) == 0


class TestErrors:
    """What SQLite says comes as a StoreError that names the file."""

    async def test_a_table_that_is_gone(self, store: EngineStore, tmp_path: Path) -> None:
        with outside(tmp_path) as database:
            database.execute("DROP TABLE transcripts")

        with pytest.raises(StoreError, match=r"covey\.db cannot be used: no such table"):
            await store.transcript("root", 1)

    async def test_a_group_reading_fails_for_all_who_asked(self, store: EngineStore, tmp_path: Path) -> None:
        with outside(tmp_path) as database:
            database.execute("DROP TABLE interactions")

        answers = await asyncio.gather(*(store.position(SCOPE, key) for key in ("one", "two")), return_exceptions=True)

        assert [type(answer) for answer in answers] == [StoreError, StoreError]
