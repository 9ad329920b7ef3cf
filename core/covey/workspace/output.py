"""What a program prints, kept within bounds: all of it as it comes, or its beginning and its end.

Bytes come in as they are read and go out as text, in order. However much is printed, no more than `keep` bytes are
held here. Nothing here reads or waits.
"""

import codecs
from collections import deque
from enum import StrEnum

TAIL_BYTES = 64 * 1024
"""How much of the end of each stream goes into a result."""

_PIECE_BYTES = 256 * 1024
_CONTINUATION = range(0x80, 0xC0)  # the bytes of a UTF-8 character after its first
_MOST_PIECES = 20_000  # a program that prints single bytes must not cost more than its bytes


class Stream(StrEnum):
    """Where a piece of output comes from; `note` is covey's own word about it."""

    STDOUT = "stdout"
    STDERR = "stderr"
    NOTE = "note"


Piece = tuple[Stream, str]


class Tail:
    """The last bytes of a stream."""

    def __init__(self, keep: int = TAIL_BYTES) -> None:
        self._keep = keep
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Take what comes; what is too old is forgotten."""
        self._data += data[-self._keep :]
        if len(self._data) > 2 * self._keep:
            del self._data[: -self._keep]

    def text(self) -> str:
        """The last `keep` bytes as text, from a whole character on."""
        return _from_whole_character(bytes(self._data[-self._keep :])).decode(errors="replace")


class Output:
    """All that a program prints: the first half of `keep` bytes live, of the rest the last half at the end."""

    def __init__(self, keep: int) -> None:
        self.left_out = 0
        self._head_room = keep - keep // 2
        self._head: deque[tuple[Stream, bytes]] = deque()
        self._ring_room = keep // 2
        self._ring: deque[tuple[Stream, bytearray]] = deque()
        self._decoders = _decoders()
        self._tails = {Stream.STDOUT: Tail(), Stream.STDERR: Tail()}

    def add(self, stream: Stream, data: bytes) -> None:
        """Take what the program printed."""
        self._tails[stream].add(data)
        head, rest = data[: self._head_room], data[self._head_room :]
        if head:
            self._head_room -= len(head)
            self._head.append((stream, head))
        if rest:
            self._ring_room -= len(rest)
            if self._ring and self._ring[-1][0] is stream and len(self._ring[-1][1]) < TAIL_BYTES:
                self._ring[-1][1].extend(rest)
            else:
                self._ring.append((stream, bytearray(rest)))
            self._forget_the_oldest()

    def live(self) -> Piece | None:
        """The next piece to show as the program runs; None when there is nothing for now."""
        data = bytearray()
        stream = Stream.STDOUT
        while self._head and len(data) < _PIECE_BYTES and (not data or self._head[0][0] is stream):
            stream, more = self._head.popleft()
            data += more
        return (stream, self._decoders[stream].decode(bytes(data))) if data else None

    def rest(self) -> list[Piece]:
        """What is left to show once the program has ended and `live` has nothing more."""
        pieces: list[Piece] = []
        if self.left_out:
            pieces += self._finals()
            self._decoders = _decoders()
            pieces.append((Stream.NOTE, f"\n… {self.left_out:,} bytes left out …\n"))
        cut = set(self._decoders) if self.left_out else set()
        while self._ring:
            stream, kept = self._ring.popleft()
            data = _from_whole_character(bytes(kept)) if stream in cut else bytes(kept)
            cut.discard(stream)
            pieces.append((stream, self._decoders[stream].decode(data)))
        pieces += self._finals()
        return [(stream, text) for stream, text in pieces if text]

    def tail(self, stream: Stream) -> str:
        """The end of a stream, for the result."""
        return self._tails[stream].text()

    def _forget_the_oldest(self) -> None:
        while self._ring_room < 0 or len(self._ring) > _MOST_PIECES:
            data = self._ring[0][1]
            forgotten = len(data) if len(self._ring) > _MOST_PIECES else min(len(data), -self._ring_room)
            del data[:forgotten]
            if not data:
                self._ring.popleft()
            self._ring_room += forgotten
            self.left_out += forgotten

    def _finals(self) -> list[Piece]:
        return [(stream, decoder.decode(b"", final=True)) for stream, decoder in self._decoders.items()]


def _decoders() -> dict[Stream, codecs.IncrementalDecoder]:
    decoder = codecs.getincrementaldecoder("utf-8")
    return {stream: decoder(errors="replace") for stream in (Stream.STDOUT, Stream.STDERR)}


def _from_whole_character(data: bytes) -> bytes:
    """Without the bytes that continue a character whose first byte was cut off."""
    start = 0
    while start < min(3, len(data)) and data[start] in _CONTINUATION:
        start += 1
    return data[start:]
