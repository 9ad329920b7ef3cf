import re
import string
from collections.abc import Callable
from datetime import UTC

import pytest
from textual.app import App
from textual.keys import _character_to_key
from textual.screen import Screen

from covey.client.ui import ALL_KEYS, KEYS, UiSettings
from covey.config.keys import named
from covey.model.control import CONTROLS, Action
from covey.model.session import Session, standing
from covey.model.status import FailureCause, Phase
from covey_tui.painted import PaintedApp
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.alert import alert, alert_above_groups
from covey_tui.view.board import Board
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.summary import summary_lines
from covey_tui.view.intervention import Layout, Look, footer, line
from covey_tui.view.keys import ACTIONS, able, allowed, label_of, why_not
from covey_tui.view.keys import ASKED as OF_THE_ENGINE
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK
from covey_tui.widgets.session_tree import SessionTree
from tests.tui import pictures
from tests.tui.gallery import MadeUp, settled
from tests.tui.pictures import board, complete, failed, family, gone, running, skipped, waiting
from tests.tui.reading import text

ASKED = tuple(ACTIONS)
KEPT_MEANING = {"tab", "ctrl+q", "ctrl+p"}
"""Textual's own keys that covey has, too: they do there what they do here."""


def billing(*children: tuple[str, int | None, dict[str, object]], **parent: object) -> Board:
    return board(family("Billing", 252, {**waiting(), **parent}, children))


def only(**changes: object) -> tuple[Board, str]:
    """A board with one child, and its id."""
    made = billing(("Invoice", 64, changes))
    return made, made.children(made.roots()[0])[0]


class TestTable:
    """Every binding has a place in the program, and keys of its own."""

    def test_the_screen_and_its_tree_bind_exactly_these(self) -> None:
        bound: dict[str, set[str]] = {}
        for binding in (*MonitorScreen.BINDINGS, *SessionTree.BINDINGS):
            assert not isinstance(binding, tuple)
            if binding.id is not None:
                bound[binding.id] = {_character_to_key(key) if len(key) == 1 else key for key in binding.key.split(",")}
        assert bound == {binding: set(key.keys) for binding, key in ALL_KEYS.items()}

    def test_none_is_textuals_own(self) -> None:
        own = {key for node in (App, Screen) for key in node._merged_bindings.key_to_bindings}  # type: ignore[union-attr]
        assert {key for each in KEYS.values() for key in each.keys} & own <= KEPT_MEANING

    def test_signs_are_called_as_textual_calls_them(self) -> None:
        assert [sign for sign in string.punctuation if named(sign) != _character_to_key(sign)] == []

    def test_the_help_of_a_key_tells_of_everything_that_it_is_called(self) -> None:
        refused = board(pictures.without_credential(), credentials=[pictures.REFUSED])
        blocked = billing(phase=Phase.BLOCKED, needs_human={"not_created": [{"component": "Invoice"}]})
        boards = [refused, blocked, *map(board, (pictures.asking(), pictures.paused(), pictures.budget_spent()))]
        called = {
            (binding, label_of(made, binding, key)) for made in boards for key in made.stored for binding in ALL_KEYS
        }
        otherwise = {(binding, label) for binding, label in called if label != ALL_KEYS[binding].label}
        assert {label for _, label in otherwise} == {"answer…", "look again", "resume", "raise the budget…", "retry…"}
        assert [label for key, label in otherwise if label.removesuffix("…") not in ALL_KEYS[key].help] == []


