"""ExecuteReview and the Finalize after it: when a review is written, mended, replaced or kept."""

from typing import Any

import pytest

from covey.config.settings import REVIEW_SECTIONS
from covey.model.command import Command, CommandKind, ResultStatus
from covey.model.events import ArtifactFound, SessionCompleted
from covey.model.session import Session, about
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from covey.steps.execute_review import ExecuteReview
from covey.steps.finalize import FinalizeDesign
from covey.steps.spawn import REVIEW_TYPE
from tests.family import SHOP, Family, component, result

PATH = "docs/design/shop/design_review.md"
VALID = "".join(f"## {title}\n\nMine.\n\n" for title in REVIEW_SECTIONS)


async def document(family: Family, parent: Session, name: str, *, kept: bool) -> Session:
    """A design session that has ended well."""
    family.write(f"docs/design/shop/{name.lower()}.md")
    child = await family.start(await family.child(parent, component(name)))
    found = ArtifactFound(at=family.clock.now(), **about(child), path=child.artifact_path or "")
    await family.happen(found, SessionCompleted(at=family.clock.now(), **about(child), kept=kept))
    return await family.now(child)


@pytest.fixture
async def parent(family: Family) -> Session:
    """A parent that has kept its first document."""
    parent = await family.parent()
    await document(family, parent, "Alpha", kept=True)
    return parent


@pytest.fixture
async def review(family: Family, parent: Session) -> Session:
    return await family.child(parent, SHOP, type=REVIEW_TYPE, artifact_path=PATH, position=9)


async def command(family: Family, review: Session) -> Command:
    return await ExecuteReview(family.tools()).get_command(family.scope, await family.now(review))


def facts(**changes: Any) -> dict[str, Any]:
    own = {"task": "generate", "artifact": "review", "path": PATH, "findings": [], "existed": False}
    return {**own, **changes}


class TestGetCommand:
    """What is to be done with the review."""

    async def test_none_is_there(self, family: Family, review: Session) -> None:
        asked = await command(family, review)
        assert (asked.module, asked.command) == ("ExecuteReview", CommandKind.AGENT)
        assert asked.metadata == facts()

    async def test_one_is_there_and_every_document_was_kept(self, family: Family, review: Session) -> None:
        family.write(PATH, VALID)
        asked = await command(family, review)
        assert (asked.command, asked.metadata) == (CommandKind.CHECK, {"path": PATH})

    async def test_one_is_there_and_a_document_was_made_anew(
        self, family: Family, parent: Session, review: Session
    ) -> None:
        family.write(PATH, VALID)
        await document(family, parent, "Beta", kept=False)
        asked = await command(family, review)
        assert asked.metadata == facts(existed=True, move_aside_to=f".covey/replaced/{parent.id}")

    async def test_what_a_second_attempt_keeps_was_made_by_the_first(
        self, family: Family, parent: Session, review: Session
    ) -> None:
        family.write(PATH, VALID)
        beta = await family.child(parent, component("Beta"))
        beta = await family.start(await family.retry(await family.fail(beta)))
        await family.complete(beta)
        assert "move_aside_to" in (await command(family, review)).metadata

    async def test_a_skipped_document_is_none_that_was_made(
        self, family: Family, parent: Session, review: Session
    ) -> None:
        family.write(PATH, VALID)
        await family.skip(await family.child(parent, component("Beta")))
        assert (await command(family, review)).command is CommandKind.CHECK

    async def test_a_later_attempt_keeps_what_is_there(self, family: Family, parent: Session, review: Session) -> None:
        await document(family, parent, "Beta", kept=False)
        await family.retry(await family.fail(review))
        family.write(PATH, VALID)
        assert (await command(family, review)).command is CommandKind.CHECK

    async def test_one_that_does_not_pass_is_mended(self, family: Family, review: Session) -> None:
        family.write(PATH, "## Summary\n\nMine.\n")
        asked = await command(family, review)
        assert asked.metadata["task"] == "revise"
        assert asked.metadata["findings"] == [
            f"the section '{title}' is missing; add '## {title}' and write it" for title in REVIEW_SECTIONS[1:]
        ]

    async def test_a_note_is_never_ignored(self, family: Family, review: Session) -> None:
        family.write(PATH, VALID)
        await family.retry(await family.fail(review), note="mind the taxes")
        assert (await command(family, review)).metadata["task"] == "revise"

    async def test_unknown_modules_are_what_a_review_is_about(self, family: Family, review: Session) -> None:
        family.write(PATH, f"{VALID}## Dependencies\n\n- `shop.nobody` is missing\n")
        assert (await command(family, review)).command is CommandKind.CHECK


class TestHandleResult:
    """The file's word over the agent's."""

    async def test_written(self, family: Family, review: Session) -> None:
        family.write(PATH, VALID)
        handled = await ExecuteReview(family.tools()).handle_result(family.scope, review, result())
        assert (handled.result.status, handled.present) == (ResultStatus.OK, True)
        assert handled.updates == {"state": {"note_taken": 1}}

    async def test_not_written(self, family: Family, review: Session) -> None:
        handled = await ExecuteReview(family.tools()).handle_result(family.scope, review, result())
        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == f"the agent ended well, but {PATH} is not there"
        assert handled.result.data["cause"] is FailureCause.MISSING_FILE

    @pytest.mark.parametrize(("text", "said"), [(VALID, "; {} is there and passes, a retry will keep it"), ("x", "")])
    async def test_an_agent_that_failed(self, family: Family, review: Session, text: str, said: str) -> None:
        family.write(PATH, text)
        given = result(ResultStatus.ERROR, "no idea")
        handled = await ExecuteReview(family.tools()).handle_result(family.scope, review, given)
        assert handled.result.error_message == f"no idea{said.format(PATH)}"

    async def test_what_was_written_is_not_replaced_by_another_try(
        self, family: Family, parent: Session, review: Session
    ) -> None:
        await document(family, parent, "Beta", kept=False)
        family.write(PATH, VALID)
        step, tried = ExecuteReview(family.tools()), await family.now(review)
        handled = await step.handle_result(family.scope, tried, result(ResultStatus.ERROR, "no idea"))
        tried.state.update(handled.updates["state"])
        assert (await step.get_command(family.scope, tried)).command is CommandKind.CHECK

    async def test_kept(self, family: Family, review: Session) -> None:
        given = result(present=True)
        handled = await ExecuteReview(family.tools()).handle_result(family.scope, review, given)
        assert (handled.updates, handled.result) == ({}, given)


async def test_finalize_checks_it_as_a_review(family: Family, review: Session) -> None:
    step = FinalizeDesign(family.tools(), ArtifactKind.REVIEW)
    asked = await step.get_command(family.scope, review)
    assert (asked.module, asked.metadata) == ("Finalize", {"path": PATH, "review": True})
    handled = await step.handle_result(family.scope, review, result(present=True, findings=["it is not"]))
    assert handled.result.error_message == f"{PATH}: it is not"
    assert handled.result.data["cause"] is FailureCause.CHECK_FAILED
