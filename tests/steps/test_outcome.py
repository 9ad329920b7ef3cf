"""What a run of tests comes to, by its report or by the exit code."""

from typing import Any

import pytest
from msgspec.structs import replace

from covey.model.command import Result, ResultStatus
from covey.steps.outcome import ALL_SKIPPED, NO_TESTS, UNCOMMITTED, findings_in
from tests.family import result

CODE = "shop/alpha.py"
LATER = f"as long as {CODE} does not exist, import it inside of the tests"


def ran(code: int, *, expected: str = "pass", implemented: bool = True, **data: Any) -> Result:
    """What the executor has recorded of a program that exited with this code."""
    status = ResultStatus.ERROR if code else ResultStatus.OK
    message = f"exited with code {code}" if code else None
    facts = {"code": CODE, "expected": expected, "implemented": implemented, "ended": "exited"}
    return replace(result(status, message, **{**facts, **data}), code=code)


def reported(
    code: int,
    *,
    passed: int = 0,
    failed: int = 0,
    errors: int = 0,
    skipped: int = 0,
    collection: str | None = None,
    **more: Any,
) -> Result:
    counts = {"passed": passed, "failed": failed, "errors": errors, "skipped": skipped}
    broken = {"name": "test_a", "line": 7, "message": collection or "it broke", "kind": "error"}
    failures = [{"name": f"test_{n}", "line": None, "message": "no"} for n in range(failed + errors)]
    return ran(
        code,
        counts={"tests": sum(counts.values()), **counts} if collection is None else {**counts, "tests": 0},
        failures=[broken] if collection else failures,
        passing=[f"test_{n}" for n in range(passed)],
        collection=broken if collection else None,
        **more,
    )


class TestThatPass:
    """The tests of what is implemented have to pass."""

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            (reported(0, passed=3), ()),
            (reported(0, passed=3, skipped=2), ()),
            (reported(1, passed=3), ()),  # a plug-in is not content, say with the coverage of one file
            (reported(1, passed=3, failed=1), ("test_0: no",)),
            (reported(1, errors=1), ("test_0: no",)),
            (reported(0, failed=1), ("test_0: no",)),
            (reported(2, collection="SyntaxError"), ("its tests cannot be collected (line 7): SyntaxError",)),
            (reported(5), (NO_TESTS,)),
            (reported(0), (NO_TESTS,)),
            (reported(0, skipped=2), (ALL_SKIPPED.format(2),)),
            (reported(2, passed=1), ("exited with code 2",)),
            (reported(3, passed=1), ("exited with code 3",)),
            (ran(4, unreported="it left no report"), ("exited with code 4 (it left no report)",)),
            (
                ran(0, unreported="it left no report"),
                ("pytest ended as if all were well (it left no report)",),
            ),
        ],
    )
    def test_by_the_report(self, given: Result, found: tuple[str, ...]) -> None:
        assert findings_in(given) == found

    @pytest.mark.parametrize(("code", "found"), [(0, ()), (2, ("exited with code 2",))])
    def test_by_the_exit_code(self, code: int, found: tuple[str, ...]) -> None:
        assert findings_in(ran(code)) == found

    @pytest.mark.parametrize("given", [reported(1, failed=1, implemented=False), ran(1, implemented=False)])
    def test_without_an_implementation_what_to_do_comes_first(self, given: Result) -> None:
        first, *_ = findings_in(given)
        assert first == f"{CODE} is not there: write it first, or set tests_first = true under [run] in covey.toml"

    def test_code_that_is_only_in_the_project(self) -> None:
        first, *_ = findings_in(reported(1, failed=1, implemented=False, uncommitted=True))
        assert first == f"{CODE} {UNCOMMITTED}"

    def test_one_that_waits_for_ever(self) -> None:
        given = replace(ran(-15, ended="timeout"), error_message="took longer than 10m")
        assert findings_in(given) == ("took longer than 10m, and was ended: no test may wait for ever",)


@pytest.mark.parametrize("expected", ["pass", "fail"])
class TestThatDoNotEnd:
    """What was not run to its end has neither passed nor failed, whatever was expected."""

    def test_what_was_never_run(self, expected: str) -> None:
        given = result(ResultStatus.ERROR, "the tests could not be run: no", code=CODE, expected=expected)
        assert findings_in(given) == ("the tests could not be run: no",)

    @pytest.mark.parametrize("code", [-9, None])
    def test_what_was_ended(self, expected: str, code: int | None) -> None:
        given = replace(ran(1, expected=expected), code=code, error_message="was ended by SIGKILL")
        assert findings_in(given) == ("was ended by SIGKILL",)


class TestThatFail:
    """The tests of what is not implemented yet have to be collected, and to fail."""

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            (reported(1, failed=2, expected="fail"), ()),
            (reported(1, errors=2, expected="fail"), ()),
            (reported(1, failed=1, skipped=1, expected="fail"), ()),
            (
                reported(1, failed=1, passed=1, expected="fail"),
                (f"test_0 passes although {CODE} does not exist yet: it tests nothing of it",),
            ),
            (
                reported(0, passed=2, expected="fail"),
                (f"none of its tests (2) fails although {CODE} does not exist yet",),
            ),
            (
                reported(0, skipped=2, expected="fail"),
                (f"none of its tests (2) fails although {CODE} does not exist yet",),
            ),
            (reported(5, expected="fail"), (NO_TESTS,)),
            (
                reported(2, collection="No module named 'shop'", expected="fail"),
                (f"its tests cannot be collected (line 7): No module named 'shop': {LATER}",),
            ),
            (ran(4, unreported="it left no report", expected="fail"), ("exited with code 4 (it left no report)",)),
            (ran(1, expected="fail"), ()),
            (
                ran(0, expected="fail"),
                (f"the tests pass although {CODE} does not exist yet: they test nothing of it",),
            ),
        ],
    )
    def test_by_the_report_or_the_exit_code(self, given: Result, found: tuple[str, ...]) -> None:
        assert findings_in(given) == found
