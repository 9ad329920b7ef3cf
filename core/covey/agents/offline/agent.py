"""The offline agent at its desk: reads the component's code, drafts or mends its document, writes it, says how it went.

All of it blocks for a moment, so it runs on a thread; a cancelled agent waits for that thread and writes nothing more.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.offline.context_document import said_of
from covey.agents.offline.draft import Draft, draft_from_code, draft_from_manifest, note_body
from covey.agents.offline.markdown import code
from covey.agents.offline.mending import UnclosedError, lacking, mended
from covey.artifacts.checks import DESIGN_LIMIT, Finding, check_design
from covey.artifacts.modules import ModuleNames
from covey.artifacts.outline import has_text
from covey.model.command import TranscriptKind
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from covey.text.quoting import visible
from covey.workspace.files import (
    ChangedMeanwhileError,
    NotTextError,
    OutsideError,
    TooLargeError,
    read_text,
    rewrite,
    write_new,
)

SOURCE_LIMIT = 2 * 1024 * 1024
"""The most bytes of a module that are analysed."""

_ROUNDS = 3
_LINES_NAMED = 10


class Settings(BaseModel):
    """The offline agent has no settings."""

    model_config = ConfigDict(extra="forbid")


class OfflineAgent:
    """Drafts design documents, and reviews of them, from static analysis. Needs no key, no network and no model."""

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, settings: BaseModel) -> None:
        self.settings = settings

    def preflight(self, workspace: Path) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's
        """Nothing keeps it from working."""
        return ()

    async def run(self, assignment: Assignment, desk: Desk) -> Outcome:
        """Draft the document, or add to the one that is there what it lacks."""
        kind = _WORKS.get(assignment.kind)
        if kind is None:
            return Outcome(ok=False, message=f"the offline agent writes documents, no {assignment.kind} files")
        work = kind(assignment)
        future = asyncio.get_running_loop().run_in_executor(None, work.outcome)
        try:
            outcome = await asyncio.shield(future)
        except asyncio.CancelledError:
            work.stop.set()
            await asyncio.wait({future})
            raise
        if work.report:
            await desk.report(TranscriptKind.TEXT, "\n".join(work.report))
        return outcome


class _FailedError(Exception):
    """The work cannot be done; carries what the outcome says."""

    def __init__(self, message: str, cause: FailureCause = FailureCause.AGENT_ERROR) -> None:
        self.message = message
        self.cause = cause
        super().__init__(message)


@dataclass(slots=True)
class _Work:
    """A design document being worked on, on a thread of its own; `report` are the lines for the transcript."""

    assignment: Assignment
    stop: threading.Event = field(default_factory=threading.Event)
    report: list[str] = field(default_factory=list)

    def outcome(self) -> Outcome:
        """Do the work; what keeps it from being done becomes a failed outcome."""
        try:
            self._write()
        except _FailedError as error:
            return Outcome(ok=False, message=error.message, cause=error.cause)
        except (NotTextError, OutsideError, TooLargeError) as error:
            return Outcome(ok=False, message=visible(str(error)))
        except OSError as error:
            name = error.filename or self.assignment.target
            return Outcome(ok=False, message=visible(f"{name}: {error.strerror or error}"))
        return Outcome(ok=True)

    def _write(self) -> None:
        """Bring the document to where it passes; when somebody else writes it meanwhile, look again."""
        work = self.assignment
        for _ in range(_ROUNDS):
            before = self._existing()
            after = self._new() if before is None else self._mended(before)
            if self.stop.is_set() or after == before:
                return
            try:
                if before is None:
                    write_new(work.workspace, work.target, after)
                else:
                    rewrite(work.workspace, work.target, before, after)
            except (FileExistsError, ChangedMeanwhileError):
                self.report.append(f"{visible(work.target)} was changed meanwhile: looked at it again.")
            else:
                self.report.append(f"Wrote {visible(work.target)}.")
                return
        raise _FailedError(
            f"{visible(work.target)}: something else keeps writing it or stands in its place; look at it"
        )

    def _existing(self) -> str | None:
        try:
            return read_text(self.assignment.workspace, self.assignment.target, limit=DESIGN_LIMIT)
        except FileNotFoundError:
            return None
        except (NotTextError, TooLargeError) as error:
            raise _FailedError(visible(str(error)), FailureCause.CHECK_FAILED) from error

    def _new(self) -> str:
        text = str(self._draft())
        self._demand(text, self._check(text))
        return text

    def _mended(self, before: str) -> str:
        work = self.assignment
        if not has_text(before.removeprefix("\ufeff")):
            return before + self._new()
        lacks = lacking(before, work.sections)
        sections = self._draft().sections if lacks else {}
        try:
            after = mended(before, {title: sections[title] for title in lacks}, note_body(work))
        except UnclosedError as error:
            raise _FailedError(f"{visible(work.target)}: {error}", FailureCause.CHECK_FAILED) from error
        left = {finding.message for finding in self._check(after)}
        self._demand(after, [finding for finding in self._check(before) if finding.message in left])
        added = [f"the section '{visible(title)}'" for title in lacks] + (["the note"] if work.note else [])
        changed = f"added {', '.join(added)}" if after != before else "nothing to add"
        self.report.append(f"Kept every line of {visible(work.target)}; {changed}.")
        return after

    def _check(self, text: str) -> Sequence[Finding]:
        return check_design(text, self.assignment.sections, self._known())

    def _known(self) -> Collection[str]:
        """The modules that the document may name as dependencies."""
        return [component.module_name for component in self.assignment.components]

    def _demand(self, text: str, findings: Sequence[Finding]) -> None:
        """Refuse a document that would not pass, naming the lines of it that stand against it."""
        target = visible(self.assignment.target)
        if findings:
            named = "; ".join(map(str, findings[:_LINES_NAMED]))
            more = f"; and {len(findings) - _LINES_NAMED} more" if len(findings) > _LINES_NAMED else ""
            advice = "the offline agent deletes no line: change it by hand"
            raise _FailedError(f"{target}: {named}{more} ({advice})", FailureCause.CHECK_FAILED)
        if len(text.encode()) > DESIGN_LIMIT:
            raise _FailedError(f"{target}: the document would be larger than {DESIGN_LIMIT:,} bytes")

    def _draft(self) -> Draft:
        work = self.assignment
        source = self._source()
        if source is None:
            self.report.append(f"There is no code at {visible(work.source)} yet: drafted from the manifest.")
            return draft_from_manifest(work, self._said_in_context())
        return self._draft_from(source)

    def _draft_from(self, source: str) -> Draft:
        from covey.agents.offline import analysis  # noqa: PLC0415 -- griffe is imported when first used
        from covey.agents.offline.content import known_so_far  # noqa: PLC0415

        work = self.assignment
        shown = visible(work.source)
        known = ModuleNames(component.module_name for component in work.components)
        try:
            facts = analysis.analyse(source, work.component.module_name, known)
        except SyntaxError as error:
            line = f"{shown}:{error.lineno}" if error.lineno else shown
            text = f": {visible(error.text.strip(), 200)}" if error.text and error.text.strip() else ""
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise _FailedError(f"{line}: syntax error, read as Python {version}: {error.msg}{text}") from error
        except analysis.EmptyModuleError as error:
            raise _FailedError(f"{shown}: the module is empty, there is nothing to describe") from error
        except (RecursionError, MemoryError) as error:
            raise _FailedError(f"{shown}: nested too deeply to be analysed") from error
        except ValueError as error:
            raise _FailedError(f"{shown}: cannot be analysed: {visible(str(error))}") from error
        self.report.append(f"Read {shown}: {known_so_far(facts)}.")
        return draft_from_code(work, facts)

    def _source(self) -> str | None:
        """The component's code; None where there is none yet."""
        work = self.assignment
        try:
            return read_text(work.workspace, work.source, limit=SOURCE_LIMIT).removeprefix("\ufeff")
        except FileNotFoundError as error:
            if _is_absent(work.workspace, work.source):
                return None
            raise _FailedError(f"{visible(work.source)}: it vanished, or is a link to nothing") from error

    def _said_in_context(self) -> str:
        work = self.assignment
        try:
            text = read_text(work.workspace, work.context_design_path, limit=DESIGN_LIMIT)
        except FileNotFoundError:
            return ""
        except (OSError, NotTextError, TooLargeError, OutsideError) as error:
            self.report.append(f"Could not read the context's document: {visible(str(error))}")
            return ""
        return said_of(work.component, text)


