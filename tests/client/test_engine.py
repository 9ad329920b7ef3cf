"""Orders to an engine that does not carry them out. Those that do are real ones, in `tests/e2e/test_own_process`."""

import asyncio
import os
from pathlib import Path

import pytest

from covey.client.engine import LOG, log_tail, place_order, request_stop, run_order
from covey.errors import CoveyError
from covey.model.control import RequestState
from covey.store.lock import engine_lock
from covey.store.sqlite import Viewer, open_viewer
from tests.store.lives import outside


def pretend(root: Path, pid: int) -> None:
    """The row says that whoever holds the lock is an engine that takes orders."""
    with outside(root) as database:
        database.execute("UPDATE engine SET body = json_set(json_remove(body, '$.stopped'), '$.pid', ?)", (pid,))


async def an_order_waits(viewer: Viewer) -> None:
    async with viewer.feed() as feed:
        while not await viewer.queued_orders():
            await feed.changed()


async def test_one_that_dies_is_told_and_the_order_taken_back(shop: Path) -> None:
    pretend(shop, os.getpid())
    order = run_order("design", ("shop.catalog",), by="ada")
    async with open_viewer(shop) as viewer, asyncio.TaskGroup() as tasks:
        assert viewer is not None
        with engine_lock(shop / ".covey"):
            placing = tasks.create_task(_failure(shop, order))
            await an_order_waits(viewer)
        assert "the engine was gone before it began anything" in await placing
        stored = await viewer.order(order.id)
        assert stored is not None
        assert (stored.state, stored.outcome) == (RequestState.REFUSED, "withdrawn")


async def test_one_that_does_not_answer_in_time_is_told_likewise(shop: Path) -> None:
    pretend(shop, os.getpid())
    order = run_order("design", ("shop.catalog",), by="ada")
    with engine_lock(shop / ".covey"):
        said = await _failure(shop, order, wait_seconds=0.05)
    assert f"the engine (pid {os.getpid()}) does not answer" in said
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        assert await viewer.queued_orders() == ()


async def _failure(root: Path, order: object, wait_seconds: float = 20.0) -> str:
    with pytest.raises(CoveyError) as caught:
        await place_order(root, order, wait_seconds=wait_seconds)  # type: ignore[arg-type]
    return str(caught.value)


async def test_a_stop_that_is_not_waited_for_is_asked_for(shop: Path) -> None:
    pretend(shop, os.getpid())
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        with engine_lock(shop / ".covey"):
            (answer,) = await request_stop(viewer, shop, ("a run",), wait_seconds=0)
            assert len(await viewer.queued_orders()) == 1
    assert (answer.session_id, answer.state, answer.changed) == ("a run", RequestState.QUEUED, None)


class TestLogTail:
    """What the log says last, where it can do no harm."""

    def test_has_the_last_lines_without_escapes(self, tmp_path: Path) -> None:
        (tmp_path / LOG).write_text("old\n" * 5000 + "\x1b]0;owned\x07the end\n")
        said = log_tail(tmp_path)
        assert str(tmp_path / LOG) in said
        assert said.endswith("the end")
        assert "\x1b" not in said
        assert len(said.splitlines()) < 20

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        assert "cannot be read" in log_tail(tmp_path)
