"""The work for one attempt of a session, as the local runtime has it, and the end of the tasks that do it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from covey.engine.desk import Transcript
from covey.engine.runtime import Running
from covey.engine.slots import Place
from covey.model.command import Result
from covey.workspace.processes import KILL_SECONDS, Grace

_LOOK_SECONDS = 0.1

CLEANUP_SECONDS = KILL_SECONDS + 2.0
"""How long work may take to end once its grace is over: SIGKILL, and what is done after it."""


@dataclass(slots=True)
class Work:
    """What is at work for one attempt of a session; `at` is its place in the queue for slots, if it takes any.

    It `asks` where a human was asked by the work before it, and has not answered. `begun` once its loop runs, `stopped`
    once nobody wants it. `coming_back` is held by what waits for a slot in place of one that was given back. `limit` is
    the time in seconds that its work had, once that is over; `timed_out` the result that says so.
    """

    running: Running
    run_number: int
    grace: Grace
    at: Place | None = None
    is_root: bool = False
    asks: bool = False
    has_slot: bool = False
    task: asyncio.Task[None] | None = None
    acting: asyncio.Task[Result] | None = None
    transcript: Transcript | None = None
    begun: bool = False
    stopped: bool = False
    limit: float | None = None
    timed_out: Result | None = None
    left_behind: bool = False
    coming_back: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting_for: list[asyncio.Task[None]] = field(default_factory=list)


async def all_done(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the work of older attempts: a new one starts only after it has really ended."""
    waiting = [task for task in tasks if not task.done()]
    if waiting:
        await asyncio.wait(waiting)


async def left_after(tasks: set[asyncio.Task[None]], grace: Grace, cleanup_seconds: float) -> set[asyncio.Task[None]]:
    """Wait for tasks as long as the grace and then the cleaning up take; those that have not ended by then."""
    began = asyncio.get_running_loop().time()
    while left := {task for task in tasks if not task.done()}:
        passed = asyncio.get_running_loop().time() - began
        if grace.now.is_set() or passed >= grace.seconds:
            return (await asyncio.wait(left, timeout=cleanup_seconds))[1]
        await asyncio.wait(left, timeout=min(_LOOK_SECONDS, grace.seconds - passed))
    return left


async def end(task: asyncio.Task[Result]) -> None:
    """Cancel a task and wait until it has cleaned up, however often we are cancelled ourselves meanwhile."""
    task.cancel()
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        task.exception()
