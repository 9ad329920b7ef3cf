"""What is kept of a program's output: all of a little, of much the beginning and the end."""

import itertools

import pytest

from covey.workspace.output import TAIL_BYTES, Output, Piece, Stream, Tail

OUT, ERR, NOTE = Stream.STDOUT, Stream.STDERR, Stream.NOTE


def live(output: Output) -> list[Piece]:
    """All that is to be shown at this moment."""
    return list(iter(output.live, None))  # type: ignore[arg-type]  # None is what it ends with


class TestOutput:
    """Pieces come out in order, as text, within the bound."""

    def test_little_comes_out_as_it_is(self) -> None:
        output = Output(keep=100)
        output.add(OUT, b"one ")
        output.add(OUT, b"two ")
        output.add(ERR, b"three ")
        output.add(OUT, b"four")
        assert live(output) == [(OUT, "one two "), (ERR, "three "), (OUT, "four")]
        assert output.rest() == []
        assert output.left_out == 0

    def test_characters_cut_anywhere_are_whole_again(self) -> None:
        text = "größer ☃ 🌱"
        output = Output(keep=1000)
        pieces: list[Piece] = []
        for byte in text.encode():
            output.add(OUT, bytes([byte]))
            pieces += live(output)
        assert "".join(piece for _, piece in pieces) == text

    @pytest.mark.parametrize("size", range(1, 9))
    def test_between_head_and_tail_no_character_is_lost(self, size: int) -> None:
        text = "☃" * 6
        output = Output(keep=18)  # the middle lies between two characters, the chunks anywhere
        data = text.encode()
        for start in range(0, len(data), size):
            output.add(OUT, data[start : start + size])
        assert "".join(piece for _, piece in (*live(output), *output.rest())) == text

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        output = Output(keep=100)
        output.add(OUT, b"a\xffb")
        output.add(ERR, b"unfinished \xe2\x98")
        assert live(output) == [(OUT, "a\ufffdb"), (ERR, "unfinished ")]
        assert output.rest() == [(ERR, "\ufffd")]

    def test_much_loses_its_middle(self) -> None:
        output = Output(keep=20)
        for number in range(10):
            output.add(OUT, str(number).encode() * 5)
        assert live(output) == [(OUT, "0000011111")]
        assert output.rest() == [(NOTE, "\n… 30 bytes left out …\n"), (OUT, "8888899999")]
        assert output.left_out == 30

    def test_the_end_begins_with_a_whole_character(self) -> None:
        output = Output(keep=8)
        output.add(OUT, ("☃" * 5).encode())
        assert live(output) == [(OUT, "☃")]  # and a byte of the next one, which is never finished
        assert output.rest() == [(OUT, "\ufffd"), (NOTE, "\n… 7 bytes left out …\n"), (OUT, "☃")]

    def test_single_bytes_on_two_streams_do_not_pile_up(self) -> None:
        output = Output(keep=1_000_000)
        output.add(OUT, b"x" * 500_000)
        for stream in itertools.islice(itertools.cycle((OUT, ERR)), 100_000):
            output.add(stream, b"y")
        live(output)
        rest = output.rest()
        assert len(rest) <= 20_003
        assert sum(len(text) for stream, text in rest if stream is not NOTE) + output.left_out == 100_000


class TestTail:
    """The end of a stream, however long it is."""

    def test_the_last_bytes(self) -> None:
        tail = Tail(keep=10)
        for number in range(100):
            tail.add(f"{number} ".encode())
        assert tail.text() == " 97 98 99 "

    def test_one_piece_that_is_too_long(self) -> None:
        output = Output(keep=10)
        output.add(OUT, b"x" * TAIL_BYTES + "☃end".encode())
        assert output.tail(OUT).endswith("x☃end")
        assert len(output.tail(OUT).encode()) == TAIL_BYTES
        assert output.tail(ERR) == ""

    def test_it_begins_with_a_whole_character(self) -> None:
        tail = Tail(keep=4)
        tail.add("☃☃".encode())
        assert tail.text() == "☃"
