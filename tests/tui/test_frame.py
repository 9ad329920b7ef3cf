"""How the screen is divided: the numbers of the design."""

import pytest

from covey_tui.view.frame import frame


class TestFrame:
    """The parts of a screen follow from its size alone."""

    @pytest.mark.parametrize(
        ("width", "tree", "detail"),
        [(100, 54, 46), (139, 93, 46), (140, 68, 72), (160, 88, 72), (199, 100, 99), (200, 110, 90), (250, 110, 140)],
    )
    def test_tree_and_detail_stand_side_by_side_from_100_on(self, width: int, tree: int, detail: int) -> None:
        parts = frame(width, 30)
        assert (parts.tree, parts.detail, parts.peek) == (tree, detail, 0)
        assert parts.is_side_by_side

    @pytest.mark.parametrize(("height", "peek"), [(15, 0), (19, 0), (20, 5), (29, 5), (30, 10), (60, 10)])
    def test_below_100_a_peek_stands_under_the_tree(self, height: int, peek: int) -> None:
        assert frame(99, height).peek == peek
        assert frame(99, height).tree == 99

    @pytest.mark.parametrize(("size", "small"), [((60, 15), False), ((59, 15), True), ((60, 14), True)])
    def test_less_than_60_by_15_is_too_small(self, size: tuple[int, int], *, small: bool) -> None:
        assert frame(*size).is_too_small is small
