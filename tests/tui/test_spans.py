import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.text.cells import width
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey_tui.view.spans import BLANK, MUTED, STRONG, TEXT, Line, Span, fit, joined, room, span, spread, wrapped

SAFE = st.text(max_size=30).map(sanitise_line)
TONES = st.sampled_from([TEXT, MUTED, STRONG])
LINES = st.lists(st.builds(Span, SAFE, TONES), max_size=5).map(tuple)
CELLS = st.integers(0, 60)


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


class TestFit:
    """A line takes exactly the cells that it is given."""

    @given(LINES, CELLS)
    def test_always(self, line: Line, cells: int) -> None:
        assert room(fit(line, cells)) == cells

    @given(LINES)
    def test_one_that_fits_is_left_alone(self, line: Line) -> None:
        assert fit(line, room(line)) == line
        assert text(fit(line, room(line) + 3)) == f"{text(line)}   "

    @pytest.mark.parametrize(
        ("cells", "found"),
        [(0, ""), (1, "…"), (2, "a…"), (6, "abc d…"), (7, "abc def"), (9, "abc def  ")],
    )
    def test_what_is_cut_ends_with_an_ellipsis(self, cells: int, found: str) -> None:
        assert text(fit((span("abc "), span("def", STRONG)), cells)) == found

    def test_a_cut_between_two_spans_is_seen_too(self) -> None:
        assert text(fit((span("abc"), span("def")), 3)) == "ab…"

    def test_letters_of_two_cells_are_never_halved(self) -> None:
        line = (span("日本語"),)
        assert [text(fit(line, cells)) for cells in (6, 5, 4, 3)] == ["日本語", "日本…", "日… ", "日…"]

    def test_tones_stay_with_their_text(self) -> None:
        assert fit((span("abc", MUTED), span("def", STRONG)), 5) == (span("abc", MUTED), span("d…", STRONG))


class TestSpread:
    """Two lines at the two ends of one; the right one stays whole."""

    @given(LINES, LINES, CELLS)
    def test_always(self, left: Line, right: Line, cells: int) -> None:
        assert room(spread(left, right, cells)) == cells

    def test_the_left_one_is_cut_two_cells_before_the_right_one(self) -> None:
        left, right = (span("abcdef"),), (span("xyz"),)
        assert text(spread(left, right, 12)) == "abcdef   xyz"
        assert text(spread(left, right, 10)) == "abcdef xyz"
        assert text(spread(left, right, 8)) == "ab…  xyz"

    def test_without_a_right_one(self) -> None:
        assert text(spread((span("abc"),), BLANK, 5)) == "abc  "


class TestJoined:
    """Lines in one, with a gap between each two."""

    def test_gaps_stand_between_only(self) -> None:
        assert text(joined([(span("a"),), (span("b"), span("c")), (span("d"),)], " · ")) == "a · bc · d"
        assert joined([], "   ") == BLANK


class TestWrapped:
    """No line is wider than its room, and nothing but blanks is lost."""

    @given(st.text(max_size=200).map(sanitise), st.integers(2, 40))
    def test_always(self, given_text: SafeText, cells: int) -> None:
        lines = wrapped(given_text, cells)
        assert all(room(line) <= cells for line in lines)
        assert "".join("".join(text(line) for line in lines).split()) == "".join(given_text.split())

    def test_paragraphs_and_blank_lines_stay(self) -> None:
        assert [text(line) for line in wrapped(SafeText("one two\n\nthree"), 5)] == ["one", "two", "", "three"]

    def test_a_word_that_is_too_long_is_broken(self) -> None:
        assert [text(line) for line in wrapped(SafeText("a/very/long/path"), 6)] == ["a/very", "/long/", "path"]

    def test_tabs_become_blanks(self) -> None:
        (line,) = wrapped(SafeText("a\tb"), 20)
        assert (text(line), width(text(line))) == ("a   b", 5)
