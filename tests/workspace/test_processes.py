"""Programs really started and really ended: nothing of a group survives, whatever it does."""

import asyncio
import gc
import os
import signal
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from covey.workspace import process_table
from covey.workspace.output import Stream
from covey.workspace.process_table import Sight, here, place_of
from covey.workspace.processes import (
    Ended,
    Fate,
    Finished,
    Grace,
    ProcessRecord,
    ProgramNotFoundError,
    end_recorded,
    find_program,
    run_process,
    sight_of,
)

ENV = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
TIDY = f"""exec {sys.executable} -c '
import signal, sys
def tidy(*_):
    open("tidy", "w").write("tidy")
    print("bye")
    sys.exit(0)
signal.signal(signal.SIGTERM, tidy)
print("ready", flush=True)
signal.pause()'"""
TOLD = f"""exec {sys.executable} -c '
import signal
signal.signal(signal.SIGTERM, lambda *_: open("told", "w").close())
print("ready", flush=True)
while True:
    signal.pause()'"""
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


@dataclass
class Ledger:
    """Remembers what it was told; `gate` holds `opened` back until it is set."""

    records: list[ProcessRecord] = field(default_factory=list)
    ended: list[ProcessRecord] = field(default_factory=list)
    gate: asyncio.Event | None = None
    fails: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def opened(self, record: ProcessRecord) -> None:
        self.records.append(record)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise OSError("the disk is full")

    async def closed(self, record: ProcessRecord) -> None:
        self.ended.append(record)


@dataclass
class Ear:
    """Listens to the output; `said` waits until something has been printed."""

    pieces: list[tuple[Stream, str]] = field(default_factory=list)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, stream: Stream, text: str) -> None:
        async with self.heard:
            self.pieces.append((stream, text))
            self.heard.notify_all()

    def text(self, stream: Stream = Stream.STDOUT) -> str:
        return "".join(text for which, text in self.pieces if which is stream)

    async def said(self, words: str) -> None:
        async with self.heard:
            await self.heard.wait_for(lambda: words in self.text())


@dataclass
class Bench:
    """Runs programs in a directory and remembers all about them."""

    cwd: Path
    ledger: Ledger = field(default_factory=Ledger)
    ear: Ear = field(default_factory=Ear)
    grace: Grace = field(default_factory=Grace)

    async def run(self, *argv: str, env: Mapping[str, str] = ENV, **options: Any) -> Finished:
        given: dict[str, Any] = {"ledger": self.ledger, "on_output": self.ear, "grace": self.grace, **options}
        return await run_process(argv, cwd=self.cwd, env=env, **given)

    async def sh(self, script: str, **options: Any) -> Finished:
        return await self.run("sh", "-c", script, **options)

    @asynccontextmanager
    async def started(self, script: str, words: str = "ready", **options: Any) -> AsyncIterator[asyncio.Task[Finished]]:
        """A running program that has printed `words`."""
        task = asyncio.create_task(self.sh(script, **options))
        async with asyncio.timeout(10):
            await self.ear.said(words)
        yield task
        task.cancel()
        await asyncio.wait({task})

    def nothing_is_left(self) -> bool:
        assert self.ledger.records
        assert self.ledger.ended == self.ledger.records
        return all(is_gone(record.group) for record in self.ledger.records)


