"""Sums over sessions, and what they count of each: its state, what it has used, whether it needs a human. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from covey.model.session import Session, has_own_reason, state_of, undecided
from covey.model.status import Phase, Status
from covey.model.usage import Spent
from covey_tui.view.states import NEED_A_HUMAN
from covey_tui.view.stopped import asks

CLOSED = frozenset({Status.CANCELLED, Status.SKIPPED})
"""Below such a session nobody is needed any more."""


@dataclass(slots=True)
class Tally:
    """Sums over all below a session: how many are in each state, how many need a human, what they have used."""

    states: dict[str, int] = field(default_factory=dict)
    needs: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    attempts: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.states.values())

    def of(self, *states: str) -> int:
        """How many are in these states."""
        counted = 0
        for state in states:  # asked for in every frame: a generator costs three times as much
            counted += self.states.get(state, 0)
        return counted

    @property
    def done(self) -> int:
        """Complete with their file, or skipped."""
        return self.of("complete", "skipped")

    @property
    def spent(self) -> Spent:
        """What they have used together."""
        return Spent(self.tokens, self.cost_usd)

    def add(self, state: str, tokens: int, cost_usd: float | None, attempts: int) -> None:
        """Count one session."""
        self.states[state] = self.states.get(state, 0) + 1
        self.tokens += tokens
        self.attempts += attempts
        if cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost_usd

    def merge(self, other: "Tally") -> None:
        """Count all that another one has counted, but for who needs a human: that depends on what is between."""
        for state, count in other.states.items():
            self.states[state] = self.states.get(state, 0) + count
        self.tokens += other.tokens
        self.attempts += other.attempts
        if other.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + other.cost_usd


EMPTY = Tally()
"""The sums below a session that has nothing below it; most have not, and none has one of its own."""


def tokens_of(session: Session) -> int:
    """All tokens that a session has used, of every kind."""
    return sum(session.usage.values())


def needs_somebody(session: Session) -> bool:
    """It needs a human itself, whatever has become of its ancestors."""
    if undecided(session) or asks(session):
        return True
    if state_of(session) in NEED_A_HUMAN:
        return not (session.session_id is None and session.status is Status.CANCELLED)
    return session.phase is Phase.BLOCKED and has_own_reason(session.needs_human or {})


def needs_with(session: Session | None, below: Tally) -> int:
    """How many need a human among a session and all below it."""
    if session is None:
        return 0
    return int(needs_somebody(session)) + (0 if session.status in CLOSED else below.needs)


def counts_alike(before: Session, after: Session) -> bool:
    """None of the sums differs, as after most events: of all these, only what an event replaces is another object."""
    return (
        before.phase is after.phase
        and before.status is after.status
        and before.artifact is after.artifact
        and before.attempt == after.attempt
        and before.usage is after.usage
        and before.cost_usd == after.cost_usd
        and before.needs_human is after.needs_human
        and before.paused is after.paused
    )


class Sums:
    """The sums below every session that has any, and below no session (None): over all below all roots.

    It begins with `sessions`, parents before their children. The roots themselves are left out of the sums, but for
    whether they need a human.
    """

    def __init__(self, sessions: Sequence[Session] = ()) -> None:
        self._below: dict[str | None, Tally] = {None: Tally()}
        for session in reversed(sessions):  # from the leaves up: each once, not once for each of its ancestors
            below, above = self.below(session.id), self._of(session.session_id)
            above.needs += needs_with(session, below)
            if session.session_id is not None:
                above.add(state_of(session), tokens_of(session), session.cost_usd, session.attempt)
            if below is not EMPTY:
                above.merge(below)

    def below(self, session_id: str | None) -> Tally:
        """The sums over all below a session."""
        return self._below.get(session_id, EMPTY)

    def count(self, before: Session | None, after: Session, counted: Callable[[str], Session]) -> None:
        """Carry the difference that a session makes up to the sums of all its ancestors.

        `counted` gives an ancestor as it is counted so far.
        """
        below = self.below(after.id)
        difference = needs_with(after, below) - needs_with(before, below)
        tokens = tokens_of(after) - (tokens_of(before) if before else 0)
        cost = _minus(after.cost_usd, before.cost_usd if before else None)
        attempts = after.attempt - (before.attempt if before else 0)
        old, new = (state_of(before) if before else None), state_of(after)
        above: str | None = after.session_id
        at_root = after.session_id is None
        while True:
            sums = self._of(above)
            sums.needs += difference
            if not at_root:
                _move(sums.states, old, new)
                sums.tokens += tokens
                sums.attempts += attempts
                sums.cost_usd = sums.cost_usd if cost is None else (sums.cost_usd or 0.0) + cost
            if above is None:
                return
            session = counted(above)
            difference = 0 if session.status in CLOSED else difference
            above = session.session_id

    def _of(self, session_id: str | None) -> Tally:
        found = self._below.get(session_id)
        if found is None:
            found = self._below[session_id] = Tally()
        return found


def _move(states: dict[str, int], old: str | None, new: str) -> None:
    """Count one in another state than before; None: it was not counted."""
    if old == new:
        return
    if old is not None:
        states[old] -= 1
        if not states[old]:
            del states[old]
    states[new] = states.get(new, 0) + 1


def _minus(after: float | None, before: float | None) -> float | None:
    """A difference of costs; None where nothing was known before or after."""
    return None if after is None and before is None else (after or 0.0) - (before or 0.0)
