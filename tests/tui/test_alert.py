"""The alert line, to the cell."""

from datetime import UTC
from typing import Any

import pytest

from covey.model.status import FailureCause, Status
from covey_tui.view.alert import Alert, alert, alert_above_groups
from covey_tui.view.board import Board
from covey_tui.view.needs import Needs
from covey_tui.view.spans import Ground, room
from tests.tui.pictures import NOW, board, committed, complete, failed, family, gone, running, skipped, waiting

CANCELLED = {"status": Status.CANCELLED, "phase": None, "decided_by": "ana", "finished_at": NOW}
Children = list[tuple[str, int | None, dict[str, Any]]]


def said(shown: Board, cells: int = 98) -> tuple[str, Ground]:
    return text(alert(shown, Needs(shown), cells, UTC))


def text(shown: Alert) -> tuple[str, Ground]:
    return "".join(piece.text for piece in shown[0]), shown[1]


def one_run(root: dict[str, Any], *children: dict[str, Any]) -> Board:
    return board(family("Billing", 9, root, [(f"C{number}", 1, each) for number, each in enumerate(children)]))


def ends(left: str, right: str, cells: int) -> str:
    return left + " " * (cells - len(left) - len(right)) + right


class TestNeeds:
    """It says how many need a human and why, as far as there is room, and which keys help."""

    def test_three_causes_at_a_hundred_columns(self) -> None:
        left = "◆ 3 need you   1 failed checks  ·  1 file missing  ·  1 agent error"
        assert said(board()) == (ends(left, "n next   i all", 98), Ground.ALERT)

    def test_what_does_not_fit_is_counted(self) -> None:
        left = "◆ 3 need you   1 failed checks  ·  1 file missing  +1 more"
        assert said(board(), 78) == (ends(left, "n next   i all", 78), Ground.ALERT)

    @pytest.mark.parametrize("cells", range(58, 120))
    def test_it_fills_its_line_at_every_width(self, cells: int) -> None:
        shown = board()
        line, _ = alert(shown, Needs(shown), cells, UTC)
        assert room(line) == cells

    def test_one_needs_you(self) -> None:
        line, _ = said(one_run(waiting(), gone(), running("X")))
        assert line.startswith("◆ 1 needs you   1 file missing  ")

    def test_the_order_is_that_of_the_design(self) -> None:
        causes = list(FailureCause)
        children = [failed(cause, "x") for cause in causes] + [gone(), gone(), CANCELLED]
        shown = one_run(waiting(), *children)
        line, _ = said(shown, 280)
        assert (
            "1 rate limited  ·  1 failed checks  ·  1 conflict  ·  2 files missing  ·  1 stalled  ·  "
            "1 agent error  ·  1 timed out  ·  1 login needed  ·  1 over budget  ·  1 wrote no file  ·  "
            "1 spawn error  ·  1 crashed  ·  1 cancelled" in line
        )


class TestOtherwise:
    """It says how the run ended, that no engine is there, or nothing."""

    def test_nothing_to_decide_is_an_empty_line(self) -> None:
        assert said(one_run(waiting(), running("X"))) == ("", Ground.BACKGROUND)

    def test_no_run_is_an_empty_line(self) -> None:
        assert said(board([])) == ("", Ground.BACKGROUND)

    def test_finished(self) -> None:
        line, ground = said(one_run(complete(), complete(), complete()))
        assert (line.rstrip(), ground) == ("✓ Finished   2 of 2 complete", Ground.DONE)

    def test_finished_and_committed(self) -> None:
        line, _ = said(board(committed()))
        assert line.rstrip() == "✓ Finished   5 of 5 complete, committed on docs-billing"

    def test_finished_with_skips(self) -> None:
        line, ground = said(one_run(complete(), complete(), skipped("r"), skipped("r")))
        assert (line.rstrip(), ground) == ("» Finished, 2 skipped   1 of 3 complete", Ground.DONE)

    def test_a_file_that_vanishes_after_the_end_needs_somebody(self) -> None:
        line, ground = said(one_run(complete(), gone(), complete()))
        assert line.startswith("◆ 1 needs you   1 file missing")
        assert ground is Ground.ALERT

    def test_failed(self) -> None:
        line, ground = said(one_run(failed(FailureCause.AGENT_ERROR, "review: agent error"), complete()))
        assert line == ends("✗ Failed   review: agent error", "n next   i all", 98)
        assert ground is Ground.ALERT

    def test_cancelled(self) -> None:
        line, ground = said(one_run(CANCELLED, CANCELLED))
        assert (line.rstrip(), ground) == ("⊘ Cancelled by ana, 12:08", Ground.SURFACE)

    def test_without_an_engine_while_a_run_is_unfinished(self) -> None:
        shown = one_run(waiting(), running("X"))
        shown.engine = replace_engine(shown)
        assert said(shown)[0].rstrip() == "↯ No engine runs. Any action starts one."

    def test_without_an_engine_after_the_end_nothing_is_missed(self) -> None:
        shown = one_run(complete(), complete())
        shown.engine = replace_engine(shown)
        assert said(shown)[0].startswith("✓ Finished")

    def test_hostile_reasons_and_names_are_not_obeyed(self) -> None:
        root = failed(FailureCause.AGENT_ERROR, "\x1b]0;x\x07[/red]\nboo")
        line, _ = said(one_run(root, {**CANCELLED, "decided_by": "a\x1bb"}))
        assert "\x1b" not in line
        assert "\n" not in line
        assert "[/red]" in line


class TestAboveGroups:
    """In the intervention screen it says who waits."""

    def test_two_parents_wait(self) -> None:
        shown = board()
        line = ends("◆ 3 need you   Billing and Catalog wait for them", "Esc back", 98)
        assert text(alert_above_groups(shown, Needs(shown), 98)) == (line, Ground.ALERT)

    def test_one_waits_for_one(self) -> None:
        shown = one_run(waiting(), gone())
        assert text(alert_above_groups(shown, Needs(shown), 98))[0].startswith("◆ 1 needs you   Billing waits for it ")

    def test_many_are_cut_short(self) -> None:
        rows = [row for number in range(5) for row in family(f"R{number}", 1, waiting(), [("A", 1, gone())])]
        shown = board(rows)
        assert "R0, R1, R2 and 2 more wait for them" in text(alert_above_groups(shown, Needs(shown), 98))[0]

    def test_when_all_is_decided_it_says_so(self) -> None:
        shown = one_run(waiting(), running("X"))
        line = ends("✓ Nothing needs you", "Esc back", 98)
        assert text(alert_above_groups(shown, Needs(shown), 98)) == (line, Ground.DONE)


def replace_engine(shown: Board) -> Any:
    return type(shown.engine)(alive=False)