class TestGuard:
    """A key is offered exactly when the engine would take it, and else says why, in the engine's words."""

    @pytest.mark.parametrize(
        ("row", "possible"),
        [
            ({}, {Action.CANCEL, Action.SKIP}),
            (running("ValidateDesign"), {Action.RETRY, Action.CANCEL, Action.SKIP}),
            ({"phase": Phase.INTERRUPTED, "pending": "i"}, {Action.RETRY, Action.CANCEL, Action.SKIP}),
            (complete(), set()),
            (gone(), {Action.RETRY, Action.SKIP}),
            (failed(FailureCause.AGENT_ERROR, "no"), {Action.RETRY, Action.SKIP}),
            (skipped("later"), {Action.RETRY}),
        ],
    )
    def test_a_child(self, row: dict[str, object], possible: set[Action]) -> None:
        made, child = only(**row)
        assert {ACTIONS[key] for key in ASKED if allowed(made, key, child)} == possible
        assert all((why_not(made, key, child) is None) == allowed(made, key, child) for key in ASKED)

    def test_nothing_is_possible_that_the_table_of_controls_rules_out(self) -> None:
        made = board()
        for session in map(made.session, made.under(None)):
            for key, action in ACTIONS.items():
                if standing(session) not in CONTROLS[action]:
                    assert not allowed(made, key, session.id)

    def test_a_run_is_never_skipped(self) -> None:
        made = billing()
        assert why_not(made, "session.skip", made.roots()[0]) == (
            "Billing: a run's root cannot be skipped; cancel it instead."
        )

    def test_a_parent_that_waits_has_nothing_to_retry(self) -> None:
        made, child = only()
        parent = made.session(child).session_id
        assert parent is not None
        assert "retry those that need it" in (why_not(made, "session.retry", parent) or "")

    def test_a_blocked_parent_takes_another_look(self) -> None:
        verdict = {"failed": [{"component": "Invoice"}]}
        children = [("Invoice", 3, failed(FailureCause.CRASH, "no"))]
        made = billing(*children, phase=Phase.BLOCKED, needs_human=verdict)
        assert allowed(made, "session.retry", made.roots()[0])
        said = why_not(made, "session.retry_note", made.roots()[0])
        assert said == "Billing only looks again: no agent would get the note."

    def test_nothing_runs_below_what_has_ended(self) -> None:
        made = billing(("Invoice", 3, failed(FailureCause.CRASH, "no")), **complete())
        child = made.children(made.roots()[0])[0]
        assert not allowed(made, "session.retry", child)
        assert why_not(made, "session.retry", child) == "Invoice: its parent is complete: use covey run."

    def test_what_is_complete_says_so(self) -> None:
        made, child = only(**complete())
        said = why_not(made, "session.cancel", child)
        assert said == "Invoice cannot be cancelled: it is complete and its file is in order."

    def test_kill_is_for_what_is_being_cancelled(self) -> None:
        made, child = only(**running("ValidateDesign"))
        assert why_not(made, "session.kill", child) == "Invoice is not being cancelled; cancel it first."
        made, child = only(**{**skipped("x"), "phase": Phase.CANCELLING})
        assert allowed(made, "session.kill", child)

    def test_a_file_is_opened_where_there_is_one(self) -> None:
        made, child = only()
        assert allowed(made, "session.open_file", child)
        assert why_not(made, "session.open_file", made.roots()[0]) == "Billing has no file of its own."

    def test_a_run_is_stopped_while_one_is_at_work(self) -> None:
        assert allowed(board(), "run.stop", None)
        assert why_not(billing(**complete()), "run.stop", None) == "No run is at work."
        assert why_not(board(alive=False), "run.stop", None) == "No run is at work."

    def test_a_decision_is_undone_where_there_is_a_run(self) -> None:
        made, child = only()
        assert allowed(made, "run.undo", child)
        assert why_not(made, "run.undo", None) == "There is no session here yet."

    @pytest.mark.parametrize("key", ASKED)
    @pytest.mark.parametrize("nowhere", [None, "no-such-id"])
    def test_without_a_session_nothing_is_done(self, key: str, nowhere: str | None) -> None:
        assert why_not(board(), key, nowhere) == "There is no session here yet."
        assert not allowed(board(), key, nowhere)

    def test_what_is_shown_can_always_be_changed(self) -> None:
        views = [key for key in ALL_KEYS if key.startswith(("view.", "tree."))]
        assert all(allowed(board(), key, None) for key in views)

    def test_where_nothing_was_ever_run_there_is_little_to_be_shown(self) -> None:
        views = {key for key in ALL_KEYS if key.startswith("view.") and allowed(Board("shop"), key, None)}
        assert views == {"view.copy", "view.back", "view.commands", "view.help"}
        assert why_not(Board("shop"), "view.search", None) == "There is no session here yet."

    def test_hostile_names_are_made_visible_and_short(self) -> None:
        made = board(family("\x1b[2J" + "A" * 500, 3, waiting(), []))
        said = why_not(made, "session.skip", made.roots()[0]) or ""
        assert "\x1b" not in said
        assert len(said) < 120

    def test_counts_are_of_those_that_it_is_possible_for(self) -> None:
        made = board()
        assert len(able(made, "session.retry", [*made.under(None), "no-such-id"])) == sum(
            allowed(made, "session.retry", each) for each in made.under(None)
        )

    def test_a_great_many_are_counted_by_the_table(self) -> None:
        rows: list[Session] = list(
            family("Huge", 3, waiting(), [(f"C{number}", 3, failed(FailureCause.CRASH, "no")) for number in range(600)])
        )
        made = board(rows)
        children = made.children(made.roots()[0])
        assert len(able(made, "session.retry", children)) == len(children)
        assert able(made, "session.cancel", children) == []


def given(binding: str) -> str:
    """A key of somebody's own, which tells what it is for."""
    return f"<{binding}>"


