"""Credentials: one that is refused is paused, for everybody who works with it; and the gates before them. Pure.

Only names are known here (`ANTHROPIC_API_KEY`), never a value.
"""

from datetime import datetime

import msgspec


class GateState(msgspec.Struct, frozen=True, kw_only=True):
    """How a gate stands: `allowed` requests at once, so many `at_work` and `waiting`; nobody asks before `until`."""

    credential: str
    allowed: int
    at_work: int = 0
    waiting: int = 0
    until: datetime | None = None
