"""Who says that they are there: the engine's row, viewers, and orders for an engine that is gone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from covey.client.checkup.finding import MEND, Finding, Severity
from covey.clock import Clock
from covey.config.state_dir import STATE_DIRECTORY
from covey.model.session import is_terminal
from covey.store import codec
from covey.store.alone import Alone
from covey.store.base import EngineRow
from covey.store.last_engine import BadEnd
from covey.store.sqlite import Viewer
from covey.text.words import ago, plural
from covey.workspace import process_table

_RENEWED = timedelta(minutes=1)
"""Viewers renew what they say every few seconds; who is so late has gone without a word."""


def engine_at_work(row: EngineRow, clock: Clock) -> Finding:
    """The engine that holds the lock."""
    age = ago(row.since, clock.now())
    if process_table.is_stopped(row.pid):
        message = f"the engine (pid {row.pid}, for {age}) has been stopped by a signal and does nothing"
        fix = f"let it go on: kill -CONT {row.pid}; or end it: kill -KILL {row.pid}"
        return Finding("engine", Severity.WARNING, message, fix)
    return Finding("engine", Severity.OK, f"an engine is at work (pid {row.pid}, for {age})")


async def no_engine(viewer: Viewer, ended: BadEnd | None, alone: Alone | None) -> AsyncIterator[Finding]:
    """What waits for the next engine, and how the last one ended."""
    unfinished = [run for run in await viewer.roots(viewer.scope) if not is_terminal(run)]
    waiting = len(await viewer.queued_controls())
    message = f"no engine is at work; {plural(len(unfinished), 'unfinished run')}, {plural(waiting, 'waiting request')}"
    go_on = "see how to go on: covey status" if unfinished or waiting else None
    yield Finding("engine", Severity.NOTE if unfinished or waiting else Severity.OK, message, go_on)
    if ended is None:
        return
    report = None if ended.report is None else f"{STATE_DIRECTORY}/{ended.report.path.name} helps to find the mistake"
    yield Finding("engine", Severity.NOTE, str(ended), report)
    if ended.engine.stopped:
        return
    who = f"the engine (pid {ended.engine.pid}, epoch {ended.engine.epoch})"
    if alone is None:
        yield Finding("leases", Severity.NOTE, f"{who} is on record as if it were at work", MEND)
    else:
        await alone.end_engine(ended.engine)
        yield Finding("leases", Severity.OK, f"{who} was on record as if it were at work; that was ended")


async def left_leases(viewer: Viewer, clock: Clock, alone: Alone | None) -> AsyncIterator[Finding]:
    """Viewers that were killed, and orders that no engine will carry out; to be asked while none is at work."""
    until = clock.now() - _RENEWED
    viewers = await viewer.outdated_viewers(until)
    if viewers:
        message = f"{plural(viewers, 'viewer')} left without a word"
        if alone is None:
            yield Finding("leases", Severity.NOTE, message, MEND)
        else:
            await alone.forget_viewers(codec.moment(until))
            yield Finding("leases", Severity.OK, f"{message}; forgotten")
    orders = await viewer.queued_orders()
    if orders:
        message = f"{plural(len(orders), 'order')} for an engine that is gone"
        if alone is None:
            yield Finding("leases", Severity.NOTE, message, f"the next engine closes what is too late; or: {MEND}")
        else:
            await alone.refuse_orders(orders, "its engine was gone")
            yield Finding("leases", Severity.OK, f"{message}; withdrawn")


def beside_an_engine(root: Path, pid: int | None) -> Finding:
    """Why nothing is mended."""
    who = "an engine is at work" if pid is None else f"an engine is at work (pid {pid})"
    message = f"{who}, and beside it nothing in {root / STATE_DIRECTORY} is mended"
    return Finding("fix", Severity.WARNING, message, f"covey stop --engine, then: {MEND}")
