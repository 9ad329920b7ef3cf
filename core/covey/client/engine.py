"""The engine as a process of its own: it is started where none lives, given orders, and asked to stop.

It is never imported here. It is a program like any other, in a session of its own, so that whatever happens to the
terminal or the program that started it does not happen to it. Its log is `.covey/engine.log`.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from covey.clock import Clock, SystemClock
from covey.config.state_dir import ENGINE_LOG, state_directory
from covey.errors import CoveyError, UsageError
from covey.model.control import RequestState
from covey.model.ids import new_id
from covey.model.order import AnyOrder, RunOrder, StopOrder
from covey.model.outcome import Begun
from covey.store.base import EngineRow
from covey.store.lock import engine_lives
from covey.store.sqlite import Viewer, local_user, open_viewer
from covey.text.sanitise import sanitise
from covey.workspace.process_table import is_stopped

LOG = ENGINE_LOG
LOST_THE_RACE = 75
"""How the engine's program ends when another engine was faster."""

START_SECONDS = 60.0
"""How long an engine may take to be there, one that is just leaving to be gone, and an order to be carried out."""
STOP_SECONDS = 60.0
_LEFT_IN_ORDER = frozenset({None, 0, LOST_THE_RACE})
"""An engine may have done what others asked and left, all of it between two looks: then another one is started."""
_LOOK_SECONDS = 0.05
_PULSE_SECONDS = 1.0
_TAIL_BYTES, _TAIL_LINES = 4_096, 12
_STARTS = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of an order: the runs, the last line of the log before them, and what a person should know of it."""

    begun: tuple[Begun, ...]
    after: int
    engine: EngineRow
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What came of the wish to stop a run; `session_id` is its root's, None where an engine had no run."""

    session_id: str | None
    action: str = "stop"
    state: RequestState = RequestState.SETTLED
    changed: bool | None
    reason: str | None


async def ensure_engine(project_root: Path) -> EngineRow:
    """See that an engine lives, and start one where none does; returns once it takes orders and requests.

    Raises:
        UsageError: covey's directory in the project cannot be written.
        StoreError: the database cannot be used.
        CoveyError: the engine could not be started; says what it left in its log.
    """
    state = state_directory(project_root)
    process: subprocess.Popen[bytes] | None = None
    starts = 0
    try:
        async with asyncio.timeout(START_SECONDS):
            while (row := await _living(project_root)) is None:
                if process is not None and process.poll() not in _LEFT_IN_ORDER:
                    raise _did_not_start(state, f"it ended with exit code {process.returncode}")
                if not engine_lives(state) and (process is None or process.poll() is not None):
                    starts += 1
                    if starts > _STARTS:
                        raise _did_not_start(state, f"it left at once, {_STARTS} times")
                    process = await asyncio.to_thread(_start, project_root, state)
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError as error:
        raise _did_not_start(state, f"it was not ready within {START_SECONDS:.0f} s") from error
    return row


async def _living(project_root: Path) -> EngineRow | None:
    """The engine that takes orders now."""
    async with open_viewer(project_root) as viewer:
        return None if viewer is None or not viewer.is_current else await viewer.living_engine()


def _start(project_root: Path, state: Path) -> subprocess.Popen[bytes]:
    """Start the program, in a session of its own, with nothing of ours but the log."""
    log = state / LOG
    try:
        with log.open("ab") as sink:
            process = subprocess.Popen(  # noqa: S603 - it is this very program
                [sys.executable, "-P", "-m", "covey", "engine", "--project", os.fspath(project_root)],
                cwd=project_root,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
    except OSError as error:
        raise UsageError(f"the engine could not be started, with its log in {log}: {error.strerror}") from error
    # Whoever lives longer than the engine takes note of its end, so that it does not stay behind as a zombie.
    threading.Thread(target=process.wait, name="covey-engine-end", daemon=True).start()
    return process


def _did_not_start(state: Path, why: str) -> CoveyError:
    return CoveyError(f"the engine did not start: {why}; {log_tail(state)}")


def log_tail(state: Path) -> str:
    """Where the engine's log is, and its last lines."""
    log = state / LOG
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return f"its log {log} cannot be read ({error.strerror}); see that you may write in {state}"
    lines = sanitise(text).splitlines()[-_TAIL_LINES:]
    return f"the end of its log {log}:\n" + "\n".join(f"  {line}" for line in lines)


async def place_order(project_root: Path, order: RunOrder, *, wait_seconds: float = START_SECONDS) -> Placed:
    """Have an engine begin runs, starting one where none lives; returns once they have begun.

    An order that nobody carries out in time is taken back, so that nothing begins behind anybody's back.

    Raises:
        UsageError: the engine refused; nothing was started.
        CoveyError: there is no engine that answers.
        StoreError: the database cannot be used.
    """
    left = False
    for _ in range(_STARTS):
        engine = await ensure_engine(project_root)
        async with open_viewer(project_root) as viewer:
            if viewer is None:
                raise CoveyError(f"the database in {project_root / '.covey'} is gone; run covey again")
            if not left:
                await viewer.leave_order(order)
                left = True
            settled = await _settled(viewer, order, engine, wait_seconds)
            if isinstance(settled, RunOrder):
                return _placed(settled, engine)
            now = await viewer.engine()
            if now is not None and not now.stopped:
                break
    await _take_back(project_root, order)
    tail = log_tail(project_root / ".covey")
    raise CoveyError(f"the engine was gone before it began anything; run the same again; {tail}")


async def _take_back(project_root: Path, order: RunOrder) -> None:
    async with open_viewer(project_root) as viewer:
        if viewer is not None:
            await viewer.withdraw_order(order)


async def _settled(viewer: Viewer, order: AnyOrder, engine: EngineRow, wait_seconds: float) -> AnyOrder | None:
    """The order as the engine has settled it; None when there is no engine any more that would."""
    leaves = isinstance(order, StopOrder)  # it takes nothing new then, but this it carries out
    try:
        async with asyncio.timeout(wait_seconds), viewer.feed() as feed:
            while True:
                lives = viewer.engine_lives if leaves else await viewer.living_engine() is not None
                stored = await viewer.order(order.id)
                if stored is None or stored.state is not RequestState.QUEUED:
                    return stored
                if not lives:
                    return None
                if is_stopped(engine.pid):
                    raise TimeoutError
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PULSE_SECONDS):
                        await feed.changed()
    except TimeoutError as error:
        await viewer.withdraw_order(order)
        raise CoveyError(_no_answer(engine)) from error


