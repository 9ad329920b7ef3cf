"""What the monitor has heard of sessions at work: signs of life, and whether heartbeats are to be believed. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from covey.client.known import quiet_after_of
from covey.model.activity import Activity, overdue_seconds
from covey.model.session import Session

_A_SIGN = timedelta(seconds=0.25)
"""Signs are noted twice a second at most: what differs by less is the same one, told by a clock that was corrected."""


class Signs:
    """The signs of life of sessions at work, `by_id`; who gives none for `quiet_after` seconds is quiet.

    `is_doubted`: heartbeats that are overdue are to be told of.
    """

    def __init__(self) -> None:
        self.by_id: Mapping[str, Activity] = {}
        self.quiet_after = quiet_after_of({})
        self.is_doubted = False
        self._was_overdue = False

    def listen(self, signs: Mapping[str, Activity]) -> frozenset[str]:
        """Take up the signs as they are now; the sessions whose agents have done something since."""
        before, self.by_id = self.by_id, signs
        return frozenset(key for key, sign in signs.items() if key in before and sign.at - before[key].at > _A_SIGN)

    def mind_heartbeats(self, sessions: Mapping[str, Session], now: datetime, *, engine_alive: bool) -> None:
        """Look, about once a second, whether heartbeats are overdue; from the second such look on they are doubted.

        So nobody is told of what a machine that wakes up mends by itself within a moment.
        """
        heard = ((sessions[key], sign) for key, sign in self.by_id.items() if key in sessions)
        overdue = engine_alive and any(overdue_seconds(session, sign, now) is not None for session, sign in heard)
        self.is_doubted, self._was_overdue = overdue and self._was_overdue, overdue
