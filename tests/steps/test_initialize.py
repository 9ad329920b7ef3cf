"""Initialize: a parent looks at nothing, a child looks whether its file is there already."""

import pytest

from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled
from covey.steps.initialize import InitializeChild, InitializeParent
from tests.family import Family, component, result

PATH = "docs/design/shop/alpha.md"


@pytest.fixture
async def child(family: Family, parent: Session) -> Session:
    return await family.child(parent, component("Alpha"))


class TestInitializeParent:
    """The first step of a parent."""

    async def test_nothing_is_looked_at(self, family: Family, parent: Session) -> None:
        command = await InitializeParent(family.tools()).get_command(family.scope, parent)

        assert (command.module, command.command, command.metadata) == ("Initialize", CommandKind.CHECK, {})

    @pytest.mark.parametrize("status", ResultStatus)
    async def test_the_result_stands(self, family: Family, parent: Session, status: ResultStatus) -> None:
        given = result(status)

        handled = await InitializeParent(family.tools()).handle_result(family.scope, parent, given)

        assert handled == Handled({}, given)


class TestInitializeChild:
    """The first step of a child."""

    async def test_its_file_is_looked_at(self, family: Family, child: Session) -> None:
        command = await InitializeChild(family.tools(), ArtifactKind.DESIGN).get_command(family.scope, child)

        assert (command.module, command.command) == ("Initialize", CommandKind.CHECK)
        assert command.metadata == {"path": PATH, "move_aside_to": None}

    async def test_overwrite_moves_the_file_aside_first(self, family: Family, parent: Session) -> None:
        child = await family.child(parent, component("Alpha"), state={"overwrite": True})

        command = await InitializeChild(family.tools(), ArtifactKind.DESIGN).get_command(family.scope, child)

        assert command.metadata["move_aside_to"] == f".covey/replaced/{parent.id}"

    async def test_overwrite_holds_for_the_first_attempt_alone(self, family: Family, parent: Session) -> None:
        child = await family.child(parent, component("Alpha"), state={"overwrite": True})
        child = await family.retry(await family.fail(child))

        command = await InitializeChild(family.tools(), ArtifactKind.DESIGN).get_command(family.scope, child)

        assert command.metadata["move_aside_to"] is None

    async def test_a_file_that_is_there_is_a_warning(self, family: Family, child: Session) -> None:
        handled = await InitializeChild(family.tools(), ArtifactKind.DESIGN).handle_result(
            family.scope, child, result(present=True)
        )

        assert handled.result.status is ResultStatus.WARNING
        assert handled.result.error_message == f"{PATH} is already there"
        assert handled.updates == {}
        assert handled.present

    @pytest.mark.parametrize(
        "given",
        [result(present=False), result(ResultStatus.ERROR, "the disk is full", present=True)],
        ids=["no file", "an error"],
    )
    async def test_anything_else_stands(self, family: Family, child: Session, given: object) -> None:
        handled = await InitializeChild(family.tools(), ArtifactKind.DESIGN).handle_result(family.scope, child, given)  # type: ignore[arg-type]

        assert handled == Handled({}, given)
