"""The program `covey`: which commands there are, and how each of them ends.

Every error that covey raises on purpose becomes one message on standard error and exit code 2. Anything else is a bug
of covey: a report of it goes into a file in `.covey/`, not on the screen (`COVEY_DEBUG=1` shows it there).
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple

from covey.cli.out import Out, complain
from covey.client.place import find_root
from covey.clock import SystemClock
from covey.config.state_dir import STATE_DIRECTORY
from covey.errors import ConfigError, CoveyError
from covey.text.quoting import did_you_mean, listed, quoted

if TYPE_CHECKING:
    from cyclopts import App

USAGE = 2


class Entry(NamedTuple):
    """Where a command is, what it does in a line, and how it is typed, for instance."""

    function: str
    summary: str
    example: str = ""


COMMANDS: dict[str, Entry] = {
    "demo": Entry(
        "covey.cli.demo:demo",
        "A made-up project, a run with two problems, and how they are mended.",
        "covey demo --headless",
    ),
    "init": Entry(
        "covey.cli.project:init", "Write covey.toml from what is there.", "covey init --from documents --root docs/spec"
    ),
    "contexts": Entry(
        "covey.cli.project:contexts", "The contexts, their components and which files exist.", "covey contexts billing"
    ),
    "run": Entry(
        "covey.cli.run:run",
        "Run a workflow for some contexts, or go on with it.",
        "covey run design shop.billing --budget-usd 5 --headless",
    ),
    "watch": Entry(
        "covey.cli.watch:watch", "The monitor on what is running, or a line for each change.", "covey watch --plain"
    ),
    "status": Entry("covey.cli.status:status", "A run as a tree, and what needs a human.", "covey status --plain"),
    "show": Entry("covey.cli.status:show", "One session with every step it took.", "covey show 3f9a20c1"),
    "logs": Entry("covey.cli.logs:logs", "A session's transcript.", "covey logs 3f9a20c1 --follow"),
    "events": Entry(
        "covey.cli.logs:events", "The event log, one JSON object a line.", "covey events --after 120 --follow"
    ),
    "report": Entry(
        "covey.cli.report:report",
        "What came of a run, as Markdown, JUnit XML or JSON.",
        "covey report --format junit -o report.xml",
    ),
    "retry": Entry(
        "covey.cli.control:retry",
        "Try sessions again, with a note if you like.",
        "covey retry 3f9a20c1 --note 'the bracket is closed now'",
    ),
    "skip": Entry("covey.cli.control:skip", "Go on without sessions.", "covey skip 3f9a20c1 --reason 'not needed'"),
    "cancel": Entry("covey.cli.control:cancel", "End sessions that are at work.", "covey cancel 3f9a20c1 --now"),
    "message": Entry(
        "covey.cli.message:message",
        "Say something to a running agent, or answer its question.",
        "covey message 3f9a20c1 'amounts are in cents'",
    ),
    "undo": Entry("covey.cli.of_run:undo", "Take back the last decision of a run.", "covey undo --start"),
    "pause": Entry("covey.cli.of_run:pause", "Start no more sessions of a run, for now.", "covey pause --hard"),
    "resume": Entry("covey.cli.of_run:resume", "Let a paused run go on.", "covey resume --budget-usd 10 --start"),
    "slots": Entry("covey.cli.slots:slots", "How many sessions work at the same time.", "covey slots 4"),
    "stop": Entry("covey.cli.stop:stop", "End a run's work for now, or the engine's.", "covey stop --engine"),
    "wait": Entry("covey.cli.stop:wait", "Return when a run has ended or needs a human.", "covey wait --timeout 600"),
    "prune": Entry(
        "covey.cli.prune:prune",
        "Put away what ended long ago; the database becomes smaller.",
        "covey prune --older 2w --dry-run",
    ),
    "doctor": Entry("covey.cli.doctor:doctor", "Whether the project's state is in order.", "covey doctor --fix"),
}

ALONE: tuple[list[str], ...] = ([], ["watch"], ["status"])
"""The command lines that people give over and over, and that need no parser."""

HERE = Entry("covey.cli.here:here", "Where you are, and what comes next.")
"""What `covey` alone does."""

HIDDEN: dict[str, Entry] = {
    "engine": Entry("covey.cli.engine:engine", "The engine as a process of its own; others start it."),
}
"""Commands that are for programs alone, and in nobody's help."""

_ABOUT = "One AI agent for each part of your project, in parallel; what is not in order comes to you."
_VERSION_FLAGS = (["--version"], ["-V"])
_HELP_FLAGS = (["--help"], ["-h"])
_COMPLETION = "--completion"
SHELLS: tuple[Literal["bash", "zsh", "fish"], ...] = ("bash", "zsh", "fish")
"""Those for which there is a script of completions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if tokens in _VERSION_FLAGS:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked for

        Out(asked_json=False).text(f"covey {version('covey')}")
        return 0
    if tokens in _HELP_FLAGS:
        Out(asked_json=False).text(_overview())
        return 0
    if tokens[:1] == [_COMPLETION]:
        return _complete(tokens[1:])
    if arguments is None and os.environ.get("COVEY_DEBUG") != "1":
        sys.excepthook = _crashed
    try:
        return _alone(*tokens) if tokens in ALONE else _carry_out(tokens)
    except ConfigError as error:
        complain("covey.toml has mistakes:\n" + "\n".join(f"  {mistake}" for mistake in error.mistakes))
        return USAGE
    except CoveyError as error:
        complain(str(error))
        return USAGE


def _overview() -> str:
    """What there is, in the layout of every command's own help."""
    lines = (f"  {name}: {entry.summary}" for name, entry in COMMANDS.items())
    about = (
        "covey alone says where you are and what comes next; covey COMMAND --help what a command takes.",
        f"covey {_COMPLETION} {'|'.join(SHELLS)} prints what your shell needs to complete all this.",
    )
    return "\n".join(["Usage: covey COMMAND", "", _ABOUT, "", "Commands:", *lines, "", *about, ""])


