"""What the tree can be narrowed to."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from covey_tui.view.board import Board
from covey_tui.view.filters import STATES, Filter, after, nothing, only_problems, only_state, with_text
from tests.tui import pictures


def names(board: Board, chosen: Filter) -> list[str]:
    """The names of the sessions that a filter chooses, in the tree's order."""
    sessions = (board.session(key) for key in board.under(None))
    return [session.component for session in sessions if chosen.matches(session)]


class TestProblems:
    """Those that need a human."""

    def test_failed_and_missing(self) -> None:
        board = pictures.board()
        assert names(board, only_problems(board)) == ["TaxRule", "Ledger", "ImportAdapter"]

    def test_it_follows_the_board(self) -> None:
        board = pictures.board()
        chosen = only_problems(board)
        board.load(pictures.at_work(), ())
        assert names(board, chosen) == []


class TestStatus:
    """One status after the other."""

    def test_each_shows_its_own(self) -> None:
        board = pictures.board()
        assert names(board, only_state("file_missing")) == ["Ledger"]
        assert names(board, only_state("skipped")) == ["LegacySync"]

    def test_a_lost_file_is_not_complete(self) -> None:
        board = pictures.board()
        assert "Ledger" not in names(board, only_state("complete"))

    def test_the_key_goes_through_those_that_there_are_and_back_to_all(self) -> None:
        board, chosen, seen = pictures.board(), None, list[str]()
        while (chosen := after(chosen, board)) is not None:
            seen.append(chosen.label)
            assert names(board, chosen)
        wanted = ["running", "queued", "failed", "file missing", "complete", "skipped"]
        assert seen == [f"only {word}" for word in wanted]
        assert after(None, board) is not None

    def test_what_asks_is_one_of_them(self) -> None:
        board = pictures.board(pictures.asking())
        first = after(None, board)
        asking = after(first, board)
        assert asking is not None
        assert asking.label == "only asks you"
        assert names(board, asking) == ["Payment", "PriceList"]

    def test_after_a_search_it_begins_at_the_first(self) -> None:
        board = pictures.board()
        first = after(with_text("x"), board)
        assert first is not None
        assert first.label == "only running"

    def test_of_an_empty_board_there_is_nothing_to_choose(self) -> None:
        assert after(None, Board("shop")) is None

    @pytest.mark.parametrize("state", STATES)
    def test_each_label_is_its_own(self, state: str) -> None:
        assert [each for each in STATES if only_state(each).label == only_state(state).label] == [state]


class TestText:
    """Names with a text in them."""

    @pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
    def test_whatever_its_case(self, change: Callable[[str], str]) -> None:
        assert names(pictures.board(), with_text(change("adapter"))) == ["ImportAdapter"]

    def test_brackets_and_backslashes_are_themselves(self) -> None:
        rows = [replace(row, component="a[b]\\d") if row.component == "Ledger" else row for row in pictures.shop()]
        assert names(pictures.board(rows), with_text("[B]\\")) == ["a[b]\\d"]
        assert names(pictures.board(rows), with_text(".*")) == []

    def test_the_label_is_short_and_safe(self) -> None:
        label = with_text(f"\x1b[2J{'x' * 100}").label
        assert label.startswith("/␛[2J")
        assert label.isprintable()
        assert len(label) <= 31


def test_what_finds_nothing_says_so_in_words_of_its_own() -> None:
    found = [only_problems(pictures.board()), only_state("running"), only_state("file_missing"), with_text("zz")]
    assert ["".join(piece.text for piece in nothing(each, 16)).strip() for each in found] == [
        "Nothing needs you.   Esc shows all 16",
        "Nothing is shown as running.   Esc shows all 16",
        "Nothing is shown as file missing.   Esc shows all 16",
        "Nothing matches /zz.   Esc shows all 16",
    ]
