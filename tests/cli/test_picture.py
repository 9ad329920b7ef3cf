"""What is told of the whole project, beside runs: once, however many of them are shown."""

from dataclasses import replace

from covey.cli.picture import project_lines
from covey.client.snapshot import EngineState
from covey.model.credential import GateState
from covey.model.usage import Spent
from tests.reports.runs import complete, facts, session

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
