"""The colours of every role and ground, computed from the theme in use; and lines of spans as strips for the screen.

Many themes have colours that cannot be read on their own backgrounds. So each role that is text is blended towards the
contrast of its ground, in steps of five per cent, until it can be: 4.5:1 (7:1 for what is read). Once per theme.

A theme of the terminal's own sixteen colours says nothing about what these look like, so nothing could be computed from
it: it is taken for the sixteen that Textual has for the dark or the light.
"""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import BLACK, WHITE, Color
from textual.strip import Strip
from textual.theme import Theme

from covey.text.glyphs import LOOKS, GlyphSet
from covey.text.sanitise import sanitise
from covey_tui.view.spans import Ground, Line, Role, Tone

READABLE, READ = 4.5, 7.0
_STEP = 0.05
_LINEAR = 0.04045
"""Up to here sRGB is linear."""
_MARKS = 16
"""So many marks may sit on one letter; what is behind the last cell of a line is not even measured."""

COVEY = Theme(
    name="covey",
    primary="#7aa8ff",
    secondary="#7aa8ff",
    accent="#7aa8ff",
    success="#6fcf97",
    warning="#f2b84b",
    error="#ff6b6b",
    foreground="#d8dee9",
    background="#12161d",
    surface="#181d26",
    panel="#202733",
    dark=True,
)
COVEY_LIGHT = Theme(
    name="covey-light",
    primary="#2457c5",
    secondary="#2457c5",
    accent="#2457c5",
    success="#1d7a46",
    warning="#8f5600",
    error="#c02f3a",
    foreground="#22262e",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e7e4dc",
    dark=False,
    variables={"covey-alert-ground": "#fdeccb", "covey-done-ground": "#e2f1e5"},
)
OWN_THEMES = (COVEY, COVEY_LIGHT)

TO_ASCII = str.maketrans(
    {look.unicode: look.ascii for look in LOOKS.values()}
    | {"◍": "?", "‖": "|", "▾": "v", "▸": ">", "▌": ">", "▪": "+", "·": "-", "…": "~", "×": "x", "›": ">", "─": "-"}
    | {"━": "=", "╍": "-", "◉": "*", "–": "-", "—": "-", "↑": "^", "↓": "v", "←": "<", "→": ">"}
)
"""The signs of the screen for terminals that have no others, each as wide as before."""

_ONE_LINE = str.maketrans("\n\t", "  ")

_LIFTED = (Role.TEXT, Role.MUTED, Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY)
_ACCENTS = frozenset({Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY})
_OWN_GROUNDS = ("covey-alert-ground", "covey-done-ground")
"""Grounds that a theme may name itself."""


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lifted(color: Color, ground: Color, least: float) -> Color:
    """The colour, blended towards the ground's contrast until it can be read there."""
    ends = (WHITE, BLACK)
    towards = max(ends, key=lambda end: contrast(end, ground))
    for step in range(21):
        blended = color.blend(towards, step * _STEP)
        if contrast(blended, ground) >= least:
            return blended
    return towards


