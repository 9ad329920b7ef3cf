"""What a monitor reads: which runs, from which line on, and what the disk says while no engine lives."""

from pathlib import Path

from covey.client.watching import Watch, open_watch
from covey.model import events as e
from covey.model.session import Session, about
from covey.model.status import ArtifactState, Phase
from tests.family import Family, open_family
from tests.store.lives import traced


async def run(family: Family) -> Session:
    """A run as the engine begins one, with a child for Alpha."""
    root = await family.parent()
    alpha = next(each for each in family.components.values() if each.name == "Alpha")
    await family.child(root, alpha)
    return root


async def shown(watch: Watch) -> set[str]:
    return {session.run_id for session in (await watch.attach()).sessions}


class TestAttaching:
    """One read gives all rows of the runs to show, and the line from which the log goes on."""

    async def test_nothing_was_ever_run(self, tmp_path: Path) -> None:
        async with open_watch(tmp_path) as watch:
            assert watch is None

    async def test_all_unfinished_runs_are_shown_else_the_newest(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            first, second = await run(family), await run(family)
            assert await shown(watch) == {first.id, second.id}
            await family.start(second)
            await family.fail(second)
            assert await shown(watch) == {first.id}
            await family.start(first)
            await family.fail(first)
            assert await shown(watch) == {second.id}

    async def test_one_run_alone_when_asked_for(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family:
            first, _ = await run(family), await run(family)
            async with open_watch(tmp_path, first.id) as watch:
                assert watch is not None
                assert await shown(watch) == {first.id}

    async def test_news_go_on_where_the_rows_end(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            root = await run(family)
            attached = await watch.attach()
            assert attached.sessions[0].id == root.id
            assert await watch.news() == ()
            await family.start(root)
            (event,) = await watch.news()
            assert isinstance(event, e.SessionStarted)
            assert await watch.behind() == 0

    async def test_a_batch_is_two_reads_however_much_it_is(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            children = [await family.child(await family.parent(), each) for each in family.components.values()]
            await watch.attach()
            await watch.news()
            async with traced(watch.viewer._connection) as statements:
                await family.happen(*(e.SessionStarted(at=family.clock.now(), **about(each)) for each in children))
                await watch.changed()
                found = await watch.news()
                while len(found) < len(children):  # an earlier change was told
                    await watch.changed()
                    statements.clear()
                    found = await watch.news()
                await watch.signs()
            assert len(found) == len(children) > 2
            assert len(statements) <= 2

    async def test_a_run_s_workflow_is_what_its_first_line_says(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            await family.happen(
                e.RunStarted(
                    at=family.clock.now(),
                    run_id="r",
                    session_id="r",
                    attempt=1,
                    project_root=str(tmp_path),
                    workflow="design",
                    context="Shop",
                )
            )
            root = await family._create("r", None, "ContextComponentsDesignSessions", None, {})
            (begun,) = (await watch.attach()).begun
            assert (begun.run_id, begun.workflow) == (root.id, "design")


class TestTheDisk:
    """What is seen without an engine, where it differs from the log."""

    async def test_a_file_that_is_gone_and_work_that_has_stopped(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            root = await family.start(await run(family))
            (child,) = await family.children(root)
            child = await family.complete(child)
            path = family.write(str(child.artifact_path))
            assert [seen.id for seen in await watch.differing([root, child])] == [root.id]
            path.unlink()
            interrupted, lost = await watch.differing([root, child])
            assert interrupted.phase is Phase.INTERRUPTED
            assert lost.artifact is ArtifactState.MISSING

    async def test_a_file_that_is_still_to_be_written_is_no_news(self, tmp_path: Path) -> None:
        async with open_family(tmp_path) as family, open_watch(tmp_path) as watch:
            assert watch is not None
            root = await run(family)
            (child,) = await family.children(root)
            assert await watch.differing([child]) == []
            await family.happen(e.SessionStarted(at=family.clock.now(), **about(child)))
            family.write(str(child.artifact_path))
            (seen,) = await watch.differing([await family.now(child)])
            assert seen.phase is Phase.INTERRUPTED
