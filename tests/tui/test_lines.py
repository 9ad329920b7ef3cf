"""Bars and scrolling lines: whatever stands in a line, a strip of exactly its width comes out, and no control in it."""

import unicodedata
from collections.abc import Iterator
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import ComposeResult
from textual.strip import Strip

from covey.text.glyphs import GlyphSet
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.painted import PaintedApp
from covey_tui.view.spans import BLANK, Ground, Line, Role, Span, Tone, span
from covey_tui.widgets.lines import Bar, Lines

UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
DIRECTIONS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
NASTY = [
    "[bold red]not markup[/]",
    "[/][@click=app.quit]x[/]",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m\x85\x90q\x9c",
    "abc\u202edcba\u2066x\u2069",
    "\ud800\udc00 \udfff",
    "two\nlines\r\nand\ttabs\x00",
    "e\u0301\u0301\u0301 \u200d \ufe0f \U0001f469\u200d\U0001f4bb",
    "日本語のテキスト　と空白",
    "\U000e0041\ufff9\u2028\u2029",
]
PIECES = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=40), st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Mn"])
)
TONES = st.builds(Tone, st.sampled_from(Role), st.booleans())


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A line of pieces that should have been sanitised; some have, and some have been forgotten."""
    texts = draw(st.lists(PIECES, max_size=4))
    return tuple(Span(sanitise_line(text) if draw(st.booleans()) else SafeText(text), draw(TONES)) for text in texts)


def controls(strip: Strip) -> list[str]:
    """What a terminal would obey, or what would turn the direction of the line, in the segments of a strip."""
    shown = (character for segment in strip for character in segment.text)
    return [each for each in shown if unicodedata.category(each) in UNSEEN or each in DIRECTIONS]


class Page(PaintedApp):
    """A bar above a page of lines."""

    def compose(self) -> ComposeResult:
        yield Bar((span("title"),), id="bar")
        yield Lines(id="lines")


def assert_painted(app: Page, line: Line) -> Iterator[Strip]:
    """Both widgets paint the line in exactly their width, with nothing in it that is obeyed."""
    bar, page = app.query_one("#bar", Bar), app.query_one("#lines", Lines)
    bar.show(line)
    page.show([line])
    for widget in (bar, page):
        strip = widget.render_line(0)
        assert strip.cell_length == widget.size.width
        assert sum(segment.cell_length for segment in strip) == widget.size.width
        assert controls(strip) == []
        yield strip


class TestHostileText:
    """The last gate: what somebody forgot to sanitise does not get through either."""

    @pytest.mark.parametrize("glyphs", GlyphSet)
    @pytest.mark.parametrize("columns", [2, 60, 100])
    async def test_no_control_gets_into_a_strip_and_its_width_is_exact(self, glyphs: GlyphSet, columns: int) -> None:
        app = Page(glyphs=glyphs)
        async with app.run_test(size=(columns, 10)):

            @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
            @given(lines())
            def check(line: Line) -> None:
                assert len(list(assert_painted(app, line))) == 2

            check()

    @pytest.mark.parametrize("nasty", NASTY)
    async def test_each_of_the_known_tricks_is_seen_and_not_obeyed(self, nasty: str) -> None:
        app = Page()
        async with app.run_test(size=(100, 10)):
            for strip in assert_painted(app, (span(nasty), span("after"))):
                assert "after" in strip.text

    async def test_brackets_are_text(self) -> None:
        app = Page()
        async with app.run_test(size=(100, 10)):
            for strip in assert_painted(app, (span("[red]a[/red] [b]"),)):
                assert strip.text.strip() == "[red]a[/red] [b]"

    async def test_blanks_of_every_kind_keep_their_room(self) -> None:
        app = Page()
        async with app.run_test(size=(100, 10)):
            for strip in assert_painted(app, (span("a\u00a0\u00a0\u3000b"),)):
                assert strip.text.strip() == "a\u00a0\u00a0\u3000b"

    @pytest.mark.parametrize("character", ["x", "語", "\u0301", "\x1b", "["])
    async def test_of_a_line_of_a_megabyte_no_more_is_looked_at_than_is_seen(self, character: str) -> None:
        app = Page()
        async with app.run_test(size=(100, 10)):
            for strip in assert_painted(app, (span(character * 1_000_000),)):
                assert sum(len(segment.text) for segment in strip) < 10_000


class TestBar:
    """A few lines that stand where they are."""

    async def test_each_line_has_a_cell_of_air_at_both_sides(self) -> None:
        app = Page()
        async with app.run_test(size=(10, 4)):
            bar = app.query_one("#bar", Bar)
            bar.show((span("0123456789"),))
            assert bar.render_line(0).text == " 01234567 "

    async def test_what_has_no_line_is_blank(self) -> None:
        app = Page()
        async with app.run_test(size=(10, 4)):
            assert app.query_one("#bar", Bar).render_line(3).text == " " * 10

    async def test_the_ground_is_under_all_of_it(self) -> None:
        app = Page()
        async with app.run_test(size=(10, 4)):
            bar = app.query_one("#bar", Bar)
            bar.show((span("a"),), ground=Ground.ALERT)
            wanted = app.palette.grounds[Ground.ALERT].rich_color
            assert {segment.style.bgcolor for segment in bar.render_line(0) if segment.style} == {wanted}


class TestLines:
    """Many lines, of which those in sight are painted."""

    async def test_of_as_many_as_before_those_that_differ_are_painted(self) -> None:
        class Counting(Lines):
            painted: ClassVar[list[int]] = []

            def render_line(self, y: int) -> Strip:
                self.painted.append(y)
                return super().render_line(y)

        class Host(PaintedApp):
            def compose(self) -> ComposeResult:
                yield Counting()

        async with Host().run_test(size=(40, 6)) as pilot:
            page = pilot.app.query_one(Counting)
            page.show([(span(f"line {number}"),) for number in range(20)])
            page.scroll_to(y=10, animate=False, immediate=True, force=True)
            await pilot.pause()
            page.painted.clear()
            page.show([(span(f"line {number}" if number not in {3, 12} else "another"),) for number in range(20)])
            await pilot.pause()
            assert page.painted == [2]
            assert "another" in page.render_line(2).text

    async def test_they_scroll(self) -> None:
        app = Page()
        async with app.run_test(size=(20, 5)) as pilot:
            page = app.query_one("#lines", Lines)
            page.show([(span(f"line {number}"),) for number in range(50)])
            await pilot.pause(0)
            assert page.render_line(0).text.strip() == "line 0"
            page.scroll_to(y=30, animate=False, immediate=True)
            assert page.render_line(0).text.strip() == "line 30"
            page.scroll_end(animate=False, immediate=True)
            assert page.render_line(page.size.height - 1).text.strip() == "line 49"

    async def test_below_the_last_line_it_is_blank(self) -> None:
        app = Page()
        async with app.run_test(size=(20, 5)):
            page = app.query_one("#lines", Lines)
            page.show([(span("only"),), BLANK])
            assert [page.render_line(y).text.strip() for y in range(4)] == ["only", "", "", ""]
