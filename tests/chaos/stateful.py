"""Random lives of one run, driven against the model of the rules: agents, humans, files, and engines that die.

By hand, the long form:   .venv/bin/python -m tests.chaos.stateful --examples 10000
The engine is the real one, in this process, over a real store; its agents do as they are told. After every step it has
to come to what the model says. Nothing waits for time to pass: only an engine that never gets there runs out of it.
"""

import argparse
import asyncio
import contextlib
import logging
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.engine.service import Engine, open_engine
from covey.model import status as s
from covey.model.control import Action, ControlRequest
from covey.model.session import Session
from covey.projects.manifest import find_contexts, load_project
from covey.projects.paths import ArtifactKind
from covey.store.sqlite import open_viewer
from covey.testing.agents import least_document, scripted
from covey.testing.clock import FakeClock

from .inspection import flaws_of_the_store, query
from .rules import MAX_REVISIONS, File, Member, Model, Play, Request

MOST_LOOKS = 1_000
"""An engine that has not come to where it should be by then never does. Each look lets it go on; no clock decides."""
MOST_SECONDS = 60.0
"""An engine that is ended has left by then, however busy the machine is."""
NAMES = ("Alpha", "Beta", "Gamma")
REVIEW = "Review"
MANIFEST = f"""
[run]
agent = "scripted"
max_sessions = %d
retry_limit = 1000000
max_revisions = {MAX_REVISIONS}
cancel_grace = "1s"
[[context]]
name = "Shop"
module = "shop"
"""
_WORDS = {s.Phase.BLOCKED: "blocked"}

T = TypeVar("T")


