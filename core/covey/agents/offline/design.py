"""The offline agent's work on a design document: drafts it from code or manifest, or adds what it lacks."""

from collections.abc import Sequence

from covey.agents.offline.content import known_so_far
from covey.agents.offline.context_document import said_of
from covey.agents.offline.draft import Draft, draft_from_code, draft_from_manifest, note_body
from covey.agents.offline.mending import UnclosedError, lacking, mended
from covey.agents.offline.work import FailedError, Work
from covey.artifacts.checks import DESIGN_LIMIT, Finding, check_design
from covey.artifacts.outline import has_text
from covey.model.status import FailureCause
from covey.text.quoting import visible
from covey.workspace.files import NotTextError, TooLargeError, read_text
from covey.workspace.walk import OutsideError

_PYTHON = ".py"
_LINES_NAMED = 10


class DesignWork(Work):
    """The work on one design document."""

    limit = DESIGN_LIMIT

    def new(self) -> str:
        """A document from the code, or from the manifest where there is none."""
        text = str(self.draft())
        self._demand(self._check(text))
        return text

    def mended(self, before: str) -> str:
        """The document with the sections that it lacks, and with the note."""
        work = self.assignment
        if not has_text(before.removeprefix("\ufeff")):
            return before + self.new()
        lacks = lacking(before, work.sections)
        sections = self.draft().sections if lacks else {}
        try:
            after = mended(before, {title: sections[title] for title in lacks}, note_body(work))
        except UnclosedError as error:
            raise FailedError(f"{visible(work.target)}: {error}", FailureCause.CHECK_FAILED) from error
        left = {finding.message for finding in self._check(after)}
        self._demand([finding for finding in self._check(before) if finding.message in left])
        added = [f"the section '{visible(title)}'" for title in lacks] + (["the note"] if work.note else [])
        changed = f"added {', '.join(added)}" if after != before else "nothing to add"
        self.report.append(f"Kept every line of {visible(work.target)}; {changed}.")
        return after

    def _check(self, text: str) -> Sequence[Finding]:
        return check_design(text, self.assignment.sections, self.known_modules())

    def _demand(self, findings: Sequence[Finding]) -> None:
        """Refuse a document that would not pass, naming the lines of it that stand against it."""
        if findings:
            named = "; ".join(map(str, findings[:_LINES_NAMED]))
            more = f"; and {len(findings) - _LINES_NAMED} more" if len(findings) > _LINES_NAMED else ""
            advice = "the offline agent deletes no line: change it by hand"
            message = f"{visible(self.assignment.target)}: {named}{more} ({advice})"
            raise FailedError(message, FailureCause.CHECK_FAILED)

    def draft(self) -> Draft:
        """The document as it would be written anew."""
        work = self.assignment
        source = self.source()
        if source is None:
            self.report.append(f"There is no code at {visible(work.source)} yet: drafted from the manifest.")
            return draft_from_manifest(work, self._said_in_context())
        if not work.source.endswith(_PYTHON):
            self.report.append(f"The code at {visible(work.source)} is not Python: drafted from the manifest.")
            return draft_from_manifest(work, self._said_in_context(), has_code=True)
        facts = self.facts(source)
        self.report.append(f"Read {visible(work.source)}: {known_so_far(facts)}.")
        return draft_from_code(work, facts)

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
