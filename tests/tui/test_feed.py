"""From the store to the board: batches as they are committed, beginnings anew, and the engine's coming and going."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from covey.client.watching import open_watch
from covey.model import events as e
from covey.model.activity import Activity
from covey.model.budget import Budget
from covey.model.ids import new_id
from covey.model.session import Session, about
from covey.model.status import Phase, Status
from covey.model.usage import Spent
from covey_tui.feed import Feed
from covey_tui.link import Link
from covey_tui.view.board import Board, Change
from covey_tui.view.money import spent_under
from tests.family import Family, open_family

PATIENCE = 20.0


def now() -> datetime:
    return datetime.now(UTC)


class Told:
    """Somebody who shows a board: what it was told, and a wait for the moment that something holds."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.begins = 0
        self.changes: list[Change] = []
        self.heard: list[frozenset[str]] = []
        self._news = asyncio.Event()

    def begun(self) -> None:
        self.begins += 1
        self._news.set()

    def changed(self, change: Change) -> None:
        self.changes.append(change)
        self._news.set()

    def stirred(self) -> None:
        self._news.set()

    def spoke(self, session_ids: frozenset[str]) -> None:
        self.heard.append(session_ids)
        self._news.set()

    def paid_elsewhere(self) -> None:
        self._news.set()

    def engine_changed(self) -> None:
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def following(root: Path, only_run: str | None = None) -> AsyncIterator[Told]:
    async with open_watch(root, only_run) as watch:
        assert watch is not None
        told = Told(Board("shop", only_run))
        feed = asyncio.ensure_future(Feed(watch, told.board, told, now).run())
        try:
            await told.until(lambda: told.begins > 0)
            yield told
        finally:
            feed.cancel()
            await asyncio.wait({feed})


async def begin(family: Family) -> str:
    """A run as the engine begins one."""
    key = new_id()
    started = e.RunStarted(
        at=family.clock.now(),
        run_id=key,
        session_id=key,
        attempt=1,
        project_root=str(family.root),
        workflow="design",
        context="Shop",
    )
    await family.happen(started)
    root = await family._create(key, None, "ContextComponentsDesignSessions", None, {"component": "Shop"})
    return root.id


class TestFollowing:
    """The board is what the log says, and whoever shows it is told which sessions have changed."""

    async def test_what_is_committed_reaches_the_board(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            root = await begin(family)
            async with following(tmp_path) as told:
                assert told.board.session(root).phase is Phase.QUEUED
                await family.start(told.board.session(root))
                await told.until(lambda: told.board.session(root).phase is Phase.RUNNING)
                assert {key for change in told.changes for key in change.changed} == {root}

    async def test_a_run_that_begins_later_is_shown(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            first = await begin(family)
            async with following(tmp_path) as told:
                second = await begin(family)
                await told.until(lambda: second in told.board)
                assert list(told.board.roots()) == [first, second]
                assert told.board.workflows[second] == "design"

    async def test_an_older_run_that_goes_on_makes_it_begin_anew(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            first = await begin(family)
            failed = await family.fail(await family.start(await _session(family, first)))
            await begin(family)
            async with following(tmp_path) as told:
                assert first not in told.board
                retried = await family.retry(failed)
                adopted = e.RunAdopted(
                    at=family.clock.now(), **about(retried), project_root="/", workflow="design", context="Shop"
                )
                await family.happen(adopted)
                await told.until(lambda: first in told.board)
                assert told.begins > 1
                assert told.board.session(first).status is Status.ACTIVE


class TestMoney:
    """A budget is shared by runs that are not shown: what they spend counts, and it is raised for them as well."""

    async def test_what_other_runs_spend_of_a_budget_counts_and_goes_on_counting(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            shown, other = await begin(family), await begin(family)
            for key in (shown, other):
                await share(family, key)
                await pay(family, key, 1.25)
            third = await begin(family)
            await pay(family, third, 0.25)
            async with following(tmp_path, shown) as told:
                assert list(told.board.roots()) == [shown]
                assert spent(told) == Spent(2_000, 2.5)
                await pay(family, other, 0.5)
                await told.until(lambda: spent(told) == Spent(3_000, 3.0))
                await share(family, third)
                await told.until(lambda: spent(told) == Spent(4_000, 3.25))

    async def test_it_is_raised_for_all_runs_that_share_it_and_have_not_ended(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            shown, other, ended = [await begin(family) for _ in range(3)]
            for key in (shown, other, ended):
                await share(family, key)
            await begin(family)
            await family.fail(await family.start(await _session(family, ended)))
            link = Link(tmp_path)
            link.watch = watch
            asked = await link.sharing_budget(await _session(family, shown))
            assert [root.id for root in asked] == [shown, other]


CALL = Budget(id="call", usd=5.0)


def spent(told: Told) -> Spent:
    """What was spent of the budget, as the board knows it."""
    return spent_under(told.board, CALL)


async def share(family: Family, key: str) -> None:
    """Give a run the budget."""
    root = about(await _session(family, key))
    await family.happen(e.BudgetSet(at=family.clock.now(), **root, budget=CALL, by="ana", decision_id=new_id()))


async def pay(family: Family, key: str, usd: float) -> None:
    """A run pays for a thousand tokens."""
    root = about(await family.start(await _session(family, key)))
    turn = {"step": "Finalize", "model": "m", "tokens": {"input": 1_000}}
    await family.happen(e.UsageRecorded(at=family.clock.now(), **root, **turn, cost_usd=usd))


class TestSignsOfLife:
    """They are read beside the log, after something was stored; who has done something since is named."""

    async def test_an_agent_that_does_something_is_told_of(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            root = await begin(family)
            await note(family, root)
            async with following(tmp_path) as told:
                assert [*told.board.signs.by_id] == [root]
                family.clock.advance(1)
                await note(family, root)
                await told.until(lambda: told.heard == [frozenset({root})])
                assert told.board.signs.by_id[root].at == family.clock.now()


async def note(family: Family, key: str) -> None:
    """The agent of a session does something."""
    now = family.clock.now()
    family.store.note_activity([Activity(session_id=key, attempt=1, at=now, beat=now)], [])
    await family.happen()


class TestTheEngine:
    """Whether one lives is looked at beside the log; without one the disk speaks."""

    async def test_work_whose_engine_is_gone_is_seen_as_interrupted(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            root = await begin(family)
            await family.start(await _session(family, root))
        async with following(tmp_path) as told:
            assert not told.board.engine.alive
            assert not told.board.is_inferred(root)  # an engine may just be coming
            await told.until(lambda: told.board.is_inferred(root))
            assert told.board.session(root).phase is Phase.INTERRUPTED
            async with open_family(tmp_path):
                await told.until(lambda: told.board.engine.alive)
                await told.until(lambda: not told.board.is_inferred(root))
            await told.until(lambda: not told.board.engine.alive)
            await told.until(lambda: told.board.is_inferred(root))


async def _session(family: Family, key: str) -> Session:
    found = await family.store.session(family.scope, key)
    assert found is not None
    return found
