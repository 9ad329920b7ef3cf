"""`[ui]` and `[keys]` of covey.toml: how the monitor looks, and which keys it listens to.

The monitor reads these two tables alone, before anything heavy is imported; whoever reads the whole manifest checks
them with the very same functions. So nothing here needs more than plain Python.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from covey.config.keys import ALL_KEYS, named, shown
from covey.text.glyphs import GlyphSet
from covey.text.quoting import did_you_mean, has_controls, listed, quoted

UI_KEYS = ("theme", "glyphs")
DEFAULT_THEME = "covey"
KEPT_KEYS = {"ctrl+c": "copies what is selected"}
"""Keys that can be given to nothing else."""

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
        return self.keys.get(binding, ALL_KEYS[binding].keys)

    def keymap(self) -> dict[str, str]:
        """The keys that differ from their defaults, by the ids of their bindings, separated by commas."""
        return {binding: ",".join(keys) for binding, keys in self.keys.items()}


def ui_settings_from(data: Mapping[str, object]) -> UiSettings:
    """The settings that a manifest's tables `ui` and `keys` come to, with everything that is wrong in them."""
    mistakes: list[UiMistake] = []
    theme, glyphs = _ui(data.get("ui", {}), mistakes)
    keys = _keys(data.get("keys", {}), mistakes)
    clashes = list(_clashes(keys))
    if clashes:  # which of two bindings was meant cannot be known
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
            message = f"unknown key {quoted(key)}: this version acts on no such key here{hint}"
            mistakes.append(UiMistake(("ui", key), f"{message}; known are {listed(UI_KEYS)}"))
        elif not isinstance(value, str) or not value.strip() or has_controls(value):
            mistakes.append(UiMistake(("ui", key), f"{quoted(key)} should be a name, not {quoted(value)}"))
        elif key == "theme":
            theme = value
        elif value in tuple(GlyphSet):
            glyphs = GlyphSet(value)
        else:
            sets = [each.value for each in GlyphSet]
            message = f"{quoted(key)} should be one of {listed(sets)}, not {quoted(value)}{did_you_mean(value, sets)}"
            mistakes.append(UiMistake(("ui", key), message))
    return theme, glyphs


def _keys(table: object, mistakes: list[UiMistake]) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        mistakes.append(UiMistake(("keys",), f'"keys" should be a table, not {quoted(table)}'))
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    for binding, value in table.items():
        found = list(_wrong_keys(binding, value))
        mistakes.extend(UiMistake(("keys", binding), message) for message in found)
        if not found:
            names = (named(key) for key in _each(value) if isinstance(key, str))
            keys[binding] = tuple(dict.fromkeys(name for name in names if name is not None))
    return keys


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _wrong_keys(binding: str, value: object) -> Iterator[str]:
    """What is wrong with the keys of one binding."""
    if isinstance(value, dict):
        dotted = ".".join([binding, *(str(part) for part in list(value)[:1])])
        yield f"a binding's name is written in quotes, like {quoted(dotted if dotted in ALL_KEYS else 'session.retry')}"
        return
    if binding not in ALL_KEYS:
        hint = did_you_mean(binding, ALL_KEYS) or "; the monitor lists them all under ?"
        yield f"no binding {quoted(binding)}{hint}"
        return
    if value == []:
        yield f"{quoted(binding)} needs at least one key"
    for key in _each(value):
        name = named(key) if isinstance(key, str) else None
        if name is None:
            yield f'{quoted(binding)} should be a key like "r", "ctrl+r" or "f5", or a list of keys, not {quoted(key)}'
        elif name in KEPT_KEYS:
            yield f"{quoted(binding)} cannot have {quoted(key)}: that key {KEPT_KEYS[name]}"


def _clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[UiMistake]:
    """Two bindings on one key; the line is that of the one which was remapped."""
    taken: dict[str, str] = {}
    for binding, usual in ALL_KEYS.items():
        for key in keys.get(binding, usual.keys):
            other = taken.setdefault(key, binding)
            if other != binding:
                where = binding if binding in keys else other
                message = f"{quoted(other)} and {quoted(binding)} are both on the key {quoted(shown(key))}"
                yield UiMistake(("keys", where), message)
