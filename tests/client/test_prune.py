"""Runs that ended long ago are put away: nothing is lost, whoever is killed meanwhile, and the rest stays whole."""

import asyncio
import contextlib
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from covey.client import archive
from covey.client.health import examine, in_order
from covey.client.prune import Pruned, prune
from covey.client.record import read_record
from covey.errors import StoreError, UsageError
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.command import TranscriptRow
from covey.model.session import Session, about
from covey.store.archives import KEPT
from covey.store.base import Line, Operation
from covey.store.lock import engine_lock
from covey.store.sqlite import EngineStore, Viewer, open_viewer
from covey.testing.clock import FakeClock
from tests.store.lives import (
    apply,
    complete,
    create,
    engine_store,
    fail,
    file_of,
    finish,
    issue,
    of_run,
    outside,
    retry,
    said,
    sequence,
    start,
    stored_sessions,
)

MONTH = timedelta(days=30)
TEXT = "what the agent said " * 2_000


BY_ADA = {"by": "ada", "decision_id": "d"}


async def begun(store: EngineStore, run: str, module: str, abilities: tuple[Ability, ...] = ()) -> Session:
    """A run's root at work, with something said in it."""
    root = await apply(store, of_run(run, create(run), module))
    started = e.SessionStarted(at=root.updated_at, **about(root), abilities=abilities)
    root = await apply(store, Operation(events=(started,)))
    store.transcribe(said(root, 1, 2, text=TEXT))
    return await apply(store, issue(root, f"{run}-1"))


async def ended(store: EngineStore, root: Session) -> Session:
    return await apply(store, complete(await apply(store, finish(root, f"{root.id}-1"))))


@pytest.fixture
async def old(tmp_path: Path) -> Path:
    """Two runs side by side, `first` complete and `open` not; then, of first's context, the newer run `second`."""
    clock = FakeClock()
    async with engine_store(tmp_path, clock) as store:
        first, unfinished = await asyncio.gather(begun(store, "first", "shop"), begun(store, "open", "other"))
        await asyncio.gather(ended(store, first), store.append(finish(unfinished, "open-1")))
        await ended(store, await begun(store, "second", "shop"))
        assert await store.retire()
    return tmp_path


def later() -> FakeClock:
    clock = FakeClock()
    clock.advance(2 * MONTH.total_seconds())
    return clock


async def pruned(root: Path, older: timedelta = MONTH) -> Pruned:
    return await prune(root, older, clock=later())


@contextlib.asynccontextmanager
async def viewing(root: Path) -> AsyncIterator[Viewer]:
    async with open_viewer(root) as viewer:
        assert viewer is not None
        yield viewer


async def whole_log(root: Path, run_id: str | None = None, after: int = 0) -> list[Line]:
    async with viewing(root) as viewer:
        return [line async for page in archive.pages(viewer, after, run_id) for line in page]


async def transcripts(root: Path) -> list[TranscriptRow]:
    async with viewing(root) as viewer:
        return [row for key in sorted(stored_sessions(root)) for row in await archive.transcript(viewer, key, 1, 0)]


async def is_sound(root: Path) -> bool:
    """As covey doctor sees it; the manifest, which is not there, is another matter."""
    return in_order([finding for finding in await examine(root) if finding.check not in {"manifest", "agents"}])


class TestWhich:
    """Finished long ago, and not the newest of its context."""

    async def test_only_those_that_ended_long_ago_and_are_not_the_newest(self, old: Path) -> None:
        found = await prune(old, MONTH, dry_run=True, clock=later())
        assert [each.run.root.id for each in found.runs] == ["first"]
        assert [(each.run.events, each.run.transcripts) for each in found.runs] == [(5, 2)]

    async def test_none_that_ended_of_late(self, old: Path) -> None:
        assert (await pruned(old, 3 * MONTH)).runs == ()

    async def test_none_of_which_something_is_open(self, old: Path) -> None:
        with outside(old) as database:
            database.execute("INSERT INTO controls (id, session_id, state, body) VALUES ('c', 'first', 'queued', '{}')")
        assert (await pruned(old)).runs == ()

    async def test_a_dry_run_changes_nothing(self, old: Path) -> None:
        before = file_of(old).read_bytes()
        await prune(old, MONTH, dry_run=True, clock=later())
        assert file_of(old).read_bytes() == before
        assert not (old / ".covey/archive").exists()

    async def test_where_nothing_was_ever_run_there_is_nothing(self, tmp_path: Path) -> None:
        assert await prune(tmp_path, MONTH) == Pruned((), 0, 0)
        assert list(tmp_path.iterdir()) == []


