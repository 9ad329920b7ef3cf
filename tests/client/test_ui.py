"""The light reader of `[ui]` and `[keys]` says what the reader of the whole manifest says, and needs none of it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.agents.registry import AgentRegistry
from covey.client.ui import ALL_KEYS, KEYS, TREE_KEYS, UiSettings, ui_settings
from covey.config.manifest import read_manifest
from covey.text.glyphs import GlyphSet

TEXTS = [
    "",
    '[ui]\ntheme = "nord"\nglyphs = "ascii"\n',
    '[ui]\nthem = "nord"\n',
    '[ui]\nglyphs = "emoji"\ntheme = 3\n',
    "ui = 1\nkeys = []\n",
    '[keys]\n"session.retry" = "f5"\n"session.skip" = ["ctrl+s", "S"]\n',
    '[keys]\n"session.retyr" = "f5"\n',
    '[keys]\nsession.retry = "f5"\n',
    '[keys]\n"session.retry" = "s"\n',
    '[keys]\n"session.retry" = "f5"\n"session.skip" = "f5"\n"session.cancel" = "f5"\n',
    '[keys]\n"session.retry" = 5\n"session.skip" = []\n"session.cancel" = "pagup"\n"session.kill" = [""]\n',
    '[keys]\n"\\u001b]0;x\\u0007" = "\\u009b"\n',
]


def written(root: Path, text: str) -> Path:
    """A project with this manifest."""
    (root / "covey.toml").write_text(text, encoding="utf-8")
    return root


def both(root: Path) -> tuple[list[str], list[str]]:
    """What is wrong, as the light reader says it, and as the reader of the whole manifest does."""
    light = [mistake.message for mistake in ui_settings(root).mistakes]
    return sorted(light), sorted(mistake.message for mistake in read_manifest(root, AgentRegistry()).mistakes)


class TestAgreement:
    """Both read the two tables with the same functions."""

    @pytest.mark.parametrize("text", TEXTS)
    def test_the_same_mistakes(self, tmp_path: Path, text: str) -> None:
        light, whole = both(written(tmp_path, text))
        assert light == whole

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.dictionaries(st.sampled_from(sorted(ALL_KEYS)), st.sampled_from(["r", "f5", "G", "?", "nope", "esc"])))
    def test_whatever_keys_are_given(self, tmp_path: Path, keys: dict[str, str]) -> None:
        root = written(tmp_path, "[keys]\n" + "".join(f'"{name}" = "{key}"\n' for name, key in keys.items()))
        light, whole = both(root)
        assert light == whole
        got = ui_settings(root)
        every = [key for name in ALL_KEYS for key in got.keys_of(name)]
        assert len(every) == len(set(every)), "two bindings on one key"

    def test_every_line_is_told(self, tmp_path: Path) -> None:
        text = '[ui]\nthem = "x"\nglyphs = "emoji"\n\n[keys]\n"session.retyr" = "f5"\n"session.skip" = "pagup"\n'
        mistakes = read_manifest(written(tmp_path, text), AgentRegistry()).mistakes
        assert [mistake.line for mistake in mistakes] == [2, 3, 6, 7]
        assert 'did you mean "session.retry"' in mistakes[2].message

    def test_a_clash_names_both_and_stands_at_the_remapped_one(self, tmp_path: Path) -> None:
        text = '[ui]\ntheme = "nord"\n[keys]\n"session.open_file" = "f6"\n"session.retry" = "s"\n'
        (mistake,) = read_manifest(written(tmp_path, text), AgentRegistry()).mistakes
        assert mistake.line == 5
        assert '"session.retry"' in mistake.message
        assert '"session.skip"' in mistake.message

    @pytest.mark.parametrize("key", ["y", "ctrl+o", "ctrl+j", "shift+tab", "backspace"])
    def test_keys_of_dialogs_fields_and_textual_clash_with_nothing_there(self, tmp_path: Path, key: str) -> None:
        copy = '"view.copy" = "Y"\n' if key == "y" else ""
        got = ui_settings(written(tmp_path, f'[keys]\n{copy}"session.retry" = "{key}"\n'))
        assert got.mistakes == ()
        assert got.keys_of("session.retry") == (key,)


class TestReader:
    """It reads two tables, whatever else stands in the file."""

    def test_both_tables(self, tmp_path: Path) -> None:
        text = '\ufeff[ui]\r\ntheme = "nord"\r\nglyphs = "ascii"\r\n[keys]\r\n"view.help" = ["h", "F1"]\r\n'
        got = ui_settings(written(tmp_path, text))
        assert (got.theme, got.glyphs) == ("nord", GlyphSet.ASCII)
        assert got.keymap() == {"view.help": "h,f1"}

    @pytest.mark.parametrize("text", ["[ui", "\x00", "a = " + "[" * 50_000])
    def test_what_is_no_toml_leaves_the_defaults(self, tmp_path: Path, text: str) -> None:
        assert ui_settings(written(tmp_path, text)) == UiSettings()

    def test_without_a_manifest_there_are_the_defaults(self, tmp_path: Path) -> None:
        assert ui_settings(tmp_path) == UiSettings()
        assert ui_settings(tmp_path / "nowhere") == UiSettings()

    def test_mistakes_of_other_tables_are_none_of_its_business(self, tmp_path: Path) -> None:
        got = ui_settings(written(tmp_path, '[run]\nagent = 3\n[nope]\n[ui]\ntheme = "nord"\n'))
        assert (got.theme, got.mistakes) == ("nord", ())

    def test_the_screen_and_the_tree_have_different_bindings(self) -> None:
        assert KEYS.keys().isdisjoint(TREE_KEYS)
        assert ALL_KEYS.keys() == KEYS.keys() | TREE_KEYS.keys()
