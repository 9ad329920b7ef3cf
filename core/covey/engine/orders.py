"""Orders of other programs: runs to begin beside those at work, runs (or all) to stop for now, slots to change."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec.structs import replace

from covey.errors import UsageError
from covey.model.control import RequestState
from covey.model.order import AnyOrder, RunOrder, SlotsOrder, StopOrder
from covey.model.outcome import Begun
from covey.store.sqlite import EngineStore
from covey.text.sanitise import sanitise
from covey.text.words import short_id

log = logging.getLogger(__name__)

_LATE = "the engine that it was meant for had left"


@dataclass(frozen=True, slots=True)
class Hands:
    """What an engine does about orders: begin runs, end those of one or several runs, end all, change its slots.

    `stop_gently` ends all once no turn is under way any more.
    """

    begin: Callable[[RunOrder], Awaitable[tuple[Begun, ...]]]
    stop_run: Callable[[str, str], Awaitable[bool]]
    stop: Callable[[str], None]
    stop_gently: Callable[[str], None]
    set_slots: Callable[[int, str], Awaitable[bool]]


class Orders:
    """Takes orders and carries them out, one after the other; `taken` is how many there were to begin runs."""

    def __init__(self, store: EngineStore, hands: Hands) -> None:
        self.taken = 0
        self._store = store
        self._hands = hands
        self._to_leave: dict[str, StopOrder] = {}
        self._one_at_a_time = asyncio.Lock()

    async def take_over(self) -> None:
        """Before anything begins: close the orders to stop, meant for an engine before; those about slots hold here."""
        for order in await self._store.queued_orders():
            if isinstance(order, StopOrder):
                await self._store.settle_order(replace(order, state=RequestState.SETTLED, outcome=_LATE))
            elif isinstance(order, SlotsOrder):
                await self._carry_out(order)

    @property
    def busy(self) -> bool:
        """Orders are being carried out at this moment."""
        return self._one_at_a_time.locked()

    async def drain(self) -> None:
        """Carry out all orders that wait, oldest first, each once."""
        async with self._one_at_a_time:
            for order in await self._store.queued_orders():
                if order.id not in self._to_leave:
                    await self._carry_out(order)

    async def left(self, stopped: tuple[str, ...]) -> None:
        """Tell those who wanted the engine to leave that its runs have been ended."""
        for order in self._to_leave.values():
            await self._store.settle_order(replace(order, state=RequestState.SETTLED, stopped=stopped))

    async def _carry_out(self, order: AnyOrder) -> None:
        if isinstance(order, RunOrder):
            await self._store.settle_order(await self._begun(order))
            self.taken += 1
        elif isinstance(order, SlotsOrder):
            changed = await self._hands.set_slots(order.slots, order.requested_by)
            await self._store.settle_order(replace(order, state=RequestState.SETTLED, changed=changed))
        elif order.run_ids is None:
            self._to_leave[order.id] = order
            if order.gently is None:
                self._hands.stop(_said_by(order))
            else:
                self._hands.stop_gently(order.gently)
        else:
            stopped = tuple([key for key in order.run_ids if await self._hands.stop_run(key, _said_by(order))])
            await self._store.settle_order(replace(order, state=RequestState.SETTLED, stopped=stopped))

    async def _begun(self, order: RunOrder) -> RunOrder:
        after = await self._store.last_seq()
        lacking = tuple(name for name in order.credentials if name not in os.environ)
        try:
            begun = await self._hands.begin(order)
        except UsageError as error:
            log.warning("refused %s of %s: %s", order.workflow, order.requested_by, sanitise(str(error)))
            return replace(order, state=RequestState.REFUSED, outcome=str(error), lacking=lacking)
        for each in begun:
            log.info("%s %s: %s %s", order.workflow, sanitise(each.context), each.how, short_id(each.run_id or ""))
        return replace(order, state=RequestState.SETTLED, begun=begun, after=after, lacking=lacking)


def _said_by(order: StopOrder) -> str:
    return f"stopped by {order.requested_by}"
