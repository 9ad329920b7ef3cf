"""What a test run says of itself: pytest's JUnit XML, read without trusting a byte of it.

The report is written by the project's own code, which may write anything: it is read only so far, no document type and
no entity of it is believed, and every text of it is made fit for one line. Pure: bytes in, values out.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException, ElementTree

from covey.text.sanitise import sanitise_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

REPORT_LIMIT = 16 * 1024 * 1024
"""The most bytes of a report that are read; one that is larger is as good as none."""

MOST_FAILURES = 100
"""How many failing tests a report names; the counts are of all of them."""

_NAME, _FILE, _MESSAGE = 200, 500, 1000
_COLLECTION = frozenset({"collection failure", "collection skipped"})
_RAISED = re.compile(r"^E +(.*)$", re.MULTILINE)
_SYNTAX = re.compile(r'^E +File ".*", line (\d{1,7})$', re.MULTILINE)
_RAISED_LINES = 8


class UnreadableError(ValueError):
    """A report that is no JUnit XML, or not to be trusted."""


class FailureKind(StrEnum):
    """How a test did not pass: what it asserts does not hold, or it could not come so far (collection, fixtures)."""

    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingTest:
    """A test that did not pass; `line` counts from 1, None where the report does not tell."""

    name: str
    file: str
    line: int | None
    message: str
    kind: FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tests were collected, and what became of them; `errors` are also those that kept it from collecting."""

    tests: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A test run: its counts, the tests that did not pass, and the names of those that did (`MOST_FAILURES` each).

    `collection` is what kept tests from being collected, None when they all were.
    """

    counts: Counts
    failing: tuple[FailingTest, ...]
    passing: tuple[str, ...]
    collection: FailingTest | None = None


def read_report(data: bytes, base: str = "") -> Report:
    """The report in the bytes of a JUnit XML file; paths below `base` (absolute) are told relative to it.

    Raises:
        UnreadableError: it is none, or holds a document type or entities.
    """
    try:
        root = ElementTree.fromstring(data, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise UnreadableError(f"not a report of tests: {sanitise_line(str(error), _NAME)}") from error
    counts = dict.fromkeys(("tests", "passed", "failed", "errors", "skipped"), 0)
    failing: list[FailingTest] = []
    passing: list[str] = []
    collection = None
    for case in root.iter("testcase"):
        found = _failing(case, base)
        not_collected = _is_of_collection(case)
        counts["tests"] += not not_collected
        counts[_outcome(case, found)] += not (not_collected and found is None)
        if found is not None and not_collected:
            collection = collection or found
        if found is None and not not_collected and case.find("skipped") is None:
            passing.append(_name(case))
        elif found is not None and len(failing) < MOST_FAILURES:
            failing.append(found)
    return Report(Counts(**counts), tuple(failing), tuple(passing[:MOST_FAILURES]), collection)


def _outcome(case: "Element", found: FailingTest | None) -> str:
    if found is not None:
        return "failed" if found.kind is FailureKind.FAILED else "errors"
    return "passed" if case.find("skipped") is None else "skipped"


def _is_of_collection(case: "Element") -> bool:
    return any(each.get("message") in _COLLECTION for each in case)


def _failing(case: "Element", base: str) -> FailingTest | None:
    for tag, kind in (("failure", FailureKind.FAILED), ("error", FailureKind.ERROR)):
        found = case.find(tag)
        if found is not None:
            file = case.get("file", "")
            text = found.text or ""
            return FailingTest(
                name=_name(case),
                file=sanitise_line(file, _FILE),
                line=_line(case, file, text),
                message=_message(found, text, base),
                kind=kind,
            )
    return None


def _name(case: "Element") -> str:
    return sanitise_line(case.get("name") or "a test", _NAME)


def _line(case: "Element", file: str, text: str) -> int | None:
    """The last line of the test's own file on the way to the failure; else where the test begins."""
    places = re.findall(rf"^{re.escape(file)}:(\d{{1,7}}):", text, re.MULTILINE) if file else []
    places = places or _SYNTAX.findall(text)
    if places:
        return int(places[-1])
    begins = case.get("line", "")
    return int(begins) + 1 if re.fullmatch(r"\d{1,7}", begins, re.ASCII) else None


def _message(found: "Element", text: str, base: str) -> str:
    """What was raised, as pytest marks it; a collection failure has it nowhere else."""
    said = found.get("message") or ""
    if not said or said in _COLLECTION:
        said = _raised(text) or text[-_MESSAGE:] or said
    told = said.replace(f"{base}/", "") if base else said
    return sanitise_line(told, _MESSAGE) or "no message"


def _raised(text: str) -> str:
    """What was raised, as the lines that pytest marks with an E; of a syntax error first what it is, then where."""
    lines = _RAISED.findall(text)[-_RAISED_LINES:]
    if _SYNTAX.search(text) and len(lines) > 1:
        *where, what = lines
        return f"{what} ({' '.join(where)})"
    return " ".join(lines)
