"""Finalize: a session ends well only through it, and a child only with its document."""

import pytest

from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.steps.base import Handled
from covey.steps.finalize import FinalizeDesign, FinalizeParent
from tests.family import Family, component, result

PATH = "docs/design/shop/alpha.md"


@pytest.fixture
async def child(family: Family, parent: Session) -> Session:
    return await family.child(parent, component("Alpha"))


class TestFinalizeParent:
    """The children have been found in order by the step before."""

    async def test_nothing_is_looked_at(self, family: Family, parent: Session) -> None:
        command = await FinalizeParent(family.tools()).get_command(family.scope, parent)

        assert (command.module, command.command, command.metadata) == ("Finalize", CommandKind.CHECK, {})

    @pytest.mark.parametrize("status", ResultStatus)
    async def test_the_result_stands(self, family: Family, parent: Session, status: ResultStatus) -> None:
        given = result(status)

        handled = await FinalizeParent(family.tools()).handle_result(family.scope, parent, given)

        assert handled == Handled({}, given, {parent.id: parent.version})

    async def test_a_child_that_was_retried_since_the_verdict(self, family: Family, parent: Session) -> None:
        child = await family.child(parent, component("Alpha"))

        handled = await FinalizeParent(family.tools()).handle_result(family.scope, parent, result())

        assert handled.result.status is ResultStatus.WARNING
        assert handled.result.error_message == "Child sessions at work again: Alpha"
        assert child.id in handled.versions


class TestFinalizeDesign:
    """The document is there and passes, whatever was said before."""

    async def test_the_document_is_checked_once_more(self, family: Family, child: Session) -> None:
        command = await FinalizeDesign(family.tools()).get_command(family.scope, child)

        assert (command.module, command.command) == ("Finalize", CommandKind.CHECK)
        assert command.metadata == {"path": PATH, "design": True}

    async def test_in_order(self, family: Family, child: Session) -> None:
        given = result(present=True, findings=[])

        handled = await FinalizeDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled == Handled({}, given)

    @pytest.mark.parametrize(
        ("present", "cause"), [(True, FailureCause.CHECK_FAILED), (False, FailureCause.MISSING_FILE)]
    )
    async def test_no_longer_in_order(
        self, family: Family, child: Session, *, present: bool, cause: FailureCause
    ) -> None:
        given = result(present=present, findings=["it is not what it was"])

        handled = await FinalizeDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"{PATH}: it is not what it was"
        assert handled.result.data["cause"] is cause

    async def test_a_note_is_no_finding_any_more(self, family: Family, child: Session) -> None:
        child = await family.retry(await family.fail(child), note="say more")
        given = result(present=True, findings=[])

        handled = await FinalizeDesign(family.tools()).handle_result(family.scope, child, given)

        assert handled.result == given
