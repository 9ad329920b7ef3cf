"""The list of everything that needs a human: its lines, its cursor, and what its keys hand over."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.model.status import FailureCause, Phase, Status
from covey_tui.painted import PaintedApp
from covey_tui.screens.intervention import Act, InterventionScreen
from covey_tui.view.board import Board
from covey_tui.view.hints import hints
from covey_tui.view.intervention import (
    Cursor,
    Deed,
    Layout,
    Look,
    Part,
    chosen,
    followed,
    footer,
    line,
    sessions_under,
)
from covey_tui.view.needs import Needs
from covey_tui.view.progress import Manner
from covey_tui.view.spans import Line, room, span
from tests.tui.pictures import NOW, board, catalog_of_sixty_one, complete, failed, family, gone, waiting

LEDGER, TAX_RULE, IMPORT = "id-billing-ledger", "id-billing-taxrule", "id-catalog-importadapter"
CHECKS, AGENT, MISSING = Cursor("check_failed"), Cursor("agent_error"), Cursor("file_missing")
CANCELLED = {"status": Status.CANCELLED, "phase": None, "decided_by": "ana", "finished_at": NOW}
BLOCKED = {"phase": Phase.BLOCKED, "needs_human": {"not_created": [{"component": "A", "reason": "no"}]}}


def text(shown: Line) -> str:
    return "".join(piece.text for piece in shown)


def ends(left: str, right: str, cells: int) -> str:
    return left + " " * (cells - len(left) - len(right)) + right


def lines(shown: Board, cells: int, cursor: Cursor | None = None, marked: frozenset[str] = frozenset()) -> list[str]:
    needs = Needs(shown)
    layout = Layout(needs.groups())
    look = Look(cells, cursor, marked, UTC)
    places = [layout.at(y) for y in range(layout.height)]
    return [text(line(place, needs, look)) for place in places if place is not None]


def picture_four() -> Board:
    """The groups of the design's picture: one with two members and three with one or more."""
    shown = board()
    tax = shown.session(TAX_RULE)
    changed = [
        replace(shown.session("id-catalog-variant"), **failed(FailureCause.AGENT_ERROR, "no such model")),
        replace(tax, attempt=12),
        replace(shown.session("id-catalog-product"), **gone()),
        replace(shown.session("id-catalog-category"), **CANCELLED),
    ]
    shown.infer(changed)
    return shown


