"""`covey stop` and `covey wait`: the end of a run's work for now, and how a run that others work on comes out."""

import asyncio
import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covey.cli import INTERRUPTED
from covey.cli.following import until_left
from covey.cli.options import Json, NoWait, ProjectDir
from covey.cli.out import Out, complain
from covey.cli.signals import StopSignals
from covey.client import standing
from covey.client.engine import STOP_SECONDS, Stopped, request_stop
from covey.client.finding import NOTHING_YET, find_run
from covey.client.place import find_root
from covey.errors import NotFoundError, UsageError
from covey.model.control import RequestState
from covey.model.outcome import TIMED_OUT, Left
from covey.model.pause import resume_command
from covey.model.tree import SessionTree
from covey.store.sqlite import Viewer, open_viewer
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import duration, short_id

_REASON = 400
"""A run in which everything failed has a reason of many lines; covey status tells them one by one."""


def stop(
    run: str | None = None,
    /,
    *,
    engine: bool = False,
    no_wait: NoWait = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """End a run's work for now: its agents end gracefully, and the next covey run goes on with it.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished one.
        engine: All runs that the engine works on; then it leaves.
        no_wait: Leave the request and do not wait for the end.
        json: One object a run.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    if engine and run is not None:
        raise UsageError("name a run, or give --engine; not both")
    root, out = find_root(project), Out(asked_json=json)
    wait_seconds = 0 if no_wait else STOP_SECONDS
    answers = asyncio.run(_stop(root, run, engine=engine, wait_seconds=wait_seconds))
    if json:
        out.json(*(answer for answer, _ in answers))
    else:
        out.text(*(_said(answer, way) for answer, way in answers))
    return 0


async def _stop(root: Path, run: str | None, *, engine: bool, wait_seconds: float) -> list[tuple[Stopped, str]]:
    """What came of it for each run, and the command that goes on with the run."""
    async with open_viewer(root) as viewer:
        if viewer is None:
            if engine:
                return [(Stopped(session_id=None, changed=False, reason="no engine is at work"), "")]
            raise NotFoundError("run_not_found", NOTHING_YET)
        run_ids = None if engine else ((await find_run(viewer, run)).id,)
        answers = await request_stop(viewer, root, run_ids, wait_seconds=wait_seconds)
        return [(answer, await _way_on(viewer, answer.session_id)) for answer in answers]


async def _way_on(viewer: Viewer, run_id: str | None) -> str:
    run = None if run_id is None else await viewer.session(viewer.scope, run_id)
    if run is None or run.paused is None:
        return "covey run"
    return f"{resume_command(run.paused, short_id(run.id))} --start"


def _said(answer: Stopped, way: str) -> SafeText:
    what = "the engine" if answer.session_id is None else f"run {short_id(answer.session_id)}"
    if answer.state is RequestState.QUEUED:
        said = "asked for"
    else:
        said = f"done; {way} goes on with it" if answer.changed and answer.session_id else "done"
        said = said if answer.changed else "nothing to do"
    reason = f": {sanitise_line(answer.reason)}" if answer.reason else ""
    return SafeText(f"stop {what} {said}{reason}")


def wait(
    run: str | None = None,
    /,
    *,
    timeout: Annotated[float | None, Parameter(name="--timeout")] = None,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Return when a run has ended or needs a human, with the run's exit code.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished one.
        timeout: After so many seconds at the latest, with exit code 5.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    if timeout is not None and (math.isnan(timeout) or timeout < 0):
        raise UsageError(f"--timeout takes seconds from 0 on, not {timeout:g}")
    return asyncio.run(_wait(find_root(project), run, timeout, Out(asked_json=json)))


async def _wait(root: Path, prefix: str | None, seconds: float | None, out: Out) -> int:
    signals = StopSignals()
    with signals.heard():
        try:
            async with open_viewer(root) as viewer:
                run = await find_run(viewer, prefix)
                if viewer is None:
                    raise NotFoundError("run_not_found", NOTHING_YET)
                left = await _waited(viewer, run.id, seconds)
        except asyncio.CancelledError:
            if signals.reason is None:
                raise
            complain(f"{signals.reason}; the run is as it was")
            return INTERRUPTED
    if out.asked_json:
        out.json({"run_id": run.id, "exit_code": left.exit_code, "counts": left.counts, "reason": left.reason})
    elif left.reason:
        complain(sanitise_line(left.reason, _REASON))
    return left.exit_code


async def _waited(viewer: Viewer, run_id: str, seconds: float | None) -> Left:
    try:
        async with asyncio.timeout(seconds):
            return await until_left(viewer, run_id)
    except TimeoutError:
        found = await standing.left(viewer, run_id)  # which a time of 0 leaves no room to see
        if found is not None:
            return found
        sessions = await viewer.run(viewer.scope, run_id)
        counts = SessionTree(sessions).counts(run_id)
        return Left(TIMED_OUT, counts, f"the run still goes on after {duration(seconds or 0)}")
