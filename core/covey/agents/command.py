"""The command agent: any program, started once for each piece of work, told what to do by its arguments.

The program runs in the workspace, with no input, a short list of environment variables and the placeholders of its
arguments filled in; what it prints is the transcript. Exit code 0 is its word that the work is done.
"""

import asyncio
import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, Field, Strict

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.prompts import render
from covey.artifacts.presence import look_at
from covey.config.durations import Duration
from covey.config.placeholders import PLACEHOLDER, check_argument
from covey.config.settings import Table
from covey.model.command import TranscriptKind
from covey.model.status import FailureCause
from covey.text.quoting import quoted
from covey.workspace.endings import environment, said_of
from covey.workspace.files import NotTextError, TooLargeError, copy_file, write_own
from covey.workspace.output import Stream
from covey.workspace.processes import Ended, Finished, ProgramNotFoundError, find_program, run_process
from covey.workspace.walk import OutsideError

PLACEHOLDERS = ("prompt", "prompt_file", "workspace", "target", "model", "component", "module")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _command(command: tuple[str, ...]) -> tuple[str, ...]:
    if not command or not command[0].strip():
        raise ValueError('should begin with a program, like ["my-agent", "--prompt", "{prompt_file}"]')
    for argument in command:
        check_argument(argument, PLACEHOLDERS)
    if set(PLACEHOLDER.findall(command[0])) - {"workspace"}:
        raise ValueError(f"should name its program without placeholders but {{workspace}}, not {quoted(command[0])}")
    return command


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f'should be the name of an environment variable, like "MY_AGENT_KEY", not {quoted(name)}')
    return name


class CommandSettings(Table):
    """`[agents.NAME]` with `kind = "command"`; times in seconds."""

    command: Annotated[tuple[str, ...], Strict(strict=False), AfterValidator(_command)]
    timeout: Annotated[Duration, Field(gt=0)] = 20 * 60.0
    idle_timeout: Annotated[Duration, Field(gt=0)] = 5 * 60.0
    env: Annotated[tuple[Annotated[str, AfterValidator(_variable)], ...], Strict(strict=False)] = ()


class _NoModelError(Exception):
    """The command names a model, and none is set."""


class CommandAgent:
    """Runs the configured program.

    `{target}` is relative to the workspace, which is the working directory; `{workspace}` and `{prompt_file}` are
    absolute. `{prompt}` is the prompt itself. Braces around anything but a single word are left as they are.
    """

    Settings: ClassVar[type[BaseModel]] = CommandSettings

    def __init__(self, settings: BaseModel) -> None:
        self._settings = CommandSettings.model_validate(settings)

    def preflight(self, workspace: Path) -> tuple[str, ...]:
        """What is missing: the program, or an environment variable that it needs."""
        problems = [
            f"the environment variable {name} is not set; set it, or take it out of env"
            for name in self._settings.env
            if name not in os.environ
        ]
        try:
            find_program(self._program(workspace), workspace, environment(self._settings.env))
        except ProgramNotFoundError as error:
            problems.append(f"{error}; install it, or change command")
        return tuple(problems)

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Run the program; well if it exits with 0 in time."""

        async def on_output(_: Stream, text: str) -> None:
            await desk.report(TranscriptKind.OUTPUT, text)

        try:
            await asyncio.to_thread(_keep, assignment)
            finished = await run_process(
                await asyncio.to_thread(self._arguments, assignment),
                cwd=assignment.workspace,
                env=environment(self._settings.env),
                ledger=desk.ledger,
                on_output=on_output,
                grace=desk.grace,
                timeout=self._settings.timeout,
                idle_timeout=self._settings.idle_timeout,
            )
        except _NoModelError:
            return Outcome(
                ok=False, message="its command has {model}, but no model is set: set [run] model, or --model"
            )
        except (ProgramNotFoundError, NotTextError, TooLargeError, OutsideError) as error:
            return Outcome(ok=False, message=str(error))
        except OSError as error:
            return Outcome(ok=False, message=self._not_started(error))
        return self._outcome(finished)

    def _program(self, workspace: Path) -> str:
        return self._settings.command[0].replace("{workspace}", str(workspace))

    def _arguments(self, assignment: Assignment) -> list[str]:
        """The command with its placeholders filled in, in one pass: what is put in is never looked at again."""
        values: dict[str, Callable[[], str]] = {
            "prompt": lambda: _passable(render(assignment)),
            "prompt_file": lambda: _prompt_file(assignment),
            "workspace": lambda: str(assignment.workspace),
            "target": lambda: assignment.target,
            "model": lambda: _model(assignment),
            "component": lambda: _passable(assignment.component.name),
            "module": lambda: _passable(assignment.component.module_name),
        }
        return [PLACEHOLDER.sub(lambda match: values[match[1]](), argument) for argument in self._settings.command]

    def _not_started(self, error: OSError) -> str:
        if error.errno == errno.E2BIG:
            return "the arguments are too long for a program: use {prompt_file} in its command, not {prompt}"
        return f"{self._settings.command[0]} could not be run: {error}"

    def _outcome(self, finished: Finished) -> Outcome:
        ok = finished.ended is Ended.EXITED and finished.code == 0
        return Outcome(
            ok=ok,
            message=None if ok else said_of(finished, self._settings.timeout, self._settings.idle_timeout),
            cause=FailureCause.AGENT_ERROR if finished.ended is Ended.EXITED else FailureCause.TIMEOUT,
            code=finished.code,
            stdout=finished.stdout,
            stderr=finished.stderr,
        )


def _passable(text: str) -> str:
    """The text as an argument can hold it: no NUL, no half characters."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _keep(assignment: Assignment) -> None:
    """Keep the file as an attempt finds it: what a program makes of it is the program's business."""
    workspace, path = assignment.workspace, assignment.target
    kept = f".covey/replaced/{assignment.session_id}-{assignment.attempt}/{path}"
    if look_at(workspace, path).present and not (workspace / kept).exists():
        copy_file(workspace, path, workspace, kept)


def _prompt_file(assignment: Assignment) -> str:
    name = f".covey/prompts/{assignment.session_id}-{assignment.attempt}-{assignment.step}.md"
    write_own(assignment.workspace, name, _passable(render(assignment)))
    return str(assignment.workspace / name)


def _model(assignment: Assignment) -> str:
    if not assignment.model:
        raise _NoModelError
    return _passable(assignment.model)