class Stage:
    """An engine over a project in a directory, with agents that do what `plays` says, held ones once they are told."""

    def __init__(self, root: Path, slots: int) -> None:
        self.root = root
        self.clock = FakeClock()
        self.plays: dict[str, Play] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.starts: list[tuple[str, int]] = []
        self.moved = asyncio.Event()
        self.engine: Engine | None = None
        self.run_id = ""
        self._leave = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._registry = AgentRegistry(extra={"scripted": scripted(self._play)})
        tables = "".join(f'[[context.component]]\nname = "{n}"\nmodule = "shop.{n.lower()}"\n' for n in NAMES)
        (root / "covey.toml").write_text(MANIFEST % slots + tables)

    def path(self, name: str) -> Path:
        file = "shop/design_review.md" if name == REVIEW else f"shop/{name.lower()}.md"
        return self.root / "docs/design" / file

    def put(self, name: str, file: File) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if file is File.ABSENT:
            path.unlink(missing_ok=True)
        else:
            sections = ("Purpose", "Public API", "Dependencies") if file is File.VALID else ("Nothing of use",)
            path.write_text(f"# {name}\n" + "".join(f"\n## {title}\n\nNothing.\n" for title in sections))

    async def _play(self, assignment: Assignment, desk: Desk) -> Outcome:
        name = REVIEW if assignment.kind is ArtifactKind.REVIEW else assignment.component.name
        self.starts.append((name, assignment.attempt))
        if self.plays.get(name) is Play.HOLD:
            told = self.held[name] = asyncio.Event()
            self.moved.set()
            try:
                await told.wait()
            finally:
                if self.held.get(name) is told:
                    del self.held[name]
        return self._carry_out(self.plays.get(name, Play.OK), assignment)

    def _carry_out(self, play: Play, assignment: Assignment) -> Outcome:
        target = assignment.workspace / assignment.target
        target.parent.mkdir(parents=True, exist_ok=True)
        match play:
            case Play.CRASH:
                raise RuntimeError("the agent's own mistake")
            case Play.FAIL:
                return Outcome(ok=False, message="no idea")
            case Play.OK:
                target.write_text(least_document(assignment))
            case Play.BAD:
                target.write_text("# Nothing\n\n## Nothing of use\n\nNothing.\n")
        return Outcome(ok=True)

    # Engines.

    async def come(self) -> None:
        """Let an engine come, and have it take over what is there."""
        ready: asyncio.Future[Engine] = asyncio.get_running_loop().create_future()
        self._leave.clear()
        self._life = asyncio.create_task(self._live(ready))
        await asyncio.wait([ready, self._life], return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            await self._life
        self.engine = ready.result()

    async def _live(self, ready: asyncio.Future[Engine]) -> None:
        project = load_project(self.root, self._registry)
        async with open_engine(project, self._registry, self.clock) as engine:
            ready.set_result(engine)
            await self._leave.wait()

    async def begin(self) -> None:
        """Begin the run, or adopt it."""
        assert self.engine is not None
        contexts = find_contexts(load_project(self.root, self._registry), ("Shop",))
        begun = await self.engine.begin("design", contexts)
        self.run_id = begun[0].run_id or self.run_id

    async def go(self, *, dies: bool) -> None:
        """Let the engine leave in good order, or as one that dies: nothing more that it does is stored."""
        assert self._life is not None
        if dies:
            with contextlib.closing(sqlite3.connect(self.root / ".covey/covey.db", timeout=10)) as database, database:
                database.execute("UPDATE engine SET epoch = epoch + 1")
        self._leave.set()
        await asyncio.wait_for(asyncio.wait([self._life]), MOST_SECONDS)
        with contextlib.suppress(BaseExceptionGroup, Exception):
            await self._life
        self.engine = self._life = None
        self.held.clear()

    # Looking, and asking.

    async def sessions(self) -> dict[str, Session]:
        """The run's sessions by name, as they are stored; the root is `root`."""
        async with open_viewer(self.root) as viewer:
            assert viewer is not None
            run = await viewer.run(viewer.scope, self.run_id)
        return {self._name(each): each for each in run}

    def _name(self, session: Session) -> str:
        if session.session_id is None:
            return "root"
        return session.component if session.component in NAMES else REVIEW

    async def ask(self, request: Request, session_id: str) -> None:
        """Leave a request in the inbox."""
        wish = ControlRequest(
            id=f"request-{request.number}",
            session_id=session_id,
            action=Action(request.action),
            attempt=request.attempt,
            status=s.Status(request.status),
            decision_id=f"decision-{request.number}",
            requested_by="ada",
            requested_at=self.clock.now(),
            reason="because",
            note="again" if request.note else None,
            resume=request.resume,
            force=True,  # budgets of retries are no matter of these rules
        )
        async with open_viewer(self.root) as viewer:
            assert viewer is not None
            await viewer.leave([wish])

    async def look(self) -> None:
        """Have the engine see its inbox and the disk now, not at its next look."""
        if self.engine is not None:
            await self.engine._controls.drain()
            await self.engine._lookout.look()

    def is_in_line(self, sessions: dict[str, Session]) -> bool:
        """Whoever waits for a slot has asked for it: else the next one would go to somebody behind it."""
        waiting = (s.Phase.QUEUED, s.Phase.INTERRUPTED)
        return self.engine is not None and all(
            self.engine._slots.is_waiting(session.id)
            for session in sessions.values()
            if session.phase in waiting and session.session_id is not None
        )

    def open_commands(self) -> int:
        """How many commands have no result."""
        return int(query(self.root, "SELECT count(*) FROM interactions WHERE completed_at IS NULL")[0][0])

    def decided(self) -> dict[str, bool | None]:
        """Which requests are decided, and whether each changed anything."""
        rows = query(self.root, "SELECT id, json_extract(body, '$.changed') FROM controls WHERE state <> 'queued'")
        return {key: bool(changed) for key, changed in rows}


def picture(model: Model) -> dict[str, str]:
    """The model as it is compared: each session's status and attempt, and what it waits for."""
    lines = {name: _line(member) for name, member in model.members.items()}
    waits = "blocked" if model.blocked and model.root.status == "active" else ""
    return {**lines, "root": f"{model.root.status} {model.root.attempt} {waits}".strip()}


def _line(member: Member) -> str:
    idle = "interrupted" if member.interrupted else "queued"
    waits = "" if member.status != "active" else "held" if member.held else idle
    return f"{member.status} {member.attempt} {waits}".strip()


def photograph(sessions: dict[str, Session], held: dict[str, asyncio.Event]) -> dict[str, str]:
    """The same of what is stored, and of the agents that wait."""
    return {name: _shot(name, session, held) for name, session in sessions.items()}


def _shot(name: str, session: Session, held: dict[str, asyncio.Event]) -> str:
    waits = "blocked" if session.phase is s.Phase.BLOCKED else ""
    if session.status is s.Status.ACTIVE and name != "root":
        waits = "held" if name in held else str(session.phase)
    if session.phase is s.Phase.CANCELLING:
        waits = "cancelling"
    return f"{session.status} {session.attempt} {waits}".strip()


class Lives(RuleBasedStateMachine):
    """A run, its humans, its agents and its engines, against the model; `told_every` so many lives one hears of it."""

    lived: ClassVar[int] = 0
    told_every: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Lives.lived += 1
        if self.told_every and self.lived % self.told_every == 0:
            print(f"  {self.lived} lives", flush=True)
        self.loop = asyncio.new_event_loop()
        self.directory = Path(tempfile.mkdtemp(prefix="covey-lives-", dir=_memory()))
        self.lives = False
        self.queued: list[Request] = []
        self.asked: dict[int, bool] = {}
        self.last: Request | None = None

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(slots=st.integers(1, 3), plays=st.tuples(*[st.sampled_from(Play)] * 3), review=st.booleans())
    def begin(self, slots: int, plays: tuple[Play, ...], review: bool) -> None:  # noqa: FBT001 - drawn
        self.stage = Stage(self.directory, slots)
        self.model = Model(slots, {n: Member(n, i, play=p) for i, (n, p) in enumerate(zip(NAMES, plays, strict=True))})
        self.model.root.play = Play.HOLD if review else Play.OK
        self.stage.plays = {**dict(zip(NAMES, plays, strict=True)), REVIEW: self.model.root.play}
        self.do(self._come())

    # What humans ask for.

    @precondition(lambda self: self.model.members)
    @rule(
        data=st.data(),
        action=st.sampled_from(["retry", "retry", "skip", "cancel"]),
        note=st.booleans(),
        resume=st.booleans(),
        times=st.integers(1, 2),
        dies=st.booleans(),
    )
    def ask(self, data: st.DataObject, action: str, note: bool, resume: bool, times: int, dies: bool) -> None:  # noqa: FBT001, PLR0917 - drawn
        name = data.draw(st.sampled_from(sorted(self.model.members)))
        member = self.model.members[name]
        self._request(action, member, note=note and name != REVIEW, resume=resume, times=times, dies=dies)

    @rule(action=st.sampled_from(["retry", "cancel", "skip"]), dies=st.booleans(), sure=st.integers(0, 2))
    def ask_of_the_root(self, action: str, dies: bool, sure: int) -> None:  # noqa: FBT001 - drawn
        if action != "cancel" or sure == 0:  # a run that is cancelled all the time has no life
            self._request(action, self.model.root, dies=dies)

    @precondition(lambda self: any(m.status == "complete" for m in self.model.members.values()))
    @rule(data=st.data(), action=st.sampled_from(["skip", "retry", "cancel"]))
    def ask_of_one_that_is_complete(self, data: st.DataObject, action: str) -> None:
        complete = sorted(name for name, member in self.model.members.items() if member.status == "complete")
        self._request(action, self.model.members[data.draw(st.sampled_from(complete))], dies=False)

    @precondition(lambda self: self.last is not None)
    @rule()
    def ask_the_same_again_too_late(self) -> None:
        assert self.last is not None
        stale = Request(len(self.asked), self.last.action, self.last.name, self.last.attempt, self.last.status)
        self._leave([stale], dies=False)

    def _request(
        self,
        action: str,
        member: Member,
        *,
        note: bool = False,
        resume: bool = False,
        times: int = 1,
        dies: bool,
    ) -> None:
        waits = any(m.status == "active" and not m.held for m in self.model.members.values())
        if action == "retry" and member.held and waits:
            return  # which of the two gets the slot first, the old one's next attempt or the next in the queue, is open
        asked = [
            Request(len(self.asked) + n, action, member.name, member.attempt, member.status, note, resume)
            for n in range(times)
        ]
        self.last = asked[0]
        self._leave(asked, dies=dies)

    def _leave(self, asked: list[Request], *, dies: bool) -> None:
        sessions = self.do(self.stage.sessions())
        for request in asked:
            self.do(self.stage.ask(request, sessions[request.name].id))
            self.asked[request.number] = False
        self.queued += asked
        if self.lives:
            self._decide()
            if dies:
                self._die(self.stage.look())
                return
            self.do(self.stage.look())
            self.model.settle()

    def _decide(self) -> None:
        for request in self.queued:
            self.asked[request.number] = self.model.decide(request)
        self.queued.clear()

    # What agents do.

    @precondition(lambda self: self.lives and any(m.held for m in self.model.members.values()))
    @rule(
        data=st.data(),
        play=st.sampled_from([p for p in Play if p is not Play.HOLD]),
        later=st.sampled_from(Play),
        dies=st.booleans(),
    )
    def tell_an_agent(self, data: st.DataObject, play: Play, later: Play, dies: bool) -> None:  # noqa: FBT001 - drawn
        member = self.model.members[data.draw(st.sampled_from(self._held()))]
        if member.is_review and play is Play.BAD:
            return  # a review that does not pass is replaced or not by rules of its own
        if dies and member.issued_absent and member.file is not File.ABSENT and play in {Play.FAIL, Play.CRASH}:
            return  # its result is stored before the end, or its file is taken for one: both are right
        member.play = self.stage.plays[member.name] = play
        member.carry_out()
        self.stage.held[member.name].set()
        if dies:
            self._die()
        else:
            self.model.settle()
        self._will(member, later if later is not Play.BAD or not member.is_review else Play.OK)

    def _held(self) -> list[str]:
        return sorted(name for name, member in self.model.members.items() if member.held)

    @rule(name=st.sampled_from(NAMES), play=st.sampled_from(Play))
    def agents_change_their_minds(self, name: str, play: Play) -> None:
        if not self.model.members[name].held:
            self._will(self.model.members[name], play)

    def _will(self, member: Member, play: Play) -> None:
        """From the next start on its agent does this; what it is just doing has to be over."""
        if self.lives:
            self.do(self._arrive())
        if not member.held:
            member.play = self.stage.plays[member.name] = play

    # What happens to files.

    @rule(name=st.sampled_from(NAMES), file=st.sampled_from(File))
    def a_hand_changes_a_file(self, name: str, file: File) -> None:
        self.stage.put(name, file)
        self.model.members[name].file = file
        if self.lives:
            self.do(self.stage.look())
            self.model.settle()

    # What happens to engines.

    @precondition(lambda self: self.lives)
    @rule(dies=st.booleans())
    def the_engine_goes(self, dies: bool) -> None:  # noqa: FBT001 - drawn
        self.do(self._arrive())
        self.do(self.stage.go(dies=dies))
        self.model.engine_died()
        self.lives = False

    @precondition(lambda self: not self.lives)
    @rule()
    def another_engine_comes(self) -> None:
        self._decide()
        self.do(self._come())

    def _die(self, meanwhile: Coroutine[Any, Any, None] | None = None) -> None:
        """The engine dies in the middle of what was just begun; another one comes at once."""

        async def die() -> None:
            async with asyncio.TaskGroup() as tasks:
                if meanwhile is not None:
                    tasks.create_task(_whatever_comes(meanwhile))
                await asyncio.sleep(0)
                await self.stage.go(dies=True)

        self.do(die())
        self.model.engine_died()
        self.lives = False
        self.do(self._come())

    async def _come(self) -> None:
        await self.stage.come()
        self.lives = True
        if self.model.root.status == "active":
            await self.stage.begin()
        self.model.settle()

    # What has to hold.

    @invariant()
    def it_comes_to_what_the_rules_say(self) -> None:
        if self.lives:
            self.do(self._arrive())
            decided = self.stage.decided()
            wanted = {f"request-{number}": changed for number, changed in self.asked.items()}
            assert decided == wanted, f"requests: {decided}, by the rules {wanted}"

    async def _arrive(self) -> None:
        root_waits = self.model.root.status == "active" and not self.model.blocked
        begun = sum(m.was_asked and m.interrupted for m in self.model.members.values())  # and waits for a slot again
        at_work = len(self._held()) + root_waits + begun  # each has one command without a result
        wanted, seen = picture(self.model), dict[str, str]()
        for _ in range(MOST_LOOKS):
            sessions = await self.stage.sessions()
            seen = photograph(sessions, self.stage.held)
            open_commands, decided = self.stage.open_commands(), len(self.stage.decided())
            is_there = seen == wanted and open_commands == at_work and decided == len(self.asked) - len(self.queued)
            if is_there and self.stage.is_in_line(sessions):
                return
            await asyncio.sleep(0.001)
        seen["open commands"], wanted["open commands"] = str(self.stage.open_commands()), str(at_work)
        raise AssertionError(f"it has come to {seen}, by the rules to {wanted}")

    def teardown(self) -> None:
        try:
            if self.lives:
                self.do(self.stage.go(dies=False))
            if hasattr(self, "stage"):
                assert flaws_of_the_store(self.directory) == []
        finally:
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.directory)


