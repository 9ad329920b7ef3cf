import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.client.ui import remember_theme, ui_settings
from covey.config.keys import ALL_KEYS, named, shown
from covey.config.manifest import Manifest
from covey.config.ui import UiSettings, ui_settings_from
from covey.errors import UsageError
from covey.text.glyphs import GlyphSet

Load = Callable[[str], Manifest]
Mistakes = Callable[[str], list[tuple[int, str]]]


class TestKeyNames:
    """A key is written as it stands on the keyboard, and has one name inside."""

    @pytest.mark.parametrize(
        ("written", "name", "said"),
        [
            ("r", "r", "r"),
            ("R", "R", "R"),
            ("?", "question_mark", "?"),
            ("question_mark", "question_mark", "?"),
            ("/", "slash", "/"),
            ("-", "minus", "-"),
            ("+", "plus", "+"),
            (",", "comma", ","),
            ("ctrl++", "ctrl+plus", "Ctrl++"),
            (" ", "space", "Space"),
            ("Ctrl+P", "ctrl+p", "Ctrl+P"),
            ("shift+ctrl+left", "ctrl+shift+left", "Ctrl+Shift+←"),
            ("F5", "f5", "F5"),
            ("Esc", "escape", "Esc"),
            ("PgDn", "pagedown", "PgDn"),
            ("ä", "ä", "ä"),
        ],
    )
    def test_a_key(self, written: str, name: str, said: str) -> None:
        assert named(written) == name
        assert shown(name) == said

    @pytest.mark.parametrize(
        "written", ["", "retry", "ctrl+", "hyper+r", "ctrl+ctrl+r", "rr", "\x1b", "\t", "f0", "f99"]
    )
    def test_what_is_no_key(self, written: str) -> None:
        assert named(written) is None

    @given(st.text())
    def test_what_is_shown_can_be_written(self, text: str) -> None:
        name = named(text)
        if name is not None:
            assert named(shown(name)) == name


class TestDefaults:
    """The keys that nobody has changed."""

    def test_no_two_bindings_share_a_key(self) -> None:
        keys = list(itertools.chain.from_iterable(each.keys for each in ALL_KEYS.values()))
        assert len(keys) == len(set(keys))

    def test_each_has_its_own_name(self) -> None:
        assert [key for each in ALL_KEYS.values() for key in each.keys if named(key) != key] == []

    def test_an_empty_manifest_changes_nothing(self) -> None:
        assert ui_settings_from({}) == UiSettings("covey", GlyphSet.UNICODE, {}, ())
        assert ui_settings_from({}).keys_of("session.retry") == ("r",)


class TestTables:
    """What is written is what is set; whatever is wrong keeps its default."""

    def test_every_key(self) -> None:
        settings = ui_settings_from(
            {"ui": {"theme": "nord", "glyphs": "ascii"}, "keys": {"session.retry": ["f5", "Ctrl+R"], "view.help": "h"}}
        )
        assert settings.mistakes == ()
        assert (settings.theme, settings.glyphs) == ("nord", GlyphSet.ASCII)
        assert settings.keymap() == {"session.retry": "f5,ctrl+r", "view.help": "h"}
        assert settings.keys_of("session.skip") == ("s",)

    def test_two_keys_may_be_swapped(self) -> None:
        assert ui_settings_from({"keys": {"session.retry": "e", "session.retry_note": "r"}}).mistakes == ()

    def test_a_clash_leaves_all_keys_as_they_were(self) -> None:
        settings = ui_settings_from({"keys": {"session.retry": "s", "view.help": "h"}})
        assert [mistake.where for mistake in settings.mistakes] == [("keys", "session.retry")]
        assert settings.keymap() == {}

    def test_one_mistake_leaves_the_other_keys_alone(self) -> None:
        settings = ui_settings_from({"ui": {"glyphs": "runes"}, "keys": {"session.retry": "f5", "view.help": 3}})
        assert settings.keymap() == {"session.retry": "f5"}
        assert settings.glyphs is GlyphSet.UNICODE
        assert len(settings.mistakes) == 2


