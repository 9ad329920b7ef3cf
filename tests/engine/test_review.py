"""The review of a context's design in whole runs: its place, its file, what is kept, and what a person may do."""

import asyncio

from covey.agents.base import Assignment, Desk, Outcome
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action
from covey.model.session import Session, file_is_missing
from covey.model.status import FailureCause, Phase, Status
from covey.projects.paths import ArtifactKind
from covey.testing.agents import do_nothing, least_document, write_least

from .conftest import REVIEW, Bench, fail

MINE = "# Mine\n\n## Summary\n\nMine.\n\n## Findings\n\nMine.\n\n## Components reviewed\n\nMine.\n"


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


async def the_review(bench: Bench) -> Session:
    """The review of the newest run."""
    tree = await bench.tree()
    return tree.children(tree.roots()[-1].id)[-1]


class TestRun:
    """Where the review stands in a run, and what it is given."""

    async def test_it_comes_when_all_documents_are_there(self, bench: Bench) -> None:
        there: list[bool] = []

        async def look(assignment: Assignment, desk: Desk) -> Outcome:
            there.extend(bench.document(name).exists() for name in bench.components)
            return await write_least(assignment, desk)

        bench.plays[REVIEW] = look
        assert await bench.run() == 0
        assert there == [True, True, True]
        assert bench.review.read_text() == least_document(bench.reviews[0])
        tree = await bench.tree()
        last = tree.children(tree.roots()[0].id)[-1]
        assert (last.component, last.status, last.artifact_path, last.kept) == (
            REVIEW,
            Status.COMPLETE,
            "docs/design/shop/design_review.md",
            False,
        )

    async def test_what_the_agent_is_told(self, bench: Bench) -> None:
        await bench.run()
        (told,) = bench.reviews
        assert (told.kind, told.component.name, told.context.name) == (ArtifactKind.REVIEW, "Shop", "Shop")
        assert told.context_design_path == "docs/design/shop.md"
        assert [(each.component.name, each.design, each.source) for each in told.reviewed] == [
            (name, f"docs/design/shop/{name.lower()}.md", f"shop/{name.lower()}.py") for name in bench.components
        ]
        assert told.sections == ("Summary", "Findings", "Components reviewed")

    async def test_every_document_is_there_but_the_agent_leaves_no_review(self, bench: Bench) -> None:
        bench.plays[REVIEW] = do_nothing
        assert await bench.run() == 6
        review = await the_review(bench)
        assert (review.status, review.failure_cause) == (Status.FAILED, FailureCause.MISSING_FILE)

    async def test_a_review_that_does_not_pass(self, bench: Bench) -> None:
        async def half(assignment: Assignment, desk: Desk) -> Outcome:
            bench.review.parent.mkdir(parents=True, exist_ok=True)
            bench.review.write_text("## Summary\n\nIt is well.\n")
            return Outcome(ok=True)

        bench.plays[REVIEW] = half
        async with bench.running() as run:
            root = await run.until(blocked)
            assert "the section 'Findings' is missing" in (root.error_message or "")
            bench.plays.clear()
            await run.ask(Action.RETRY, REVIEW)
            await run.until(complete)
        second = bench.reviews[1]
        assert (second.task, len(second.findings)) == ("revise", 2)