class TestLines:
    """Headings, one line of advice, then a row each: name, attempt, reason or path, context."""

    def test_at_a_hundred_columns(self) -> None:
        assert lines(picture_four(), 98, AGENT) == [
            "✗ Failed: checks  1".ljust(98),
            "   A note to the agent helps more than a bare retry.".ljust(98),
            ends("   ImportAdapter         section Public API is empty", "Catalog", 98),
            "",
            ends("✗ Failed: agent  2", "r retry both…   s skip both…", 98),
            "   The transcript tells more. A retry begins at the first step.".ljust(98),
            ends("   TaxRule           ×12 the agent exited with code 1: no such model", "Billing", 98),
            ends("   Variant               no such model", "Catalog", 98),
            "",
            "▲ Design file missing  2".ljust(98),
            "   Write a file by hand and it leaves this list.".ljust(98),
            ends("   Ledger                docs/design/shop/billing/ledger.md", "Billing", 98),
            ends("   Product               docs/design/shop/catalog/product.md", "Catalog", 98),
            "",
            "⊘ Cancelled  1".ljust(98),
            ends("   Category              by ana, 12:08", "Catalog", 98),
        ]

    def test_at_eighty_columns_the_context_keeps_its_place(self) -> None:
        row = lines(picture_four(), 78)[6]
        assert row == ends("   TaxRule           ×12 the agent exited with code 1: no such model", "Billing", 78)

    def test_a_directory_is_named_once(self) -> None:
        shown = lines(board(catalog_of_sixty_one()), 98, MISSING)
        assert shown[0] == ends("▲ Design file missing  26", "r retry all 26…   s skip all 26…", 98)
        advice = "   Write a file by hand and it leaves this list.  All under docs/design/shop/catalog/"
        assert shown[1] == advice.ljust(98)
        assert shown[2] == "   Component02           component02.md".ljust(98)

    def test_on_a_row_the_verbs_are_about_that_one(self) -> None:
        shown = lines(picture_four(), 98, Cursor("agent_error", TAX_RULE))
        assert shown[4].endswith("   r retry   e retry with note…   s skip…")

    def test_a_note_is_the_best_advice_where_checks_failed(self) -> None:
        assert lines(board(), 98, CHECKS)[0].endswith("   e retry with note…   r retry   s skip…")

    def test_a_root_cannot_be_skipped_and_only_what_is_active_can_be_cancelled(self) -> None:
        shown = lines(board(family("Billing", 9, {**waiting(), **BLOCKED}, [("A", 1, complete())])), 98)
        needs = Needs(board(family("Billing", 9, {**waiting(), **BLOCKED}, [("A", 1, complete())])))
        assert shown[2].startswith("   Billing               A (no)")
        assert [deed for deed in Deed if chosen(deed, ["id-run-billing"], needs)] == [Deed.RETRY, Deed.CANCEL]

    def test_three_dots_where_there_is_nothing_else(self) -> None:
        needs, manner = Needs(board()), Manner(ascii=True)
        place = Layout(needs.groups()).at(0)
        assert place is not None
        assert text(line(place, needs, Look(98, CHECKS, manner=manner))).endswith("note...   r retry   s skip...")
        assert "R retry all 3...  " in text(footer(needs, CHECKS, (), (), 98, manner=manner))

    def test_a_mark_stands_before_the_name(self) -> None:
        assert lines(board(), 98, marked=frozenset({TAX_RULE}))[6].startswith(" ▪ TaxRule")

    def test_names_and_reasons_are_not_obeyed_and_lines_keep_their_room(self) -> None:
        mean = "\x1b]0;t\x07[/red]\n" + "界" * 80
        bad = failed(FailureCause.CRASH, mean, component=mean, attempt=3)
        shown = board(family("Billing", 9, waiting(), [("A", 1, bad), ("B", 1, bad)]))
        for cells in (58, 78, 98, 200):
            for said in lines(shown, cells):
                assert "\x1b" not in said
                assert "\n" not in said
                assert room((span(said),)) in {0, cells}


class TestFooter:
    """It names the keys that work now."""

    END = hints(("?", "help"), ("q", "leave"))

    def foot(self, cursor: Cursor | None, *marked: str, cells: int = 98, shown: Board | None = None) -> str:
        return text(footer(Needs(shown or board()), cursor, frozenset(marked), self.END, cells))

    def test_on_a_row(self) -> None:
        left = "↑↓ move   Enter show in tree   v mark   R retry all 3…"
        assert self.foot(Cursor("agent_error", TAX_RULE)) == ends(left, "? help   q leave", 98)

    def test_on_a_heading_there_is_nothing_to_show_in_the_tree(self) -> None:
        assert self.foot(AGENT).startswith("↑↓ move   v mark   R retry all 3…  ")

    def test_with_marks_the_verbs_count_them(self) -> None:
        left = "r retry 2…   s skip 2…   v unmark   Esc unmark all   ↑↓ move"
        assert self.foot(AGENT, TAX_RULE, LEDGER) == ends(left, "? help   q leave", 98)

    def test_a_marked_parent_looks_again_and_a_root_cannot_be_skipped(self) -> None:
        shown = board(family("Billing", 9, {**waiting(), **BLOCKED}, [("A", 1, complete())]))
        (root,) = shown.roots()
        assert self.foot(Cursor("blocked", root), root, shown=shown).startswith("r look again 1   v unmark")

    def test_what_does_not_fit_falls_off_before_the_end(self) -> None:
        row = Cursor("agent_error", TAX_RULE)
        assert self.foot(row, cells=58) == ends("↑↓ move   Enter show in tree   v mark", "? help   q leave", 58)

    def test_an_empty_list_has_no_keys_of_its_own(self) -> None:
        shown = board(family("Billing", 9, waiting(), [("A", 1, complete())]))
        assert self.foot(None, shown=shown).strip() == "? help   q leave"


