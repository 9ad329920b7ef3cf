"""Which sessions would start, before anything has: by the manifest alone."""

from pathlib import Path

from covey.client.beginning import designs_of
from covey.client.estimate import Estimate, Kind, estimate, estimated, fan_out
from tests.manifests import declared

MANIFEST = '[run]\nagent = "offline"\nmodel = "m"\n' + declared("Shop", "Alpha", "Beta") + declared("Store", "Delta")
WRITES, REVIEWS = (Kind(name, "offline", "m") for name in ("ComponentDesignSessions", "ComponentDesignReviewSessions"))


def test_what_is_there_already_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "covey.toml").write_text(MANIFEST, encoding="utf-8")
    assert designs_of(tmp_path, ("shop", "store")) == {WRITES: 3, REVIEWS: 2}
    written = tmp_path / "docs" / "design" / "shop" / "alpha.md"
    written.parent.mkdir(parents=True)
    written.write_text("# Alpha\n", encoding="utf-8")
    assert designs_of(tmp_path, ("shop",)) == {WRITES: 1, REVIEWS: 1}
    written.with_name("beta.md").write_text("# Beta\n", encoding="utf-8")
    assert designs_of(tmp_path, ("shop",)) == {REVIEWS: 1}
    written.with_name("design_review.md").write_text("# Review\n", encoding="utf-8")
    assert designs_of(tmp_path, ("shop",)) == {}


def test_what_is_not_to_be_done_has_no_session() -> None:
    assert fan_out("test", "a", None, 4) == {Kind("ComponentTestSessions", "a", None): 4}
    assert fan_out("code", "a", None, 0).total() == 0
    assert fan_out("design", "offline", "m", 0, 1) == {REVIEWS: 1}


async def test_where_nothing_was_ever_run_nothing_is_estimated() -> None:
    assert estimated(await estimate(None, {WRITES: 3})) == "no estimate yet"


def test_words() -> None:
    assert estimated(Estimate(78_400, 0.8, 6, 6, 12)) == "about 78.4k tokens, $0.80 (by 12 sessions like them)"
    assert estimated(Estimate(900, None, 1, 1, 1)) == "about 900 tokens (by 1 session like it)"
