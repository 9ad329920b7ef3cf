"""The log as it grows, and its lines as programs read them."""

import asyncio
import contextlib
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.client.archive import pages
from covey.client.follow import Follower, line_json
from covey.engine.service import open_engine
from covey.projects.manifest import find_contexts, load_project
from covey.store.base import Line
from covey.store.sqlite import Viewer, open_viewer


async def everything(viewer: Viewer, after: int = 0) -> list[Line]:
    return [line async for page in pages(viewer, after) for line in page]


class TestFollower:
    """It gives every line once, in order, and ends when it is told to."""

    async def test_gives_what_is_there_and_ends(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            follower = Follower(viewer, 0)
            follower.end()
            seen = [line async for page in follower.pages() for line in page]
            assert seen == await everything(viewer)

    async def test_gives_what_comes(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            before = await viewer.last_seq()
            follower, seen = Follower(viewer, before), list[Line]()

            async def follow() -> None:
                async with contextlib.aclosing(follower.pages()) as news:
                    async for page in news:
                        seen.extend(page)

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(follow())
                registry = AgentRegistry()
                project = load_project(shop, registry)
                async with open_engine(project, registry) as engine:
                    await engine.begin("design", find_contexts(project, ("catalog",)))
                    await engine.until_left()
                follower.end()
            assert [line.entry.seq for line in seen] == list(range(before + 1, await viewer.last_seq() + 1))

    async def test_can_be_ended_before_it_has_begun(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            follower = Follower(viewer, await viewer.last_seq())
            follower.end()
            assert [page async for page in follower.pages()] == []


class TestLineJson:
    """What is covey's own matter stays inside."""

    async def test_internal_fields_are_left_out(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            for line in await everything(viewer):
                assert not {"settings", "project_id", "state", "position"} & set(line_json(line))

    async def test_the_facts_of_the_session_win_over_those_of_the_event(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            created = [line_json(line) for line in await everything(viewer)]
            (tax,) = [each for each in created if each["event"] == "session_created" and each["component"] == "tax"]
            assert list(tax)[:10] == [
                "seq",
                "at",
                "event",
                "run_id",
                "session_id",
                "parent_id",
                "type",
                "component",
                "module",
                "attempt",
            ]
            assert tax["artifact_path"] == "docs/design/shop/billing/tax.md"