class TestCursor:
    """It stands on headings and rows, and stays on its session whatever changes."""

    def test_it_passes_over_advice_and_gaps(self) -> None:
        layout = Layout(Needs(board()).groups())
        seen = [layout.nearest(0)]
        for _ in range(7):
            seen.append(layout.moved(seen[-1], 1))
        rows = [CHECKS, Cursor("check_failed", IMPORT), AGENT, Cursor("agent_error", TAX_RULE)]
        assert seen == [*rows, MISSING, *[Cursor("file_missing", LEDGER)] * 3]
        assert layout.moved(seen[-1], -99) == CHECKS

    def test_an_action_is_about_the_row_or_the_whole_group(self) -> None:
        layout = Layout(Needs(picture_four()).groups())
        assert sessions_under(AGENT, layout) == (TAX_RULE, "id-catalog-variant")
        assert sessions_under(Cursor("agent_error", TAX_RULE), layout) == (TAX_RULE,)
        assert sessions_under(None, layout) == ()

    def test_it_stays_on_its_session_when_others_come_before_it(self) -> None:
        self.follow(Cursor("file_missing", LEDGER), Cursor("file_missing", LEDGER), "Invoice", gone())

    def test_it_goes_with_its_session_into_another_group(self) -> None:
        broken = failed(FailureCause.CRASH, "x")
        self.follow(Cursor("agent_error", TAX_RULE), Cursor("crash", TAX_RULE), "TaxRule", broken)

    def test_it_goes_to_the_next_of_the_group_when_its_session_leaves(self) -> None:
        shown = board(catalog_of_sixty_one())
        cursor = Cursor("file_missing", "id-catalog-component03")
        after = Cursor("file_missing", "id-catalog-component05")
        self.follow(cursor, after, "Component03", complete(), shown)

    def test_it_goes_to_the_one_before_when_the_last_one_leaves(self) -> None:
        shown = board(catalog_of_sixty_one())
        last = Needs(shown).groups()[0].ids[-2:]
        name = shown.session(last[1]).component
        self.follow(Cursor("file_missing", last[1]), Cursor("file_missing", last[0]), name, complete(), shown)

    def test_it_goes_to_what_is_nearest_when_its_group_is_gone(self) -> None:
        # the lines of the group that follows move up to where it stood
        self.follow(Cursor("agent_error", TAX_RULE), Cursor("file_missing", LEDGER), "TaxRule", complete())

    def test_nothing_is_left(self) -> None:
        before = Layout(Needs(board()).groups())
        empty = Needs(board([]))
        assert followed(CHECKS, before, Layout(), empty) is None

    def follow(
        self, cursor: Cursor, expected: Cursor, name: str, becomes: dict[str, Any], shown: Board | None = None
    ) -> None:
        shown = shown or board()
        needs = Needs(shown)
        before = Layout(needs.groups())
        row = next(row for row in shown.stored.values() if row.component == name)
        needs.apply(shown.infer([replace(row, **becomes)]))
        assert followed(cursor, before, Layout(needs.groups()), needs) == expected

    @given(st.integers(-5, 60))
    def test_every_line_has_a_cursor_near_it(self, y: int) -> None:
        layout = Layout(Needs(picture_four()).groups())
        cursor = layout.nearest(y)
        assert cursor is not None
        at = layout.line_of(cursor)
        assert at is not None
        place = layout.at(at)
        assert place is not None
        assert place.cursor == cursor
        assert place.part in {Part.HEADING, Part.MEMBER}


