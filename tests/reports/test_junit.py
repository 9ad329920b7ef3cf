"""JUnit XML: valid by the schema that CI servers use, and never green before the run is.

`junit-10.xsd` is that of Jenkins' xUnit plug-in, by Gregory Boissinot under the MIT licence, which stands in the file;
it is the copy that pytest tests its own reports with.
"""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from covey.model.command import TranscriptKind, TranscriptRow
from covey.model.status import FailureCause, Phase
from covey.reports.facts import Facts
from covey.reports.junit import OUTPUT_CHARACTERS, junit

from .runs import HOSTILE, blocked, cancelled, complete, facts, failed, gone, later, session, skipped

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd"))


def written(found: Facts) -> ET.Element:
    """The report, read again; it is valid."""
    document = junit(found)
    SCHEMA.validate(document.decode())
    return ET.fromstring(document)


def case(report: ET.Element, name: str) -> ET.Element:
    (found,) = [each for each in report.iter("testcase") if each.get("name") == name]
    return found


def totals(element: ET.Element, *names: str) -> list[int]:
    return [int(element.get(name, "-1")) for name in names]


def rows(*texts: str, kind: TranscriptKind = TranscriptKind.OUTPUT) -> list[TranscriptRow]:
    return [
        TranscriptRow(session_id="a", attempt=1, step="RunTests", n=n, at=later(n), kind=kind, text=text)
        for n, text in enumerate(texts, 1)
    ]


class TestCases:
    """One case for each component."""

    def test_one_that_ended_well(self) -> None:
        found = case(written(facts(session("a", **complete()))), "a")
        assert found.attrib == {"classname": "shop.a", "name": "a", "time": "10.000"}
        assert list(found) == []

    @pytest.mark.parametrize(
        ("changes", "element", "kind", "message"),
        [
            (failed("no such model"), "failure", "agent_error", "no such model"),
            (failed("3 sections missing", FailureCause.CHECK_FAILED), "failure", "check_failed", "3 sections missing"),
            (failed("KeyError: 'x'", FailureCause.CRASH), "error", "crash", "KeyError: 'x'"),
            (gone(), "failure", "missing_file", "file missing: docs/design/shop/a.md"),
            (cancelled("wrong agent"), "error", "cancelled", "cancelled: wrong agent"),
            (skipped("not now"), "skipped", "skipped", "not now (by ada)"),
            ({"phase": Phase.INTERRUPTED}, "error", "not_finished", "not finished: interrupted"),
            ({"phase": Phase.QUEUED}, "error", "not_finished", "not finished: queued"),
        ],
    )
    def test_one_that_did_not(self, changes: dict[str, Any], element: str, kind: str, message: str) -> None:
        found = case(written(facts(session("a", **changes), root=blocked())), "a")
        assert [(each.tag, each.get("type"), each.get("message")) for each in found] == [(element, kind, message)]

    def test_a_failure_says_all_that_helps(self) -> None:
        tests = {"failures": [{"name": "test_a", "file": "tests/test_a.py", "message": "1 != 2", "kind": "failed"}]}
        found = facts(
            session("a", **failed("line 1\nline 2")), root=blocked(), findings={("a-0123456789", "RunTests"): tests}
        )
        text = case(written(found), "a")[0].text or ""
        assert text.splitlines() == [
            "line 1",
            "line 2",
            "file: docs/design/shop/a.md",
            "test test_a (tests/test_a.py): 1 != 2",
            "look at it with: covey logs a-012345",
        ]

    def test_the_end_of_the_transcript_is_its_output(self) -> None:
        begin = rows("RunTests", kind=TranscriptKind.STEP)
        found = facts(session("a", **complete()), transcripts={"a-0123456789": [*begin, *rows("one\n", "two\n")]})
        assert case(written(found), "a").findtext("system-out") == "-- run tests --\none\ntwo"

    def test_which_is_capped(self) -> None:
        found = facts(session("a", **complete()), transcripts={"a-0123456789": rows("x" * 9_000 + "\n", "end")})
        output = case(written(found), "a").findtext("system-out") or ""
        assert (len(output), output[-4:]) == (OUTPUT_CHARACTERS, "\nend")


class TestSuites:
    """One suite for each parent, with its totals."""

    def test_totals(self) -> None:
        report = written(
            facts(
                session("a", position=1, **complete()),
                session("b", position=2, **failed()),
                session("c", position=3, **failed(cause=FailureCause.CRASH)),
                session("d", position=4, **skipped()),
                root=blocked(),
            )
        )
        (suite,) = report
        assert suite.get("name") == "design shop"
        assert totals(suite, "tests", "failures", "errors", "skipped") == [4, 1, 1, 1]
        assert totals(report, "tests", "failures", "errors") == [4, 1, 1]
        assert (suite.get("time"), suite.get("timestamp")) == ("12.000", "2026-11-22T12:00:01")

    def test_properties_say_what_was_run(self) -> None:
        report = written(facts(root=complete(state={"git": {"branch": "docs-shop", "commit": "abc"}})))
        told = {each.get("name"): each.get("value") for each in report.iter("property")}
        assert told == {
            "run_id": "root-0123456789",
            "project": "Shop",
            "context": "shop",
            "outcome": "complete",
            "branch": "docs-shop",
            "commit": "abc",
        }

    def test_a_nested_context_is_a_suite_of_its_own(self) -> None:
        inner = session("inner", artifact_path=None, **complete())
        report = written(facts(session("a", **complete()), inner, session("b", "inner", **failed())))
        assert [(suite.get("name"), *totals(suite, "tests", "failures")) for suite in report] == [
            ("design shop", 1, 0),
            ("design inner", 1, 1),
        ]


class TestParents:
    """A parent has a case where no other tells of its trouble: a report is never green before the run is."""

    @pytest.mark.parametrize(
        ("root", "element"),
        [
            (failed("the commit was refused", FailureCause.CHECK_FAILED), "failure"),
            (cancelled(), "error"),
            (blocked("All child sessions were skipped"), "error"),
            ({"phase": Phase.INTERRUPTED}, "error"),
        ],
    )
    def test_one_that_stands_still_though_its_children_have_ended(self, root: dict[str, Any], element: str) -> None:
        report = written(facts(session("a", **skipped()), session("b", **complete()), root=root))
        assert [each.tag for each in case(report, "shop")] == [element]
        assert totals(report, "tests", "failures", "errors") == [3, int(element == "failure"), int(element == "error")]

    def test_one_whose_children_tell_of_it_has_none(self) -> None:
        report = written(facts(session("a", **failed()), root=blocked()))
        assert [each.get("name") for each in report.iter("testcase")] == ["a"]

    def test_components_without_a_session_are_errors(self) -> None:
        absent = {"component_id": "b", "component": "b", "reason": "disk full"}
        report = written(facts(session("a", **complete()), root=blocked(needs_human={"not_created": [absent]})))
        assert case(report, "b")[0].attrib == {"type": "spawn_error", "message": "not created: disk full"}
        assert totals(report, "tests", "errors") == [2, 1]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_names_and_reasons_hold_it_is_valid(text: str) -> None:
    hostile = session("a", **failed(f"{text}\n{text}"), component=text, module=text, artifact_path=text)
    told = {"a-0123456789": rows(text, text)}
    report = written(facts(hostile, session("b", **skipped(text, text)), root=blocked(text), transcripts=told))
    assert len(list(report.iter("testcase"))) == 2
    assert "\x1b" not in junit(facts(hostile, root=blocked(text))).decode()
