"""Transcripts for people: pieces of one text come out as the lines that they are."""

from datetime import UTC, datetime

from covey.client.whole_lines import WholeLines
from covey.model.command import TranscriptKind, TranscriptRow

TEXT, OUTPUT = TranscriptKind.TEXT, TranscriptKind.OUTPUT


def row(kind: TranscriptKind, text: str, step: str = "Generate") -> TranscriptRow:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return TranscriptRow(session_id="s", attempt=1, step=step, n=1, at=at, kind=kind, text=text)


def lines(*rows: TranscriptRow) -> list[str]:
    whole = WholeLines()
    return [*(line for each in rows for line in whole.add(each)), *whole.end()]


def test_pieces_of_a_text_are_one_line() -> None:
    assert lines(row(TEXT, "I loo"), row(TEXT, "k.\nThen I"), row(TEXT, " write.\n")) == ["I look.", "Then I write."]


def test_a_line_is_told_as_soon_as_it_is_whole() -> None:
    whole = WholeLines()
    assert whole.add(row(TEXT, "a\n\nb")) == ["a", ""]
    assert whole.add(row(TEXT, "c\n")) == ["bc"]
    assert whole.end() == []


def test_what_others_say_in_between_ends_the_line() -> None:
    assert lines(row(TEXT, "a"), row(OUTPUT, "b"), row(TEXT, "c")) == ["a", "b", "c"]
    assert lines(row(TEXT, "a"), row(TEXT, "b", step="Revise")) == ["a", "b"]


def test_an_end_of_line_that_is_split() -> None:
    assert lines(row(OUTPUT, "one\r"), row(OUTPUT, "\ntwo")) == ["one", "two"]
