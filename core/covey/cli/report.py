"""`covey report`: what came of a run, as Markdown, as JUnit XML or as JSON."""

import asyncio
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from covey.cli.options import ProjectDir
from covey.cli.out import Out, complain, encode
from covey.client.finding import NOTHING_YET, find_run
from covey.client.place import find_root
from covey.client.record import read_record
from covey.errors import NotFoundError, UsageError
from covey.reports.data import data
from covey.reports.destination import destination, put
from covey.reports.facts import Facts, facts_of
from covey.reports.junit import junit
from covey.reports.markdown import markdown
from covey.store.sqlite import open_viewer
from covey.text.sanitise import sanitise_line

STANDARD_OUTPUT = Path("-")


class Format(StrEnum):
    """What a report is written as."""

    MARKDOWN = "markdown"
    JUNIT = "junit"
    JSON = "json"


def report(
    run: str | None = None,
    /,
    *,
    format: Annotated[Format | None, Parameter(name="--format")] = None,  # noqa: A002 - the option's name
    output: Annotated[Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)] = STANDARD_OUTPUT,
    json: Annotated[bool, Parameter(name="--json")] = False,
    project: ProjectDir = None,
) -> int:
    """Report on a run: its outcome, what needs a human, every component, what was decided.

    The exit code is 0 whatever came of the run; that is told by covey wait.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished run, else the newest.
        format: markdown for people (the default), junit for CI servers, json for programs.
        output: A file to write, whole or not at all; - is standard output. An older report is replaced; refused is
            every other file (covey.toml, the files of components), a directory, and what is inside of .covey.
        json: The same as --format json; with -o, print where it was written as one object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    kind = format or (Format.JSON if json else Format.MARKDOWN)
    if json and kind is not Format.JSON:
        raise UsageError(f"--json is a format of its own; leave it out, or --format {kind}")
    if output != STANDARD_OUTPUT and str(output).startswith("-"):
        raise UsageError("-o requires a file; - is standard output")
    root, out = find_root(project), Out(asked_json=json)
    facts, recorded = asyncio.run(_facts(root, run))
    if output == STANDARD_OUTPUT:
        _print(out, kind, facts)
        return 0
    target = destination(output, root, lambda: _artifacts(root, recorded))
    changed = put(target, _written(kind, facts, _base(root, target)))
    if json:
        out.json({"path": str(target), "changed": changed})
    else:
        complain(f"{'wrote' if changed else 'nothing new in'} {sanitise_line(str(output))}")
    return 0


async def _facts(root: Path, run: str | None) -> tuple[Facts, frozenset[str]]:
    """What there is to tell, and the files that sessions of this project were made for."""
    async with open_viewer(root) as viewer:
        found = await find_run(viewer, run)
        if viewer is None:
            raise NotFoundError("run_not_found", NOTHING_YET)
        record = await read_record(viewer, root, found.id)
        return facts_of(record), await viewer.artifact_paths(viewer.scope)


def _print(out: Out, kind: Format, facts: Facts) -> None:
    if kind is Format.MARKDOWN:
        out.text(*markdown(facts).removesuffix("\n").split("\n"))
    else:
        out.encoded([_written(kind, facts, "").rstrip(b"\n")])


def _written(kind: Format, facts: Facts, base: str) -> bytes:
    match kind:
        case Format.MARKDOWN:
            return markdown(facts, base).encode("utf-8")
        case Format.JUNIT:
            return junit(facts)
        case Format.JSON:
            return encode(data(facts)) + b"\n"


def _base(root: Path, target: Path) -> str:
    """How to get from where a report lies to the project's root."""
    way = os.path.relpath(root, target.parent)
    return "" if way == "." else f"{way}/"


def _artifacts(root: Path, recorded: frozenset[str]) -> Iterator[Path]:
    """Every file that is a component's, by the manifest and by the runs there were."""
    from covey.cli.declared import declared_project  # noqa: PLC0415 - only where a file is there already
    from covey.client.contexts import artifact_paths  # noqa: PLC0415 - likewise

    for path in (*recorded, *artifact_paths(declared_project(root))):
        yield root / path