def _no_answer(engine: EngineRow) -> str:
    if is_stopped(engine.pid):
        return (
            f"an engine is already at work on this project (pid {engine.pid}), but a signal has stopped it; "
            f"let it go on: kill -CONT {engine.pid}; or end it: kill -KILL {engine.pid}"
        )
    return f"the engine (pid {engine.pid}) does not answer; wait for it, or end it with: kill {engine.pid}"


def _placed(order: RunOrder, engine: EngineRow) -> Placed:
    if order.state is RequestState.REFUSED:
        raise UsageError(order.outcome or "the engine refused, without a reason")
    warnings = []
    restart = "to have one of your own: covey stop --engine, then run again"
    if engine.version != order.version:
        who = f"the engine at work (pid {engine.pid}) is covey {engine.version}, this is {order.version}"
        warnings.append(f"{who}; {restart}")
    if order.lacking:
        names = ", ".join(order.lacking)
        warnings.append(f"the engine at work (pid {engine.pid}) has no {names}, which you have; {restart}")
    return Placed(order.begun, order.after, engine, tuple(warnings))


def run_order(
    workflow: str,
    contexts: tuple[str, ...],
    *,
    by: str | None = None,
    agent: str | None = None,
    model: str | None = None,
    max_sessions: int | None = None,
    overwrite: bool = False,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    credentials: tuple[str, ...] = (),
    clock: Clock | None = None,
) -> RunOrder:
    """An order to begin runs; `contexts` are modules, `credentials` names of variables that agents may need."""
    return RunOrder(
        id=new_id(),
        requested_by=by or local_user(),
        requested_at=(clock or SystemClock()).now(),
        workflow=workflow,
        contexts=contexts,
        agent=agent,
        model=model,
        max_sessions=max_sessions,
        overwrite=overwrite,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        version=version("covey"),
        credentials=tuple(name for name in credentials if name in os.environ),
    )


async def request_stop(
    viewer: Viewer,
    project_root: Path,
    run_ids: tuple[str, ...] | None,
    *,
    wait_seconds: float = STOP_SECONDS,
    gently: str | None = None,
    clock: Clock | None = None,
) -> tuple[Stopped, ...]:
    """End the work of these runs for now, or with None of the whole engine, which leaves then; one answer a run.

    Their agents end gracefully and their sessions can be adopted. `wait_seconds` 0 waits for nothing. `gently` is why
    the engine leaves, where it is to wait until no turn is under way any more.

    Raises:
        StoreError: the database cannot be written.
        CoveyError: the engine does not answer.
    """
    engine = await viewer.living_engine()
    if engine is None:
        return _nothing_to_stop(run_ids)
    at = (clock or SystemClock()).now()
    order = StopOrder(id=new_id(), requested_by=viewer.scope.user, requested_at=at, run_ids=run_ids, gently=gently)
    await viewer.leave_order(order)
    if wait_seconds <= 0:
        asked = Stopped(session_id=None, state=RequestState.QUEUED, changed=None, reason="asked for")
        return tuple(replace(asked, session_id=run_id) for run_id in run_ids or (None,))
    settled = await _settled(viewer, order, engine, wait_seconds)
    if run_ids is None:
        await _gone(project_root, wait_seconds)
    if not isinstance(settled, StopOrder):
        return _nothing_to_stop(run_ids)
    if run_ids is None:
        ended: tuple[str | None, ...] = settled.stopped or (None,)
        return tuple(Stopped(session_id=run_id, changed=True, reason=settled.outcome) for run_id in ended)
    return tuple(_stopped(run_id, settled) for run_id in run_ids)


def _stopped(run_id: str, order: StopOrder) -> Stopped:
    changed = run_id in order.stopped
    reason = order.outcome if changed else "the engine does not work on it"
    return Stopped(session_id=run_id, changed=changed, reason=reason)


def _nothing_to_stop(run_ids: tuple[str, ...] | None) -> tuple[Stopped, ...]:
    reason = "no engine is at work"
    return tuple(Stopped(session_id=run_id, changed=False, reason=reason) for run_id in run_ids or (None,))


async def _gone(project_root: Path, seconds: float) -> None:
    """Wait until the lock is free; an engine that takes longer is no error of whoever asked it to leave."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while engine_lives(project_root / ".covey"):  # noqa: ASYNC110 - a lock tells nobody that it is free
                await asyncio.sleep(_LOOK_SECONDS)
