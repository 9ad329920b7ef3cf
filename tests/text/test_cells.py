"""How much room a text takes on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.text.cells import cut, fit, pad, width, wrap
from covey.text.sanitise import SafeText, sanitise_line

LINES = st.text().map(sanitise_line)


class TestWidth:
    """Cells are what a terminal counts in, not characters."""

    @pytest.mark.parametrize(
        ("text", "cells"), [("", 0), ("tax", 3), ("Ärzte", 5), ("A\u0308rzte", 5), ("名前", 4), ("a✓b", 3)]
    )
    def test_of_a_line(self, text: str, cells: int) -> None:
        assert width(text) == cells


class TestPad:
    """Columns stand below each other in any script."""

    @pytest.mark.parametrize("text", ["", "tax", "名前", "A\u0308rzte"])
    def test_fills_the_column(self, text: str) -> None:
        assert width(pad(SafeText(text), 10)) == 10

    def test_leaves_alone_what_is_longer(self) -> None:
        assert pad(SafeText("price_list"), 3) == "price_list"


class TestCut:
    """A line never takes more room than there is, and says where something is left out."""

    @pytest.mark.parametrize(
        ("text", "cells", "expected"),
        [
            ("needs you", 9, "needs you"),
            ("needs you", 8, "needs y…"),
            ("needs you", 7, "needs…"),
            ("名前", 4, "名前"),
            ("名前", 3, "名…"),
            ("名前", 2, "…"),
            ("needs you", None, "needs you"),
        ],
    )
    def test_keeps_the_beginning(self, text: str, cells: int | None, expected: str) -> None:
        assert cut(SafeText(text), cells) == expected

    @given(LINES, st.integers(1, 40))
    def test_always_fits(self, text: SafeText, cells: int) -> None:
        assert width(cut(text, cells)) <= cells


class TestFit:
    """A column is as wide as it should be, whatever is in it."""

    @given(LINES, st.integers(1, 40))
    def test_to_the_cell(self, text: SafeText, cells: int) -> None:
        assert width(fit(text, cells)) == cells

    def test_says_where_something_is_left_out(self) -> None:
        assert fit(SafeText("名前の長い"), 6) == "名前… "
        assert fit(SafeText("tax"), 6) == "tax   "


class TestWrap:
    """What matters whole goes on in the next row, below where it began."""

    def test_breaks_at_blanks(self) -> None:
        assert wrap(SafeText("✗ tax  failed: it did not parse"), 20, 7) == [
            "✗ tax  failed: it",
            "       did not parse",
        ]

    def test_leaves_alone_what_fits(self) -> None:
        assert wrap(SafeText("  ✗ tax  failed"), 15, 4) == ["  ✗ tax  failed"]
        assert wrap(SafeText("  ✗ tax  failed"), None, 4) == ["  ✗ tax  failed"]

    def test_keeps_long_words_whole(self) -> None:
        assert wrap(SafeText("missing: docs/design/shop.md again"), 12, 2) == [
            "missing:",
            "  docs/design/shop.md",
            "  again",
        ]

    def test_blanks_without_end_cost_no_more_than_words(self) -> None:
        assert wrap(SafeText("word" + " " * 200_000), 20, 0) == ["word"]

    @given(LINES, st.integers(1, 40), st.integers(0, 8))
    def test_loses_no_word(self, text: SafeText, cells: int, indent: int) -> None:
        assert " ".join(wrap(text, cells, indent)).split() == text.split()
