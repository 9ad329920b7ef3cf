"""The tools that start programs: the component's tests, a search, and what the settings allow.

Each runs in the workspace, in a process group of its own that is ended as a group, is recorded at the desk before it
may act, gets no input, and of the environment only what every program of covey's gets: never a credential. What it does
beyond that is its own matter: tests are code that runs as the user, as they do in every run of the tests.
"""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from covey.agents.anthropic_api.tools.arguments import RunCommand, RunTests, SearchText
from covey.agents.anthropic_api.tools.result import RefusedCallError, shortened
from covey.agents.base import Assignment, Desk
from covey.model.command import TranscriptKind
from covey.projects.commands import import_paths, with_options
from covey.text.quoting import quoted, visible
from covey.workspace.endings import as_written, environment, said_of
from covey.workspace.output import Stream
from covey.workspace.processes import Ended, Finished, run_process
from covey.workspace.search import Wanted

COMMAND_SECONDS = 120.0
"""How long a command may take."""
SEARCH_SECONDS = 10.0
"""How long a search may take."""
MOST_FOUND = 200
"""The most lines that a search finds."""

_KEEP, _SEARCH_KEEP = 40_000, 400_000  # bytes; an answer has some more room, for what is said about them


class ProgramTools:
    """The tools that start programs for one assignment; `allowed` are the beginnings of commands that may be run."""

    def __init__(self, assignment: Assignment, desk: Desk, allowed: Collection[Sequence[str]]) -> None:
        self._assignment = assignment
        self._desk = desk
        self._allowed = tuple(tuple(prefix) for prefix in allowed)

    async def run_tests(self, _: RunTests) -> str:
        """Run the component's own tests, with the project's own command.

        Raises:
            CoveyError: there is no such program, or it took too long.
            OSError: it cannot be started.
        """
        work = self._assignment
        own = {
            "PYTHONPATH": import_paths(work.workspace, work.source_roots),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # The cache is left out: what is run in the user's tree leaves nothing there.
        argv = with_options(work.test_command, ("-p", "no:cacheprovider"))
        finished, output = await self._run(argv, own, work.test_timeout)
        return _told(argv, finished, output, work.test_timeout)

    async def run_command(self, asked: RunCommand) -> str:
        """Run a command that begins as one of the allowed ones does.

        Raises:
            CoveyError: it is not allowed, there is no such program, or it took too long.
            OSError: it cannot be started.
        """
        argv = tuple(asked.argv)
        if not any(prefix and argv[: len(prefix)] == prefix for prefix in self._allowed):
            known = ", ".join(quoted(shlex.join(prefix)) for prefix in self._allowed)
            raise RefusedCallError(f"this command is not allowed here; those are that begin with: {known}")
        for argument in argv[1:]:
            self._demand_inside(argument)
        finished, output = await self._run(argv, {}, COMMAND_SECONDS)
        return _told(argv, finished, output, COMMAND_SECONDS)

    async def search(self, asked: SearchText, named: Collection[str], seconds: float = SEARCH_SECONDS) -> str:
        """The lines that match a pattern, as `path:line: text`.

        Raises:
            CoveyError: the place is out of reach, or the pattern needs too much.
            OSError: the search cannot be started.
        """
        wanted = Wanted(str(self._assignment.workspace), asked.path, asked.pattern, MOST_FOUND, list(named))
        finished, output = await self._run(wanted.command(), {}, seconds, keep=_SEARCH_KEEP)
        return _found(asked, finished, output, seconds)

    async def _run(
        self, argv: Sequence[str], more: Mapping[str, str], seconds: float, keep: int = _KEEP
    ) -> tuple[Finished, str]:
        """Run a program; how it ended, and the beginning and the end of what it printed."""
        printed: list[str] = []

        async def on_output(_: Stream, text: str) -> None:
            printed.append(text)
            await self._desk.report(TranscriptKind.OUTPUT, "")  # a sign of life; the answer has the text

        if any("\0" in argument for argument in argv):
            raise RefusedCallError("an argument holds a NUL character, which no program can be given")
        finished = await run_process(
            argv,
            cwd=self._assignment.workspace,
            env={**environment(), **more},
            ledger=self._desk.ledger,
            on_output=on_output,
            grace=self._desk.grace,
            timeout=seconds,
            keep=keep,
        )
        return finished, "".join(printed)

    def _demand_inside(self, argument: str) -> None:
        """Refuse what is plainly a path out of the workspace. What programs do is their own matter: this is no wall."""
        for each in {argument, argument.partition("=")[2]}:
            path = PurePosixPath(each)
            is_outside = path.is_absolute() and not path.is_relative_to(self._assignment.workspace)
            if is_outside or ".." in path.parts or each.startswith("~"):
                raise RefusedCallError(f"the argument {quoted(argument)} leads out of the workspace")


def _told(argv: Sequence[str], finished: Finished, output: str, seconds: float) -> str:
    """How a program ended, and what it printed.

    Raises:
        RefusedCallError: it did not come to its end.
    """
    shown = shortened(output) if output else "[it printed nothing]"
    if finished.ended is not Ended.EXITED or finished.code is None or finished.code < 0:
        raise RefusedCallError(f"{visible(shlex.join(argv))}: {said_of(finished, seconds)}\n{shown}")
    return f"$ {visible(shlex.join(argv))}\nexited with code {finished.code}\n{shown}"


def _found(asked: SearchText, finished: Finished, output: str, seconds: float) -> str:
    lines: list[str] = []
    notes = [f"[ended after {as_written(seconds)}: take a plainer pattern, or a directory further down]"]
    if finished.ended is Ended.EXITED:
        notes = ["[the search was ended before it was done: take a plainer pattern]"]
    broken = 0
    for line in filter(None, output.split("\n")):
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            broken += 1
            continue
        if "problem" in told:
            raise RefusedCallError(told["problem"])
        if "end" in told:
            notes = _notes(told)
            if broken:
                notes.append("[some lines were too much to be told; take a narrower pattern]")
        else:
            lines.append(f"{visible(told['path'])}:{told['line']}: {told['text']}")
    if not lines:
        notes.insert(0, f"[nothing matches {quoted(asked.pattern)}]")
    return shortened("\n".join([*lines, *notes]))


def _notes(told: Mapping[str, object]) -> list[str]:
    notes = ["[the pattern is no regular expression; it was looked for as it stands]"] if told["literal"] else []
    if told["end"] == "more":
        notes.append(f"[there are more than {MOST_FOUND} lines; take a narrower pattern, or a directory further down]")
    if left_out := told["left_out"]:
        notes.append(f"[{left_out} files left out: too large, no text, or out of reach]")
    return notes
