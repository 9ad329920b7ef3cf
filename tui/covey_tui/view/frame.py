"""How the screen is divided, from its size alone. Pure; the numbers are those of the design, in cells."""

from typing import NamedTuple

SMALLEST = (60, 15)
SIDE_BY_SIDE = 100
"""From this width on the detail stands beside the tree; below, under it."""
_WIDER, _WIDEST = 140, 200
_DETAIL, _DETAIL_WIDER, _TREE_WIDER, _TREE_WIDEST = 46, 72, 100, 110
_AIRY, _PEEKS = 30, 20
_PEEK, _PEEK_AIRY = 5, 10


class Frame(NamedTuple):
    """The parts of the screen. `detail` is its width beside the tree; `peek` its height under it, else 0."""

    width: int
    height: int
    tree: int
    detail: int
    peek: int
    airy: bool

    @property
    def is_too_small(self) -> bool:
        """Nothing useful fits."""
        return self.width < SMALLEST[0] or self.height < SMALLEST[1]

    @property
    def is_side_by_side(self) -> bool:
        """Tree and detail stand beside each other."""
        return self.width >= SIDE_BY_SIDE


def frame(width: int, height: int) -> Frame:
    """The parts of a screen of this size."""
    airy = height >= _AIRY
    if width < SIDE_BY_SIDE:
        peek = 0 if height < _PEEKS else _PEEK_AIRY if airy else _PEEK
        return Frame(width, height, width, width, peek, airy)
    if width < _WIDER:
        return Frame(width, height, width - _DETAIL, _DETAIL, 0, airy)
    detail = max(_DETAIL_WIDER, width - _TREE_WIDER) if width < _WIDEST else width - _TREE_WIDEST
    return Frame(width, height, width - detail, detail, 0, airy)