class Host(PaintedApp):
    """An app with the screen; `acts`, `undone` and `helped` are what it handed over, `left` what it answered."""

    def __init__(self, shown: Board, marked: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.board = shown
        self.needs = Needs(shown)
        self.acts: list[Act] = []
        self.left: list[str | None] = []
        self.undone: list[str | None] = []
        self.helped: list[str | None] = []
        self.wall = InterventionScreen(
            shown,
            self.needs,
            head=lambda cells: ((span("covey".ljust(cells)),), (span("━" * cells),)),
            act=self.acts.append,
            undo=self.undone.append,
            show_help=self.helped.append,
            footer_end=hints(("?", "help"), ("q", "leave")),
            marked=marked,
            zone=UTC,
        )

    def on_mount(self) -> None:
        self.push_screen(self.wall, self.left.append)

    def becomes(self, **changes: dict[str, Any]) -> None:
        """Some sessions change."""
        rows = [
            replace(row, **changes[row.component]) for row in self.board.stored.values() if row.component in changes
        ]
        change = self.board.infer(rows)
        self.wall.renew(needs_changed=self.needs.apply(change))

    def rows(self) -> list[str]:
        """The lines on the screen."""
        return ["".join(piece.text for piece in row) for row in self.wall._compositor.render_strips()]


async def acts(*keys: str, shown: Board | None = None) -> list[Act]:
    """What is handed over after these keys."""
    app = Host(shown or picture_four())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0)
        await pilot.press(*keys)
        await pilot.pause(0)
        return app.acts


class TestScreen:
    """It shows the list and hands over what a person wants; it decides nothing."""

    async def test_it_stands_as_in_the_picture(self) -> None:
        app = Host(picture_four())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            rows = app.rows()
            assert rows[1] == f" {'━' * 98} "
            assert rows[2] == f" {ends('◆ 6 need you   Billing and Catalog wait for them', 'Esc back', 98)} "
            assert rows[3].strip() == ""
            assert rows[4] == f"▌{ends('✗ Failed: checks  1', 'e retry with note…   r retry   s skip…', 98)} "
            assert rows[6] == f" {ends('   ImportAdapter         section Public API is empty', 'Catalog', 98)} "
            left = "↑↓ move   v mark   R retry all 5…"
            assert rows[29] == f" {ends(left, '? help   q leave', 98)} "

    @pytest.mark.parametrize("size", [(60, 15), (80, 24), (250, 80)])
    async def test_it_fits(self, size: tuple[int, int]) -> None:
        app = Host(board(catalog_of_sixty_one()))
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0)
            await pilot.press("G")
            await pilot.pause(0)
            rows = app.rows()
            assert any(row.startswith(("▌   Component58", "▌   Component59")) for row in rows)
            assert any("▲ Design file missing  26" in row for row in rows)
            assert "? help   q leave" in rows[-1]

    async def test_keys_on_a_group(self) -> None:
        both = (TAX_RULE, "id-catalog-variant")
        assert await acts("down", "down", "r", "e", "s") == [
            Act(Deed.RETRY, both),
            Act(Deed.RETRY_NOTE, both),
            Act(Deed.SKIP, both),
        ]

    async def test_what_none_of_them_allows_is_handed_over_for_one_so_that_it_is_told_why(self) -> None:
        assert await acts("down", "down", "x", "m") == [Act(Deed.CANCEL, (TAX_RULE,)), Act(Deed.ANSWER, (TAX_RULE,))]

    async def test_keys_on_a_row(self) -> None:
        assert await acts("j", "j", "j", "r", "s") == [Act(Deed.RETRY, (TAX_RULE,)), Act(Deed.SKIP, (TAX_RULE,))]

    async def test_help_is_about_what_is_under_the_cursor(self) -> None:
        app = Host(picture_four())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press("question_mark", "G", "f1")
            assert app.helped == [IMPORT, "id-catalog-category"]

    async def test_retry_all_leaves_cancelled_ones_out(self) -> None:
        (act,) = await acts("R")
        assert act.together
        assert act.deed is Deed.RETRY
        assert set(act.session_ids) == {IMPORT, TAX_RULE, "id-catalog-variant", LEDGER, "id-catalog-product"}

    async def test_moving_and_typing_hand_over_nothing(self) -> None:
        keys = ["down", "up", "j", "k", "g", "G", "home", "end", "pagedown", "pageup", "left", "right", "space", "tab"]
        assert await acts(*keys, *"abcdfhlnoptuyz0123", "ctrl+c") == []

    async def test_marked_ones_are_meant_wherever_the_cursor_stands(self) -> None:
        assert await acts("down", "v", "G", "v", "g", "s") == [Act(Deed.SKIP, (IMPORT, "id-catalog-category"))]

    async def test_escape_takes_marks_away_first_and_then_leaves(self) -> None:
        app = Host(board(), frozenset({LEDGER, "id-billing-invoice"}))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            assert app.wall.marked == {LEDGER}
            await pilot.press("escape")
            await pilot.pause(0)
            assert (app.wall.marked, app.left) == (frozenset(), [])
            await pilot.press("escape")
            await pilot.pause(0)
            assert app.left == [None]

    async def test_enter_shows_a_row_in_the_tree(self) -> None:
        app = Host(board())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press("enter")
            assert app.left == []
            await pilot.press("down", "enter")
            await pilot.pause(0)
            assert app.left == [IMPORT]

    async def test_a_click_puts_the_cursor_there_and_nothing_else(self) -> None:
        app = Host(board())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.click("GroupList", offset=(5, 6))
            await pilot.pause(0)
            assert app.wall.cursor == Cursor("agent_error", TAX_RULE)
            assert app.acts == []


