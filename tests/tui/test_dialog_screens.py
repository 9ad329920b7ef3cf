"""Dialogs as one meets them: which keys answer, which never do, and that they fit."""

import contextlib
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.events import Paste
from textual.pilot import Pilot

from covey.model.status import Phase
from covey_tui.painted import PaintedApp
from covey_tui.screens.dialog import Confirmed, Dialog
from covey_tui.screens.editor import editor_of, written_in_editor
from covey_tui.view import dialogs
from covey_tui.view.asked import Asked
from covey_tui.view.board import Board
from covey_tui.widgets.lines import Lines
from tests.tui.pictures import board, family, running, waiting

LEDGER, IMPORT, PAYMENT = "id-billing-ledger", "id-catalog-importadapter", "id-billing-payment"


def cancel(shown: Board) -> Asked:
    return dialogs.cancel(shown, ["id-run-catalog"], 10.0, "z")


def skip(shown: Board) -> Asked:
    return dialogs.skip(shown, [LEDGER], 10.0)


def note(shown: Board) -> Asked:
    return dialogs.note(shown, [IMPORT], 10.0)


class Host(PaintedApp):
    """An app with one question; `answers` is what came of it."""

    def __init__(self, asked: Asked, editor: str = "", *, suspends: bool = False) -> None:
        super().__init__()
        self.dialog = Dialog(asked, {"EDITOR": editor} if editor else {})
        self.answers: list[Confirmed | None] = []
        self.suspends = suspends

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    @contextlib.contextmanager
    def suspend(self) -> Iterator[None]:
        """A terminal that can be left, unlike that of other tests."""
        if self.suspends:
            yield
        else:
            with super().suspend():
                yield


def rows(app: PaintedApp) -> list[str]:
    """The lines on the screen as text."""
    lines = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in line) for line in lines]


async def after(asked: Asked, *keys: str, size: tuple[int, int] = (100, 30)) -> list[Confirmed | None]:
    """What is answered after these keys."""
    app = Host(asked)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0)
        await pilot.press(*keys)
        await pilot.pause(0)
        return list(app.answers)


Answers = dict[tuple[str, ...], list[Confirmed | None]]


async def answers_to(ask: Callable[[Board], Asked], presses: Iterable[tuple[str, ...]]) -> Answers:
    """What is answered after each of these, each time to a question of its own; all of them on one screen."""
    app, found = Host(ask(board())), Answers()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0)
        for keys in presses:
            app.answers.clear()
            app.push_screen(Dialog(ask(board()), {}), app.answers.append)
            await pilot.pause(0)
            await pilot.press(*keys)
            await pilot.pause(0)
            found[keys] = list(app.answers)
    return found


