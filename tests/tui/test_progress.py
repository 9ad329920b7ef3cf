"""The bar and the counts beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.text.glyphs import FILE_MISSING, LOOKS
from covey_tui.view.progress import SEGMENTS, Manner, bar, counts, done_of_all
from covey_tui.view.spans import MUTED, TEXT, Line, Role, Tone, room
from covey_tui.view.states import STATES
from covey_tui.view.tally import Tally

MANNERS = st.builds(Manner, ascii=st.booleans(), no_color=st.booleans())
TALLIES = st.dictionaries(st.sampled_from(sorted(LOOKS)), st.integers(1, 5000)).map(lambda states: Tally(states=states))
SHOP = Tally(states={"complete": 6, "skipped": 1, "failed": 2, FILE_MISSING: 1, "running": 3, "queued": 1})


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


class TestBar:
    """It shows how far all is, in the order of the counts."""

    @given(TALLIES, st.integers(0, 250), MANNERS)
    def test_it_always_fills_exactly(self, tally: Tally, cells: int, manner: Manner) -> None:
        assert room(bar(tally, cells, manner)) == cells

    @given(TALLIES, st.integers(1, 250))
    def test_no_segment_is_a_cell_off(self, tally: Tally, cells: int) -> None:
        drawn = {piece.tone.role: 0.0 for piece in bar(tally, cells)}
        for piece in bar(tally, cells):
            drawn[piece.tone.role] += len(piece.text)
        for role in (Role.SUCCESS, Role.ERROR, Role.WARNING, Role.PRIMARY):
            states = [state for piece, those in SEGMENTS if piece.role is role for state in those]
            assert abs(drawn.get(role, 0) - tally.of(*states) * cells / max(1, tally.total)) <= 1

    def test_in_colour(self) -> None:
        assert [(piece.text, piece.tone.role) for piece in bar(SHOP, 28)] == [
            ("━" * 12, Role.SUCCESS),
            ("━" * 2, Role.FAINT),
            ("━" * 4, Role.ERROR),
            ("━" * 2, Role.WARNING),
            ("━" * 6, Role.PRIMARY),
            ("─" * 2, Role.FAINT),
        ]

    def test_without_colour_three_signs_tell_done_from_needed_from_to_come(self) -> None:
        assert text(bar(SHOP, 28, Manner(no_color=True))) == "━" * 14 + "╍" * 6 + "─" * 8

    def test_in_ascii_each_state_has_its_sign(self) -> None:
        assert text(bar(SHOP, 28, Manner(ascii=True, no_color=True))) == "=" * 14 + "x" * 4 + "^" * 2 + "-" * 6 + ".."

    @pytest.mark.parametrize(("manner", "sign"), [(Manner(), "─"), (Manner(ascii=True), ".")])
    def test_of_nothing_it_is_a_rule(self, manner: Manner, sign: str) -> None:
        assert text(bar(Tally(), 9, manner)) == sign * 9

    def test_every_state_has_one_segment_in_the_order_of_the_counts(self) -> None:
        drawn = [state for _, states in SEGMENTS for state in states]
        assert drawn == list(STATES)
        assert sorted(drawn) == sorted(LOOKS)


class TestCounts:
    """How many are in each state."""

    def test_signs_and_numbers(self) -> None:
        assert text(counts(SHOP)) == "✓ 6  » 1  ✗ 2  ▲ 1  ● 3  ○ 1"

    def test_words_where_there_is_room(self) -> None:
        assert text(counts(SHOP, words=True)) == (
            "✓ 6 complete  » 1 skipped  ✗ 2 failed  ▲ 1 missing  ● 3 running  ○ 1 queued"
        )

    def test_those_that_need_somebody_are_bold(self) -> None:
        line = counts(Tally(states={"complete": 1, "failed": 2, FILE_MISSING: 3, "cancelled": 4}), words=True)
        assert [(piece.text, piece.tone) for piece in line if piece.text.strip().isdigit()] == [
            ("1", TEXT),
            ("4", TEXT),
            ("2", Tone(bold=True)),
            ("3", Tone(bold=True)),
        ]
        assert {piece.tone for piece in line if piece.text.startswith(" ") and piece.text.strip()} == {MUTED}

    def test_complete_and_skipped_are_done(self) -> None:
        assert done_of_all(SHOP) == "7/14"