class TestManifest:
    """Whoever reads the whole manifest hears of every mistake, each with its line."""

    def test_both_tables_are_known(self, load: Load) -> None:
        load('[ui]\ntheme = "nord"\nglyphs = "ascii"\n[keys]\n"session.retry" = "f5"\n')

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[ui]\ntheem = 1", 'unknown key "theem": this version acts on no such key here; did you mean "theme"?'),
            ('[ui]\nglyphs = "asci"', '"glyphs" should be one of "unicode", "ascii", not "asci"; did you mean "ascii"'),
            ("[ui]\ntheme = 3", '"theme" should be a name, not 3'),
            ('[ui]\ntheme = "a\\u001b"', '"theme" should be a name, not "a\\x1b"'),
            ('[keys]\n"session.rety" = "r"', 'no binding "session.rety"; did you mean "session.retry"'),
            ("[keys]\nsession.retry = 'f5'", 'a binding\'s name is written in quotes, like "session.retry"'),
            ('[keys]\n"session.retry" = "retry"', '"session.retry" should be a key like "r", "ctrl+r" or "f5"'),
            ('[keys]\n"session.retry" = ["f5", 7]', "or a list of keys, not 7"),
            ('[keys]\n"session.retry" = []', '"session.retry" needs at least one key'),
            ('[keys]\n"session.retry" = "Ctrl+C"', "that key copies what is selected"),
            ('[keys]\n"session.retry" = "?"', '"session.retry" and "view.help" are both on the key "?"'),
        ],
    )
    def test_a_mistake(self, mistakes: Mistakes, text: str, message: str) -> None:
        ((line, found),) = mistakes(f"{text}\n")
        assert line == 2
        assert message in found

    def test_tables_that_are_none(self, mistakes: Mistakes) -> None:
        assert mistakes("ui = 1\nkeys = 2\n") == [
            (1, '"ui" should be a table, not 1'),
            (2, '"keys" should be a table, not 2'),
        ]

    def test_a_clash_of_two_remapped_keys_names_both(self, mistakes: Mistakes) -> None:
        found = mistakes('[keys]\n"view.order" = "f5"\n"session.retry" = "f5"\n')
        assert found == [(2, '"session.retry" and "view.order" are both on the key "F5"')]


class TestScreen:
    """The screen reads its two tables alone, and what was picked on it."""

    def write(self, root: Path, text: str) -> None:
        (root / "covey.toml").write_text(text, encoding="utf-8")

    def test_the_rest_of_the_manifest_may_be_wrong(self, tmp_path: Path) -> None:
        self.write(tmp_path, '[run]\nmax_sessions = "many"\n[ui]\ntheme = "nord"\n')
        assert ui_settings(tmp_path).theme == "nord"

    @pytest.mark.parametrize("text", [None, "[ui", "a = " + "[" * 20_000])
    def test_what_cannot_be_read_leaves_the_defaults(self, tmp_path: Path, text: str | None) -> None:
        if text is not None:
            self.write(tmp_path, text)
        assert ui_settings(tmp_path) == UiSettings()

    def test_a_picked_theme_is_kept(self, tmp_path: Path) -> None:
        self.write(tmp_path, "")
        remember_theme(tmp_path, "nord")
        assert ui_settings(tmp_path).theme == "nord"
        assert (tmp_path / ".covey" / ".gitignore").read_text(encoding="utf-8") == "*\n"
        assert (tmp_path / "covey.toml").read_text(encoding="utf-8") == ""

    def test_it_holds_until_the_manifest_names_another(self, tmp_path: Path) -> None:
        self.write(tmp_path, '[ui]\ntheme = "dracula"\n')
        remember_theme(tmp_path, "nord")
        assert ui_settings(tmp_path).theme == "nord"
        self.write(tmp_path, '[ui]\ntheme = "monokai"\n')
        assert ui_settings(tmp_path).theme == "monokai"

    @pytest.mark.parametrize("kept", ["", "[]", "3", "{", '{"theme": 3, "instead_of": "covey"}', '{"theme": "nord"}'])
    def test_a_file_that_says_nothing_picks_nothing(self, tmp_path: Path, kept: str) -> None:
        (tmp_path / ".covey").mkdir()
        (tmp_path / ".covey" / "theme.json").write_text(kept, encoding="utf-8")
        assert ui_settings(tmp_path).theme == "covey"

    def test_a_theme_that_cannot_be_kept_says_why(self, tmp_path: Path) -> None:
        (tmp_path / ".covey" / "theme.json").mkdir(parents=True)
        with pytest.raises(UsageError, match=r"the theme is not kept: theme\.json cannot be written"):
            remember_theme(tmp_path, "nord")

    def test_hostile_names_are_data(self, tmp_path: Path) -> None:
        remember_theme(tmp_path, '"\x1b[2J')
        assert json.loads((tmp_path / ".covey" / "theme.json").read_text(encoding="utf-8"))["theme"] == '"\x1b[2J'
