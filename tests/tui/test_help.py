from collections.abc import Callable

import pytest

from covey.client.ui import ALL_KEYS, UiSettings, shown
from covey_tui.painted import PaintedApp
from covey_tui.screens.help import HelpScreen
from covey_tui.view.help import help_lines, within
from covey_tui.view.spans import Line, Role, room
from covey_tui.widgets.lines import Bar, Lines


def keys_of(settings: UiSettings) -> Callable[[str], str]:
    return lambda binding: "  ".join(shown(key) for key in settings.keys_of(binding))


def page(settings: UiSettings | None = None, *, impossible: frozenset[str] = frozenset()) -> list[Line]:
    return help_lines(keys_of(settings or UiSettings()), lambda binding: binding not in impossible)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def row(lines: list[Line]) -> Line:
    """The line of skip."""
    (found,) = (line for line in lines if "with a reason" in "".join(text for text, _ in line))
    return found


class TestPage:
    """Every binding once, in groups, as it is mapped now."""

    def test_every_binding_is_there_with_its_keys(self) -> None:
        found = texts(page())
        for binding, meaning in ALL_KEYS.items():
            keys = "  ".join(shown(key) for key in meaning.keys)
            assert [line for line in found if line.startswith(f"  {keys} ") and line.endswith(meaning.help)], binding

    def test_groups_have_headings_and_air(self) -> None:
        found = texts(page())
        groups = list(dict.fromkeys(meaning.group for meaning in ALL_KEYS.values()))
        assert [line for line in found if line in groups] == groups
        assert all(found[found.index(group) - 1] == "" for group in groups[1:])

    def test_keys_of_somebodys_own(self) -> None:
        found = texts(page(UiSettings(keys={"session.retry": ("f5", "ctrl+r")})))
        assert [line for line in found if line.startswith("  F5  Ctrl+R")]
        assert not [line for line in found if line.startswith("  r ")]

    def test_what_is_not_possible_now_is_muted(self) -> None:
        line = row(page(impossible=frozenset({"session.skip"})))
        assert {tone.role for text, tone in line if text.strip()} == {Role.MUTED}
        line = row(page())
        assert {tone.role for text, tone in line if text.strip()} == {Role.TEXT}

    def test_all_sentences_begin_at_the_same_cell(self) -> None:
        rows = [line for line in page() if len(line) == 4]
        assert len(rows) == len(ALL_KEYS)
        assert len({sum(len(text) for text, _ in line[:-1]) for line in rows}) == 1

    @pytest.mark.parametrize("cells", [57, 77, 97])
    def test_no_sentence_is_cut(self, cells: int) -> None:
        shown = within(page(), cells)
        assert max(map(room, shown)) <= cells
        said = " ".join(" ".join(texts(shown)).split())
        assert all(" ".join(each.help.split()) in said for each in ALL_KEYS.values())
        long = next(at for at, line in enumerate(texts(shown)) if "say something to its agent" in line)
        if cells < 97:
            column = texts(shown)[long].index("say something")
            assert texts(shown)[long + 1][:column].isspace()


class TestScreen:
    """The page scrolls, and Esc, the key that opened it, and `q` go back."""

    async def test_it_scrolls_and_leaves(self) -> None:
        app = PaintedApp()
        async with app.run_test(size=(80, 12)) as pilot:
            before = app.screen
            for way_out in ("escape", "question_mark", "f1", "q"):
                await app.push_screen(HelpScreen(page()))
                lines = app.screen.query_one(Lines)
                await pilot.press("j", "j", "down", "k")
                while lines.scroll_offset.y != 2:
                    await pilot.pause(0)
                await pilot.press("end")
                while "Keys can be changed" not in lines.render_line(lines.size.height - 1).text:
                    await pilot.pause(0)
                await pilot.press(way_out)
                while app.screen is not before:
                    await pilot.pause(0)

    async def test_the_keys_that_lead_back_are_those_of_the_screen_behind(self) -> None:
        app = PaintedApp()
        app.set_keymap({"view.help": "h", "view.back": "f3"})
        async with app.run_test(size=(80, 12)) as pilot:
            before = app.screen
            for way_out in ("h", "f3"):
                await app.push_screen(HelpScreen(page(), back="F3"))
                footer = app.screen.query_one("#footer", Bar)
                while "F3 back" not in footer.render_line(0).text:
                    await pilot.pause(0)
                await pilot.press("question_mark", "escape")
                assert app.screen is not before
                await pilot.press(way_out)
                while app.screen is not before:
                    await pilot.pause(0)
