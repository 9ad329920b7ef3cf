"""Rows of a transcript as whole lines: what breaks off within a line waits for the row that goes on with it. Pure."""

from covey.model.command import TranscriptKind, TranscriptRow


class WholeLines:
    """Takes rows in their order."""

    def __init__(self) -> None:
        self._of: tuple[str, TranscriptKind] | None = None
        self._open = ""

    def add(self, row: TranscriptRow) -> list[str]:
        """The lines that are whole with this row."""
        before = [] if self._of == (row.step, row.kind) else self.end()
        self._of = (row.step, row.kind)
        whole, newline, self._open = f"{self._open}{row.text}".rpartition("\n")
        return [*before, *f"{whole}{newline}".splitlines()]

    def end(self) -> list[str]:
        """The line that nobody has ended, if there is one."""
        left, self._open = self._open, ""
        return left.splitlines()