class TestNeedsHuman:
    """A review that is not in order waits for a person, as every child does."""

    async def test_retry(self, bench: Bench) -> None:
        bench.plays[REVIEW] = fail
        async with bench.running() as run:
            root = await run.until(blocked)
            assert root.error_message == f"Child sessions failed: {REVIEW} (reason: no idea)"
            bench.plays.clear()
            bench.seen.clear()
            await run.ask(Action.RETRY, REVIEW, note="look closer")
            await run.until(complete)
        assert (bench.seen, bench.reviews[-1].note, bench.reviews[-1].attempt) == ([], "look closer", 2)
        assert (await run.left).exit_code == 0

    async def test_a_skipped_one_lets_the_parent_go_on_and_is_tried_once_again(self, bench: Bench) -> None:
        bench.plays[REVIEW] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, REVIEW, reason="not today")
            await run.until(complete)
        assert (await run.left).exit_code == 3
        bench.plays.clear()
        bench.seen.clear()
        assert await bench.run() == 0
        assert bench.seen == []
        assert await bench.run() == 4

    async def test_cancel_and_retry(self, bench: Bench) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def wait(assignment: Assignment, desk: Desk) -> Outcome:
            begun.set()
            await go_on.wait()
            return Outcome(ok=True)

        bench.plays[REVIEW] = wait
        async with bench.running() as run:
            await asyncio.wait_for(begun.wait(), 20)
            await run.ask(Action.CANCEL, REVIEW)
            root = await run.until(blocked)
            assert root.error_message == f"Child sessions cancelled: {REVIEW}"
            bench.plays.clear()
            await run.ask(Action.RETRY, REVIEW)
            await run.until(complete)

    async def test_written_by_hand(self, bench: Bench) -> None:
        """A review that a person writes for a failed one is taken by a retry, as it is."""
        bench.plays[REVIEW] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.review.write_text(MINE)
            await run.ask(Action.RETRY, REVIEW)
            await run.until(complete)
        assert bench.review.read_text() == MINE
        assert (await the_review(bench)).kept is True

    async def test_a_document_that_vanishes_while_the_design_is_reviewed(self, bench: Bench) -> None:
        async def lose(assignment: Assignment, desk: Desk) -> Outcome:
            bench.document("Alpha").unlink()
            return await write_least(assignment, desk)

        bench.plays[REVIEW] = lose
        async with bench.running() as run:
            root = await run.until(blocked)
            assert root.error_message == "Design files missing: docs/design/shop/alpha.md"
            await run.until(file_is_missing, "Alpha")
            await run.ask(Action.RETRY, "Alpha")
            await run.until(complete)
        assert len(bench.reviews) == 1

    async def test_a_review_that_vanishes_and_comes_back(self, bench: Bench) -> None:
        async def lose(assignment: Assignment, desk: Desk) -> Outcome:
            bench.document("Beta").unlink()
            return await write_least(assignment, desk)

        bench.plays[REVIEW] = lose
        async with bench.running() as run:
            await run.until(blocked)
            text = bench.review.read_text()
            bench.review.unlink()
            await run.until(file_is_missing, REVIEW)
            both = "Design files missing: docs/design/shop/beta.md, docs/design/shop/design_review.md"
            await run.until(lambda session: session.error_message == both)
            bench.review.write_text(text)
            await run.until(lambda session: blocked(session) and session.error_message != both)
            await run.ask(Action.RETRY, "Beta")
            await run.until(complete)
        events = [type(ev) for ev in await bench.events() if getattr(ev, "path", "").endswith("design_review.md")]
        assert events == [e.ArtifactFound, e.ArtifactMissing, e.ArtifactFound]


class TestNextRun:
    """What is satisfied is not done again; what is replaced is kept elsewhere."""

    async def test_a_missing_review_is_made_alone(self, bench: Bench) -> None:
        await bench.run()
        bench.review.unlink()
        bench.seen.clear()
        assert await bench.run() == 0
        assert (bench.seen, len(bench.reviews)) == ([], 2)
        assert bench.review.exists()

    async def test_one_that_does_not_pass_any_more_is_mended(self, bench: Bench) -> None:
        await bench.run()
        bench.review.write_text("## Summary\n\nHalf.\n\n## Findings\n")
        bench.reviews.clear()
        assert await bench.run() == 0
        assert [told.task for told in bench.reviews] == ["revise"]

    async def test_a_review_of_a_person_is_kept_while_the_documents_are(self, bench: Bench) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="not today")
            await run.until(complete)
        bench.review.write_text(MINE)
        bench.reviews.clear()
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="nor today")
            await run.until(complete)
        assert (bench.reviews, bench.review.read_text()) == ([], MINE)
        assert (await the_review(bench)).kept is True

    async def test_one_of_other_documents_is_moved_aside_and_made_anew(self, bench: Bench) -> None:
        await bench.run()
        bench.review.write_text(MINE)
        bench.document("Beta").unlink()
        bench.reviews.clear()
        assert await bench.run() == 0
        assert len(bench.reviews) == 1
        assert bench.review.read_text() == least_document(bench.reviews[0])
        (aside,) = (bench.root / ".covey" / "replaced").rglob("design_review.md")
        assert aside.read_text() == MINE

    async def test_overwrite_makes_it_anew(self, bench: Bench) -> None:
        await bench.run()
        bench.review.write_text(MINE)
        bench.reviews.clear()
        assert await bench.run(RunOptions(overwrite=True)) == 0
        assert len(bench.reviews) == 1
        (aside,) = (bench.root / ".covey" / "replaced").rglob("design_review.md")
        assert aside.read_text() == MINE
