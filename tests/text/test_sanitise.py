"""Nothing that comes out of the sanitiser is obeyed by a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.text.sanitise import sanitise, sanitise_line

HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]),
        st.sampled_from("\x1b[]0;?\x07\x9b\r\n\t\u202e\u2066\ud800"),
    )
)
DIRECTIONS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def obeyed(character: str) -> bool:
    """What a terminal would do something about, newline and tab aside."""
    if character in "\n\t":
        return False
    category = unicodedata.category(character)
    return category in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(character) in DIRECTIONS


class TestSanitise:
    """Text of several lines keeps its lines and loses its power."""

    @given(HOSTILE)
    def test_nothing_is_left_to_obey(self, text: str) -> None:
        assert not any(obeyed(character) for character in sanitise(text))

    @given(HOSTILE)
    def test_it_can_always_be_written_as_utf_8(self, text: str) -> None:
        assert sanitise(text).encode().decode() == sanitise(text)

    @given(HOSTILE)
    def test_twice_is_once(self, text: str) -> None:
        assert sanitise(sanitise(text)) == sanitise(text)

    @given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
    def test_harmless_text_stays_as_it_is(self, text: str) -> None:
        assert sanitise(text) == text

    @pytest.mark.parametrize(
        ("hostile", "shown"),
        [
            ("\x1b]0;owned\x07", "␛]0;owned␇"),
            ("a\x9b31mb", "a\\x9b31mb"),
            ("one\r\ntwo", "one\ntwo"),
            ("progress\rdone", "progress␍done"),
            ("\x7f", "␡"),
            ("user\u202etxt.exe", "user\\u202etxt.exe"),
            ("\ud800", "\\ud800"),
            ("na\u0308ive 👩‍💻", "na\u0308ive 👩‍💻"),
        ],
    )
    def test_what_was_there_can_still_be_seen(self, hostile: str, shown: str) -> None:
        assert sanitise(hostile) == shown


class TestSanitiseLine:
    """A line stays one line, whatever it holds."""

    @given(HOSTILE)
    def test_it_has_no_line_end(self, text: str) -> None:
        assert len(sanitise_line(text).splitlines()) <= 1

    @given(HOSTILE, st.integers(min_value=1, max_value=50))
    def test_it_is_never_longer_than_asked_for(self, text: str, limit: int) -> None:
        assert len(sanitise_line(text, limit)) <= limit

    def test_white_space_is_folded(self) -> None:
        assert sanitise_line("  two\n\n  lines\t") == "two lines"

    def test_what_is_cut_says_so(self) -> None:
        assert sanitise_line("a long reason", 8) == "a long…"