def is_gone(group: int) -> bool:
    """No process of the group is left, be it a zombie that nobody has noted yet."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return all(process.zombie for process in process_table.everybody() if process.group == group)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class TestRun:
    """A program gets what it was given, and nothing else."""

    async def test_code_output_and_directory(self, bench: Bench) -> None:
        finished = await bench.sh("pwd; echo problem >&2; exit 3")
        assert finished == Finished(code=3, ended=Ended.EXITED, stdout=f"{bench.cwd}\n", stderr="problem\n", left_out=0)
        assert bench.ear.text() == f"{bench.cwd}\n"
        assert bench.ear.text(Stream.STDERR) == "problem\n"
        assert bench.nothing_is_left()

    async def test_arguments_reach_it_unread(self, bench: Bench) -> None:
        nasty = ["", "-n", "$(touch hacked)", "`id`", "a b", "'\"", "*", "; exit 9", "\n", "größe", "\x1b[31m", "-e"]
        finished = await bench.run(sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", *nasty)
        assert finished.stdout == ascii(nasty) + "\n"
        assert not (bench.cwd / "hacked").exists()

    async def test_only_the_environment_that_is_given(self, bench: Bench) -> None:
        os.environ["A_SECRET_OF_OURS"] = "secret"
        try:
            program = "import os; print(sorted(set(os.environ) - {'PWD', 'SHLVL', 'OLDPWD', '_', 'LC_CTYPE'}))"
            finished = await bench.run(sys.executable, "-c", program, env={"ONE": "1", "TWO": "2"})
        finally:
            del os.environ["A_SECRET_OF_OURS"]
        assert finished.stdout == "['ONE', 'TWO']\n"

    async def test_no_input(self, bench: Bench) -> None:
        finished = await bench.run(
            sys.executable, "-c", "import os, sys; print(repr(sys.stdin.read()), os.fstat(0) == os.stat(os.devnull))"
        )
        assert finished.stdout == "'' True\n"

    async def test_no_descriptors_of_ours(self, bench: Bench) -> None:
        with (bench.cwd / "secret").open("w") as ours:
            os.set_inheritable(ours.fileno(), True)
            finished = await bench.sh("ls /proc/self/fd | tr '\\n' ' '")
        assert finished.stdout.split() == ["0", "1", "2", "3"]  # 3 is the directory that ls reads

    async def test_a_session_and_group_of_its_own(self, bench: Bench) -> None:
        finished = await bench.run(sys.executable, "-c", "import os; print(os.getpid(), os.getpgrp(), os.getsid(0))")
        (record,) = bench.ledger.records
        assert finished.stdout == f"{record.pid} {record.pid} {record.pid}\n"
        assert record.group == record.pid

    async def test_killed_by_a_signal(self, bench: Bench) -> None:
        finished = await bench.sh("kill -SEGV $$")
        assert finished.code == -signal.SIGSEGV
        assert bench.nothing_is_left()

    async def test_many_at_once(self, bench: Bench) -> None:
        finished = await asyncio.gather(*(bench.sh(f"echo {number}; exit {number}") for number in range(60)))
        assert [each.code for each in finished] == list(range(60))
        assert [each.stdout for each in finished] == [f"{number}\n" for number in range(60)]
        assert len(bench.ledger.ended) == 60

    async def test_arguments_that_are_too_long(self, bench: Bench) -> None:
        with pytest.raises(OSError, match="Argument list too long"):
            await bench.run("echo", "x" * 1_000_000)
        assert bench.ledger.records == []

    async def test_a_directory_that_is_gone(self, bench: Bench) -> None:
        bench.cwd /= "gone"
        with pytest.raises(FileNotFoundError, match="gone"):
            await bench.sh("true")


class TestFindProgram:
    """A program is looked for before anything is started."""

    def test_on_the_path(self, tmp_path: Path) -> None:
        program = tmp_path / "bin" / "agent"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert find_program("agent", Path("/"), {"PATH": f"/nowhere:{program.parent}"}) == str(program)
        assert find_program("agent", tmp_path, {"PATH": "/nowhere:bin"}) == str(program)
        assert find_program("bin/agent", tmp_path, {}) == str(program)
        assert find_program(str(program), Path("/"), {}) == str(program)

    @pytest.mark.parametrize("name", ["no-such-agent", "./no-such-agent", "/no/such/agent", "plain", "./plain", "."])
    async def test_not_there_or_not_executable(self, bench: Bench, name: str) -> None:
        (bench.cwd / "plain").write_text("#!/bin/sh\n")
        with pytest.raises(ProgramNotFoundError, match=name.strip("./") or "program"):
            await bench.run(name, env={"PATH": f"{bench.cwd}:/usr/bin"})
        assert bench.ledger.records == []

    def test_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("#!/bin/sh\n")
        with pytest.raises(ProgramNotFoundError, match=f"chmod \\+x {tmp_path}/plain"):
            find_program("./plain", tmp_path, {})


class TestLedger:
    """A program acts only after it was recorded, and its record tells it from any other."""

    async def test_it_waits_for_the_record(self, bench: Bench) -> None:
        bench.ledger.gate = asyncio.Event()
        task = asyncio.create_task(bench.sh("echo acted > acted; echo ready"))
        await bench.ledger.asked.wait()
        (record,) = bench.ledger.records
        process = process_table.look(record.pid)
        assert process is not None
        assert process.group == record.group
        assert record.started == f"{process_table.here()} {process.started}"
        assert not (bench.cwd / "acted").exists()
        bench.ledger.gate.set()
        assert (await task).code == 0
        assert (bench.cwd / "acted").exists()
        assert bench.nothing_is_left()

    async def test_it_never_acts_when_the_record_fails(self, bench: Bench) -> None:
        bench.ledger.fails = True
        with pytest.raises(OSError, match="disk is full"):
            await bench.sh("echo acted > acted")
        assert bench.nothing_is_left()
        assert not (bench.cwd / "acted").exists()

    async def test_it_never_acts_when_cancelled_before(self, bench: Bench) -> None:
        bench.ledger.gate = asyncio.Event()
        task = asyncio.create_task(bench.sh("echo acted > acted"))
        await bench.ledger.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.nothing_is_left()
        assert not (bench.cwd / "acted").exists()

    @pytest.mark.parametrize("turns", range(12))
    async def test_cancelled_at_any_moment_of_the_start(self, bench: Bench, turns: int) -> None:
        task = asyncio.create_task(bench.sh("echo acted > acted; sleep 1000"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert set(bench.ledger.records) <= set(bench.ledger.ended)
        assert all(is_gone(record.group) for record in bench.ledger.ended)
        assert not (bench.cwd / "acted").exists() or bench.ledger.records
        gc.collect()  # an unclosed transport would say so now

    async def test_it_never_acts_when_we_die_before(self, bench: Bench) -> None:
        """A whole engine in a process of its own is killed while its ledger stores the record."""
        program = (
            "import asyncio, os, signal, sys\n"
            "from pathlib import Path\n"
            "from covey.workspace.processes import Grace, run_process\n"
            "class Ledger:\n"
            "    async def opened(self, record):\n"
            "        print(record.pid, flush=True)\n"
            "        os.kill(os.getpid(), signal.SIGKILL)\n"
            "    async def closed(self, record): ...\n"
            "async def ear(stream, text): ...\n"
            "asyncio.run(run_process(['sh', '-c', 'echo acted > acted'], cwd=Path(sys.argv[1]),\n"
            "    env=dict(os.environ), ledger=Ledger(), on_output=ear, grace=Grace()))\n"
        )
        engine = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(bench.cwd), stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await engine.communicate()
        pid = int(printed)
        assert engine.returncode == -signal.SIGKILL
        await until(lambda: is_gone(pid))
        assert not (bench.cwd / "acted").exists()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that only the system's tables tell; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - nobody sets an event for what another program does
            await asyncio.sleep(0.005)


class TestTimes:
    """A program that takes too long, or falls silent, is ended with its whole group."""

    async def test_timeout(self, bench: Bench) -> None:
        finished = await bench.sh("echo begun; sleep 1000 & sleep 1000", timeout=0.2, idle_timeout=100)
        assert finished.ended is Ended.TIMEOUT
        assert finished.stdout == "begun\n"
        assert bench.nothing_is_left()

    async def test_idle_timeout(self, bench: Bench) -> None:
        finished = await bench.sh("echo begun; sleep 1000", timeout=100, idle_timeout=0.2)
        assert finished.ended is Ended.IDLE_TIMEOUT
        assert bench.nothing_is_left()

    async def test_who_prints_is_not_idle(self, bench: Bench) -> None:
        os.mkfifo(bench.cwd / "turn")

        async def answer(stream: Stream, text: str) -> None:
            # Each line is answered after most of the idle time, so that together they take far longer than it.
            await bench.ear(stream, text)
            await asyncio.sleep(0.2)
            (bench.cwd / "turn").write_text("go\n")

        script = "exec 3<>turn; for n in 1 2 3 4 5; do echo $n; read -r go <&3; done"
        finished = await bench.sh(script, idle_timeout=0.6, on_output=answer)
        assert (finished.ended, finished.code, finished.stdout) == (Ended.EXITED, 0, "1\n2\n3\n4\n5\n")

    async def test_one_that_will_not_end_is_killed_after_the_grace(self, bench: Bench) -> None:
        bench.grace.seconds = 0.3
        began = time.monotonic()
        finished = await bench.sh(STUBBORN, idle_timeout=0.2)
        assert finished.code == -signal.SIGKILL
        assert 0.5 <= time.monotonic() - began < 3
        assert bench.nothing_is_left()


class TestCancel:
    """Whoever cancels gets a group that is gone, gracefully where it can be."""

    async def test_it_may_clean_up(self, bench: Bench) -> None:
        async with bench.started(TIDY) as task:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (bench.cwd / "tidy").read_text() == "tidy"
        assert bench.ear.text() == "ready\nbye\n"
        assert bench.nothing_is_left()

    async def test_grandchildren_that_will_not_end_are_killed(self, bench: Bench) -> None:
        bench.grace.seconds = 0.2
        async with bench.started(f"sh -c \"{STUBBORN}\" & sh -c '{STUBBORN.replace(chr(39), chr(34))}'") as task:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert bench.nothing_is_left()

    async def test_now_cuts_the_grace_short(self, bench: Bench) -> None:
        bench.grace.seconds = 1000
        async with bench.started(STUBBORN) as task:
            task.cancel()
            bench.grace.now.set()
            async with asyncio.timeout(10):
                await asyncio.wait({task})
        assert task.cancelled()
        assert bench.nothing_is_left()

    async def test_now_in_the_middle_of_the_grace(self, bench: Bench) -> None:
        bench.grace.seconds = 1000
        async with bench.started(TOLD) as task:
            task.cancel()
            await until((bench.cwd / "told").exists)
            bench.grace.now.set()
            async with asyncio.timeout(10):
                await asyncio.wait({task})
        assert bench.nothing_is_left()

    async def test_a_second_cancellation_cuts_it_short_too(self, bench: Bench) -> None:
        bench.grace.seconds = 1000
        async with bench.started(STUBBORN) as task:
            task.cancel()
            for _ in range(20):
                await asyncio.sleep(0)
            assert not task.done()
            task.cancel()
            async with asyncio.timeout(10):
                await asyncio.wait({task})
        assert task.cancelled()
        assert bench.nothing_is_left()

    async def test_a_stopped_one_is_ended_gracefully(self, bench: Bench) -> None:
        async with bench.started(TIDY) as task:
            os.killpg(bench.ledger.records[0].group, signal.SIGSTOP)
            task.cancel()
            async with asyncio.timeout(5):
                await asyncio.wait({task})
        assert (bench.cwd / "tidy").exists()
        assert bench.nothing_is_left()

    async def test_a_listener_that_fails(self, bench: Bench) -> None:
        async def deaf(stream: Stream, text: str) -> None:
            raise OSError(f"cannot store {stream} {text}")

        with pytest.raises(OSError, match="cannot store stdout ready"):
            await bench.sh("echo ready; sleep 1000", on_output=deaf)
        assert bench.nothing_is_left()


class TestWhatIsLeftBehind:
    """A program that ends leaves nobody of its group behind, and nobody can make us wait for ever."""

    async def test_children_in_the_background_end_with_it(self, bench: Bench) -> None:
        finished = await bench.sh("sleep 1000 & echo $!; exit 4")
        assert finished.code == 4
        assert is_gone(bench.ledger.records[0].group)
        assert bench.nothing_is_left()

    async def test_a_child_that_left_the_group_and_holds_the_pipes(self, bench: Bench) -> None:
        os.mkfifo(bench.cwd / "left")
        program = (
            "import os, time; os.setsid(); print(os.getpid(), flush=True); "
            'open("left", "w").write("left\\n"); time.sleep(1000)'
        )
        async with asyncio.timeout(10):
            finished = await bench.sh(f"{sys.executable} -c '{program}' & read -r go <left; exit 0")
        os.kill(int(finished.stdout), signal.SIGKILL)
        assert finished.code == 0
        assert bench.nothing_is_left()

    async def test_its_last_words_are_heard(self, bench: Bench) -> None:
        finished = await bench.sh("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; echo end >&2")
        assert bench.ear.text().splitlines()[-1] == "line 4999"
        assert finished.stderr == "end\n"


class TestFlood:
    """A program that prints without end costs no more than it may."""

    async def test_the_middle_is_left_out(self, bench: Bench) -> None:
        finished = await bench.sh("head -c 3000000 /dev/zero | tr '\\0' a; printf END", keep=100_000)
        text = bench.ear.text()
        assert len(text) == 100_000
        assert text.endswith("END")
        assert bench.ear.text(Stream.NOTE) == "\n… 2,900,003 bytes left out …\n"
        assert finished.left_out == 2_900_003
        assert finished.stdout == "a" * (65536 - 3) + "END"

    async def test_the_loop_goes_on_and_memory_stays(self, bench: Bench) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        task = asyncio.create_task(others())
        tracemalloc.start()
        try:
            finished = await bench.sh("exec head -c 50000000 /dev/zero", keep=1_000_000)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            task.cancel()
        assert finished.left_out == 49_000_000
        assert turns > 100
        assert peak < 10_000_000
        assert bench.nothing_is_left()


class TestEndRecorded:
    """A group is ended by its record alone, and only if it really is the one that was recorded."""

    async def test_a_living_group(self, bench: Bench) -> None:
        async with bench.started("sleep 1000 & echo ready; sleep 1000") as task:
            assert await end_recorded(bench.ledger.records[0], Grace()) is Fate.ENDED
            assert is_gone(bench.ledger.records[0].group)
            assert (await task).code == -signal.SIGTERM
        assert await end_recorded(bench.ledger.records[0], Grace()) is Fate.GONE

    async def test_members_whose_leader_is_gone(self, bench: Bench) -> None:
        """Its engine was killed, then the leader ended: only the members are left."""
        program = (
            "import asyncio, os, signal, sys\n"
            "import msgspec\n"
            "from pathlib import Path\n"
            "from covey.workspace.processes import Grace, run_process\n"
            "class Ledger:\n"
            "    async def opened(self, record):\n"
            "        Path('record').write_bytes(msgspec.json.encode(record))\n"
            "    async def closed(self, record): ...\n"
            "async def ear(stream, text):\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
            "asyncio.run(run_process(['sh', '-c', sys.argv[1]], cwd=Path.cwd(),\n"
            "    env=dict(os.environ), ledger=Ledger(), on_output=ear, grace=Grace()))\n"
        )
        for fifo in ("there", "quit"):
            os.mkfifo(bench.cwd / fifo)
        member = "trap '' TERM; echo >there; while :; do sleep 1000; done"
        script = f'sh -c "{member}" & read -r x <there; echo ready; read -r x <quit'
        engine = await asyncio.create_subprocess_exec(sys.executable, "-c", program, script, cwd=bench.cwd)
        async with asyncio.timeout(10):
            assert await engine.wait() == -signal.SIGKILL
        record = msgspec.json.decode((bench.cwd / "record").read_bytes(), type=ProcessRecord)
        assert not is_gone(record.group)
        with (bench.cwd / "quit").open("w") as quits:
            quits.write("quit\n")
        await until(lambda: (leader := process_table.look(record.pid)) is None or leader.zombie)
        assert not is_gone(record.group)
        assert await end_recorded(record, Grace(seconds=0.1)) is Fate.ENDED
        assert is_gone(record.group)

    @pytest.mark.parametrize("change", ["began earlier", "began later", "another boot"])
    async def test_another_group_of_that_number_is_left_alone(self, bench: Bench, change: str) -> None:
        async with bench.started("echo ready; sleep 1000") as task:
            record = bench.ledger.records[0]
            place, _, began = record.started.rpartition(" ")
            started = {
                "began earlier": f"{place} {int(began) - 1}",
                "began later": f"{place} {int(began) + 1}",
                "another boot": f"another {began}",
            }[change]
            assert await end_recorded(ProcessRecord(record.pid, record.group, started), Grace()) is Fate.GONE
            assert not is_gone(record.group)
            assert not task.done()

    async def test_never_our_own_group(self) -> None:
        ours = process_table.look(os.getpid())
        assert ours is not None
        for group in (os.getpgrp(), 0, 1):
            record = ProcessRecord(os.getpid(), group, f"{process_table.here()} {ours.started}")
            assert await end_recorded(record, Grace()) is Fate.GONE


class TestProcessTable:
    """Both ways of looking tell the same."""

    def test_ps_and_proc_agree(self) -> None:
        ours = process_table.look(os.getpid())
        (by_ps,) = process_table.from_ps("-p", str(os.getpid()))
        assert ours is not None
        assert (by_ps.pid, by_ps.group, by_ps.zombie) == (ours.pid, ours.group, ours.zombie)
        assert 0 <= time.time() - by_ps.started < 24 * 3600
        assert os.getpid() in {process.pid for process in process_table.everybody()}
        assert process_table.from_ps("-p", str(2**22 + 1)) == []
        assert process_table.look(2**22 + 1) is None

    def test_a_name_full_of_brackets(self, tmp_path: Path) -> None:
        program = tmp_path / ") R 1 (x"
        program.symlink_to("/bin/sleep")
        pid = os.posix_spawn(program, [str(program), "1000"], {})
        try:
            process = process_table.look(pid)
            assert process is not None
            assert (process.pid, process.group) == (pid, os.getpgrp())
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


class TestSight:
    """Whether a recorded process can be looked at from here."""

    @pytest.mark.parametrize(
        ("host", "boot", "namespace", "sight"),
        [
            (None, None, None, Sight.HERE),
            ("renamed", None, None, Sight.HERE),
            (None, None, "pid:[1]", Sight.OTHER_NAMESPACE),
            ("a-container", None, "pid:[1]", Sight.OTHER_NAMESPACE),
            (None, "earlier", "pid:[1]", Sight.BEFORE_BOOT),
            ("elsewhere", "another", "pid:[1]", Sight.OTHER_HOST),
        ],
    )
    async def test_by_its_place(self, host: str | None, boot: str | None, namespace: str | None, sight: Sight) -> None:
        now = place_of(here())
        place = f"{host or now.host} {boot or now.boot} {namespace or now.namespace}"
        record = ProcessRecord(2**22 + 1, 2**22 + 1, f"{place} 5")
        assert sight_of(record) is sight
        seen = {Sight.OTHER_NAMESPACE: Fate.OUT_OF_SIGHT, Sight.OTHER_HOST: Fate.OUT_OF_SIGHT}
        assert await end_recorded(record, Grace()) is seen.get(sight, Fate.GONE)

    def test_records_without_a_host_were_made_on_this_one(self) -> None:
        now = place_of(here())
        assert process_table.sight(f"{now.boot} {now.namespace}") is Sight.HERE
        assert process_table.sight(f"another {now.namespace}") is Sight.BEFORE_BOOT
