"""What is asked of an engine as a whole: to begin runs, to end its work for now, to work with more or fewer slots.

Orders are left in the store like requests, and outlive whoever left them. An order to stop means the engine that lives
now, and the next one only closes it; one about slots holds for whichever engine takes it.
"""

from datetime import datetime

import msgspec

from covey.model.control import RequestState
from covey.model.outcome import Begun


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all orders. `state` and `outcome` are set by the engine; `outcome` is why it was refused."""

    id: str
    requested_by: str
    requested_at: datetime
    state: RequestState = RequestState.QUEUED
    outcome: str | None = None


class RunOrder(Order, frozen=True, kw_only=True, tag_field="order", tag="run"):
    """What a `covey run` was asked for; `contexts` are modules, `credentials` names of variables that the caller has.

    The engine answers with what it has begun, with the last line of the log before that (`after`), and with those of
    the `credentials` that it lacks itself (`lacking`). Values of credentials are in nobody's order.
    """

    workflow: str
    contexts: tuple[str, ...]
    agent: str | None = None
    model: str | None = None
    max_sessions: int | None = None
    overwrite: bool = False
    budget_usd: float | None = None
    budget_tokens: int | None = None
    version: str = ""
    credentials: tuple[str, ...] = ()
    begun: tuple[Begun, ...] = ()
    after: int = 0
    lacking: tuple[str, ...] = ()


class StopOrder(Order, frozen=True, kw_only=True, tag_field="order", tag="stop"):
    """End the work of these runs, or (with None) of the whole engine, which leaves then; `stopped` are those ended.

    `gently` is why the engine leaves once no turn is under way any more; no other begins meanwhile.
    """

    run_ids: tuple[str, ...] | None = None
    stopped: tuple[str, ...] = ()
    gently: str | None = None


class SlotsOrder(Order, frozen=True, kw_only=True, tag_field="order", tag="slots"):
    """Let so many sessions work at the same time; `changed` tells whether it was another number before."""

    slots: int
    changed: bool | None = None


AnyOrder = RunOrder | StopOrder | SlotsOrder