class TestCancelDialog:
    """Two answers; the harmless one has the focus, and only `y` or Enter on the other one confirms."""

    async def test_keys(self) -> None:
        answers: Answers = {
            ("y",): [Confirmed("")],
            ("n",): [None],
            ("escape",): [None],
            ("enter",): [None],
            ("tab", "enter"): [Confirmed("")],
            ("right", "enter"): [Confirmed("")],
            ("left", "enter"): [Confirmed("")],
            ("tab", "tab", "enter"): [None],
            ("right", "left", "enter"): [None],
            ("shift+tab", "enter"): [Confirmed("")],
            ("space",): [],
            ("ctrl+c",): [],
            ("x", "Y", "down", "up"): [],
        }
        assert await answers_to(cancel, answers) == answers

    async def test_an_answer_is_given_once(self) -> None:
        app = Host(cancel(board()))
        async with app.run_test() as pilot:
            await pilot.pause(0)
            app.dialog.action_confirm()
            app.dialog.action_confirm()
            await pilot.pause(0)
            assert app.answers == [Confirmed("")]

    async def test_a_click_on_a_button_answers_and_one_outside_does_not(self) -> None:
        app = Host(cancel(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.click(offset=(2, 2))
            await pilot.click("#title")
            assert app.answers == []
            await pilot.click("#confirm")
            await pilot.pause(0)
            assert app.answers == [Confirmed("")]

    async def test_it_stands_where_the_picture_shows_it(self) -> None:
        app = Host(cancel(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            lines = [line[22:78].rstrip() for line in rows(app)]
            top = lines.index("Cancel Catalog and what runs under it?")
            assert lines[top + 1 : top + 9] == [
                "",
                "Running now: PriceList, Variant. Each agent is told to",
                "stop and has 10 s. Files already written stay. You can",
                "retry them later, and z takes this back.",
                "",
                "  Keep running      Cancel 2 sessions",
                "",
                "y cancel 2   n Esc keep running",
            ]
            box, halo = app.dialog.query_one("#box").region, app.dialog.query_one("#halo").region
            assert (box.x, box.width, halo.x, halo.width) == (19, 62, 17, 66)
            assert (box.y - halo.y, halo.bottom - box.bottom) == (1, 1)


class TestSkipDialog:
    """The reason has the focus; Enter goes to the button, and another Enter skips."""

    async def test_keys(self) -> None:
        answers: Answers = {
            ("enter",): [],
            ("enter", "enter"): [Confirmed("")],
            (*"any", "enter", "enter"): [Confirmed("any")],
            ("y",): [],
            ("n",): [],
            ("escape",): [None],
            ("tab", "enter"): [None],
            ("enter", "left", "enter"): [None],
            ("enter", "y"): [Confirmed("")],
            (*"ny", "enter", "n"): [None],
        }
        assert await answers_to(skip, answers) == answers

    async def test_only_one_thing_looks_focused(self) -> None:
        app = Host(skip(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            assert "Enter to the buttons   Esc keep it" in "\n".join(rows(app))
            assert any("▌" in line for line in rows(app))
            await pilot.press("enter")
            await pilot.pause(0)
            assert "y skip it   n Esc keep it" in "\n".join(rows(app))
            assert not any("▌" in line for line in rows(app))

    async def test_what_is_pasted_is_shown_and_not_obeyed(self) -> None:
        app = Host(skip(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            app.post_message(Paste("a\x1b]0;t\x07b[/red]"))
            await until(pilot, lambda: bool(app.dialog.text))
            assert app.dialog.text == "a␛]0;t␇b[/red]"
            assert not any("\x1b" in line for line in rows(app))


class TestNoteDialog:
    """Enter sends what is written; a note can have several lines, or be written in an editor."""

    async def test_enter_sends(self) -> None:
        assert await after(note(board()), *"abc", "enter") == [Confirmed("abc")]

    async def test_an_empty_note_is_not_sent(self) -> None:
        app = Host(note(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press("enter", "space", "enter")
            await pilot.pause(0)
            assert app.answers == []
            assert "Write a note first; r retries without one." in "\n".join(rows(app))

    async def test_a_new_line(self) -> None:
        assert await after(note(board()), "a", "ctrl+j", "b", "enter") == [Confirmed("a\nb")]

    async def test_leaving_with_something_written(self) -> None:
        assert await after(note(board()), *"yn", "escape") == [None]

    async def test_the_buttons_by_tab(self) -> None:
        assert await after(note(board()), "a", "tab", "tab", "enter") == [Confirmed("a")]
        assert await after(note(board()), "a", "tab", "enter") == [None]

    async def test_what_is_pasted_is_shown_and_not_obeyed(self) -> None:
        app = Host(note(board()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            app.post_message(Paste("a\x1b[2J\nb\r\nc\x9b"))
            await until(pilot, lambda: bool(app.dialog.text))
            assert app.dialog.text == "a␛[2J\nb\nc\\x9b"
            assert not any("\x1b" in line for line in rows(app))

    async def test_a_message_that_is_too_long_is_refused_here_and_kept(self) -> None:
        app = Host(dialogs.message(board(), PAYMENT))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            app.post_message(Paste("x" * 20_000))
            await until(pilot, lambda: len(app.dialog.text) == 20_000)
            app.post_message(Paste("y" * 20_000))
            await until(pilot, lambda: len(app.dialog.text) == 40_000)
            await pilot.press("enter")
            await pilot.pause(0)
            assert app.answers == []
            assert "A message has 32 KiB at most, and this has 39.1." in "\n".join(rows(app))
            await pilot.press("f7", "backspace")
            await pilot.press(*"ok", "enter")
            await pilot.pause(0)
            assert app.answers == [Confirmed("ok")]

    async def test_a_question_that_does_not_fit_says_how_long_it_is_and_is_read_while_one_writes(self) -> None:
        made = board()
        word = "abcdefghijklmnopqr"  # three of them in a line of 56 cells, were it not for the scroll bar
        words = " ".join([word] * 60)
        asks = replace(made.session(PAYMENT), phase=Phase.ASKING, question=f"{words} last")
        app = Host(dialogs.message(board([asks, *(row for row in made.stored.values() if row.id != PAYMENT)]), PAYMENT))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            seen = "\n".join(rows(app))
            facts = app.dialog.query_one("#facts", Lines)
            assert f"PgDn reads on: {len(facts.lines)} lines in all" in seen
            assert {each for each in seen.split() if each.startswith("abc")} == {word}
            await pilot.press("a", *["pagedown"] * 9)
            await until(pilot, lambda: "last" in "\n".join(rows(app)))
            await pilot.press("enter")
            await pilot.pause(0)
            assert app.answers == [Confirmed("a")]

    async def test_the_editor_gets_the_note_and_gives_it_back(self, tmp_path: Path) -> None:
        app = Host(note(board()), editor=editor(tmp_path, "text + ' and\\x1b more'"), suspends=True)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press(*"ab", "ctrl+o")
            await until(pilot, lambda: "more" in app.dialog.text)
            assert app.answers == []
            await pilot.press("enter")
            await pilot.pause(0)
            assert app.answers == [Confirmed("ab and␛ more")]

    @pytest.mark.parametrize(("suspends", "why"), [(True, "No such file"), (False, "this terminal cannot show it")])
    async def test_an_editor_that_cannot_be_used_leaves_the_note_as_it_is(self, suspends: bool, why: str) -> None:  # noqa: FBT001
        app = Host(note(board()), editor="/nowhere/ed", suspends=suspends)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0)
            await pilot.press(*"ab", "ctrl+o")
            await until(pilot, lambda: why in "\n".join(rows(app)))
            assert app.dialog.text == "ab"

    async def test_the_editor_is_only_for_notes(self) -> None:
        assert await after(cancel(board()), "ctrl+o") == []


class TestEditor:
    """The note lies in a file that nobody else can read, and that is gone afterwards."""

    def test_the_file_is_private_and_goes_away(self, tmp_path: Path) -> None:
        seen = tmp_path / "seen"
        look = f"pathlib.Path({str(seen)!r}).write_text(f'{{path}} {{path.parent.stat().st_mode}}') and text"
        written_in_editor("a", editor(tmp_path, f"({look}) and text"))
        path, mode = seen.read_text().split()
        assert stat.S_IMODE(int(mode)) == 0o700
        assert not Path(path).exists()

    def test_an_editor_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="it ended with code 3"):
            written_in_editor("a", editor(tmp_path, "sys.exit(3)"))

    def test_the_person_chooses_which(self) -> None:
        assert editor_of({"VISUAL": "a", "EDITOR": "b"}) == "a"
        assert editor_of({"EDITOR": "b"}) == "b"
        assert editor_of({}) == "vi"


STRAY = [*"abcdefghijklmnopqrstuvwxzYN0123456789!/?", "tab", "shift+tab", "left", "right", "up", "down", "space"]
STRAY += ["escape", "ctrl+c", "home", "end", "pageup", "pagedown", "backspace", "delete", "ctrl+z", "ctrl+j", "f2"]


class TestStrayKeys:
    """Without `y`, and without Enter on the very button, nothing is ever confirmed."""

    @pytest.mark.parametrize("ask", [cancel, skip, note])
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(keys=st.lists(st.sampled_from(STRAY), max_size=10))
    async def test_they_confirm_nothing(self, ask: Callable[[Board], Asked], keys: list[str]) -> None:
        assert all(answer is None for answer in await after(ask(board()), *keys))


class TestSmallScreens:
    """At 60 by 15 all answers and keys are in sight; what does not fit of the facts scrolls."""

    @pytest.mark.parametrize("ask", [cancel, skip, note, dialogs.stop_run])
    async def test_all_parts_are_in_sight(self, ask: Callable[[Board], Asked]) -> None:
        app = Host(ask(board()))
        async with app.run_test(size=(60, 15)) as pilot:
            await pilot.pause(0)
            assert app.dialog.query_one("#box").region.width == 56
            text = "\n".join(rows(app))
            asked = app.dialog._asked
            for part in (asked.title, asked.harmless, asked.confirm, "Esc"):
                assert part in text

    async def test_long_facts_scroll(self) -> None:
        names = [(f"C{number}{'x' * 20}", 1, running("X")) for number in range(9)]
        causes = family("Big", 1, waiting(), names)
        asked = dialogs.cancel(board(causes), ["id-run-big"], 10.0)
        app = Host(asked)
        async with app.run_test(size=(60, 11)) as pilot:
            await pilot.pause(0)
            assert "later." not in "\n".join(rows(app))
            assert "PgDn read on" in "\n".join(rows(app))
            await pilot.press(*["down"] * 9)
            await until(pilot, lambda: "later." in "\n".join(rows(app)))
            assert asked.harmless in "\n".join(rows(app))


def editor(directory: Path, expression: str) -> str:
    """A command that replaces the file's text by that of an expression over `text` and `path`."""
    script = directory / "editor.py"
    script.write_text(
        "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()\n"
        f"path.write_text({expression})\n"
    )
    return f"{sys.executable} {script}"


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(200):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came to be")
