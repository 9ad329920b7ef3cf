"""A run as JUnit XML, as CI servers read it: a suite for each parent, a case for each session below it. Pure.

A failure is work that did not pass, an error is work that broke, was cancelled or has not ended, so a report is never
green before the run is. The schema is the one of Jenkins' xUnit plug-in, which leaves less room than what other
servers read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import NamedTuple
from xml.etree import ElementTree as ET

from covey.client.whole_lines import WholeLines
from covey.model.command import TranscriptKind, TranscriptRow
from covey.model.session import Session, file_is_missing
from covey.model.status import FailureCause, Status
from covey.reports.facts import Facts, Group, seconds_of
from covey.text.glyphs import step_words
from covey.text.sanitise import sanitise, sanitise_line
from covey.text.words import short_id

OUTPUT_CHARACTERS = 4_000
"""The most of a transcript, from its end, that stands in a case."""

_MESSAGE = 400
_NEVER_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_FINISHED = "not_finished"


class Verdict(NamedTuple):
    """What a case says beside having run: `element` is `failure`, `error` or `skipped`."""

    element: str
    type: str
    message: str


def junit(facts: Facts) -> bytes:
    """The document, UTF-8."""
    suites = ET.Element("testsuites", name="covey", time=_seconds(facts.seconds))
    for group in facts.groups:
        suites.append(_suite(facts, group))
    for total in ("tests", "failures", "errors"):
        suites.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suite(facts: Facts, group: Group) -> ET.Element:
    parent = group.parent
    suite = ET.Element("testsuite", name=_line(f"{facts.record.view.workflow} {parent.component}"))
    suite.append(_properties(facts, parent))
    verdicts: list[Verdict | None] = []
    for child in group.children:
        verdicts.append(_verdict(child))
        suite.append(_case(facts, child, verdicts[-1]))
    for name, reason in _not_created(parent):
        verdicts.append(Verdict("error", "spawn_error", f"not created: {reason}"))
        suite.append(_bare_case(parent.module, name, verdicts[-1]))
    if (own := _of_parent(facts, parent, verdicts)) is not None:
        verdicts.append(own)
        suite.append(_case(facts, parent, own))
    elements = [verdict.element for verdict in verdicts if verdict is not None]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(verdicts)))
    for total, element in counts.items():
        suite.set(total, str(elements.count(element)))
    suite.set("time", _seconds(_took(facts, parent)))
    suite.set("timestamp", (parent.started_at or parent.inserted_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return suite


def _properties(facts: Facts, parent: Session) -> ET.Element:
    properties = ET.Element("properties")
    told = {
        "run_id": facts.root.id,
        "project": facts.record.project,
        "context": parent.component,
        "outcome": facts.outcome,
        "branch": facts.git.branch if facts.git else "",
        "commit": facts.git.commit if facts.git else "",
    }
    for name, value in told.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=_line(value))
    return properties


def _case(facts: Facts, session: Session, verdict: Verdict | None) -> ET.Element:
    case = _bare_case(session.module, session.component, verdict)
    case.set("time", _seconds(seconds_of(session) or 0.0))
    if verdict is not None and verdict.element != "skipped":
        case[0].text = _text("\n".join(_explanation(facts, session, verdict)))
    output = "\n".join(_lines(facts.record.transcripts.get(session.id, ())))
    if output:
        ET.SubElement(case, "system-out").text = _text(output[-OUTPUT_CHARACTERS:])
    return case


def _lines(rows: Iterable[TranscriptRow]) -> Iterator[str]:
    whole = WholeLines()
    for row in rows:
        if row.kind is TranscriptKind.STEP:
            yield from (*whole.end(), f"-- {step_words(row.step)} --")
        else:
            yield from whole.add(row)
    yield from whole.end()


def _bare_case(module: str, name: str, verdict: Verdict | None) -> ET.Element:
    case = ET.Element("testcase", classname=_line(module), name=_line(name))
    if verdict is not None:
        ET.SubElement(case, verdict.element, type=_line(verdict.type), message=_line(verdict.message))
    return case


def _explanation(facts: Facts, session: Session, verdict: Verdict) -> Iterator[str]:
    """The text of a failure: all that helps, whole."""
    message = session.error_message or verdict.message
    yield message
    if session.artifact_path is not None and session.artifact_path not in message:
        yield f"file: {session.artifact_path}"
    for test in facts.tests.get(session.id, ()):
        yield f"test {test.name} ({test.place}): {test.message or test.kind}"
    yield f"look at it with: covey logs {short_id(session.id)}"


def _verdict(session: Session) -> Verdict | None:
    """What a session's case says; None when it has ended well."""
    match session.status:
        case Status.COMPLETE:
            missing = f"file missing: {session.artifact_path}"
            return Verdict("failure", FailureCause.MISSING_FILE, missing) if file_is_missing(session) else None
        case Status.FAILED:
            cause = session.failure_cause or FailureCause.AGENT_ERROR
            element = "error" if cause is FailureCause.CRASH else "failure"
            return Verdict(element, cause, session.error_message or "unknown")
        case Status.CANCELLED:
            return Verdict("error", "cancelled", f"cancelled: {session.error_message or 'unknown'}")
        case Status.SKIPPED:
            by = f" (by {session.decided_by})" if session.decided_by else ""
            return Verdict("skipped", "skipped", f"{session.skip_reason or 'skipped'}{by}")
        case Status.ACTIVE:
            reason = f": {session.error_message}" if session.error_message else ""
            return Verdict("error", _NOT_FINISHED, f"not finished: {session.phase or session.status}{reason}")


def _of_parent(facts: Facts, parent: Session, below: list[Verdict | None]) -> Verdict | None:
    """A parent has a case of its own where it ended otherwise than well, or stands still and no case says why."""
    if parent.status is Status.ACTIVE:
        told = any(verdict is not None and verdict.element != "skipped" for verdict in below)
        nested = any(group.parent.session_id == parent.id for group in facts.groups)
        return None if told or nested else _verdict(parent)
    return _verdict(parent) if parent.status is not Status.COMPLETE else None


def _not_created(parent: Session) -> Iterator[tuple[str, str]]:
    """The components for which a blocked parent could not make a session, with the reason."""
    listed = (parent.needs_human or {}).get("not_created", ())
    for fact in listed:
        if isinstance(fact, Mapping):
            yield str(fact.get("component")), str(fact.get("reason"))


def _took(facts: Facts, parent: Session) -> float:
    return facts.seconds if parent is facts.root else seconds_of(parent) or 0.0


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"


def _line(text: str) -> str:
    return _NEVER_IN_XML.sub("", sanitise_line(text, _MESSAGE))


def _text(text: str) -> str:
    return _NEVER_IN_XML.sub("", sanitise(text))
