from functools import cache
from itertools import product

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome
from textual.theme import BUILTIN_THEMES

from covey.text.cells import width
from covey.text.glyphs import LOOKS, GlyphSet
from covey_tui.painted import PaintedApp
from covey_tui.palette import OWN_THEMES, READ, READABLE, TO_ASCII, Palette, contrast, lifted
from covey_tui.view.spans import Ground, Role, Tone, span

THEMES = sorted({*BUILTIN_THEMES, *(theme.name for theme in OWN_THEMES)})
TEXTS = (Role.TEXT, Role.MUTED, Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY)
MEETS = [*product(TEXTS, set(Ground) - {Ground.ACCENT}), (Role.INVERSE, Ground.ACCENT)]
"""Which text stands on which ground: on the accent there is nothing but the focused button's label."""
WHITE, BLACK = Color(255, 255, 255), Color(0, 0, 0)


def palette_of(
    theme: str, *, no_color: bool = False, few_colors: bool = False, glyphs: GlyphSet = GlyphSet.UNICODE
) -> Palette:
    app = PaintedApp(theme=theme)
    return Palette(app.get_css_variables(), app.ansi_theme, no_color=no_color, few_colors=few_colors, glyphs=glyphs)


@cache
def palettes(theme: str) -> tuple[Palette, Palette]:
    """With and without colour."""
    return palette_of(theme), palette_of(theme, no_color=True)


def of(color: object) -> Color:
    """A colour as a terminal gets it."""
    triplet = getattr(color, "triplet", None)
    assert triplet is not None, f"{color} is whatever the terminal makes of it"
    return Color(*triplet)


def contrast_of(style: Style) -> float:
    return contrast(of(style.color), of(style.bgcolor))


_BESIDE = (Ground.BACKGROUND, Ground.CURSOR, Ground.ALERT)


class TestFewColors:
    """In a terminal of 256 colours."""

    @pytest.mark.parametrize("theme", [theme.name for theme in OWN_THEMES])
    def test_grounds_are_greys_of_its_own_and_texts_keep_their_colours(self, theme: str) -> None:
        palette = palette_of(theme, few_colors=True)
        for ground in set(Ground) - {Ground.ACCENT}:
            red, green, blue = palette.grounds[ground].rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
            assert red == green == blue
        told = [palette.grounds[ground].rich_color.downgrade(ColorSystem.EIGHT_BIT).number for ground in _BESIDE]
        assert len({*told}) == len(told), "what lies beside each other is told apart"
        assert contrast_of(palette.style(Tone(Role.WARNING, bold=True), Ground.ALERT)) >= READABLE
        assert len({of(palette.style(Tone(role), Ground.ALERT).color).hex for role in TEXTS}) == len(TEXTS)


class TestContrast:
    """Every text can be read on every ground it meets, in every theme there is."""

    def test_black_on_white_is_the_most_there_is(self) -> None:
        assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
        assert contrast(WHITE, WHITE) == 1
        assert contrast(Color.parse("#767676"), WHITE) == pytest.approx(4.54, abs=0.01)

    def test_all_of_textuals_themes_are_looked_at(self) -> None:
        assert len(THEMES) >= 21
        assert {"covey", "covey-light", "nord", "textual-light", "ansi-dark", "ansi-light"} <= set(THEMES)

    @pytest.mark.parametrize("theme", THEMES)
    def test_every_role_on_every_ground(self, theme: str) -> None:
        coloured, plain = palettes(theme)
        low = {
            (role.value, ground.value, palette is plain): contrast_of(palette.style(Tone(role), ground))
            for palette in (coloured, plain)
            for role, ground in MEETS
        }
        assert {meeting: found for meeting, found in low.items() if found < READABLE} == {}

    @pytest.mark.parametrize("theme", THEMES)
    def test_what_is_read_has_seven_to_one_where_the_ground_allows_it(self, theme: str) -> None:
        palette = palettes(theme)[0]
        for role, ground in MEETS:
            if role is Role.TEXT:
                most = max(contrast(end, palette.grounds[ground]) for end in (WHITE, BLACK))
                found = contrast_of(palette.style(Tone(role), ground))
                assert found >= READ or found == pytest.approx(most), ground

    @pytest.mark.parametrize("theme", THEMES)
    def test_a_span_with_a_ground_of_its_own_is_read_on_that(self, theme: str) -> None:
        palette = palettes(theme)[0]
        for role, ground in MEETS:
            assert palette.style(Tone(role, ground=ground), Ground.ACCENT) == palette.style(Tone(role), ground)

    def test_a_colour_that_can_be_read_is_left_alone(self) -> None:
        assert lifted(WHITE, BLACK, READ) == WHITE

    def test_one_that_cannot_is_blended_no_further_than_it_must(self) -> None:
        dim = Color.parse("#444444")
        found = lifted(dim, BLACK, READABLE)
        assert READABLE <= contrast(found, BLACK) < READ
        assert contrast(dim, BLACK) < READABLE

    @pytest.mark.parametrize("theme", THEMES)
    def test_cursor_and_marks_are_seen_beside_the_rest(self, theme: str) -> None:
        grounds = palettes(theme)[0].grounds
        assert grounds[Ground.CURSOR] != grounds[Ground.BACKGROUND]
        assert grounds[Ground.CURSOR_BLURRED] != grounds[Ground.BACKGROUND]
        assert grounds[Ground.BUTTON] != grounds[Ground.PANEL]


