"""What a parent learns of its children between two looks at them: who has ended, and whether that is all."""

from pathlib import Path

from covey.engine.wakeups import Wakeups
from tests.store.lives import apply, complete, create, engine_store, fail, issue, retry, start


async def test_children_that_have_ended_are_told_once(tmp_path: Path) -> None:
    wakeups = Wakeups()
    async with engine_store(tmp_path, on_commit=wakeups.tell) as store:
        await apply(store, create("root"))
        works = [await apply(store, start(await apply(store, create(name, "root")))) for name in ("a", "b", "c")]
        assert wakeups.ended("root") == set()
        ticket = wakeups.ticket("root")
        await apply(store, complete(works[0]))
        await apply(store, fail(works[1]))
        assert wakeups.ticket("root") > ticket
        assert wakeups.ended("root") == {"a", "b"}
        await apply(store, issue(works[2], "i"))
        assert wakeups.ended("root") == set()


async def test_a_child_that_may_have_to_be_started_again_asks_for_a_look_at_all(tmp_path: Path) -> None:
    wakeups = Wakeups()
    async with engine_store(tmp_path, on_commit=wakeups.tell) as store:
        await apply(store, create("root"))
        a, b = [await apply(store, start(await apply(store, create(name, "root")))) for name in ("a", "b")]
        await apply(store, retry(await apply(store, fail(a))))
        await apply(store, fail(b))
        assert wakeups.ended("root") is None
        assert wakeups.ended("root") == set()
