"""Which files a run of tests is about, what is expected of it, and what the last one found.

A run of tests holds for the two files as they were: while neither has changed since, it need not be done again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from covey.artifacts.fingerprint import fingerprint
from covey.artifacts.presence import look_at
from covey.config.settings import Settings
from covey.model.session import Session
from covey.projects.paths import ArtifactKind, PathRules
from covey.steps.base import own_path

TESTED = "tested"
"""The key of `state` that holds what the last run of tests was of, and what it found wrong."""

_KEPT, _CHARACTERS = 20, 500


class Project(Protocol):
    """What has to be known of a project to tell which files belong together."""

    @property
    def root(self) -> Path:
        """Its root, absolute."""
        ...

    @property
    def home(self) -> Path:
        """Its root, even where a session works elsewhere, so that `root` is another."""
        ...

    @property
    def settings(self) -> Settings:
        """Its settings."""
        ...

    @property
    def rules(self) -> PathRules:
        """Its path rules."""
        ...


class Expected(StrEnum):
    """How a component's tests have to end: they fail, with `tests_first`, while there is no implementation."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run of tests is about: two files by their paths, whether the code is there, and how it has to end.

    `uncommitted` are those of the two that lie in the project, but not where the session works, which is a worktree of
    the last commit then. `state` is a value that differs once one of the files, or what is expected, does.
    """

    test: str
    code: str
    implemented: bool
    expected: Expected
    uncommitted: frozenset[str]
    state: str


def subject_of(project: Project, session: Session, kind: ArtifactKind) -> Subject:
    """The subject of a session with an artifact of this kind: its own file as it has it, the other by the rules."""
    own, other = own_path(session), ArtifactKind.TEST if kind is ArtifactKind.CODE else ArtifactKind.CODE
    beside = project.rules.path_of(other, session.module, session.component)
    test, code = (beside, own) if kind is ArtifactKind.CODE else (own, beside)
    implemented, uncommitted = look_at(project.root, code).present, frozenset(_uncommitted(project, (test, code)))
    is_to_come = not implemented and code not in uncommitted
    fails = kind is ArtifactKind.TEST and project.settings.run.tests_first and is_to_come
    expected = Expected.FAIL if fails else Expected.PASS
    state = f"{expected}:{fingerprint(project.root, (test, code))}"
    return Subject(test, code, implemented, expected, uncommitted, state)


def _uncommitted(project: Project, paths: Iterable[str]) -> Iterable[str]:
    if project.root == project.home:
        return ()
    missing = [path for path in paths if not look_at(project.root, path).present]
    return [path for path in missing if look_at(project.home, path).present]


def remembered(state: str, findings: Sequence[str]) -> dict[str, object]:
    """What is put into the session's state about a run of tests; no findings: it ended as it had to."""
    kept = [finding[:_CHARACTERS] for finding in findings[:_KEPT]]
    more = [f"and {len(findings) - _KEPT} more"] if len(findings) > _KEPT else []
    return {TESTED: {"of": state, "findings": [*kept, *more]}}


def findings_of(session: Session, subject: Subject) -> tuple[str, ...] | None:
    """What the last run of tests found wrong with these files; None when they were not run as they are now."""
    last = session.state.get(TESTED)
    if not isinstance(last, dict) or last.get("of") != subject.state:
        return None
    found = last.get("findings")
    return tuple(str(finding) for finding in found) if isinstance(found, list) else None
