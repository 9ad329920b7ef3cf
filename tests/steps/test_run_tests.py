"""RunTests, FixTestFailures and Finalize of children whose tests decide; and what a child of each kind begins with."""

from typing import Any

import pytest
from msgspec.structs import replace

from covey.config.settings import CommandsTable
from covey.errors import StepError
from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import NOTE_TAKEN
from covey.steps.base import Handled
from covey.steps.finalize import FinalizeTested
from covey.steps.fix_test_failures import FixTestFailures
from covey.steps.generate_implementation import GenerateImplementation
from covey.steps.generate_tests import GenerateTestsAndFixtures
from covey.steps.initialize import InitializeChild
from covey.steps.run_tests import RunTests
from covey.steps.tested import remembered, subject_of
from tests.family import Family, component, result
from tests.tested import CODE, RIGHT, TABLE, TEST, TOTAL

KINDS = [ArtifactKind.TEST, ArtifactKind.CODE]
TYPES = {ArtifactKind.TEST: "ComponentTestSessions", ArtifactKind.CODE: "ComponentCodingSessions"}
OWN = {ArtifactKind.TEST: TEST, ArtifactKind.CODE: CODE}
NONE_FAILED = {"counts": {"tests": 1, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}, "failures": []}
ONE_FAILED = {
    "counts": {"tests": 2, "passed": 1, "failed": 1, "errors": 0, "skipped": 0},
    "failures": [{"name": "test_a", "file": TEST, "line": 3, "message": "it broke", "kind": "failed"}],
}


async def child_of(family: Family, parent: Session, kind: ArtifactKind, **fields: Any) -> Session:
    return await family.child(parent, component("Alpha"), type=TYPES[kind], artifact_path=OWN[kind], **fields)


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> ArtifactKind:
    return ArtifactKind(request.param)


@pytest.fixture
async def child(family: Family, parent: Session, kind: ArtifactKind) -> Session:
    """A child with an artifact of each kind, whose test file and code are there."""
    family.write(TEST, RIGHT)
    family.write(CODE, TOTAL)
    return await child_of(family, parent, kind)


def ran(command: Command, **data: Any) -> Result:
    """What came of a run of tests, as the executor tells it."""
    facts = {key: command.metadata[key] for key in ("test", "code", "implemented", "uncommitted", "expected", "of")}
    facts["ended"] = "exited"
    status = ResultStatus.ERROR if data.get("failures") else ResultStatus.OK
    code = 1 if data.get("failures") else 0
    return replace(result(status, "exited with code 1" if code else None, **facts, **data), code=code)


async def after(family: Family, child: Session, handled: Handled) -> Session:
    """The child with what a step has put into its state."""
    return replace(await family.now(child), state={**child.state, **handled.updates.get("state", {})})


