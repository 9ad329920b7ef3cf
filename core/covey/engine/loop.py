"""The step loop: the same few lines for every kind of session, over any runtime.

No I/O, no clock, no tasks here. There is no cancel code either: a stop is a state change plus a wake-up, so `execute`
comes back early, `handle_result` records a late result, and `next_command` says that there is nothing more to do.
"""

from covey.engine.runtime import Next, Running, Runtime, Turn
from covey.model.command import CommandKind, Result


async def run_session(runtime: Runtime, running: Running) -> None:
    """Take turn after turn until the session has ended."""
    while (turn := await runtime.next_command(running)) is not None:
        result = await _execute(runtime, turn)
        ticket = runtime.ticket(running)
        following = await runtime.handle_result(turn, result)
        if following is Next.END:
            return
        if following is Next.WAIT:
            await runtime.changed(running, ticket)


async def _execute(runtime: Runtime, turn: Turn) -> Result:
    if turn.interaction.command.command is CommandKind.SPAWN_SESSIONS:
        return await _spawn(runtime, turn)
    return await runtime.execute(turn)


async def _spawn(runtime: Runtime, turn: Turn) -> Result:
    """Start every child that is due, until none is due and none works any more."""
    due = None
    while True:
        ticket = runtime.ticket(turn.running)
        due = await runtime.due_children(turn.running, due)
        for child in due.start:
            await runtime.start_child(turn.running, child)
        if not due.left:
            return runtime.spawned(turn)
        await runtime.any_done(turn.running, ticket)