def named_in(shown: Board) -> set[str]:
    """The keys that are named as they were given, wherever a board's needs are told of."""
    needs = Needs(shown)
    layout = Layout(needs.groups())
    places = [place for y in range(layout.height) if (place := layout.at(y)) is not None]
    lines = [alert(shown, needs, 400, UTC, given)[0], alert_above_groups(shown, needs, 400, given)[0]]
    marked = frozenset(key for group in needs.groups() for key in group.ids)
    lines += [footer(needs, layout.nearest(0), marks, BLANK, 400, key=given) for marks in (frozenset[str](), marked)]
    lines += [line(place, needs, Look(400, place.cursor, key=given)) for place in places]
    for session in map(shown.session, shown.under(None)):
        lines += problem_lines(shown, session, pictures.NOW, 400, key=given)
        lines += summary_lines(shown, session, pictures.NOW, 400, key=given)
    said = text(lines)
    usual = "".join(key for each in KEYS.values() for key in each.keys if len(key) == 1 and key.isalpha())
    assert re.findall(rf"(?:^|  |; )[{usual}] [a-z].*", said, re.MULTILINE) == []
    return set(re.findall("<([^>]+)>", said))


def on_screen(app: App[int]) -> str:
    """All that is to be read on the screen."""
    return "\n".join("".join(segment.text for segment in line) for line in app.screen._compositor.render_strips())


class TestNamed:
    """A key is named as it is mapped, wherever it is named."""

    def test_where_something_failed(self) -> None:
        retried = {"session.retry", "session.retry_note", "session.skip", "session.open_file", "run.retry_all"}
        seen = {"view.next_need", "view.intervention", "view.mark", "view.back", "view.transcript"}
        assert named_in(board()) >= retried | seen

    @pytest.mark.parametrize(
        ("sessions", "keys"),
        [
            (pictures.asking, {"session.message", "session.cancel"}),
            (pictures.paused, {"run.pause"}),
            (pictures.budget_spent, {"run.pause", "run.stop"}),
            (pictures.failing_again, {"run.pause", "view.intervention"}),
            (pictures.interrupted, {"session.retry", "session.skip", "session.cancel"}),
        ],
    )
    def test_where_somebody_has_to_decide(self, sessions: Callable[[], list[Session]], keys: set[str]) -> None:
        assert named_in(board(sessions())) >= keys

    def test_when_all_has_ended(self) -> None:
        made = board(pictures.finished())
        assert "<app.leave> " in text(summary_lines(made, made.session(made.roots()[0]), pictures.NOW, 90, key=given))

    async def test_on_the_screen_and_on_the_one_over_it(self) -> None:
        app = Remapped()
        async with app.run_test(size=(160, 45)) as pilot:
            await settled(pilot)
            assert "F2 next   F4 all" in on_screen(app)
            await pilot.press("f4")
            await settled(pilot)
            assert "F5 retry" in on_screen(app)
            assert "? mark" in on_screen(app)


class Remapped(PaintedApp):
    """The monitor's screen with keys of somebody's own."""

    def __init__(self) -> None:
        super().__init__()
        keys = {"view.help": ("h",), "app.leave": ("f10",), "view.mark": ("question_mark",)}
        keys |= {"view.next_need": ("f2",), "view.intervention": ("f4",), "session.retry": ("f5",)}
        settings = UiSettings(keys=keys)
        self.monitor = MonitorScreen(board(), MadeUp(), lambda: pictures.NOW, settings)
        self.set_keymap(settings.keymap())

    def on_mount(self) -> None:
        """Show what the board holds."""
        self.push_screen(self.monitor)
        self.call_after_refresh(self.monitor.begun)


class TestRemapping:
    """Keys of somebody's own take the place of the default ones, on the screen and in what it says."""

    async def test_every_key_leads_somewhere(self) -> None:
        app = Remapped()
        async with app.run_test():
            assert app.monitor._deeds().keys() == KEYS.keys() - OF_THE_ENGINE

    async def test_the_new_key_works_and_the_old_one_does_what_it_is_for_now(self) -> None:
        app = Remapped()
        async with app.run_test(size=(100, 30)) as pilot:
            while app.monitor.sessions.cursor is None:
                await pilot.pause(0)
            await pilot.press("?")
            assert app.screen is app.monitor
            assert list(app.monitor.sessions.marks) == [app.monitor.sessions.cursor]
            await pilot.press("h")
            assert app.screen is not app.monitor
            await pilot.press("escape", "f10")
        assert app.return_code == 0

    async def test_the_footer_names_the_new_keys(self) -> None:
        app = Remapped()
        async with app.run_test(size=(100, 30)) as pilot:
            footer = app.monitor.query_one("#footer")
            while "leave" not in footer.render_line(0).text:
                await pilot.pause(0)
            assert footer.render_line(0).text.rstrip().endswith("h help   F10 leave")
