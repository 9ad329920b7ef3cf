"""A transcript as lines that grow at their end."""

from datetime import timedelta

from covey.model.command import TRANSCRIPT_ROW_BYTES, TranscriptKind, TranscriptRow
from covey_tui.view.detail.pieces import clock
from covey_tui.view.detail.transcript import TranscriptLines
from covey_tui.view.spans import Line, Role
from tests.tui.detail.source import payment, row
from tests.tui.pictures import NOW

PATH = "docs/design/shop/billing/payment.md"
GENERATED = clock(NOW - timedelta(seconds=300), seconds=True)
VALIDATED = clock(NOW - timedelta(seconds=219), seconds=True)
OUTPUT, TEXT, STEP = TranscriptKind.OUTPUT, TranscriptKind.TEXT, TranscriptKind.STEP
THINKING = TranscriptKind.THINKING


def texts(lines: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in line) for line in lines]


def shown(rows: list[TranscriptRow], width: int = 43, cap: int = 5_000) -> TranscriptLines:
    transcript = TranscriptLines(width, PATH, cap)
    transcript.append(rows)
    return transcript


class TestPictures:
    """The transcript of the pictures, to the cell."""

    def test_beside_the_tree(self) -> None:
        assert texts(shown(payment()).lines) == [
            f"Generate design {'─' * 18} {GENERATED}",
            "I'll read the context's design first, then",
            "the modules that Payment imports.",
            "",
            "› read    docs/design/shop/billing.md",
            "› read    src/shop/billing/payment.py",
            "› search  PaymentClosed",
            "› write   …/design/shop/billing/payment.md",
            "",
            "The design is written. The public API has",
            "four functions; refund raises",
            "PaymentClosed once the ledger entry is",
            "settled.",
            "",
            f"Validate design {'─' * 18} {VALIDATED}",
            "✗ the section 'Public API' is empty; write",
            "  it",
        ]

    def test_on_the_whole_screen_sizes_stand_at_the_right(self) -> None:
        lines = texts(shown(payment(), 78).lines)
        assert lines[3] == "› read    docs/design/shop/billing.md" + " " * 35 + "2.2 kB"
        assert lines[5] == "› search  PaymentClosed" + " " * 49 + "3 hits"
        assert {len(line) for line in lines[3:7]} == {78}

    def test_tones(self) -> None:
        lines = shown(payment()).lines
        assert lines[0][0].tone.bold
        assert lines[0][2].tone.role is Role.FAINT
        assert [piece.tone.role for piece in lines[4]] == [Role.MUTED, Role.MUTED, Role.TEXT]


