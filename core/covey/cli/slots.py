"""`covey slots`: how much of the work goes on at the same time."""

import asyncio
from pathlib import Path

from covey.cli.control import REFUSED
from covey.cli.numbers import Whole
from covey.cli.options import Json, NoWait, ProjectDir
from covey.cli.out import Out
from covey.client.place import find_root
from covey.client.requests import WAIT_SECONDS
from covey.client.slots import SlotsAnswer, present_slots, request_slots
from covey.model.control import RequestState
from covey.store.sqlite import open_viewer
from covey.text.words import plural


def slots(
    number: Whole = None,
    /,
    *,
    no_wait: NoWait = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """How many sessions the engine lets work at the same time: say how many, or let it be another number.

    The last word holds, whoever said it. With fewer, none that is at work is ended. Without an engine the next one
    takes it.

    Args:
        number: So many from now on; without it, how many there are is printed.
        no_wait: Leave the request and do not wait for the answer.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root, out = find_root(project), Out(asked_json=json)
    answer = asyncio.run(_slots(root, number, 0 if no_wait else WAIT_SECONDS))
    if json:
        out.json(answer)
    else:
        out.text(_slots_said(answer))
    return REFUSED if answer.state is RequestState.REFUSED else 0


async def _slots(root: Path, number: int | None, wait_seconds: float) -> SlotsAnswer:
    async with open_viewer(root) as viewer:
        if number is None:
            return await present_slots(viewer)
        return await request_slots(viewer, number, wait_seconds=wait_seconds)


def _slots_said(answer: SlotsAnswer) -> str:
    how_many = "" if answer.slots is None else plural(answer.slots, "slot")
    refused = "refused" if answer.state is RequestState.REFUSED else ""
    asked = "asked for" if answer.state is RequestState.QUEUED else ""
    head = " ".join(part for part in (how_many, refused, asked) if part)
    return ": ".join(part for part in (head, answer.reason) if part)
