"""`covey watch`: the monitor on what is running; with `--plain`, or without a terminal, a line for each change.

Nothing heavy is imported here: whoever only looks must not wait for what only work needs.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from covey.cli import INTERRUPTED
from covey.cli.frontend import on_a_terminal, open_monitor
from covey.cli.lines import Narrator
from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out, encode
from covey.cli.plain import plain_lines
from covey.cli.signals import StopSignals
from covey.cli.tasks import own_errors
from covey.client.archive import Page
from covey.client.finding import NOTHING_YET, find_run, runs_to_show
from covey.client.follow import Follower, line_json
from covey.client.place import find_root
from covey.client.presence import watching
from covey.client.snapshot import EngineState, attach, engine_state
from covey.errors import NotFoundError
from covey.model.events import RunAdopted, RunFinished, RunStarted
from covey.model.pause import Pause, pause_words, resume_command
from covey.model.session import Session, is_terminal
from covey.store.sqlite import Viewer, open_viewer
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import short_id

_REASON = 400
PULSE_SECONDS = 1.0
"""How often it is looked whether the engine still lives."""


def watch(
    run: str | None = None,
    /,
    *,
    plain: bool = False,
    read_only: bool = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Watch what is running, from any terminal; leaving it never stops the work.

    Args:
        run: The run's id, or its beginning; default: all unfinished runs, else the newest.
        plain: One line a change, for logs and screen readers, until the runs have ended; so it is without a terminal.
        read_only: Watch only: no requests can be made.
        json: The events from now on, one object a line.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root = find_root(project)
    if on_a_terminal() and not plain and not json:
        return open_monitor(root, asyncio.run(_run_id(root, run)), read_only=read_only)
    return asyncio.run(_watch(root, run, Out(asked_json=json)))


async def _run_id(root: Path, prefix: str | None) -> str | None:
    if prefix is None:
        return None
    async with open_viewer(root) as viewer:
        return (await find_run(viewer, prefix)).id


async def _watch(root: Path, run: str | None, out: Out) -> int:
    signals = StopSignals()
    with signals.heard():
        try:
            async with watching(root), open_viewer(root) as viewer:
                if viewer is None:
                    raise NotFoundError("run_not_found", NOTHING_YET)
                await Watch(viewer, root, out).follow(run)
        except asyncio.CancelledError:
            if signals.reason is None:
                raise
            return INTERRUPTED
    return 0


class Watch:
    """Prints how some runs stand, and then each change until all of them have ended.

    Without a run asked for, those that begin meanwhile belong to them.
    """

    def __init__(self, viewer: Viewer, root: Path, out: Out) -> None:
        self._viewer = viewer
        self._root = root
        self._out = out
        self._narrator = Narrator(None)
        self._going_on: set[str] = set()

    async def follow(self, run: str | None) -> None:
        """Print until the end."""
        after = await self._viewer.last_seq()
        shown = await runs_to_show(self._viewer, run)
        self._going_on = {root.id for root in shown if not is_terminal(root)}
        engine = await engine_state(self._viewer)
        await self._print_state([root.id for root in shown], engine)
        if not self._going_on:
            return
        follower = Follower(self._viewer, after, shown[0].id if run is not None else None)
        with own_errors():
            async with asyncio.TaskGroup() as tasks:
                mind = tasks.create_task(self._mind_the_engine(engine))
                async with contextlib.aclosing(follower.pages()) as news:
                    async for page in news:
                        await asyncio.to_thread(self._print, page)
                        if not self._going_on:
                            follower.end()
                mind.cancel()

    async def _print_state(self, run_ids: Sequence[str], engine: EngineState) -> None:
        if self._out.asked_json:
            return
        for run_id in run_ids:
            self._out.rows(*plain_lines(await attach(self._viewer, self._root, run_id)))
        self._out.wrapped(0, *await self._told(engine, run_ids))

    async def _told(self, engine: EngineState, run_ids: Iterable[str]) -> list[SafeText]:
        """Whether an engine is at work; without one, what goes on with these runs."""
        if engine.alive:
            return [SafeText(f"an engine is at work (pid {engine.pid})")]
        found = [await self._viewer.session(self._viewer.scope, run_id) for run_id in run_ids]
        return without_engine([root for root in found if root is not None])

    def _print(self, page: Page) -> None:
        for line in page:
            event = line.entry.event
            if isinstance(event, RunStarted | RunAdopted) and event.run_id is not None:
                self._going_on.add(event.run_id)
            elif isinstance(event, RunFinished) and event.run_id is not None:
                self._going_on.discard(event.run_id)
        if self._out.asked_json:
            self._out.encoded([encode(line_json(line)) for line in page])
            return
        told = (self._narrator.tell(line) for line in page)
        self._out.wrapped(0, *(text for text in told if text is not None))

    async def _mind_the_engine(self, before: EngineState) -> None:
        """Tell when an engine has died or another one has come; nobody writes the former down."""
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            now = await engine_state(self._viewer)
            if now.pid != before.pid and not self._out.asked_json:
                told = await self._told(now, sorted(self._going_on))
                await asyncio.to_thread(self._out.wrapped, 0, *told)
            before = now


def without_engine(roots: Sequence[Session]) -> list[SafeText]:
    """What goes on with the runs of these roots while no engine is at work: of one that is paused, its resume alone."""
    going_on = [root for root in roots if not is_terminal(root)]
    next_run = "" if roots and all(root.paused for root in going_on) else "; the next covey run goes on"
    held = [_held(root, root.paused) for root in going_on if root.paused is not None]
    return [SafeText(f"no engine is at work{next_run}"), *held]


def _held(root: Session, pause: Pause) -> SafeText:
    resume = f"{resume_command(pause, short_id(root.id))} --start"
    return SafeText(sanitise_line(f"{root.component} is {pause_words(pause)}; {resume} goes on", _REASON))