class TestWhatAgentsWrite:
    """Output comes as it was printed, in pieces that break off anywhere."""

    def test_a_line_that_goes_on_in_the_next_row(self) -> None:
        transcript = shown([row(1, STEP, "x"), row(2, OUTPUT, "one\ntwo "), row(3, OUTPUT, "and a half\nthree")])
        assert texts(transcript.lines)[1:] == ["one", "two and a half", "three"]
        assert transcript.append([row(4, OUTPUT, " and four\n")]).added == 0
        assert texts(transcript.lines)[1:] == ["one", "two and a half", "three and four"]
        transcript.append([row(5, OUTPUT, "five\n")])
        assert texts(transcript.lines)[-2:] == ["three and four", "five"]

    def test_an_end_of_line_that_is_split(self) -> None:
        assert texts(shown([row(2, OUTPUT, "one\r"), row(3, OUTPUT, "\ntwo")]).lines) == ["one", "two"]

    def test_ends_of_line_of_two_characters(self) -> None:
        assert texts(shown([row(2, OUTPUT, "one\r\ntwo\r\n")]).lines) == ["one", "two"]

    def test_blank_lines_stay(self) -> None:
        assert texts(shown([row(2, OUTPUT, "a\n\nb\n")]).lines) == ["a", "", "b"]

    def test_a_text_longer_than_a_row_is_one_text(self) -> None:
        long = "x" * TRANSCRIPT_ROW_BYTES
        transcript = shown([row(2, TEXT, long), row(3, TEXT, "y")], 1_000_000)
        assert texts(transcript.lines) == [long, "y"]

    def test_two_utterances_are_apart(self) -> None:
        assert texts(shown([row(2, TEXT, "a\n"), row(3, TEXT, "b")]).lines) == ["a", "", "b"]

    def test_an_utterance_that_comes_in_pieces_is_one(self) -> None:
        pieces = shown([row(2, TEXT, "I loo"), row(3, TEXT, "k.\nThen"), row(4, TEXT, " more\n"), row(5, TEXT, "b\n")])
        assert texts(pieces.lines) == ["I look.", "Then more", "", "b"]

    def test_thinking_is_muted_and_apart_from_what_is_said(self) -> None:
        lines = shown([row(2, THINKING, "Hm,"), row(3, THINKING, " well\n"), row(4, TEXT, "b\n")]).lines
        assert texts(lines) == ["Hm, well", "", "b"]
        assert [piece.tone.role for line in (lines[0], lines[2]) for piece in line] == [Role.MUTED, Role.TEXT]

    def test_a_step_without_a_row_of_its_own_still_has_a_heading(self) -> None:
        lines = texts(shown([row(1, OUTPUT, "a\n"), row(2, OUTPUT, "b\n", step="ReviseDesign")]).lines)
        assert [line.partition(" ─")[0] for line in lines] == ["Generate design", "a", "", "Revise design", "b"]

    def test_a_check_that_says_what_it_did(self) -> None:
        moved = f"{PATH} was moved to .covey/replaced/1/{PATH}\n"
        lines = texts(shown([row(2, TranscriptKind.CHECK, moved)], 200).lines)
        assert lines == [f"· {moved.strip()}"]


class TestGrowth:
    """What stands is not rendered again; what is too old is let go, and comes back on request."""

    def test_lines_that_stand_are_the_same_objects(self) -> None:
        transcript = shown(payment()[:7])
        before = list(transcript.lines)
        grown = transcript.append(payment()[7:])
        assert all(line is was for line, was in zip(transcript.lines, before, strict=False))
        assert grown == (len(transcript.lines) - len(before), 0)

    def test_rows_that_are_held_already_are_left_out(self) -> None:
        transcript = shown(payment())
        assert transcript.append(payment()) == (0, 0)

    def test_another_width_renders_what_is_held(self) -> None:
        transcript = shown(payment())
        transcript.resize(78)
        assert texts(transcript.lines) == texts(shown(payment(), 78).lines)

    def test_no_more_than_the_cap_is_held(self) -> None:
        transcript = shown([row(n, OUTPUT, f"line {n}\n") for n in range(1, 101)], cap=40)
        assert texts(transcript.lines) == [f"line {n}" for n in range(61, 101)]
        assert transcript.append([row(101, OUTPUT, "line 101\n")]) == (1, 1)
        assert (transcript.first, transcript.last, transcript.has_older) == (62, 101, True)

    def test_older_rows_on_request(self) -> None:
        rows = [row(n, OUTPUT, f"line {n}\n") for n in range(1, 101)]
        transcript = shown(rows, cap=40)
        assert transcript.prepend(rows[:60]) == 61
        assert texts(transcript.lines)[1:3] == ["line 1", "line 2"]
        assert not transcript.has_older
        assert transcript.append([row(101, OUTPUT, "line 101\n")]) == (1, 0)
        transcript.release()
        assert len(transcript.lines) == 40

    def test_after_a_burst_only_what_is_held_is_rendered(self) -> None:
        transcript = shown([row(1, STEP, "x")], cap=10)
        grown = transcript.append([row(n, OUTPUT, f"line {n}\n") for n in range(2, 10_000)])
        assert grown.added <= 21
        assert grown.dropped >= 1
        assert texts(transcript.lines)[-1] == "line 9999"
        assert len(transcript.lines) == 10
