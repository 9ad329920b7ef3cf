"""`covey logs` and `covey events`: what was said while a session worked, and all that has happened."""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covey.cli.numbers import Whole, WholeOr
from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out, complain, encode
from covey.client.archive import absent, pages, transcript
from covey.client.finding import NOTHING_YET, find_run, find_session
from covey.client.follow import Follower, line_json
from covey.client.place import find_root
from covey.client.whole_lines import WholeLines
from covey.errors import NotFoundError, UsageError
from covey.model.command import TranscriptKind, TranscriptRow
from covey.model.session import is_terminal
from covey.store.sqlite import Viewer, open_viewer
from covey.text.glyphs import step_words
from covey.text.sanitise import SafeText, sanitise, sanitise_line

Follow = Annotated[bool, Parameter(name=["--follow", "-f"], help="Go on with what comes.")]


def logs(
    session: str,
    /,
    *,
    follow: Follow = False,
    attempt: Whole = None,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Show a session's transcript.

    Args:
        session: The session's id, or its beginning.
        follow: Go on until the attempt has ended.
        attempt: Which attempt; default: the present one.
        json: One object a row.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return asyncio.run(_logs(find_root(project), session, attempt, Out(asked_json=json), follow=follow))


async def _logs(root: Path, prefix: str, attempt: int | None, out: Out, *, follow: bool) -> int:
    async with open_viewer(root) as viewer:
        session = await find_session(viewer, prefix)
        if viewer is None:
            raise NotFoundError("session_not_found", NOTHING_YET)
        if attempt is not None and not 1 <= attempt <= session.attempt:
            raise UsageError(f"attempt {attempt} does not exist; there are 1 to {session.attempt}")
        wanted, printer = attempt or session.attempt, _Transcript(out)
        async with viewer.feed() as feed:
            over = False
            while not over:
                over = not follow or await _has_ended(viewer, session.id, wanted)
                await printer.rows(viewer, session.id, wanted)
                if not over:
                    await feed.changed()
        printer.end()
    return 0


async def _has_ended(viewer: Viewer, session_id: str, attempt: int) -> bool:
    session = await viewer.session(viewer.scope, session_id)
    return session is None or session.attempt != attempt or (is_terminal(session) and session.phase is None)


class _Transcript:
    """Prints rows of a transcript, each once, with a heading where a step begins."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._after = 0
        self._step = ""
        self._whole = WholeLines()

    async def rows(self, viewer: Viewer, session_id: str, attempt: int) -> None:
        while page := await transcript(viewer, session_id, attempt, self._after):
            self._after = page[-1].n
            if self._out.asked_json:
                self._out.json(*page)
            else:
                self._out.text(*(line for row in page for line in self._lines(row)))

    def end(self) -> None:
        """Print the line that nobody has ended."""
        if not self._out.asked_json:
            self._out.text(*_safe(self._whole.end()))

    def _lines(self, row: TranscriptRow) -> list[SafeText]:
        heading: list[SafeText] = []
        if row.step != self._step:
            self._step = row.step
            clock = row.at.astimezone().strftime("%H:%M:%S")
            before = _safe(self._whole.end())
            heading = [*before, SafeText(f"-- {sanitise_line(step_words(row.step))} -- {clock}")]
        if row.kind is TranscriptKind.STEP:
            return heading
        return [*heading, *_safe(self._whole.add(row))]


def _safe(lines: list[str]) -> list[SafeText]:
    return [SafeText(line) for each in lines for line in sanitise(each).splitlines() or [""]]


def events(
    run: str | None = None,
    /,
    *,
    after: WholeOr = 0,
    follow: Follow = False,
    json: Json = False,  # noqa: ARG001 - it is JSON in any case
    project: ProjectDir = None,
) -> int:
    """Print the event log, one JSON object a line.

    Args:
        run: Only of this run; default: the whole log.
        after: Begin after this line.
        follow: Go on with what comes, until interrupted.
        json: The same; it is JSON in any case.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return asyncio.run(_events(find_root(project), run, after, Out(asked_json=True), follow=follow))


async def _events(root: Path, run: str | None, after: int, out: Out, *, follow: bool) -> int:
    async with open_viewer(root) as viewer:
        if viewer is None:
            if run is not None or follow:
                raise NotFoundError("run_not_found", NOTHING_YET)
            return 0
        run_id = None if run is None else (await find_run(viewer, run)).id
        for archive in await absent(viewer, after, run_id):
            complain(f"lines of the log were put away in {archive}, which is not there; they are left out")
        lines = Follower(viewer, after, run_id).pages() if follow else pages(viewer, after, run_id)
        async with contextlib.aclosing(lines):
            async for page in lines:
                out.encoded([encode(line_json(line)) for line in page])
    return 0