class TestPutAway:
    """What is put away can be read as before, and the database is smaller."""

    async def test_the_log_and_the_transcripts_read_as_before(self, old: Path) -> None:
        log, rows, sessions = await whole_log(old), await transcripts(old), stored_sessions(old)
        done = await pruned(old)
        assert [each.archive for each in done.runs] == [".covey/archive/first.jsonl.gz"]
        assert len(sequence(old)) < len(log)
        assert await whole_log(old) == log
        assert await whole_log(old, "first") == [line for line in log if line.entry.event.run_id == "first"]
        assert await whole_log(old, after=4) == log[4:]
        assert await transcripts(old) == rows
        assert stored_sessions(old) == sessions
        assert await is_sound(old)

    async def test_the_database_shrinks(self, old: Path) -> None:
        done = await pruned(old)
        assert (done.warning, done.after < done.before) == (None, True)
        assert done.after == file_of(old).stat().st_size

    async def test_how_it_began_and_what_was_decided_stays(self, old: Path) -> None:
        with outside(old) as database:
            database.execute(
                "UPDATE events SET body = json_set(body, '$.event', 'control_requested', '$.request_id', 'r',"
                " '$.decision_id', 'd', '$.action', 'retry', '$.by', 'ada')"
                " WHERE run_id = 'first' AND json_extract(body, '$.event') = 'session_started'"
            )
        await pruned(old)
        with outside(old) as database:
            stayed = database.execute("SELECT json_extract(body, '$.event') FROM events WHERE run_id = 'first'")
            assert {row[0] for row in stayed} == {"control_requested"} <= set(KEPT)

    async def test_what_a_report_tells_of_it_stays(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path, FakeClock()) as store:
            first = await begun(store, "first", "shop", (Ability.MESSAGES,))
            sent = e.MessageSent(at=first.updated_at, **about(first), message_id="m", message="in cents", **BY_ADA)
            asked = e.QuestionAsked(at=first.updated_at, **about(first), question_id="q", question="euros or cents?")
            told = e.QuestionAnswered(at=first.updated_at, **about(first), question_id="q", answer="cents", **BY_ADA)
            again = e.SessionStarted(at=first.updated_at, **about(first), abilities=(Ability.MESSAGES,))
            await ended(store, await apply(store, Operation(events=(sent, asked, told, again))))
            await ended(store, await begun(store, "second", "shop"))
        async with viewing(tmp_path) as viewer:
            before = (await read_record(viewer, tmp_path, "first")).events
        assert [type(event) for event in before] == [e.MessageSent, e.QuestionAnswered]
        assert len((await pruned(tmp_path)).runs) == 1
        async with viewing(tmp_path) as viewer:
            assert (await read_record(viewer, tmp_path, "first")).events == before

    async def test_again_there_is_nothing_to_do(self, old: Path) -> None:
        await pruned(old)
        before = file_of(old).read_bytes()
        assert (await pruned(old)).runs == ()
        assert file_of(old).read_bytes() == before

    async def test_the_engine_goes_on_counting(self, old: Path) -> None:
        last = len(await whole_log(old))
        await pruned(old)
        async with engine_store(old, later()) as store:
            committed = await store.append(create("third"))
            assert [entry.seq for entry in committed.entries] == [last + 1]

    async def test_one_that_is_tried_again_and_put_away_again_has_two_files(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path, FakeClock()) as store:
            first = await begun(store, "first", "shop")
            first = await apply(store, fail(await apply(store, finish(first, "first-1"))))
            await ended(store, await begun(store, "second", "shop"))
        await pruned(tmp_path)
        async with engine_store(tmp_path, FakeClock()) as store:
            again = await apply(store, issue(await apply(store, start(await apply(store, retry(first)))), "first-2"))
            store.transcribe(said(again, 1))
            await apply(store, complete(await apply(store, finish(again, "first-2"))))
        log = await whole_log(tmp_path)
        assert await is_sound(tmp_path)
        assert [each.archive for each in (await pruned(tmp_path)).runs] == [".covey/archive/first-2.jsonl.gz"]
        assert (await pruned(tmp_path)).runs == ()
        assert await whole_log(tmp_path) == log
        assert sequence(tmp_path)[-1] == len(log)  # the next line counts on from it
        assert [line.entry.seq for line in log] == list(range(1, len(log) + 1))
        assert await is_sound(tmp_path)
        async with viewing(tmp_path) as viewer:
            assert len(await archive.transcript(viewer, "first", 1, 0)) == 2
            assert len(await archive.transcript(viewer, "first", 2, 0)) == 1


