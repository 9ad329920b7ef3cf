"""Reports of tests: what pytest really writes, and what a hostile project may write in its place."""

import pytest

from covey.artifacts.junit import (
    MOST_FAILURES,
    Counts,
    FailingTest,
    FailureKind,
    UnreadableError,
    read_report,
)

CASE = (
    '<testcase classname="tests.test_a" name="{name}" file="tests/test_a.py" line="3" time="0.001">{inside}</testcase>'
)


def report(*cases: str) -> bytes:
    """A report as pytest writes it, with these cases."""
    head = '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">'
    return f"{head}{''.join(cases)}</testsuite></testsuites>".encode()


def case(inside: str = "", name: str = "test_it") -> str:
    return CASE.format(name=name, inside=inside)


FAILURE = """<failure message="AssertionError: esc #x1B[31m&#10;assert 2 == 1">def test_bad():
&gt;       helper(2)

tests/test_a.py:6:
_ _ _

x = 2
E       AssertionError: esc
E       assert 2 == 1

tests/test_a.py:9: AssertionError</failure>"""


class TestWhatPytestWrites:
    """Counts, names, lines and messages, in the words of its reports."""

    def test_every_outcome_is_counted_once(self) -> None:
        read = read_report(
            report(
                case(name="test_passes"),
                case(FAILURE, name="test_fails"),
                case('<error message="failed on setup with &quot;RuntimeError: no&quot;">E   RuntimeError: no</error>'),
                case('<skipped type="pytest.skip" message="later">tests/test_a.py:17: later</skipped>'),
                case('<skipped type="pytest.xfail" message="" />'),
                case("<failure message='a'/><error message='b'/>", name="test_both"),
            )
        )
        assert read.counts == Counts(tests=6, passed=1, failed=2, errors=1, skipped=2)
        assert read.passing == ("test_passes",)
        assert [each.name for each in read.failing] == ["test_fails", "test_it", "test_both"]
        assert read.collection is None

    def test_a_failure_is_told_with_the_line_where_it_happened(self) -> None:
        (failing,) = read_report(report(case(FAILURE))).failing
        assert failing == FailingTest(
            name="test_it",
            file="tests/test_a.py",
            line=9,
            message="AssertionError: esc #x1B[31m assert 2 == 1",
            kind=FailureKind.FAILED,
        )

    def test_without_a_traceback_it_is_where_the_test_begins(self) -> None:
        (failing,) = read_report(report(case("<failure message='no'/>"))).failing
        assert failing.line == 4

    def test_what_keeps_tests_from_being_collected_is_no_test(self) -> None:
        read = read_report(
            report(
                '<testcase classname="" name="tests.test_a" file="tests/test_a.py"><error message="collection failure">'
                'ImportError\nE     File "/x/tests/test_a.py", line 7\nE       def a(:\nE   SyntaxError: invalid'
                "</error></testcase>"
            ),
            base="/x",
        )
        assert read.counts == Counts(errors=1)
        assert read.collection is not None
        assert (read.collection.line, read.collection.message) == (
            7,
            'SyntaxError: invalid (File "tests/test_a.py", line 7 def a(:)',
        )
        assert read.failing == (read.collection,)

    def test_a_module_that_skips_itself_has_no_tests(self) -> None:
        skipped = (
            '<testcase classname="" name="tests.test_a"><skipped message="collection skipped">x</skipped></testcase>'
        )
        assert read_report(report(skipped)).counts == Counts()


class TestWhatAProjectMayWrite:
    """A report is the project's own word: it is read without being obeyed, and never to its end at any price."""

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\0",
            b"not xml",
            b"<a><b></a>",
            b"<a>&nothing;</a>",
            b"<a>&#0;</a>",
            b'<?xml version="1.0" encoding="nonsense"?><a/>',
            b'<?xml version="1.0" encoding="utf-16"?><a/>',
            b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            b'<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>',
            b"\xff\xfe<a/>",
        ],
    )
    def test_what_is_no_report_is_refused(self, data: bytes) -> None:
        with pytest.raises(UnreadableError, match="not a report of tests"):
            read_report(data)

    def test_a_billion_laughs_are_not_heard(self) -> None:
        entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
        with pytest.raises(UnreadableError):
            read_report(f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><a>&e9;</a>'.encode())

    def test_depth_and_other_elements_are_harmless(self) -> None:
        assert read_report(b"<a>" * 50_000 + b"</a>" * 50_000).counts == Counts()

    def test_texts_are_fit_for_one_line(self) -> None:
        hostile = "\u202e\u009b31m\n" + "x" * 5000
        (failing,) = read_report(report(case(f'<failure message="{hostile}"/>', name=f"test_{hostile}"))).failing
        for text, limit in ((failing.name, 200), (failing.message, 1000)):
            assert len(text) == limit
            assert "\n" not in text
            assert "\u202e" not in text
            assert "\u009b" not in text

    def test_of_many_failures_the_first_are_named_and_all_are_counted(self) -> None:
        read = read_report(report(*(case("<failure message='no'/>", name=f"test_{n}") for n in range(500))))
        assert (read.counts.failed, len(read.failing)) == (500, MOST_FAILURES)

    @pytest.mark.parametrize("line", ["x", "-1", "9" * 400, "٣"])
    def test_a_line_that_is_none(self, line: str) -> None:
        data = report(f'<testcase name="a" line="{line}"><failure message="no"/></testcase>')
        assert read_report(data).failing[0].line is None
