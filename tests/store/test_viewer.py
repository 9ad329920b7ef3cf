"""The store as everybody else has it: it reads, leaves requests, and changes nothing."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.errors import StoreError
from covey.model.control import Action, ControlRequest, RequestState
from covey.model.session import Session
from covey.model.status import Status
from covey.store.base import Operation
from covey.store.sqlite import EngineStore, open_viewer
from tests.model.strategies import START
from tests.store.lives import apply, create, engine_store, family, file_of, live, outside
from tests.store.test_lock import another_engine, killed


def request(key: str, session_id: str = "root") -> ControlRequest:
    return ControlRequest(
        id=key,
        session_id=session_id,
        action=Action.CANCEL,
        attempt=1,
        status=Status.ACTIVE,
        decision_id=f"d-{key}",
        requested_by="ada",
        requested_at=START + timedelta(hours=1),
    )


def on_disk(root: Path) -> dict[str, tuple[str, int]]:
    """The files under a directory, with what is in them and when it was written, but for SQLite's shared memory.

    A log without a byte in it is no file either: whoever reads a database in WAL mode opens one.
    """
    found = {}
    for path in sorted(root.rglob("*")):
        empty_log = path.name.endswith("-wal") and path.stat().st_size == 0
        if path.is_file() and not path.name.endswith("-shm") and not empty_log:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(root))] = (digest, path.stat().st_mtime_ns)
    return found


async def look_at_everything(root: Path) -> tuple[Session, ...]:
    async with open_viewer(root) as viewer:
        assert viewer is not None
        async with viewer.feed() as feed:
            await feed.changed()
            await viewer.lines(0)
            await viewer.living_engine()
            await viewer.queued_controls()
            assert await viewer.integrity() == "ok"
            return await viewer.roots(viewer.scope)


class TestReading:
    """A viewer leaves no trace."""

    async def test_a_project_in_which_nothing_ever_ran_is_left_untouched(self, tmp_path: Path) -> None:
        async with open_viewer(tmp_path) as viewer:
            assert viewer is None
        assert list(tmp_path.iterdir()) == []

    async def test_an_empty_database_is_no_run(self, tmp_path: Path) -> None:
        (tmp_path / ".covey").mkdir()
        file_of(tmp_path).touch()
        async with open_viewer(tmp_path) as viewer:
            assert viewer is None
        assert file_of(tmp_path).read_bytes() == b""

    async def test_nothing_changes_on_disk_when_no_engine_lives(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await family(store, 3)
        before = on_disk(tmp_path)

        roots = await look_at_everything(tmp_path)

        assert [root.id for root in roots] == ["root"]
        assert on_disk(tmp_path) == before

    async def test_nothing_changes_on_disk_after_an_engine_was_killed(self, tmp_path: Path) -> None:
        with another_engine(tmp_path) as engine:
            killed(engine)
        before = on_disk(tmp_path)
        assert any(name.endswith("-wal") for name in before)

        roots = await look_at_everything(tmp_path)

        assert [root.id for root in roots] == ["root"]
        assert on_disk(tmp_path) == before

    async def test_it_sees_what_was_committed_while_it_looks(self, store: EngineStore, tmp_path: Path) -> None:
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert await viewer.roots(viewer.scope) == ()
            root = await apply(store, create("root"))
            assert await viewer.roots(viewer.scope) == (root,)

    async def test_it_holds_no_transaction_open(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 1)
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            await viewer.lines(0)
            await viewer.run(viewer.scope, "root")
            await live(store, "child-0000", fails=True)
            with outside(tmp_path) as database:
                busy, in_log, copied = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, in_log, copied) == (0, 0, 0)

    async def test_it_cannot_write(self, store: EngineStore, tmp_path: Path) -> None:
        await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            with pytest.raises(StoreError, match="readonly"):
                await viewer._rows("DELETE FROM sessions")


class TestInbox:
    """Requests wait in the store until an engine has settled them; none falls between two engines."""

    async def test_a_request_waits_for_the_engine_and_keeps_it_from_retiring(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert await viewer.leave([request("q1"), request("q2")])
            assert [each.id for each in await store.queued_controls()] == ["q1", "q2"]
            assert not await store.retire()
            assert await viewer.living_engine() is not None

            settled = tuple(
                replace(each, state=RequestState.SETTLED, changed=False, outcome="as wished")
                for each in await store.queued_controls()
            )
            await store.append(Operation(settled=settled))

            assert await store.queued_controls() == ()
            assert (await viewer.controls(["q2"]))["q2"].outcome == "as wished"
            assert await store.retire()

    async def test_a_request_left_after_the_engine_retired_is_told_that_nobody_takes_it(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert await store.retire()

            assert await viewer.living_engine() is None
            assert not await viewer.leave([request("q1")])
            assert [each.id for each in await viewer.queued_controls()] == ["q1"]

    async def test_the_next_engine_finds_it(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            assert not await viewer.leave([request("q1")])
        async with engine_store(tmp_path) as store:
            assert await store.queued_controls() == (request("q1"),)

    async def test_a_stopped_engine_may_leave_requests_to_the_next(self, store: EngineStore, tmp_path: Path) -> None:
        await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            await viewer.leave([request("q1")])
            assert await store.retire(leave_requests=True)
            assert await viewer.living_engine() is None

    async def test_requests_of_one_decision_are_left_all_or_none(self, store: EngineStore, tmp_path: Path) -> None:
        await apply(store, create("root"))
        async with open_viewer(tmp_path) as viewer:
            assert viewer is not None
            with pytest.raises(StoreError):
                await viewer.leave([request("q1"), request("q2", "a session that is not there")])
            assert await viewer.queued_controls() == ()


async def test_the_file_alone_is_whole_once_the_engine_has_left_though_viewers_look_on(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    async with engine_store(root) as store:
        await apply(store, create("root"))
    async with open_viewer(root) as viewer:
        assert viewer is not None
        async with engine_store(root) as store:
            await apply(store, create("another"))
        copy = tmp_path / "copy"
        (copy / ".covey").mkdir(parents=True)
        (copy / ".covey" / "covey.db").write_bytes((root / ".covey" / "covey.db").read_bytes())
    async with open_viewer(copy) as alone:
        assert alone is not None
        assert {session.id for session in await alone.roots(alone.scope)} == {"root", "another"}