class TestKilled:
    """At whichever moment it is killed, nothing is lost, and the next one finishes the work."""

    PROGRAM = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from covey.store.alone import open_alone
from covey.store.pruning import Pruner
from covey.store.sqlite import open_viewer

async def main():
    root = Path(sys.argv[1])
    async with open_alone(root) as alone, open_viewer(root) as viewer:
        pruner = Pruner(alone)
        (run,) = await viewer.prunable(viewer.scope.project.id, datetime(2027, 1, 1, tzinfo=UTC))
        written = await pruner.archive(run)
        if sys.argv[2] == "archived":
            os.kill(os.getpid(), signal.SIGKILL)
        statements = 0
        def crash(statement):
            nonlocal statements
            statements += 1
            if statements == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
        await alone.connection.set_trace_callback(crash)
        await pruner.forget(written)
        await pruner.shrink()

asyncio.run(main())
"""

    @pytest.mark.parametrize("moment", ["archived", *map(str, range(2, 8))])
    async def test_nothing_is_lost(self, old: Path, moment: str) -> None:
        log, rows = await whole_log(old), await transcripts(old)
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", self.PROGRAM, os.fspath(old), moment)
        assert await program.wait() == -signal.SIGKILL
        assert await whole_log(old) == log
        assert await transcripts(old) == rows
        await pruned(old)
        assert await whole_log(old) == log
        assert await transcripts(old) == rows
        assert [path.name for path in (old / ".covey/archive").iterdir()] == ["first.jsonl.gz"]
        assert await is_sound(old)

    async def test_a_half_written_archive_is_written_anew(self, old: Path) -> None:
        (old / ".covey/archive").mkdir()
        (old / ".covey/archive/first.jsonl.gz.part").write_bytes(b"half")
        await pruned(old)
        assert [path.name for path in (old / ".covey/archive").iterdir()] == ["first.jsonl.gz"]

    async def test_a_file_of_that_name_is_never_replaced(self, old: Path) -> None:
        (old / ".covey/archive").mkdir()
        (old / ".covey/archive/first.jsonl.gz").write_bytes(b"mine")
        done = await pruned(old)
        assert [each.archive for each in done.runs] == [".covey/archive/first-2.jsonl.gz"]
        assert (old / ".covey/archive/first.jsonl.gz").read_bytes() == b"mine"


class TestRefused:
    """Beside an engine, or where the archive cannot be written, nothing is deleted."""

    async def test_beside_an_engine(self, old: Path) -> None:
        with engine_lock(old / ".covey"), pytest.raises(UsageError, match=r"pid \d+.*covey stop --engine"):
            await pruned(old)

    async def test_where_the_archive_cannot_be_written(self, old: Path) -> None:
        log = sequence(old)
        (old / ".covey/archive").write_text("in the way", encoding="utf-8")
        with pytest.raises(StoreError, match="nothing was deleted of run first"):
            await pruned(old)
        assert sequence(old) == log


class TestGone:
    """An archive that somebody has taken away, or that is damaged, is told."""

    async def test_the_rest_is_read_and_the_file_is_named(self, old: Path) -> None:
        await pruned(old)
        (file,) = (old / ".covey/archive").iterdir()
        file.unlink()
        assert [line.entry.seq for line in await whole_log(old)] == sequence(old)
        async with viewing(old) as viewer:
            assert await archive.absent(viewer) == [str(file)]
        found = await examine(old)
        assert [finding.check for finding in found if finding.severity == "warning"] == ["archive"]
        assert str(file) in next(finding.message for finding in found if finding.check == "archive")

    async def test_one_that_is_cut_off(self, old: Path) -> None:
        await pruned(old)
        (file,) = (old / ".covey/archive").iterdir()
        file.write_bytes(file.read_bytes()[:-20])
        with pytest.raises(StoreError, match="cannot be read"):
            await transcripts(old)

    async def test_what_is_in_it_can_be_read_without_covey(self, old: Path) -> None:
        await pruned(old)
        (file,) = (old / ".covey/archive").iterdir()
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            kinds = [line[2 : line.index('"', 2)] for line in lines]
        assert kinds == ["archive", "session", *["seq"] * 5, *["transcript"] * 2]
