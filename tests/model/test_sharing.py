"""What sessions have in common is held in memory once, whichever way they come to a viewer."""

from pathlib import Path

import msgspec

from covey.model.events import AnyEvent
from covey.model.session import Session
from covey.model.tree import SessionTree
from tests.model.strategies import created
from tests.store.lives import SCOPE, engine_store, family

SHARED = ("project_id", "run_id", "session_id", "type", "agent", "environment", "state", "usage", "unpriced")


def of_the_same_objects(first: Session, second: Session) -> set[str]:
    """The fields of two sessions that are one object, of those that siblings have in common."""
    return {field for field in SHARED if getattr(first, field) is getattr(second, field)}


class TestSharing:
    """Two siblings."""

    def test_that_come_by_the_log(self) -> None:
        events = [created("root"), created("a", "root"), created("b", "root", position=1)]
        stored = [msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) for event in events]
        assert stored[1].run_id is not stored[2].run_id

        tree = SessionTree()
        tree.fold(stored)

        assert of_the_same_objects(tree.sessions["a"], tree.sessions["b"]) == set(SHARED)

    async def test_that_are_read_from_their_rows(self, tmp_path: Path) -> None:
        async with engine_store(tmp_path) as store:
            await family(store, 2)

            _, (_, first, second) = await store.shown(SCOPE, None)

        assert of_the_same_objects(first, second) == set(SHARED)

    def test_that_differ_keep_what_is_their_own(self) -> None:
        first, second = created("a", "root"), created("b", "root", position=1)
        second = msgspec.structs.replace(second, state={"k": 1}, agent="another")
        tree = SessionTree()
        tree.fold([created("root"), first, second])

        assert (tree.sessions["a"].state, tree.sessions["a"].agent) == ({}, "offline")
        assert (tree.sessions["b"].state, tree.sessions["b"].agent) == ({"k": 1}, "another")