def _alone(name: str | None = None) -> int:
    """A command without arguments, which needs no parser: nobody who opens the monitor waits for one."""
    code: int = _function(COMMANDS[name] if name else HERE)()
    return code


def _function(entry: Entry) -> Callable[[], int]:
    module, _, name = entry.function.partition(":")
    function: Callable[[], int] = getattr(import_module(module), name)
    return function


def _carry_out(tokens: list[str]) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 - what needs no parser does not wait for it

    app = _parser(tokens)
    for name, entry in HIDDEN.items():
        app.command(entry.function, name=name, help=entry.summary, show=False)
    console, page = None, StringIO()
    if _asks_help(tokens):  # a console fails where the disk is full; `Out` does not
        console = app.console
        console.file = page
    try:
        code = app(tokens, console=console, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(_usage(tokens, error))
        return USAGE
    if page.getvalue():
        Out(asked_json=False).text(page.getvalue().removesuffix("\n"))
    return int(code or 0)


def _demand_text(_: object, value: object) -> None:
    """Refuse text that no database and no JSON can hold; names of files are no text."""
    for each in value if isinstance(value, list | tuple) else (value,):
        if isinstance(each, str) and each != each.encode(errors="ignore").decode():
            raise ValueError(f"{quoted(each)} is not UTF-8")


def _asks_help(tokens: Sequence[str]) -> bool:
    return any([token] in _HELP_FLAGS for token in tokens)


def _parser(tokens: Sequence[str]) -> "App":
    """All commands; the one whose help is asked for with all of it."""
    from cyclopts import App, Parameter  # noqa: PLC0415 - what needs no parser does not wait for it

    from covey.cli.help import PlainHelp, explained, usage  # noqa: PLC0415 - likewise

    app = App(
        name="covey",
        help=_ABOUT,
        help_format="plaintext",
        help_formatter=PlainHelp(),
        version_flags=[],
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=False, validator=_demand_text),
    )
    for place, (name, entry) in enumerate(COMMANDS.items()):
        is_asked = tokens[:1] == [name] and _asks_help(tokens)
        about = explained(_function(entry), entry.example) if is_asked else entry.summary
        typed = usage(name, _function(entry)) if is_asked else None
        app.command(entry.function, name=name, help=about, usage=typed, sort_key=place)
    return app


def _complete(shells: Sequence[str]) -> int:
    """Print the script by which a shell completes commands and options."""
    shell = next((each for each in SHELLS if [each] == list(shells)), None)
    if shell is None:
        complain(f"{_COMPLETION} takes the name of a shell, one of: {', '.join(SHELLS)}")
        return USAGE
    script = _parser(()).generate_completion(shell=shell)
    # zsh calls the function that has the name of its file, which is called after the command, as in every other shell.
    Out(asked_json=False).text(script.replace("_cyclopts_covey", "_covey"))
    return 0


def _usage(tokens: Sequence[str], error: Exception) -> str:
    """What is wrong with the command line, in one line with a hint."""
    from cyclopts import UnusedCliTokensError  # noqa: PLC0415 - only when something is wrong

    command = tokens[0] if tokens else ""
    if command not in COMMANDS and not command.startswith("-"):
        near = did_you_mean(command, COMMANDS)
        return f'there is no command "{command}"{near or "; see: covey --help"}'
    if command.startswith("-"):
        return f'"{command}" is no command, and options stand behind one; see: covey --help'
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, UnusedCliTokensError):
        text = f"too much is said: {listed(map(str, error.unused_tokens or ()))}"
    where = f"covey {command} --help" if command in COMMANDS else "covey --help"
    return f"{text[:1].lower()}{text[1:]}; see: {where}"


def _crashed(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python does with an error that nobody caught, in place of printing its traceback."""
    from covey.store.crash_reports import error_in_words  # noqa: PLC0415 - only when something is wrong
    from covey.workspace.credentials import Credentials  # noqa: PLC0415 - likewise

    hidden = Credentials().hidden
    place = _write_crash(error.with_traceback(trace), hidden)
    told = f"the report is in {place}" if place else "run it again with COVEY_DEBUG=1 to see where"
    complain(f"this is a bug in covey: {hidden(error_in_words(error))}; {told}")


def _write_crash(error: BaseException, hidden: Callable[[str], str]) -> Path | None:
    from importlib.metadata import version  # noqa: PLC0415 - only when something is wrong

    from covey.store.crash_reports import write_report  # noqa: PLC0415 - likewise

    command = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] in {**COMMANDS, **HIDDEN} else ""
    try:
        return write_report(
            find_root(_project_argument(sys.argv)) / STATE_DIRECTORY,
            error,
            doing=f"covey {command}".strip(),
            version=version("covey"),
            at=SystemClock().now(),
            hidden=hidden,
        )
    except (CoveyError, OSError):
        return None


def _project_argument(arguments: Sequence[str]) -> Path | None:
    for index, argument in enumerate(arguments):
        if argument == "--project" and index + 1 < len(arguments):
            return Path(arguments[index + 1])
        if argument.startswith("--project="):
            return Path(argument.partition("=")[2])
    return None
