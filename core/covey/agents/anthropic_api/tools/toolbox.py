"""The tools of one assignment: what the model is told of them, and what comes of its calls.

Whatever a model asks for, however it is put, comes back as a text that it can act on; nothing of it raises.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from pydantic import ValidationError

from covey.agents.anthropic_api.tools.arguments import (
    Arguments,
    AskHuman,
    EditFile,
    ListFiles,
    ReadFile,
    RunCommand,
    RunTests,
    SearchText,
    WriteFile,
    mistakes,
    schema,
)
from covey.agents.anthropic_api.tools.files import FileTools
from covey.agents.anthropic_api.tools.programs import ProgramTools
from covey.agents.anthropic_api.tools.result import RefusedCallError, ToolResult, in_thread
from covey.agents.base import Assignment, Desk
from covey.errors import CoveyError, StoreError
from covey.projects.paths import ArtifactKind
from covey.text.quoting import quoted, visible
from covey.workspace.confined import Confined
from covey.workspace.credentials import Credentials

TOOLS = (
    *("read_file", "write_file", "edit_file", "list_files", "search_text"),
    *("ask_human", "run_tests", "run_command"),
)
"""The names of all tools, in the order in which a model is given them."""

FILE_SECONDS = 20.0
"""How long a tool for files may look around."""

_TESTED = frozenset({ArtifactKind.TEST, ArtifactKind.CODE})


class ToolSettings(Protocol):
    """What the tools need of the agent's settings."""

    @property
    def allow_commands(self) -> Collection[Sequence[str]]:
        """The beginnings of commands that may be run, each a list of arguments; none: no commands."""
        ...


@dataclass(frozen=True, slots=True)
class _Tool:
    """One tool: what it is for, what it takes, and how it is done."""

    description: str
    takes: type[Arguments]
    do: Callable[[Any], Awaitable[str]]


class Toolbox:
    """The tools for an assignment.

    `credentials`, those of this process, are kept out of whatever goes in or comes out. Without `by_kernel` paths are
    walked as where the kernel cannot.
    """

    def __init__(
        self,
        assignment: Assignment,
        desk: Desk,
        settings: ToolSettings,
        credentials: Credentials | None = None,
        *,
        by_kernel: bool = True,
    ) -> None:
        self._desk = desk
        self._credentials = credentials or Credentials()
        confined = Confined(
            assignment.workspace,
            named=named_paths(assignment),
            writable=assignment.target,
            beside=fixtures_of(assignment),
            by_kernel=by_kernel,
        )
        self._exceptions = confined.exceptions()
        kept_as = f"{assignment.session_id}-{assignment.attempt}"
        self._files = FileTools(confined, kept_as, self._credentials)
        self._programs = ProgramTools(assignment, desk, settings.allow_commands)
        self._tools = self._offered(assignment, settings)

    def definitions(self) -> list[dict[str, Any]]:
        """The tools as the Messages API takes them, always in the same order."""
        return [
            {"name": name, "description": tool.description, "input_schema": schema(tool.takes)}
            for name, tool in self._tools.items()
        ]

    async def call(self, name: object, arguments: object) -> ToolResult:
        """Do what a call asks for; why it is not done is a result as well."""
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            known = ", ".join(self._tools)
            return self._refused(f"there is no tool {quoted(name)}; there are: {known}")
        try:
            asked = tool.takes.model_validate(arguments)
            self._demand_no_credential(asked)
            return ToolResult(self._credentials.hidden(await tool.do(asked)))
        except ValidationError as error:
            return self._refused(f"{name}: {mistakes(error)}")
        except RefusedCallError as error:
            return self._refused(str(error))
        except StoreError:
            raise  # nothing that the model could do about it
        except CoveyError as error:
            return self._refused(visible(str(error)))
        except OSError as error:
            return self._refused(_of_system(error, asked))

    def _offered(self, assignment: Assignment, settings: ToolSettings) -> dict[str, _Tool]:
        target, beside = assignment.target, fixtures_of(assignment)
        also = f" and, for its fixtures, new files below `{beside}/`" if beside else ""
        tools = {
            "read_file": _Tool(_READ, ReadFile, self._read),
            "write_file": _Tool(_WRITE.format(target=target, also=also), WriteFile, self._write),
            "edit_file": _Tool(_EDIT, EditFile, self._edit),
            "list_files": _Tool(_LIST, ListFiles, self._list),
            "search_text": _Tool(_SEARCH, SearchText, self._search),
            "ask_human": _Tool(_ASK, AskHuman, self._ask),
        }
        if assignment.kind in _TESTED and assignment.test_command:
            tools["run_tests"] = _Tool(_TESTS, RunTests, self._programs.run_tests)
        if settings.allow_commands:
            allowed = "; ".join(" ".join(prefix) for prefix in settings.allow_commands)
            tools["run_command"] = _Tool(_COMMAND.format(allowed=allowed), RunCommand, self._programs.run_command)
        return tools

    async def _read(self, asked: ReadFile) -> str:
        return await in_thread(FILE_SECONDS, self._files.read, asked)

    async def _write(self, asked: WriteFile) -> str:
        return await in_thread(FILE_SECONDS, self._files.write, asked)

    async def _edit(self, asked: EditFile) -> str:
        return await in_thread(FILE_SECONDS, self._files.edit, asked)

    async def _list(self, asked: ListFiles) -> str:
        return await in_thread(FILE_SECONDS, self._files.list, asked)

    async def _search(self, asked: SearchText) -> str:
        return await self._programs.search(asked, self._exceptions)

    async def _ask(self, asked: AskHuman) -> str:
        try:
            return await self._desk.ask(asked.question)
        except ValueError as error:
            raise RefusedCallError(f"the question cannot be asked: {error}") from error

    def _demand_no_credential(self, asked: Arguments) -> None:
        """Refuse to write down, run or ask what holds a credential, wherever the model has it from.

        Raises:
            RefusedCallError: it holds one.
        """
        if self._credentials.are_in(asked.model_dump_json()):
            raise RefusedCallError(
                "the arguments hold a credential of this machine; it is not passed on or written down"
            )

    def _refused(self, text: str) -> ToolResult:
        return ToolResult(self._credentials.hidden(text), is_error=True)


