"""GenerateComponentDesign and ReviseDesign: what an agent is handed, and the file's word over the agent's."""

import pytest

from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.steps.agent_work import NOTE_TAKEN
from covey.steps.base import Handled, Step, Tools
from covey.steps.generate_design import GenerateComponentDesign
from covey.steps.revise_design import ReviseDesign
from tests.family import VALID, Family, component, result

PATH = "docs/design/shop/alpha.md"
WITHOUT_API = VALID.replace("## Public API", "## Nothing of the kind")


@pytest.fixture
async def child(family: Family, parent: Session) -> Session:
    return await family.child(parent, component("Alpha"))


async def noted(family: Family, child: Session, note: str = "say more") -> Session:
    """The child in a second attempt, with a note."""
    return await family.retry(await family.fail(child), note=note)


@pytest.mark.parametrize("step", [GenerateComponentDesign, ReviseDesign])
class TestJudge:
    """What lies on the disk decides, whatever the agent says."""

    async def test_well_with_the_file(self, family: Family, child: Session, step: type[Step]) -> None:
        family.write(PATH, WITHOUT_API)
        given = result()

        handled = await make(step, family.tools()).handle_result(family.scope, child, given)

        assert handled.result == given
        assert handled.present

    @pytest.mark.parametrize("text", [None, " \n"], ids=["no file", "a blank file"])
    async def test_well_without_the_file_is_missing_file(
        self, family: Family, child: Session, step: type[Step], text: str | None
    ) -> None:
        if text is not None:
            family.write(PATH, text)

        handled = await make(step, family.tools()).handle_result(family.scope, child, result())

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"the agent ended well, but {PATH} is not there"
        assert handled.result.data["cause"] is FailureCause.MISSING_FILE
        assert not handled.present

    async def test_failed_although_the_file_passes(self, family: Family, child: Session, step: type[Step]) -> None:
        family.write(PATH)
        given = result(ResultStatus.ERROR, "exit 3", cause=FailureCause.TIMEOUT)

        handled = await make(step, family.tools()).handle_result(family.scope, child, given)

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"exit 3; {PATH} is there and passes, a retry will keep it"
        assert handled.result.data["cause"] is FailureCause.TIMEOUT
        assert handled.present

    @pytest.mark.parametrize("text", [None, WITHOUT_API], ids=["no file", "one that does not pass"])
    async def test_failed(self, family: Family, child: Session, step: type[Step], text: str | None) -> None:
        if text is not None:
            family.write(PATH, text)
        given = result(ResultStatus.ERROR, "exit 3")

        handled = await make(step, family.tools()).handle_result(family.scope, child, given)

        assert handled.result == given

    @pytest.mark.parametrize("status", [ResultStatus.OK, ResultStatus.ERROR])
    async def test_the_note_of_this_attempt_has_been_taken(
        self, family: Family, child: Session, step: type[Step], status: ResultStatus
    ) -> None:
        child = await noted(family, child)

        handled = await make(step, family.tools()).handle_result(family.scope, child, result(status))

        assert handled.updates == {"state": {NOTE_TAKEN: 2}}


class TestGenerate:
    """The agent is handed the file that it is to write."""

    @pytest.mark.parametrize("existed", [False, True])
    async def test_assignment(self, family: Family, child: Session, *, existed: bool) -> None:
        if existed:
            family.write(PATH, "a draft")

        command = await GenerateComponentDesign(family.tools()).get_command(family.scope, child)

        assert (command.module, command.command) == ("GenerateComponentDesign", CommandKind.AGENT)
        assert command.metadata == {
            "task": "generate",
            "artifact": "design",
            "path": PATH,
            "findings": [],
            "existed": existed,
        }


class TestRevise:
    """The agent is handed what is wrong, as it is now."""

    async def test_findings_are_handed_over(self, family: Family, child: Session) -> None:
        family.write(PATH, WITHOUT_API)

        command = await ReviseDesign(family.tools()).get_command(family.scope, child)

        assert (command.module, command.command) == ("ReviseDesign", CommandKind.AGENT)
        finding = "the section 'Public API' is missing; add '## Public API' and write it"
        assert command.metadata == {
            "task": "revise",
            "artifact": "design",
            "path": PATH,
            "findings": [finding],
            "existed": True,
        }

    async def test_a_file_that_is_gone_is_a_finding(self, family: Family, child: Session) -> None:
        command = await ReviseDesign(family.tools()).get_command(family.scope, child)

        assert command.command is CommandKind.AGENT
        assert command.metadata["findings"] == [f"{PATH} is not there"]

    async def test_a_file_that_became_valid_meanwhile_is_only_looked_at(self, family: Family, child: Session) -> None:
        family.write(PATH)

        command = await ReviseDesign(family.tools()).get_command(family.scope, child)

        assert (command.command, command.metadata) == (CommandKind.CHECK, {"path": PATH})

    async def test_what_was_only_looked_at_goes_on_to_be_validated(self, family: Family, child: Session) -> None:
        given = result(present=True)

        handled = await ReviseDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled == Handled({}, given)

    async def test_a_note_goes_to_the_agent_though_the_file_passes(self, family: Family, child: Session) -> None:
        child = await noted(family, child)
        family.write(PATH)

        command = await ReviseDesign(family.tools()).get_command(family.scope, child)

        assert (command.command, command.metadata["findings"]) == (CommandKind.AGENT, [])


def make(step: type[Step], tools: Tools) -> Step:
    return step(tools)  # type: ignore[call-arg]
