"""The offline agent's work on a test file: the contract of a Python module, drafted anew or added to what is there."""

import ast
import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from covey.agents.offline.content import known_so_far
from covey.agents.offline.contract.adding import NameTakenError, added
from covey.agents.offline.contract.draft import drafted
from covey.agents.offline.contract.marker import is_unchanged
from covey.agents.offline.contract.project import Project, Unit, parsed
from covey.agents.offline.contract.promises import Promises
from covey.agents.offline.work import FailedError, Work
from covey.model.status import FailureCause
from covey.text.quoting import visible

_BINARIES = (".so", ".pyd")
_FINDINGS_NAMED = 10
_FINDING_SHOWN = 200
_DIFFER = "code and contract differ, and a person has to decide which of them is right"
_NO_MORE = (
    "the offline agent can say no more of this code: mend the tests by hand (the file says why a test is skipped), or "
    "have another agent do it (covey retry --agent)"
)


class TestWork(Work):
    """The work on one test file."""

    limit = 4 * 1024 * 1024
    __test__ = False  # pytest takes it for a test by its name

    def new(self) -> str:
        """The contract of the component's code, as tests."""
        return drafted(self._promises())

    def mended(self, before: str) -> str:
        """An unchanged draft anew; any other file with tests for what it does not name yet, and all its lines.

        Where tests fail, the contract is broken: to draft it anew from the code that broke it would hide just that.
        """
        target, findings = visible(self.assignment.target), self.assignment.findings
        if not before.removeprefix("\ufeff").strip():
            return self.new()
        tree, is_draft = self._tree(before), is_unchanged(before)
        if any(_names_a_test(finding, tree) for finding in findings):
            raise self._undecided(before, is_draft=is_draft)
        if is_draft:
            return self._anew(before)
        try:
            after = added(before, tree, self._promises())
        except NameTakenError as error:
            raise FailedError(f"{target}: {error}; rename it by hand", FailureCause.CHECK_FAILED) from error
        if after == before and findings:
            raise FailedError(f"{target}: there is nothing to add: {_listed(findings)}", FailureCause.CHECK_FAILED)
        self.report.append(f"Kept every line of {target}; {'nothing to add' if after == before else 'added tests'}.")
        return after

    def _anew(self, before: str) -> str:
        """The draft of the present code in place of an earlier one that nobody has changed."""
        target, findings = visible(self.assignment.target), self.assignment.findings
        after = self.new()
        if after == before.replace("\r\n", "\n"):
            if findings:
                raise FailedError(f"{target}: {_NO_MORE}: {_listed(findings)}", FailureCause.CHECK_FAILED)
            return before
        self.report.append(f"{target} was an unchanged draft: written anew from the present code.")
        return after

    def _undecided(self, before: str, *, is_draft: bool) -> FailedError:
        """Tests fail, and which of the two is right, the code or its contract, is not for an agent without a model."""
        target, again = visible(self.assignment.target), f"covey retry {self.assignment.session_id[:8]}"
        if not is_draft:
            advice = f"{_DIFFER}: mend the code, or the tests"
        elif self.new() == before.replace("\r\n", "\n"):
            advice = _NO_MORE
        else:
            advice = f"{_DIFFER}: mend the code; or delete {target}, and {again} drafts it anew"
        return FailedError(f"{target}: {advice}: {_listed(self.assignment.findings)}", FailureCause.CHECK_FAILED)

    def _tree(self, text: str) -> ast.Module:
        """The syntax tree of the test file that is there."""
        target = visible(self.assignment.target)
        try:
            return parsed(text.removeprefix("\ufeff"))
        except SyntaxError as error:
            message = f"{target}:{error.lineno or 1}: syntax error: {error.msg}; change it by hand"
            raise FailedError(message, FailureCause.CHECK_FAILED) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise FailedError(f"{target}: cannot be read as Python", FailureCause.CHECK_FAILED) from error

    def _promises(self) -> Promises:
        # whatever reads code is imported when first used, as griffe is
        from covey.agents.offline.contract.reading import promises  # noqa: PLC0415

        work = self.assignment
        name = self._importable_name()
        source = self.source()
        if source is None:
            raise FailedError(
                f"{visible(work.source)}: there is no code yet; the offline agent tests only what is there"
            )
        facts = self.facts(source)
        self.report.append(f"Read {visible(work.source)}: {known_so_far(facts)}.")
        note = visible(work.note.strip()) if work.note else ""
        unit = Unit(name, PurePosixPath(work.source).name == "__init__.py", parsed(source))
        project = Project(work.workspace, work.source_roots, unit)
        found = promises(project, unit, facts, compiled=self._is_compiled(), digest=_digest(source))
        return replace(found, note=note)

    def _importable_name(self) -> str:
        """The name by which a test imports the module."""
        work = self.assignment
        module = work.component.module_name.removesuffix(".__init__")
        if PurePosixPath(work.source).suffix != ".py" or PurePosixPath(work.target).suffix != ".py":
            raise FailedError(
                f"{visible(work.target)}: the offline agent writes tests for Python alone, and {visible(work.source)} "
                "is none; name another agent with --agent, or as run.agent in covey.toml"
            )
        if not all(module.split(".")):
            raise FailedError(f"{visible(work.target)}: {visible(module)} is no name that Python can import")
        return module

    def _is_compiled(self) -> bool:
        """A binary of the module stands beside its source; Python takes that first."""
        source = self.assignment.workspace / self.assignment.source
        try:
            names = os.listdir(source.parent)  # noqa: PTH208 -- names are all that is needed
        except OSError:
            return False
        return any(name.partition(".")[0] == source.stem and name.endswith(_BINARIES) for name in names)


def _digest(source: str) -> str:
    """The SHA-256 of a module's text as Python reads it from a file: every line end is the same."""
    return hashlib.sha256(source.replace("\r\n", "\n").replace("\r", "\n").encode()).hexdigest()


def _names_a_test(finding: str, tree: ast.Module) -> bool:
    """The finding is about a test in the file, not about the file as a whole."""
    functions = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return "::" in finding or any(name in finding for name in functions if name.startswith("test"))


def _listed(findings: Sequence[str]) -> str:
    shown = "; ".join(visible(finding, _FINDING_SHOWN) for finding in findings[:_FINDINGS_NAMED])
    more = len(findings) - _FINDINGS_NAMED
    return f"{shown}; and {more} more" if more > 0 else shown