class TestLive:
    """The board goes on while somebody looks; the cursor stays on its session."""

    async def test_a_session_that_recovers_leaves_and_the_counts_follow(self) -> None:
        app = Host(board())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press("G")
            app.becomes(ImportAdapter=complete())
            await pilot.pause(0)
            rows = app.rows()
            assert app.wall.cursor == Cursor("file_missing", LEDGER)
            assert rows[2].startswith(" ◆ 2 need you   Billing waits for them")
            assert rows[4].startswith(" ✗ Failed: agent  1")
            assert any(row.startswith("▌   Ledger") for row in rows)

    async def test_what_comes_above_does_not_move_the_row_under_the_hand(self) -> None:
        app = Host(board(catalog_of_sixty_one()))
        async with app.run_test(size=(100, 20)) as pilot:
            await pilot.pause(0)
            await pilot.press("G")
            await pilot.pause(0)
            before = next(y for y, row in enumerate(app.rows()) if row.startswith("▌"))
            app.becomes(Component00=failed(FailureCause.CHECK_FAILED, "x"), Component01=gone())
            await pilot.pause(0)
            after = next(y for y, row in enumerate(app.rows()) if row.startswith("▌"))
            assert after == before

    async def test_a_mark_goes_with_its_session(self) -> None:
        app = Host(board(), frozenset({LEDGER, TAX_RULE}))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            app.becomes(Ledger=complete())
            await pilot.pause(0)
            assert app.wall.marked == {TAX_RULE}

    async def test_when_all_is_decided_it_says_so_and_keys_hand_over_nothing(self) -> None:
        app = Host(board())
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            app.becomes(Ledger=complete(), TaxRule=complete(), ImportAdapter=complete())
            await pilot.pause(0)
            assert app.rows()[2].startswith(" ✓ Nothing needs you")
            await pilot.press("r", "s", "x", "e", "R", "v", "enter", "down", "G")
            await pilot.pause(0)
            assert app.acts == []
            assert app.wall.cursor is None
            app.becomes()
            await pilot.pause(0)
            assert app.wall.cursor == CHECKS
