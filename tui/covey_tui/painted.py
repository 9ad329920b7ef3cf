"""An app that has a palette: covey's own themes, and every colour computed from whichever theme is in use."""

from functools import cached_property
from typing import Protocol, cast

from textual.app import App
from textual.widget import Widget

from covey.text.glyphs import GlyphSet
from covey_tui.palette import COVEY, OWN_THEMES, Palette
from covey_tui.view.progress import Manner


class Painted(Protocol):
    """What widgets want of their app."""

    palette: Palette

    @property
    def manner(self) -> Manner:
        """How signs are drawn where colour cannot tell them apart."""
        ...


def manner_of(widget: Widget) -> Manner:
    """How signs are drawn where colour cannot tell them apart."""
    return cast("Painted", widget.app).manner


def palette_of(widget: Widget) -> Palette:
    """The palette of the theme in use."""
    return cast("Painted", widget.app).palette


class PaintedApp(App[int]):
    """The base of covey's app, and the host of single widgets in tests.

    A theme that does not exist (`unknown_theme`) is as good as none: covey's own stands in for it. `few_colors`: the
    terminal has no more than 256.
    """

    palette: Palette

    def __init__(
        self, *, theme: str = COVEY.name, glyphs: GlyphSet = GlyphSet.UNICODE, few_colors: bool = False
    ) -> None:
        self.glyphs, self._few_colors = glyphs, few_colors
        super().__init__()
        for own in OWN_THEMES:
            self.register_theme(own)
        self.unknown_theme = None if theme in self.available_themes else theme
        self.theme = COVEY.name if self.unknown_theme else theme

    @cached_property
    def manner(self) -> Manner:
        """How signs are drawn where colour cannot tell them apart."""
        return Manner(ascii=self.glyphs is GlyphSet.ASCII, no_color=self.no_color)

    def tell_terminal(self, sequence: str) -> None:
        """Send a control sequence of our own to the terminal: a bell, a title. Textual has no public way for it."""
        if self._driver is not None and not self._driver.is_headless:
            self._driver.write(sequence)

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, and those of every role and ground."""
        variables = super().get_css_variables()
        self.palette = Palette(
            variables, self.ansi_theme, no_color=self.no_color, few_colors=self._few_colors, glyphs=self.glyphs
        )
        return variables | self.palette.variables()
