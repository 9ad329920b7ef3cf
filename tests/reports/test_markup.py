"""Text of others stays text in Markdown: checked by a parser that knows CommonMark and tables."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from covey.reports.markup import NAME_LIMIT, PROSE_LIMIT, address, code, link, prose
from covey.text.sanitise import sanitise_line

from .runs import HOSTILE

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ANY = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("|`\\*_[]()<>&#~!@:/.-\n \x1bw")))
ZERO_WIDTH = "\u200b"


def inline(markdown: str) -> list[Token]:
    """What stands in the only paragraph of a text."""
    opening, content, closing = PARSER.parse(markdown)
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    return content.children or []


def shown(tokens: list[Token]) -> str:
    """The letters that a reader sees; what keeps forges from making links is not to be seen."""
    return "".join(token.content for token in tokens if token.type != "html_inline").replace(ZERO_WIDTH, "")


def cells(content: str) -> list[str]:
    """The cells of a row with this in its second cell, as a reader sees them."""
    tokens = PARSER.parse(f"| a | b | c |\n| --- | --- | --- |\n| 1 | {content} | 3 |\n")
    return [shown(token.children or []) for token in tokens if token.type == "inline"][3:]


def expected(text: str, limit: int) -> str:
    return sanitise_line(text, limit).replace(ZERO_WIDTH, "")


@pytest.mark.parametrize("text", HOSTILE)
class TestHostile:
    """Known ways to be more than text."""

    def test_as_prose(self, text: str) -> None:
        tokens = inline(f"x {prose(text)} y")
        assert {token.type for token in tokens} <= {"text", "text_special"}
        assert re.sub(" +", " ", shown(tokens)) == re.sub(" +", " ", f"x {expected(text, PROSE_LIMIT)} y")

    def test_in_a_cell(self, text: str) -> None:
        name = expected(text, NAME_LIMIT)
        assert cells(code(text)) == ["1", name or "(no name)", "3"]
        assert cells(prose(text)) == ["1", expected(text, PROSE_LIMIT), "3"]

    def test_forges_make_no_more_of_it_either(self, text: str) -> None:
        assert not re.search(r"@\w|(?<!&)#\d|://|www\.", prose(text))

    def test_as_a_link(self, text: str) -> None:
        path = f"docs/{text}.md".replace("\ud800", "")  # no file can have it in its name
        tokens = inline(link(path, "../"))
        assert [token.type for token in tokens if token.type not in {"text", "text_special"}] == [
            "link_open",
            "link_close",
        ]
        assert str(tokens[0].attrGet("href")).startswith("../docs/")
        assert "://" not in str(tokens[0].attrGet("href"))


@given(ANY)
def test_any_prose_is_plain_text(text: str) -> None:
    tokens = inline(f"x{prose(text)}y")
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert shown(tokens) == f"x{expected(text, PROSE_LIMIT)}y"


@given(ANY)
def test_any_name_stays_in_its_cell(text: str) -> None:
    assert cells(code(text)) == ["1", expected(text, NAME_LIMIT) or "(no name)", "3"]


@pytest.mark.parametrize("text", [*HOSTILE, "http://x", "https://a b", "https://a>b", "https://user@host/x"])
def test_what_is_not_plainly_an_address_is_no_link(text: str) -> None:
    assert address(text) == code(text)
    assert next(token.type for token in inline(address("https://git.example:8443/a-b/c.d/pull/7"))) == "link_open"


def test_ordinary_names_are_left_readable() -> None:
    assert code("price_list") == "`price_list`"
    assert prose("src/shop/price_list.py:3: expected ':' (line 3)") == "src/shop/price_list.py:3: expected ':' (line 3)"
    assert link("docs/a b.md", "") == "[docs/a b.md](docs/a%20b.md)"
