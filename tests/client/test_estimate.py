"""Which sessions would start, before anything has: by the manifest alone."""

from pathlib import Path

from covey.client.beginning import designs_of
from covey.client.estimate import Estimate, Kind, estimate, estimated, fan_out
from covey.client.watching import open_watch
from covey.config.settings import DEFAULT_SECTIONS, REVIEW_SECTIONS
from covey.model import events as e
from covey.model.session import about
from tests.family import CHILD, open_family
from tests.manifests import declared

MANIFEST = '[run]\nagent = "offline"\nmodel = "m"\n' + declared("Shop", "Alpha", "Beta") + declared("Store", "Delta")
WRITES, REVIEWS = (Kind(name, "offline", "m") for name in ("ComponentDesignSessions", "ComponentDesignReviewSessions"))


def test_what_is_there_already_and_passes_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "covey.toml").write_text(MANIFEST, encoding="utf-8")
    assert designs_of(tmp_path, ("shop", "store")) == {WRITES: 3, REVIEWS: 2}
    documents = tmp_path / "docs" / "design" / "shop"
    documents.mkdir(parents=True)
    for name, sections, left in (
        ("alpha", DEFAULT_SECTIONS["module"], {WRITES: 1, REVIEWS: 1}),
        ("beta", DEFAULT_SECTIONS["module"], {REVIEWS: 1}),
        ("design_review", REVIEW_SECTIONS, {}),
    ):
        before = designs_of(tmp_path, ("shop",))
        (documents / f"{name}.md").write_text("# Begun\n", encoding="utf-8")
        assert designs_of(tmp_path, ("shop",)) == before
        (documents / f"{name}.md").write_text(
            "".join(f"## {title}\n\nNothing.\n" for title in sections), encoding="utf-8"
        )
        assert designs_of(tmp_path, ("shop",)) == left


def test_what_is_not_to_be_done_has_no_session() -> None:
    assert fan_out("test", "a", None, 4) == {Kind("ComponentTestSessions", "a", None): 4}
    assert fan_out("code", "a", None, 0).total() == 0
    assert fan_out("design", "offline", "m", 0, 1) == {REVIEWS: 1}


async def test_where_nothing_was_ever_run_nothing_is_estimated() -> None:
    assert estimated(await estimate(None, {WRITES: 3})) == "no estimate yet"


async def test_it_is_the_middle_one_of_those_that_ended_well_for_each_that_starts(tmp_path: Path) -> None:
    async with open_family(tmp_path) as family:
        root = await family.parent()
        taken = {"Alpha": (1_000, 0.1), "Beta": (30_000, 3.0), "Gamma": (2_000, 0.2)}
        for component in list(family.components.values()):
            if component.name in taken:
                child = await family.start(await family.child(root, component, model="m"))
                tokens, usd = taken[component.name]
                paid = {"step": "Write", "model": "m", "tokens": {"input": tokens}, "cost_usd": usd}
                await family.happen(e.UsageRecorded(at=family.clock.now(), **about(child), **paid))
                await family.complete(child)
        async with open_watch(tmp_path) as watch:
            assert watch is not None
            assert await estimate(watch.viewer, {Kind(CHILD, "offline", "m"): 2}) == Estimate(4_000, 0.4, 2, 2, 3)
            assert await estimate(watch.viewer, {Kind(CHILD, "offline", "other"): 2}) is None


def test_words() -> None:
    assert estimated(Estimate(78_400, 0.8, 6, 6, 12)) == "about 78.4k tokens, $0.80 (by 12 sessions like them)"
    assert estimated(Estimate(900, None, 1, 1, 1)) == "about 900 tokens (by 1 session like it)"
