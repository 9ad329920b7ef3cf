"""What an agent is told: one prompt for each assignment, put together from the Markdown templates beside this file.

Each template is one block, left out where there is nothing to say. What people and programs wrote stands in the prompt
as it is, quoted where it has several lines; nothing of it is taken for a template again.
"""

import shlex
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from importlib import resources
from string import Template

from covey.agents.base import Assignment, Reviewed, Task
from covey.model.component import Component
from covey.projects.paths import ArtifactKind

_FOR_MODELS = {block: f"{block}_for_models" for block in ("closing", "closing_tested", "revise_test")}
"""The blocks that speak of exit codes and standard error, and what stands in their place for who has neither."""

MOST_KNOWN = 400
"""How many of the project's components a prompt lists; those of the component's own context come first."""


class Reader(StrEnum):
    """Who reads a prompt: a program that is started with it, or a model that covey itself gives its tools."""

    PROGRAM = "program"
    MODEL = "model"


def render(assignment: Assignment, reader: Reader = Reader.PROGRAM) -> str:
    """The prompt for an assignment, in Markdown."""
    values = _values(assignment)
    blocks = [_FOR_MODELS.get(each, each) if reader is Reader.MODEL else each for each in _blocks(assignment)]
    return "".join(_joined(block, _template(block).substitute(values)) for block in blocks).lstrip("\n")


def render_system(kind: ArtifactKind) -> str:
    """What a model is told before any task: the same for all that write files of a kind, so that it can be cached."""
    return _template("system").template + _template(f"system_{kind}").template


def render_message(message: str) -> str:
    """What a human says to a model while it works."""
    return _template("message").substitute(message=_quote(message))


def render_tokens_ran_out(most: int, *, lost_a_call: bool) -> str:
    """What a model is told whose answer was cut off, after `most` tokens."""
    lost = "The call of a tool that it ended with was not made." if lost_a_call else ""
    return " ".join(_template("tokens_ran_out").substitute(tokens=f"{most:,}", lost=lost).split())


def _joined(block: str, text: str) -> str:
    """A block is parted from the one before it, unless it goes on with its list."""
    return text if block.startswith("sources_") else f"\n{text}"


def _blocks(assignment: Assignment) -> Iterator[str]:
    kind = assignment.kind
    task = "generate" if assignment.task is Task.GENERATE else "revise"
    if kind is ArtifactKind.REVIEW:
        yield "review" if assignment.task is Task.GENERATE else "review_again"
    else:
        yield task if kind is ArtifactKind.DESIGN else f"{task}_{kind}"
    if assignment.findings:
        yield "findings"
    if kind is ArtifactKind.REVIEW:
        yield from ("reviewed", "review_sections")
    else:
        yield from ("component", f"sources_{kind}", kind.value)  # the last says what the file has to be
    if assignment.must_fail:
        yield "must_fail"
    if assignment.failure:
        yield "earlier"
    if assignment.missing:
        yield "missing"
    if assignment.note:
        yield "note"
    yield "closing_tested" if kind in {ArtifactKind.TEST, ArtifactKind.CODE} else "closing"


@cache
def _template(block: str) -> Template:
    return Template(resources.files(__name__).joinpath(f"{block}.md").read_text(encoding="utf-8"))


def _values(assignment: Assignment) -> dict[str, str]:
    component, context = assignment.component, assignment.context
    return {
        "target": assignment.target,
        "workspace": str(assignment.workspace),
        "attempt": str(assignment.attempt),
        "component": component.name,
        "module": component.module_name,
        "type": component.type,
        "description": _line(component.description) or "none given",
        "dependencies": _modules(component.dependencies),
        "source": assignment.source,
        "design": assignment.design_path,
        "test": assignment.test_path,
        "command": shlex.join(assignment.test_command),
        "roots": "`, `".join(assignment.source_roots),
        "context": context.name,
        "context_module": context.module_name,
        "context_description": _line(context.description),
        "context_dependencies": _modules(context.dependencies),
        "context_design": assignment.context_design_path,
        "sections": "\n".join(f"  - `## {section}`" for section in assignment.sections),
        "known": "\n".join(_known(assignment)),
        "reviewed": "\n".join(map(_reviewed, assignment.reviewed)),
        "findings": _bullets(assignment.findings),
        "failure_class": f" (class: `{assignment.failure_cause}`)" if assignment.failure_cause else "",
        "failure": _quote(assignment.failure or ""),
        "missing": "\n".join(f"- `{path}`" for path in assignment.missing),
        "note": _quote(assignment.note or ""),
    }


def _known(assignment: Assignment) -> Iterator[str]:
    def is_elsewhere(component: Component) -> bool:
        return assignment.context.id not in {component.id, component.parent_component_id}

    components = sorted(assignment.components, key=is_elsewhere)
    for component in components[:MOST_KNOWN]:
        description = _line(component.description)
        yield f"- `{component.module_name}`" + (f": {description}" if description else "")
    if len(components) > MOST_KNOWN:
        yield f"- and {len(components) - MOST_KNOWN} more, as `covey.toml` has them"


def _modules(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _reviewed(each: Reviewed) -> str:
    component = each.component
    return f"- {_line(component.name)}, module `{component.module_name}`: `{each.design}`; its code: `{each.source}`"


def _line(text: str) -> str:
    return " ".join(text.split())


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {_line(text)}" for text in texts)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
