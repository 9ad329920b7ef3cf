"""Every state of a session has a sign in both sets and a word, and none shares its sign with another."""

import pytest

from covey.model.status import FailureCause, Phase, Status
from covey.text.glyphs import CAUSES, FILE_MISSING, LOOKS, GlyphSet, step_words

STATES = [*(status.value for status in Status if status is not Status.ACTIVE), *(phase.value for phase in Phase)]


@pytest.mark.parametrize("state", [*STATES, FILE_MISSING])
def test_every_state_has_a_look(state: str) -> None:
    look = LOOKS[state]
    assert len(look.unicode) == 1
    assert look.ascii.isascii()
    assert len(look.ascii) == 1
    assert look.word


@pytest.mark.parametrize("glyphs", list(GlyphSet))
def test_no_two_states_share_a_sign(glyphs: GlyphSet) -> None:
    """But for what is about to be paused: its word tells it from what is."""
    signs = [look.glyph(glyphs) for state, look in LOOKS.items() if state != "pausing"]
    assert len(signs) == len(set(signs))
    assert LOOKS["pausing"].glyph(glyphs) == LOOKS["paused"].glyph(glyphs)
    assert LOOKS["pausing"].word != LOOKS["paused"].word


def test_there_is_no_look_without_a_state() -> None:
    assert set(LOOKS) == {*STATES, FILE_MISSING}


def test_every_cause_of_a_failure_has_a_word() -> None:
    assert set(CAUSES) == {cause.value for cause in FailureCause}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("GenerateComponentDesign", "generate design"),
        ("SpawnComponentDesignSessions", "spawn design sessions"),
        ("Initialize", "initialize"),
    ],
)
def test_a_step_is_told_in_lower_case_words(step: str, words: str) -> None:
    assert step_words(step) == words
