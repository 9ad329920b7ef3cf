"""How wide the tree's columns are: from its width alone, so nothing moves while work goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey_tui.view.columns import Columns, columns, filtered_heads, heads
from covey_tui.view.spans import MUTED, Line, Role, Tone, room


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


class TestWidths:
    """Constants of the width's class."""

    @pytest.mark.parametrize(
        ("tree", "priced", "expected"),
        [
            (54, True, Columns(name=20, status=18, tokens=0, cost=0, bar=12)),
            (59, True, Columns(name=20, status=23, tokens=0, cost=0, bar=12)),
            (60, True, Columns(name=24, status=20, tokens=0, cost=0, bar=12)),
            (75, True, Columns(name=24, status=35, tokens=0, cost=0, bar=12)),
            (76, True, Columns(name=24, status=20, tokens=8, cost=8, bar=12)),
            (80, True, Columns(name=24, status=24, tokens=8, cost=8, bar=12)),
            (80, False, Columns(name=24, status=32, tokens=8, cost=0, bar=12)),
            (88, True, Columns(name=30, status=26, tokens=8, cost=8, bar=16)),
            (110, True, Columns(name=30, status=48, tokens=8, cost=8, bar=16)),
        ],
    )
    def test_of_every_class(self, tree: int, *, priced: bool, expected: Columns) -> None:
        assert columns(tree, priced=priced) == expected

    @given(tree=st.integers(46, 300), priced=st.booleans())
    def test_together_they_fill_the_tree_but_for_the_scrollbar(self, tree: int, *, priced: bool) -> None:
        assert columns(tree, priced=priced).width == tree - 1


class TestHeads:
    """Small words above the columns; they stand in a bar whose own margin is the first cell."""

    def test_of_a_narrow_tree(self) -> None:
        line = heads(columns(54))
        assert text(line) == "    session            status" + " " * 18 + "time "
        assert [piece.tone for piece in line if piece.text.strip()] == [MUTED]

    def test_with_tokens_and_cost(self) -> None:
        expected = "    session" + " " * 22 + "status" + " " * 26 + "time  tokens    cost "
        assert text(heads(columns(88, priced=True))) == expected

    def test_another_order_takes_the_place_of_the_first(self) -> None:
        line = heads(columns(54), needing_first=True)
        assert text(line) == "    needs you first    status" + " " * 18 + "time "
        assert [piece.tone for piece in line if piece.text.strip()] == [Tone(Role.PRIMARY, bold=True), MUTED]

    @pytest.mark.parametrize("tree", [54, 60, 76, 88, 110])
    def test_words_stand_over_their_columns(self, tree: int) -> None:
        parts = columns(tree, priced=True)
        line = " " + text(heads(parts))
        assert line.index("session") == 3 + 2
        assert line.index("status") == 3 + parts.name + 1
        assert line.index("time") + 4 == 3 + parts.name + 1 + parts.status + 3 + 7
        assert room(heads(parts)) == parts.width - 1

    def test_a_filter_takes_their_place(self) -> None:
        line = filtered_heads(columns(54), "only problems", 27, 62)
        assert text(line) == "    only problems  27 of 62 shown" + " " * 11 + "Esc all "
        assert line[1].tone == Tone(Role.PRIMARY, bold=True)

    def test_a_filter_with_a_long_name_leaves_the_way_out(self) -> None:
        line = text(filtered_heads(columns(54), "/" + "x" * 40, 3, 62))
        assert line.endswith("…  Esc all ")
        assert len(line) == 52
