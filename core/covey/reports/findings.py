"""What steps have found beside their verdict, read from their results and from a session's state. Pure.

These are JSON of other programs' making, test runners among them: whatever is not as expected is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PASSED = frozenset({"passed", "skipped", "xfailed"})


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A test that did not pass, as its runner names it; `kind` is as in "failed" or "error".

    `line` counts from 1, None where it is not known.
    """

    name: str
    file: str
    line: int | None
    message: str
    kind: str

    @property
    def place(self) -> str:
        """Where it stands, as in `tests/test_money.py:12`; blank where that is not known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


@dataclass(frozen=True, slots=True)
class Git:
    """The branch that a run works on, its commit, and its pull request's address; blank where there is none."""

    branch: str
    commit: str
    pull_request: str = ""


def failed_tests(data: object) -> tuple[FailedTest, ...]:
    """The tests that a result of RunTests names and that did not pass, in its order."""
    facts = data if isinstance(data, Mapping) else {}
    tests = facts.get("failures", facts.get("tests"))
    found = (_test(test) for test in tests) if isinstance(tests, list) else ()
    return tuple(test for test in found if test is not None and test.kind not in _PASSED)


def _test(test: object) -> FailedTest | None:
    if not isinstance(test, Mapping):
        return None
    line = test.get("line")
    read = FailedTest(
        name=_text(test, "name"),
        file=_text(test, "file"),
        line=line if isinstance(line, int) else None,
        message=_text(test, "message"),
        kind=_text(test, "kind"),
    )
    return read if read.name or read.message else None


def git_of(state: Mapping[str, Any], finalized: object) -> Git | None:
    """The branch and commit that a parent's state names, by themselves or under `git`.

    The pull request is what its last step has found.
    """
    inner = state.get("git")
    facts = inner if isinstance(inner, Mapping) else state
    pull_request = _text(finalized, "pull_request") if isinstance(finalized, Mapping) else ""
    found = Git(_text(facts, "branch"), _text(facts, "commit"), pull_request)
    return found if found.branch or found.commit else None


def changed_outside(state: Mapping[str, Any], finalized: object) -> tuple[str, ...]:
    """The files that changed during a run and are no artifact of it, as its last step or its state lists them."""
    for facts in (finalized, state, state.get("git")):
        listed = facts.get("changed_outside") if isinstance(facts, Mapping) else None
        if isinstance(listed, list):
            return tuple(path for path in listed if isinstance(path, str))
    return ()


def _text(facts: Mapping[Any, Any], key: str) -> str:
    found = facts.get(key)
    return found if isinstance(found, str) else ""
