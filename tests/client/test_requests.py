"""Requests and their answers; the command line's tests have them end to end."""

import asyncio
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.client.finding import default_run
from covey.client.requests import Wish, foresee, needs_retry, request_control
from covey.clock import SystemClock
from covey.engine.patience import OfCommand
from covey.engine.service import open_engine
from covey.model.control import Action, RequestState
from covey.model.session import Session
from covey.model.status import Status
from covey.projects.manifest import find_contexts, load_project
from covey.store.sqlite import Viewer, open_engine_store, open_viewer

RETRY = Wish(action=Action.RETRY, note="again")


async def session(viewer: Viewer, component: str) -> Session:
    (root,) = await viewer.roots(viewer.scope)
    return next(each for each in await viewer.run(viewer.scope, root.id) if each.component == component)


class TestRequestControl:
    """What is asked, of whom, and what comes back."""

    async def test_a_request_carries_what_it_was_decided_on(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            tax = await session(viewer, "tax")
            await request_control(viewer, shop, [tax], RETRY)
            (request,) = await viewer.queued_controls()
            assert (request.session_id, request.attempt, request.status) == (tax.id, 1, Status.FAILED)
            assert (request.note, request.requested_by) == ("again", viewer.scope.user)

    async def test_a_bulk_action_is_one_decision(self, shop: Path) -> None:
        (shop / "docs/design/shop/billing/money.md").unlink()
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            both = [await session(viewer, name) for name in ("tax", "money")]
            await request_control(viewer, shop, both, RETRY)
            first, second = await viewer.queued_controls()
            assert first.decision_id == second.decision_id
            assert first.id != second.id

    async def test_answers_keep_the_order_of_the_question(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            asked = [await session(viewer, name) for name in ("money", "tax", "invoice")]
            answers = await request_control(viewer, shop, asked, RETRY)
            assert [answer.session_id for answer in answers] == [each.id for each in asked]
            assert [answer.state for answer in answers] == ["refused", "queued", "refused"]

    async def test_an_engine_that_does_not_decide_in_time_leaves_it_queued(self, shop: Path) -> None:
        clock = SystemClock()
        # An engine's store without an engine: it holds the lock, and nobody takes requests.
        async with (
            open_engine_store(shop, clock=clock, version="test", on_commit=lambda _: None),
            open_viewer(shop) as viewer,
        ):
            assert viewer is not None
            (answer,) = await request_control(viewer, shop, [await session(viewer, "tax")], RETRY, wait_seconds=0.05)
            assert (answer.state, answer.changed) == (RequestState.QUEUED, None)
            assert answer.reason == "the engine has not decided yet"

    async def test_a_living_engine_answers(self, shop: Path) -> None:
        registry = AgentRegistry()
        project = load_project(shop, registry)
        async with open_engine(project, registry) as engine, open_viewer(shop) as viewer:
            assert viewer is not None
            await engine.begin("design", find_contexts(project, ("billing",)))
            async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
                leaving = tasks.create_task(engine.until_left(OfCommand(stay=True)))
                skip = Wish(action=Action.SKIP, reason="later")
                (answer,) = await request_control(viewer, shop, [await session(viewer, "tax")], skip)
            assert (answer.state, answer.changed) == (RequestState.SETTLED, True)
            assert leaving.result().exit_code == 3


async def test_foreseeing_leaves_no_request(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        (answer,) = await foresee(viewer, shop, [await session(viewer, "tax")], RETRY)
        assert answer.state is RequestState.QUEUED
        assert await viewer.queued_controls() == ()


async def test_only_what_failed_needs_a_retry(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        assert needs_retry(await session(viewer, "tax"))
        assert not needs_retry(await session(viewer, "money"))
        assert not needs_retry(await session(viewer, "shop.billing"))


async def test_the_default_run_is_the_newest_unfinished_one(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        unfinished = await session(viewer, "shop.billing")
        finished = await session(viewer, "money")
        assert default_run([unfinished, finished]) == unfinished
        assert default_run([finished, finished]) == finished
        assert default_run([finished, unfinished]) == unfinished
