"""How many sessions the engine lets work at the same time: what it is now, and asking for another number.

Slots are the engine's and end with it. Where none lives, the wish is kept for the next one.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from covey.client.requests import KEPT, WAIT_SECONDS
from covey.clock import Clock, SystemClock
from covey.errors import UsageError
from covey.model.control import RequestState
from covey.model.ids import new_id
from covey.model.order import SlotsOrder
from covey.store.sqlite import Viewer

MOST_SLOTS = 1_000_000
"""The same as for `max_sessions` in `covey.toml`."""

_NO_ENGINE = "no engine is at work; the next one takes max_sessions of covey.toml, or --max-sessions of covey run"
_UNDECIDED = "the engine has not answered yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsAnswer:
    """What came of asking; `slots` is how many there are as far as is known, None where no engine lives."""

    session_id: None = None
    action: str = "slots"
    state: RequestState
    changed: bool | None
    reason: str | None
    slots: int | None


async def present_slots(viewer: Viewer | None) -> SlotsAnswer:
    """How many slots the living engine has."""
    engine = await viewer.living_engine() if viewer is not None else None
    if engine is not None:
        return SlotsAnswer(state=RequestState.SETTLED, changed=False, reason=None, slots=engine.slots or None)
    orders = await viewer.queued_orders() if viewer is not None else ()
    asked = [order.slots for order in orders if isinstance(order, SlotsOrder)]
    reason = f"no engine is at work; {asked[-1]} are asked for of the next one" if asked else _NO_ENGINE
    return SlotsAnswer(state=RequestState.SETTLED, changed=False, reason=reason, slots=None)


async def request_slots(
    viewer: Viewer | None, slots: int, *, wait_seconds: float = WAIT_SECONDS, clock: Clock | None = None
) -> SlotsAnswer:
    """Ask the engine, or else the next one, to let so many work at the same time; fewer never end one that does.

    Raises:
        UsageError: there is no such number of slots.
        StoreError: the database cannot be written.
    """
    if not 1 <= slots <= MOST_SLOTS:
        raise UsageError(f"slots takes a number from 1 to {MOST_SLOTS}, not {slots}; to start nothing: covey pause")
    if viewer is None:
        return SlotsAnswer(state=RequestState.REFUSED, changed=False, reason=_NO_ENGINE, slots=None)
    at = (clock or SystemClock()).now()
    order = SlotsOrder(id=new_id(), requested_by=viewer.scope.user, requested_at=at, slots=slots)
    await viewer.leave_order(order)
    if wait_seconds > 0 and await viewer.living_engine() is not None:
        with contextlib.suppress(TimeoutError):  # an engine that is slow to answer has the order all the same
            async with viewer.feed() as feed, asyncio.timeout(wait_seconds):
                while not await _is_settled(viewer, order.id):
                    await feed.changed()
    return await _answer(viewer, order)


async def _is_settled(viewer: Viewer, order_id: str) -> bool:
    stored = await viewer.order(order_id)
    return stored is None or stored.state is not RequestState.QUEUED


async def _answer(viewer: Viewer, order: SlotsOrder) -> SlotsAnswer:
    stored = await viewer.order(order.id)
    if isinstance(stored, SlotsOrder) and stored.state is not RequestState.QUEUED:
        changed = bool(stored.changed)
        reason = stored.outcome or (None if changed else f"there are {order.slots} already")
        return SlotsAnswer(state=stored.state, changed=changed, reason=reason, slots=order.slots)
    engine = await viewer.living_engine()
    if engine is None:
        return SlotsAnswer(state=RequestState.QUEUED, changed=None, reason=KEPT, slots=None)
    return SlotsAnswer(state=RequestState.QUEUED, changed=None, reason=_UNDECIDED, slots=engine.slots or None)
