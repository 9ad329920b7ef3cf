"""Which credential's pause holds a session, and about which a run asks: one rule for all who tell of it."""

import pytest
from msgspec.structs import replace

from covey.model.credential import CredentialPause, asked_at, pause_of, pause_of_agent, pauses_of
from covey.model.outcome import waits_for_human
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.model.tree import SessionTree
from tests.model.strategies import at, created

REFUSED = CredentialPause(credential="A_KEY", cause=FailureCause.AUTH, reason="no", agents=("mine",), since=at(0))
LIMITED = replace(REFUSED, credential="B_KEY", cause=FailureCause.RATE_LIMIT, resets_at=at(9), by_itself=True)
PAUSED = {pause.credential: pause for pause in (LIMITED, REFUSED)}


def session(key: str = "a", parent: str | None = "root", **changes: object) -> Session:
    """A session that an agent works for, called `mine`."""
    made = apply(None, created(key, parent))
    assert made is not None
    return replace(made, **{"agent": "mine", "artifact_path": f"{key}.md", **changes})


PARENT = {"phase": Phase.INTERRUPTED, "artifact_path": None}


class TestOfASession:
    """It stands still where its agent is to be called next, and for nobody else's credential."""

    @pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.INTERRUPTED])
    def test_one_that_could_go_on_stands_still_and_one_that_asks_a_human_comes_first(self, phase: Phase) -> None:
        assert pause_of(PAUSED, session(phase=phase)) is REFUSED
        assert pause_of({"B_KEY": LIMITED}, session(phase=phase)) is LIMITED

    @pytest.mark.parametrize(
        "changes",
        [
            {"agent": "another"},
            {"phase": Phase.RUNNING},
            {"phase": Phase.ASKING},
            {"status": Status.COMPLETE, "phase": None},
            {"phase": Phase.INTERRUPTED, "needs_human": {"interrupted": "it may still write"}},
            PARENT,
        ],
        ids=["another agent", "at work", "asks", "ended", "undecided", "nested parent"],
    )
    def test_nobody_else_does(self, changes: dict[str, object]) -> None:
        held = session(**changes)
        assert pause_of(PAUSED, held) is None
        assert pauses_of(PAUSED, [held]) == ()

    def test_nor_does_a_root(self) -> None:
        assert pause_of(PAUSED, session("root", None, **PARENT)) is None

    def test_the_same_holds_for_an_agent_that_is_about_to_be_called(self) -> None:
        assert pause_of_agent(PAUSED, "mine") is REFUSED
        assert pause_of_agent(PAUSED, "another") is None
        assert pause_of_agent(PAUSED, None) is None


class TestOfARun:
    """A run asks about what holds its sessions, at its root."""

    def test_until_it_has_ended_and_about_what_does_not_end_by_itself(self) -> None:
        root = session("root", None, phase=Phase.WAITING, artifact_path=None)
        sessions = [root, session("a"), session("b", agent="free")]
        assert pauses_of({**PAUSED, "C_KEY": replace(REFUSED, credential="C_KEY", agents=())}, sessions) == (REFUSED,)
        assert asked_at(root, PAUSED.values()) == (REFUSED,)
        assert asked_at(replace(root, status=Status.CANCELLED, phase=None), PAUSED.values()) == ()

    def test_a_nested_parent_goes_on_without_the_credential(self) -> None:
        root = session("root", None, phase=Phase.WAITING, artifact_path=None)
        tree = SessionTree([root, session("nested", **PARENT)])
        assert not waits_for_human(tree, "root", engine_alive=True, paused=PAUSED)
