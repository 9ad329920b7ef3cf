"""Whether a run still goes on: rows, an engine (here: its lock and its row), and what is asked of it."""

from pathlib import Path

import pytest

from covey.client import standing
from covey.client.requests import Wish, request_control
from covey.model.control import Action
from covey.model.outcome import Begun, How, Left
from covey.model.session import Session
from covey.store.lock import engine_lock
from covey.store.sqlite import Viewer, open_viewer
from covey.testing.clock import FakeClock
from tests.store.lives import outside

COUNTS = {"active": 0, "complete": 4, "failed": 1, "cancelled": 0, "skipped": 0}


async def root_of(viewer: Viewer) -> Session:
    return (await viewer.roots(viewer.scope))[-1]


async def test_a_blocked_run_needs_a_human_whether_or_not_an_engine_lives(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        key = (await root_of(viewer)).id
        without = await standing.left(viewer, key)
        revive(shop)
        with engine_lock(shop / ".covey"):
            assert await viewer.living_engine() is not None
            assert await standing.left(viewer, key) == without
    assert without is not None
    assert (without.exit_code, without.counts) == (6, COUNTS)
    assert "tax" in (without.reason or "")


async def test_a_request_that_waits_for_a_living_engine_may_set_it_going(shop: Path) -> None:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        root = await root_of(viewer)
        await request_control(viewer, shop, [root], Wish(action=Action.RETRY), wait_seconds=0, clock=FakeClock())
        kept = await standing.left(viewer, root.id)
        assert kept is not None
        assert kept.exit_code == 6, "nobody is there to take it"
        revive(shop)
        with engine_lock(shop / ".covey"):
            assert await standing.left(viewer, root.id) is None


@pytest.mark.parametrize(
    ("phase", "with_engine", "without"),
    [("running", None, standing.NO_ENGINE), ("waiting", None, standing.NO_ENGINE), ("interrupted", 130, None)],
)
async def test_a_run_at_work(shop: Path, phase: str, with_engine: int | None, without: str | None) -> None:
    with outside(shop) as database:
        database.execute(
            "UPDATE sessions SET body = json_set(body, '$.phase', ?, '$.needs_human', NULL) WHERE parent_id IS NULL",
            (phase,),
        )
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        key = (await root_of(viewer)).id
        found = await standing.left(viewer, key)
        assert found is not None
        assert (found.exit_code, found.reason) == (130, without or standing.INTERRUPTED)
        revive(shop)
        with engine_lock(shop / ".covey"):
            alive = await standing.left(viewer, key)
    assert (alive.exit_code if alive else None) == with_engine


def revive(root: Path) -> None:
    """Whoever holds the lock now takes requests, says the row."""
    with outside(root) as database:
        database.execute("UPDATE engine SET body = json_remove(body, '$.stopped')")


class TestTogether:
    """Several contexts come to one exit code."""

    begun = (Begun("a", "1", How.STARTED), Begun("b", "2", How.NOTHING_TO_DO))

    def test_nothing_to_do_anywhere(self) -> None:
        left = standing.together(self.begun[1:], [])
        assert left.exit_code == 4
        assert "nothing to do" in (left.reason or "")

    @pytest.mark.parametrize(("codes", "code"), [([0], 0), ([0, 6], 6), ([6, 1], 1), ([1, 130], 130), ([3, 0], 3)])
    def test_the_worst_counts(self, codes: list[int], code: int) -> None:
        left = standing.together(self.begun, [Left(each, COUNTS, f"because {each}") for each in codes])
        assert left.exit_code == code
        assert left.counts["complete"] == 4 * len(codes)
        assert left.reason == "; ".join(f"because {each}" for each in codes)
