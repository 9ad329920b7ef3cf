"""What is told of runs, in which order; and of the whole project beside them: once, however many runs are shown."""

from dataclasses import replace

import pytest

from covey.cli.picture import advice_lines, project_lines
from covey.client.snapshot import EngineState
from covey.model.credential import GateState
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.usage import Spent
from tests.reports.runs import blocked, complete, facts, failed, later, session

BUSY = EngineState(alive=True, gates=(GateState(credential="ACME\x1b[31m_KEY", allowed=3, waiting=2),))
VIEW = facts(session("a", **complete(usage={"input": 900}, cost_usd=0.1))).record.view
GATE = "  ACME␛[31m_KEY: 3 at once, 2 requests wait"


def test_once_of_several_runs() -> None:
    views = [replace(VIEW, today=Spent(5_000, 1.5), engine=BUSY)] * 2
    assert project_lines(views) == ["  today 5.0k tokens, $1.50", GATE]


def test_a_day_that_is_told_already_is_not_told_again() -> None:
    assert project_lines([replace(VIEW, today=Spent(1_800, 0.1 + 0.1))] * 2) == []
    assert project_lines([replace(VIEW, today=Spent(900, 0.1 + 1e-12))]) == [], "which is the same in words"
    assert project_lines([]) == []


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        (PauseKind.HUMAN, "covey resume", "covey retry --failed"),
        (PauseKind.REPEATED_FAILURES, "covey logs", "covey resume"),
    ],
)
def test_what_failed_again_and_again_is_looked_at_before_it_goes_on(kind: PauseKind, first: str, last: str) -> None:
    pause = Pause(kind=kind, mode=PauseMode.SOFT, cause="2 sessions failed", since=later(9), by="ada")
    record = facts(session("a", **failed()), session("b", **failed()), root=blocked(paused=pause), engine=True).record
    _, *commands = advice_lines(record.view, is_here=True)
    assert commands[0].startswith(f"  {first} ")
    assert commands[-1].startswith(f"  {last} ")
    assert sum("covey resume" in command for command in commands) == 1


def test_a_root_is_never_to_be_skipped_for_that_is_refused() -> None:
    alone = facts(root=failed()).record
    assert not any("covey skip" in line for line in advice_lines(alone.view, is_here=True))
    assert any("covey retry" in line for line in advice_lines(alone.view, is_here=True))
    with_a_child = facts(session("a", **failed()), root=blocked()).record
    assert any("covey skip" in line for line in advice_lines(with_a_child.view, is_here=True))
