"""Executing a `shell` command: the project's own test command on one file, and what it left of a report.

The program has no input, a small environment and the source roots on its path; it writes no caches into the user's
tree. It is the project's code, so nothing that it says of itself is trusted further than `covey.steps.outcome` does.
"""

import asyncio
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from covey.agents.base import Desk
from covey.artifacts.junit import REPORT_LIMIT, Report, UnreadableError, read_report
from covey.model.command import Command, Result, ResultStatus, TranscriptKind
from covey.model.ids import new_id
from covey.projects.commands import import_paths, pytest_place, with_options
from covey.steps.base import Tools
from covey.steps.tested import Expected
from covey.text.sanitise import sanitise_line
from covey.workspace.endings import environment, said_of
from covey.workspace.files import NotTextError, read_start
from covey.workspace.output import Stream
from covey.workspace.processes import Ended, Finished, ProgramNotFoundError, run_process
from covey.workspace.walk import OutsideError

_HANDED_ON = ("test", "code", "implemented", "uncommitted", "expected", "of")
_TEMPORARY = ".covey/tmp"
_PREFIX = "tests-"
_REPORT = "report.xml"
_USAGE, _USAGE_CODE = re.compile(r"^.*\berror: .*$", re.MULTILINE), 4
_MESSAGE = 300


async def run_tests(tools: Tools, command: Command, desk: Desk) -> Result:
    """Run the tests; an error when the program exits with another code than 0, takes too long, or cannot be run."""
    facts = {key: command.metadata[key] for key in _HANDED_ON}
    arguments = _texts(command.metadata["arguments"])
    await desk.report(TranscriptKind.TOOL, f"$ {shlex.join(arguments)}\n")
    try:
        with _workplace(tools.root) as place:
            finished = await _run(tools, _with_report(arguments, Path(place)), desk)
            told = {} if pytest_place(arguments) is None else await asyncio.to_thread(_report, Path(place), tools.root)
            if facts["expected"] == Expected.PASS:
                told.pop("passing", None)  # those that pass are of interest where none may
    except (ProgramNotFoundError, OSError) as error:
        return _result(tools, facts, ResultStatus.ERROR, f"the tests could not be run: {error}")
    data = {**facts, **told, "ended": finished.ended}
    ok = finished.ended is Ended.EXITED and finished.code == 0
    message = None if ok else _usage_error(finished) or said_of(finished, tools.settings.commands.timeout)
    result = _result(tools, data, ResultStatus.OK if ok else ResultStatus.ERROR, message)
    return msgspec.structs.replace(result, code=finished.code, stdout=finished.stdout, stderr=finished.stderr)


async def _run(tools: Tools, arguments: Sequence[str], desk: Desk) -> Finished:
    async def on_output(_: Stream, text: str) -> None:
        await desk.report(TranscriptKind.OUTPUT, text)

    own = {"PYTHONPATH": import_paths(tools.root, tools.settings.project.source), "PYTHONDONTWRITEBYTECODE": "1"}
    return await run_process(
        arguments,
        cwd=tools.root,
        env=environment() | own,
        ledger=desk.ledger,
        on_output=on_output,
        grace=desk.grace,
        timeout=tools.settings.commands.timeout,
    )


def _workplace(root: Path) -> AbstractContextManager[str]:
    """A directory of this run's own, for what pytest writes; it goes with the run."""
    above = root / _TEMPORARY
    above.mkdir(exist_ok=True)  # and nothing above it: a project that has vanished is not made anew
    return tempfile.TemporaryDirectory(prefix=_PREFIX, dir=above, ignore_cleanup_errors=True)


def remove_leftovers(root: Path) -> None:
    """Remove what runs of tests below a root have left that a killed engine could not clear away."""
    above = root / _TEMPORARY
    if os.path.realpath(above) != os.path.join(os.path.realpath(root), _TEMPORARY):  # noqa: PTH118 - texts
        return  # a link, by whoever made it: what lies behind it is not ours
    for left in above.glob(f"{_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


def _with_report(arguments: Sequence[str], place: Path) -> list[str]:
    """The command; pytest is told as well where to write its report and its cache."""
    options = (f"--junitxml={place / _REPORT}", "-o", "junit_family=xunit1", "-o", f"cache_dir={place / 'cache'}")
    return with_options(arguments, options)


def _report(place: Path, root: Path) -> dict[str, object]:
    """What the report says, as JSON; `unreported` says why there is none."""
    try:
        start = read_start(place, _REPORT, REPORT_LIMIT)
    except FileNotFoundError:
        return {"unreported": "it left no report"}
    except (OSError, NotTextError, OutsideError) as error:
        return {"unreported": f"its report cannot be read: {error}"}
    if start.size > len(start.data):
        return {"unreported": f"its report is larger than {REPORT_LIMIT:,} bytes"}
    try:
        return _told(read_report(start.data, str(root)))
    except UnreadableError as error:
        return {"unreported": f"its report cannot be read: {error}"}


def _told(report: Report) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(report)
    return {
        "counts": told["counts"],
        "failures": told["failing"],
        "passing": told["passing"],
        "collection": told["collection"],
    }


def _usage_error(finished: Finished) -> str | None:
    """What pytest says of options that it does not take; the lines below it tell of other things."""
    said = _USAGE.findall(finished.stderr) if finished.code == _USAGE_CODE else []
    return f"exited with code {_USAGE_CODE}: {sanitise_line(said[-1], _MESSAGE)}" if said else None


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _result(tools: Tools, data: dict[str, object], status: ResultStatus, message: str | None) -> Result:
    return Result(id=new_id(), status=status, error_message=message, data=data, timestamp=tools.clock.now())
