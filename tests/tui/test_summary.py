"""The two lines at the top."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey_tui.view.board import Board
from covey_tui.view.progress import Manner
from covey_tui.view.spans import MUTED, STRONG, Line, Role, Tone, room, span
from covey_tui.view.summary import summary
from tests.tui.pictures import (
    COOLING,
    NOW,
    at_work,
    board,
    catalog_of_sixty_one,
    complete,
    family,
    finished,
    paying,
    waiting,
)

USED: dict[str, Any] = {"usage": {"input": 90_000, "output": 3000}, "cost_usd": 0.92}


def lines(shown: Board, cells: int, **manner: bool) -> tuple[str, str]:
    first, second = summary(shown, NOW, cells, Manner(**manner), UTC)
    return text(first), text(second)


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


class TestFirstLine:
    """Which project and workflow; how busy, how long, how much."""

    @pytest.mark.parametrize("width", [80, 100, 160])
    def test_it_has_its_facts_at_the_right(self, width: int) -> None:
        first, _ = lines(board(), width - 2)
        left, right = "covey  shop · design", "3 of 8 slots   4m12s"
        assert first == left + " " * (width - 2 - len(left) - len(right)) + right

    def test_one_slot(self) -> None:
        assert lines(board(slots=1), 98)[0].endswith("3 of 1 slot   4m12s")

    def test_one_run_is_named(self) -> None:
        assert lines(board(catalog_of_sixty_one()), 98)[0].startswith("covey  shop · design · Catalog  ")

    def test_tokens_and_cost_once_they_are_known(self) -> None:
        shown = board(family("Billing", 252, waiting(), [("Invoice", 9, complete(**USED))]))
        assert lines(shown, 98)[0].endswith("0 of 8 slots   4m12s   93.0k tokens   $0.92")

    def test_tones(self) -> None:
        first, _ = summary(board(), NOW, 98)
        assert (first[0].text, first[0].tone) == ("covey", STRONG)
        assert {piece.tone for piece in first if "shop" in piece.text or "slots" in piece.text} == {MUTED}

    def test_without_an_engine(self) -> None:
        made = board(alive=False, slots=None)
        assert lines(made, 98)[0].endswith("  no engine   4m12s")
        assert span("no engine", Tone(Role.WARNING)) in summary(made, NOW, 98)[0]

    def test_what_the_machine_is_short_of(self) -> None:
        assert lines(board(held=4, short_of=("memory",)), 98)[0].endswith("3 of 8 slots · memory   4m12s")

    def test_what_does_not_fit_falls_off_and_never_what_holds_the_work_back_or_its_price(self) -> None:
        shown = board(paying(), gates=(COOLING,))
        held, price = "paused by rate limit until 12:08:30", "$2.35 of $5.00"
        assert lines(shown, 98)[0].endswith(f"{held}   3 of 8 slots   4m12s   213k tokens   {price}")
        assert lines(shown, 90)[0].endswith(f" {held}   3 of 8 slots   4m12s   {price}")
        assert lines(shown, 78)[0].endswith(f" {held}   3 of 8 slots   {price}")
        assert lines(shown, 60)[0] == f"covey…  {held}   {price}"

    def test_an_engine_that_has_not_told_its_slots(self) -> None:
        assert lines(board(slots=None), 98)[0].endswith("    4m12s")

    def test_at_the_end_the_time_stands_still(self) -> None:
        shown = board(finished())
        first, _ = summary(shown, NOW + timedelta(hours=1), 98, zone=UTC)
        assert text(first).endswith("finished 12:08   4m12s")

    def test_before_any_run(self) -> None:
        assert lines(board([]), 60) == ("covey  shop" + " " * 39 + "no run yet", "─" * 60)

    def test_a_project_called_by_somebody_else_is_safe(self) -> None:
        shown = Board("sh\x1b[2Jop" + "x" * 90)
        first = text(summary(shown, NOW, 98)[0])
        assert "\x1b" not in first
        assert "no run yet" in first


class TestSecondLine:
    """The bar, how many are done, and the counts."""

    @pytest.mark.parametrize(("width", "bar"), [(80, "━" * 39 + "─" * 3), (100, "━" * 58 + "─" * 4)])
    def test_counts_are_signs_and_numbers(self, width: int, bar: str) -> None:
        assert lines(board(), width - 2)[1] == bar + " 7/14   ✓ 6  » 1  ✗ 2  ▲ 1  ● 3  ○ 1"

    def test_they_have_words_on_a_wide_screen(self) -> None:
        _, second = lines(board(), 158)
        expected = " 7/14   ✓ 6 complete  » 1 skipped  ✗ 2 failed  ▲ 1 missing  ● 3 running  ○ 1 queued"
        assert second == "━" * 70 + "─" * 5 + expected
        assert lines(board(), 138)[1].endswith(" queued")
        assert lines(board(), 137)[1].endswith("○ 1")

    def test_in_ascii_and_without_colour(self) -> None:
        ascii_, plain = lines(board(), 78, ascii=True)[1], lines(board(), 78, no_color=True)[1]
        assert ascii_[:42] == "=" * 21 + "x" * 6 + "^" * 3 + "-" * 9 + "." * 3
        assert plain[:42] == "━" * 21 + "╍" * 9 + "─" * 12

    def test_nothing_needs_anybody(self) -> None:
        assert lines(board(at_work()), 98)[1].endswith(" 7/14   ✓ 7  ● 5  ○ 2")

    @given(st.integers(1, 200))
    def test_both_fill_the_screen(self, cells: int) -> None:
        first, second = summary(board(), NOW, cells)
        assert room(second) == cells
        assert room(first) == cells or cells < 30
