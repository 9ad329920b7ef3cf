"""The same failure again and again: a run in which it comes too often is paused, and somebody is asked once.

Supervisors of Erlang/OTP give up alike: more than so many restarts within so many seconds. What counts is in the log,
so an engine that comes later goes on counting where the last one was; `resume` begins anew.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from covey.engine.consequences import ENGINE
from covey.engine.turns import Bench
from covey.errors import StaleOperationError
from covey.model import events as e
from covey.model.events import AnyEvent
from covey.model.ids import new_id
from covey.model.pause import PauseKind, PauseMode
from covey.model.session import Session, about, is_terminal
from covey.model.status import FailureCause
from covey.store.base import Operation
from covey.text.glyphs import CAUSES
from covey.text.words import period, plural

_COUNTED = (e.SessionFailed, e.RunResumed)

Key = tuple[str, int]
"""A session in an attempt; it fails once, however often one hears of it."""


@dataclass(slots=True)
class _Count:
    """The failures of one run by cause, since it was resumed last; `was_read`: those of the log are among them."""

    since: datetime | None = None
    failures: dict[FailureCause, dict[Key, datetime]] = field(default_factory=dict)
    was_read: bool = False

    def add(self, event: AnyEvent) -> None:
        if isinstance(event, e.RunResumed):
            self.since = event.at if self.since is None else max(self.since, event.at)
        elif isinstance(event, e.SessionFailed):
            key = (event.session_id or "", event.attempt or 0)
            self.failures.setdefault(event.cause, {})[key] = event.at

    def recent(self, cause: FailureCause, window: timedelta) -> list[Key]:
        """Those for this cause within a window that ends with the last of them; older ones are forgotten."""
        failures = self.failures[cause]
        earliest = max(failures.values()) - window
        kept = {key: at for key, at in failures.items() if at >= earliest and (self.since is None or at > self.since)}
        self.failures[cause] = kept
        return list(kept)


class RepeatedFailures:
    """Counts the failures of each run, and pauses the run where the same cause has come too often."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._counts: dict[str, _Count] = {}
        self._suspects: set[tuple[str, FailureCause]] = set()
        self._one_at_a_time = asyncio.Lock()

    def know(self, events: Iterable[AnyEvent]) -> None:
        """Count what has just been written. A root that fails has nothing more to be paused."""
        for event in events:
            if not isinstance(event, _COUNTED) or event.run_id is None:
                continue
            self._counts.setdefault(event.run_id, _Count()).add(event)
            if isinstance(event, e.SessionFailed) and event.session_id != event.run_id:
                self._suspects.add((event.run_id, event.cause))

    async def look(self) -> None:
        """Pause the runs in which the failures that came since the last look were too many.

        Whoever looks while somebody does returns no sooner: what they look at may be about the same run.
        """
        async with self._one_at_a_time:
            while self._suspects:
                run_id, cause = self._suspects.pop()
                root = await self._bench.store.session(self._bench.scope, run_id)
                if root is not None:
                    await self._judge(root, cause)

    async def _judge(self, root: Session, cause: FailureCause) -> None:
        found = await self._too_many(root.id, cause)
        while found and not is_terminal(root) and root.paused is None:
            try:
                await self._bench.store.append(self._pause(root, found))
            except StaleOperationError:
                root = await self._bench.store.session(self._bench.scope, root.id) or root
            else:
                return

    async def _too_many(self, run_id: str, cause: FailureCause) -> str | None:
        """The failures that are too many, in words for people."""
        limits, count = self._bench.tools.settings.run, self._counts[run_id]
        if not count.was_read:
            for event in await self._bench.store.events_of_run(self._bench.scope, run_id, _COUNTED):
                count.add(event)
            count.was_read = True
        failures = count.recent(cause, timedelta(seconds=limits.retry_window))
        if len(failures) <= limits.retry_limit:
            return None
        sessions = len({session_id for session_id, _ in failures})
        times = "" if sessions == len(failures) else f" {len(failures)} times"
        failed = f"{plural(sessions, 'session')} failed{times}"
        return f"{failed} within {period(limits.retry_window)}: {CAUSES[cause.value]}"

    def _pause(self, root: Session, found: str) -> Operation:
        paused = e.RunPaused(
            at=self._bench.tools.clock.now(),
            **about(root),
            kind=PauseKind.REPEATED_FAILURES,
            mode=PauseMode.SOFT,
            cause=found,
            by=ENGINE,
            decision_id=new_id(),
        )
        return Operation(events=(paused,), versions={root.id: root.version})
