"""What a run of tests comes to: from what the executor has recorded of it to what is wrong. Pure.

The report decides where there is one, the exit code of other test runners where there is none. A program that says
that all is well without having tested anything is not believed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from covey.model.command import Result, ResultStatus
from covey.steps.tested import Expected

ALL_SKIPPED = "all of its tests ({}) are skipped, so they vouch for nothing: write one that runs"
NO_TESTS = "it has no tests: none was collected; write functions whose names begin with test_"

UNCOMMITTED = "is not in the commit that this run works on: commit it, covey cancel the run, and start a new one"

_DECIDED_BY_REPORT = frozenset({0, 1})
"""The exit codes of pytest with which it has run all that it collected."""


def findings_in(result: Result) -> tuple[str, ...]:
    """What is wrong, each in a line; nothing when the tests ended as they had to.

    `result.data` has `expected`, `code` (the implementation's path), `implemented` (it is there), `uncommitted` (it is
    there, but not where the session works), and for pytest `counts`, `failures`, `passing`, `collection`, or
    `unreported`, which says why there is no report. Without `ended` nothing was run.
    """
    data: Mapping[str, Any] = result.data
    if data.get("ended") == "timeout":
        return (f"{result.error_message}, and was ended: no test may wait for ever",)
    if "ended" not in data or result.code is None or result.code < 0:
        return (result.error_message or "the tests were not run",)
    if "counts" not in data and "unreported" not in data:
        return tuple(_by_exit_code(result))
    stopped = _stopped(result)
    if stopped is not None and not data.get("failures"):
        return (stopped,)
    fails = data.get("expected") == Expected.FAIL
    return tuple(_that_they_fail(data) if fails else _that_they_pass(data))


def _by_exit_code(result: Result) -> Iterator[str]:
    if result.data.get("expected") == Expected.FAIL:
        if result.status is ResultStatus.OK:
            yield f"the tests pass although {result.data.get('code')} does not exist yet: they test nothing of it"
    elif result.status is not ResultStatus.OK:
        yield from _advice(result.data)
        yield result.error_message or "the tests fail"


def _stopped(result: Result) -> str | None:
    """Why pytest did not come to its end; None when it did."""
    data: Mapping[str, Any] = result.data
    if "unreported" in data:
        return f"{result.error_message or 'pytest ended as if all were well'} ({data['unreported']})"
    if result.code not in _DECIDED_BY_REPORT and data["counts"]["tests"]:
        return result.error_message or "the tests were stopped"
    return None


def _that_they_pass(data: Mapping[str, Any]) -> Iterator[str]:
    counts, failures = data["counts"], data["failures"]
    if counts["passed"] and not failures:
        return
    yield from _advice(data)
    if failures:
        yield from (_told(failure, data.get("collection")) for failure in failures)
    elif counts["tests"]:
        yield ALL_SKIPPED.format(counts["tests"])
    else:
        yield NO_TESTS


def _that_they_fail(data: Mapping[str, Any]) -> Iterator[str]:
    counts, code, collection = data["counts"], data.get("code"), data.get("collection")
    if collection:
        yield f"{_told(collection, collection)}: as long as {code} does not exist, import it inside of the tests"
    elif not counts["tests"]:
        yield NO_TESTS
    elif not counts["failed"] + counts["errors"]:
        yield f"none of its tests ({counts['tests']}) fails although {code} does not exist yet"
    else:
        for name in data["passing"]:
            yield f"{name} passes although {code} does not exist yet: it tests nothing of it"


def _told(failure: Mapping[str, Any], collection: object) -> str:
    place = f" (line {failure['line']})" if failure.get("line") else ""
    what = "its tests cannot be collected" if failure == collection else failure["name"]
    return f"{what}{place}: {failure['message']}"


def _advice(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("uncommitted"):
        yield f"{data.get('code')} {UNCOMMITTED}"
    elif data.get("implemented") is False:
        yield f"{data.get('code')} is not there: write it first, or set tests_first = true under [run] in covey.toml"