def fixtures_of(assignment: Assignment) -> str | None:
    """The directory for what the tests that are asked for need; None for other work."""
    if assignment.kind is not ArtifactKind.TEST:
        return None
    target = PurePosixPath(assignment.target)
    return str(target.parent / "fixtures" / target.stem)


def named_paths(assignment: Assignment) -> tuple[str, ...]:
    """The files that the prompt speaks of, which may be read whatever their names."""
    named = (
        *(assignment.target, assignment.source, assignment.design_path, assignment.test_path),
        assignment.context_design_path,
        *(path for each in assignment.reviewed for path in (each.design, each.source)),
    )
    return tuple(path for path in named if path)


def _of_system(error: OSError, asked: Arguments) -> str:
    """What the system says, about the path that was asked for."""
    path = getattr(asked, "path", None)
    about = f"{quoted(path)}: " if isinstance(path, str) else ""
    hint = "; look with list_files" if isinstance(error, FileNotFoundError) else ""
    return f"{about}{error.strerror or type(error).__name__}{hint}"


_READ = (
    "Read a text file of the project (UTF-8): at most 2,000 lines and 48,000 characters at once, as they stand; what "
    "follows is said at the end. Names that begin with a dot and files that hold keys are out of reach."
)
_WRITE = (
    "Write a whole file. You may write `{target}`{also}; nothing else. A file that is there already is replaced only "
    "after you have read it to its end; what is right in it stays."
)
_EDIT = "Replace one passage of a file that you may write. The passage has to be in it exactly once."
_LIST = (
    "List the files below a directory, those of its directories too, at most 500. Names that begin with a dot are left "
    "out."
)
_SEARCH = (
    "Search the text files below a directory, line by line; answers `path:line: text`, at most 200 lines, within 10 "
    "seconds. What is no regular expression is looked for as it stands."
)
_ASK = (
    "Ask the person in charge, and wait for the answer; it may take hours. Only for what you cannot find out, and "
    "cannot decide by yourself."
)
_TESTS = "Run this component's tests with the project's own command; answers the exit code and what was printed."
_COMMAND = (
    "Run a program in the working directory, without a shell and without input, for at most 120 seconds. Allowed are "
    "commands that begin with: {allowed}"
)