class TestRunTests:
    """The project's test command decides over the file."""

    async def test_its_command(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        command = await RunTests(family.tools(commands=TABLE), kind).get_command(family.scope, child)

        assert (command.module, command.command) == ("RunTests", CommandKind.SHELL)
        assert command.metadata["arguments"] == [
            "env",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
            TABLE.python,
            "-m",
            "pytest",
            "-q",
            TEST,
        ]
        assert (command.metadata["test"], command.metadata["code"]) == (TEST, CODE)
        assert (command.metadata["implemented"], command.metadata["expected"]) == (True, "pass")

    @pytest.mark.parametrize("tests_first", [False, True])
    async def test_what_is_expected_without_an_implementation(
        self, family: Family, parent: Session, *, tests_first: bool
    ) -> None:
        family.write(TEST, RIGHT)
        child = await child_of(family, parent, ArtifactKind.TEST)
        tools = family.tools(commands=TABLE, tests_first=tests_first)

        command = await RunTests(tools, ArtifactKind.TEST).get_command(family.scope, child)

        assert command.metadata["expected"] == ("fail" if tests_first else "pass")
        assert command.metadata["implemented"] is False

    async def test_tests_first_changes_nothing_where_there_is_an_implementation(
        self, family: Family, child: Session, kind: ArtifactKind
    ) -> None:
        tools = family.tools(commands=TABLE, tests_first=True)
        command = await RunTests(tools, kind).get_command(family.scope, child)
        assert command.metadata["expected"] == "pass"

    async def test_a_file_that_is_gone_is_looked_at(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        (family.root / OWN[kind]).unlink()
        step = RunTests(family.tools(commands=TABLE), kind)

        command = await step.get_command(family.scope, child)
        gone = await step.handle_result(family.scope, child, result(present=False, reason="is blank"))
        back = await step.handle_result(family.scope, child, result(present=True))

        assert (command.command, command.metadata) == (CommandKind.CHECK, {"path": OWN[kind]})
        assert (gone.result.status, gone.result.error_message) == (ResultStatus.ERROR, f"{OWN[kind]} is blank")
        assert gone.result.data["cause"] is FailureCause.MISSING_FILE
        assert (back.result.status, back.result.error_message) == (ResultStatus.WARNING, f"{OWN[kind]} is there now")

    async def test_no_program_is_a_precondition(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        tools = family.tools(commands=CommandsTable(test=("no-such-runner", "{file}")))
        with pytest.raises(
            StepError, match=r"no-such-runner.*; install it, or set python or test under \[commands\] in covey.toml"
        ):
            await RunTests(tools, kind).get_command(family.scope, child)

    async def test_well(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        step = RunTests(family.tools(commands=TABLE), kind)
        command = await step.get_command(family.scope, child)

        handled = await step.handle_result(family.scope, child, ran(command, **NONE_FAILED))

        assert (handled.result.status, handled.result.error_message) == (ResultStatus.OK, None)
        assert handled.updates == {"state": {"tested": {"of": command.metadata["of"], "findings": []}}}

    async def test_failed(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        step = RunTests(family.tools(commands=TABLE), kind)
        command = await step.get_command(family.scope, child)

        handled = await step.handle_result(family.scope, child, ran(command, **ONE_FAILED))

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"{TEST}: test_a (line 3): it broke"
        assert handled.result.data["cause"] is FailureCause.CHECK_FAILED
        assert handled.result.data["findings"] == ["test_a (line 3): it broke"]
        assert handled.updates["state"]["tested"]["findings"] == ["test_a (line 3): it broke"]

    async def test_many_failures_are_named_in_part(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        step = RunTests(family.tools(commands=TABLE), kind)
        command = await step.get_command(family.scope, child)
        failures = [{"name": f"test_{n}", "line": None, "message": "x" * 900} for n in range(50)]

        handled = await step.handle_result(
            family.scope, child, ran(command, counts=ONE_FAILED["counts"], failures=failures)
        )

        assert (handled.result.error_message or "").endswith("; and 47 more")
        kept = handled.updates["state"]["tested"]["findings"]
        assert len(kept) == 21
        assert max(map(len, kept)) == 500
        assert kept[-1] == "and 30 more"

    async def test_a_note_counts_until_an_agent_had_it(
        self, family: Family, child: Session, kind: ArtifactKind
    ) -> None:
        child = await family.retry(await family.fail(child), note="say more")
        step = RunTests(family.tools(commands=TABLE), kind)
        command = await step.get_command(family.scope, child)

        handled = await step.handle_result(family.scope, child, ran(command, **NONE_FAILED))
        child = await after(family, child, handled)
        fix = await FixTestFailures(family.tools(commands=TABLE), kind).get_command(family.scope, child)
        taken = await FixTestFailures(family.tools(commands=TABLE), kind).handle_result(family.scope, child, result())
        again = await step.handle_result(family.scope, await after(family, child, taken), ran(command, **NONE_FAILED))

        assert handled.result.error_message == f"{TEST}: a person asks: say more"
        assert (fix.command, fix.metadata["findings"]) == (CommandKind.AGENT, [])
        assert taken.updates == {"state": {NOTE_TAKEN: 2}}
        assert again.result.status is ResultStatus.OK

    async def test_work_that_was_ended_is_an_error(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        given = result(ResultStatus.ERROR, "ended before it had a result")
        handled = await RunTests(family.tools(), kind).handle_result(family.scope, child, given)
        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"{OWN[kind]}: ended before it had a result"


class TestFix:
    """The agent is handed what failed, as long as it is about the files as they are."""

    async def test_failures_are_handed_over(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        tools = family.tools(commands=TABLE)
        run = RunTests(tools, kind)
        command = await run.get_command(family.scope, child)
        child = await after(family, child, await run.handle_result(family.scope, child, ran(command, **ONE_FAILED)))

        command = await FixTestFailures(tools, kind).get_command(family.scope, child)

        assert (command.module, command.command) == ("FixTestFailures", CommandKind.AGENT)
        assert command.metadata == {
            "task": "revise",
            "artifact": kind,
            "path": OWN[kind],
            "findings": ["test_a (line 3): it broke"],
            "existed": True,
        }

    @pytest.mark.parametrize("path", [TEST, CODE])
    async def test_what_somebody_has_changed_since_is_only_looked_at(
        self, family: Family, child: Session, kind: ArtifactKind, path: str
    ) -> None:
        tools = family.tools(commands=TABLE)
        run = RunTests(tools, kind)
        command = await run.get_command(family.scope, child)
        child = await after(family, child, await run.handle_result(family.scope, child, ran(command, **ONE_FAILED)))
        family.write(path, "# mended by hand\n")

        command = await FixTestFailures(tools, kind).get_command(family.scope, child)
        handled = await FixTestFailures(tools, kind).handle_result(family.scope, child, given := result(present=True))

        assert (command.command, command.metadata) == (CommandKind.CHECK, {"path": OWN[kind]})
        assert handled == Handled({}, given)

    async def test_a_file_that_is_gone_is_a_finding(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        (family.root / OWN[kind]).unlink()
        command = await FixTestFailures(family.tools(), kind).get_command(family.scope, child)
        assert (command.command, command.metadata["findings"]) == (CommandKind.AGENT, [f"{OWN[kind]} is not there"])

    async def test_well_without_the_file_is_missing_file(
        self, family: Family, child: Session, kind: ArtifactKind
    ) -> None:
        (family.root / OWN[kind]).unlink()
        handled = await FixTestFailures(family.tools(), kind).handle_result(family.scope, child, result())
        assert handled.result.data["cause"] is FailureCause.MISSING_FILE


class TestFinalize:
    """A child ends well only with its file, and with tests that are in order."""

    async def finished(self, family: Family, child: Session, kind: ArtifactKind, **data: Any) -> Session:
        run = RunTests(family.tools(commands=TABLE), kind)
        command = await run.get_command(family.scope, child)
        return await after(family, child, await run.handle_result(family.scope, child, ran(command, **data)))

    async def test_what_has_not_changed_is_not_run_again(
        self, family: Family, child: Session, kind: ArtifactKind
    ) -> None:
        child = await self.finished(family, child, kind, **NONE_FAILED)
        step = FinalizeTested(family.tools(commands=TABLE), kind)

        command = await step.get_command(family.scope, child)
        handled = await step.handle_result(family.scope, child, given := result(present=True))

        assert (command.module, command.command) == ("Finalize", CommandKind.CHECK)
        assert command.metadata == {"path": OWN[kind]}
        assert handled == Handled({}, given)

    @pytest.mark.parametrize("path", [TEST, CODE])
    async def test_what_has_changed_is(self, family: Family, child: Session, kind: ArtifactKind, path: str) -> None:
        child = await self.finished(family, child, kind, **NONE_FAILED)
        family.write(path, "# changed\n")
        step = FinalizeTested(family.tools(commands=TABLE), kind)

        command = await step.get_command(family.scope, child)
        handled = await step.handle_result(family.scope, child, ran(command, **ONE_FAILED))

        assert (command.module, command.command) == ("Finalize", CommandKind.SHELL)
        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.data["cause"] is FailureCause.CHECK_FAILED

    async def test_what_was_not_in_order_is_run(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        child = await self.finished(family, child, kind, **ONE_FAILED)
        command = await FinalizeTested(family.tools(commands=TABLE), kind).get_command(family.scope, child)
        assert command.command is CommandKind.SHELL

    async def test_a_file_that_has_gone(self, family: Family, child: Session, kind: ArtifactKind) -> None:
        child = await self.finished(family, child, kind, **NONE_FAILED)
        (family.root / OWN[kind]).unlink()
        step = FinalizeTested(family.tools(commands=TABLE), kind)

        command = await step.get_command(family.scope, child)
        handled = await step.handle_result(family.scope, child, result(present=False, reason="is not there"))

        assert command.command is CommandKind.CHECK
        assert (handled.result.status, handled.result.error_message) == (
            ResultStatus.ERROR,
            f"{OWN[kind]} is not there",
        )
        assert handled.result.data["cause"] is FailureCause.MISSING_FILE


class TestWithoutTests:
    """Nothing says what code has to do: no agent is asked for it, and nothing is moved."""

    @pytest.mark.parametrize("text", [None, " \n"], ids=["no file", "a blank file"])
    @pytest.mark.parametrize("name", ["Initialize", "GenerateImplementation", "RunTests", "Finalize"])
    async def test_refused(self, family: Family, parent: Session, name: str, text: str | None) -> None:
        family.write(CODE, TOTAL)
        if text is not None:
            family.write(TEST, text)
        child = await child_of(family, parent, ArtifactKind.CODE, state={"overwrite": True})
        tools = family.tools(commands=TABLE)
        steps = {
            "Initialize": InitializeChild(tools, ArtifactKind.CODE),
            "GenerateImplementation": GenerateImplementation(tools),
            "RunTests": RunTests(tools, ArtifactKind.CODE),
            "Finalize": FinalizeTested(tools, ArtifactKind.CODE),
        }
        with pytest.raises(StepError, match=r"^tests/shop/test_alpha.py is not there, .*: covey run test$"):
            await steps[name].get_command(family.scope, child)


@pytest.mark.parametrize("existed", [False, True])
async def test_what_is_asked_for(family: Family, parent: Session, *, existed: bool) -> None:
    family.write(TEST, RIGHT)
    if existed:
        family.write(CODE, TOTAL)
    coding = await child_of(family, parent, ArtifactKind.CODE)
    testing = await child_of(family, parent, ArtifactKind.TEST)

    code = await GenerateImplementation(family.tools()).get_command(family.scope, coding)
    tests = await GenerateTestsAndFixtures(family.tools()).get_command(family.scope, testing)

    assert (code.module, code.command) == ("GenerateImplementation", CommandKind.AGENT)
    assert (code.metadata["task"], code.metadata["artifact"]) == ("generate", "code")
    assert (code.metadata["path"], code.metadata["existed"]) == (CODE, existed)
    assert (tests.module, tests.command) == ("GenerateTestsAndFixtures", CommandKind.AGENT)
    assert (tests.metadata["artifact"], tests.metadata["path"], tests.metadata["existed"]) == ("test", TEST, True)


@pytest.mark.parametrize("step", [GenerateTestsAndFixtures, GenerateImplementation])
@pytest.mark.parametrize("present", [False, True])
async def test_the_file_has_its_word_over_the_agents(
    family: Family, parent: Session, step: type[GenerateTestsAndFixtures], *, present: bool
) -> None:
    kind = ArtifactKind.TEST if step is GenerateTestsAndFixtures else ArtifactKind.CODE
    child = await child_of(family, parent, kind)
    if present:
        family.write(OWN[kind], "x = 1\n")

    well = await step(family.tools()).handle_result(family.scope, child, result())
    badly = await step(family.tools()).handle_result(family.scope, child, result(ResultStatus.ERROR, "no key"))

    assert well.result.status is (ResultStatus.OK if present else ResultStatus.ERROR)
    assert well.present is present
    kept = f"; {OWN[kind]} is there, a retry first runs its tests" if present else ""
    assert badly.result.error_message == f"no key{kept}"


@pytest.mark.parametrize(
    ("findings", "said"), [((), "; {} is there and passes, a retry will keep it"), (("test_a: it broke",), "")]
)
async def test_of_a_file_that_was_tested_as_it_is_no_other_run_is_promised(
    family: Family, child: Session, kind: ArtifactKind, findings: tuple[str, ...], said: str
) -> None:
    of = subject_of(family.tools(), child, kind).state
    tested = replace(child, state={**child.state, **remembered(of, findings)})

    handled = await FixTestFailures(family.tools(), kind).handle_result(
        family.scope, tested, result(ResultStatus.ERROR, "no key")
    )

    assert handled.result.error_message == f"no key{said.format(OWN[kind])}"
