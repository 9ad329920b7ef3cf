"""The short form of the random lives, and a test of the test: it finds bugs planted in a copy of the engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .rules import File, Play
from .stateful import Lives, lives

ROOT = Path(__file__).parents[2]

LOST_WAKE_UP = [("engine/wakeups.py", "e.SessionCompleted, e.SessionFailed,", "e.SessionCompleted,")]
"""A runtime that does not wake a parent whose child has failed."""

SKIP_OF_A_COMPLETE_ONE = [
    ("model/control.py", "frozenset(Standing) - {Standing.COMPLETE, Standing.SKIPPED}", "frozenset(Standing)"),
    ("model/reducer.py", '"it is complete and its file is there")', '"")'),
    (
        "model/reducer.py",
        "_require(session.artifact is ArtifactState.MISSING, session, event,",
        "_require(True, session, event,",
    ),
]
"""A decision that lets a skip through on a session that is complete."""

_AGAIN = """async def again(bench: Bench, sessions: tuple[Session, ...]) -> None:
    from covey.model.events import SessionRetried
    for each in sessions:
        if each.status is Status.COMPLETE:
            more = about(each) | {"attempt": each.attempt + 1}
            event = SessionRetried(
                at=bench.tools.clock.now(), **more, agent=each.agent, model=None, decision_id="d", by="b"
            )
            await _append(bench, Operation(events=(event,)))


async def _append("""
COMPLETE_ONES_AGAIN = [
    (
        "store/reads.py",
        "\" AND (status = 'active' OR json_extract(body, '$.pending') IS NOT NULL) ORDER BY number\"",
        "\" AND status IN ('active', 'complete') ORDER BY number\"",
    ),
    (
        "engine/recovery.py",
        "    await _close_abandoned(bench, DIED)\n",
        "    await _close_abandoned(bench, DIED)\n    await again(bench, tuple(sessions.values()))\n",
    ),
    (
        "engine/recovery.py",
        "async def _append(",
        _AGAIN,
    ),
    ("model/reducer.py", "    _require(not ended_well, session, event,", "    _require(True, session, event,"),
]
"""A recovery that has complete sessions run again."""


def test_random_lives_go_as_the_rules_say() -> None:
    lives(12, steps=12, derandomize=True)


def test_who_was_at_work_when_its_engine_went_goes_on_before_those_behind_it() -> None:
    life = Lives()
    try:
        life.begin(slots=1, plays=(Play.OK, Play.HOLD, Play.OK), review=False)
        life.the_engine_goes(dies=False)
        life.a_hand_changes_a_file(name="Gamma", file=File.VALID)
        life.another_engine_comes()
        life.it_comes_to_what_the_rules_say()
    finally:
        life.teardown()


@pytest.mark.parametrize(
    "plant", [LOST_WAKE_UP, SKIP_OF_A_COMPLETE_ONE, COMPLETE_ONES_AGAIN], ids=["wake-up", "skip", "again"]
)
def test_a_planted_bug_is_found(plant: list[tuple[str, str, str]], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in plant:
        file = tmp_path / "core" / "covey" / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name}: {before}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    found = subprocess.run(
        [sys.executable, "-m", "tests.chaos.stateful", "--examples", "40", "--same"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "core")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1, found.stdout + found.stderr
    assert "by the rules" in found.stdout, found.stdout + found.stderr
