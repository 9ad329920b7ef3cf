"""`covey watch --plain` without an engine: what goes on with the runs that are watched."""

from typing import Any

import pytest

from covey.cli.watch import without_engine
from covey.model.budget import USD
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import Status
from tests.reports.runs import later, session

SPENT = Pause(
    kind=PauseKind.BUDGET, mode=PauseMode.HARD, cause="$2.00 of $1.00 are spent", since=later(1), by="covey", limit=USD
)
RUN = "no engine is at work; the next covey run goes on"
RESUME = "held is paused: $2.00 of $1.00 are spent; covey resume held-012 --budget-usd ... --start goes on"


def root(key: str, **changes: Any) -> Session:
    return session(key, None, **changes)


@pytest.mark.parametrize(
    ("roots", "told"),
    [
        ([], [RUN]),
        ([root("free")], [RUN]),
        ([root("held", paused=SPENT)], ["no engine is at work", RESUME]),
        ([root("free"), root("held", paused=SPENT)], [RUN, RESUME]),
        ([root("ended", status=Status.COMPLETE)], ["no engine is at work"]),
        ([root("ended", status=Status.CANCELLED, paused=SPENT)], ["no engine is at work"]),
    ],
)
def test_a_paused_run_goes_on_with_its_resume_alone(roots: list[Session], told: list[str]) -> None:
    assert without_engine(roots) == told


def test_a_name_does_nothing_to_the_terminal() -> None:
    (_, line) = without_engine([root("held", component="\x1b[31mred", paused=SPENT)])
    assert "\x1b" not in line
