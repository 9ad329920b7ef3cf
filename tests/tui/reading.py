"""What lines of spans say, as a person reads them."""

from collections.abc import Iterable

from covey_tui.view.spans import Line


def text(lines: Iterable[Line], between: str = "\n") -> str:
    """The text of all lines, without their tones."""
    return between.join("".join(piece.text for piece in line) for line in lines)
