"""Durations as people write them in `covey.toml`: `"90s"`, `"5m"`, `"1h"`; in code they are float seconds.

`Duration` is the type for every setting that is a time, the agents' own settings included.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator

from covey.text.quoting import quoted

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smh])", re.ASCII)
_SECONDS_OF_AGE = {**_SECONDS, "d": 24 * 3600.0, "w": 7 * 24 * 3600.0}
_AGE = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,6})?)([smhdw])", re.ASCII)
_LONGEST = 366 * 24 * 3600.0


def parse_duration(value: object) -> float:
    """Seconds of a duration such as `"90s"`, `"1.5m"` or `"1h"`.

    Raises:
        ValueError: It is no such text, or longer than a year.
    """
    match = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'should be a duration like "90s", "5m" or "1h", not {quoted(value)}')
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"should be a duration of at most a year, not {quoted(value)}")
    return seconds


def parse_age(text: str) -> float:
    """Seconds of an age such as `"30d"`, `"2w"` or `"12h"`.

    Raises:
        ValueError: It is no such text.
    """
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f'should be an age like "30d", "2w" or "12h", not {quoted(text)}')
    return float(match[1]) * _SECONDS_OF_AGE[match[2]]


Duration = Annotated[float, BeforeValidator(parse_duration)]
