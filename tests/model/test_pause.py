"""What a pause of a run makes of its sessions: which are shown as paused, which stand still, and when it is safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.model.ability import Ability
from covey.model.pause import (
    Pause,
    PauseKind,
    PauseMode,
    at_work,
    is_held,
    pause_words,
    pausing_words,
    phase_under,
    safety_words,
)
from covey.model.session import Session
from covey.model.status import Phase, Status
from tests.model.strategies import at, created, grown, trees

SOFT = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough", since=at(1), by="ada")
HARD = replace(SOFT, mode=PauseMode.HARD)
AGAIN = replace(SOFT, kind=PauseKind.REPEATED_FAILURES, cause="6 sessions failed within 10m: agent", by="covey")


def session(key: str = "a", **changes: object) -> Session:
    parent = None if key == "root" else "root"
    return replace(grown([created(key, parent)]).sessions[key], **changes)


SHOWN = """
phase        pending  soft         hard         held_soft  held_hard
queued       no       paused       paused       yes        yes
running      no       running      paused       no         yes
running      yes      running      pausing      no         no
waiting      yes      waiting      waiting      no         no
blocked      no       blocked      blocked      no         no
interrupted  no       interrupted  interrupted  yes        yes
"""
ROWS = [line.split() for line in SHOWN.strip().splitlines()[1:]]


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row[:2]) for row in ROWS])
def test_every_phase_of_a_child(row: list[str]) -> None:
    phase, pending, soft, hard, held_soft, held_hard = row
    child = session(phase=Phase(phase), pending="i1" if pending == "yes" else None)
    assert (phase_under(SOFT, child), phase_under(HARD, child)) == (soft, hard)
    assert (is_held(SOFT, child), is_held(HARD, child)) == (held_soft == "yes", held_hard == "yes")


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.INTERRUPTED])
def test_a_root_that_waits_is_shown_as_paused_whether_or_not_an_engine_lives(phase: Phase) -> None:
    assert phase_under(SOFT, session("root", phase=phase, pending="i1")) is Phase.PAUSED


def test_a_root_waits_for_its_children_paused_or_not() -> None:
    assert not is_held(SOFT, session("root", phase=Phase.WAITING, pending="i1"))


def test_a_blocked_root_still_says_that_it_needs_somebody() -> None:
    assert phase_under(HARD, session("root", phase=Phase.BLOCKED)) is Phase.BLOCKED


@given(trees(), st.sampled_from([None, SOFT, HARD]))
def test_only_active_sessions_of_a_paused_run_are_shown_otherwise(tree: object, pause: Pause | None) -> None:
    for each in tree.sessions.values():  # type: ignore[attr-defined]
        if pause is None or each.status is not Status.ACTIVE:
            assert phase_under(pause, each) is each.phase
            assert not is_held(pause, each)


def test_what_is_at_work() -> None:
    children = [
        session(phase=Phase.QUEUED),
        session(phase=Phase.RUNNING, pending="i1"),
        session(phase=Phase.RUNNING),
        session(status=Status.CANCELLED, phase=Phase.CANCELLING),
        session(phase=Phase.WAITING),
    ]
    assert at_work(session("root", paused=SOFT), children) == 3
    assert at_work(session("root", paused=HARD), children) == 2
    assert at_work(session("root", paused=HARD), children[:1]) == 0


@pytest.mark.parametrize(
    ("pause", "words"),
    [
        (SOFT, "paused by ada"),
        (HARD, "paused by ada: running sessions take no further turn or step"),
        (AGAIN, "paused: 6 sessions failed within 10m: agent"),
    ],
)
def test_why_it_is_paused(pause: Pause, words: str) -> None:
    assert pause_words(pause) == words
    assert pause.asks == (pause is AGAIN)


@pytest.mark.parametrize(
    ("working", "words"),
    [
        (0, "nothing is at work: it is safe to stop"),
        (1, "1 session is still at work; once it is done it is safe to stop"),
        (3, "3 sessions are still at work; once they are done it is safe to stop"),
    ],
)
def test_when_it_is_safe_to_stop(working: int, words: str) -> None:
    assert safety_words(working) == words


@pytest.mark.parametrize(
    ("abilities", "words"),
    [
        ((Ability.TURNS,), "it stands still before its agent's next turn"),
        ((Ability.MESSAGES,), "its agent cannot stop between turns: it stands still at the end of this step"),
    ],
)
def test_how_far_one_still_goes_depends_on_its_agent(abilities: tuple[Ability, ...], words: str) -> None:
    child = session(phase=Phase.RUNNING, pending="i1", abilities=abilities)
    assert pausing_words(replace(child, phase=phase_under(HARD, child))) == words
    assert pausing_words(child) == ""
