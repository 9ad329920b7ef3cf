"""The colours of every role and ground, computed from the theme in use; and lines of spans as strips for the screen.

Many themes have colours that cannot be read on their own backgrounds. So each role that is text is blended towards the
contrast of its ground, in steps of five per cent, until it can be: 4.5:1 (7:1 for what is read). Once per theme.
"""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.strip import Strip
from textual.theme import Theme

from covey.text.glyphs import LOOKS, GlyphSet
from covey_tui.view.spans import Ground, Line, Role, Tone

READABLE, READ = 4.5, 7.0
_STEP = 0.05

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
    | {"━": "=", "╍": "-", "◉": "*", "–": "-", "—": "-", "↑": "^", "↓": "v"}
)
"""The signs of the screen for terminals that have no others, each as wide as before."""

_LIFTED = (Role.TEXT, Role.MUTED, Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY)
_ACCENTS = frozenset({Role.SUCCESS, Role.WARNING, Role.ERROR, Role.PRIMARY})


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
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
    """What every role looks like on every ground, for one theme; `no_color` leaves emphasis to bold alone."""

    def __init__(
        self, variables: dict[str, str], *, no_color: bool = False, glyphs: GlyphSet = GlyphSet.UNICODE
    ) -> None:
        self.grounds = _grounds(variables)
        self._base = _roles(variables, self.grounds[Ground.BACKGROUND])
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
        """A line as a strip of exactly so many cells."""
        segments = [Segment(self._shown(text), self.style(tone, ground)) for text, tone in line]
        return Strip(segments).adjust_cell_length(cells, self.blank(ground))

    def blank(self, ground: Ground) -> Style:
        """A ground without text."""
        return self.style(Tone(), ground)

    def _shown(self, text: str) -> str:
        return text.translate(TO_ASCII) if self._ascii else text

    def variables(self) -> dict[str, str]:
        """Roles and grounds as CSS variables: `$covey-text` and so on."""
        roles = {f"covey-{role.value}": self.color(role).hex for role in (*_LIFTED, Role.FAINT)}
        return roles | {f"covey-{ground.value}": color.hex for ground, color in self.grounds.items()}


def _grounds(variables: dict[str, str]) -> dict[Ground, Color]:
    background, panel = Color.parse(variables["background"]), Color.parse(variables["panel"])
    foreground, primary = Color.parse(variables["foreground"]), Color.parse(variables["primary"])
    warning, success = Color.parse(variables["warning"]), Color.parse(variables["success"])
    against = max((WHITE, BLACK), key=lambda end: contrast(end, background))
    alert, done = variables.get("covey-alert-ground"), variables.get("covey-done-ground")
    return {
        Ground.BACKGROUND: background,
        Ground.SURFACE: Color.parse(variables["surface"]),
        Ground.PANEL: panel,
        Ground.CURSOR: background.blend(primary, 0.18),
        Ground.CURSOR_BLURRED: background.blend(against, 0.07),
        Ground.ALERT: Color.parse(alert) if alert else background.blend(warning, 0.16),
        Ground.DONE: Color.parse(done) if done else background.blend(success, 0.14),
        Ground.BUTTON: panel.blend(foreground, 0.16),
        Ground.ACCENT: primary,
    }


def _roles(variables: dict[str, str], background: Color) -> dict[Role, Color]:
    foreground = Color.parse(variables["foreground"])
    named = {role: Color.parse(variables[role.value]) for role in _ACCENTS}
    return named | {Role.TEXT: foreground, Role.MUTED: background.blend(foreground, 0.55)}
