"""Signs of life on the screen: who spoke, who is quiet, which heartbeats are believed, and the pulse of a row."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from covey.model.status import Phase
from covey.text.glyphs import GlyphSet
from covey_tui.view.alert import alert
from covey_tui.view.board import Board
from covey_tui.view.causes import reason_of
from covey_tui.view.columns import columns
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.state import known_lines
from covey_tui.view.filters import after, only_problems
from covey_tui.view.footer import Situation, footer
from covey_tui.view.needs import Needs
from covey_tui.view.next_need import next_need
from covey_tui.view.rows import Rows
from covey_tui.view.signs import Signs
from covey_tui.view.spans import MUTED, Line, Role, Tone
from covey_tui.view.tree_line import Row, tree_line
from covey_tui.view.words import status_word
from covey_tui.widgets.session_tree import SessionTree
from tests.tui import pictures
from tests.tui.gallery import Gallery, settled
from tests.tui.pictures import NOW, QUIET

PAYMENT, STALLED, TAX = "id-billing-payment", "id-catalog-pricelist", "id-billing-taxrule"


def silent() -> Board:
    return pictures.board(pictures.silent(), QUIET)


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def later(board: Board, seconds: float, *keys: str) -> dict[str, Any]:
    """The signs as they are read a while later: a heartbeat of all, and a sign of these."""
    beat = NOW + timedelta(seconds=seconds)
    return {
        key: replace(sign, beat=beat, at=beat if key in keys else sign.at) for key, sign in board.signs.by_id.items()
    }


class TestListening:
    """Who has done something since it was last looked."""

    def test_a_heartbeat_is_no_sign_of_the_agent(self) -> None:
        board = silent()
        assert board.signs.listen(later(board, 5)) == frozenset()

    def test_who_did_something_is_named(self) -> None:
        board = silent()
        assert board.signs.listen(later(board, 1, PAYMENT)) == {PAYMENT}

    def test_what_is_seen_for_the_first_time_is_no_news(self) -> None:
        board = silent()
        assert Signs().listen(board.signs.by_id) == frozenset()

    def test_a_clock_that_was_corrected_by_a_hair_is_no_sign(self) -> None:
        board = silent()
        corrected = {
            key: replace(sign, at=sign.at + timedelta(milliseconds=20)) for key, sign in board.signs.by_id.items()
        }
        assert board.signs.listen(corrected) == frozenset()


class TestHeartbeats:
    """Heartbeats that are overdue are told of once that has been seen twice, and no longer than it is so."""

    def test_an_engine_that_stands_still(self) -> None:
        board, at = silent(), NOW + timedelta(seconds=38)
        assert status_word(board, board.session(PAYMENT), at).text == "quiet 2m48s"
        for _ in range(2):
            assert not board.signs.is_doubted
            board.signs.mind_heartbeats(board.stored, at, engine_alive=True)
        assert board.signs.is_doubted
        assert status_word(board, board.session(TAX), at) == ("running? 40s", MUTED)
        assert status_word(board, board.session(STALLED), at).text == "stalled? 5m48s"
        board.signs.listen(later(board, 38))
        assert status_word(board, board.session(TAX), at).text == "generate design"
        board.signs.mind_heartbeats(board.stored, at, engine_alive=True)
        assert not board.signs.is_doubted

    def test_a_machine_that_wakes_up_frightens_nobody(self) -> None:
        board, at = silent(), NOW + timedelta(hours=8)
        board.signs.mind_heartbeats(board.stored, at, engine_alive=True)
        board.signs.listen(later(board, 8 * 3600))
        board.signs.mind_heartbeats(board.stored, at, engine_alive=True)
        assert not board.signs.is_doubted

    def test_without_an_engine_there_is_nothing_to_doubt(self) -> None:
        board, at = silent(), NOW + timedelta(hours=8)
        for _ in range(3):
            board.signs.mind_heartbeats(board.stored, at, engine_alive=False)
        assert not board.signs.is_doubted


class TestWords:
    """What the rows, lists and tabs say of the silent."""

    def test_quiet_is_muted_and_not_counted(self) -> None:
        board = silent()
        assert status_word(board, board.session(PAYMENT), NOW) == ("quiet 2m10s", MUTED)
        assert not board.needs_human(PAYMENT)

    def test_the_limit_is_the_runs_own(self) -> None:
        board = silent()
        board.signs.quiet_after = 131
        assert status_word(board, board.session(PAYMENT), NOW).text == "validate design"

    def test_stalled_needs_you(self) -> None:
        board = silent()
        assert status_word(board, board.session(STALLED), NOW) == ("stalled 5m10s", Tone(Role.WARNING, bold=True))
        assert board.needs_human(STALLED)
        needs = Needs(board)
        assert needs.counts() == {"stalled": 1}
        assert needs.retried_together(None) == ()
        assert reason_of(board.session(STALLED), NOW.tzinfo) == "no sign of life since 12:03:00"
        assert "1 needs you   1 stalled" in text(alert(board, needs, 100)[0])
        assert next_need(board, Rows(board), None, forward=True) == STALLED
        assert only_problems(board).matches(board.session(STALLED))

    def test_the_filter_has_it(self) -> None:
        board = silent()
        running = after(None, board)
        stalled = after(running, board)
        assert stalled is not None
        assert stalled.label == "only stalled"
        assert stalled.matches(board.session(STALLED))

    def test_the_footer_names_what_helps(self) -> None:
        line = text(footer(silent(), Situation(STALLED), lambda binding: binding[-1], 120))
        assert [word in line for word in ("transcript", "retry", "cancel…", "skip…")] == [True] * 4

    def test_the_problem_says_what_helps(self) -> None:
        board = silent()
        lines = [text(line) for line in problem_lines(board, board.session(STALLED), NOW, 80)]
        assert lines[0] == "◍ stalled 5m10s"
        assert [line.split()[0] for line in lines[-4:]] == ["l", "r", "x", "s"]

    def test_an_inferred_state_has_its_age(self) -> None:
        board = silent()
        gone = replace(board.session(PAYMENT), phase=Phase.INTERRUPTED)
        board.infer([gone])
        assert status_word(board, gone, NOW + timedelta(seconds=38)).text == "interrupted? 40s"

    def test_the_state_tab_says_how_it_is_known(self) -> None:
        board = silent()
        lines = [text(line).split() for line in known_lines(board, board.session(PAYMENT), NOW, 80)]
        assert lines == [["known", "by", *["engine", "heartbeat", "2s", "ago"]], ["last", "sign", "2m10s", "ago"]]
        lines = [text(line).split() for line in known_lines(board, board.session("id-billing-invoice"), NOW, 80)]
        assert lines == [["known", "by", "log,", "0s", "ago"]]


class TestPulse:
    """A running row shows for a moment that its agent has done something."""

    @pytest.mark.parametrize(("is_pulsing", "sign"), [(True, "◉"), (False, "●")])
    def test_the_sign(self, *, is_pulsing: bool, sign: str) -> None:
        board = silent()
        row = Row(1, None, is_pulsing=is_pulsing)
        assert text(tree_line(board, board.session(TAX), row, columns(54), NOW))[1] == sign

    async def test_it_comes_and_goes(self) -> None:
        app = Gallery(silent())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            tree = app.monitor.query_one(SessionTree)
            app.monitor.spoke(frozenset({TAX, "id-of-nobody-in-sight"}))
            assert signs(tree) == {"◉": 1, "●": 3}
            while signs(tree).get("◉"):
                await pilot.pause(0)
            assert signs(tree) == {"●": 4}

    async def test_one_that_stalls_does_not_pulse(self) -> None:
        app = Gallery(silent())
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            app.monitor.spoke(frozenset({STALLED}))
            assert signs(app.monitor.query_one(SessionTree)) == {"●": 4}

    @pytest.mark.parametrize(("glyphs", "level"), [(GlyphSet.UNICODE, "none"), (GlyphSet.ASCII, "full")])
    async def test_where_nothing_moves_there_is_none(self, glyphs: GlyphSet, level: Any) -> None:
        app = Gallery(silent(), glyphs=glyphs)
        async with app.run_test(size=(100, 30)) as pilot:
            app.animation_level = level
            await settled(pilot)
            tree = app.monitor.query_one(SessionTree)
            before = signs(tree)
            app.monitor.spoke(frozenset({TAX}))
            assert signs(tree) == before


def signs(tree: SessionTree) -> dict[str, int]:
    """How many rows in sight have each sign of a running session."""
    found = [tree.render_line(y).text[1] for y in range(len(tree.rows))]
    return {sign: found.count(sign) for sign in ("◉", "●") if sign in found}
