"""Whatever is pressed, nothing is asked for by accident: only the key of an action does, or the yes to its question."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.pilot import Pilot

from covey.model.control import Action
from covey.model.session import Session, is_terminal
from covey.model.status import Phase
from covey_tui.screens.dialog import Dialog
from tests.tui import pictures
from tests.tui.gallery import Gallery

Press = str | tuple[int, int]
"""A key, or where it is clicked."""

MOVES = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "j", "k", "g", "G", "space", "enter")
LOOKS = ("1", "2", "3", "4", "5", "tab", "shift+tab", "n", "N", "i", "exclamation_mark", "f", "t", "l", "d", "v", "V")
PAGES = ("slash", "question_mark", "f1", "y")
NOTHINGS = ("escape", "ctrl+c", "a", "b", "c", "h", "u", "w", "A", "Z", "0", "9", "backspace", "delete", "f5")
HARMLESS = (*MOVES, *LOOKS, *PAGES, *NOTHINGS)
"""All but what acts, leaves, opens an editor, or opens the list of commands, where a person may choose any."""

ACTS = ("r", "e", "s", "x", "X", "R", "Q", "z")
UNCONFIRMED = (*ACTS, *ACTS, "j", "k", "i", "v", "n", "escape", "ctrl+c", "left", "right", "tab", "space", "l", "f")
"""What acts and what moves, without the two keys that say yes to a question: `y`, and Enter on its button."""

SIZES = st.sampled_from([(100, 30), (80, 24), (160, 45), (52, 12)])


def cancelling() -> list[Session]:
    """The shop at work, with a session that is being cancelled."""
    return [replace(row, phase=Phase.CANCELLING) if row.component == "Payment" else row for row in pictures.at_work()]


BOARDS = st.sampled_from([pictures.shop, pictures.at_work, pictures.finished, cancelling])
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def presses(keys: tuple[str, ...]) -> st.SearchStrategy[list[Press]]:
    """Up to thirty keys and clicks, most of them keys."""
    key = st.sampled_from(keys)
    return st.lists(st.one_of(key, key, key, st.tuples(st.integers(0, 51), st.integers(0, 11))), max_size=30)


async def after(sessions: Callable[[], Iterable[Session]], size: tuple[int, int], pressed: Iterable[Press]) -> Gallery:
    """The app after these keys and clicks."""
    app = Gallery(pictures.board(sessions()))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0)
        for each in pressed:
            await _do(pilot, each)
        await pilot.pause(0)
        assert app.return_code is None, "it has been left"
    return app


async def _do(pilot: Pilot[int], each: Press) -> None:
    """Press a key, or click; but not on the button that says yes."""
    if isinstance(each, str):
        await pilot.press(each)
        return
    screen = pilot.app.screen
    if not isinstance(screen, Dialog) or not screen.query_one("#confirm").region.contains(*each):
        await pilot.click(offset=each)


class TestKeysThatOnlyLook:
    """No key of moving, looking or typing asks for anything, in whatever order."""

    @FEW
    @given(sessions=BOARDS, size=SIZES, pressed=presses(HARMLESS))
    @example(sessions=pictures.shop, size=(100, 30), pressed=["slash", *"rxsR", "escape", "ctrl+c", "left", "escape"])
    @example(sessions=pictures.shop, size=(80, 24), pressed=["slash", *"rXQ", "enter", "tab", "l", "i"])
    async def test_ask_for_nothing(
        self, sessions: Callable[[], Iterable[Session]], size: tuple[int, int], pressed: list[Press]
    ) -> None:
        app = await after(sessions, size, pressed)
        assert app.link.asked == []
        assert app.link.stopped == []


class TestActionsWithoutAYes:
    """Three actions ask at once: to retry one that has ended, to kill one that is being cancelled, and to undo."""

    @FEW
    @given(sessions=BOARDS, size=SIZES, pressed=presses(UNCONFIRMED))
    @example(sessions=pictures.shop, size=(100, 30), pressed=["j", "j", "j", "j", "v", "j", "v", "r", "tab", "space"])
    @example(sessions=cancelling, size=(100, 30), pressed=["j", "j", "j", "x", "right", "X"])
    async def test_ask_for_what_gives_nothing_up(
        self, sessions: Callable[[], Iterable[Session]], size: tuple[int, int], pressed: list[Press]
    ) -> None:
        app = await after(sessions, size, pressed)
        assert app.link.stopped == []
        for ids, wish in app.link.asked:
            (key,) = ids
            session = app.board.session(key)
            if wish.action is Action.CANCEL:
                assert (wish.now, session.phase) == (True, Phase.CANCELLING)
            elif wish.action is Action.UNDO:
                assert session.session_id is None
            else:
                assert (wish.action, wish.note) == (Action.RETRY, None)
                assert is_terminal(session) or app.board.is_parent(key), "a running one is asked about"

    @pytest.mark.parametrize(
        ("sessions", "pressed", "action"),
        [
            (pictures.shop, ["j", "j", "j", "j", "r"], Action.RETRY),
            (cancelling, ["j", "j", "j", "X"], Action.CANCEL),
            (pictures.shop, ["j", "z"], Action.UNDO),
        ],
    )
    async def test_these_three_do_ask(
        self, sessions: Callable[[], Iterable[Session]], pressed: list[str], action: Action
    ) -> None:
        app = await after(sessions, (100, 30), pressed)
        assert [wish.action for _, wish in app.link.asked] == [action]