class TestNoColor:
    """Without colour the accents are text, and bold alone says what needs somebody."""

    @pytest.mark.parametrize("theme", THEMES)
    def test_accents_become_text(self, theme: str) -> None:
        plain = palettes(theme)[1]
        for ground in Ground:
            for role in (Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY):
                assert plain.color(role, ground) == plain.color(Role.TEXT, ground)

    def test_bold_stays(self) -> None:
        plain = palettes("covey")[1]
        assert plain.style(Tone(Role.WARNING, bold=True), Ground.BACKGROUND).bold
        assert not plain.style(Tone(Role.WARNING), Ground.BACKGROUND).bold

    @pytest.mark.parametrize("theme", THEMES)
    def test_textuals_greys_can_still_be_read(self, theme: str) -> None:
        plain = palettes(theme)[1]
        for role, ground in MEETS:
            strip = plain.strip((span("x", Tone(role)),), ground, 1).apply_filter(Monochrome(), Color(0, 0, 0))
            (segment,) = strip
            assert segment.style is not None
            assert contrast_of(segment.style) >= READABLE, (role, ground)


class TestAscii:
    """For terminals that have nothing else, each sign of ours is one of ASCII, as wide as before."""

    def test_every_state_has_its_sign(self) -> None:
        ascii_only = palette_of("covey", glyphs=GlyphSet.ASCII)
        for look in LOOKS.values():
            line = (span(f"{look.unicode} {look.word}"),)
            assert ascii_only.strip(line, Ground.BACKGROUND, 20).text == f"{look.ascii} {look.word}".ljust(20)

    def test_signs_keep_their_width(self) -> None:
        for code, sign in TO_ASCII.items():
            assert width(chr(code)) == width(str(sign)) == 1
            assert str(sign).isascii()

    def test_no_two_states_share_a_sign(self) -> None:
        apart = LOOKS.keys() - {"pausing"}  # it is as good as paused; the word tells them apart
        assert len({LOOKS[state].ascii for state in apart}) == len(apart)

    def test_names_keep_their_letters(self) -> None:
        ascii_only = palette_of("covey", glyphs=GlyphSet.ASCII)
        assert ascii_only.strip((span("Größe ▾ ×2"),), Ground.BACKGROUND, 10).text == "Größe v x2"


class TestThemes:
    """The theme that is asked for, or covey's own."""

    @pytest.mark.parametrize("theme", THEMES)
    async def test_the_app_comes_up_in_it(self, theme: str) -> None:
        app = PaintedApp(theme=theme)
        async with app.run_test(size=(20, 5)):
            assert app.theme == theme
            assert app.unknown_theme is None
            assert app.get_css_variables()["covey-background"] == app.palette.grounds[Ground.BACKGROUND].hex

    def test_one_that_does_not_exist_is_remembered_and_replaced(self) -> None:
        app = PaintedApp(theme="nrod")
        assert (app.theme, app.unknown_theme) == ("covey", "nrod")

    async def test_another_theme_has_another_palette(self) -> None:
        app = PaintedApp()
        async with app.run_test(size=(20, 5)) as pilot:
            before = app.palette.color(Role.TEXT)
            app.theme = "covey-light"
            while app.palette.color(Role.TEXT) == before:
                await pilot.pause(0)
            assert app.palette.grounds[Ground.ALERT].hex == "#FDECCB"
