"""What each tool takes, as the model is told and as it is checked: one class for both.

The texts are written for a model: short, with the limits that it will meet.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from covey.model.message import QUESTION_CHARACTERS
from covey.text.quoting import quoted

PATH_CHARACTERS = 4_096
TEXT_CHARACTERS = 1_000_000
"""The most characters that are written in one call."""
PATTERN_CHARACTERS = 1_000
LINES_AT_ONCE = 2_000
"""The most lines that are read in one call."""

_ARGUMENTS, _ARGUMENT_CHARACTERS = 200, 20_000
_MOST_MISTAKES = 5

_FilePath = Annotated[
    str, Field(max_length=PATH_CHARACTERS, description="The file, relative to the working directory, with / between.")
]
_PlacePath = Annotated[
    str,
    Field(max_length=PATH_CHARACTERS, description="A directory (or file), relative to the working directory."),
]


class Arguments(BaseModel):
    """The arguments of a tool: taken as they are written, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ReadFile(Arguments):
    """What read_file takes."""

    path: _FilePath
    offset: Annotated[int, Field(ge=1, le=10**9, description="The first line to read, counted from 1.")] = 1
    limit: Annotated[int, Field(ge=1, le=LINES_AT_ONCE, description="The most lines to read.")] = LINES_AT_ONCE


class WriteFile(Arguments):
    """What write_file takes."""

    path: _FilePath
    content: Annotated[str, Field(max_length=TEXT_CHARACTERS, description="The whole text of the file.")]


class EditFile(Arguments):
    """What edit_file takes."""

    path: _FilePath
    old: Annotated[
        str,
        Field(
            min_length=1,
            max_length=TEXT_CHARACTERS,
            description="The text to replace, exactly as it stands in the file, white space included; once in it.",
        ),
    ]
    new: Annotated[str, Field(max_length=TEXT_CHARACTERS, description="The text to put in its place.")]


class ListFiles(Arguments):
    """What list_files takes."""

    path: _PlacePath
    pattern: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="Only names like this, such as *.py; with a / in it, whole paths, such as src/*/test_*.py.",
        ),
    ] = "*"


class SearchText(Arguments):
    """What search_text takes."""

    pattern: Annotated[
        str,
        Field(
            min_length=1,
            max_length=PATTERN_CHARACTERS,
            description="A regular expression in Python's syntax, looked for in each line by itself.",
        ),
    ]
    path: _PlacePath = "."


class AskHuman(Arguments):
    """What ask_human takes."""

    question: Annotated[
        str,
        Field(min_length=1, max_length=QUESTION_CHARACTERS, description="The question, with what is needed for it."),
    ]


class RunTests(Arguments):
    """What run_tests takes: nothing."""


class RunCommand(Arguments):
    """What run_command takes."""

    argv: Annotated[
        list[Annotated[str, Field(max_length=_ARGUMENT_CHARACTERS)]],
        Field(
            min_length=1,
            max_length=_ARGUMENTS,
            description="The program and its arguments, one by one; no shell reads them.",
        ),
    ]


def schema(arguments: type[Arguments]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments, without what says nothing to a model."""
    plain = arguments.model_json_schema()
    kept = {key: value for key, value in plain.items() if key not in {"title", "description"}}
    kept["properties"] = {
        name: {key: value for key, value in described.items() if key != "title"}
        for name, described in plain.get("properties", {}).items()
    }
    return kept


def mistakes(error: ValidationError) -> str:
    """What is wrong with arguments, for the model that gave them; what it gave is not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{_place(each['loc'])}: {each['msg']}" for each in found]
    more = [f"and {len(said) - _MOST_MISTAKES} more"] if len(said) > _MOST_MISTAKES else []
    return "; ".join(said[:_MOST_MISTAKES] + more)


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(quoted(part) if isinstance(part, str) else str(part) for part in loc) or "the arguments"
