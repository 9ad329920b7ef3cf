"""`covey prune`, seen from outside; what it does to the database is tested with the client."""

import os
from pathlib import Path
from typing import Any

import pytest

from covey.store.lock import engine_lock
from covey.testing.samples import mend_shop
from tests.cli.program import covey


@pytest.fixture
def twice(blocked: Path) -> Path:
    """The shop after two runs of billing, both complete; the first of them can be put away."""
    mend_shop(blocked)
    assert covey("retry", "--failed", cwd=blocked).code == 0
    assert covey("run", "design", "billing", "--headless", cwd=blocked).code == 0
    assert covey("run", "design", "billing", "--overwrite", "--headless", cwd=blocked).code == 0
    return blocked


def status(run: str, root: Path) -> dict[str, Any]:
    """How a run stands, but for when that was known: what the disk says is of the moment."""
    found: dict[str, Any] = covey("status", run, "--json", cwd=root).object
    return found | {"sessions": [each | {"known_at": None} for each in found["sessions"]]}


def test_the_whole_story(twice: Path) -> None:
    events = covey("events", cwd=twice).out
    first = covey("events", cwd=twice).lines[1]["run_id"]
    before = status(first, twice)
    session = before["sessions"][1]["session_id"]
    transcript = covey("logs", session, cwd=twice).out

    assert "nothing to put away" in covey("prune", cwd=twice).out
    told = covey("prune", "--older", "0s", "--dry-run", cwd=twice)
    assert told.out.splitlines()[-1] == "1 run would be put away; nothing was changed"
    foretold = covey("prune", "--older", "0s", "--dry-run", "--json", cwd=twice).object
    assert (foretold["changed"], foretold["dry_run"], foretold["runs"][0]["archive"]) == (False, True, None)

    done = covey("prune", "--older", "0s", "--json", cwd=twice).object
    (run,) = done["runs"]
    assert done["changed"] is True
    assert (run["run_id"], run["context"]) == (first, "shop.billing")
    assert run["archive"] == f".covey/archive/{first}.jsonl.gz"
    assert (twice / run["archive"]).is_file()
    assert done["bytes_after"] < done["bytes_before"]
    assert covey("prune", "--older", "0s", "--json", cwd=twice).object["changed"] is False

    assert covey("events", cwd=twice).out == events
    assert covey("logs", session, cwd=twice).out == transcript
    assert status(first, twice) == before
    assert covey("report", first, cwd=twice).code == 0
    assert covey("doctor", cwd=twice).code == 0
    assert covey("run", "design", "billing", "--headless", cwd=twice).code == 4

    (twice / run["archive"]).unlink()
    ran = covey("events", cwd=twice)
    assert ran.code == 0
    assert run["archive"] in ran.err
    assert [line["seq"] for line in ran.lines] != list(range(1, len(ran.lines) + 1))


def test_beside_an_engine_it_is_refused(twice: Path) -> None:
    with engine_lock(twice / ".covey"):
        ran = covey("prune", "--older", "0s", cwd=twice)
    assert (ran.code, ran.out) == (2, "")
    assert f"pid {os.getpid()}" in ran.err
    assert "covey stop --engine" in ran.err


def test_its_help_has_an_example(tmp_path: Path) -> None:
    assert "covey prune --older 2w --dry-run" in " ".join(covey("prune", "--help", cwd=tmp_path).out.split())
