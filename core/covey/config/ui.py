"""`[ui]` and `[keys]` of covey.toml: how the monitor looks, and which keys it listens to.

The monitor reads these two tables alone, before anything heavy is imported; whoever reads the whole manifest checks
them with the very same functions. So nothing here needs more than plain Python.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from covey.config.keys import ALL_KEYS, named
from covey.text.glyphs import GlyphSet
from covey.text.quoting import did_you_mean, has_controls, listed, quoted

UI_KEYS = ("theme", "glyphs")
DEFAULT_THEME = "covey"
_KEY = re.compile(r"(?:(?:ctrl|shift|alt)\+)*(?:[^\s+]|[a-z][a-z0-9_]+)")

Place = tuple[str | int, ...]


class UiMistake(NamedTuple):
    """What is wrong at a place of the manifest."""

    where: Place
    message: str


class UiSettings(NamedTuple):
    """How the monitor looks, and the keys that differ from their defaults; what was wrong is left at its default."""

    theme: str = DEFAULT_THEME
    glyphs: GlyphSet = GlyphSet.UNICODE
    keys: Mapping[str, tuple[str, ...]] = {}
    mistakes: tuple[UiMistake, ...] = ()

    def keys_of(self, binding: str) -> tuple[str, ...]:
        """The keys of a binding, by its id."""
        return self.keys.get(binding, ALL_KEYS[binding])

    def keymap(self) -> dict[str, str]:
        """The keys that differ from their defaults, by the ids of their bindings, separated by commas."""
        return {binding: ",".join(keys) for binding, keys in self.keys.items()}


def ui_settings_from(data: Mapping[str, object]) -> UiSettings:
    """The settings that a manifest's tables `ui` and `keys` come to, with everything that is wrong in them."""
    mistakes: list[UiMistake] = []
    theme, glyphs = _ui(data.get("ui", {}), mistakes)
    keys = _keys(data.get("keys", {}), mistakes)
    clashes = list(_clashes(keys))
    if clashes:
        mistakes.extend(clashes)
        keys = {}
    return UiSettings(theme, glyphs, keys, tuple(mistakes))


def _ui(table: object, mistakes: list[UiMistake]) -> tuple[str, GlyphSet]:
    theme, glyphs = DEFAULT_THEME, GlyphSet.UNICODE
    if not isinstance(table, dict):
        mistakes.append(UiMistake(("ui",), f'"ui" should be a table, not {quoted(table)}'))
        return theme, glyphs
    for key, value in table.items():
        if key not in UI_KEYS:
            hint = did_you_mean(key, UI_KEYS)
            known = f"unknown key {quoted(key)}{hint}; known are {listed(UI_KEYS)}"
            mistakes.append(UiMistake(("ui", key), known))
        elif not isinstance(value, str) or not value.strip() or has_controls(value):
            mistakes.append(UiMistake(("ui", key), f"{quoted(key)} should be a name, not {quoted(value)}"))
        elif key == "theme":
            theme = value
        elif value in tuple(GlyphSet):
            glyphs = GlyphSet(value)
        else:
            sets = listed(each.value for each in GlyphSet)
            mistakes.append(UiMistake(("ui", key), f"no set of glyphs {quoted(value)}; there are {sets}"))
    return theme, glyphs


def _keys(table: object, mistakes: list[UiMistake]) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        mistakes.append(UiMistake(("keys",), f'"keys" should be a table, not {quoted(table)}'))
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    for binding, value in table.items():
        if binding not in ALL_KEYS:
            hint = did_you_mean(binding, ALL_KEYS) or "; see them with ? in the monitor"
            message = f'no binding {quoted(binding)}{hint} (write its name in quotes, like "session.retry")'
            mistakes.append(UiMistake(("keys", binding), message))
            continue
        listed_keys = value if isinstance(value, list) else [value]
        wrong = [key for key in listed_keys if not isinstance(key, str) or not _KEY.fullmatch(named(key))]
        if wrong or not listed_keys:
            what = quoted(wrong[0]) if wrong else "an empty list"
            message = f'{quoted(binding)} should be a key like "r", "ctrl+r" or "f5", or several of them, not {what}'
            mistakes.append(UiMistake(("keys", binding), message))
            continue
        keys[binding] = tuple(dict.fromkeys(named(key) for key in listed_keys))
    return keys


def _clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[UiMistake]:
    """Two bindings on one key; the line is that of the one which was remapped."""
    taken: dict[str, str] = {}
    for binding, own in {**ALL_KEYS, **keys}.items():
        for key in own:
            other = taken.setdefault(key, binding)
            if other != binding:
                where = binding if binding in keys else other
                yield UiMistake(
                    ("keys", where), f"{quoted(other)} and {quoted(binding)} are both on the key {quoted(key)}"
                )
