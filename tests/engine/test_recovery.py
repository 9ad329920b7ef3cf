"""What an engine finds that another one has left: who goes on, who waits for a human, and how that is told."""

import asyncio
import contextlib
import logging
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.engine.machine import Machine
from covey.model import events as e
from covey.model.control import Action
from covey.model.session import Session, undecided
from covey.model.status import Phase, Status
from covey.workspace import process_table
from covey.workspace.process_table import here, place_of
from covey.workspace.processes import Fate, Grace, ProcessRecord, end_recorded

from .conftest import Bench

OTHER = {"a container": "another container", "a host": "the host elsewhere"}


def elsewhere(which: str) -> str:
    """A place that cannot be looked at from here."""
    host, boot, _ = place_of(here())
    return f"{host} {boot} pid:[1]" if which == "a container" else "elsewhere another-boot pid:[1]"


def write(root: Path, statement: str, *parameters: object) -> None:
    with contextlib.closing(sqlite3.connect(root / ".covey/covey.db", isolation_level=None)) as database:
        database.execute(statement, parameters)


async def left_at_work(bench: Bench) -> str:
    """A run whose engine has left it in the middle of the work on Beta; Beta's id."""
    began = asyncio.Event()

    async def wait(*_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    bench.plays["Beta"] = wait  # type: ignore[assignment]
    async with bench.running() as run:
        await began.wait()
        for name in ("Alpha", "Gamma"):
            await run.until(lambda session: session.status is Status.COMPLETE, name)
    bench.plays.clear()
    return next(each.id for each in (await bench.tree()).sessions.values() if each.component == "Beta")


def recorded(bench: Bench, session_id: str, place: str, pid: int = 4711, *, began: int = 1) -> None:
    """A process of the session that has never been seen to end."""
    row = (pid, f"{place} {began}", pid, session_id, 1)
    write(bench.root, "INSERT INTO processes (pid, started, pgid, session_id, attempt) VALUES (?, ?, ?, ?, ?)", *row)


def waits(session: Session) -> bool:
    return undecided(session) is not None


class TestOutOfSight:
    """A process in another container or on another host may still be at work: a human decides."""

    @pytest.mark.parametrize("which", OTHER)
    async def test_its_session_waits_and_the_run_needs_a_human(self, bench: Bench, which: str) -> None:
        beta = await left_at_work(bench)
        recorded(bench, beta, elsewhere(which))
        bench.seen.clear()
        assert await bench.run() == 6
        assert bench.seen == [], "nothing was started"
        session = (await bench.tree()).sessions[beta]
        assert (session.status, session.phase, session.attempt) == (Status.ACTIVE, Phase.INTERRUPTED, 1)
        assert OTHER[which] in (undecided(session) or "")
        assert session.pending is not None, "what it was about to do is not lost"
        async with bench.running(stay=False) as run:
            left = await run.left
        assert (left.exit_code, left.reason) == (6, f"Beta: interrupted: {undecided(session)}")

    async def test_its_parent_waits_and_goes_on_by_itself_after_a_retry(self, bench: Bench) -> None:
        recorded(bench, await left_at_work(bench), elsewhere("a container"))
        bench.seen.clear()
        async with bench.running() as run:
            assert (await run.until(lambda root: root.phase is Phase.WAITING)).error_message is None
            await run.until(waits, "Beta")
            assert (await run.ask(Action.RETRY, "Beta")).changed
            await run.until(lambda root: root.status is Status.COMPLETE)
            assert (await run.child("Beta")).attempt == 2
        assert [assignment.attempt for assignment in bench.seen] == [2]
        assert _open_interactions(bench.root) == 0

    async def test_a_skip_closes_it_and_lets_the_parent_go_on(self, bench: Bench) -> None:
        recorded(bench, await left_at_work(bench), elsewhere("a container"))
        async with bench.running() as run:
            await run.until(waits, "Beta")
            assert (await run.ask(Action.SKIP, "Beta", reason="enough")).changed
            await run.until(lambda root: root.status is Status.COMPLETE)
            beta = await run.child("Beta")
        assert (beta.status, beta.phase, beta.pending) == (Status.SKIPPED, None, None)
        assert _open_interactions(bench.root) == 0

    async def test_a_cancel_closes_it_and_blocks_the_parent(self, bench: Bench) -> None:
        recorded(bench, await left_at_work(bench), elsewhere("a container"))
        async with bench.running() as run:
            await run.until(waits, "Beta")
            assert (await run.ask(Action.CANCEL, "Beta")).changed
            await run.until(lambda root: root.phase is Phase.BLOCKED)
            beta = await run.child("Beta")
            assert (beta.status, beta.phase, beta.pending) == (Status.CANCELLED, None, None)
        assert _open_interactions(bench.root) == 0

    async def test_once_decided_it_holds_up_nothing_again(self, bench: Bench) -> None:
        recorded(bench, await left_at_work(bench), elsewhere("a container"))
        async with bench.running() as run:
            await run.until(waits, "Beta")
            await run.ask(Action.SKIP, "Beta", reason="enough")
            await run.until(lambda root: root.status is Status.COMPLETE)
        async with bench.engine() as engine:
            assert engine.found.waiting == ()
        assert _processes(bench.root) == 0

    async def test_a_decision_that_waited_for_the_next_engine(self, bench: Bench) -> None:
        beta = await left_at_work(bench)
        recorded(bench, beta, elsewhere("a container"))
        assert await bench.run() == 6
        await bench.leave(beta, Action.RETRY)
        assert await bench.run() == 0
        assert (await bench.tree()).sessions[beta].attempt == 2

    async def test_a_process_of_before_the_boot_is_gone_for_certain(self, bench: Bench) -> None:
        recorded(bench, await left_at_work(bench), f"{place_of(here()).host} an-earlier-boot pid:[1]")
        assert await bench.run() == 0
        assert _processes(bench.root) == 0


class TestSurvivor:
    """A process that SIGKILL does not end holds its session up until it is gone."""

    async def test_it_is_looked_at_again_and_its_session_goes_on_by_itself(self, bench: Bench) -> None:
        beta = await left_at_work(bench)
        with asleep() as record:
            recorded(bench, beta, record.started.rpartition(" ")[0], record.pid, began=_began(record))
            bench.machine = Machine(end=_cannot)
            assert await bench.run() == 6
            assert "cannot be ended" in (undecided((await bench.tree()).sessions[beta]) or "")
            async with bench.running() as run:
                await run.until(waits, "Beta")
                await end_recorded(record, Grace(seconds=0))
                await run.until(lambda root: root.status is Status.COMPLETE)
        assert (await bench.tree()).sessions[beta].attempt == 1
        assert _processes(bench.root) == 0

    async def test_the_session_is_released_with_an_event(self, bench: Bench) -> None:
        beta = await left_at_work(bench)
        recorded(bench, beta, elsewhere("a container"))
        assert await bench.run() == 6
        write(bench.root, "DELETE FROM processes")
        assert await bench.run() == 0, "seen dead at the next start, it goes on by itself"
        told = [event for event in await bench.events() if isinstance(event, e.SessionInterrupted)]
        of_beta = [event.needs_human is not None for event in told if event.session_id == beta]
        assert of_beta == [False, True, False]
        assert (await bench.tree()).sessions[beta].attempt == 1


async def _cannot(record: ProcessRecord, grace: Grace) -> Fate:
    return Fate.SURVIVED


class TestFound:
    """Every session that was active is named."""

    async def test_after_an_orderly_end(self, bench: Bench) -> None:
        beta = await left_at_work(bench)
        async with bench.engine() as engine:
            found = engine.found
        assert not found.died
        assert [session.id for session in found.resumed] == [beta]
        assert [session.component for session in found.adopted] == ["Shop"]

    async def test_in_the_log_of_events(self, bench: Bench) -> None:
        beta = await left_at_work(bench)
        recorded(bench, beta, elsewhere("a container"))
        write(bench.root, "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
        async with bench.engine():
            pass
        started = [event for event in await bench.events() if isinstance(event, e.EngineStarted)][-1]
        assert (started.died, started.resumed, started.adopted, started.waiting) == (True, 0, 1, 1)

    async def test_in_the_log_of_the_engine(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "covey.engine.recovery")
        beta = await left_at_work(bench)
        async with bench.engine():
            pass
        recorded(bench, beta, elsewhere("a container"))
        async with bench.engine():
            pass
        resumed, name, waiting, reason = [record.getMessage() for record in caplog.records]
        assert resumed == "goes on with what was left: 1 resumed, 1 adopted"
        assert name == "Beta resumes at generate design"
        assert waiting == "goes on with what was left: 1 adopted, 1 waits for you"
        assert reason.startswith("Beta waits for you: its old process (pid 4711)")

    async def test_where_nothing_ever_was(self, bench: Bench) -> None:
        async with bench.engine() as engine:
            assert (engine.found.died, engine.found.resumed, engine.found.adopted) == (False, (), ())


@contextlib.contextmanager
def asleep() -> Iterator[ProcessRecord]:
    """A process with a group of its own, that sleeps."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        found = process_table.look(process.pid)
        assert found is not None
        yield ProcessRecord(process.pid, process.pid, f"{here()} {found.started}")
        process.kill()


def _began(record: ProcessRecord) -> int:
    return int(record.started.rpartition(" ")[2])


def _open_interactions(root: Path) -> int:
    return _count(root, "SELECT count(*) FROM interactions WHERE completed_at IS NULL")


def _processes(root: Path) -> int:
    return _count(root, "SELECT count(*) FROM processes")


def _count(root: Path, statement: str) -> int:
    with contextlib.closing(sqlite3.connect(root / ".covey/covey.db")) as database:
        return int(database.execute(statement).fetchone()[0])
