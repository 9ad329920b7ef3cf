"""Hostile text in Markdown: the document's structure stays ours."""

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from covey.agents.offline.markdown import code, code_spans, prose, quote, table

HOSTILE = [
    "# Heading",
    "Heading\n===",
    "Heading\n---",
    "```\nnever closed",
    "~~~\nnever closed",
    "<script>alert(1)</script>",
    "<!-- never closed",
    "`a\n`<b>x</b>`",
    "![x](http://example.org/spy.png)",
    "[x]: http://example.org",
    "&lt;b&gt;",
    "\\<b>",
    "- item\n\n      <b>x</b>",
    "    <b>x</b>\n\n- ```\n  ## x",
    "| a |\n| - |",
    "\x1b[2J\x07\u202e",
    "\ud800",
    "a\u2028# b\x0b# c\x85# d",
    "> > # deep",
    "* * *\n1. one\n10) ten",
]
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text(alphabet="#-=`~<>!&[]()*_|\\ \n\tab1.", max_size=60))
parser = MarkdownIt("commonmark").enable("table")


def inline_types(tokens: list[Token]) -> set[str]:
    return {child.type for token in tokens for child in token.children or []}


class TestQuote:
    """A quote is one block at the top level, whatever it holds."""

    @settings(deadline=None)
    @given(TEXTS)
    @example("```\n\n## x\n\n```")
    def test_it_stays_one_quote_without_markup_of_its_own(self, text: str) -> None:
        tokens = parser.parse(f"{quote(text)}\n\n## Ours\n\nText.\n")

        assert [token.type for token in tokens if token.level == 0 and token.nesting] == [
            *("blockquote_open", "blockquote_close", "heading_open", "heading_close"),
            *("paragraph_open", "paragraph_close"),
        ]
        types = {token.type for token in tokens if token.level > 0}
        assert types.isdisjoint({"heading_open", "html_block", "code_block", "hr"})
        assert inline_types(tokens).isdisjoint({"html_inline", "image", "link_open", "em_open", "strong_open"})

    @settings(deadline=None)
    @given(TEXTS)
    def test_it_can_be_written_and_holds_no_control_characters(self, text: str) -> None:
        shown = quote(text)

        assert shown.encode()
        assert {unicodedata.category(each) for each in shown.replace("\n", "")}.isdisjoint(
            {"Cc", "Cf", "Cs", "Zl", "Zp"}
        )

    def test_plain_text_stays_readable(self) -> None:
        assert quote("Adds `a` to snake_case; 2 > 1.\n\n- one\n* two") == (
            "> Adds `a` to snake_case; 2 > 1.\n>\n> - one\n> - two"
        )

    def test_drawings_dialogues_and_fences_stay_as_they_are(self) -> None:
        text = "Picture:\n\n    a --> b\n      `-> c\n\n>>> 1 < 2\nTrue\n\n```python\n# <b>\n```\nend"

        assert quote(text).split("\n") == [
            *("> Picture:", ">", "> ```", "> a --> b", ">   `-> c", "> ```", ">"),
            *("> ```", "> >>> 1 < 2", "> True", "> ```", ">", "> ```", "> # <b>", "> ```", "> end"),
        ]


class TestCode:
    """A code span shows exactly what it was given, on one line."""

    @settings(deadline=None)
    @given(TEXTS)
    def test_it_is_one_code_span(self, text: str) -> None:
        shown = code(text)
        (children,) = [token.children for token in parser.parse(f"x {shown} y") if token.type == "inline"]

        assert "html_inline" not in {child.type for child in children or []}
        if shown:
            assert [child.type for child in children or []].count("code_inline") == 1

    def test_long_code_is_cut(self) -> None:
        assert code("x" * 10, limit=5) == "`xxxx…`"

    @pytest.mark.parametrize(("text", "span"), [("a`b", "``a`b``"), ("`", "`` ` ``"), ("a\n  b", "`a b`"), ("", "")])
    def test_backticks_and_blanks(self, text: str, span: str) -> None:
        assert code(text) == span


class TestCodeSpans:
    """They are found as CommonMark has them."""

    @settings(deadline=None)
    @given(st.text(alphabet="`a <", max_size=30))
    @example("` `` ```a```")
    def test_they_are_those_of_a_parser(self, text: str) -> None:
        (inline,) = [token for token in parser.parse(f"x{text}x") if token.type == "inline"]
        parsed = [child.content.strip() for child in inline.children or [] if child.type == "code_inline"]

        assert [span.code.strip() for span in code_spans(f"x{text}x")] == parsed

    def test_where_they_are(self) -> None:
        assert [tuple(each) for each in code_spans("``a`b`` `` `c` ` ``d")] == [(0, 7, "a`b"), (8, 19, " `c` ` ")]

    def test_backticks_that_nothing_closes_are_read_in_one_go(self) -> None:
        text = " ".join("`" * length for length in range(1, 1000))
        began = time.process_time()
        assert prose(text) == text.replace("`", "\\`")
        assert time.process_time() - began < 5


class TestTable:
    """A cell never opens another one."""

    @settings(deadline=None)
    @given(TEXTS, TEXTS)
    def test_each_row_has_its_cells(self, first: str, second: str) -> None:
        tokens = parser.parse(table(["a", "b"], [(code(first), prose(second)), (prose(first), code(second))]))

        assert [token.type for token in tokens].count("td_open") == 4
        assert tokens[-1].type == "table_close"


def test_code_without_a_word_in_it_is_left_out() -> None:
    assert quote("```\n```") == ">"
    assert quote("Before.\n\n```\n\n```\nAfter.") == "> Before.\n>\n> After."
