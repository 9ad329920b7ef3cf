"""ValidateDesign: the findings of a check as a verdict, and a note that counts as one of them."""

import pytest

from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.steps.agent_work import NOTE_TAKEN
from covey.steps.base import Handled
from covey.steps.validate_design import ValidateDesign
from tests.family import Family, component, result

PATH = "docs/design/shop/alpha.md"


@pytest.fixture
async def child(family: Family, parent: Session) -> Session:
    return await family.child(parent, component("Alpha"))


async def test_the_document_is_checked(family: Family, child: Session) -> None:
    command = await ValidateDesign(family.tools()).get_command(family.scope, child)

    assert (command.module, command.command) == ("ValidateDesign", CommandKind.CHECK)
    assert command.metadata == {"path": PATH, "design": True}


async def test_no_findings(family: Family, child: Session) -> None:
    given = result(present=True, findings=[])

    handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

    assert handled == Handled({}, given)


async def test_findings_in_one_message(family: Family, child: Session) -> None:
    given = result(present=True, findings=["line 3: it is empty", "it is short"])

    handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

    assert handled.result.status is ResultStatus.ERROR
    assert handled.result.error_message == f"{PATH}: line 3: it is empty; it is short"
    assert handled.result.data["cause"] is FailureCause.CHECK_FAILED
    assert handled.result.data["findings"] == ["line 3: it is empty", "it is short"]


async def test_a_file_that_is_gone(family: Family, child: Session) -> None:
    given = result(present=False, findings=[f"{PATH} is not there"])

    handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

    assert handled.result.status is ResultStatus.ERROR
    assert handled.result.data["cause"] is FailureCause.MISSING_FILE


async def test_a_check_that_could_not_be_made(family: Family, child: Session) -> None:
    given = result(ResultStatus.ERROR, "the engine stopped", findings=["half of them"])

    handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

    assert handled.result == given


class TestNote:
    """A note of this attempt is never ignored because the old file passes."""

    async def test_it_counts_as_a_finding(self, family: Family, child: Session) -> None:
        child = await family.retry(await family.fail(child), note="say more")

        given = result(present=True, findings=["line 3: it is empty"])
        handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result.error_message == f"{PATH}: line 3: it is empty; a person asks: say more"

    async def test_it_counts_on_a_document_that_passes(self, family: Family, child: Session) -> None:
        child = await family.retry(await family.fail(child), note="say more")

        given = result(present=True, findings=[])
        handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"{PATH}: a person asks: say more"

    async def test_it_counts_until_an_agent_had_it(self, family: Family, parent: Session) -> None:
        child = await family.child(parent, component("Alpha"), state={NOTE_TAKEN: 2})
        child = await family.retry(await family.fail(child), note="say more")
        assert child.attempt == 2

        given = result(present=True, findings=[])
        handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result == given

    async def test_that_an_agent_had_an_earlier_one_does_not_matter(self, family: Family, parent: Session) -> None:
        child = await family.child(parent, component("Alpha"), state={NOTE_TAKEN: 1})
        child = await family.retry(await family.fail(child), note="say more")

        given = result(present=True, findings=[])
        handled = await ValidateDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result.status is ResultStatus.ERROR
