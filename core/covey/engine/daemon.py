"""The engine as a process of its own, as `covey engine` is: started by whoever needs it, and then nobody's child.

It reads the manifest from its own environment, takes orders and requests from the store, and leaves by itself (see
`covey.engine.patience`). What it has to say goes to its log, `.covey/engine.log`.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.clock import Clock, SystemClock
from covey.engine.patience import OfProcess
from covey.engine.service import VERSION, Engine, at_leisure, open_engine
from covey.model.outcome import Left
from covey.projects.manifest import load_project
from covey.store.last_engine import bad_end

log = logging.getLogger(__name__)

_STOPPED_BY = {signal.SIGINT: "interrupted (SIGINT)", signal.SIGTERM: "terminated (SIGTERM)"}


async def serve(
    root: Path,
    registry: AgentRegistry | None = None,
    clock: Clock | None = None,
    on_stop: Callable[[float], None] = at_leisure,
) -> Left:
    """Be the engine of the project at `root` until there is nothing more to do; how its runs were left.

    `on_stop` is told how many seconds its end may take, when it is asked to stop or leaves something behind.

    Raises:
        ConfigError: the manifest has mistakes.
        EngineRunningError: another engine is at work.
        StoreError: the database cannot be used.
    """
    registry, clock = registry or AgentRegistry(), clock or SystemClock()
    since = clock.monotonic()
    project = load_project(root, registry)
    ended = await bad_end(root)
    if ended is not None:
        log.warning("%s", ended)
    async with open_engine(project, registry, clock) as engine:
        log.info("engine %d of covey %s is at work on %s", os.getpid(), VERSION, root)
        patience = OfProcess(clock, since, engine.has_begun, engine.is_watched, engine.idle_exit)
        engine.on_stop = on_stop
        with _signals(engine):
            await engine.runs.adopt_woken()
            left = await engine.until_left(patience)
        log.info("engine %d leaves: %s", os.getpid(), left.reason or patience.reason)
    return left


@contextlib.contextmanager
def _signals(engine: Engine) -> Iterator[None]:
    """SIGINT and SIGTERM end the work gracefully, said twice at once; SIGHUP is for programs with a terminal."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (*_STOPPED_BY, signal.SIGHUP)}
    for number, reason in _STOPPED_BY.items():
        loop.add_signal_handler(number, engine.stop, reason)
    loop.add_signal_handler(signal.SIGHUP, log.info, "a terminal was closed; the work goes on")
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