class _ReviewWork(_Work):
    """A review of the design documents of a context."""

    def _known(self) -> Collection[str]:
        return ()  # it may name any module: those that are none are what it reports

    def _draft(self) -> Draft:
        # griffe is imported when first used
        from covey.agents.offline.review.document import review  # noqa: PLC0415
        from covey.agents.offline.review.findings import Finding, Kind, findings_of  # noqa: PLC0415
        from covey.agents.offline.review.reading import context_document, subjects  # noqa: PLC0415

        work = self.assignment
        known = ModuleNames(component.module_name for component in work.components)
        found = tuple(subjects(work, known, stopped=self.stop.is_set))
        context, problems = context_document(work)
        findings = findings_of(found, context, work.context_design_path, work.components)
        unread = [Finding(Kind.NOT_READ, code(problem)) for problem in problems]
        self.report.append(f"Read {sum(each.document is not None for each in found)} documents of {len(found)}.")
        return review(work, found, (*unread, *findings), has_context_document=context is not None)


_WORKS: Mapping[ArtifactKind, type[_Work]] = {ArtifactKind.DESIGN: _Work, ArtifactKind.REVIEW: _ReviewWork}
"""What is done for each kind of file."""


def _is_absent(workspace: Path, path: str) -> bool:
    """There is a workspace and nothing at the path in it, not even a link."""
    return workspace.is_dir() and not os.path.lexists(workspace / path)
