"""`covey doctor` on a project that something has happened to: what is found, what is mended, what is left alone."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from covey.client.checkup.finding import Finding, Severity
from covey.client.health import examine, in_order
from covey.client.presence import RENEW_SECONDS
from covey.errors import EngineRunningError
from covey.model.events import CredentialPaused, CredentialResumed
from covey.model.ids import new_id
from covey.model.order import StopOrder
from covey.model.status import FailureCause
from covey.store.alone import open_alone
from covey.store.base import Operation
from covey.store.copies import copies_of
from covey.store.lock import engine_lock
from covey.store.sqlite import open_viewer
from covey.testing.clock import FakeClock
from covey.workspace import process_table
from tests.store.lives import engine_store, file_of, folded, outside, stored_log, stored_sessions

Found = list[Finding]
NOW = FakeClock().now()


def of(findings: Found, check: str) -> Found:
    return [finding for finding in findings if finding.check == check]


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of the user's, and what covey made for them."""
    files = (path for path in root.rglob("*") if path.is_file() and ".covey" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


class TestProjection:
    """Rows of sessions that are not what the log says."""

    @pytest.mark.parametrize(
        "harm",
        [
            "UPDATE sessions SET status = 'active' WHERE status = 'complete'",
            "UPDATE sessions SET body = json_set(body, '$.error_message', 'made up') WHERE status = 'failed'",
            "UPDATE sessions SET body = 'no json' WHERE position = 1 AND parent_id IS NOT NULL",
            "UPDATE sessions SET position = position + 3 WHERE parent_id IS NOT NULL",
            "DELETE FROM sessions WHERE parent_id IS NOT NULL AND position = 1",
        ],
    )
    async def test_is_found_and_made_anew_from_the_log(self, shop: Path, harm: str) -> None:
        before, numbers = stored_sessions(shop), _numbers(shop)
        with outside(shop) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute(harm)
        damaged = file_of(shop).read_bytes()

        found = await examine(shop)
        (finding,) = of(found, "log")
        assert (finding.severity, finding.fix) == (Severity.ERROR, "covey doctor --fix")
        assert "is not what the log says" in finding.message
        assert not in_order(found)
        assert file_of(shop).read_bytes() == damaged

        mended = await examine(shop, fix=True)
        (finding,) = of(mended, "log")
        assert finding.severity is Severity.OK
        assert "made anew" in finding.message
        assert in_order(mended)
        assert stored_sessions(shop) == before == folded(stored_log(shop))
        assert _numbers(shop) == numbers
        (copy,) = copies_of(file_of(shop))
        assert str(copy) in finding.message
        assert in_order(await examine(shop))

    async def test_a_log_with_a_gap_is_told_and_decides_nothing(self, shop: Path) -> None:
        with outside(shop) as database:
            database.execute("DELETE FROM events WHERE seq IN (3, 7, 8)")
        before = stored_sessions(shop)
        messages = [finding.message for finding in of(await examine(shop, fix=True), "log")]
        assert "lines of the log are missing: 3, 7-8" in messages
        assert stored_sessions(shop) == before
        assert copies_of(file_of(shop)) == []

    async def test_the_numbers_of_a_long_log_are_told_whole(self, shop: Path) -> None:
        with outside(shop) as database:
            (last,) = database.execute("SELECT max(seq) FROM events").fetchone()
            database.execute("UPDATE events SET seq = 1000000 WHERE seq = ?", (last,))
        messages = [finding.message for finding in of(await examine(shop), "log")]
        assert f"lines of the log are missing: {last}-999999" in messages

    async def test_lines_that_cannot_be_read_or_applied_are_told(self, shop: Path) -> None:
        with outside(shop) as database:
            (seq,) = database.execute("SELECT max(seq) FROM events WHERE session_id IS NOT NULL").fetchone()
            body = database.execute("SELECT body FROM events WHERE seq = 3").fetchone()[0]
            database.execute("UPDATE events SET body = '{' WHERE seq = ?", (seq,))
            database.execute("INSERT INTO events SELECT max(seq) + 1, run_id, session_id, ? FROM events", (body,))
        before = stored_sessions(shop)
        messages = "\n".join(finding.message for finding in of(await examine(shop, fix=True), "log"))
        assert f"line {seq} of the log cannot be read" in messages
        assert "cannot be: session_created" in messages
        assert stored_sessions(shop) == before

    async def test_a_row_that_no_line_tells_of_is_told_and_kept(self, shop: Path) -> None:
        with outside(shop) as database:
            database.execute(
                "INSERT INTO sessions SELECT number + 900, 'stray', project_id, run_id, parent_id, 'c', type, position,"
                " status, attempt, json_set(body, '$.id', 'stray') FROM sessions WHERE position = 1"
                " AND parent_id IS NOT NULL LIMIT 1"
            )
        (finding,) = of(await examine(shop, fix=True), "log")
        assert "1 session of which no line of the log tells: stray" in finding.message
        assert "stray" in stored_sessions(shop)


class TestLeases:
    """Those who say that they are there, and are not."""

    async def test_an_engine_that_was_killed(self, shop: Path) -> None:
        with outside(shop) as database:
            database.execute("DELETE FROM events WHERE json_extract(body, '$.event') = 'engine_stopped'")
            database.execute("UPDATE engine SET body = json_remove(body, '$.stopped')")
        found = await examine(shop)
        assert any("ended without saying why" in finding.message for finding in of(found, "engine"))
        assert [finding.severity for finding in of(found, "leases")] == [Severity.NOTE]
        mended = await examine(shop, fix=True)
        assert "that was ended" in of(mended, "leases")[0].message
        assert of(await examine(shop), "leases") == []

    async def test_viewers_and_orders_of_those_who_are_gone(self, shop: Path) -> None:
        clock = FakeClock(NOW)
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            await viewer.watch("killed", NOW)
            order = StopOrder(id=new_id(), requested_by="ada", requested_at=NOW)
            await viewer.leave_order(order)
            clock.advance(100 * RENEW_SECONDS)
            assert [finding.severity for finding in of(await examine(shop, clock), "leases")] == [Severity.NOTE] * 2
            mended = of(await examine(shop, clock, fix=True), "leases")
            assert [finding.message for finding in mended] == [
                "1 viewer left without a word; forgotten",
                "1 order for an engine that is gone; withdrawn",
            ]
            assert await viewer.queued_orders() == ()
        assert of(await examine(shop, clock), "leases") == []

    async def test_a_request_waits_for_the_next_engine(self, shop: Path) -> None:
        with outside(shop) as database:
            (key,) = database.execute("SELECT id FROM sessions WHERE status = 'failed'").fetchone()
            database.execute(
                "INSERT INTO controls (id, session_id, state, body) VALUES ('r', ?, 'queued', json_object("
                "'id', 'r', 'session_id', ?, 'action', 'retry', 'attempt', 1, 'status', 'failed', 'decision_id', 'd',"
                "'requested_by', 'ada', 'requested_at', '2026-01-01T00:00:00Z'))",
                (key, key),
            )
        assert in_order(await examine(shop, fix=True))
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            assert [request.id for request in await viewer.queued_controls()] == ["r"]


def record(root: Path, pid: int, started: str) -> None:
    with outside(root) as database:
        database.execute(
            "INSERT INTO processes (pid, started, pgid, session_id, attempt)"
            " SELECT ?, ?, ?, id, 1 FROM sessions WHERE status = 'failed'",
            (pid, started, pid),
        )


class TestOrphans:
    """Programs of an engine that is gone."""

    @pytest.fixture
    def sleeper(self) -> Callable[[], subprocess.Popen[bytes]]:
        return lambda: subprocess.Popen(["sleep", "600"], start_new_session=True)

    async def test_is_told_then_ended(self, shop: Path, sleeper: Callable[[], subprocess.Popen[bytes]]) -> None:
        with sleeper() as process:
            record(shop, process.pid, _began(process.pid))
            (finding,) = of(await examine(shop), "processes")
            assert finding.severity is Severity.WARNING
            assert process.poll() is None
            (finding,) = of(await examine(shop, fix=True), "processes")
            assert "it was ended" in finding.message
            assert process.wait() < 0
        assert of(await examine(shop), "processes") == []

    async def test_one_that_only_has_the_number_is_left_alone(
        self, shop: Path, sleeper: Callable[[], subprocess.Popen[bytes]]
    ) -> None:
        with sleeper() as process:
            place, _, began = _began(process.pid).rpartition(" ")
            record(shop, process.pid, f"{place} {int(began) - 5}")
            mended = await examine(shop, fix=True)
            assert of(mended, "processes") == []
            assert "1 program on record that ended with the engine; forgotten" in of(mended, "leases")[0].message
            assert process.poll() is None
            process.kill()

    async def test_one_that_cannot_be_seen_from_here_stays_on_record(self, shop: Path) -> None:
        place, _, began = _began(os.getpid()).rpartition(" ")
        elsewhere = place.replace(process_table.place_of(place).namespace, "pid:[1]")
        record(shop, 2**22 + 1, f"{elsewhere} {began}")
        for fix in (False, True):
            (finding,) = of(await examine(shop, fix=fix), "processes")
            assert finding.severity is Severity.NOTE
            assert "began in another container or on another host" in finding.message


def _began(pid: int) -> str:
    process = process_table.look(pid)
    assert process is not None
    return f"{process_table.here()} {process.started}"


class TestLeftovers:
    """Half-written files of covey's own, wherever it writes them."""

    async def test_are_told_then_removed_and_nothing_else_is(self, shop: Path, tmp_path: Path) -> None:
        before = snapshot(shop)
        state, document = shop / ".covey", next(iter(shop.glob("docs/design/shop/billing/*.md"))).parent
        (state / "archive").mkdir()
        (state / "tmp/tests-abc/deep").mkdir(parents=True)
        (state / "worktrees/one/.covey/tmp").mkdir(parents=True)
        ours = [
            state / "tmp/.covey-0123456789abcdef",
            state / "tmp/tests-abc/deep/report.xml",
            state / "worktrees/one/.covey/tmp/.covey-0123456789abcdef",
            state / "archive/run.jsonl.gz.part",
            state / "covey.db.before-9.part",
            document / ".covey-fedcba9876543210",
        ]
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        theirs = [
            state / "tmp/notes.txt",
            document / ".covey-notes",
            elsewhere / ".covey-0123456789abcdef",
        ]
        for path in (*ours, *theirs):
            path.write_text("x", encoding="utf-8")
        (state / "worktrees/two").mkdir()
        (state / "worktrees/two/.covey").symlink_to(elsewhere)
        (state / "tmp/tests-link").symlink_to(elsewhere)

        (finding,) = of(await examine(shop), "files")
        assert finding.severity is Severity.WARNING
        assert "6 temporary files of covey's own" in finding.message
        assert all(path.exists() for path in (*ours, *theirs))
        (finding,) = of(await examine(shop, fix=True), "files")
        assert finding.message.endswith("; removed")
        assert not any(path.exists() for path in ours)
        assert all(path.exists() for path in theirs)
        (document / ".covey-notes").unlink()
        assert snapshot(shop) == before


class TestBesideAnEngine:
    """Nothing is mended while an engine is at work."""

    async def test_it_only_reports(self, shop: Path) -> None:
        with outside(shop) as database:
            database.execute("UPDATE sessions SET status = 'active' WHERE status = 'failed'")
        (shop / ".covey/tmp").mkdir(exist_ok=True)
        (left := shop / ".covey/tmp/tests-x").mkdir()
        before = file_of(shop).read_bytes()
        with engine_lock(shop / ".covey"):
            found = await examine(shop, fix=True)
        (finding,) = of(found, "fix")
        assert finding.severity is Severity.WARNING
        assert "pid" in finding.message
        assert finding.fix == "covey stop --engine, then: covey doctor --fix"
        assert [each.severity for each in of(found, "log")] == [Severity.ERROR]
        assert of(found, "files") == []
        assert left.exists()
        assert file_of(shop).read_bytes() == before

    async def test_while_it_mends_no_engine_can_start(self, shop: Path) -> None:
        async with open_alone(shop) as alone:
            assert alone is not None
            with pytest.raises(EngineRunningError):
                async with engine_store(shop):
                    pass
            assert len(of(await examine(shop, fix=True), "fix")) == 1
        assert of(await examine(shop, fix=True), "fix") == []


class TestSizes:
    """How much room everything takes."""

    async def test_every_part_is_named(self, shop: Path) -> None:
        (shop / ".covey/prompts").mkdir()
        (shop / ".covey/prompts/a.md").write_bytes(b"x" * 2_500)
        (shop / ".covey/engine.log.1").write_bytes(b"x" * 1_000_000)
        (finding,) = of(await examine(shop), "sizes")
        assert finding.severity is Severity.OK
        for part in (
            "database ",
            "transcripts: ",
            "write-ahead log ",
            "logs 1.0 MB",
            "worktrees 0 B",
            "prompts 2.5 kB",
        ):
            assert part in finding.message


def _numbers(root: Path) -> dict[str, int]:
    with outside(root) as database:
        return dict(database.execute("SELECT id, number FROM sessions"))


class TestCredentials:
    """What is stored of credentials that are paused is what the log says."""

    PAUSED = CredentialPaused(
        at=NOW, credential="A_KEY", cause=FailureCause.AUTH, reason="no", agents=("mine",), fingerprint="00:11", by="x"
    )

    async def paused(self, root: Path) -> list[str]:
        async with open_viewer(root) as viewer:
            assert viewer is not None
            return [*await viewer.credentials()]

    async def test_a_life_of_them_agrees_with_its_log(self, shop: Path) -> None:
        resumed = CredentialResumed(at=NOW, credential="A_KEY", by="ada")
        async with engine_store(shop) as store:
            await store.append(Operation(events=(self.PAUSED, resumed, replace(self.PAUSED, credential="B_KEY"))))
            await store.append(Operation(events=(self.PAUSED,)))
            await store.append(Operation(events=(resumed, self.PAUSED, resumed)))
        assert await self.paused(shop) == ["B_KEY"]
        (finding,) = of(await examine(shop), "log")
        assert finding.severity is Severity.OK

    @pytest.mark.parametrize(
        "harm",
        [
            "DELETE FROM credentials",
            "UPDATE credentials SET body = 'no json'",
            "UPDATE credentials SET body = json_set(body, '$.agents', json_array())",
            "INSERT INTO credentials SELECT 'B_KEY', json_set(body, '$.credential', 'B_KEY') FROM credentials",
        ],
    )
    async def test_rows_that_differ_are_found_and_made_anew(self, shop: Path, harm: str) -> None:
        async with engine_store(shop) as store:
            await store.append(Operation(events=(self.PAUSED,)))
        with outside(shop) as database:
            database.execute(harm)
        (finding,) = of(await examine(shop), "log")
        assert (finding.severity, finding.fix) == (Severity.ERROR, "covey doctor --fix")
        assert "paused credentials" in finding.message
        await examine(shop, fix=True)
        assert await self.paused(shop) == ["A_KEY"]
        assert in_order(of(await examine(shop), "log"))