class Palette:
    """What every role looks like on every ground, for one theme; `no_color` leaves emphasis to bold alone.

    `terminal` has the sixteen colours that a theme of the terminal's own is taken for. With `few_colors` it has no more
    than 256, and of dark ones hardly any but greys: so grounds are grey, instead of red, teal and navy blue.
    """

    def __init__(
        self,
        variables: dict[str, str],
        terminal: TerminalTheme,
        *,
        no_color: bool = False,
        few_colors: bool = False,
        glyphs: GlyphSet = GlyphSet.UNICODE,
    ) -> None:
        colors = _solid(variables, terminal)
        if no_color:  # Textual makes all of it grey in the end; it has to be read then
            colors = {name: color.monochrome for name, color in colors.items()}
        self.grounds = _grounds(colors)
        if few_colors:
            self.grounds = _greys(self.grounds)
        self._base = _roles(colors)
        self._no_color = no_color
        self._ascii = glyphs is GlyphSet.ASCII
        self.style = lru_cache(maxsize=None)(self._style)

    def color(self, role: Role, ground: Ground = Ground.BACKGROUND) -> Color:
        """A role's colour on a ground."""
        if role is Role.INVERSE:
            return lifted(self.grounds[Ground.BACKGROUND], self.grounds[ground], READABLE)
        if role is Role.FAINT:
            return self.grounds[ground].blend(self._base[Role.TEXT], 0.28)
        if self._no_color and role in _ACCENTS:
            role = Role.TEXT
        return lifted(self._base[role], self.grounds[ground], READ if role is Role.TEXT else READABLE)

    def _style(self, tone: Tone, ground: Ground) -> Style:
        on = tone.ground or ground
        return Style(
            color=self.color(tone.role, on).rich_color,
            bgcolor=self.grounds[on].rich_color,
            bold=tone.bold or None,
            underline=tone.underline or None,
            strike=tone.strike or None,
        )

    def strip(self, line: Line, ground: Ground, cells: int) -> Strip:
        """A line as a strip of exactly so many cells, in which nothing is left that a terminal would obey.

        Blanks look alike in every colour: they go with what stands before them, which leaves fewer pieces to paint.
        """
        most = cells * _MARKS
        pieces: list[tuple[str, Tone]] = []
        for text, tone in line:
            if pieces and text.isspace() and not (tone.underline or tone.strike or tone.ground):
                before, its = pieces[-1]
                if not (its.underline or its.strike or its.ground):
                    pieces[-1] = (before + text, its)
                    continue
            pieces.append((text, tone))
        segments = [Segment(self._shown(text[:most]), self.style(tone, ground)) for text, tone in pieces]
        return Strip(segments).adjust_cell_length(cells, self.blank(ground))

    def blank(self, ground: Ground) -> Style:
        """A ground without text."""
        return self.style(Tone(), ground)

    def _shown(self, text: str) -> str:
        safe = text if text.isprintable() else sanitise(text).translate(_ONE_LINE)
        return safe.translate(TO_ASCII) if self._ascii else safe

    def variables(self) -> dict[str, str]:
        """Roles and grounds as CSS variables: `$covey-text` and so on."""
        roles = {f"covey-{role.value}": self.color(role).hex for role in (*_LIFTED, Role.FAINT)}
        return roles | {f"covey-{ground.value}": color.hex for ground, color in self.grounds.items()}


def _solid(variables: dict[str, str], terminal: TerminalTheme) -> dict[str, Color]:
    """The colours that a palette is computed from, as they are on the screen: none is see-through, or a terminal's."""
    under = _true(Color.parse(variables["background"]), terminal, is_ground=True)
    solid = {"background": under}
    for name in ("surface", "panel", *_OWN_GROUNDS):
        if name in variables:
            solid[name] = under + _true(Color.parse(variables[name]), terminal, is_ground=True)
    for name in ("foreground", *_ACCENTS):
        solid[name] = under + _true(Color.parse(variables[name]), terminal, is_ground=False)
    return solid


def _true(color: Color, terminal: TerminalTheme, *, is_ground: bool) -> Color:
    if color.ansi is None:
        return color
    return Color(*color.rich_color.get_truecolor(terminal, foreground=not is_ground))


def _grounds(colors: dict[str, Color]) -> dict[Ground, Color]:
    background, panel, primary = colors["background"], colors["panel"], colors["primary"]
    against = max((WHITE, BLACK), key=lambda end: contrast(end, background))
    return {
        Ground.BACKGROUND: background,
        Ground.SURFACE: colors["surface"],
        Ground.PANEL: panel,
        Ground.CURSOR: background.blend(primary, 0.18),
        Ground.CURSOR_BLURRED: background.blend(against, 0.07),
        Ground.ALERT: colors.get("covey-alert-ground") or background.blend(colors["warning"], 0.16),
        Ground.DONE: colors.get("covey-done-ground") or background.blend(colors["success"], 0.14),
        Ground.BUTTON: panel.blend(colors["foreground"], 0.16),
        Ground.ACCENT: primary,
    }


def _greys(grounds: dict[Ground, Color]) -> dict[Ground, Color]:
    """Grounds without colours; the cursor's, which was told by its own, stands out by its light."""
    greys = {ground: color.monochrome for ground, color in grounds.items()}
    background = greys[Ground.BACKGROUND]
    against = max((WHITE, BLACK), key=lambda end: contrast(end, background))
    return {**greys, Ground.CURSOR: background.blend(against, 0.18), Ground.ACCENT: grounds[Ground.ACCENT]}


def _roles(colors: dict[str, Color]) -> dict[Role, Color]:
    named = {role: colors[role.value] for role in _ACCENTS}
    muted = colors["background"].blend(colors["foreground"], 0.55)
    return named | {Role.TEXT: colors["foreground"], Role.MUTED: muted}
