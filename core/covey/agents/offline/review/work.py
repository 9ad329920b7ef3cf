"""The offline agent's work on a review of the design documents of a context."""

from collections.abc import Collection

from covey.agents.offline.design import DesignWork
from covey.agents.offline.draft import Draft
from covey.agents.offline.markdown import code
from covey.artifacts.modules import ModuleNames


class ReviewWork(DesignWork):
    """A review, which is drafted and mended as a design document is."""

    def known_modules(self) -> Collection[str]:
        """None: a review may name any module, for those that are none are what it reports."""
        return ()

    def draft(self) -> Draft:
        """What the documents say beside the code."""
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
