"""What steps have found beside their verdict, read from their results and from a session's state. Pure.

These are JSON of other programs' making, test runners among them: whatever is not as expected is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from covey.client import snapshot
from covey.model.session import Session


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
    tests = data.get("failures") if isinstance(data, Mapping) else None
    found = map(_test, tests) if isinstance(tests, list) else ()
    return tuple(test for test in found if test is not None)


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


def git_of(parent: Session, finalized: object) -> Git | None:
    """The branch and commit that a parent's state names; the pull request is what its last step has found."""
    facts = snapshot.git_of(parent) or {}
    pull_request = _text(finalized, "pull_request") if isinstance(finalized, Mapping) else ""
    found = Git(_text(facts, "branch"), _text(facts, "commit"), pull_request)
    return found if found.branch or found.commit else None


def changed_outside(finalized: object) -> tuple[str, ...]:
    """The files that changed during a run and are no artifact of it, as its last step lists them."""
    listed = finalized.get("changed_outside") if isinstance(finalized, Mapping) else None
    return tuple(path for path in listed if isinstance(path, str)) if isinstance(listed, list) else ()


def _text(facts: Mapping[Any, Any], key: str) -> str:
    found = facts.get(key)
    return found if isinstance(found, str) else ""
