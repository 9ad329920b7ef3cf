"""The offline agent's work on a test file: the contract of a Python module, drafted anew or added to what is there."""

import os
from pathlib import PurePosixPath

from covey.agents.offline.content import known_so_far
from covey.agents.offline.contract.draft import drafted
from covey.agents.offline.contract.project import Project, Unit, parsed
from covey.agents.offline.contract.promises import Promises
from covey.agents.offline.work import FailedError, Work
from covey.text.quoting import visible

_BINARIES = (".so", ".pyd")


class TestWork(Work):
    """The work on one test file."""

    limit = 4 * 1024 * 1024
    __test__ = False  # pytest takes it for a test by its name

    def new(self) -> str:
        """The contract of the component's code, as tests."""
        promises = self._promises()
        self.report.append(f"Left to a person: {len(promises.behaviours)} documented behaviours.")
        return drafted(promises)

    def mended(self, before: str) -> str:
        return before

    def _promises(self) -> Promises:
        # griffe is imported when first used, and with it whatever reads code
        from covey.agents.offline.contract.reading import promises  # noqa: PLC0415

        work = self.assignment
        name = self._importable_name()
        source = self.source()
        if source is None:
            raise FailedError(f"{visible(work.source)}: there is no code yet; the offline agent tests only what is there")
        facts = self.facts(source)
        self.report.append(f"Read {visible(work.source)}: {known_so_far(facts)}.")
        unit = Unit(name, PurePosixPath(work.source).name == "__init__.py", parsed(source))
        project = Project(work.workspace, work.source_roots, unit)
        return promises(project, unit, facts, compiled=self._is_compiled())

    def _importable_name(self) -> str:
        """The name by which a test imports the module."""
        work = self.assignment
        module = work.component.module_name.removesuffix(".__init__")
        if PurePosixPath(work.source).suffix != ".py" or PurePosixPath(work.target).suffix != ".py":
            raise FailedError(
                f"{visible(work.target)}: the offline agent writes tests for Python alone, and {visible(work.source)} "
                "is none; name another agent with --agent, or as run.agent in covey.toml"
            )
        if not all(part.isidentifier() for part in module.split(".")):
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
