"""Standard output: safe lines for people or JSON for programs, one flush each, and never a reason for work to stop.

A reader that goes away (`covey run … | head`) ends the printing and nothing else. JSON is UTF-8 whatever the locale
says; lines for people give way to what their terminal can show.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

import msgspec

from covey.text.cells import cut, wrap
from covey.text.glyphs import GlyphSet
from covey.text.sanitise import SafeText, sanitise


class Out:
    """Where a command prints what it was asked for. `asked_json` tells which of the two kinds that is."""

    def __init__(self, *, asked_json: bool, stream: TextIO | None = None) -> None:
        self.asked_json = asked_json
        self._stream = stream if stream is not None else sys.stdout
        self._open = self._stream is not None
        self.glyphs = _glyphs(self._stream)

    def text(self, *lines: SafeText | str) -> None:
        """Lines for people. What comes from agents or files must have been sanitised before."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._write("".join(f"{line}\n" for line in lines).encode(encoding, "replace"))

    def rows(self, *lines: SafeText) -> None:
        """Lines of a list: on a terminal each is cut to one row of it; wherever else they go, they are whole."""
        columns = self.columns
        self.text(*(cut(line, columns) for line in lines))

    def wrapped(self, indent: int, *lines: SafeText) -> None:
        """Lines that matter whole: on a terminal they go on in further rows, behind so many blanks."""
        columns = self.columns
        self.text(*(row for line in lines for row in wrap(line, columns, indent)))

    def json(self, *values: object) -> None:
        """Values for programs, each as one line of JSON."""
        self.encoded([encode(value) for value in values])

    def encoded(self, lines: Iterable[bytes]) -> None:
        """Lines of JSON that are encoded already."""
        self._write(b"".join(line + b"\n" for line in lines))

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None where the output goes elsewhere."""
        return shutil.get_terminal_size().columns if self._open and self._stream.isatty() else None

    def _write(self, data: bytes) -> None:
        if not self._open:
            return
        try:
            self._stream.flush()
            self._stream.buffer.write(data)
            self._stream.buffer.flush()
        except OSError as error:
            self._open = False
            _to_nowhere(self._stream)
            if not isinstance(error, BrokenPipeError):
                complain(f"standard output cannot be written any more: {error.strerror}")


def encode(value: object) -> bytes:
    """A value as one line of JSON; times come out as RFC 3339 in UTC."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # a file's name that is not UTF-8: its odd bytes stay readable as escapes
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


def complain(message: str) -> None:
    """A message for people, on standard error; where that cannot be written, the exit code has to do."""
    if sys.stderr is None:
        return
    try:
        print(f"covey: {sanitise(message)}", file=sys.stderr, flush=True)
    except OSError:
        _to_nowhere(sys.stderr)


def _glyphs(stream: TextIO | None) -> GlyphSet:
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    return GlyphSet.UNICODE if encoding.startswith("utf") else GlyphSet.ASCII


def _to_nowhere(stream: TextIO) -> None:
    """Python flushes its outputs once more as it ends; let that succeed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
