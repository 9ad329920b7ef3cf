"""What the headers of an answer tell of limits: what is left of each, and after how long to ask again. Pure.

Headers come from whatever stands at the address: what is no number, or makes no sense, counts as not said.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from covey.agents.anthropic_api.pace import REQUESTS, Told

KINDS = (REQUESTS, "tokens", "input-tokens", "output-tokens")
_PREFIX = "anthropic-ratelimit-"


def allowances(headers: Mapping[str, str], now: datetime) -> dict[str, Told]:
    """What is told of each kind of allowance; `now` (UTC) is believed where the answer has no date of its own."""
    lower = {name.lower(): value for name, value in headers.items()}
    date = _http_date(lower.get("date")) or now
    found: dict[str, Told] = {}
    for kind in KINDS:
        limit = _number(lower.get(f"{_PREFIX}{kind}-limit"))
        remaining = _number(lower.get(f"{_PREFIX}{kind}-remaining"))
        if limit is None or limit < 1 or remaining is None:
            continue
        reset = _moment(lower.get(f"{_PREFIX}{kind}-reset"))
        full_in = None if reset is None else (reset - date).total_seconds()
        found[kind] = Told(limit, min(remaining, limit), full_in)
    return found


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """After how many seconds to ask again, by `retry-after-ms` or `retry-after` (seconds, or a date); None: unsaid."""
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(lower.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = lower.get("retry-after")
    seconds = _number(said)
    if seconds is not None:
        return seconds
    until = _http_date(said)
    return None if until is None else max(0.0, (until - (_http_date(lower.get("date")) or now)).total_seconds())


def _number(text: str | None) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
