"""The sign and the word of every state of a session: one table for the command line and the screen. Pure.

Colour is never the only sign, so every state has both. The unicode signs exist in DejaVu Sans Mono; the ascii set is
for terminals and locales that have no others. States come as the words that programs see (`covey status --json`).
"""

from enum import StrEnum
from typing import NamedTuple


class GlyphSet(StrEnum):
    """Which signs a terminal can show."""

    UNICODE = "unicode"
    ASCII = "ascii"


class Look(NamedTuple):
    """How a state is shown."""

    unicode: str
    ascii: str
    word: str

    def glyph(self, glyphs: GlyphSet) -> str:
        """The sign in one of the sets."""
        return self.ascii if glyphs is GlyphSet.ASCII else self.unicode


FILE_MISSING = "file_missing"
"""The state of a complete session whose file is gone."""

LOOKS: dict[str, Look] = {
    "queued": Look("○", ".", "queued"),
    "running": Look("●", "*", "running"),
    "stalled": Look("◍", "?", "stalled"),
    "waiting": Look("◌", ":", "waiting"),
    "blocked": Look("◆", "!", "needs you"),
    "asking": Look("◈", "@", "asks you"),
    "cancelling": Look("◑", "%", "cancelling"),
    "pausing": Look("‖", "|", "pausing"),
    "paused": Look("‖", "|", "paused"),
    "interrupted": Look("↯", "~", "interrupted"),
    "complete": Look("✓", "+", "complete"),
    FILE_MISSING: Look("▲", "^", "file missing"),
    "failed": Look("✗", "x", "failed"),
    "cancelled": Look("⊘", "-", "cancelled"),
    "skipped": Look("»", "/", "skipped"),
}
"""By the state of a session, as `covey.model.session.state_of` tells it."""

CAUSES: dict[str, str] = {
    "agent_error": "agent",
    "rate_limit": "rate limit",
    "auth": "login",
    "budget": "budget",
    "timeout": "timeout",
    "stalled": "stalled",
    "missing_file": "no file",
    "check_failed": "checks",
    "merge_conflict": "conflict",
    "spawn_error": "spawn",
    "crash": "crash",
}
"""The classes of failure in a word or two, as in `failed: checks`."""


_SHORT = {
    "GenerateTestsAndFixtures": "generate tests",
    "FixTestFailures": "fix failures",
    "GenerateImplementation": "generate code",
    "ExecuteReview": "review",
}
"""Steps whose names are too long for a column."""


def step_words(step: str) -> str:
    """A step's name in lower case with spaces, without the word "component": `generate design`."""
    if step in _SHORT:
        return _SHORT[step]
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in step).split()
    return " ".join(word for word in words if word != "component")
