"""What `covey status` and `covey show` tell of sessions at work: silent, stalled, in doubt, and how that is known."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from covey.cli.lines import Narrator
from covey.model import events as e
from covey.model.activity import Activity
from covey.model.command import Command, CommandKind, Interaction
from covey.model.events import Entry
from covey.model.ids import new_id
from covey.model.session import Session, about
from covey.model.status import FailureCause
from covey.store.base import Line, Operation
from covey.text.glyphs import GlyphSet
from tests.cli.program import Ran, covey
from tests.family import Family, component, open_family


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


class Scene:
    """A run with three sessions at work, and an engine that holds the lock."""

    def __init__(self, family: Family) -> None:
        self.family = family

    async def begin(self) -> None:
        parent = await self.family.parent()
        self.sessions = [await self._work(parent, name) for name in ("Alpha", "Beta", "Gamma")]

    async def _work(self, parent: Session, name: str) -> Session:
        child = await self.family.start(await self.family.child(parent, component(name)))
        now = self.family.clock.now()
        command = Command(id=new_id(), module="GenerateComponentDesign", command=CommandKind.AGENT, timestamp=now)
        step = {"step": command.module, "command": command}
        issued = Interaction(id=new_id(), session_id=child.id, attempt=1, epoch=1, inserted_at=now, **step)
        event = e.CommandIssued(
            at=now, **about(child), interaction_id=issued.id, step=command.module, command=command.command
        )
        await self.family.store.append(Operation(events=(event,), issued=issued))
        return await self.family.now(child)

    async def signs(self, session: Session, *, quiet: float, beat: float = 1) -> None:
        noted = Activity(session_id=session.id, attempt=1, at=ago(quiet), beat=ago(beat))
        self.family.store.note_activity([noted], [])
        await self.family.happen()

    async def call(self, *arguments: str) -> Ran:
        return await asyncio.to_thread(lambda: covey(*arguments, cwd=self.family.root))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    (tmp_path / "covey.toml").write_text("")
    async with open_family(tmp_path) as family:
        made = Scene(family)
        await made.begin()
        alpha, beta, gamma = made.sessions
        await made.signs(alpha, quiet=130)
        await made.signs(beta, quiet=310)
        await made.signs(gamma, quiet=130, beat=40)
        await family.happen(e.SessionStalled(at=family.clock.now(), **about(beta), since=ago(310)))
        yield made


async def test_the_tree_has_words_for_it(scene: Scene) -> None:
    shown = (await scene.call("status", "--plain")).out
    assert re.search(r" quiet 2m1\ds +attempt 1  Alpha", shown)
    assert re.search(r" stalled 5m1\ds +attempt 1  Beta", shown)
    assert re.search(r" running\? 4\ds +attempt 1  Gamma", shown)


async def test_what_stalled_needs_a_human_who_is_told_what_helps(scene: Scene) -> None:
    shown = (await scene.call("status")).out
    beta = scene.sessions[1].id[:8]
    assert re.search(rf"Beta \({beta}\): no sign of life for 5m1\ds; it may still go on by itself", shown)
    assert {f"covey {verb} {beta}" for verb in ("logs", "retry", "cancel")} <= set(re.findall(r"covey \w+ \w+", shown))


async def test_programs_read_how_it_is_known(scene: Scene) -> None:
    found: dict[str, Any] = (await scene.call("status", "--json")).object
    (stalled,) = found["needs_human"]["stalled"]
    assert list(stalled) == ["session_id", "component", "module", "since"]
    assert stalled["component"] == "Beta"
    assert [each["known_by"] for each in found["sessions"]] == [
        "log",
        "engine heartbeat",
        "engine heartbeat",
        "engine heartbeat, overdue",
    ]
    assert found["sessions"][0]["last_sign_at"] is None
    assert all(each["last_sign_at"] < each["known_at"] for each in found["sessions"][1:])


async def test_one_session_says_how_it_is_known_and_since_when(scene: Scene) -> None:
    alpha, _, gamma = scene.sessions
    shown = (await scene.call("show", alpha.id)).out
    assert re.search(r"known by +engine heartbeat \ds ago\n", shown)
    assert re.search(r"last sign +2m1\ds ago\n", shown)
    assert "overdue: the engine stands still" in (await scene.call("show", gamma.id)).out


async def test_the_log_has_it_for_programs(scene: Scene) -> None:
    beta = await scene.family.now(scene.sessions[1])
    await scene.family.happen(e.SessionRevived(at=scene.family.clock.now(), **about(beta)))
    stalled, revived = (await scene.call("events")).lines[-2:]
    assert (stalled["event"], list(stalled)[-1]) == ("session_stalled", "since")
    assert (revived["event"], list(revived)[-1]) == ("session_revived", "attempt")


async def test_without_the_engine_it_is_inferred_and_has_its_age(scene: Scene, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "covey.toml").write_text("")
    (copy / ".covey").mkdir()
    for name in ("covey.db", "covey.db-wal"):
        (copy / ".covey" / name).write_bytes((tmp_path / ".covey" / name).read_bytes())
    shown = (await asyncio.to_thread(lambda: covey("status", "--plain", cwd=copy))).out
    assert re.search(r" interrupted\? 4\ds +attempt 1  Gamma", shown)
    found = (await asyncio.to_thread(lambda: covey("status", "--json", cwd=copy))).object
    assert found["sessions"][3]["known_by"] == "inferred: no engine"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            e.SessionStalled(at=datetime(2026, 1, 1, 0, 6, tzinfo=UTC), since=datetime(2026, 1, 1, 0, 1, tzinfo=UTC)),
            "? Alpha                     stalled: no sign of life for 5m00s; it may still go on by itself",
        ),
        (
            e.SessionRevived(at=datetime(2026, 1, 1, tzinfo=UTC)),
            "* Alpha                     gives signs of life again",
        ),
        (
            e.CredentialPaused(
                at=datetime(2026, 1, 1, tzinfo=UTC),
                credential="A_KEY",
                cause=FailureCause.RATE_LIMIT,
                reason="no more this week",
                agents=("mine",),
                by="covey",
            ),
            (
                "| Alpha                     A_KEY is paused: no more this week; nobody who works with it starts; "
                "wait for the end of the limit, or set another key; then run covey resume"
            ),
        ),
    ],
)
def test_a_run_tells_of_it_as_it_happens(event: e.AnyEvent, told: str) -> None:
    line = Line(Entry(1, event), parent_id="p", type="t", component="Alpha", module="shop.alpha")
    assert Narrator(GlyphSet.ASCII).tell(line) == told
