"""The arrangement of a review: what was found, under the sections that a review must have. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from covey.agents.base import Assignment
from covey.agents.offline.draft import NOTES, Draft, note_body
from covey.agents.offline.markdown import bullets, code, joined, prose, table
from covey.agents.offline.review.findings import Finding, Kind
from covey.agents.offline.review.reading import Subject
from covey.artifacts.outline import same_title

_SHOWN = 200
"""The most findings of one kind that are listed."""


def review(
    work: Assignment, subjects: Sequence[Subject], findings: Sequence[Finding], *, has_context_document: bool
) -> Draft:
    """The review as a document that is not written yet."""
    known = {
        "summary": _summary(work, subjects, findings, has_context_document=has_context_document),
        "findings": _findings(findings),
        "components reviewed": _components(subjects),
    }
    note = note_body(work)
    sections: Mapping[str, str] = {
        title: known.get(same_title(title), "Nothing is known of this without a model or a person.")
        for title in work.sections
    }
    return Draft(_head(work), {**sections, **({NOTES: note} if note else {})})


def _head(work: Assignment) -> str:
    name = work.component.name
    title = name if prose(name) == name else code(name)
    marker = (
        "Drafted without a model by covey's offline agent, from the design documents and static analysis of the code. "
        "It reports what can be decided without a model; whether the design is a good one, it cannot say."
    )
    return joined([f"# Design review of {title or code(work.component.module_name)}", marker])


def _summary(
    work: Assignment, subjects: Sequence[Subject], findings: Sequence[Finding], *, has_context_document: bool
) -> str:
    counts = [(kind, sum(finding.kind is kind for finding in findings)) for kind in Kind]
    reviewed = f"{_count(len(subjects), 'component')} of {code(work.component.module_name)} reviewed"
    none = (
        "" if has_context_document else f"The context has no document of its own at {code(work.context_design_path)}."
    )
    if not findings:
        return joined([f"{reviewed}: nothing was found.", none], " ")
    listed = bullets(f"{kind}: {number}" for kind, number in counts if number)
    return joined([joined([f"{reviewed}: {_count(len(findings), 'finding')}.", none], " "), listed])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _findings(findings: Sequence[Finding]) -> str:
    return joined(_of_each_kind(findings)) or "None."


def _of_each_kind(findings: Sequence[Finding]) -> Iterator[str]:
    for kind in Kind:
        texts = [finding.text for finding in findings if finding.kind is kind]
        more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
        if texts:
            yield joined([f"### {kind}", bullets([*texts[:_SHOWN], *more])])


def _components(subjects: Sequence[Subject]) -> str:
    if not subjects:
        return "None."
    rows = [
        (
            code(subject.module),
            _file(subject.reviewed.design, there=subject.document is not None),
            _file(subject.reviewed.source, there=subject.code is not None),
        )
        for subject in subjects
    ]
    return table(("component", "document", "code"), rows)


def _file(path: str, *, there: bool) -> str:
    return code(path) if there else f"not read: {code(path)}"
