"""Vital signs: who at work was heard of last when, who has fallen silent, and whose time is over.

Twice a second it is looked once over all sessions at work. What there is to note goes to the store in one upsert, with
whatever else is pending: a sign of life costs its session nothing but setting a flag. Time is counted while covey is
awake (see `covey.clock`): nobody stalls or times out by a closed lid, by a wall clock that is set, or by an engine that
was stopped.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from covey.clock import AwakeTime
from covey.engine.rounds import Rounds
from covey.engine.runtime import Running
from covey.engine.turns import Bench, Turns
from covey.model.activity import BEAT_SECONDS, Activity

LOOK_SECONDS = 0.5
LONGEST_GAP_SECONDS = 4 * LOOK_SECONDS
"""Between two looks no more than this counts: the engine itself has stood still for the rest."""

_CLOCK_WAS_SET_SECONDS = 1.0


@dataclass(slots=True)
class Life:
    """A session at work; times are seconds awake. `spoke`: it has given a sign of life since the last look.

    `is_acting`: a command of it is at work that should give signs. `is_limited`: the limit of a session's work holds.
    `resting`: how much of what it does stands still; neither holds meanwhile.
    """

    since: float
    heard: float
    is_limited: bool
    spoke: bool = True
    is_acting: bool = False
    resting: int = 0
    rested_since: float = 0.0
    is_stalled: bool = False

    def sign(self) -> None:
        """The agent, or a program of the session's, has done something."""
        self.spoke = True


class Vitals:
    """Watches over sessions at work; `time_out` is told whose time is over, with its limit in seconds."""

    def __init__(self, bench: Bench, turns: Turns, time_out: Callable[[Running, float], None]) -> None:
        self._bench = bench
        self._turns = turns
        self._time_out = time_out
        self._awake = AwakeTime(bench.tools.clock.monotonic, LONGEST_GAP_SECONDS)
        self._lives: dict[Running, Life] = {}
        self._over: dict[Running, None] = {}
        self._beaten = -BEAT_SECONDS
        self._ahead = 0.0
        self._rounds = Rounds(LOOK_SECONDS)

    # Who is at work.

    @contextlib.contextmanager
    def at_work(self, running: Running, *, is_limited: bool) -> Iterator[Life]:
        """A session is at work for the length of the block, by itself or within another such block."""
        known = self._lives.get(running)
        if known is not None:
            yield known
            return
        now = self._awake.seconds()
        life = self._lives[running] = Life(now, now, is_limited)
        self._over.pop(running, None)
        try:
            yield life
        finally:
            del self._lives[running]
            self._over[running] = None

    @contextlib.contextmanager
    def acting(self, running: Running) -> Iterator[Life]:
        """A command of a session is at work for the length of the block; that it begins is its first sign of life."""
        with self.at_work(running, is_limited=False) as life:
            life.is_acting, life.spoke = True, True
            try:
                yield life
            finally:
                life.is_acting = life.is_stalled = False

    @contextlib.contextmanager
    def resting(self, running: Running) -> Iterator[None]:
        """A session stands still for the length of the block, however long that is: it is not of its time.

        A command of it that is at work is not expected to give signs of life meanwhile.
        """
        life = self._lives[running]
        if not life.resting:
            life.rested_since = self._awake.seconds()
        life.resting += 1
        try:
            yield
        finally:
            life.resting -= 1
            if not life.resting:
                life.spoke = life.spoke or life.is_acting
                life.since += self._awake.seconds() - life.rested_since

    # Looking.

    async def keep_watch(self) -> None:
        """Look twice a second until ended, and once more: whose work was ended with the engine is forgotten."""
        while not self._rounds.are_over:
            await self.look()
            await self._rounds.next()
        await self.look()

    def end(self) -> None:
        """Look no more."""
        self._rounds.end()

    async def look(self) -> None:
        """Note who has given signs since the last look, and see who has not for too long."""
        now, wall = self._awake.seconds(), self._bench.tools.clock.now()
        self._note(now, wall)
        judged = (self._judge(running, life, now, wall) for running, life in [*self._lives.items()])
        await asyncio.gather(*(record for record in judged if record is not None))

    def _note(self, now: float, wall: datetime) -> None:
        """Hand the signs of life to the store: of those who spoke, and of all when a heartbeat is due."""
        beats = self._clock_was_set(wall) or now - self._beaten >= BEAT_SECONDS
        noted: list[Activity] = []
        for (session_id, attempt), life in self._lives.items():
            if life.spoke:
                life.heard = now
            if life.spoke or beats:
                at = wall - timedelta(seconds=now - life.heard)
                noted.append(Activity(session_id=session_id, attempt=attempt, at=at, beat=wall))
            life.spoke = False
        if beats:
            self._beaten = now
        if noted or self._over:
            self._bench.store.note_activity(noted, [*self._over])
            self._over.clear()

    def _clock_was_set(self, wall: datetime) -> bool:
        """The wall clock stands elsewhere than a moment ago, as after a sleep: what was noted by it is told anew."""
        ahead = wall.timestamp() - self._bench.tools.clock.monotonic()
        before, self._ahead = self._ahead, ahead
        return abs(ahead - before) > _CLOCK_WAS_SET_SECONDS

    def _judge(self, running: Running, life: Life, now: float, wall: datetime) -> Awaitable[None] | None:
        """What is to be recorded of a session; who has had all its time is told to end."""
        if life.resting:
            return None
        limits, quiet = self._bench.tools.settings.run, now - life.heard
        if life.is_limited and now - life.since >= limits.session_timeout:
            self._time_out(running, limits.session_timeout)
        elif life.is_stalled and quiet < limits.stall_timeout:
            life.is_stalled = False
            return self._turns.revived(running)
        elif life.is_acting and not life.is_stalled and quiet >= limits.stall_timeout:
            return self._stall(running, life, wall - timedelta(seconds=quiet))
        return None

    async def _stall(self, running: Running, life: Life, since: datetime) -> None:
        life.is_stalled = await self._turns.stalled(running, since) and life.is_acting and not life.resting
