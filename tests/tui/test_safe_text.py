"""A project full of hostile text on every screen of the monitor: all of it is shown, none of it is obeyed."""

import unicodedata
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from textual.strip import Strip

from covey.model.session import Session
from covey.text.glyphs import GlyphSet
from tests.tui import pictures
from tests.tui.gallery import Gallery, settled

HOSTILE = (
    "[red]\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\ud800[/][@click=app.quit]x[/]\r\nrm -rf\t\x00\U000e0041"
)
UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
DIRECTIONS = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def spoilt(sessions: Iterable[Session]) -> list[Session]:
    """The same sessions with hostile text in every field that an agent, a file or a person may have written."""
    return [_spoilt(session) for session in sessions]


def _spoilt(session: Session) -> Session:
    texts: dict[str, Any] = {
        name: f"{value}{HOSTILE}"
        for name in ("component", "module", "artifact_path", "step", "error_message", "skip_reason", "decided_by")
        if (value := getattr(session, name)) is not None
    }
    return replace(session, **texts, agent=HOSTILE, model=HOSTILE, note=HOSTILE, state={HOSTILE: HOSTILE}, type=HOSTILE)


def painted(app: Gallery) -> list[str]:
    """The screen's rows, as they go to the terminal."""
    strips: list[Strip] = app.screen._compositor.render_strips()
    return [strip.text for strip in strips]


def obeyed(rows: Iterable[str]) -> list[str]:
    """What a terminal would obey, or what would turn the direction of a line."""
    return [each for row in rows for each in row if unicodedata.category(each) in UNSEEN or each in DIRECTIONS]


KEYS = {
    "the tree": (),
    "a failure": ("j", "j", "j", "j"),
    "its transcript": ("j", "j", "j", "1"),
    "its steps": ("j", "j", "j", "2"),
    "its file": ("j", "3"),
    "its state": ("j", "j", "j", "j", "5"),
    "everything that needs you": ("i",),
    "a search": ("/", "r", "m"),
    "what was searched": ("/", "r", "m", "enter"),
    "marks": ("V",),
    "cancel": ("x",),
    "retry all": ("R",),
    "skip": ("j", "j", "j", "j", "s"),
    "a note": ("j", "j", "j", "j", "e"),
    "stop": ("Q",),
    "help": ("?",),
    "what was copied": ("j", "y"),
}


class TestHostileProject:
    """Wherever one looks in a project whose every text is hostile."""

    @pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
    async def test_nothing_is_obeyed(self, keys: tuple[str, ...]) -> None:
        board = pictures.board(spoilt(pictures.shop()))
        board.project = HOSTILE
        app = Gallery(board)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            await pilot.press(*keys)
            for columns, lines in ((100, 30), (80, 24)):
                await pilot.resize_terminal(columns, lines)
                await settled(pilot)
                rows = painted(app)
                assert obeyed(rows) == []
                assert app.is_running
                assert (len(rows), {cell_len(row) for row in rows}) == (lines, {columns})

    async def test_it_is_shown_as_it_stands(self) -> None:
        app = Gallery(pictures.board(spoilt(pictures.shop())))
        async with app.run_test(size=(250, 60)) as pilot:
            await settled(pilot)
            assert "Payment[red]␛[2J␛]0;ow" in "\n".join(painted(app))

    async def test_ascii_signs_change_nothing_about_it(self) -> None:
        app = Gallery(pictures.board(spoilt(pictures.shop())), glyphs=GlyphSet.ASCII)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.press("j", "j", "j", "j")
            await settled(pilot)
            assert obeyed(painted(app)) == []
