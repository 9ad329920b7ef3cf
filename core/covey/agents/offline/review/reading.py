"""Reads what a review is about: the document and the code of each component. The code is parsed, never run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from covey.agents.base import Assignment, Reviewed
from covey.agents.offline import analysis
from covey.agents.offline.facts import ModuleFacts
from covey.agents.offline.review.claims import Claims, claims_of
from covey.agents.offline.work import SOURCE_LIMIT
from covey.artifacts.checks import DESIGN_LIMIT
from covey.artifacts.modules import ModuleNames
from covey.artifacts.outline import has_text
from covey.errors import CoveyError
from covey.text.quoting import visible
from covey.workspace.files import NotTextError, TooLargeError, read_text
from covey.workspace.walk import OutsideError


@dataclass(frozen=True, slots=True)
class Subject:
    """A component with what its document says and what its code has; None for what is not there or cannot be read.

    `problems` say why a file that is there could not be read.
    """

    reviewed: Reviewed
    document: Claims | None
    code: ModuleFacts | None
    problems: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The component's module."""
        return self.reviewed.component.module_name


def subjects(work: Assignment, known: ModuleNames, *, stopped: Callable[[], bool]) -> Iterator[Subject]:
    """The components of the context, in spawn order; no more once it is stopped."""
    for reviewed in work.reviewed:
        if stopped():
            return
        problems: list[str] = []
        text = _text(work.workspace, reviewed.design, DESIGN_LIMIT, problems)
        source = _text(work.workspace, reviewed.source, SOURCE_LIMIT, problems)
        code = None if source is None else _facts(source, reviewed, known, problems)
        yield Subject(reviewed, None if text is None else claims_of(text), code, tuple(problems))


def context_document(work: Assignment) -> tuple[Claims | None, tuple[str, ...]]:
    """What the context's own document says, None without one, and why it could not be read."""
    problems: list[str] = []
    text = _text(work.workspace, work.context_design_path, DESIGN_LIMIT, problems)
    return (None if text is None else claims_of(text)), tuple(problems)


def _text(root: Path, path: str, limit: int, problems: list[str]) -> str | None:
    """A file's text; None when there is none, and when it is blank."""
    try:
        text = read_text(root, path, limit=limit).removeprefix("\ufeff")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (NotTextError, OutsideError, TooLargeError, OSError) as error:
        reason = str(error) if isinstance(error, CoveyError) else error.strerror or str(error)
        problems.append(f"{visible(path)}: {visible(reason)}")
        return None
    return text if has_text(text) else None


def _facts(source: str, reviewed: Reviewed, known: ModuleNames, problems: list[str]) -> ModuleFacts | None:
    try:
        return analysis.analyse(source, reviewed.component.module_name, known)
    except analysis.EmptyModuleError:
        return None
    except SyntaxError as error:
        problem = f"line {error.lineno}: syntax error: {error.msg}"
    except (RecursionError, MemoryError):
        problem = "nested too deeply to be analysed"
    except ValueError as error:
        problem = f"cannot be analysed: {error}"
    problems.append(f"{visible(reviewed.source)}: {visible(problem)}")
    return None
