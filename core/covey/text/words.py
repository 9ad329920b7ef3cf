"""Numbers, times and names in words: one wording for the command line, the screen and every message. Pure."""

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_KILO = 1_000
_SHORT_ID = 8
_WHOLE_FROM = 100
_CENT = 0.01


def duration(seconds: float) -> str:
    """A length of time with its two largest units: `52s`, `1m04s`, `2h05m`, `3d04h`; below a second `0s`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"


def period(seconds: float) -> str:
    """A length of time as settings are written: `90s`, `10m`, `1h`."""
    for unit, length in (("h", _HOUR), ("m", _MINUTE)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


def ago(then: datetime, now: datetime) -> str:
    """How long ago `then` was, as a duration; `0s` when it lies ahead."""
    return duration((now - then).total_seconds())


def size(count: int) -> str:
    """Bytes as people read them: `840 B`, `6.8 kB`, `1.2 MB`."""
    if count < _KILO:
        return f"{count} B"
    number, units = float(count), iter(("kB", "MB", "GB"))
    unit = next(units)
    number /= _KILO
    for larger in units:
        if round(number, 1) < _KILO:
            break
        number, unit = number / _KILO, larger
    return f"{number:.1f} {unit}"


def tokens(count: int) -> str:
    """Tokens as people read them: `840`, `9.4k`, `186k`, `1.2M`."""
    if count < _KILO:
        return str(count)
    number, unit = count / _KILO, "k"
    if round(number) >= _KILO:
        number, unit = number / _KILO, "M"
    return f"{number:.0f}{unit}" if round(number, 1) >= _WHOLE_FROM else f"{number:.1f}{unit}"


def cost(usd: float | None) -> str:
    """A price in US dollars: `$0.08`, `$12.40`, `$1,204`; what is unknown is blank, less than a cent `<$0.01`."""
    if usd is None or usd <= 0:
        return ""
    if usd < _CENT:
        return "<$0.01"
    return f"${usd:,.0f}" if round(usd, 2) >= _KILO else f"${usd:.2f}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its word: `1 file`, `3 files`; `many` where an s is not enough."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def short_id(key: str) -> str:
    """The first digits of an id: enough to name a session on the command line, and to read aloud."""
    return key[:_SHORT_ID]


TOOK_OVER = "took over from an engine that died"
"""What an engine says that finds another one's work."""


def found_active(resumed: int, adopted: int, waiting: int) -> str:
    """How many of the sessions that were active then go on, and how: `3 resumed, 2 adopted, 1 waits for you`."""
    waits = f"{waiting} {'waits' if waiting == 1 else 'wait'} for you" if waiting else ""
    parts = (f"{resumed} resumed" if resumed else "", f"{adopted} adopted" if adopted else "", waits)
    return ", ".join(part for part in parts if part) or "nothing was at work"
