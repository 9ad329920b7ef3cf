"""The step that has a context's design reviewed: one child, and a verdict over all children of the parent."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from covey.errors import StaleOperationError, StepError
from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.model.status import ExecutionMode, Phase, Status
from covey.steps.base import Handled
from covey.steps.spawn import REVIEW_TYPE
from covey.steps.spawn_review import SpawnReviewSession
from covey.testing.faults import FaultyStore
from tests.family import Family, Meanwhile, component, failed, names, result

NAME = "Review of Shop"
PATH = "docs/design/shop/design_review.md"
DESIGNED = ("Alpha", "Beta")


@pytest.fixture
async def parent(family: Family) -> Session:
    """A parent whose documents are all there."""
    parent = await family.parent()
    for place, name in enumerate(DESIGNED):
        child = await family.child(parent, component(name), position=place)
        family.write(f"docs/design/shop/{name.lower()}.md")
        await family.complete(child)
    return await family.now(parent)


async def spawned(family: Family, parent: Session) -> Session:
    """The review's session, as the step makes it."""
    await SpawnReviewSession(family.tools()).get_command(family.scope, parent)
    return (await family.children(parent))[-1]


async def judged(family: Family, parent: Session, *, error: str | None = None, **data: Any) -> Handled:
    status = ResultStatus.OK if error is None else ResultStatus.ERROR
    given = result(status, error, **data)
    return await SpawnReviewSession(family.tools()).handle_result(family.scope, parent, given)


