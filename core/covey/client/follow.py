"""The event log as it grows, and each of its lines as the flat object that programs read.

The keys that every line has come first, in a fixed order; then the event's own fields. Left out are what only covey
itself makes use of: the project's id, the settings of a run, a session's state and its place in spawn order.
"""

import contextlib
from collections.abc import AsyncGenerator

import msgspec

from covey.client.archive import Page, pages
from covey.store.base import Line
from covey.store.feed import ChangeFeed
from covey.store.sqlite import Viewer

_INTERNAL = ("settings", "project_id", "state", "position")


class Follower:
    """The log after line `after`, and what comes to it from now on: of one run, or of all."""

    def __init__(self, viewer: Viewer, after: int, run_id: str | None = None) -> None:
        self._viewer = viewer
        self._after = after
        self._run_id = run_id
        self._ending = False
        self._feed: ChangeFeed | None = None

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Page after page, as the log grows, until somebody calls `end`."""
        async with self._viewer.feed() as self._feed:
            ended = False
            while not ended:
                ended = self._ending
                async with contextlib.aclosing(pages(self._viewer, self._after, self._run_id)) as news:
                    async for page in news:
                        self._after = page[-1].entry.seq
                        yield page
                if not self._ending:
                    await self._feed.changed()

    def end(self) -> None:
        """Let `pages` end once it has given all that is in the log by now."""
        self._ending = True
        if self._feed is not None:
            self._feed.wake()


def line_json(line: Line) -> dict[str, object]:
    """A line of the log as programs read it; times are RFC 3339 in UTC once encoded."""
    seq, event = line.entry.seq, line.entry.event
    own = msgspec.to_builtins(event, builtin_types=(type(event.at),))
    for key in _INTERNAL:
        own.pop(key, None)
    head: dict[str, object] = {
        "seq": seq,
        "at": own.pop("at"),
        "event": own.pop("event"),
        "run_id": own.pop("run_id"),
        "session_id": own.pop("session_id"),
        "parent_id": line.parent_id,
        "type": line.type,
        "component": line.component,
        "module": line.module,
        "attempt": own.pop("attempt"),
    }
    return head | {key: value for key, value in own.items() if key not in head}
