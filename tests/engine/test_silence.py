"""Silent and endless agents in a real engine: the first stall and go on, the second are ended in the end."""

import asyncio
from pathlib import Path

from covey.agents.base import Assignment, Desk, Outcome
from covey.model import events as e
from covey.model.command import TranscriptKind
from covey.model.control import Action
from covey.model.outcome import waits_for_human
from covey.model.status import FailureCause, Phase, Status
from covey.testing.agents import write_least
from tests.engine.conftest import MOST_SECONDS, Bench, Run

SILENT = '[run]\nagent = "scripted"\nstall_timeout = "0.1s"\n'
ENDLESS = '[run]\nagent = "endless"\nsession_timeout = "1.5s"\ncancel_grace = "20s"\n'
AGENT = """\
[agents.endless]
kind = "command"
command = ["./agent.sh", "{component}", "{target}"]
"""
WORKS = """#!/bin/sh
# Works for ever on Alpha, and says so; tidies up when it is told to end.
case $1 in
Alpha) trap 'echo tidy > tidied; exit 0' TERM; echo $$ > pid; while :; do echo working; sleep 0.05; done ;;
esac
mkdir -p "$(dirname "$2")"
printf '# X\\n\\n## Purpose\\n\\nP.\\n\\n## Public API\\n\\nA.\\n\\n## Dependencies\\n\\nN.\\n' > "$2"
printf '\\n## Summary\\n\\nS.\\n\\n## Findings\\n\\nF.\\n\\n## Components reviewed\\n\\nC.\\n' >> "$2"
"""


class Mute:
    """An agent that says nothing until it is told to speak, and ends when it is told to."""

    def __init__(self) -> None:
        self.speak, self.end = asyncio.Event(), asyncio.Event()

    async def play(self, assignment: Assignment, desk: Desk) -> Outcome:
        await self.speak.wait()
        await desk.report(TranscriptKind.TEXT, "still here")
        await self.end.wait()
        return await write_least(assignment, desk)


async def recorded(run: Run, kind: type[e.Event]) -> None:
    """Wait until such an event is in the log."""
    async with asyncio.timeout(MOST_SECONDS), run.viewer.feed() as feed:
        while not any(isinstance(event, kind) for event in await run.bench.events()):
            await feed.changed()


class TestSilence:
    """An agent that falls silent needs a human, keeps its slot, and goes on when it speaks again."""

    async def test_it_stalls_and_is_revived(self, bench: Bench) -> None:
        mute = Mute()
        bench.plays["Alpha"], bench.extra = mute.play, SILENT
        async with bench.running(stay=False) as run:
            stalled = await run.until(lambda session: session.phase is Phase.STALLED, "Alpha")
            assert stalled.pending is not None
            assert stalled.stalled_since is not None
            tree = await bench.tree()
            assert [each.component for each in tree.needs_human(run.run_id)["stalled"]] == ["Alpha"]
            assert not waits_for_human(tree, run.run_id, engine_alive=True)
            mute.speak.set()
            await recorded(run, e.SessionRevived)
            mute.end.set()
            assert (await run.left).exit_code == 0

    async def test_one_that_ends_while_it_is_stalled_is_complete(self, bench: Bench) -> None:
        ended = asyncio.Event()

        async def play(assignment: Assignment, desk: Desk) -> Outcome:
            await ended.wait()
            return await write_least(assignment, desk)

        bench.plays["Alpha"], bench.extra = play, SILENT
        async with bench.running(stay=False) as run:
            await run.until(lambda session: session.phase is Phase.STALLED, "Alpha")
            ended.set()
            assert (await run.left).exit_code == 0
        told = [event for event in await bench.events() if isinstance(event, e.SessionStalled | e.SessionRevived)]
        assert [type(event) for event in told] == [e.SessionStalled, e.SessionRevived]

    async def test_it_can_be_started_again(self, bench: Bench) -> None:
        mute = Mute()
        bench.plays["Alpha"], bench.extra = mute.play, SILENT
        async with bench.running(stay=False) as run:
            await run.until(lambda session: session.phase is Phase.STALLED, "Alpha")
            bench.plays["Alpha"] = write_least
            assert (await run.ask(Action.RETRY, "Alpha")).changed
            assert (await run.left).exit_code == 0
            assert (await run.child("Alpha")).attempt == 2

    async def test_an_engine_that_stops_interrupts_it(self, bench: Bench) -> None:
        bench.plays["Alpha"], bench.extra = Mute().play, SILENT
        async with bench.running() as run:
            await run.until(lambda session: session.phase is Phase.STALLED, "Alpha")
        alpha = next(each for each in (await bench.tree()).sessions.values() if each.component == "Alpha")
        assert (alpha.phase, alpha.stalled_since) == (Phase.INTERRUPTED, None)


class TestTheLimit:
    """Work that takes longer than `session_timeout` is ended gracefully, and its session fails."""

    async def test_it_is_ended_and_says_why(self, bench: Bench, tmp_path: Path) -> None:
        bench.extra = ENDLESS + AGENT
        (tmp_path / "agent.sh").write_text(WORKS)
        (tmp_path / "agent.sh").chmod(0o755)
        assert await bench.run() == 6
        alpha = next(each for each in (await bench.tree()).sessions.values() if each.component == "Alpha")
        assert (alpha.status, alpha.failure_cause) == (Status.FAILED, FailureCause.TIMEOUT)
        assert alpha.error_message == ("its work took longer than 1.5s, the session_timeout of [run] in covey.toml")
        assert alpha.pending is None
        assert (tmp_path / "tidied").exists()
        assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()

    async def test_a_retry_of_a_step_does_not_outlast_it(self, bench: Bench) -> None:
        async def endless(assignment: Assignment, desk: Desk) -> Outcome:
            await asyncio.Event().wait()
            return Outcome(ok=True)

        bench.plays["Alpha"] = endless
        bench.extra = '[run]\nagent = "scripted"\nsession_timeout = "0.5s"\nmax_tries = 9\n'
        assert await bench.run() == 6
        alpha = next(each for each in (await bench.tree()).sessions.values() if each.component == "Alpha")
        assert alpha.failure_cause is FailureCause.TIMEOUT
        generated = [event for event in await bench.events() if isinstance(event, e.CommandIssued)]
        assert [each.step for each in generated if each.session_id == alpha.id].count("GenerateComponentDesign") == 1