class TestGetCommand:
    """There is exactly one review session once the command is there."""

    async def test_command_and_child(self, family: Family, parent: Session) -> None:
        family.clock.advance(5)
        command = await SpawnReviewSession(family.tools()).get_command(family.scope, parent)

        review = (await family.children(parent))[-1]
        assert (command.module, command.command) == ("SpawnReviewSession", CommandKind.SPAWN_SESSIONS)
        assert command.metadata == {"child_session_ids": [review.id], "failed_components": []}
        assert command.timestamp == family.clock.now()
        assert (review.type, review.component_id, review.module) == (REVIEW_TYPE, "id-shop", "shop")
        assert (review.component, review.position, review.artifact_path) == (NAME, 2, PATH)
        assert (review.session_id, review.run_id) == (parent.id, parent.id)
        assert (review.status, review.phase, review.attempt) == (Status.ACTIVE, Phase.QUEUED, 1)
        assert review.execution_mode is ExecutionMode.AGENTIC
        assert review.state == {"parent_context_name": "Shop", "context_design_path": "docs/design/shop.md"}

    async def test_agent_and_environment_inherited(self, family: Family) -> None:
        parent = await family.parent(agent="writer", model="large", environment="elsewhere")
        review = await spawned(family, parent)
        assert (review.agent, review.model, review.environment) == ("writer", "large", "elsewhere")

    async def test_idempotent(self, family: Family, parent: Session) -> None:
        review = await spawned(family, parent)
        log = await family.log()

        command = await SpawnReviewSession(family.tools()).get_command(family.scope, parent)

        assert command.metadata["child_session_ids"] == [review.id]
        assert names(await family.children(parent)) == [*DESIGNED, NAME]
        assert await family.log() == log

    @pytest.mark.parametrize("of", [None, component("Gone", within=None)], ids=["none", "gone"])
    async def test_no_context_component(self, family: Family, of: Any) -> None:
        parent = await family.parent(of=of)
        with pytest.raises(StepError, match=r"^Context component not found$"):
            await SpawnReviewSession(family.tools()).get_command(family.scope, parent)

    async def test_parent_not_found(self, family: Family, parent: Session) -> None:
        with pytest.raises(StepError, match=r"^Session not found$"):
            await SpawnReviewSession(family.tools()).get_command(family.scope, replace(parent, id="unknown"))

    async def test_a_child_that_the_workflow_never_makes(self, family: Family, parent: Session) -> None:
        await family.child(parent, component("Gamma"), type="ComponentTestSessions")
        expected = f"^Invalid child session type: expected {REVIEW_TYPE}, got ComponentTestSessions$"
        with pytest.raises(StepError, match=expected):
            await SpawnReviewSession(family.tools()).get_command(family.scope, parent)

    async def test_one_that_cannot_be_created_is_tried_again(
        self, family: Family, parent: Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        faulty = FaultyStore(family.store, {NAME: "no room"})
        step = SpawnReviewSession(family.tools(faulty))

        command = await step.get_command(family.scope, parent)

        fact = {"component_id": "id-shop", "name": NAME, "reason": "no room"}
        assert command.metadata == {"child_session_ids": [], "failed_components": [fact]}
        assert [record.getMessage() for record in caplog.records] == [f"no session for component {NAME}: no room"]
        handled = await judged(family, parent, failed_components=[fact])
        assert handled.result.error_message == f"Child sessions not created: {NAME} (reason: no room)"
        assert handled.result.data["kind"] == "needs_human"

        faulty.refused.clear()
        again = await step.get_command(family.scope, parent)
        assert again.metadata["child_session_ids"] == [(await family.children(parent))[-1].id]

    async def test_a_parent_that_changes_meanwhile_is_no_failure_of_the_review(
        self, family: Family, parent: Session
    ) -> None:
        step = SpawnReviewSession(family.tools(Meanwhile(family, failed(parent))))
        with pytest.raises(StaleOperationError):
            await step.get_command(family.scope, parent)
        assert names(await family.children(parent)) == [*DESIGNED]


class TestVerdict:
    """What the parent says once nothing is at work any more."""

    async def test_in_order(self, family: Family, parent: Session) -> None:
        review = await family.complete(await spawned(family, parent))
        family.write(PATH)

        handled = await judged(family, parent)

        assert (handled.updates, handled.result.status, handled.result.error_message) == ({}, ResultStatus.OK, None)
        members = [parent, *await family.children(parent)]
        assert handled.versions == {member.id: member.version for member in members}
        assert review.id in handled.versions

    async def test_still_running_is_waited_for(self, family: Family, parent: Session) -> None:
        await spawned(family, parent)
        handled = await judged(family, parent)
        assert handled.result.error_message == f"Child sessions still running: {NAME}"
        assert handled.result.data["kind"] == "waiting"

    async def test_failed(self, family: Family, parent: Session) -> None:
        await family.fail(await spawned(family, parent), "no idea")
        handled = await judged(family, parent)
        assert handled.result.error_message == f"Child sessions failed: {NAME} (reason: no idea)"
        assert handled.result.data["kind"] == "needs_human"

    async def test_cancelled(self, family: Family, parent: Session) -> None:
        await family.cancel(await spawned(family, parent))
        handled = await judged(family, parent)
        assert handled.result.error_message == f"Child sessions cancelled: {NAME}"

    @pytest.mark.parametrize("how", ["absent", "blank", "a directory"])
    async def test_its_file_is_missing(self, family: Family, parent: Session, how: str) -> None:
        review = await family.complete(await spawned(family, parent))
        if how == "blank":
            family.write(PATH, " \n")
        elif how == "a directory":
            (family.root / PATH).mkdir(parents=True)

        handled = await judged(family, parent)

        assert handled.result.error_message == f"Design files missing: {PATH}"
        (fact,) = handled.result.data["missing_files"]  # type: ignore[misc]
        assert fact == {"session_id": review.id, "component": NAME, "module": "shop", "path": PATH}

    async def test_the_file_is_looked_for_from_the_root(
        self, family: Family, parent: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await family.complete(await spawned(family, parent))
        family.write(PATH)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert (await judged(family, parent)).result.status is ResultStatus.OK

    async def test_a_skipped_review_lets_the_parent_go_on(self, family: Family, parent: Session) -> None:
        await family.skip(await family.fail(await spawned(family, parent)), "not today")

        handled = await judged(family, parent)

        assert handled.result.status is ResultStatus.OK
        assert [(fact["component"], fact["reason"]) for fact in handled.result.data["skipped"]] == [(NAME, "not today")]  # type: ignore[attr-defined]

    async def test_no_review_at_all(self, family: Family, parent: Session) -> None:
        handled = await judged(family, parent)
        assert handled.result.error_message == "No child sessions found"
        assert handled.result.data["kind"] == "needs_human"

    async def test_what_has_become_of_the_documents_meanwhile_is_in_the_same_message(
        self, family: Family, parent: Session
    ) -> None:
        await family.fail(await spawned(family, parent), "no idea")
        (family.root / "docs/design/shop/beta.md").unlink()
        beta = (await family.children(parent))[1]
        handled = await judged(family, parent)
        assert handled.result.error_message == (
            f"Child sessions failed: {NAME} (reason: no idea); Design files missing: {beta.artifact_path}"
        )

    async def test_a_client_error_is_kept(self, family: Family, parent: Session) -> None:
        await family.complete(await spawned(family, parent))
        family.write(PATH)
        handled = await judged(family, parent, error="it fell over")
        assert handled.result.status is ResultStatus.OK
        assert handled.result.data["client_error"] == "it fell over"

    async def test_session_not_found(self, family: Family, parent: Session) -> None:
        with pytest.raises(StepError, match=r"^Session not found$"):
            await judged(family, replace(parent, id="unknown"))