async def _whatever_comes(work: Coroutine[Any, Any, None]) -> None:
    """What an engine that dies meanwhile answers is nobody's concern."""
    with contextlib.suppress(Exception):
        await work


def _memory() -> str | None:
    """A directory in memory, where there is one: thousands of databases need no disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def lives(examples: int, *, steps: int = 15, derandomize: bool = False, shrink: bool = True) -> None:
    """Live so many random lives; raises where one does not go as the rules say."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


def main() -> int:
    """The long form, by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument(
        "--same", action="store_true", help="the same examples every time, and no search for smaller ones"
    )
    given = parser.parse_args()
    logging.disable(logging.ERROR)  # agents make mistakes here all the time
    Lives.told_every = 500
    began = time.monotonic()
    try:
        lives(given.examples, steps=given.steps, derandomize=given.same, shrink=not given.same)
    except AssertionError as flaw:
        print(f"FLAW: {flaw}", *getattr(flaw, "__notes__", ()), sep="\n")
        return 1
    except FlakyFailure as flaw:  # it depends on what came first, and did not come so again
        print("FLAW, not every time:", *flaw.exceptions, *getattr(flaw, "__notes__", ()), sep="\n")
        return 1
    print(f"{given.examples} examples of up to {given.steps} steps, no flaw, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
