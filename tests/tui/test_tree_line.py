"""One row of the tree, to the cell."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey_tui.view.board import Board
from covey_tui.view.columns import columns
from covey_tui.view.progress import Manner
from covey_tui.view.spans import MUTED, TEXT, Line, Role, Span, Tone, room, span
from covey_tui.view.tree_line import Row, tree_line
from covey_tui.view.words import goes_on, is_ticking, status_word
from tests.tui.pictures import (
    NOW,
    board,
    cancelling,
    catalog_of_sixty_one,
    complete,
    failed,
    family,
    gone,
    running,
    session,
    skipped,
    waiting,
)

LEAF, PARENT = Row(1, None), Row(0, folded=False)
USED: dict[str, Any] = {"usage": {"input": 9000, "output": 400}, "cost_usd": 0.09}


def line_of(shown: Board, key: str, row: Row = LEAF, tree: int = 54, **manner: bool) -> Line:
    priced = shown.tally().cost_usd is not None
    return tree_line(shown, shown.session(key), row, columns(tree, priced=priced), NOW, manner=Manner(**manner))


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def alone(row: Session) -> Board:
    return board([session("Billing", None, 252, **waiting()), row])


def leaf(seconds: int | None = 52, name: str = "Invoice", **changes: Any) -> Line:
    row = session(name, "Billing", seconds, **changes)
    return line_of(alone(row), row.id)


def piece(line: Line, wanted: str) -> Span:
    return next(each for each in line if wanted in each.text)


class TestLeaf:
    """Cursor, sign, mark, name, status, attempt, time, tokens and cost."""

    def test_narrow(self) -> None:
        assert text(line_of(board(), "id-billing-taxrule")) == (
            " ✗     TaxRule          failed: agent" + " " * 6 + "×2  2m07s "
        )

    def test_with_tokens(self) -> None:
        shown = board(family("Billing", 252, waiting(), [("TaxRule", 127, running("ValidateDesign", usage={"in": 9}))]))
        assert text(line_of(shown, "id-billing-taxrule", tree=80)) == (
            " ●     TaxRule              validate design" + " " * 22 + "2m07s       9 "
        )

    @pytest.mark.parametrize(("tree", "name", "free"), [(80, 24, 25), (88, 30, 27), (110, 30, 49)])
    def test_with_tokens_and_cost(self, tree: int, name: int, free: int) -> None:
        agent = failed(FailureCause.AGENT_ERROR, "no", attempt=2, **USED)
        shown = board(family("Billing", 252, waiting(), [("TaxRule", 127, agent)]))
        expected = f" ✗     {'TaxRule':{name - 4}} {'failed: agent':{free - 1}} ×2  2m07s    9.4k   $0.09 "
        assert text(line_of(shown, "id-billing-taxrule", tree=tree)) == expected

    def test_a_status_runs_into_an_empty_attempt(self) -> None:
        assert text(leaf(**running("WriteEveryExampleAnew"))) == (
            " ●     Invoice          write every example…     52s "
        )

    def test_an_attempt_of_two_digits_is_whole(self) -> None:
        cause = {"failure_cause": FailureCause.MISSING_FILE}
        late = leaf(**{**failed(FailureCause.AGENT_ERROR, "no", attempt=12), **cause})
        assert text(late) == " ✗     Invoice          failed: no file   ×12    52s "

    def test_the_longest_status_leaves_a_blank_before_the_attempt(self) -> None:
        assert " eighteen letters… ×12 " in text(leaf(**running("EighteenLettersNow", attempt=12)))
        assert " eighteen letters ! ×2 " in text(leaf(**running("EighteenLetters !", attempt=2)))

    def test_a_long_name_is_cut_at_its_end(self) -> None:
        assert text(leaf(name="ImportAdapterForLegacy"))[3:25] == "    ImportAdapterFo… q"

    def test_wide_letters_count_double(self) -> None:
        line = leaf(name="請求書請求書請求書請求書")
        assert text(line)[3:].startswith("    請求書請求書請…  queued")
        assert room(line) == 53

    def test_what_an_agent_wrote_cannot_reach_the_terminal(self) -> None:
        assert "\x1b" not in text(leaf(name="In\x1b[2Jvoice", **running("Valid\x1b]0;xate")))

    @given(st.text(max_size=40), st.integers(1, 500), st.integers(46, 200), st.integers(0, 12))
    def test_it_is_as_wide_as_the_columns(self, name: str, attempt: int, tree: int, depth: int) -> None:
        row = session("Invoice", "Billing", 5, component=name, attempt=attempt, **running("ValidateDesign"))
        assert room(line_of(alone(row), row.id, Row(depth, None), tree)) == tree - 1


class TestDepth:
    """Two cells for each level, up to four levels."""

    @pytest.mark.parametrize(("depth", "expected"), [(0, "  Invoice"), (1, "    Invoice"), (4, " " * 10 + "Invoice")])
    def test_indent(self, depth: int, expected: str) -> None:
        assert text(line_of(board(), "id-billing-invoice", Row(depth, None)))[3:23].rstrip() == expected

    @pytest.mark.parametrize("depth", [5, 6, 40])
    def test_deeper_ones_have_a_sign(self, depth: int) -> None:
        assert text(line_of(board(), "id-billing-invoice", Row(depth, None)))[3:23] == " " * 10 + "›Invoice  "

    def test_a_deep_parent(self) -> None:
        line = line_of(board(), "id-run-billing", Row(5, folded=True))
        assert text(line)[3:23] == " " * 8 + "▸ ›Billing  "


class TestParent:
    """A bar and its counts stand in the place of status and attempt."""

    def test_its_bar_is_of_twelve(self) -> None:
        line = line_of(board(), "id-run-billing", PARENT)
        assert text(line) == " ◌ ▾ Billing            " + "━" * 10 + "── 4/8  ◆2   4m12s "

    def test_its_bar_is_of_sixteen_in_a_wide_tree(self) -> None:
        line = line_of(board(), "id-run-catalog", PARENT, tree=110)
        assert text(line) == " ◌ ▾ Catalog" + " " * 22 + "━" * 16 + " 3/6  ◆1" + " " * 37 + "4m12s" + " " * 9

    def test_the_bar_yields_to_the_numbers(self) -> None:
        line = line_of(board(catalog_of_sixty_one()), "id-run-catalog", PARENT)
        assert text(line)[24:45] == "━" * 10 + " 35/61  ◆26"

    @pytest.mark.parametrize(("tree", "expected"), [(48, "━━━━ 35/61  ◆26"), (47, " 35/61  ◆26   ")])
    def test_a_bar_of_less_than_four_is_none(self, tree: int, expected: str) -> None:
        line = line_of(board(catalog_of_sixty_one()), "id-run-catalog", PARENT, tree)
        assert text(line)[24:].startswith(expected)

    def test_how_many_need_somebody_is_bold(self) -> None:
        assert piece(line_of(board(), "id-run-billing", PARENT), "◆2").tone == Tone(Role.WARNING, bold=True)

    def test_below_what_was_given_up_nobody_needs_anybody(self) -> None:
        shown = board(cancelling())
        assert "◆" not in text(line_of(shown, "id-run-catalog", PARENT))
        assert "◆" in text(line_of(board(), "id-run-catalog", PARENT))

    def test_nobody_needed_has_no_sign(self) -> None:
        shown = board(family("Billing", 252, waiting(), [("Invoice", 9, complete())]))
        assert text(line_of(shown, "id-run-billing", PARENT))[24:45] == "━" * 12 + " 1/1" + " " * 5

    def test_it_has_no_attempt(self) -> None:
        shown = board(family("Billing", 252, {**waiting(), "attempt": 3}, [("Invoice", 9, complete())]))
        assert "×" not in text(line_of(shown, "id-run-billing", PARENT))

    def test_a_run_that_has_spawned_nothing_yet_has_a_status(self) -> None:
        shown = board([session("Billing", None, 3, **running("ReadContextDesign"))])
        assert text(line_of(shown, "id-run-billing", PARENT))[24:45] == "read context design  "

    def test_its_numbers_are_those_of_all_below(self) -> None:
        below = [("Invoice", 9, complete(**USED)), ("Ledger", 9, complete(**USED))]
        shown = board(family("Billing", 252, {**waiting(), **USED}, below))
        assert text(line_of(shown, "id-run-billing", PARENT, tree=80)).endswith("  4m12s   28.2k   $0.27 ")

    def test_its_sign_is_its_own_phase(self) -> None:
        blocked = board(catalog_of_sixty_one())
        assert piece(line_of(blocked, "id-run-catalog", PARENT), "◆").tone == Tone(Role.WARNING, bold=True)
        assert piece(line_of(board(), "id-run-billing", PARENT), "◌").tone == MUTED

    def test_its_name_is_bold(self) -> None:
        assert piece(line_of(board(), "id-run-billing", PARENT), "Billing").tone == Tone(bold=True)

    def test_its_bar_without_colour_and_in_ascii(self) -> None:
        assert text(line_of(board(), "id-run-billing", PARENT, no_color=True))[24:36] == "━━━━━━╍╍╍───"
        assert text(line_of(board(), "id-run-billing", PARENT, ascii=True))[24:36] == "======xx^-.."


class TestTones:
    """Done things recede, problems and running things stand out."""

    @pytest.mark.parametrize(
        ("changes", "word", "tone"),
        [
            ({}, "queued", MUTED),
            (running("ValidateDesign"), "validate design", TEXT),
            (running("GenerateComponentDesign"), "generate design", TEXT),
            (waiting(), "waiting", MUTED),
            ({"phase": Phase.CANCELLING}, "cancelling", MUTED),
            ({"phase": Phase.INTERRUPTED}, "interrupted", MUTED),
            ({"phase": Phase.BLOCKED}, "needs you", Tone(Role.WARNING, bold=True)),
            (complete(), "complete", MUTED),
            (complete(kept=True), "kept", MUTED),
            (gone(), "file missing", Tone(Role.WARNING, bold=True)),
            ({"status": Status.CANCELLED, "phase": None}, "cancelled", MUTED),
            (skipped("later"), "skipped", MUTED),
            (failed(FailureCause.AGENT_ERROR, ""), "failed: agent", Tone(Role.ERROR, bold=True)),
            (failed(FailureCause.TIMEOUT, ""), "failed: timeout", Tone(Role.ERROR, bold=True)),
            (failed(FailureCause.CHECK_FAILED, ""), "failed: checks", Tone(Role.ERROR, bold=True)),
            (failed(FailureCause.MISSING_FILE, ""), "failed: no file", Tone(Role.ERROR, bold=True)),
            (failed(FailureCause.SPAWN_ERROR, ""), "failed: spawn", Tone(Role.ERROR, bold=True)),
            (failed(FailureCause.CRASH, ""), "failed: crash", Tone(Role.ERROR, bold=True)),
        ],
    )
    def test_of_the_status(self, changes: dict[str, Any], word: str, tone: Tone) -> None:
        assert piece(leaf(**changes), word).tone == tone
        assert len(word) <= 18

    def test_names_recede_where_nothing_is_to_come_of_them(self) -> None:
        assert piece(leaf(), "Invoice").tone == MUTED
        assert piece(leaf(status=Status.CANCELLED, phase=None), "Invoice").tone == MUTED
        assert piece(leaf(**running("ValidateDesign")), "Invoice").tone == TEXT
        assert piece(leaf(**complete()), "Invoice").tone == TEXT

    def test_a_skipped_name_is_struck(self) -> None:
        assert piece(leaf(**skipped("later")), "Invoice").tone == Tone(Role.MUTED, strike=True)

    def test_the_row_under_the_cursor_is_bold_and_has_a_bar_before_it(self) -> None:
        row = Row(1, None, is_cursor=True)
        line = line_of(board(), "id-billing-creditnote", row)
        assert line[0] == span(text(line)[:1], Tone(Role.PRIMARY))
        assert text(line).startswith("▌○ ")
        assert piece(line, "CreditNote").tone == Tone(bold=True)

    def test_a_mark(self) -> None:
        line = line_of(board(), "id-billing-invoice", Row(1, None, is_marked=True))
        assert text(line).startswith(" ✓▪")
        assert piece(line, "▪").tone == Tone(Role.PRIMARY)

    def test_a_time_is_bright_only_while_it_ticks(self) -> None:
        assert piece(leaf(**running("ValidateDesign")), "52s").tone == TEXT
        assert piece(leaf(**complete()), "52s").tone == MUTED
        assert piece(line_of(board(), "id-run-billing", PARENT), "4m12s").tone == MUTED


class TestTime:
    """How long it worked; blank where that says nothing."""

    def test_what_has_not_begun_has_none(self) -> None:
        assert text(leaf(None))[45:] == " " * 8

    def test_what_was_kept_or_skipped_has_none(self) -> None:
        assert text(leaf(0, **complete(kept=True)))[45:] == " " * 8
        assert text(leaf(0, **skipped("later")))[45:] == " " * 8

    def test_it_stands_still_at_the_end(self) -> None:
        ended = complete(finished_at=NOW - timedelta(seconds=10))
        assert text(leaf(52, **ended))[45:] == "    42s "

    def test_it_goes_on_until_the_end_and_ticks_while_it_works(self) -> None:
        row = session("Invoice", "Billing", 5, **running("ValidateDesign"))
        assert (goes_on(row), is_ticking(row)) == (True, True)
        waits = replace(row, phase=Phase.WAITING)
        assert (goes_on(waits), is_ticking(waits)) == (True, False)
        ended = replace(row, **complete())
        assert (goes_on(ended), is_ticking(ended)) == (False, False)
        assert not goes_on(session("Invoice", "Billing"))


class TestInferred:
    """What the log does not say has a question mark."""

    def test_a_file_that_went_while_no_engine_lived(self) -> None:
        shown = board()
        lost = replace(shown.session("id-billing-invoice"), artifact=ArtifactState.MISSING)
        shown.infer([lost])
        assert status_word(shown, lost, NOW).text == "file missing?"
        assert "file missing?" in text(line_of(shown, lost.id))
