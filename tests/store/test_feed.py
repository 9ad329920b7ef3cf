"""The change feed: it tells of every commit of somebody else's, and of nothing else."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from covey.model.events import Entry
from covey.store.feed import BUSY_INTERVAL, QUIET_AFTER, QUIET_INTERVAL, ChangeFeed, _watch, change_feed
from covey.store.reads import PAGE
from covey.store.sqlite import EngineStore
from tests.store.lives import create, family, file_of, live, outside

WITHIN = 20.0
"""Seconds after which a test gives up; a feed that works needs a fraction of one."""


class Rounds(threading.Event):
    """An end that comes after the last of these deeds; each is done before the next look at the database."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        super().__init__()
        self._deeds = list(deeds)
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if not self._deeds:
            return True
        self._deeds.pop(0)()
        return False


def nothing() -> None:
    """Let a round pass."""


class TestRounds:
    """Round by round, as the feed's thread goes."""

    async def test_only_commits_of_somebody_else_are_told(self, store: EngineStore, tmp_path: Path) -> None:
        await store.append(create("root"))
        told: list[int] = []
        with outside(tmp_path) as other:

            def write(name: str) -> Callable[[], object]:
                return lambda: other.execute("UPDATE sessions SET type = ?", (name,))

            def roll_back() -> None:
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE sessions SET type = 'never'")
                other.execute("ROLLBACK")

            def read() -> None:
                other.execute("SELECT * FROM sessions").fetchall()

            deeds = [nothing, nothing, read, write("A"), nothing, roll_back, write("B"), write("C"), nothing]
            rounds = Rounds(*deeds)
            _watch(file_of(tmp_path), rounds, lambda _: told.append(len(rounds.waits)))

        assert told == [1, 4, 7, 8]  # the first look tells too: whatever was committed before it is news

    async def test_it_looks_less_often_when_nothing_has_moved_for_a_second(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        await store.append(create("root"))
        with outside(tmp_path) as other:
            quiet = [nothing] * (QUIET_AFTER + 3)
            rounds = Rounds(*quiet, lambda: other.execute("UPDATE sessions SET type = 'A'"), nothing)
            _watch(file_of(tmp_path), rounds, lambda _: None)

        assert rounds.waits[:2] == [BUSY_INTERVAL, BUSY_INTERVAL]
        assert rounds.waits[len(quiet)] == QUIET_INTERVAL
        assert rounds.waits[-1] == BUSY_INTERVAL

    async def test_one_that_cannot_be_opened_is_told_as_a_change_and_tried_again(
        self, store: EngineStore, tmp_path: Path
    ) -> None:
        path, away = file_of(tmp_path), tmp_path / "away.db"
        path.rename(away)
        told: list[int] = []
        rounds = Rounds(nothing, nothing, nothing, lambda: away.rename(path), nothing, nothing)

        _watch(path, rounds, lambda _: told.append(len(rounds.waits)))

        assert told == [1, 2, 3, 4]

    async def test_a_database_that_cannot_be_asked_is_told_as_a_change(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.db"
        path.write_bytes(b"this is no database" * 100)
        told: list[int] = []
        rounds = Rounds(nothing, nothing)

        _watch(path, rounds, lambda _: told.append(len(rounds.waits)))

        assert told == [1, 2]


class TestReadingAhead:
    """What has come to the log is there with the change, for whoever follows it."""

    async def test_it_is_what_a_read_would_give(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 3)
        feed, every = ChangeFeed(), await store.entries(0)
        with outside(tmp_path) as other:
            assert feed.look(other) == ()  # nobody follows it yet
            feed.read_ahead(2)
            feed.tell(feed.look(other))
            assert feed.look(other) == ()  # it was asked for once
        assert feed.ahead(3) == every[3:]  # somebody has read one line more meanwhile
        assert feed.ahead(3) == ()  # it is taken

    async def test_a_page_is_left_to_a_read_for_there_may_be_more(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, PAGE)
        feed = ChangeFeed()
        with outside(tmp_path) as other:
            feed.read_ahead(await store.last_seq() - PAGE)
            assert feed.look(other) == ()
            feed.read_ahead(await store.last_seq() - PAGE + 1)
            assert len(feed.look(other)) == PAGE - 1

    def test_what_cannot_be_read_is_left_to_a_read_that_says_so(self, tmp_path: Path) -> None:
        feed = ChangeFeed()
        feed.read_ahead(0)
        assert feed.look(None) == ()
        feed.read_ahead(0)
        with closing(sqlite3.connect(tmp_path / "empty.db")) as empty:
            assert feed.look(empty) == ()


class TestChangeFeed:
    """As a viewer has it."""

    async def test_a_commit_brings_its_lines(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 1)
        last = await store.last_seq()
        async with asyncio.timeout(WITHIN), change_feed(file_of(tmp_path)) as feed:
            await feed.changed()
            feed.read_ahead(last)
            await live(store, "child-0000", fails=False)
            found: tuple[Entry, ...] = ()
            while found != await store.entries(last):
                await feed.changed()
                found = feed.ahead(last) or found

    async def test_it_wakes_after_each_of_the_engines_commits(self, store: EngineStore, tmp_path: Path) -> None:
        await family(store, 1)
        async with asyncio.timeout(WITHIN), change_feed(file_of(tmp_path)) as feed:
            await feed.changed()
            waiting = asyncio.create_task(feed.changed())
            await asyncio.sleep(0)
            assert not waiting.done()
            await live(store, "child-0000", fails=False)
            await waiting

    async def test_a_wake_by_hand(self, store: EngineStore, tmp_path: Path) -> None:
        await store.append(create("root"))
        async with asyncio.timeout(WITHIN), change_feed(file_of(tmp_path)) as feed:
            await feed.changed()
            feed.wake()
            await feed.changed()

    async def test_its_thread_ends_with_the_block(self, store: EngineStore, tmp_path: Path) -> None:
        await store.append(create("root"))
        async with change_feed(file_of(tmp_path)):
            assert "covey-change-feed" in {thread.name for thread in threading.enumerate()}

        assert "covey-change-feed" not in {thread.name for thread in threading.enumerate()}
